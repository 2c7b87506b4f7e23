from datetime import UTC, date, datetime, timedelta

from cases.viewing import CaseLine, CaseView, Happened, Line, Said
from server.admin import case_layout
from server.admin.case_words import CaseWords
from server.languages import LANGUAGES

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SAID = Said("intake", "uuid:1", "042", NOON, NOON)
LATER = Said("reintegration_followup", "uuid:2", "312", NOON, NOON)
WORDS = CaseWords((), LANGUAGES["en"])
HEAD = CaseLine("c", "042-0996351-30", "open", "intake", None, None, None, None)


def case(*happened: Happened, **sections: list[Line]) -> CaseView:
    return CaseView(HEAD, {}, list(happened), sections)


def event(kind: str, at: datetime = NOON, said: Said = SAID, table: str = "", key: str = "") -> Happened:
    return Happened(at, kind, table, key, said)


def test_what_one_submission_tells_of_one_moment_stands_together_the_newest_first() -> None:
    told = case_layout.timeline(
        case(
            event("registered"),
            event("consent"),
            event("consent", said=LATER),
            event("followed_up", NOON + timedelta(days=1), LATER),
        ),
        WORDS,
    )

    assert [(one.said, [each.kind for each in one.events]) for one in told] == [
        (LATER, ["followed_up"]),
        (LATER, ["consent"]),
        (SAID, ["consent", "registered"]),
    ]


def test_what_is_known_to_the_day_shows_no_hour() -> None:
    midnight = NOON.replace(hour=0)

    told = case_layout.timeline(case(event("service", midnight), event("registered")), WORDS)

    assert [one.day for one in told] == [None, date(2026, 11, 24)]


def test_a_line_tells_of_its_row_only_what_the_viewer_sees_of_it() -> None:
    seen = Line("r1", {"to_org": "esther"}, "valid", SAID)
    happened = [event("referral_sent", table="referral", key=key) for key in ("r1", "r2")]

    [told] = case_layout.timeline(case(*happened, referral=[seen]), WORDS)

    assert [each.gist for each in told.events] == ["", "Esther"]


def test_a_referral_that_nobody_answered_has_expired_seven_days_after_it_was_due() -> None:
    sent = Line("r1", {"state": "sent", "due_at": NOON}, "valid", SAID)

    def state(now: datetime) -> object:
        [section] = case_layout.sections(case(referral=[sent]), WORDS, now)
        return section.rows[0].others[0].shown

    assert state(NOON + timedelta(days=7)) == "Sent"
    assert state(NOON + timedelta(days=7, seconds=1)) == "Expired"


def test_hashes_and_what_only_machines_follow_are_not_shown() -> None:
    person = Line("", {"given_name": "Awa", "name_key": "0123456789abcdef", "languages": []}, "valid", SAID)

    [section] = case_layout.sections(case(person=[person]), WORDS, NOON)

    assert [(value.name, value.shown) for value in section.rows[0].others] == [("Given name", "Awa")]


def test_years_have_no_thousands_and_money_is_a_number() -> None:
    person = Line("", {"birth_year": 1994}, "valid", SAID)
    journey = Line("", {"debt_amount_xof": 250000, "departure_month": "2025-01"}, "valid", SAID)

    shown = case_layout.sections(case(person=[person], journey=[journey]), WORDS, NOON)

    assert [(value.kind, value.shown) for section in shown for value in section.rows[0].others] == [
        ("text", 1994),
        ("number", 250000),
        ("month", "2025-01"),
    ]
