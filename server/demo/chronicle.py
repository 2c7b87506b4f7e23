"""Time passing: interviews happen, forms lie on tablets for minutes or days, and arrive in whatever order the network allows."""

import heapq
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final

from server.demo import pictures
from server.demo.filling import AUDIT_FILE, Answers, Filled, Tablet, fill
from server.demo.people import Draw
from server.demo.questionnaire import ListedRows, Questionnaire
from server.demo.tablets import ServerCases, TabletCases

DEVICE_PREFIX: Final = "collect:demo"
SCREEN: Final = timedelta(seconds=6)
NODE_OF_CHANGES: Final = "event,node,start,end,old-value,new-value,change-reason"


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file beside the XML."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Posting:
    """One submission as a tablet sends it, in order of arrival.

    `copies`: how often it is sent in all; `at_once`: whether the copies are sent at the same moment, as two taps would.
    `about` says in a word what it is in the story. `corrects`: the case whose registration it edits; the server has it by then.
    """

    form_id: str
    instance_id: str
    xml: bytes
    files: tuple[SentFile, ...]
    device_id: str
    sent_at: datetime
    about: str
    copies: int = 1
    at_once: bool = False
    corrects: str = ""


@dataclass(frozen=True, slots=True)
class Interview:
    """A form that was just filled in, with everything that was at hand: for whoever wants to check it."""

    form_id: str
    answers: Answers
    tablet: Tablet
    filled: Filled
    edits: Filled | None


@dataclass(slots=True)
class Device:
    """A tablet and who carries it."""

    device_id: str
    staff: str
    site: str
    cases: TabletCases
    busy: set[datetime] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Arriving:
    """A filled form under way."""

    form_id: str
    filled: Filled
    arrives: datetime


Watch = Callable[[Interview], None]
Event = Callable[[], Posting | None]


class Chronicle:
    """All that happens, in order of time."""

    def __init__(self, forms: Mapping[str, Questionnaire], staff: ListedRows, ends: datetime, watch: Watch | None) -> None:
        self.forms, self.ends = forms, ends
        self._staff, self._watch = staff, watch
        self._server = ServerCases()
        self._events: list[tuple[datetime, int, Event]] = []
        self._numbers = count()

    def device(self, device_id: str, staff: str, site: str) -> Device:
        """A tablet with this server's list of cases."""
        return Device(device_id, staff, site, TabletCases(self._server, device_id))

    def at(self, moment: datetime, event: Event) -> None:
        """Let *event* happen at *moment*, unless that is after the end."""
        if moment <= self.ends:
            heapq.heappush(self._events, (moment, next(self._numbers), event))

    def postings(self) -> Iterator[Posting]:
        """What arrives, in order of arrival."""
        while self._events:
            _, _, event = heapq.heappop(self._events)
            posting = event()
            if posting is not None:
                yield posting

    def free_moment(self, device: Device, moment: datetime) -> datetime:
        """The next minute at which *device* can begin an interview.

        A case number counts minutes, and loses up to one in the reckoning: no two interviews begin within two.
        """
        begins = moment.replace(second=0, microsecond=0)
        while {begins, begins + timedelta(minutes=1)} & device.busy:
            begins += timedelta(minutes=1)
        device.busy |= {begins, begins + timedelta(minutes=1)}
        return begins

    def fill(
        self, draw: Draw, device: Device, form_id: str, answers: Answers, moment: datetime, edits: Filled | None = None
    ) -> Filled:
        """Fill a form in on *device* at *moment*.

        Raises: Unfillable.
        """
        ended = moment + timedelta(minutes=draw.between(6, 45))
        tablet = Tablet(moment, ended, device.device_id, {"staff": self._staff, "cases": device.cases}, draw.random)
        filled = fill(self.forms[form_id], answers, tablet, edits=edits)
        if self._watch is not None:
            self._watch(Interview(form_id, answers, tablet, filled, edits))
        return filled

    def send(
        self,
        draw: Draw,
        device: Device,
        form_id: str,
        filled: Filled,
        moment: datetime,
        about: str,
        *,
        delay: timedelta | None = None,
        after: Arriving | None = None,
    ) -> Arriving:
        """Let a filled form arrive *delay* after *moment* (drawn, when null), and not before *after* did."""
        wait = delay if delay is not None else _delay(draw)
        arrives = max(moment + wait, after.arrives + timedelta(minutes=1) if after else moment)
        device.cases.note(filled)
        copies, at_once = draw.one(COPIES) if draw.chance(SENT_AGAIN) else (1, False)
        files = tuple(_files(draw, self.forms[form_id], filled, moment))
        posting = Posting(
            form_id=form_id,
            instance_id=filled.instance_id,
            xml=filled.xml,
            files=files,
            device_id=device.device_id,
            sent_at=arrives,
            about=about,
            copies=copies,
            at_once=at_once,
            corrects=filled.entity.get("id", "") if after else "",
        )

        def arrive() -> Posting:
            self._server.take(filled, edit=after is not None)
            device.cases.arrived(filled)
            return posting

        # What was filled in before the end is sent, however late.
        heapq.heappush(self._events, (arrives, next(self._numbers), arrive))
        return Arriving(form_id, filled, arrives)


SENT_AGAIN: Final = 0.05
COPIES: Final = ((2, False), (2, False), (3, False), (2, True), (3, True))


def _delay(draw: Draw) -> timedelta:
    longest = {"minutes": 20, "hours": 600, "days": 7_200}[draw.weighed({"minutes": 60, "hours": 25, "days": 15})]
    return timedelta(minutes=draw.between(50, longest) if longest > 60 else draw.between(1, longest))


def _files(draw: Draw, form: Questionnaire, filled: Filled, moment: datetime) -> Iterator[SentFile]:
    for asked in filled.asked:
        control = form.specs[asked.path].control
        if control is not None and control.kind == "upload":
            yield _picture(draw.random, asked.answer)
    yield SentFile(AUDIT_FILE, "text/csv", audit(filled, moment))


def _picture(drawn: random.Random, name: str) -> SentFile:
    if name.endswith(".png"):
        return SentFile(name, "image/png", pictures.signature(drawn))
    return SentFile(name, "image/jpeg", pictures.photograph(drawn))


def audit(filled: Filled, moment: datetime) -> bytes:
    """The audit log of an interview that began at *moment*, with the answers, as Collect writes it."""
    at = moment.replace(tzinfo=UTC)
    lines = [NODE_OF_CHANGES, f"form start,,{_millis(at)},,,,"]
    for asked in filled.asked:
        lines.append(f"question,/data{asked.place},{_millis(at)},{_millis(at + SCREEN)},,{_cell(asked.answer)},")
        at += SCREEN
    lines += [f"{event},,{_millis(at)},,,," for event in ("form save", "form exit", "form finalize")]
    return "\n".join([*lines, ""]).encode()


def _millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\n') else text
