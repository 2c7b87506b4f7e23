"""What lies in quarantine: payloads that were refused, each once, with their files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.problems import NotFound
from storage.schema import actor, blob, form, form_version, project, quarantine, quarantine_file, submission_version
from storage.unit_of_work import Unit, tried_again_if_taken

VERSIONS_MOST = 200


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A payload that was refused, and what became of it (*state*); *draft*: it was sent to try one."""

    id: int
    project_id: int
    target_id: int | None
    xml_form_id: str | None
    version: str | None
    instance_id: str | None
    deprecated_id: str | None
    code: str
    reason: str
    xml_sha256: str
    size_bytes: int
    submitter_id: int | None
    submitter: str | None
    device_id: str | None
    user_agent: str | None
    times: int
    state: str
    submission_version_id: int | None
    first_at: datetime
    last_at: datetime
    draft: bool
    files: int

    @property
    def form_id(self) -> None:
        """It lies in the project, in none of its forms: a role in one form does not open it."""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that came with a refused payload."""

    name: str
    content_type: str | None
    sha256: str
    md5: str
    size_bytes: int
    received_at: datetime


def _quarantined() -> Select[Any]:
    columns = (
        "id", "project_id", "form_id", "xml_form_id", "version", "instance_id", "deprecated_id", "code", "reason", "xml_sha256",
        "size_bytes", "submitter_id",
    )  # fmt: skip
    more = (
        "device_id", "user_agent", "times", "state", "submission_version_id", "first_at", "last_at", "draft",
    )  # fmt: skip
    files = select(func.count()).where(quarantine_file.c.quarantine_id == quarantine.c.id).correlate(quarantine)
    return select(
        *(quarantine.c[name] for name in columns),
        actor.c.display_name,
        *(quarantine.c[name] for name in more),
        files.scalar_subquery(),
    ).outerjoin(actor, actor.c.id == quarantine.c.submitter_id)


def one(unit: Unit, quarantine_id: int) -> Quarantined:
    """The payload with this number.

    Raises: NotFound.
    """
    row = unit.connection.execute(_quarantined().where(quarantine.c.id == quarantine_id)).one_or_none()
    if row is None:
        raise NotFound
    return Quarantined(*row)


def one_of(unit: Unit, project_id: int, quarantine_id: int, **_path: object) -> Quarantined:
    """The payload with this number in this project.

    Raises: NotFound.
    """
    found = one(unit, quarantine_id)
    if found.project_id != project_id:
        raise NotFound
    return found


def known(unit: Unit, project_id: int, xml_sha256: str, submitter_id: int | None, *, draft: bool) -> Quarantined | None:
    """The payload with these bytes, if this sender sent it before."""
    row = unit.connection.execute(
        _quarantined().where(
            quarantine.c.project_id == project_id,
            quarantine.c.xml_sha256 == xml_sha256,
            quarantine.c.draft.is_(draft),
            quarantine.c.submitter_id.is_not_distinct_from(submitter_id),
        )
    ).one_or_none()
    return Quarantined(*row) if row else None


def page(unit: Unit, project_id: int | None, *, state: str, before: int | None, most: int) -> list[Quarantined]:
    """At most *most* payloads in this *state*, the newest first; null *project_id*: of every project."""
    where = [quarantine.c.state == state]
    if project_id is not None:
        where.append(quarantine.c.project_id == project_id)
    if before is not None:
        where.append(quarantine.c.id < before)
    rows = unit.connection.execute(_quarantined().where(*where).order_by(quarantine.c.id.desc()).limit(most))
    return [Quarantined(*row) for row in rows]


def count(unit: Unit, project_id: int) -> int:
    """How many payloads of a project wait for a decision."""
    waiting = (quarantine.c.project_id == project_id, quarantine.c.state == "kept")
    return unit.connection.execute(select(func.count()).select_from(quarantine).where(*waiting)).scalar_one()


def share_of(unit: Unit, project_id: int, submitter_id: int | None) -> tuple[int, int]:
    """How many payloads and how many bytes wait that this sender sent to the project."""
    row = unit.connection.execute(
        select(func.count(), func.coalesce(func.sum(quarantine.c.size_bytes), 0)).where(
            quarantine.c.project_id == project_id,
            quarantine.c.state == "kept",
            quarantine.c.submitter_id.is_not_distinct_from(submitter_id),
        )
    ).one()
    return int(row[0]), int(row[1])


def hold_project(unit: Unit, project_id: int) -> None:
    """Make everybody else who puts something into this project's quarantine wait for the end of this unit."""
    if unit.dialect == "postgresql":
        unit.connection.execute(select(project.c.id).where(project.c.id == project_id).with_for_update(key_share=True))


def add(unit: Unit, **columns: Any) -> int:
    """A payload that was not seen before; returns its number.

    Raises: Busy, when it was sent twice at the same moment and the other request is ahead.
    """
    with tried_again_if_taken():
        added: int = unit.connection.execute(
            insert(quarantine).returning(quarantine.c.id), {"first_at": unit.now, "last_at": unit.now, **columns}
        ).scalar_one()
    return added


def refused_again(unit: Unit, quarantine_id: int, code: str, reason: str) -> None:
    """Note that a payload was refused once more, perhaps for another reason."""
    columns: dict[str, Any] = {"times": quarantine.c.times + 1, "last_at": unit.now, "code": code, "reason": reason}
    unit.connection.execute(update(quarantine).where(quarantine.c.id == quarantine_id).values(**columns))


def refused_for(unit: Unit, quarantine_id: int, code: str, reason: str) -> None:
    """Note that a payload waits for another reason by now."""
    unit.connection.execute(update(quarantine).where(quarantine.c.id == quarantine_id).values(code=code, reason=reason))


def reopen(unit: Unit, quarantine_id: int, xml: bytes | None) -> None:
    """Have a payload wait for a decision again."""
    waits: dict[str, Any] = {"state": "kept", "xml": xml, "settled_by": None, "settled_at": None}
    unit.connection.execute(update(quarantine).where(quarantine.c.id == quarantine_id).values(**waits))


def keep_file(unit: Unit, quarantine_id: int, name: str, blob_sha256: str, content_type: str) -> None:
    """Note a file that came; the same name with other bytes stands beside it."""
    dialect: Any = postgresql if unit.dialect == "postgresql" else sqlite
    row = {
        "quarantine_id": quarantine_id,
        "name": name,
        "blob_sha256": blob_sha256,
        "content_type": content_type,
        "received_at": unit.now,
    }
    unit.connection.execute(dialect.insert(quarantine_file).values(**row).on_conflict_do_nothing())


def measure(unit: Unit, quarantine_id: int) -> None:
    """Bring a payload's size up to its XML and files."""
    files = (
        select(func.coalesce(func.sum(blob.c.size_bytes), 0))
        .join(quarantine_file, quarantine_file.c.blob_sha256 == blob.c.sha256)
        .where(quarantine_file.c.quarantine_id == quarantine_id)
        .scalar_subquery()
    )
    size = func.coalesce(func.length(quarantine.c.xml), 0) + files
    unit.connection.execute(update(quarantine).where(quarantine.c.id == quarantine_id).values(size_bytes=size))


def versions_in(unit: Unit, project_id: int) -> list[tuple[str, str]]:
    """The versions into which something can be taken, each with its form's id, the newest first."""
    rows = unit.connection.execute(
        select(form_version.c.version, form.c.xml_form_id)
        .join(form, form.c.id == form_version.c.form_id)
        .where(form.c.project_id == project_id, form.c.deleted_at.is_(None), form_version.c.published_at.is_not(None))
        .order_by(form_version.c.published_at.desc(), form_version.c.id.desc())
        .limit(VERSIONS_MOST)
    )
    return [(version, xml_form_id) for version, xml_form_id in rows]


def hold(unit: Unit, quarantine_id: int) -> None:
    """Make everybody else who decides about a payload wait for the end of this unit.

    Raises: NotFound, once it was taken or dropped.
    """
    waiting = select(quarantine.c.id).where(quarantine.c.id == quarantine_id, quarantine.c.state == "kept")
    if unit.connection.execute(waiting.with_for_update()).first() is None:
        raise NotFound


def xml_of(unit: Unit, quarantine_id: int) -> bytes | None:
    """The XML that was sent, byte for byte; null, where none came or it lies among the files.

    Raises: NotFound, once it was taken or dropped.
    """
    row = unit.connection.execute(
        select(quarantine.c.xml).where(quarantine.c.id == quarantine_id, quarantine.c.state == "kept")
    ).one_or_none()
    if row is None:
        raise NotFound
    found: bytes | None = row[0]
    return found


def files_of(unit: Unit, quarantine_id: int) -> list[KeptFile]:
    """The files that came with a payload, in order of arrival."""
    rows = unit.connection.execute(
        select(
            quarantine_file.c.name,
            quarantine_file.c.content_type,
            blob.c.sha256,
            blob.c.md5,
            blob.c.size_bytes,
            quarantine_file.c.received_at,
        )
        .join(blob, blob.c.sha256 == quarantine_file.c.blob_sha256)
        .where(quarantine_file.c.quarantine_id == quarantine_id)
        .order_by(quarantine_file.c.received_at, quarantine_file.c.name, blob.c.sha256)
    )
    return [KeptFile(*row) for row in rows]


def settle(unit: Unit, quarantine_id: int, state: str, *, submission_version_id: int | None = None) -> Sequence[str]:
    """Note what became of a payload and let go of its content; returns the hashes of its files.

    Raises: NotFound, when it was settled before.
    """
    waiting = (quarantine.c.id == quarantine_id, quarantine.c.state == "kept")
    decided: dict[str, Any] = {
        "state": state,
        "submission_version_id": submission_version_id,
        "settled_by": unit.actor_id,
        "settled_at": unit.now,
        "xml": None,
    }
    if not unit.connection.execute(update(quarantine).where(*waiting).values(**decided)).rowcount:
        raise NotFound
    let_go = delete(quarantine_file).where(quarantine_file.c.quarantine_id == quarantine_id)
    return list(unit.connection.execute(let_go.returning(quarantine_file.c.blob_sha256)).scalars())


# Asked after every submission that is read: building it anew costs more than asking.
_CONCERNED = (
    _quarantined()
    .join(submission_version, submission_version.c.id == bindparam("version_id"))
    .join(form, form.c.id == submission_version.c.form_id)
    .where(
        quarantine.c.state == "kept",
        quarantine.c.draft.is_(False),
        submission_version.c.draft.is_(False),
        or_(
            and_(
                quarantine.c.project_id == form.c.project_id,
                quarantine.c.xml_sha256 == submission_version.c.xml_sha256,
                or_(quarantine.c.form_id.is_(None), quarantine.c.form_id == submission_version.c.form_id),
            ),
            and_(
                quarantine.c.form_id == submission_version.c.form_id,
                quarantine.c.deprecated_id == submission_version.c.instance_id,
            ),
        ),
    )
    .order_by(quarantine.c.id)
    .add_columns(quarantine.c.xml_sha256 == submission_version.c.xml_sha256)
)


def concerned(unit: Unit, version_id: int) -> list[tuple[Quarantined, bool]]:
    """What waits and concerns a version that arrived, the oldest first: its own bytes (true), refused before, or edits of it."""
    rows = unit.connection.execute(_CONCERNED, {"version_id": version_id})
    return [(Quarantined(*row[:-1]), bool(row[-1])) for row in rows]
