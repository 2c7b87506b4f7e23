"""The forms before JavaRosa, the engine that tablets run."""

from pathlib import Path

import pytest

from forms.compiling.compiling import compile
from forms.compiling.validating import NotValidated, validate
from tests.forms.workbooks import PROGRAMME, XLSFORMS, Rows, workbook

HEAD: list[str | None] = ["type", "name", "label", "relevant", "constraint", "calculation"]


@pytest.mark.java
@pytest.mark.parametrize("name", PROGRAMME)
def test_the_programmes_forms_pass_odk_validate(name: str) -> None:
    assert validate(compile(XLSFORMS / f"{name}.xlsx").xform) == []


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

    issues = validate(compiled.xform, compiled.sheets)

    assert isinstance(issues, list)
    assert [(each.severity, each.place, each.text) for each in issues[:1]] == [("error", place, text)]


@pytest.mark.java
def test_a_cycle_is_one_issue_that_names_its_nodes(tmp_path: Path) -> None:
    rows: Rows = [HEAD, ["calculate", "a", None, None, None, "${b}"], ["calculate", "b", None, None, None, "${a}"]]
    compiled = compile(workbook(tmp_path, survey=[*rows, ["text", "c", "C"]]))

    issues = validate(compiled.xform, compiled.sheets)

    assert isinstance(issues, list)
    (issue,) = issues
    assert "/data/a" in issue.says
    assert "/data/b" in issue.says
    assert issue.row in (2, 3)


@pytest.mark.java
def test_no_stack_trace_reaches_the_designer(tmp_path: Path) -> None:
    compiled = compile(workbook(tmp_path, survey=[HEAD, ["text", "b", "B", "1 +* 2"]]))

    issues = validate(compiled.xform)

    assert isinstance(issues, list)
    assert [(each.sheet, each.text) for each in issues] == [(None, "/b")]
    assert not any("\tat" in each.says or "Exception" in each.says or ".java" in each.says for each in issues)


def test_without_java_the_form_is_not_validated_and_the_reason_is_said() -> None:
    assert "Java" in _reason(validate(b"<h/>", java="no-such-java"))


def test_a_java_that_cannot_run_is_no_verdict_on_the_form(tmp_path: Path) -> None:
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\necho Error: could not create the Java Virtual Machine >&2\nexit 134\n")
    java.chmod(0o700)

    assert _reason(validate(b"<h/>", java=str(java)))


@pytest.mark.java
def test_a_validation_that_takes_too_long_is_stopped() -> None:
    assert "stopped" in _reason(validate(compile(XLSFORMS / "intake.xlsx").xform, limit_seconds=0))


def _reason(verdict: object) -> str:
    assert isinstance(verdict, NotValidated)
    return verdict.reason
