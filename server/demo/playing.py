"""Playing the stories to a server, and seeing to it that invented people never stand among real ones."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import true

from forms.store import submissions as submissions_store
from forms.store.projects import project_of, projects
from server import worker
from server.access import app_users
from server.application import application
from server.demo.chronicle import DEVICE_PREFIX, Posting
from server.demo.collecting import NotTaken, Tablets
from server.demo.doors import Inside
from server.demo.stories import stories
from server.web.surface import Site
from storage import unit_of_work
from storage.problems import Problem

APP_USER = "Démonstration"

TURN_SECONDS, PATIENCE_TURNS = 0.5, 120

Progress = Callable[[int], None]
Settle = Callable[[Posting], None]


class RealPeople(Problem):
    """The project holds what the demo did not send."""

    code = "409.67"
    says = (
        "This project already holds submissions that are not demo data. Invented people must never stand among real ones: "
        "use a project of its own."
    )


class NobodyWorks(Problem):
    """Submissions are taken but not read."""

    code = "503.64"
    says = "The server takes submissions but does not read them. Is its worker running?"


class WhichProject(Problem):
    """There are several projects, and none was named."""

    code = "400.68"
    says = "There are {count} projects. Say which one is for demo data."


@dataclass(frozen=True, slots=True)
class Play:
    """Which stories are to be told: how many, from which seed, from when to when."""

    cases: int
    seed: str
    begins: date
    ends: date


@dataclass(slots=True)
class Tally:
    """What was sent: submissions by form and by their part in the story, requests in all."""

    sent: Counter[tuple[str, str]] = field(default_factory=Counter)
    requests: int = 0
    files: int = 0
    jobs: int = 0

    @property
    def submissions(self) -> int:
        """How many different submissions."""
        return self.sent.total()


def play(tablets: Tablets, wanted: Play, progress: Progress, settle: Settle) -> Tally:
    """Send all that the stories come to, in order of arrival; *progress* is told after each how many were sent.

    *settle* is called before each and has the server do what is due, so that tablets could have seen what they seem to have seen.
    Raises: NotServed, FormsAreMissing, NotTaken.
    """
    tally = Tally()
    told = stories(tablets.forms(), tablets.staff(), seed=wanted.seed, cases=wanted.cases, begins=wanted.begins, ends=wanted.ends)
    for posting in told:
        settle(posting)
        _send(tablets, posting, tally)
        progress(tally.submissions)
    return tally


def _send(tablets: Tablets, posting: Posting, tally: Tally) -> None:
    try:
        tally.requests += tablets.send(posting)
    except NotTaken as refused:
        raise NotTaken(**{**refused.details, "sent": tally.submissions}) from None
    tally.sent[posting.form_id, posting.about] += 1
    tally.files += len(posting.files)


def play_inside(site: Site, project_id: int | None, wanted: Play, progress: Progress, *, force: bool = False) -> Tally:
    """Play to the application in this process, with an app user of the demo's own, and have every job done that follows.

    Raises: WhichProject, NotFound, RealPeople, unless *force*; and what `play` raises.
    """
    with unit_of_work.reading(site.database) as unit:
        known = projects(unit, true())
        if project_id is None and len(known) != 1:
            raise WhichProject(count=len(known))
        found = known[0] if project_id is None else project_of(unit, project_id)
        if not force and submissions_store.has_from_other_devices(unit, found.id, DEVICE_PREFIX):
            raise RealPeople
    with _app_user(site, found.id) as token:
        done = 0

        def settle(_next: Posting | None) -> None:
            nonlocal done
            done += worker.work_until_idle(site.database)

        tally = play(Tablets(Inside(application(site)), token, found.id), wanted, progress, settle)
        settle(None)
    tally.jobs = done
    return tally


@contextmanager
def _app_user(site: Site, project_id: int) -> Iterator[str]:
    """The key of an app user that is revoked again at the end: nobody can send in the demo's name later."""
    with unit_of_work.writing(site.database) as unit:
        added = app_users.add_app_user(unit, project_id, APP_USER)
    assert added.token is not None
    try:
        yield added.token
    finally:
        with unit_of_work.writing(site.database) as unit:
            app_users.revoke(unit, added.id)


def play_outside(tablets: Tablets, wanted: Play, progress: Progress, *, force: bool = False) -> Tally:
    """Play to a server that runs, whose own worker does the rest.

    A key of a tablet cannot tell who sent what is there, so any case at all counts as real.

    Raises: RealPeople, unless *force*; NobodyWorks; and what `play` raises.
    """
    if not force and tablets.cases():
        raise RealPeople

    def settle(posting: Posting) -> None:
        for _ in range(PATIENCE_TURNS):
            if not posting.corrects or any(row["name"] == posting.corrects for row in tablets.cases()):
                return
            time.sleep(TURN_SECONDS)
        raise NobodyWorks

    return play(tablets, wanted, progress, settle)
