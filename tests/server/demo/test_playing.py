"""`siraba demo` from one end to the other: through the application in this process, and over a socket."""

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select
from sqlalchemy.sql.expression import ColumnElement

from server import worker
from server.application import application
from server.cli import siraba
from server.demo import playing
from server.demo.collecting import FormsAreMissing, NotServed, Tablets
from server.demo.doors import Inside, Outside, Unreachable
from server.demo.playing import Play, RealPeople, WhichProject
from server.web.surface import Site
from storage import jobs, unit_of_work
from storage.schema import app_user, entity_held, submission, submission_version
from tests.support import builders
from tests.support.founded import Foundation
from tests.support.sockets import free_port, serving

WANTED = Play(cases=12, seed="3", begins=date(2025, 1, 6), ends=date(2026, 10, 31))


def quietly(_sent: int) -> None:
    """No progress is shown."""


def count(site: Site, column: ColumnElement[int], *where: ColumnElement[bool]) -> int:
    with unit_of_work.reading(site.database) as unit:
        found: int = unit.connection.execute(select(func.count(column)).where(*where)).scalar_one()
        return found


def test_all_is_sent_read_and_done(founded: Site) -> None:
    tally = playing.play_inside(founded, None, WANTED, quietly)

    assert tally.submissions == count(founded, submission_version.c.id) > 12
    assert tally.submissions == count(founded, submission_version.c.id, submission_version.c.reading == "read")
    assert tally.jobs >= tally.submissions
    assert count(founded, entity_held.c.id) == 0
    with unit_of_work.reading(founded.database) as unit:
        assert (jobs.waiting(unit), jobs.given_up(unit)) == (0, 0)


def test_playing_again_adds_nothing(founded: Site) -> None:
    first = playing.play_inside(founded, None, WANTED, quietly)
    again = playing.play_inside(founded, None, WANTED, quietly)

    assert again.submissions == first.submissions == count(founded, submission_version.c.id)
    assert again.jobs == 0


def test_nobody_can_send_in_the_demos_name_afterwards(founded: Site, foundation: Foundation) -> None:
    playing.play_inside(founded, None, WANTED, quietly)

    assert count(founded, app_user.c.actor_id, app_user.c.token.is_not(None)) == 1


def test_invented_people_do_not_go_among_real_ones(founded: Site, foundation: Foundation) -> None:
    xml = builders.submission("uuid:1", form_id="intake", version="2026010101")
    path = f"/v1/key/{foundation.tablet.token}/projects/{foundation.tablet.project_id}/submission"
    body = builders.multipart(xml)
    assert Inside(application(founded)).ask("POST", path, body["content_type"], body["data"])[0] == 201

    with pytest.raises(RealPeople):
        playing.play_inside(founded, None, WANTED, quietly)

    assert count(founded, submission.c.id) == 1
    assert playing.play_inside(founded, None, WANTED, quietly, force=True).submissions > 12


def test_a_project_is_asked_for_when_there_are_several(founded: Site) -> None:
    builders.add_project(founded.database, "Another")

    with pytest.raises(WhichProject):
        playing.play_inside(founded, None, WANTED, quietly)


def test_a_project_without_the_forms_is_refused(founded: Site) -> None:
    other = builders.add_project(founded.database, "Another")

    with pytest.raises(FormsAreMissing):
        playing.play_inside(founded, other, WANTED, quietly)


def test_it_goes_over_the_network_alike(founded: Site, foundation: Foundation, tmp_path: Path) -> None:
    with serving(founded.settings, tmp_path / "log") as served, Outside(served.address) as door:
        tablets = Tablets(door, foundation.tablet.token, foundation.tablet.project_id)
        tally = playing.play_outside(tablets, Play(4, "5", WANTED.begins, WANTED.ends), quietly)
        worker.work_until_idle(founded.database)

        with pytest.raises(RealPeople):
            playing.play_outside(tablets, WANTED, quietly)

    assert tally.submissions == count(founded, submission_version.c.id) > 4


def test_a_wrong_key_is_told_plainly(founded: Site) -> None:
    with pytest.raises(NotServed):
        playing.play_outside(Tablets(Inside(application(founded)), "0" * 64, 1), WANTED, quietly)


def test_a_wrong_address_is_told_plainly() -> None:
    with Outside(f"http://127.0.0.1:{free_port()}") as door, pytest.raises(Unreachable):
        playing.play_outside(Tablets(door, "0" * 64, 1), WANTED, quietly)


def test_the_command_sums_up_what_was_sent(founded: Site) -> None:
    environment = {"SIRABA_DATA_DIR": str(founded.settings.data_dir), "SIRABA_DATABASE_URL": founded.settings.database}

    done = CliRunner().invoke(siraba, ["demo", "--cases", "3", "--seed", "9"], env=environment)

    assert done.exit_code == 0, done.output
    assert "submissions in all" in done.output


def test_the_command_wants_server_and_key_together() -> None:
    done = CliRunner().invoke(siraba, ["demo", "--server", "http://127.0.0.1:1"])

    assert done.exit_code == 2
