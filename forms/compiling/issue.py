"""What is wrong with a form, and where its designer will find it."""

from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that a form designer should know. Its fields are the keys of its JSON; programs may rely on them.

    `severity` is "error" (the form cannot be published) or "warning". `sheet`, `row` (1 = the header row), `column` (its
    letter) and `heading` are None where the source does not say and we could not find out. `text` is the content of that
    cell, or for forms without a spreadsheet the path of the field; `question` the name of the question in that row.
    `code` tells who found what: pyxform, validate; ours are case-class, case-to, choices-unused, form, form-id, formula,
    heading-twice, media, merged, reference, save-to-blank, translation, type-changed, unread,
    version-taken.
    """

    severity: str
    message: str
    code: str
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    heading: str | None = None
    text: str = ""
    question: str | None = None

    @property
    def is_error(self) -> bool:
        """Whether it forbids publication."""
        return self.severity == "error"

    @property
    def place(self) -> str:
        """Where it is, for a person: `survey T34 (bind::case:to)`."""
        cell = f"{self.column or ''}{self.row or ''}"
        where = " ".join(part for part in (self.sheet, cell, f"({self.heading})" if self.heading else None) if part)
        return where or self.text

    def as_json(self) -> dict[str, Any]:
        """For an answer of the API."""
        return asdict(self)

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> "Issue":
        """What `as_json` made."""
        return cls(**{each.name: said[each.name] for each in fields(cls)})
