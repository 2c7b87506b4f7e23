"""An answer file laid over a form: which answer belongs to which question of which repeat row.

A place is the path below the root with the row number, from 1, after each repeat: `/i_hh/hh[2]/hh_age`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forms.rehearsing.expecting import no_such
from storage.problems import Sentence


@dataclass(frozen=True, slots=True)
class Misfit:
    """Something in the answer file that the form does not have, or has twice."""

    kind: str
    place: str
    says: Sentence


class Laid:
    """The answers by place, the number of rows by repeat, and which answers were asked for.

    *questions* and *repeats* are the paths of the form's body. `misfits`: what could not be laid; the rest is.
    """

    def __init__(self, questions: list[str], repeats: list[str], answers: Mapping[str, Any], rows: Mapping[str, Any]) -> None:
        self._questions, self._repeats = questions, repeats
        self._values: dict[str, Any] = {}
        self.rows: dict[str, int] = {}
        self._asked: set[str] = set()
        self.misfits: list[Misfit] = []
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
                path = self._find(self._questions, within, name)
                if path is not None:
                    self._values[place + path[len(within) :]] = value

    def _lay_rows(self, within: str, place: str, name: str, given: Any) -> None:
        if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
            self.misfits.append(Misfit("wrong type", name, Sentence("{name} needs a list with one object a row.", name=name)))
            return
        path = self._find(self._repeats, within, name)
        if path is None:
            return
        at = place + path[len(within) :]
        self.rows[at] = len(given)
        for number, row in enumerate(given, start=1):
            self._lay(path, f"{at}[{number}]", row)

    def _find(self, among: list[str], within: str, name: str) -> str | None:
        if name in among:
            return name
        ending = "/" + name.removeprefix("/")
        found = [path for path in among if path.startswith(within + "/") and path.endswith(ending)]
        if len(found) == 1:
            return found[0]
        if found:
            says = Sentence("Several places are called {name}: {places}.", name=name, places=", ".join(found))
            self.misfits.append(Misfit("ambiguous", name, says))
        else:
            names = [path.rpartition("/")[2] for path in among if path.startswith(within + "/")]
            self.misfits.append(Misfit("no such question", name, no_such(name, names)))
        return None
