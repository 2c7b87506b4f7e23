"""A form designer's file as it comes in: spooled to disk under a limit and compiled there, before any unit of work."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from cases import targets
from forms import uploading
from forms.compiling.issue import Issue
from forms.uploading import Uploaded
from server.web.bodies import Incoming
from server.web.parameters import switch
from storage.problems import Problem

ENDINGS: Mapping[str, str] = {content_type: ending for ending, content_type in uploading.TYPES.items()}
# What the compiler itself warns of; all else that was found is told on the page, and refuses nothing.
COMPILER = "pyxform"


class Warned(Problem):
    """The form could be published, but its designer should look at something first."""

    code = "400.16"
    says = (
        "The form is valid, but there are warnings. Look at them; to go on in spite of them, send it again with "
        "?ignoreWarnings=true."
    )


def definition(incoming: Incoming) -> Uploaded | None:
    """The form in the body, compiled; null for an empty body.

    Raises: TooLarge, and all that `uploading.prepare` raises.
    Source: ODK Central, POST …/forms: the content type tells spreadsheets, anything else is XML.
    """
    ending = ENDINGS.get(incoming.content_type.partition(";")[0].strip().lower(), ".xml")
    name = unquote(incoming.headers.get("X-XlsForm-FormId-Fallback") or "")
    incoming.settings.data_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=incoming.settings.data_dir, prefix="upload-") as folder:
        path = Path(folder) / f"form{ending}"
        if not _spooled(incoming, path):
            return None
        return uploading.prepare(incoming.blobs, path, targets, fallback_id=name.strip() or None)


def heed(query: Mapping[str, str], uploaded: Uploaded | None, *, removed: list[str], deleted: str | None = None) -> None:
    """Go on only if there is nothing to be warned of, or the client does not mind.

    *removed* are the questions that the published version has and the new one has not; *deleted* the form id when the trash
    holds a form of it.

    Raises: Warned. Source: ODK Central, POST …/forms, POST …/draft.
    """
    if switch(query, "ignoreWarnings"):
        return
    said = [_line(issue) for issue in uploaded.warnings if issue.code == COMPILER] if uploaded else []
    workflow: list[dict[str, Any]] = []
    if removed:
        workflow.append(
            {
                "type": "structureChanged",
                "details": removed,
                "learnMoreUrl": "https://docs.getodk.org/central-forms/#central-forms-updates",
            }
        )
    if deleted is not None:
        workflow.append(
            {
                "type": "deletedFormExists",
                "details": {"xmlFormId": deleted},
                "learnMoreUrl": "https://docs.getodk.org/central-forms/#deleting-a-form",
            }
        )
    if said or workflow:
        found = {"xlsFormWarnings": said} | ({"workflowWarnings": workflow} if workflow else {})
        raise Warned(warnings=found, issues=[issue.as_json() for issue in uploaded.warnings] if uploaded else [])


def _line(issue: Issue) -> str:
    return f"{issue.place}: {issue.message}" if issue.place else issue.message


def _spooled(incoming: Incoming, path: Path) -> int:
    with path.open("wb") as file:
        return sum(file.write(block) for block in incoming.blocks(incoming.settings.workbook_limit_bytes))
