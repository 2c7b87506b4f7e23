"""What audit entries are about: projects, forms and actors, deleted or not, as a list of entries names them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from forms.store.actors import KnownActor, actors_by_id
from forms.store.audits import Entry
from storage.schema import form, form_version, project
from storage.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class KnownProject:
    """A project, deleted or not."""

    id: int
    name: str
    description: str | None
    archived: bool
    created_at: datetime
    updated_at: datetime | None
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class KnownForm:
    """A form, deleted or not, with what its published version says."""

    id: int
    project_id: int
    xml_form_id: str
    name: str | None
    version: str | None
    state: str
    created_at: datetime
    updated_at: datetime | None
    deleted_at: datetime | None


@dataclass(slots=True)
class Actees:
    """Everybody and everything that the entries asked about so far name, by id; what is known is not asked for again."""

    actors: dict[int, KnownActor] = field(default_factory=dict)
    projects: dict[int, KnownProject] = field(default_factory=dict)
    forms: dict[int, KnownForm] = field(default_factory=dict)

    def learn(self, unit: Unit, entries: Iterable[Entry]) -> None:
        """Look up what *entries*, a few hundred at most, name."""
        listed = list(entries)
        named = {number for each in listed for number in (each.actor_id, each.on_actor_id)}
        self.actors |= actors_by_id(unit, named - self.actors.keys())
        self.projects |= projects_by_id(unit, {each.project_id for each in listed} - self.projects.keys())
        self.forms |= forms_by_id(unit, {each.form_id for each in listed} - self.forms.keys())


def projects_by_id(unit: Unit, ids: Iterable[int | None]) -> dict[int, KnownProject]:
    """The projects with these ids; nulls are none."""
    columns = (getattr(project.c, name) for name in KnownProject.__slots__)
    rows = unit.connection.execute(select(*columns).where(project.c.id.in_(_numbers(ids))))
    return {row.id: KnownProject(*row) for row in rows}


def forms_by_id(unit: Unit, ids: Iterable[int | None]) -> dict[int, KnownForm]:
    """The forms with these ids; nulls are none."""
    columns = (
        form.c.id, form.c.project_id, form.c.xml_form_id, form_version.c.name, form_version.c.version, form.c.state,
        form.c.created_at, form.c.updated_at, form.c.deleted_at,
    )  # fmt: skip
    asked = select(*columns).outerjoin(form_version, form_version.c.id == form.c.current_version_id)
    rows = unit.connection.execute(asked.where(form.c.id.in_(_numbers(ids))))
    return {row.id: KnownForm(*row) for row in rows}


def _numbers(ids: Iterable[int | None]) -> list[int]:
    return sorted(each for each in ids if each is not None)
