"""What a unit of work promises, on the database asked for."""

import threading

import pytest
from sqlalchemy import insert, select

from storage import audit, jobs, unit_of_work
from storage.engine import Database
from storage.problems import Unavailable
from storage.schema import audit as audit_table
from storage.schema import project


def _projects(database: Database) -> list[str]:
    with unit_of_work.reading(database) as unit:
        return list(unit.connection.execute(select(project.c.name).order_by(project.c.id)).scalars())


def test_what_a_unit_wrote_is_there_after_it(database: Database) -> None:
    with unit_of_work.writing(database) as unit:
        unit.connection.execute(insert(project), {"name": "Mali", "created_at": unit.now})

    assert _projects(database) == ["Mali"]


def test_a_unit_that_fails_leaves_nothing(database: Database) -> None:
    with pytest.raises(KeyError), unit_of_work.writing(database) as unit:
        unit.connection.execute(insert(project), {"name": "Mali", "created_at": unit.now})
        raise KeyError

    assert _projects(database) == []


def test_a_reading_unit_cannot_write(database: Database) -> None:
    with pytest.raises(Exception) as caught, unit_of_work.reading(database) as unit:
        unit.connection.execute(insert(project), {"name": "Mali", "created_at": unit.now})

    assert "Mali" not in str(caught.value)
    assert _projects(database) == []


def test_errors_of_the_database_do_not_print_what_was_written(database: Database) -> None:
    with pytest.raises(Exception) as caught, unit_of_work.writing(database) as unit:
        unit.connection.execute(insert(audit_table), {"at": unit.now, "action": "secret-name", "project_id": 12345})

    assert "secret-name" not in str(caught.value)


def test_many_writers_all_get_their_turn(database: Database) -> None:
    def write(number: int) -> None:
        for turn in range(5):
            with unit_of_work.writing(database) as unit:
                unit.connection.execute(insert(project), {"name": f"{number}.{turn}", "created_at": unit.now})

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(_projects(database)) == 40


def test_a_database_that_is_away_is_a_problem_with_a_number() -> None:
    away = Database("postgresql+psycopg://postgres@127.0.0.1:1/nowhere")

    with pytest.raises(Unavailable), unit_of_work.reading(away):
        pass


def test_a_job_is_claimed_once_and_gone_when_done(database: Database) -> None:
    with unit_of_work.writing(database) as unit:
        jobs.enqueue(unit, "submission.read", 7)
        audit.record(unit, "submission.create", subject="uuid:1")
    with unit_of_work.writing(database) as unit:
        first = jobs.claim(unit, 10)
    with unit_of_work.writing(database) as unit:
        second = jobs.claim(unit, 10)
        jobs.finish(unit, first)

    assert [(job.kind, job.subject_id) for job in first] == [("submission.read", 7)]
    assert second == []
    with unit_of_work.reading(database) as unit:
        assert jobs.waiting(unit) == 0


def test_a_failed_job_comes_back_later(database: Database) -> None:
    with unit_of_work.writing(database) as unit:
        jobs.enqueue(unit, "submission.read", 7)
    with unit_of_work.writing(database) as unit:
        (claimed,) = jobs.claim(unit, 10)
        jobs.put_back(unit, claimed, "ValueError")
    with unit_of_work.writing(database) as unit:
        assert jobs.claim(unit, 10) == []
        assert jobs.waiting(unit) == 1
