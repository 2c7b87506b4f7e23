"""Units that touch the same case at the same moment neither miss each other nor wait for each other in a circle."""

import threading
from collections.abc import Sequence

from cases.digest import digest
from cases.fact import FactSheet
from cases.intake import keep
from cases.store.records import stored
from forms.definition.model import Definition
from storage.engine import Database
from storage.problems import Busy
from storage.unit_of_work import reading, writing
from tests.cases.filling import adult, followup, sheet, stub, visit


def _keep(database: Database, one: FactSheet) -> None:
    """As the worker does: what met another unit is tried again."""
    for _ in range(10):
        try:
            with writing(database) as unit:
                keep(unit, one)
            return
        except Busy:
            continue
    raise AssertionError("met others ten times")


def _at_once(database: Database, said: Sequence[FactSheet]) -> list[BaseException]:
    failed: list[BaseException] = []
    together = threading.Barrier(len(said))

    def work(one: FactSheet) -> None:
        try:
            together.wait()
            _keep(database, one)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(one,)) for one in said]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed


def test_many_at_once_give_the_record_of_one_after_another(database: Database, programme: dict[str, Definition]) -> None:
    intake, health, follow = (programme[name] for name in ("intake", "health_assessment", "reintegration_followup"))
    said = [
        sheet(intake, "uuid:a", **adult()),
        sheet(intake, "uuid:a", version="uuid:a2", replaces="uuid:a", **adult(last_name="Diara")),
        sheet(health, "uuid:b", **visit()),
        sheet(health, "uuid:d", **stub()),
        sheet(follow, "uuid:c", **followup()),
        sheet(intake, "uuid:a", **adult()),
    ]
    for one in said:
        _keep(database, one)
    with reading(database) as unit:
        expected = digest(stored(unit))

    for turn in range(5):
        with writing(database) as unit:
            for table in ("fact_sheet", "case_lock"):
                unit.connection.exec_driver_sql(f"delete from {table}")
        assert _at_once(database, said) == [], turn
        with reading(database) as unit:
            assert digest(stored(unit)) == expected
