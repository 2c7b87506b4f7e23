"""Designers who act at the same moment, each on a connection of their own to a real server.

One of them wins, the others are told by number, and what is published is always one designer's form, whole.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from storage.engine import Database
from storage.settings import Settings
from tests.server.central.test_drafts import xform
from tests.support import builders
from tests.support.builders import PASSWORD
from tests.support.sockets import serving

AT_ONCE = 4
ROUNDS = 4
Designing = Callable[[requests.Session, int], requests.Response]


class Office:
    """Designers with a session each, who do one thing together when all are ready."""

    def __init__(self, forms: str, tokens: list[str]) -> None:
        self.forms = forms
        self._clients = [_session(each) for each in tokens]
        self.one = self._clients[0]

    def together(self, *deeds: Designing) -> list[requests.Response]:
        """Each deed by another designer, begun at the same moment; the answers in the order of the deeds."""
        ready = threading.Barrier(len(deeds))

        def work(number: int) -> requests.Response:
            ready.wait(30)
            return deeds[number](self._clients[number], number)

        with ThreadPoolExecutor(len(deeds)) as threads:
            return list(threads.map(work, range(len(deeds))))

    def close(self) -> None:
        for each in self._clients:
            each.close()

    def versions(self, form_id: str) -> list[str]:
        """The form's published versions, after a look at each: what is served is what its hash says."""
        found = self.one.get(f"{self.forms}/{form_id}/versions").json()
        for each in found:
            served = self.one.get(f"{self.forms}/{form_id}/versions/{each['version']}.xml").content
            assert hashlib.md5(served).hexdigest() == each["hash"]
        return [each["version"] for each in found]


@pytest.fixture
def office(settings: Settings, database: Database, tmp_path: Path) -> Iterator[Office]:
    project_id = builders.add_project(database)
    people = [builders.add_person(database, f"d{n}", "manager", project_id=project_id) for n in range(AT_ONCE)]
    with serving(settings, tmp_path / "server.log", processes=2) as served:
        address = f"{served.address}/v1"
        keys = [
            requests.post(f"{address}/sessions", json={"email": each.email, "password": PASSWORD}, timeout=60).json()["token"]
            for each in people
        ]
        opened = Office(f"{address}/projects/{project_id}/forms", keys)
        yield opened
        opened.close()


def _session(token: str) -> requests.Session:
    made = requests.Session()
    made.headers["Authorization"] = f"Bearer {token}"
    return made


def outcomes(answers: list[requests.Response]) -> list[float]:
    """200, or the number of the problem; never anything unexpected."""
    assert all(each.status_code < 500 for each in answers), [each.text for each in answers]
    return sorted(200 if each.status_code == 200 else each.json()["code"] for each in answers)


def post(path: str, content: Callable[[int], bytes] | None = None) -> Designing:
    """A deed: post there, as XML if there is content."""

    def deed(client: requests.Session, number: int) -> requests.Response:
        sent = content(number) if content else None
        return client.post(path, data=sent, headers={"Content-Type": "application/xml"} if sent else {})

    return deed


def test_of_designers_who_make_a_form_of_the_same_id_one_wins(office: Office) -> None:
    for n in range(ROUNDS):
        form_id = f"f{n}"

        def sent(who: int, form_id: str = form_id) -> bytes:
            return xform("1", form_id=form_id, title=f"By {who}")

        answers = office.together(*[post(f"{office.forms}?publish=true", sent)] * AT_ONCE)

        assert outcomes(answers) == [200, *[409.3] * (AT_ONCE - 1)]
        winner = next(number for number, each in enumerate(answers) if each.status_code == 200)
        assert office.one.get(f"{office.forms}/{form_id}.xml").content == sent(winner)
        assert office.versions(form_id) == ["1"]
    assert len(office.one.get(office.forms).json()) == ROUNDS


def test_of_designers_who_publish_the_same_draft_one_wins(office: Office) -> None:
    form = f"{office.forms}/survey"
    assert office.one.post(f"{office.forms}?publish=true", data=xform("0")).status_code == 200
    for n in range(1, ROUNDS + 1):
        assert office.one.post(f"{form}/draft").status_code == 200

        answers = office.together(*[post(f"{form}/draft/publish?version={n}")] * AT_ONCE)

        told = outcomes(answers)
        assert told[0] == 200
        # Whoever came while the other was publishing, or after.
        assert set(told[1:]) <= {409.71, 404.1}, told
        assert office.one.get(f"{form}/draft").status_code == 404
        assert office.versions("survey") == [str(version) for version in range(n, -1, -1)]


def test_a_draft_that_is_replaced_while_it_is_published_is_published_whole_or_not_at_all(office: Office) -> None:
    form = f"{office.forms}/survey"
    published = xform("0")
    office.one.post(f"{office.forms}?publish=true", data=published)
    for n in range(1, ROUNDS + 1):
        drafts = {who: xform(str(n), title=f"By {who}") for who in range(AT_ONCE)}
        assert office.one.post(f"{form}/draft", data=drafts[0]).status_code == 200

        first, *others = office.together(
            post(f"{form}/draft/publish"), *[post(f"{form}/draft", drafts.__getitem__)] * (AT_ONCE - 1)
        )

        assert [each.status_code for each in others] == [200] * (AT_ONCE - 1), [each.text for each in others]
        now = office.one.get(f"{form}.xml").content
        if first.status_code == 200:
            assert now in drafts.values()
            published = now
        else:
            assert outcomes([first]) == [409.71]
            assert now == published
        # Every draft is one designer's, and none is published under a version that is taken.
        left = office.one.get(f"{form}/draft")
        if left.status_code == 200:
            assert office.one.get(f"{form}/draft.xml").content in drafts.values()
            again = office.one.post(f"{form}/draft/publish")
            assert outcomes([again]) == [409.6 if first.status_code == 200 else 200]
            published = published if first.status_code == 200 else office.one.get(f"{form}.xml").content
        assert office.one.get(f"{form}.xml").content == published
    assert office.versions("survey") == [str(version) for version in range(ROUNDS, -1, -1)]
