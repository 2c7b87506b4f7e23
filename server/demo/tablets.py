"""What the server and each tablet know of the entity list `cases` while the stories unfold.

A tablet sees the server's rows as they are at that moment (it has a network now and then) and, on top, what was filled in on
itself and has not arrived. Versions, trunks and branches are counted as Collect counts them, so that late and crossing
updates look as they would.
"""

import random
import uuid
from collections.abc import Iterable, Mapping
from typing import Final

from server.demo.expressions import Row
from server.demo.filling import Filled

VERSION, TRUNK, BRANCH = "__version", "__trunkVersion", "__branchId"
INDEXED: Final = ("name", "case_no", "name_key", "nationality", "sex")
# What an edit of a registration corrects; the rest may have moved on since.
CORRECTED: Final = ("label", "initials", "birth_year", "name_key", "sex", "nationality")


class ServerCases:
    """The list as the server has it, after what has arrived so far."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, str]] = {}
        self._by: dict[str, dict[str, dict[str, None]]] = {column: {} for column in INDEXED}
        self._held: dict[str, list[Filled]] = {}

    def take(self, filled: Filled, *, edit: bool) -> None:
        """Apply what has arrived; an update of a case that is not here waits."""
        case_id, creates, updates = asked_of(filled)
        if not (creates or updates):
            return
        known = self._rows.get(case_id)
        if known is None and not creates:
            self._held.setdefault(case_id, []).append(filled)
            return
        said = {**filled.saved, **({"label": filled.entity["label"]} if filled.entity["label"] else {})}
        if edit:
            said = {name: said[name] for name in CORRECTED if name in said}
        version = int(known[VERSION]) + 1 if known else 1
        self._put({**(known or {"name": case_id}), **said, VERSION: str(version), TRUNK: str(version)})
        for waiting in self._held.pop(case_id, ()):
            self.take(waiting, edit=False)

    def _put(self, row: dict[str, str]) -> None:
        old = self._rows.get(row["name"], {})
        for column, index in self._by.items():
            index.get(old.get(column, ""), {}).pop(row["name"], None)
            index.setdefault(row.get(column, ""), {})[row["name"]] = None
        self._rows[row["name"]] = row

    def all(self) -> Iterable[Row]:
        """Every row."""
        return self._rows.values()

    def where(self, column: str, value: str) -> Iterable[Row]:
        """The rows with *value* in *column*."""
        if column not in self._by:
            return [row for row in self._rows.values() if row.get(column, "") == value]
        return [self._rows[name] for name in self._by[column].get(value, ())]

    def count(self, column: str, value: str) -> int:
        """How many rows these are, where there is an index; else all."""
        return len(self._by[column].get(value, ())) if column in self._by else len(self._rows)


class TabletCases:
    """The list as one tablet has it."""

    def __init__(self, server: ServerCases, device_id: str) -> None:
        self._server, self._device_id = server, device_id
        self._own: dict[str, dict[str, str]] = {}
        self._unsent: dict[str, int] = {}

    def note(self, filled: Filled) -> None:
        """A form was filled in here: the tablet knows at once what it says of the case."""
        case_id, creates, updates = asked_of(filled)
        if not (creates or updates):
            return
        row = self.row(case_id)
        if creates and not row:
            row = {"name": case_id, VERSION: "0", TRUNK: "", BRANCH: self._branch(case_id, "")}
        label = {"label": filled.entity["label"]} if filled.entity["label"] else {}
        self._own[case_id] = {**row, **filled.saved, **label, VERSION: str(int(row[VERSION]) + 1)}
        self._unsent[case_id] = self._unsent.get(case_id, 0) + 1

    def arrived(self, filled: Filled) -> None:
        """What was filled in here has arrived: once nothing more is under way, the server's row counts again."""
        case_id, creates, updates = asked_of(filled)
        if not (creates or updates):
            return
        self._unsent[case_id] -= 1
        if not self._unsent[case_id]:
            del self._own[case_id], self._unsent[case_id]

    def row(self, case_id: str) -> Row:
        """The row of one case; empty when the tablet does not know it."""
        return next(iter(self.where("name", case_id)), {})

    def all(self) -> Iterable[Row]:
        """Every row."""
        return [*(self._seen(row) for row in self._server.all() if row["name"] not in self._own), *self._own.values()]

    def where(self, column: str, value: str) -> Iterable[Row]:
        """The rows with *value* in *column*."""
        found = [row for row in self._server.where(column, value) if row["name"] not in self._own]
        if column == "name":
            # A branch is only asked for of one case, and working one out for thousands takes its time.
            found = [self._seen(row) for row in found]
        return [*found, *(row for row in self._own.values() if row.get(column, "") == value)]

    def count(self, column: str, value: str) -> int:
        """About how many rows these are."""
        return self._server.count(column, value) + len(self._own)

    def _seen(self, row: Row) -> Row:
        return {**row, BRANCH: self._branch(row["name"], row[VERSION])}

    def _branch(self, case_id: str, version: str) -> str:
        draw = random.Random(f"{self._device_id}/{case_id}/{version}")  # noqa: S311  # invented data, not secrets
        return str(uuid.UUID(int=draw.getrandbits(128), version=4))


def asked_of(filled: Filled) -> tuple[str, bool, bool]:
    """The case that a submission speaks of, and whether it creates or updates it."""
    entity: Mapping[str, str] = filled.entity
    return entity.get("id", ""), entity.get("create") == "1", entity.get("update") == "1"
