"""Stories of invented people, from the first meeting to the last call a year after the return.

Each story is drawn from its own seed, so the same seed gives the same bytes. They unfold side by side in one `Chronicle`, which
makes what real life makes: a clinic visit that arrives before its registration, a person registered twice, a form sent again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Final

from server.demo import followup_answers, health_answers, intake_answers
from server.demo.chronicle import DEVICE_PREFIX, Arriving, Chronicle, Device, Posting, Watch
from server.demo.expressions import Row
from server.demo.filling import Answers, Filled
from server.demo.people import Draw, Person, person
from server.demo.questionnaire import ListedRows, Questionnaire

INTAKE, HEALTH, FOLLOWUP = "intake", "health_assessment", "reintegration_followup"
BEGINS: Final = date(2025, 1, 6)
ENDS: Final = date(2026, 10, 31)
CLINIC: Final = "bko_esther"
ROUNDS: Final = (("baseline", 20), ("m6", 183), ("m12", 365))
KINDS: Final = {"adult": 78, "child": 12, "refused": 4, "not_private": 3, "unregistered": 3}


@dataclass(slots=True)
class _Case:
    """A registered person, as the stories go on."""

    person: Person
    device: Device
    answers: Answers
    sent: Arriving
    number: str
    case_id: str


@dataclass(frozen=True, slots=True)
class _Call:
    """A follow-up that is planned: how well the person does by then, and who calls."""

    round: str
    returned_on: date
    fortune: float
    device: Device
    delay: timedelta | None = None


def stories(
    forms: Mapping[str, Questionnaire],
    staff: Sequence[Row],
    *,
    seed: str,
    cases: int,
    begins: date = BEGINS,
    ends: date = ENDS,
    watch: Watch | None = None,
) -> Iterator[Posting]:
    """What arrives of *cases* stories that happen from *begins* to *ends*, in order of arrival.

    *forms*: the three forms by id; *staff*: the rows of `staff.csv`. *watch* is shown each form when it was just filled in.
    Raises: Unfillable, when the forms have changed so much that these stories no longer fit them.
    """
    chronicle = Chronicle(forms, ListedRows(staff), datetime.combine(ends, time(20)), watch)
    teller = _Teller(chronicle, staff)
    for number in range(cases):
        draw = Draw(f"{seed}/{number}")
        day = begins + timedelta(days=draw.between(0, (ends - begins).days))
        moment = datetime.combine(day, time(8)) + timedelta(minutes=draw.between(0, 9 * 60))
        teller.begin(draw, moment)
    return chronicle.postings()


class _Teller:
    """Tells the stories: each method is something that happens, and arranges what comes of it."""

    def __init__(self, chronicle: Chronicle, staff: Sequence[Row]) -> None:
        self._now = chronicle
        self._devices = {
            row["name"]: chronicle.device(f"{DEVICE_PREFIX}{row['name']}", row["name"], row.get("site", "")) for row in staff
        }
        self._agents = [one for one in self._devices.values() if one.site in intake_answers.TOWNS]
        others = [one for one in self._devices.values() if one.site not in intake_answers.TOWNS]
        self._agents = self._agents or list(self._devices.values())
        self._clinic = [one for one in others if one.site == CLINIC] or self._agents
        self._callers = [one for one in others if one.site != CLINIC] or self._agents

    def begin(self, draw: Draw, moment: datetime) -> None:
        """Arrange the first event of a story."""
        kind = draw.weighed(KINDS)
        if kind == "unregistered":
            self._now.at(moment, partial(self._unregistered, draw, moment))
        else:
            device = draw.one(self._agents)
            # Only now, since a day that comes later must not take this minute.
            at = self._now.free_moment(device, moment)
            self._now.at(at, partial(self._first_meeting, draw, device, at, kind))

    def _first_meeting(self, draw: Draw, device: Device, moment: datetime, kind: str) -> None:
        somebody = person(draw, moment.date(), child=kind == "child")
        visit = _intake_visit(device, moment)
        visit = replace(visit, consents=kind != "refused", private=kind != "not_private")
        together = kind in ("adult", "child") and draw.chance(0.04)
        case = self._register(draw, device, somebody, visit, moment, kind, delay=timedelta(days=3) if together else None)
        if not case.case_id:
            return
        if together:
            self._seen_on_the_spot(draw, case, moment)
        self._go_on(draw, case, moment)

    def _register(
        self,
        draw: Draw,
        device: Device,
        somebody: Person,
        visit: intake_answers.Visit,
        moment: datetime,
        about: str,
        *,
        delay: timedelta | None = None,
    ) -> _Case:
        answers = intake_answers.answers(self._now.forms[INTAKE], draw, somebody, visit)
        filled = self._now.fill(draw, device, INTAKE, answers, moment)
        sent = self._now.send(draw, device, INTAKE, filled, moment, about, delay=delay)
        return _Case(somebody, device, answers, sent, filled.saved.get("case_no", ""), filled.entity.get("id", ""))

    def _go_on(self, draw: Draw, case: _Case, moment: datetime) -> None:
        """What may come after a registration."""
        if draw.chance(0.06):
            later = moment + timedelta(hours=draw.between(2, 60))
            self._now.at(later, partial(self._edit, draw, case, later))
        if _goes_to_clinic(case.sent.filled) or draw.chance(0.08):
            self._arrange_clinic(draw, case, moment)
        if draw.chance(0.05):
            back = moment + timedelta(days=draw.between(20, 240))
            self._now.at(back, partial(self._come_back, draw, case, back))
        elif draw.chance(0.02):
            again = moment + timedelta(days=draw.between(5, 120))
            self._now.at(again, partial(self._register_twice, draw, case, again))
        if draw.chance(0.45):
            self._arrange_return(draw, case, moment + timedelta(days=draw.between(20, 90)))

    def _arrange_clinic(self, draw: Draw, case: _Case, moment: datetime) -> None:
        first = moment + timedelta(hours=draw.between(3, 140))
        action = draw.weighed({"accept": 62, "done": 28, "decline": 6, "noshow": 4})
        kind = draw.weighed({"first": 70, "assess": 12, "emergency": 10, "admission": 8})
        self._now.at(first, partial(self._visit_clinic, draw, case, first, kind, action))
        if action == "accept" and draw.chance(0.5):
            second = first + timedelta(days=draw.between(3, 21))
            kind = draw.weighed({"followup": 80, "discharge": 20})
            self._now.at(second, partial(self._visit_clinic, draw, case, second, kind, "done"))

    def _arrange_return(self, draw: Draw, case: _Case, returned: datetime) -> None:
        if draw.chance(0.4):
            before = returned - timedelta(days=draw.between(2, 10))
            self._now.at(before, partial(self._visit_clinic, draw, case, before, "ftt", "none"))
        fortune = draw.random.uniform(0.15, 0.6)
        for number, (round_, days) in enumerate(ROUNDS):
            moment = returned + timedelta(days=days + draw.between(-8, 15))
            doing = min(1.0, fortune + number * draw.random.uniform(0.02, 0.2))
            call = _Call(round_, returned.date(), doing, draw.one(self._callers))
            self._now.at(moment, partial(self._call, draw, case, moment, call))

    def _visit_clinic(self, draw: Draw, case: _Case, moment: datetime, kind: str, action: str) -> None:
        """A visit; when the clinic's tablet does not know the case yet, it goes by the paper slip."""
        device = draw.one(self._clinic)
        self._see(draw, device, case, moment, kind, action, kind)

    def _see(
        self,
        draw: Draw,
        device: Device,
        case: _Case,
        moment: datetime,
        kind: str,
        action: str,
        about: str,
        *,
        delay: timedelta | None = None,
    ) -> None:
        known = bool(device.cases.row(case.case_id))
        visit = health_answers.Visit(
            on=moment.date(),
            staff=device.staff,
            kind=kind,
            referral=action,
            number=case.number if known else "",
            case_id=case.case_id if known else "",
            slip="" if known else case.number,
            mark=_mark(moment),
        )
        answers = health_answers.answers(draw, case.person, visit)
        filled = self._now.fill(draw, device, HEALTH, answers, moment)
        self._now.send(draw, device, HEALTH, filled, moment, about if known else "by slip", delay=delay)

    def _seen_on_the_spot(self, draw: Draw, case: _Case, moment: datetime) -> None:
        """On one tablet without network: a nurse travels with the team, and the visit is sent before the registration."""
        later = moment + timedelta(hours=1)

        plan = partial(self._see, draw, case.device, case, later, "first", "none", "before its intake")
        self._now.at(later, partial(plan, delay=timedelta(hours=5)))
        if draw.chance(0.3):
            afterwards = later + timedelta(hours=1)
            call = _Call("adhoc", moment.date(), 0.4, case.device, timedelta(hours=3))
            self._now.at(afterwards, partial(self._call, draw, case, afterwards, call))

    def _unregistered(self, draw: Draw, moment: datetime) -> None:
        """Somebody comes to the clinic whom nobody registered."""
        device = draw.one(self._clinic)
        somebody = person(draw, moment.date(), child=draw.chance(0.1))
        visit = health_answers.Visit(moment.date(), device.staff, "emergency", "none", mark=_mark(moment))
        filled = self._now.fill(draw, device, HEALTH, health_answers.answers(draw, somebody, visit), moment)
        self._now.send(draw, device, HEALTH, filled, moment, "unregistered")

    def _edit(self, draw: Draw, case: _Case, moment: datetime) -> None:
        """The officer corrects a registration that was sent."""
        sheet = {**case.answers.single, "last_name": case.person.misspelt().family_name, "notes": "Nom corrigé."}
        answers = Answers({**sheet, "next_date": ""}, case.answers.repeats)
        filled = self._now.fill(draw, case.device, INTAKE, answers, moment, case.sent.filled)
        self._now.send(draw, case.device, INTAKE, filled, moment, "edit", after=case.sent)

    def _come_back(self, draw: Draw, case: _Case, moment: datetime) -> None:
        """The person is met again, elsewhere, and recognised by the card."""
        device = draw.one(self._agents)
        if not device.cases.row(case.case_id):
            return
        at = self._now.free_moment(device, moment)
        visit = replace(_intake_visit(device, at), known_number=case.number, known_case=case.case_id)
        self._register(draw, device, case.person, visit, at, "met again")

    def _register_twice(self, draw: Draw, case: _Case, moment: datetime) -> None:
        """The person is met again and nobody notices: a second case, perhaps with another spelling."""
        device = draw.one(self._agents)
        at = self._now.free_moment(device, moment)
        somebody = case.person.misspelt() if draw.chance(0.6) else case.person
        self._register(draw, device, somebody, _intake_visit(device, at), at, "registered twice")

    def _call(self, draw: Draw, case: _Case, moment: datetime, call: _Call) -> None:
        """A follow-up; none, when the officer's tablet does not know the case."""
        device = call.device
        if not device.cases.row(case.case_id):
            return
        reach = draw.weighed({"reached": 78, "notreached": 15, "moved": 3, "refused": 3, "remigrated": 1})
        attempts = draw.between(3, 5) if reach == "notreached" and draw.chance(0.4) else draw.between(1, 2)
        ends = call.round == "m12" and (reach == "reached" or attempts >= 3) and draw.chance(0.6)
        visit = followup_answers.Visit(
            on=moment.date(),
            staff=device.staff,
            round=call.round,
            number=case.number,
            case_id=case.case_id,
            returned_on=call.returned_on,
            reach=reach,
            attempts=attempts,
            fortune=call.fortune,
            closes=ends,
            mark=_mark(moment),
        )
        filled = self._now.fill(draw, device, FOLLOWUP, followup_answers.answers(draw, case.person, visit), moment)
        self._now.send(draw, device, FOLLOWUP, filled, moment, call.round, delay=call.delay)


def _goes_to_clinic(filled: Filled) -> bool:
    return filled.saved.get("ref_status") == "sent" and filled.saved.get("ref_to") == "esther"


def _intake_visit(device: Device, moment: datetime) -> intake_answers.Visit:
    site = device.site if device.site in intake_answers.TOWNS else "bko_iom"
    return intake_answers.Visit(moment.date(), site, device.staff, mark=_mark(moment))


def _mark(moment: datetime) -> str:
    """The beginning of the names of files made at *moment*: Collect's own are the clock's milliseconds."""
    return str(int((moment - datetime(1970, 1, 1)).total_seconds()) * 100)
