"""The engine that Collect uses fills the same sheets into the same forms, and must come to the same submissions."""

import csv
import re
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from server.demo.chronicle import Interview
from server.demo.questionnaire import Questionnaire
from tests.collector.collector import Collector
from tests.collector.fixtures import XLSFORMS
from tests.server.demo.conftest import Seen, Told

pytestmark = pytest.mark.java

COLUMNS = [
    *("name", "label", "__version", "__trunkVersion", "__branchId", "case_no", "initials", "sex", "birth_year", "nationality"),
    *("team", "phase", "ref_to", "ref_status", "ref_due", "last_contact", "next_due", "name_key"),
]


def sheet_of(interview: Interview, form: Questionnaire) -> dict[str, Any]:
    """The questions that were asked, with their answers, as the collector takes them."""
    cleared = {one.place: None for one in interview.edits.asked} if interview.edits is not None else {}
    sheet: dict[str, Any] = {"answers": {place: None for place in cleared if "[" not in place}, "repeats": {}}
    for asked in interview.filled.asked:
        control = form.specs[asked.path].control
        answer = asked.answer.split() if control is not None and control.kind == "select" else asked.answer
        row = re.match(r"(.+)\[(\d+)\]/(.+)", asked.place)
        if row is None:
            sheet["answers"][asked.place] = answer
            continue
        rows = sheet["repeats"].setdefault(row[1], [])
        rows.extend({} for _ in range(int(row[2]) - len(rows)))
        rows[int(row[2]) - 1][row[3]] = answer
    return sheet


def said(xml: bytes) -> list[tuple[str, str, dict[str, str]]]:
    """Every element in order, with names for what each device draws for itself."""
    root = etree.fromstring(xml)
    names = {
        root.findtext("e_dup/entity_uuid") or "-": "the new entity",
        root.findtext("{*}meta/{*}instanceID") or "-": "the instance",
    }
    found = []
    for element in root.iter():
        if element.tag == "end":  # the collector's interviews take no time
            continue
        attributes = {str(name): names.get(str(value), str(value)) for name, value in element.attrib.items()}
        text = element.text or ""
        found.append((etree.QName(element).localname, names.get(text, text), attributes))
    return found


def media_of(seen: Seen, folder: Path) -> Path:
    folder.mkdir()
    (folder / "staff.csv").write_bytes((XLSFORMS / "staff.csv").read_bytes())
    with (folder / "cases.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(seen.cases)
    return folder


def test_javarosa_comes_to_the_same_submissions(
    told: Told,
    questionnaires: dict[str, Questionnaire],
    collector: Collector,
    xforms: dict[str, Path],
    tmp_path: Path,
) -> None:
    for number, seen in enumerate(told.interviews):
        interview = seen.interview
        earlier = None
        if interview.edits is not None:
            earlier = tmp_path / f"earlier{number}.xml"
            earlier.write_bytes(interview.edits.xml)
        filled = collector.attempt(
            xforms[interview.form_id],
            sheet_of(interview, questionnaires[interview.form_id]),
            tmp_path / str(number),
            media=media_of(seen, tmp_path / f"media{number}"),
            clock=interview.tablet.now.replace(tzinfo=UTC),
            earlier=earlier,
            properties={"deviceid": interview.tablet.device_id},
        )

        assert said(interview.filled.xml) == said(filled.xml.read_bytes())
