"""What is wrong with a form, and where its designer will find it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from storage.problems import Said, Sentence

Code = Literal[
    "pyxform", "validate",
    "case-class", "case-to", "choices-unused", "form", "form-id", "formula", "heading-twice", "media", "merged", "no-headings",
    "reference", "save-to-blank", "translation", "type-changed", "unread", "unwritable", "version-taken",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that a form designer should know.

    `severity` is "error" (the form cannot be published) or "warning". `sheet`, `row` (1 = the header row), `column` (its
    letter) and `heading` are None where the source does not say and we could not find out. `text` is the content of that
    cell, or for forms without a spreadsheet the path of the field; `question` the name of the question in that row.
    `says` is put into words in the reader's language. `code` tells who found what, and programs may rely on it; what is said by
    pyxform and ODK Validate has the `rule` among its details, if we know it.
    """

    severity: str
    says: Sentence
    code: Code
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
    def message(self) -> str:
        """What is wrong, in English."""
        return self.says.told()

    @property
    def is_quoted(self) -> bool:
        """Whether the sentence is not ours and we do not know it: English, whatever the reader's language."""
        return self.code in ("pyxform", "validate") and "rule" not in self.says.details

    @property
    def place(self) -> str:
        """Where it is, for a person: `survey T34 (bind::case:to)`."""
        cell = f"{self.column or ''}{self.row or ''}"
        where = " ".join(part for part in (self.sheet, cell, f"({self.heading})" if self.heading else None) if part)
        return where or self.text

    @property
    def placed(self) -> Sentence:
        """What is wrong, with its place before it where there is one."""
        return Sentence("{place}: {what}", place=self.place, what=self.says) if self.place else self.says

    def as_json(self, said: Said = str) -> dict[str, Any]:
        """For an answer of the API: `message` is the sentence in the language of *said*, `details` are what was put into it."""
        details = {name: value for name, value in self.says.details.items() if not isinstance(value, Sentence)}
        place = {name: getattr(self, name) for name in _PLACE}
        return {"severity": self.severity, "code": self.code, "message": self.says.told(said), "details": details} | place

    def packed(self) -> dict[str, Any]:
        """As plain values, to be handed from one process to another; its details must be plain."""
        place = {name: getattr(self, name) for name in _PLACE}
        return {"severity": self.severity, "code": self.code, "says": self.says.packed()} | place

    @classmethod
    def unpacked(cls, packed: Mapping[str, Any]) -> "Issue":
        """What was `packed`."""
        place = {name: packed[name] for name in _PLACE}
        return cls(packed["severity"], Sentence.unpacked(packed["says"]), packed["code"], **place)


_PLACE = tuple(each.name for each in fields(Issue))[3:]
