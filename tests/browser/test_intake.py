"""The programme's intake form, filled in the browser by somebody who is signed in: what arrives, and the case made of it."""

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select

from server import worker
from server.web.surface import Site
from storage import unit_of_work
from storage.schema import metadata
from tests.browser.answering import Answer, answer_all, send
from tests.browser.conftest import Enter
from tests.browser.desk import Desk

pytestmark = pytest.mark.browser

PICTURE = Path(__file__).parents[2] / "docs" / "case-page.png"
YES, NO = "yes", "no"
ANSWERS: list[tuple[str, Answer]] = [
    ("Your staff code", "042 · Awa · agente"),
    ("Site", "bko_iom"),
    ("How did the person reach us?", "self"),
    ("Interview language", "bm"),
    ("Is an interpreter taking part?", NO),
    ("Can we talk here privately and safely, without the recruiter, smuggler or employer?", YES),
    ("Type of contact", "new"),
    ("How was the information given?", "read_aloud"),
    ("Capacity to consent", "adult"),
    ("1. I agree to my data being collected to help me", YES),
    ("2. I agree to sharing with the clinic for my care", YES),
    ("3. I agree to be contacted again", YES),
    ("4. I agree to a photo being taken", YES),
    ("5. I agree to my data being used, without my name, in statistics", NO),
    ("Evidence of consent", "sign"),
    ("Signature or cross", PICTURE),
    ("First name(s)", "Kadidia"),
    ("Family name (jamu)", "N'Diaye"),
    ("Sex", "f"),
    ("Date of birth", "year"),
    ("Year of birth", 1998),
    ("Nationality", "Guinea"),
    ("Documents held", ["nid", "vacc"]),
    ("Telephone (international format)", "22366778899"),
    ("Whose number is it?", "own"),
    ("Is it safe to call or text?", YES),
    ("Face photo", PICTURE),
    ("Country of departure", "Guinea"),
    ("Main route", "gao_dz"),
    ("Migration status", "irregular"),
    ("Travelling with", "family"),
    ("Where do you sleep?", "shelter"),
    ("Current region", "Bamako (district)"),
    ("Individual factors", ["nodoc"]),
    ("Household factors", ["none"]),
    ("Community factors", ["none"]),
    ("Structural factors", ["none"]),
    ("Urgent needs today", ["medical", "doc"]),
    ("Does the person agree to talk about work and the journey?", NO),
    ("Are you in danger now?", NO),
    ("How many dependants or relatives are with you or concern us?", 1),
    ("First name", "Issa"),
    ("Sex", "m"),  # of the household's member, which stands last
    ("Age", 4),
    ("Relationship to the person", "child"),
    ("Travels / lives with the person?", YES),
    ("Should an own case be opened?", NO),
    ("Help the person asks for", ["document"]),
    ("Was a service given today?", NO),
    ("Refer the person?", YES),
    ("To", "ESTHER clinic"),
    ("For which needs", ["medical"]),
    ("Urgency", "urgent"),
    ("Transport or escort needed?", NO),
    ("Add documents?", NO),
    ("Risk level", "medium"),
    ("I gave the card and explained how to complain or withdraw consent", ["true"]),
]


SENT = {
    "staff": "042", "site": "bko_iom", "private_ok": "yes", "c_collect": "yes", "first_name": "Kadidia", "last_name": "N'Diaye",
    "birth_year": "1998", "nationality": "GN", "docs": "nid vacc", "is_new": "yes", "hh_first": "Issa", "hh_sex": "m", "sex": "f",
    "urgent": "medical doc", "ref_to": "esther", "phase": "intake", "done": "OK",
}  # fmt: skip
# Web Forms writes no noughts at the end of a second.
MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?[+-]\d\d:\d\d"
PATTERNS = {
    "start": MOMENT,
    "end": MOMENT,
    "deviceid": r"siraba:web:[0-9a-f-]{36}",
    "case_no": r"042-\d{7}-\d\d",
    "entity_uuid": r"[0-9a-f-]{36}",
    "instanceID": r"uuid:[0-9a-f-]{36}",
    "instanceName": r"ACCUEIL 042-\d{7}-\d\d",
    "c_signature": r"\d+\.png",
    "photo": r"\d+\.png",
}


def rows(site: Site, table: str, *columns: str) -> list[tuple[Any, ...]]:
    """What the case record holds."""
    found: Table = metadata.tables[table]
    with unit_of_work.reading(site.database) as unit:
        return [tuple(row) for row in unit.connection.execute(select(*(found.c[name] for name in columns)))]


def test_an_intake_that_was_filled_in_the_browser_becomes_a_case_with_its_pictures(desk: Desk, enter: Enter) -> None:
    at = enter("intake")
    answer_all(at.page, ANSWERS)

    send(at.page)

    sent = desk.only()
    assert sent.get("id") == "intake"
    said = {str(each.tag).rpartition("}")[2]: each.text or "" for each in sent.iter()}
    assert {name: said[name] for name in SENT} == SENT
    for name, pattern in PATTERNS.items():
        assert re.fullmatch(pattern, said[name]), (name, said[name])
    assert said["label"] == f"{said['case_no']} · K.N. · f · 1998 · GN"
    assert "c_audio" not in said  # never asked, so it is not there
    (entity,) = sent.iter("{*}entity")
    assert (entity.get("dataset"), entity.get("create"), entity.get("id")) == ("cases", "true", said["entity_uuid"])
    assert sorted(desk.files()) == sorted((said[name], "image/png") for name in ("c_signature", "photo"))
    assert desk.sent_by() == ["awa"]

    worker.work_until_idle(desk.site.database)
    assert rows(desk.site, "case", "case_id", "case_no", "site") == [(said["entity_uuid"], said["case_no"], "bko_iom")]
    assert rows(desk.site, "person", "given_name", "family_name", "sex", "birth_year", "nationality") == [
        ("Kadidia", "N'Diaye", "f", 1998, "GN")
    ]
    assert rows(desk.site, "household_member", "given_name", "sex") == [("Issa", "m")]
    assert rows(desk.site, "referral", "to_org", "state", "urgency") == [("esther", "sent", "urgent")]
    consents = dict(rows(desk.site, "consent", "scope", "decision"))
    assert (consents["collect"], consents["reporting"]) == ("yes", "no")
    assert at.wrong == []
