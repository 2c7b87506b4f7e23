"""What a project's QR codes configure in Collect: chosen once for the project, printed into every code."""

import json

from sqlalchemy import delete, insert, select

from server import collect_schema, collect_settings
from server.collect_schema import Template
from storage.problems import Problem
from storage.schema import collect_template
from storage.unit_of_work import Unit

# With the address and a name, a code of this size still scans from a tablet's screen (openrosa.md QR-02).
CHARACTERS_MOST = 1_500


class BadTemplate(Problem):
    """Collect would refuse or ignore a part of these settings."""

    code = "400.93"
    says = "Collect does not take these settings: {wrong}."


def template_of(unit: Unit, project_id: int) -> Template:
    """What the project's codes configure."""
    kept = unit.connection.execute(
        select(collect_template.c.template).where(collect_template.c.project_id == project_id)
    ).scalar_one_or_none()
    return collect_settings.DEFAULT if kept is None else json.loads(kept)


def keep_template(unit: Unit, project_id: int, template: Template) -> None:
    """Let every code that is shown from now on configure this; tablets that were set up stay as they are until they scan again.

    Raises: BadTemplate.
    """
    wrong = list(collect_schema.wrongs(template))
    text = json.dumps(template, ensure_ascii=False, separators=(",", ":"))
    if wrong or len(text) > CHARACTERS_MOST:
        raise BadTemplate(wrong=", ".join(name[:60] for name in wrong[:5]) or "too long")
    unit.connection.execute(delete(collect_template).where(collect_template.c.project_id == project_id))
    unit.connection.execute(insert(collect_template), {"project_id": project_id, "template": text, "updated_at": unit.now})
