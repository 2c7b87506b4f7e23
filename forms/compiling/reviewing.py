"""What pyxform and ODK Validate let pass and a form designer would want to know.

Missing translations (pyxform fills them with `-` in silence), choices that no question offers, references to questions that do
not exist, properties of an entity that an unanswered question would blank, formulas and merged cells.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from forms.compiling.issue import Code, Issue
from forms.compiling.locating import placed
from forms.compiling.sheets import BEGIN, END, Row, Sheet, Sheets
from forms.definition.comparing import kind_of
from forms.definition.model import Definition, Field
from forms.problems import FieldTypeChanged
from storage.problems import Sentence

MANY: Final = 20
DEEPEST: Final = 100
_LONGEST_ID: Final = 255
_WORD: Final = re.compile(r"[\w.-]+")
# An XForm with such an id is refused with Central's own number instead.
_LIKE_A_FILE: Final = re.compile(r"\.(xlsx?|xml)$")
_REFERENCE: Final = re.compile(r"\$\{\s*(?:last-saved#)?([^}\s]+)\s*\}")
_EMPTY_REFERENCE: Final = re.compile(r"\$\{\s*\}")
# All names that pyxform has for the type, the longer ones first.
_LISTED: Final = re.compile(
    r"^(?:add select (?:one|multiple) prompt using|select all that apply(?: from)?|select one from|select[_ ]one_external|"
    r"select[_ ](?:one|multiple)|select1|rank)\s+(\S+)",
    re.IGNORECASE,
)
_LISTED_BESIDE: Final = re.compile(r"\b(?:reference-geometry|tick_labelset)\s*=\s*(\S+)")
_INSTANCE: Final = re.compile(r"""instance\(\s*['"]([^'"]+)['"]\s*\)""")
_TRANSLATED: Final = ("label", "hint", "guidance_hint", "constraint_message", "required_message")
_TRANSLATED_SHEETS: Final = ("survey", "choices")
# Not on the survey sheet, and yet a form has them.
_MADE: Final = frozenset({"instanceID", "instanceName"})
_ASKED_FOR_NOTHING: Final = re.compile(r"^(note|calculate|hidden|begin|end|start|today|deviceid|username|audit|xml-external)\b")
# Columns that pyxform reads references from; others (a designer's own notes) may hold anything.
_REFERRING: Final = re.compile(
    r"label|hint|guidance_hint|constraint|constraint_message|relevant|required|required_message|read_only|calculation|default|"
    r"choice_filter|repeat_count|trigger|instance_name|entity_id|create_if|update_if|appearance|(?:media|bind|body|instance)::.*"
)
_SAID: Final[dict[str, tuple[Code, Sentence]]] = {
    "formula": (
        "formula",
        Sentence(
            "This is a formula. The form takes the value that was last calculated; write the value itself to be sure of it."
        ),
    ),
    "formula-broken": ("formula", Sentence("This is a formula whose value the file does not hold. Write the value itself.")),
    "error": ("formula", Sentence("This cell holds an error of the spreadsheet program and no value. Write the value itself.")),
    "unwritable": (
        "unwritable",
        Sentence("A control character in this cell was left out, since no form can hold one."),
    ),
    "no-headings": ("no-headings", Sentence("The first row of this sheet is blank. Its headings must stand there.")),
    "merged": (
        "merged",
        Sentence("Merged cells: only the first of them holds the text, the others are blank for the form. Unmerge them."),
    ),
    "heading-twice": (
        "heading-twice",
        Sentence("This heading is used twice on the sheet. Rename or remove one of the two columns."),
    ),
    "unread": (
        "unread",
        Sentence("This and what follows is not read, because too many blank rows or headings stand before it."),
    ),
}
FORBIDS: Final = frozenset({"formula-broken", "error", "heading-twice", "no-headings"})


def found(seen: Iterable[tuple[str, str, int, int | None, str]], sheets: Sheets) -> list[Issue]:
    """What the child process saw in passing while it read the cells: kind, sheet, row, position of the column, text."""
    alike = defaultdict[tuple[str, str], list[Issue]](list)
    for kind, sheet_name, row, at, text in seen:
        sheet = sheets.by_name.get(sheet_name.strip().lower()) or Sheet(sheet_name)
        code, says = _SAID[kind]
        issue = placed("error" if kind in FORBIDS else "warning", says, code, sheet, row, at)
        alike[kind, sheet_name].append(replace(issue, text=text or issue.text))
    return [issue for issues in alike.values() for issue in _summed_up(issues)]


def _summed_up(issues: list[Issue]) -> list[Issue]:
    """The first of what is said again and again, and how much more there is, at the place of the next."""
    if len(issues) <= MANY + 1:
        return issues
    says = Sentence("{what} And so in {more} more places.", what=issues[MANY].says, more=len(issues) - MANY - 1)
    return [*issues[:MANY], replace(issues[MANY], says=says)]


def review(sheets: Sheets) -> list[Issue]:
    """Warnings about the sheets of a form that compiled. They look at every cell, so the child process asks for them."""
    return [*missing_translations(sheets), *unused_choices(sheets), *empty_references(sheets)]


def too_deep(sheets: Sheets) -> list[Issue]:
    """Groups within groups beyond what is read, where that begins; pyxform and libxml2 end there without a word."""
    survey, depth = sheets.by_name.get("survey"), 0
    for row in survey.rows if survey else ():
        kind = survey.cell(row, "type") if survey else ""
        depth += bool(BEGIN.match(kind)) - bool(END.match(kind))
        if survey and depth > DEEPEST:
            says = Sentence("More than {most} groups and repeats stand in each other here.", most=DEEPEST)
            return [placed("error", says, "form", survey, row.number, survey.column("type"))]
    return []


def form_id(definition: Definition, sheets: Sheets | None) -> list[Issue]:
    """What forbids a form's id: it becomes part of addresses, of files' names and of tablets' folders."""
    wanted, says = definition.xml_form_id, None
    if len(wanted) > _LONGEST_ID:
        says = Sentence(
            "The form id has {characters} characters; at most {most} can be used.", characters=len(wanted), most=_LONGEST_ID
        )
    elif any(ord(each) < ord(" ") or each in "/\\" for each in wanted):
        says = Sentence(
            "The form id '{id}' holds a slash or a control character. Use letters, digits, spaces, - and _ only.", id=wanted
        )
    elif sheets is not None and (_LIKE_A_FILE.search(wanted) or wanted in (".", "..")):
        says = Sentence(
            "The form id '{id}' looks like the name of a file or folder. It cannot end in .xls, .xlsx or .xml.", id=wanted
        )
    if says is None:
        return []
    settings = sheets.by_name.get("settings") if sheets else None
    if settings is None or not settings.rows:
        return [Issue("error", says, "form-id", text=wanted)]
    at = settings.column("form_id")
    at = settings.column("id_string") if at is None else at
    return [placed("error", says, "form-id", settings, settings.rows[0].number, at)]


def missing_media(definition: Definition, supplied: Collection[str], sheets: Sheets | None) -> list[Issue]:
    """The files that the form names and nobody has supplied, where it names them first.

    The list of entities that the form itself makes is there as soon as the form is published.
    """
    there = {*supplied, *(f"{each.dataset}.csv" for each in definition.entities)}
    missing = [file.name for file in definition.media if file.name not in there]
    places = _mentions(missing, sheets) if sheets and missing else {}
    return [_missing(name, places) for name in missing]


def retyped(earlier: Iterable[Definition], after: Definition) -> list[tuple[Field, Field]]:
    """The fields whose answers would no longer fit the column that their earlier answers are in, each with what it was.

    Source: ODK Central, 400.17.
    """
    found: dict[str, tuple[Field, Field]] = {}
    for before in earlier:
        for was in before.fields:
            now = after.by_path.get(was.path)
            if now is not None and now.type != was.type and "unknown" not in (now.type, was.type):
                found.setdefault(was.path, (now, was))
    return sorted(found.values(), key=lambda each: each[0].order)


def version_taken(earlier: Iterable[Definition], after: Definition, sheets: Sheets | None) -> list[Issue]:
    """A version that was published before cannot be published again; until then it can be given another name."""
    if after.version not in {before.version for before in earlier}:
        return []
    if after.version:
        says = Sentence(
            "The form has published the version '{version}' before. Give it another version before you publish it.",
            version=after.version,
        )
    else:
        says = Sentence("The form has published a version without a name before. Give it a version before you publish it.")
    settings = sheets.by_name.get("settings") if sheets else None
    if settings is None or not settings.rows:
        return [Issue("warning", says, "version-taken", text=after.version)]
    return [placed("warning", says, "version-taken", settings, settings.rows[0].number, settings.column("version"))]


def changed_types(changed: Iterable[tuple[Field, Field]], sheets: Sheets | None) -> list[Issue]:
    """What forbids each of these changes of a field's type, at the field's row."""
    survey = sheets.by_name.get("survey") if sheets else None
    return [
        _about_field(
            survey,
            sheets.survey_rows.get(each.path) if sheets else None,
            _retyped(was, each),
            each.path,
            each.name,
        )
        for each, was in changed
    ]


def type_changed(changed: Sequence[tuple[Field, Field]], issues: Sequence[Issue]) -> FieldTypeChanged:
    """The refusal that carries *issues*; its sentence tells the first of the fields that *changed*, and its place."""
    (first, was), told = changed[0], next(each for each in issues if each.code == "type-changed")
    place = Sentence("{place}: ", place=told.place) if told.sheet else ""
    return FieldTypeChanged(place=place, path=first.path, type=was.type, issues=[*issues])


def missing_translations(sheets: Sheets) -> Iterator[Issue]:
    """Cells left blank in one language and filled in another, and sheets that lack a language of the form."""
    used = _lists_used(sheets)
    for name in _TRANSLATED_SHEETS:
        sheet = sheets.by_name.get(name)
        rows = [row for row in sheet.rows if name == "survey" or _list_of(sheet, row) in used] if sheet else []
        if sheet is None or not rows:
            continue
        for kind, columns in _translations(sheets, sheet).items():
            if len(columns) > 1:
                yield from _blank_in(sheet, rows, kind, columns)
        yield from _wholly_blank_in(sheets, sheet)


def unused_choices(sheets: Sheets) -> Iterator[Issue]:
    """Lists that no question offers and no expression looks into, where they begin."""
    choices, used = sheets.by_name.get("choices"), _lists_used(sheets)
    if choices is None:
        return
    at, told = choices.column("list_name"), set[str]()
    for row in choices.rows:
        name = _list_of(choices, row)
        if name and name not in used and name not in told:
            told.add(name)
            says = Sentence("No question uses the choices '{list}'.", list=name)
            yield placed("warning", says, "choices-unused", choices, row.number, at)


def lost_references(sheets: Sheets) -> list[Issue]:
    """`${…}` that name no question, cell by cell: in a form that pyxform refuses for one it tells no other."""
    survey = sheets.by_name.get("survey")
    if survey is None:
        return []
    names = {survey.cell(row, "name") for row in survey.rows} | _MADE
    return [
        placed("error", _lost(lost), "reference", sheet, row.number, at)
        for sheet, row, at in _referring(sheets)
        for lost in dict.fromkeys(_REFERENCE.findall(row.cells[at]))
        if lost not in names
    ]


def empty_references(sheets: Sheets) -> list[Issue]:
    """`${}`, which pyxform takes for text: in an expression no tablet understands it, and elsewhere each shows it as it is."""
    says = Sentence("${{}} names no question.")
    return [
        placed("warning", says, "reference", sheet, row.number, at)
        for sheet, row, at in _referring(sheets)
        if _EMPTY_REFERENCE.search(row.cells[at])
    ]


def _referring(sheets: Sheets) -> Iterator[tuple[Sheet, Row, int]]:
    """The cells with references that pyxform reads."""
    for sheet in sheets.by_name.values():
        for at, (name, _) in enumerate(sheet.meanings):
            if _REFERRING.fullmatch(name):
                for row in sheet.rows:
                    if at < len(row.cells) and "${" in row.cells[at]:
                        yield sheet, row, at


def blanking_properties(sheets: Sheets, definition: Definition) -> Iterator[Issue]:
    """`save_to` of questions that may be left blank, in a form that updates entities: a blank answer clears the property.

    Source: ODK Central: a property absent from a submission is left alone, one present but empty is cleared.
    """
    survey = sheets.by_name.get("survey")
    updated = {path for each in definition.entities if each.updates for path in each.properties.values()}
    if survey is None or not updated:
        return
    rows = {survey.cell(row, "name"): row for row in survey.rows}
    at = survey.column("save_to")
    for path, row in sheets.survey_rows.items():
        if path in updated and _may_be_blank(survey, row, rows):
            property_name = survey.cell(row, "save_to").rpartition("#")[2]  # the list's name may stand before it
            says = Sentence(
                "When this is left blank, an update clears the property '{property}'. Require an answer, or save a "
                "calculation that falls back to the old value.",
                property=property_name,
            )
            yield placed("warning", says, "save-to-blank", survey, row.number, at)


def _may_be_blank(survey: Sheet, row: Row, rows: dict[str, Row]) -> bool:
    calculation = survey.cell(row, "calculation")
    if calculation:
        copied = _REFERENCE.fullmatch(calculation)
        source = rows.get(copied[1]) if copied else None
        return source is not None and _may_be_blank(survey, source, {})
    if _ASKED_FOR_NOTHING.match(survey.cell(row, "type").lower()):
        return False
    return survey.cell(row, "required").lower() not in ("yes", "true", "true()") and not survey.cell(row, "default")


def _retyped(was: Field, now: Field) -> Sentence:
    """In the words of a spreadsheet's column `type`, where these tell the two apart."""
    types = (kind_of(was), kind_of(now))
    if types[0] == types[1]:
        types = (was.type, now.type)
    return Sentence(
        "'{name}' has the type {was} in a published version and {type} now. Give the question another name.",
        name=now.name,
        was=types[0],
        type=types[1],
    )


def _lost(name: str) -> Sentence:
    return Sentence("${{{name}}} refers to a question '{name}', and the form has none of that name.", name=name)


def _about_field(survey: Sheet | None, row: Row | None, says: Sentence, path: str, name: str) -> Issue:
    if survey is None or row is None:
        return Issue("error", says, "type-changed", text=path, question=name)
    return placed("error", says, "type-changed", survey, row.number, survey.column("type"))


def _mentions(names: Collection[str], sheets: Sheets) -> dict[str, tuple[Sheet, int, int]]:
    """Where each of *names*, or a data file's name without its ending, first stands in a cell: alone, or as a word of it."""
    wanted = set(names) | {name.removesuffix(".csv") for name in names}
    found: dict[str, tuple[Sheet, int, int]] = {}
    for sheet in sheets.by_name.values():
        for row in sheet.rows:
            for at, cell in enumerate(row.cells[: len(sheet.headings)]):
                for word in (cell, *_WORD.findall(cell)):
                    if word in wanted:
                        found.setdefault(word, (sheet, row.number, at))
    return found


def _missing(name: str, places: dict[str, tuple[Sheet, int, int]]) -> Issue:
    says = Sentence("The form needs the file '{file}', which nobody has supplied yet.", file=name)
    place = places.get(name) or places.get(name.removesuffix(".csv"))
    return placed("warning", says, "media", *place) if place else Issue("warning", says, "media", text=name)


def _lists_used(sheets: Sheets) -> set[str]:
    used = set[str]()
    for sheet in sheets.by_name.values():
        for row in sheet.rows:
            for cell in row.cells:
                used.update(_INSTANCE.findall(cell))
    survey = sheets.by_name.get("survey")
    for row in survey.rows if survey else ():
        listed = _LISTED.match(survey.cell(row, "type")) if survey else None
        if listed and survey:
            used.add(listed[1])
        used.update(_LISTED_BESIDE.findall(survey.cell(row, "parameters") if survey else ""))
    return used


def _list_of(choices: Sheet, row: Row) -> str:
    return choices.cell(row, "list_name")


def _translations(sheets: Sheets, sheet: Sheet) -> dict[str, dict[str, list[int]]]:
    """kind of text → language → its columns: the default language may have two, one of which does not name it."""
    settings = sheets.by_name.get("settings")
    default = settings.cell(settings.rows[0], "default_language") if settings and settings.rows else ""
    kinds = defaultdict[str, dict[str, list[int]]](lambda: defaultdict(list))
    for at, (kind, language) in enumerate(sheet.meanings):
        if kind in _TRANSLATED or kind.startswith("media::"):
            kinds[kind]["" if language == default else language].append(at)
    return kinds


def _blank_in(sheet: Sheet, rows: list[Row], kind: str, columns: dict[str, list[int]]) -> Iterator[Issue]:
    def filled(row: Row, places: Iterable[int]) -> bool:
        return any(at < len(row.cells) and bool(row.cells[at].strip()) for at in places)

    every = [at for places in columns.values() for at in places]
    for language, places in columns.items():
        blank = [row for row in rows if not filled(row, places) and filled(row, every)]
        says = _no_file(language) if kind.startswith("media::") else _untranslated(language)
        for row in blank[:MANY]:
            yield placed("warning", says, "translation", sheet, row.number, places[0])
        if len(blank) > MANY:
            says = _more_untranslated(language, len(blank) - MANY)
            yield placed("warning", says, "translation", sheet, blank[MANY].number, places[0])


def _wholly_blank_in(sheets: Sheets, sheet: Sheet) -> Iterator[Issue]:
    """Labels without a column in a language that another sheet has; pyxform says it of columns of one sheet only.

    Labels in no language are shown in all.
    """
    here = _translations(sheets, sheet)
    known = {language for columns in here.values() for language in columns}
    if not any(here.get("label", ())):
        return
    at = next(iter(here["label"].values()))[0]
    others = (sheets.by_name[name] for name in _TRANSLATED_SHEETS if name in sheets.by_name)
    languages = (each for other in others for columns in _translations(sheets, other).values() for each in columns)
    for language in dict.fromkeys(languages):
        if language and language not in known:
            says = Sentence("No text of this sheet is translated into {language}: a tablet shows '-' instead.", language=language)
            yield placed("warning", says, "translation", sheet, 1, at)


def _untranslated(language: str) -> Sentence:
    if not language:
        return Sentence("Not translated into the default language: a tablet shows '-' instead.")
    return Sentence("Not translated into {language}: a tablet shows '-' instead.", language=language)


def _no_file(language: str) -> Sentence:
    if not language:
        return Sentence("There is no file for the default language: a tablet shows none in it.")
    return Sentence("There is no file for {language}: a tablet shows none in it.", language=language)


def _more_untranslated(language: str, rows: int) -> Sentence:
    if not language:
        return Sentence("{rows} more rows of this column are not translated into the default language.", rows=rows)
    return Sentence("{rows} more rows of this column are not translated into {language}.", rows=rows, language=language)
