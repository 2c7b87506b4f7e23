"""The measurements run and check what they measured; how fast they go is nobody's concern here."""

import pytest
from click.testing import CliRunner

from bench import compiling, decrypting, forms, intake, load, machine, memory, rebuild, tablets
from bench.registrations import Registration


def run(command: object, *options: str) -> str:
    done = CliRunner().invoke(command, list(options), catch_exceptions=False)  # type: ignore[arg-type]
    assert done.exit_code == 0, done.output
    return done.output


def test_intake_is_measured_and_every_submission_found_again(database_kind: str) -> None:
    options = ["--runs", "1", "--seconds", "0.2", "--connections", "2", "--command", "web", "--photos", "0", "--photos", "2"]

    told = run(intake.main, "--database", database_kind, *options)

    assert f"| {database_kind}, disk | web | 2 |" in told


def test_rebuilding_is_measured(database_kind: str) -> None:
    told = run(rebuild.main, "--database", database_kind, "--cases", "5", "--helpers", "0", "--runs", "1")

    assert f"| {database_kind} | 0 |" in told


@pytest.mark.java
def test_compiling_is_measured(database_kind: str) -> None:
    options = ["--runs", "1", "--choices", "50", "--rounds", "1", "--seconds", "0.2", "--connections", "2"]

    told = run(compiling.main, "--database", database_kind, *options)

    assert "| small |" in told
    assert f"| {database_kind} | beside uploads |" in told


def test_memory_is_measured() -> None:
    assert "| 1 |" in run(memory.main, "--megabytes", "1")


def test_decrypting_is_measured() -> None:
    assert "| 1 |" in run(decrypting.main, "--megabytes", "1")


def test_reading_forms_is_measured(database_kind: str) -> None:
    told = run(forms.main, "--database", database_kind, "--forms", "3", "--rows", "5", "--runs", "1")

    assert f"| {database_kind} | CSV, held | 304 |" in told


def test_what_tablets_fetch_is_measured(database_kind: str) -> None:
    options = ["--polling", "3", "--fetching", "2", "--rows", "5", "--seconds", "0.2"]

    told = run(tablets.main, "--database", database_kind, *options)

    assert f"| {database_kind} | entity list, 304 | 2 | 2 |" in told


def test_a_submission_that_was_acknowledged_and_lost_is_noticed() -> None:
    made = {"uuid:1": b"<a/>", "uuid:2": b"<b/>"}

    assert intake.lost(made, {"uuid:1": b"<a/>"}, ["uuid:1"]) == []
    assert intake.lost(made, {"uuid:1": b"<x/>"}, ["uuid:1", "uuid:2"]) == ["uuid:1", "uuid:2"]


def test_copies_of_a_registration_differ_in_what_names_them() -> None:
    registration = Registration(b"<a>uuid:i c 042-0000001-01 042-0000001-01</a>", "uuid:i", " c ", "042-0000001-01")

    copies = {registration.copy(number) for number in range(50)}

    assert len({instance_id for instance_id, _ in copies}) == len({xml for _, xml in copies}) == 50


def test_a_percentile_lies_among_the_values() -> None:
    assert machine.percentile([3.0], 99) == 3.0
    assert machine.percentile([float(value) for value in range(101)], 95) == 95.0


def test_an_outcome_tells_what_was_accepted() -> None:
    assert load.Outcome({"a": 201, "b": 500}).accepted == ["a"]
