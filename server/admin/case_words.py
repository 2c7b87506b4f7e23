"""The words of a case record: what its sections, columns and codes are called in the viewer's language.

Codes are the forms' own: a question with `case:to` says which column its choices stand for, so a designer who adds a choice has
translated it here as well. What the record derives (phases, events, tasks) is in the catalogue.
"""

from collections.abc import Iterable, Mapping

from cases import targets
from cases.record import KEPT, Kind
from forms.definition.model import Definition, Field
from server.admin.answered import spoken
from server.admin.vocabulary import word
from server.languages import Language

# Columns that hold the codes of another.
SAME_CODES: Mapping[tuple[str, str], tuple[str, str]] = {
    ("case", "risk_level"): ("risk_flag", "level"),
    ("case", "health_share"): ("consent", "level"),
    ("episode", "site"): ("case", "site"),
    ("anonymous_service", "site"): ("case", "site"),
    ("referral", "from_site"): ("case", "site"),
    ("stub", "sex"): ("person", "sex"),
    ("mh_alert", "level"): ("risk_flag", "level"),
    ("consent", "language"): ("episode", "interview_language"),
    ("vulnerability", "factor"): ("vulnerability", "factors"),
}
# Their columns say nothing by themselves: the question does.
ASKED = frozenset({"tip_screen", "mh_screen", "functioning"})
# Columns whose code is the name of a question.
QUESTIONS = frozenset({("rss_answer", "item"), ("observation", "code"), ("protection_note", "name"), ("immunization", "vaccine")})
# And the column beside it that holds the answer.
ANSWERS: Mapping[tuple[str, str], str] = {
    ("rss_answer", "value"): "item",
    ("observation", "text"): "code",
    ("protection_note", "value"): "name",
    ("immunization", "status"): "vaccine",
}


class CaseWords:
    """What the forms of a project call the columns and codes of a case record, in one language."""

    def __init__(self, definitions: Iterable[Definition], language: Language) -> None:
        self._language = language
        self._codes: dict[tuple[str, str], dict[str, str]] = {}
        self._questions: dict[tuple[str, str, str], str] = {}
        for definition in definitions:
            chosen = spoken(definition.languages, language.code)
            for field in definition.fields:
                if field.case_to:
                    self._learn(definition, field, chosen)

    def section(self, table: str) -> str:
        """The heading of a table."""
        return self._language.said(word(f"{table} (section)"))

    def column(self, table: str, column: str, key: str = "") -> str:
        """The name of a column; of a question's answer, the question. *key*: the row's key, as the form's `case:to` has it."""
        if table in ASKED:
            question = self._questions.get((table, column, key)) or self._questions.get((table, column, ""))
            if question:
                return question
        return self._language.said(word(column))

    def value(self, table: str, column: str, value: object, beside: Mapping[str, object]) -> str:
        """A code, as people say it; *beside* holds the row's other values."""
        code = str(value)
        if (table, column) in QUESTIONS:
            return self._questions.get((table, code, "")) or self._derived(code)
        asked = ANSWERS.get((table, column))
        column = str(beside.get(asked, column)) if asked else column
        place = SAME_CODES.get((table, column), (table, column))
        return self._codes.get(place, {}).get(code) or self._derived(code)

    def is_coded(self, table: str, column: str) -> bool:
        """Whether the column holds codes, by its kind or because questions with choices feed it."""
        shape = KEPT[table].columns[column].kind
        return shape in (Kind.CODE, Kind.CODES) or (table, column) in ANSWERS or (table, column) in self._codes

    def _derived(self, code: str) -> str:
        message = word(code)
        return self._language.said(message) if self._language.knows(message) else code.replace("_", " ")

    def _learn(self, definition: Definition, field: Field, language: str) -> None:
        target = targets.parse(field.case_to or "")
        if target is None:
            return
        label = field.labels.get(language) or next(iter(field.labels.values()), "")
        if label:
            self._questions.setdefault((target.table, target.column, target.key), label)
        if field.select and field.choices:
            codes = self._codes.setdefault((target.table, target.column), {})
            for choice in definition.choice_lists.get(field.choices, ()):
                named = choice.labels.get(language) or next(iter(choice.labels.values()), choice.name)
                codes.setdefault(choice.name, named)
