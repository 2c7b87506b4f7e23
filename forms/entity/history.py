"""What an entity's versions say of each other: what each one changed, and which of them met something that was said meanwhile.

Pure. A version knows on which earlier one it was based; all that was said between the two is what it may contradict. A conflict
is settled by a version after which the entity has none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from forms.entity import state
from forms.entity.state import HARD, LABEL


class Version(state.Version, Protocol):
    """One version, as far as its history needs it."""

    @property
    def label(self) -> str:
        """The entity's label after it."""

    @property
    def base_version(self) -> int | None:
        """The version that it was based on."""

    @property
    def trunk_version(self) -> int | None:
        """The server's version from which its offline branch started."""

    @property
    def conflict(self) -> str | None:
        """What conflict the entity was left in."""


@dataclass(frozen=True, slots=True)
class Change:
    """A property, or `label`, that a version changed; "" for what was not there."""

    name: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of a version among the others.

    *conflict*: the one that it caused, and *resolved* whether that was settled since; *conflicting*: the properties on which it
    contradicts what was said meanwhile, null if it met nothing. *base_diff* and *server_diff*: what is otherwise in it than in
    the version that it was based on, and than in the one before it. *last_good*: nothing after it is in doubt, or it is the
    newest; *relevant*: who settles the entity's conflict looks at it.
    """

    conflict: str | None
    resolved: bool
    conflicting: tuple[str, ...] | None
    base_diff: tuple[str, ...]
    server_diff: tuple[str, ...]
    last_good: bool
    relevant: bool


def told(versions: Sequence[Version]) -> list[Told]:
    """What is known of each of an entity's versions, which are given from the first one on.

    Source: ODK Central, GET …/entities/{uuid}/versions.
    """
    met = [_met(versions[:number], one) for number, one in enumerate(versions)]
    settled = [any(later.conflict is None for later in versions[number:]) for number in range(len(versions))]
    doubtful = [number for number, found in enumerate(met) if found is not None and not settled[number]]
    good = doubtful[0] - 1 if doubtful else len(versions) - 1
    bases = {versions[number].base_version for number in doubtful}
    return [
        Told(
            conflict=found[0] if found else None,
            resolved=found is not None and settled[number],
            conflicting=found[1] if found else None,
            base_diff=_names(_base_of(versions[:number], one), one),
            server_diff=_names(versions[number - 1], one) if number else (),
            last_good=number == good,
            relevant=bool(doubtful) and (number >= good or one.version in bases),
        )
        for number, (one, found) in enumerate(zip(versions, met, strict=True))
    ]


def changes(before: Version, after: Version) -> list[Change]:
    """What is otherwise in *after* than in *before*, the label last."""
    names = dict.fromkeys([*after.data, *before.data])
    found = [Change(name, before.data.get(name, ""), after.data.get(name, "")) for name in names]
    return [each for each in (*found, Change("label", before.label, after.label)) if each.old != each.new]


def _names(before: Version | None, after: Version) -> tuple[str, ...]:
    return () if before is None else tuple(each.name for each in changes(before, after))


def _base_of(before: Sequence[Version], one: Version) -> Version | None:
    return next((each for each in before if each.version == one.base_version), before[-1] if before else None)


def _met(before: Sequence[Version], one: Version) -> tuple[str, tuple[str, ...]] | None:
    base = _base_of(before, one)
    if base is None or one.base_version is None:
        return None
    if one.submission_id is not None and any(each.submission_id == one.submission_id for each in before):
        return None  # an edited submission corrects what it said itself
    received: Mapping[str, str] = {name: value for name, value in one.data_received.items() if name != LABEL}
    found = state.conflict(before, base, received, trunk_version=one.trunk_version, branch_id=one.branch_id)
    if found is None:
        return None
    return found, tuple(state.contradicted(base, before[-1], received)) if found == HARD else ()
