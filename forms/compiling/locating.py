"""What pyxform and ODK Validate say, turned into issues with sheet, row and column.

pyxform mostly says the row and often the column; otherwise the names it quotes are looked up in the sheets. ODK Validate
speaks of nodes of the XForm, which are rows of the survey sheet.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from forms.compiling.issue import Code, Issue
from forms.compiling.sheets import Row, Sheet, Sheets, letter
from forms.compiling.wording import recognized
from storage.problems import Sentence

_ROW: Final = re.compile(r"\[row : (\d+)\]\s*")
_SHEET: Final = re.compile(r"[Oo]n the '([^']+)' sheet|sheet: '([^']+)'")
_COLUMN: Final = re.compile(r"the '([^']+)' (?:value|column)|column headers? (?:were not found: )?'([^']+)'")
_FRAGMENT: Final = re.compile(r"'([^']+)'|(\$\{[^}]+\})|\[([^\[\]]+)\]|(?:in expression|at line:) (.+)$|: ([\w, ()-]+)\.")
_NODE: Final = re.compile(r"/[A-Za-z_][\w.-]*(/[\w.-]+(?:\[[^\]]*\])?(?:/[\w.-]+(?:\[[^\]]*\])?)*)")
_INDEX: Final = re.compile(r"\[[^\]]*\]")
_LOOP: Final = re.compile(r"cycle detected", re.IGNORECASE)
# What JavaRosa calls the columns, the likelier ones first.
_ABOUT: Final = (
    (re.compile(r"display condition|relevan|condition expression", re.IGNORECASE), "relevant"),
    (re.compile(r"constraint|validation condition", re.IGNORECASE), "constraint"),
    (re.compile(r"calculat", re.IGNORECASE), "calculation"),
    (re.compile(r"require|mandatory|condition expression", re.IGNORECASE), "required"),
    (re.compile(r"read-?only|editing condition|condition expression", re.IGNORECASE), "read_only"),
    (re.compile(r"setvalue|value set action", re.IGNORECASE), "default"),
    (re.compile(r"itemset|choice", re.IGNORECASE), "choice_filter"),
    (re.compile(r"count", re.IGNORECASE), "repeat_count"),
)
# Sentences of pyxform's that speak of a column without naming it.
_MEANT: Final = (
    (re.compile(r"Unmatched '|with no type|should be a choices sheet"), "type"),
    (re.compile(r"with no name"), "name"),
)
_ALIASES: Final = {"dataset": "list_name"}
# For what pyxform says of a row without naming the column, or names another: the column to look at.
_COLUMN_OF: Final = {
    "ENTITY_005": "label", "ENTITY_006": "update_if", "ENTITY_007": "entity_id", "ENTITY_009": "list_name",
    "device-field": "type", "external-unfiltered": "choice_filter", "max-pixels": "parameters", "no-calculation": "calculation",
    "no-repeat-label": "label",
}  # fmt: skip
# For what it says without a row: sheet, column, and what the cell holds, or None for the heading itself.
_CELL_OF: Final[Mapping[str, tuple[str, str, str | None]]] = {
    "both-ids": ("settings", "id_string", None),
    "encrypted-without-instance-id": ("settings", "omit_instanceID", ""),
    "instance-twice": ("survey", "type", "{other_file}"),
    "location-age": ("survey", "parameters", "location-max-age"),
    "location-age-interval": ("survey", "parameters", "location-max-age"),
    "location-interval": ("survey", "parameters", "location-min-interval"),
    "location-priority": ("survey", "parameters", "location-priority"),
    "no-external-choices": ("survey", "type", "external"),
    "or-other-translated": ("survey", "type", "other"),
    "parameter-integer": ("survey", "parameters", "{parameter}"),
    "parameter-true-false": ("survey", "parameters", "{parameter}"),
    "quality": ("survey", "parameters", "quality"),
    "randomize-true-false": ("survey", "parameters", "randomize"),
    "seed": ("survey", "parameters", "seed"),
    "seed-alone": ("survey", "parameters", "seed"),
    "track-changes-reasons": ("survey", "parameters", "track-changes-reasons"),
    "unknown-type": ("survey", "type", "{type}"),
}
# For what it says of a question by name: the column to look at.
_QUESTIONS_COLUMN: Final = {"big-image": "media::big-image", "search-in-file": "appearance", "search-shared": "appearance"}
# Of a sheet by another name than the one it should have.
_MISSPELLED: Final = ("sheet-misspelled", "survey-misspelled")
_LISTED: Final = re.compile(r"(?!.*(?:external|from[ _]file))(?:add )?(?:select|rank)")
_OFFERED: Final = re.compile(r"\s(\S+)(?:\s+or[_ ](?:specify[_ ])?other)?\s*$")
_WORD: Final = re.compile(r"[\w.-]+")
# A fragment of an expression as long as this is looked for inside cells.
_TELLING: Final = 5


def from_pyxform(says: str, severity: str, sheets: Sheets, place: Mapping[str, str | int] | None = None) -> Issue:
    """The issue that a sentence of pyxform's is, with the place it names or the first cell that holds what it quotes.

    *place*: the sheet, row and column that came with the sentence, where pyxform knew them.
    """
    known = place or {}
    row_said, sheet_said, column_said = _ROW.search(says), _SHEET.search(says), _COLUMN.search(says)
    name = str(known.get("sheet") or (sheet_said[1] or sheet_said[2] if sheet_said else "survey")).lower()
    sheet = sheets.by_name.get(name)
    heading = str(known.get("column") or "") or ((column_said[1] or column_said[2]) if column_said else None)
    heading = next((column for pattern, column in _MEANT if pattern.search(says)), _ALIASES.get(heading or "", heading))
    text = _ROW.sub("", says).strip()
    told = recognized("pyxform", text)
    rule = str(told.details.get("rule"))
    heading = _COLUMN_OF.get(rule, heading)
    row = known.get("row") or (row_said[1] if row_said else None)
    if sheet is not None and name == "settings" and sheet.rows and row is not None:
        row = sheet.rows[0].number  # pyxform reads one row only, and counts it as the first
    if row is not None and sheet is not None and int(row) > 1:
        return _issue(severity, text, "pyxform", sheet, int(row), heading)
    return _by_rule(severity, told, rule, sheets) or _looked_up(severity, text, "pyxform", sheets, name, heading)


def from_validate(says: str, sheets: Sheets | None) -> Issue:
    """The issue that a sentence of ODK Validate's is, with the row of the first node it names that has one.

    Of a loop, that is the node which stands first in the sheet.
    """
    survey = sheets.by_name.get("survey") if sheets else None
    nodes = [_INDEX.sub("", match[1]) for match in _NODE.finditer(says)]
    if sheets is None or survey is None:
        return Issue("error", recognized("validate", says), "validate", text=nodes[0] if nodes else "")
    settings = sheets.by_name.get("settings")
    if "/meta/instanceName" in nodes and settings is not None and settings.rows:
        return _issue("error", says, "validate", settings, settings.rows[0].number, "instance_name")
    if _LOOP.search(says):  # JavaRosa names its nodes in whatever order its tables have
        nodes.sort(key=lambda node: sheets.survey_rows[node].number if node in sheets.survey_rows else 0)
    told = recognized("validate", says)
    if told.details.get("rule") == "no-choice-label":
        unlabelled = _unlabelled(told, nodes[0], sheets, survey)
        if unlabelled:
            return unlabelled
    for node in nodes:
        if node in sheets.survey_rows:
            return _in_row(says, survey, sheets.survey_rows[node])
        if node.removesuffix("_count") in sheets.survey_rows:
            return _issue(
                "error", says, "validate", survey, sheets.survey_rows[node.removesuffix("_count")].number, "repeat_count"
            )
    issue = _looked_up("error", says, "validate", sheets, "survey", None)
    return _about_an_entity(issue, says, sheets) if issue.row is None and "/meta/entity" in says else issue


def _about_an_entity(issue: Issue, says: str, sheets: Sheets) -> Issue:
    """At the declaration of the entity list whose name is said: of what pyxform made of it the designer sees nothing."""
    entities = sheets.by_name.get("entities")
    if entities is None or not entities.rows:
        return issue
    words = set(_WORD.findall(says))
    row = next((each for each in entities.rows if entities.cell(each, "list_name") in words), entities.rows[0])
    return placed("error", issue.says, "validate", entities, row.number, entities.column("list_name"))


def _unlabelled(told: Sentence, node: str, sheets: Sheets, survey: Sheet) -> Issue | None:
    """At the choice without a label: JavaRosa counts those that are offered, a filter may have left some out."""
    choices, row = sheets.by_name.get("choices"), sheets.survey_rows.get(node)
    offered = _OFFERED.search(survey.cell(row, "type")) if row else None
    if choices is None or offered is None:
        return None
    listed = [each for each in choices.rows if choices.cell(each, "list_name") == offered[1]]
    nth = int(told.details["number"]) - 1
    blank = [each for each in listed[nth : nth + 1] + listed if not choices.cell(each, "label")]
    return placed("error", told, "validate", choices, blank[0].number, choices.column("label")) if blank else None


def _by_rule(severity: str, told: Sentence, rule: str, sheets: Sheets) -> Issue | None:
    """At the place that a sentence speaks of which names none; None where there is no such place."""
    details = {name: str(value) for name, value in told.details.items()}
    survey = sheets.by_name.get("survey")
    if rule in _MISSPELLED:
        named = sheets.by_name.get(details["candidates"].split(", ")[0].strip("'").strip().lower())
        return placed(severity, told, "pyxform", named, None, None) if named else None
    if rule in _QUESTIONS_COLUMN and survey:
        heading = _QUESTIONS_COLUMN[rule]
        row = next((each for each in survey.rows if survey.cell(each, "name") == details["name"]), None)
        return placed(severity, told, "pyxform", survey, row.number, survey.column(heading)) if row else None
    if rule not in _CELL_OF:
        return None
    name, heading, template = _CELL_OF[rule]
    sheet = sheets.by_name.get(name)
    at = sheet.column(heading) if sheet else None
    if sheet is None or at is None:
        return None
    if template is None:
        return placed(severity, told, "pyxform", sheet, 1, at)
    wanted = template.format(**details, other_file=details.get("other_uri", "").rpartition("/")[2])
    held = (row.number for row in sheet.rows if wanted in " ".join(sheet.cell(row, heading).split()))
    number = next(held, None)
    return placed(severity, told, "pyxform", sheet, number, at) if number else None


def _in_row(says: str, survey: Sheet, row: Row) -> Issue:
    """At the column that holds what the sentence quotes, or one that it speaks of and that is filled in."""
    name = survey.column("name")
    for fragment in _fragments(says):
        for at, cell in enumerate(row.cells[: len(survey.headings)]):
            if at == name:
                continue  # JavaRosa quotes the question's name beside what is wrong with it
            if cell.strip() == fragment or f"{fragment}(" in cell:
                return placed("error", recognized("validate", says), "validate", survey, row.number, at)
    filled = (heading for pattern, heading in _ABOUT if pattern.search(says) and survey.cell(row, heading))
    return _issue("error", says, "validate", survey, row.number, next(filled, None))


def placed(severity: str, says: Sentence, code: Code, sheet: Sheet, number: int | None, at: int | None) -> Issue:
    """An issue about the cell of *sheet* in row *number* (1 = the headings) and at position *at* (0 = column A)."""
    row = sheet.row(number)
    cells = sheet.headings if number == 1 else row.cells if row else []
    is_survey = sheet.name.strip().lower() == "survey"
    return Issue(
        severity=severity,
        says=says,
        code=code,
        sheet=sheet.name,
        row=number,
        column=letter(at),
        heading=sheet.headings[at] if at is not None and at < len(sheet.headings) else None,
        text=cells[at] if at is not None and at < len(cells) else "",
        question=sheet.cell(row, "name") or None if row and is_survey else None,
    )


def _issue(severity: str, says: str, code: Code, sheet: Sheet, number: int, heading: str | None) -> Issue:
    at = sheet.column(heading) if heading else _column_meant(says, sheet, sheet.row(number))
    issue = placed(severity, recognized(code, says), code, sheet, number, at)
    return issue if at is not None else replace(issue, heading=heading)


def _column_meant(says: str, sheet: Sheet, row: Row | None) -> int | None:
    """For a sentence that names the row only: the cell it quotes, else the column whose heading it mentions."""
    if row is None:
        return None
    quoted = set(_fragments(says)) | {each.rpartition(" ")[2] for each in [says]}
    for at, cell in enumerate(row.cells[: len(sheet.headings)]):
        if cell.strip() in quoted or quoted & set(cell.split()):
            return at
    spoken = re.sub(r"[\s_]+", " ", says.lower())
    names = [re.sub(r"[\s_]+", " ", each.lower()) for each in sheet.headings]
    longest = sorted(range(len(names)), key=lambda at: -len(names[at]))
    return next((at for at in longest if names[at] and re.search(rf"\b{re.escape(names[at].removesuffix('s'))}\b", spoken)), None)


def _looked_up(severity: str, says: str, code: Code, sheets: Sheets, name: str, heading: str | None) -> Issue:
    """Where what the sentence quotes stands: in a cell of the sheet it speaks of or of another, or among the headings."""
    first, told = sheets.by_name.get(name), recognized(code, says)
    at = first.column(heading) if first and heading else None
    if first and at is not None and heading == "type":
        row = next((each for each in first.rows if _LISTED.match(first.cell(each, "type"))), None)
        return placed(severity, told, code, first, row.number if row else None, at)
    fragments = [each for each in _fragments(says) if each.lower() not in sheets.by_name and each != heading]
    others = [sheet for key, sheet in sheets.by_name.items() if key != name]
    for sheet in [*([first] if first else []), *others]:
        for number, position in _places(fragments, sheet):
            return placed(severity, told, code, sheet, number, position)
    if first is None:
        return Issue(severity, told, code, name, heading=heading)
    return replace(placed(severity, told, code, first, 1 if heading else None, at), heading=heading)


def _fragments(says: str) -> list[str]:
    """What a sentence quotes, the longest first, since it tells most; of several as long the last."""
    found = [part.strip() for match in _FRAGMENT.findall(says) for part in match if part.strip()]
    pieces = dict.fromkeys(piece for part in reversed(found) for piece in [part, *part.split(", ")])
    return sorted(pieces, key=len, reverse=True)


def _places(fragments: list[str], sheet: Sheet) -> Iterator[tuple[int, int]]:
    """Cells that hold a reference, are a fragment, or call a function of that name; then headings, also of that language."""
    for fragment in fragments:
        for row in sheet.rows:
            for at, cell in enumerate(row.cells[: len(sheet.headings)]):
                part = fragment.startswith("${") or len(fragment) > _TELLING
                if cell.strip() == fragment or f"{fragment}(" in cell or (part and fragment in cell):
                    yield row.number, at
        for at, heading in enumerate(sheet.headings):
            if heading == fragment or heading.endswith("::" + fragment):
                yield 1, at
