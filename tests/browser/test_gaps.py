"""What ODK Web Forms does with each type of question, against what people are told of it; and its map, which asks nobody."""

import re
from pathlib import Path

import pytest

from forms.definition.browser_gaps import Gap, lacking
from forms.definition.reading import read
from forms.store import forms as forms_store
from storage import unit_of_work
from tests.browser.answering import answer, question, send
from tests.browser.conftest import Enter
from tests.browser.desk import Desk
from tests.forms.workbooks import Rows, workbook

pytestmark = [pytest.mark.browser, pytest.mark.java]

PLAIN_TEXT = "input[type=text].p-inputtext:not([role])"
# Type, appearance, what we say of it, and what the browser shows (empty: no place for an answer at all).
QUESTIONS: list[tuple[str, str | None, Gap | None, str]] = [
    ("audio", None, Gap.UPLOAD, ""),
    ("video", None, Gap.UPLOAD, ""),
    ("file", None, Gap.UPLOAD, ""),
    ("image", None, None, "input[type=file]"),
    ("image", "signature", Gap.DRAWING, "input[type=file]"),
    ("barcode", None, Gap.BARCODE, PLAIN_TEXT),
    ("dateTime", None, Gap.DATE_TIME, PLAIN_TEXT),
    ("time", None, None, "input[role=combobox]"),
    ("date", None, None, "input[role=combobox]"),
    ("date", "ethiopian", Gap.APPEARANCE, "input[role=combobox]"),
    ("text", None, None, PLAIN_TEXT),
    ("text", "multiline", None, "textarea"),
    ("text", "numbers", Gap.NUMBERS, "input[inputmode=numeric]"),
    ("text", "url", Gap.APPEARANCE, PLAIN_TEXT),
    ("integer", None, None, "input[role=spinbutton]"),
    ("decimal", None, None, "input[role=spinbutton]"),
    ("range", None, None, "[role=slider]"),
    ("rank places", None, None, "li, .rank-option"),
    ("select_one places", None, None, "input[type=radio]"),
    ("select_one places", "minimal", None, "[role=combobox]"),
    ("select_one places", "image-map", Gap.APPEARANCE, "input[type=radio]"),
    ("select_multiple places", None, None, "input[type=checkbox]"),
    ("acknowledge", None, None, "input[type=checkbox]"),
    ("geopoint", None, None, "button:has-text('Get location')"),
    ("geopoint", "placement-map", Gap.MAP, ".map-block"),
    ("geotrace", None, Gap.MAP, ".map-block"),
    ("geoshape", None, Gap.MAP, ".map-block"),
    ("select_one places", "map", Gap.MAP, ".map-block"),
]
CONTROL = "input, textarea, button, canvas, [role=slider], [role=combobox]"


def labelled(number: int) -> str:
    type_, appearance, *_ = QUESTIONS[number]
    return f"{number} {type_} {appearance or ''}".strip()


def every_type(folder: Path) -> Path:
    """A form with a question of each type."""
    survey: Rows = [["type", "name", "label", "appearance", "parameters", "bind::case:class"]]
    for number, (type_, appearance, *_) in enumerate(QUESTIONS):
        parameters = "start=0 end=10 step=1" if type_ == "range" else None
        survey.append([type_, f"q{number}", labelled(number), appearance, parameters, "pub"])
    choices: Rows = [
        ["list_name", "name", "label", "geometry"],
        ["places", "bko", "Bamako", "12.64 -8.0 0 0"],
        ["places", "gao", "Gao", "16.27 -0.04 0 0"],
    ]
    settings: Rows = [["form_title", "form_id", "version", "namespaces"], ["All", "all", "1", 'case="urn:siraba:case:1"']]
    made = workbook(folder, survey=survey, choices=choices, settings=settings)
    return made.rename(folder / "all.xlsx")


def test_the_list_of_gaps_is_what_is_installed_and_a_map_asks_nobody(desk: Desk, enter: Enter, tmp_path: Path) -> None:
    desk.publish(every_type(tmp_path))
    with unit_of_work.reading(desk.site.database) as unit:
        xform = forms_store.xform_of(unit, forms_store.form_of(unit, desk.project_id, "all").version_id or 0)
    said = {each.path: each.gap for each in lacking(xform, read(xform))}
    assert said == {f"/q{number}": gap for number, (_, _, gap, _) in enumerate(QUESTIONS) if gap is not None}

    at = enter("all")
    page = at.page
    for asked, (*_, shows) in zip(page.locator(".question-container").all(), QUESTIONS, strict=True):
        asked.scroll_into_view_if_needed()
        if shows:
            asked.locator(shows).first.wait_for(state="attached")
        else:
            assert asked.locator(CONTROL).count() == 0
    answer(page, labelled(QUESTIONS.index(("text", "numbers", Gap.NUMBERS, "input[inputmode=numeric]"))), "+22366")
    walked = question(page, labelled(QUESTIONS.index(("geotrace", None, Gap.MAP, ".map-block"))))
    walked.scroll_into_view_if_needed()
    for x, y in ((150, 150), (300, 200)):
        walked.locator("canvas").first.click(position={"x": x, "y": y})
    send(page)

    sent = desk.only()
    assert sent.findtext("q12") == "22366"
    assert re.fullmatch(r"-?[\d.]+ -?[\d.]+;-?[\d.]+ -?[\d.]+", sent.findtext("q25") or "")
    assert [address for address in desk.asked if not address.startswith((desk.address, "data:", "blob:"))] == []
    assert [one for one in at.wrong if "GL Driver Message" not in one] == []  # drawing on a machine without a graphics card
