"""Did everything arrive? Who sent what from which device, when each was last heard of, and which files are still missing."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select

from forms.store.submissions import READING
from storage.schema import (
    actor,
    app_user,
    contact,
    form,
    form_version,
    form_version_key,
    quarantine,
    submission,
    submission_attachment,
    submission_version,
)
from storage.unit_of_work import Unit

# A clock is only called wrong beyond this: requests take time on a bad link.
CLOCK_SECONDS = 300
CLOCK_SEEN_FOR = timedelta(days=30)

_version, _file = submission_version.c, submission_attachment.c
_PLACE = (form.c.id == _version.form_id, _version.draft.is_(False), form.c.deleted_at.is_(None))
_LACKING = (
    _version.current.is_(True),
    submission.c.id == _version.submission_id,
    submission.c.deleted_at.is_(None),
    _file.submission_version_id == _version.id,
    _file.expected.is_(True),
    _file.blob_sha256.is_(None),
)


@dataclass(slots=True)
class Device:
    """One device in the hands of one sender; "" when it did not say which."""

    device_id: str
    user_agent: str | None = None
    submissions: int = 0
    last_submission_at: datetime | None = None
    last_contact_at: datetime | None = None
    missing_files: int = 0
    clock_seconds: int | None = None

    @property
    def clock_is_wrong(self) -> bool:
        """Whether its clock differs from ours by more than a request can take."""
        return self.clock_seconds is not None and abs(self.clock_seconds) > CLOCK_SECONDS


@dataclass(slots=True)
class Sender:
    """An app user, or a person who sent something; *is_active*: an app user whose key still opens."""

    actor_id: int
    display_name: str
    is_active: bool
    in_quarantine: int = 0
    turned_away: int = 0
    devices: dict[str, Device] = field(default_factory=dict)

    def device(self, device_id: str | None) -> Device:
        """The device of this id, new if it was not met yet."""
        return self.devices.setdefault(device_id or "", Device(device_id or ""))

    @property
    def submissions(self) -> int:
        """How much it sent."""
        return sum(each.submissions for each in self.devices.values())

    @property
    def missing_files(self) -> int:
        """Files that its submissions name and that have not come."""
        return sum(each.missing_files for each in self.devices.values())

    @property
    def last_contact_at(self) -> datetime | None:
        """When it was last heard of, whatever it asked for."""
        return max((each.last_contact_at for each in self.devices.values() if each.last_contact_at), default=None)

    @property
    def last_submission_at(self) -> datetime | None:
        """When it last sent something."""
        return max((each.last_submission_at for each in self.devices.values() if each.last_submission_at), default=None)


@dataclass(frozen=True, slots=True)
class Delivered:
    """A submission by its form and who sent it; *lacks*: the files that its answers name and that have not come."""

    form_title: str
    xml_form_id: str
    instance_id: str
    received_at: datetime
    sender: str | None
    device_id: str | None
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """A project in numbers; *in_clear*: what came readable though the form asks for encryption."""

    submissions: int
    lacking_files: int
    unread: int
    unreadable: int
    encrypted: int
    in_clear: int
    in_quarantine: int


def senders(unit: Unit, project_id: int) -> list[Sender]:
    """Everybody who sends or should send to a project, with their devices."""
    known = _known(unit, project_id)
    _add_submissions(unit, project_id, known)
    _add_missing(unit, project_id, known)
    _add_contacts(unit, project_id, known)
    _add_clocks(unit, project_id, known)
    waiting = (quarantine.c.project_id == project_id, quarantine.c.state == "kept")
    for actor_id, count in unit.connection.execute(
        select(quarantine.c.submitter_id, func.count()).where(*waiting).group_by(quarantine.c.submitter_id)
    ):
        if actor_id in known:
            known[actor_id].in_quarantine = count
    # A person who may send and never did is not awaited; a tablet is.
    return [each for each in known.values() if each.devices or each.is_active or each.in_quarantine]


def _known(unit: Unit, project_id: int) -> dict[int, Sender]:
    sent = select(submission_version.c.submitter_id).join(form, _PLACE[0]).where(form.c.project_id == project_id)
    heard = select(contact.c.actor_id).where(contact.c.project_id == project_id)
    live = and_(
        app_user.c.token.is_not(None),
        actor.c.deleted_at.is_(None),
        or_(app_user.c.expires_at.is_(None), app_user.c.expires_at > unit.now),
    )
    rows = unit.connection.execute(
        select(actor.c.id, actor.c.display_name, func.coalesce(live, False))
        .outerjoin(app_user, app_user.c.actor_id == actor.c.id)
        .where(or_(app_user.c.project_id == project_id, actor.c.id.in_(sent), actor.c.id.in_(heard)))
        .order_by(actor.c.display_name, actor.c.id)
    )
    return {row[0]: Sender(row[0], row[1], bool(row[2])) for row in rows}


def _add_submissions(unit: Unit, project_id: int, known: dict[int, Sender]) -> None:
    rows = unit.connection.execute(
        select(_version.submitter_id, _version.device_id, func.count(), func.max(_version.created_at), func.max(_version.id))
        .join(form, and_(*_PLACE))
        .where(form.c.project_id == project_id)
        .group_by(_version.submitter_id, _version.device_id)
    ).all()
    agents = _agents(unit, [row[4] for row in rows])
    for actor_id, device_id, count, last_at, last_id in rows:
        if actor_id in known:
            device = known[actor_id].device(device_id)
            device.submissions, device.last_submission_at, device.last_contact_at = count, last_at, last_at
            device.user_agent = agents.get(last_id)


def _agents(unit: Unit, version_ids: list[int]) -> dict[int, str | None]:
    found = select(_version.id, _version.user_agent).where(_version.id.in_(version_ids))
    return {row[0]: row[1] for row in unit.connection.execute(found)}


def _add_missing(unit: Unit, project_id: int, known: dict[int, Sender]) -> None:
    rows = unit.connection.execute(
        select(_version.submitter_id, _version.device_id, func.count())
        .select_from(submission_version)
        .join(form, and_(*_PLACE))
        .join(submission, _LACKING[1])
        .join(submission_attachment, _LACKING[3])
        .where(form.c.project_id == project_id, *_LACKING)
        .group_by(_version.submitter_id, _version.device_id)
    )
    for actor_id, device_id, count in rows:
        if actor_id in known:
            known[actor_id].device(device_id).missing_files = count


def _add_contacts(unit: Unit, project_id: int, known: dict[int, Sender]) -> None:
    for row in unit.connection.execute(select(contact).where(contact.c.project_id == project_id)):
        sender = known[row.actor_id]
        sender.turned_away += row.turned_away
        device = sender.device(row.device_id)
        device.last_contact_at = max(filter(None, (device.last_contact_at, row.last_at)))
        device.user_agent = device.user_agent or row.user_agent
        device.clock_seconds = row.clock_seconds


def _add_clocks(unit: Unit, project_id: int, known: dict[int, Sender]) -> None:
    """What was finished after it was received tells of a clock that runs ahead; one that runs behind only its Date shows."""
    rows = unit.connection.execute(
        select(_version.submitter_id, _version.device_id, _version.ended_at, _version.created_at)
        .join(form, and_(*_PLACE))
        .where(
            form.c.project_id == project_id,
            _version.ended_at > _version.created_at,
            _version.created_at > unit.now - CLOCK_SEEN_FOR,
        )
        .order_by(_version.id)
    )
    for actor_id, device_id, ended_at, created_at in rows:
        if actor_id in known:
            device = known[actor_id].device(device_id)
            ahead = round((ended_at - created_at).total_seconds())
            device.clock_seconds = max(ahead, device.clock_seconds or 0)


def lacking(unit: Unit, project_id: int, *, most: int) -> list[Delivered]:
    """The submissions that still lack files, the longest-waiting first."""
    chosen = (
        select(_version.id)
        .join(form, and_(*_PLACE))
        .join(submission, _LACKING[1])
        .join(submission_attachment, _LACKING[3])
        .where(form.c.project_id == project_id, *_LACKING)
        .distinct()
        .order_by(_version.id)
        .limit(most)
    )
    ids = list(unit.connection.execute(chosen).scalars())
    names: dict[int, list[str]] = {each: [] for each in ids}
    missing = select(_file.submission_version_id, _file.name).where(
        _file.submission_version_id.in_(ids), _file.expected.is_(True), _file.blob_sha256.is_(None)
    )
    for version_id, name in unit.connection.execute(missing.order_by(_file.name)):
        names[version_id].append(name)
    return [
        replace(_delivered(row), lacks=tuple(names[row[0]]))
        for row in unit.connection.execute(_described().where(_version.id.in_(ids)).order_by(_version.id))
    ]


def in_clear(unit: Unit, project_id: int, *, most: int) -> list[Delivered]:
    """The submissions that came readable though the form asks tablets to encrypt now, the newest first. They are kept."""
    current = (*_PLACE, form.c.project_id == project_id, _version.current.is_(True), submission.c.deleted_at.is_(None))
    rows = unit.connection.execute(_described().where(*current, *_in_clear()).order_by(_version.id.desc()).limit(most))
    return [_delivered(row) for row in rows]


def _in_clear() -> tuple[Any, ...]:
    """Read, of a form that has a key now, and sent for a version with a key, or for any since the form first had one."""
    keyed = select(form_version_key.c.form_version_id)
    first = select(func.min(form_version.c.published_at)).where(form_version.c.form_id == form.c.id, form_version.c.id.in_(keyed))
    late = _version.created_at >= first.correlate(form).scalar_subquery()
    return (
        READING.in_(("read", "unreadable")),
        form.c.current_version_id.in_(keyed),
        or_(_version.form_version_id.in_(keyed), late),
    )


def _delivered(row: Any) -> Delivered:
    return Delivered(row[1] or row[2], *row[2:])


def _described() -> Any:
    return (
        select(
            _version.id,
            form_version.c.name,
            form.c.xml_form_id,
            submission.c.instance_id,
            _version.created_at,
            actor.c.display_name,
            _version.device_id,
        )
        .join(form, form.c.id == _version.form_id)
        .join(submission, submission.c.id == _version.submission_id)
        .outerjoin(form_version, form_version.c.id == form.c.current_version_id)
        .outerjoin(actor, actor.c.id == _version.submitter_id)
    )


def standing(unit: Unit, project_id: int) -> Standing:
    """Whether anything is open in a project."""
    current = (*_PLACE, form.c.project_id == project_id, _version.current.is_(True), submission.c.deleted_at.is_(None))

    def counted(*more: Any) -> int:
        query = select(func.count()).select_from(submission_version).join(submission, _LACKING[1]).join(form, _PLACE[0])
        return unit.connection.execute(query.where(*current, *more)).scalar_one()

    missing = select(_file.submission_version_id).where(_file.expected.is_(True), _file.blob_sha256.is_(None))
    waiting = (quarantine.c.project_id == project_id, quarantine.c.state == "kept")
    return Standing(
        submissions=counted(),
        lacking_files=counted(_version.id.in_(missing)),
        unread=counted(_version.reading == "waiting"),
        unreadable=counted(READING == "unreadable"),
        encrypted=counted(READING == "encrypted"),
        in_clear=counted(*_in_clear()),
        in_quarantine=unit.connection.execute(select(func.count()).select_from(quarantine).where(*waiting)).scalar_one(),
    )


def silent(found: Iterable[Sender], since: datetime) -> list[Sender]:
    """The tablets that were not heard of since then, those never heard of first, then the longest silent."""
    quiet = [each for each in found if each.is_active and (each.last_contact_at is None or each.last_contact_at < since)]
    return sorted(quiet, key=lambda each: (each.last_contact_at is not None, each.last_contact_at or since))
