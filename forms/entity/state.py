"""What an entity is, given everything that was applied to it; and on which of its versions an update was based.

Pure. The state is a fold over the submissions that spoke of it, in the order in which each was first applied; an edited
submission speaks with its newest words in its old place, which is what lets an edit correct an entity.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

SOFT, HARD = "soft", "hard"


class Version(Protocol):
    """One applied version, as far as folding needs it."""

    @property
    def version(self) -> int:
        """Its number, from 1."""

    @property
    def data(self) -> Mapping[str, str]:
        """The entity's state after it."""

    @property
    def data_received(self) -> Mapping[str, str]:
        """What its submission said; `__label` holds the label it gave."""

    @property
    def branch_id(self) -> str | None:
        """The offline branch it belongs to."""

    @property
    def branch_base_version(self) -> int | None:
        """The base version that the device named."""

    @property
    def submission_id(self) -> int | None:
        """The submission it came from."""


LABEL = "__label"


def folded(contributions: Iterable[tuple[object, Mapping[str, str]]]) -> tuple[str, dict[str, str]]:
    """Label and data after *contributions* (who, what), where a later word of the same speaker replaces its earlier one."""
    latest: dict[object, Mapping[str, str]] = {}
    for number, (speaker, said) in enumerate(contributions):
        latest[speaker if speaker is not None else ("alone", number)] = said
    label = ""
    data: dict[str, str] = {}
    for said in latest.values():
        label = said.get(LABEL) or label
        data |= {name: value for name, value in said.items() if name != LABEL}
    return label, data


@dataclass(frozen=True, slots=True)
class Based:
    """An update on the version it builds on; *conflict* is null, soft or hard."""

    base_version: int
    conflict: str | None


def based(
    versions: Sequence[Version],
    received: Mapping[str, str],
    *,
    base_version: int | None,
    trunk_version: int | None,
    branch_id: str | None,
) -> Based | None:
    """The version of the entity that an update builds on; null while that version has not arrived.

    Source: openrosa.md EN-24, EN-28.
    """
    base = _base(versions, base_version=base_version, trunk_version=trunk_version, branch_id=branch_id)
    if base is None:
        return None
    return Based(base.version, conflict(versions, base, received, trunk_version=trunk_version, branch_id=branch_id))


def _base(
    versions: Sequence[Version], *, base_version: int | None, trunk_version: int | None, branch_id: str | None
) -> Version | None:
    if base_version is None:
        return versions[-1] if versions else None
    if branch_id is None or base_version in (1, trunk_version):
        return next((one for one in versions if one.version == base_version), None)
    same_branch = (one for one in versions if one.branch_id == branch_id)
    return next((one for one in same_branch if one.branch_base_version == base_version - 1), None)


def conflict(
    versions: Sequence[Version],
    base: Version,
    received: Mapping[str, str],
    *,
    trunk_version: int | None,
    branch_id: str | None,
) -> str | None:
    """Whether an update on *base* met something that was said since: null, soft or hard (openrosa.md EN-28)."""
    current = versions[-1]
    if base.version != current.version:
        return HARD if contradicted(base, current, received) else SOFT
    above_trunk = (one for one in versions if one.version > (trunk_version or 1))
    if branch_id is not None and any(one.branch_id != branch_id for one in above_trunk):
        return SOFT
    return None


def contradicted(base: Version, current: Version, received: Mapping[str, str]) -> list[str]:
    """The properties that *received* says otherwise than *current*, and that were changed since *base*."""
    said = (name for name in received if received[name] != current.data.get(name, ""))
    return [name for name in said if base.data.get(name, "") != current.data.get(name, "")]
