"""An answer file laid over a form: which answer belongs to which question of which repeat row.

A place is the path below the root with the row number, from 1, after each repeat: `/i_hh/hh[2]/hh_age`.
"""

from collections.abc import Mapping
from typing import Any

from storage.problems import Sentence


class CannotLay(Exception):
    """The answer file names something that the form does not have, or has twice."""

    def __init__(self, kind: str, name: str, says: Sentence) -> None:
        super().__init__(str(says))
        self.kind, self.name, self.says = kind, name, says


class Laid:
    """The answers by place, the number of rows by repeat, and which answers were asked for.

    *questions* and *repeats* are the paths of the form's body.

    Raises: CannotLay.
    """

    def __init__(self, questions: list[str], repeats: list[str], answers: Mapping[str, Any], rows: Mapping[str, Any]) -> None:
        self._questions, self._repeats = questions, repeats
        self._values: dict[str, Any] = {}
        self.rows: dict[str, int] = {}
        self._asked: set[str] = set()
        self._lay("", "", answers)
        for name, given in rows.items():
            self._lay_rows("", "", name, given)

    def given(self, place: str) -> bool:
        """Whether the file answers the question at this place."""
        return place in self._values

    def ask(self, place: str) -> Any:
        """The answer at this place."""
        self._asked.add(place)
        return self._values[place]

    def never_asked(self) -> list[str]:
        """The places whose answers nobody asked for."""
        return [place for place in self._values if place not in self._asked]

    def _lay(self, within: str, place: str, answers: Mapping[str, Any]) -> None:
        for name, value in answers.items():
            if isinstance(value, list) and value and isinstance(value[0], dict):
                self._lay_rows(within, place, name, value)
            else:
                path = _find(self._questions, within, name)
                self._values[place + path[len(within) :]] = value

    def _lay_rows(self, within: str, place: str, name: str, given: Any) -> None:
        if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
            raise CannotLay("wrong type", name, Sentence("{name} needs a list with one object a row.", name=name))
        path = _find(self._repeats, within, name)
        at = place + path[len(within) :]
        self.rows[at] = len(given)
        for number, row in enumerate(given, start=1):
            self._lay(path, f"{at}[{number}]", row)


def _find(among: list[str], within: str, name: str) -> str:
    if name in among:
        return name
    ending = "/" + name.removeprefix("/")
    found = [path for path in among if path.startswith(within + "/") and path.endswith(ending)]
    if not found:
        raise CannotLay("no such question", name, Sentence("The form has no question or repeat {name}.", name=name))
    if len(found) > 1:
        says = Sentence("Several places are called {name}: {places}.", name=name, places=", ".join(found))
        raise CannotLay("ambiguous", name, says)
    return found[0]
