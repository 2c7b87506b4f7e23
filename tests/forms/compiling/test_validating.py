"""The forms before JavaRosa, the engine that tablets run."""

import os
import signal
from pathlib import Path

import pytest

from forms.compiling.compiling import compile
from forms.compiling.validating import VALIDATOR, NotValidated, Validator
from tests.forms.workbooks import PROGRAMME, XLSFORMS, Rows, workbook

HEAD: list[str | None] = ["type", "name", "label", "relevant", "constraint", "calculation"]


@pytest.mark.java
@pytest.mark.parametrize("name", PROGRAMME)
def test_the_programmes_forms_pass_odk_validate(name: str) -> None:
    assert VALIDATOR.validate(compile(XLSFORMS / f"{name}.xlsx").xform) == []


@pytest.mark.java
@pytest.mark.parametrize(
    ("rows", "place", "text"),
    [
        ([HEAD, ["text", "a", "A"], ["text", "b", "B", "1 +* 2"]], "survey D3 (relevant)", "1 +* 2"),
        ([HEAD, ["begin_group", "g", "G"], ["integer", "a", "A", None, ". >"], ["end_group"]], "survey E3 (constraint)", ". >"),
        ([HEAD, ["text", "z", "Z"], ["calculate", "a", None, None, None, "nosuch(1)"]], "survey F3 (calculation)", "nosuch(1)"),
    ],
)
def test_what_pyxform_passes_and_no_tablet_can_evaluate_is_found_and_placed(
    tmp_path: Path, rows: Rows, place: str, text: str
) -> None:
    compiled = compile(workbook(tmp_path, survey=rows))

    issues = VALIDATOR.validate(compiled.xform, compiled.sheets)

    assert isinstance(issues, list)
    assert [(each.severity, each.place, each.text) for each in issues[:1]] == [("error", place, text)]


@pytest.mark.java
def test_a_cycle_is_one_issue_that_names_its_nodes(tmp_path: Path) -> None:
    rows: Rows = [HEAD, ["calculate", "a", None, None, None, "${b}"], ["calculate", "b", None, None, None, "${a}"]]
    compiled = compile(workbook(tmp_path, survey=[*rows, ["text", "c", "C"]]))

    issues = VALIDATOR.validate(compiled.xform, compiled.sheets)

    assert isinstance(issues, list)
    (issue,) = issues
    assert "/data/a" in issue.message
    assert "/data/b" in issue.message
    assert issue.row in (2, 3)


@pytest.mark.java
def test_no_stack_trace_reaches_the_designer(tmp_path: Path) -> None:
    compiled = compile(workbook(tmp_path, survey=[HEAD, ["text", "b", "B", "1 +* 2"]]))

    issues = VALIDATOR.validate(compiled.xform)

    assert isinstance(issues, list)
    assert [(each.sheet, each.text) for each in issues] == [(None, "/b")]
    assert not any("\tat" in each.message or "Exception" in each.message or ".java" in each.message for each in issues)


def test_without_java_the_form_is_not_validated_and_the_reason_is_said(tmp_path: Path) -> None:
    validator = Validator(str(tmp_path / "no-such-libjvm.so"))

    assert "Java" in _reason(validator.validate(b"<h/>"))
    validator.helper.end()


def test_a_java_that_cannot_run_is_no_verdict_on_the_form(tmp_path: Path) -> None:
    jvm = tmp_path / "libjvm.so"
    jvm.write_text("no library")
    validator = Validator(str(jvm))

    assert "could not run" in _reason(validator.validate(b"<h/>"))
    validator.helper.end()


@pytest.mark.java
def test_a_validation_that_takes_too_long_is_stopped_and_the_next_one_runs() -> None:
    form = compile(XLSFORMS / "intake.xlsx").xform

    assert "stopped" in _reason(VALIDATOR.validate(form, limit_seconds=0))
    assert VALIDATOR.validate(form) == []


def test_a_form_waits_for_others_and_no_longer_than_its_time() -> None:
    with VALIDATOR.helper._turns:
        assert "busy with other forms" in _reason(VALIDATOR.validate(b"<h/>", limit_seconds=0))


@pytest.mark.java
def test_the_java_is_kept_warm_and_started_again_when_it_was_killed() -> None:
    form = compile(XLSFORMS / "intake.xlsx").xform
    assert VALIDATOR.validate(form) == []
    first = VALIDATOR.helper.process_id
    assert VALIDATOR.validate(form) == []
    assert first is not None
    assert VALIDATOR.helper.process_id == first

    os.kill(first, signal.SIGKILL)

    assert VALIDATOR.validate(form) == []
    assert VALIDATOR.helper.process_id != first


def _reason(verdict: object) -> str:
    assert isinstance(verdict, NotValidated)
    return str(verdict.reason)


@pytest.mark.java
def test_nothing_that_a_doctype_names_is_fetched(tmp_path: Path) -> None:
    xform = compile(workbook(tmp_path, survey=[HEAD, ["text", "a", "A"]])).xform
    (tmp_path / "named.dtd").write_text("no declaration at all")
    root = xform.index(b"<h:html")
    named = xform[:root] + f'<!DOCTYPE h:html SYSTEM "{(tmp_path / "named.dtd").as_uri()}">'.encode() + xform[root:]

    assert VALIDATOR.validate(named) == []


@pytest.mark.java
def test_an_xform_in_utf_16_is_seen_as_one(tmp_path: Path) -> None:
    xform = compile(workbook(tmp_path, survey=[HEAD, ["text", "a", "Né"]])).xform.decode()
    declared = xform[xform.index("<h:html") :]

    assert VALIDATOR.validate(f'<?xml version="1.0" encoding="utf-16"?>{declared}'.encode("utf-16")) == []
