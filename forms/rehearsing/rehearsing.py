"""Try a form: fill it in with answer files, in the engine that tablets use, and say what happened."""

import csv
import importlib.util
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from forms.compiling.sheets import Sheets, letter
from forms.definition.model import Definition
from forms.rehearsing.answer_file import AnswerFile
from forms.rehearsing.expecting import is_hit, not_refused, refusals, unknown_names, unmet
from storage.problems import Problem, Said, Sentence

_JAR: Final = "validators/odk_validate/bin/ODK_Validate.jar"
_PARTS: Final = ("answers", "repeats", "language", "clock", "properties")
_GROUND: Final = Path(__file__).resolve().parents[2]
_NOTHING_SAVED: Final = '<?xml version="1.0"?><data/>'
# Where it is written what each kind of violation is about; for the rest, the question's name.
_COLUMNS: Final = {"constraint": "constraint", "required": "required", "never asked": "relevant"}
_DATA: Final = (".csv", ".xml", ".geojson")


class NoEngine(Problem):
    """JavaRosa cannot be run on this machine."""

    code = "501.75"
    says = "Forms cannot be tried on this machine: {reason}"


class MissingMedia(Problem):
    """Without these files some questions would have no choices."""

    code = "400.76"
    says = "The form needs files that are not in {folder}: {names}. Say where they lie with --media."


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of one answer file.

    `path`: the screens in order (place, kind, label, answer). `violations`: what nobody could have got past: kind, place, says,
    whether it was expected, and the cell of the spreadsheet (sheet, row, column; None where there is none). `xml`: the
    submission, None when the form could not be gone through. `unmet`: expectations that did not come about.
    """

    name: str
    about: str
    path: Sequence[Mapping[str, Any]]
    violations: Sequence[Mapping[str, Any]]
    xml: str | None
    unmet: Sequence[Sentence]

    @property
    def passed(self) -> bool:
        """Whether all went as the answer file expects: through to the end, or refused where it says so and nowhere else."""
        return not self.unmet and all(each["expected"] for each in self.violations)

    def as_json(self, said: Said = str) -> dict[str, Any]:
        """For `--json`, what is said in the language of *said*."""
        return {
            "name": self.name,
            "about": self.about,
            "passed": self.passed,
            "path": list(self.path),
            "violations": [{**each, "says": each["says"].told(said)} for each in self.violations],
            "unmet": [each.told(said) for each in self.unmet],
            "xml": self.xml,
        }


def try_form(
    xform: bytes,
    definition: Definition,
    media: Path,
    files: Sequence[AnswerFile],
    *,
    sheets: Sheets | None = None,
    limit_seconds: float = 120,
) -> list[Trial]:
    """Fill the form in with each of *files*; its choices and pictures are looked for in the folder *media*.

    *sheets*: the spreadsheet, to name the cells of what is violated.

    An entity list that the form itself writes to need not be there: an empty one stands in.

    Raises: MissingMedia; NoEngine.
    """
    with tempfile.TemporaryDirectory(prefix="siraba-rehearsing-") as folder:
        place = Path(folder)
        _stand_in(place, definition, media)
        (place / "form.xml").write_bytes(xform)
        order = {
            "jar": str(_jar()),
            "xform": str(place / "form.xml"),
            "media": [str(media.resolve()), str(place)],
            "sheets": [
                {"values": each.expect.get("values", {})} | {part: getattr(each, part) for part in _PARTS} for each in files
            ],
        }
        said = _in_child(order, limit_seconds)
    if "missing" in said:
        raise NoEngine(reason=Sentence("there is no Java (a headless JRE, version 11 or later, is enough)."))
    return [_judged(file, found, definition, sheets) for file, found in zip(files, said["tried"], strict=True)]


def _judged(file: AnswerFile, found: Mapping[str, Any], definition: Definition, sheets: Sheets | None) -> Trial:
    expect, expected = file.expect, refusals(file.expect)
    violations = [
        {
            **each,
            "says": Sentence.unpacked(each["says"]),
            "expected": any(is_hit(refusal, each) for refusal in expected),
            **_cell(each, sheets),
        }
        for each in found["violations"]
    ]
    wrong = [*unknown_names(expect, definition), *not_refused(expect, violations)]
    if found["xml"] is not None:
        wrong += unmet({**expect, "values": found["values"]}, found["xml"].encode(), found["path"])
    return Trial(file.name, file.about, found["path"], violations, found["xml"], wrong)


def _cell(violation: Mapping[str, Any], sheets: Sheets | None) -> dict[str, Any]:
    """Where in the spreadsheet that stands which was violated."""
    nowhere = {"sheet": None, "row": None, "column": None}
    survey = sheets.by_name.get("survey") if sheets else None
    row = sheets.survey_rows.get(re.sub(r"\[\d+\]", "", violation["place"])) if sheets else None
    if survey is None or row is None:
        return nowhere
    at = survey.column(_COLUMNS.get(violation["kind"], "name"))
    return {"sheet": survey.name, "row": row.number, "column": letter(at)}


def _stand_in(place: Path, definition: Definition, media: Path) -> None:
    (place / "last-saved.xml").write_text(_NOTHING_SAVED)
    missing = [each.name for each in definition.media if each.name.endswith(_DATA) and not (media / each.name).is_file()]
    for declared in definition.entities:
        name = f"{declared.dataset}.csv"
        if name in missing:
            missing.remove(name)
            heading = io.StringIO()
            csv.writer(heading).writerow(["name", "label", "__version", "__trunkVersion", "__branchId", *declared.properties])
            (place / name).write_text(heading.getvalue())
    if missing:
        raise MissingMedia(folder=str(media), names=", ".join(missing))


def _in_child(order: Mapping[str, Any], limit_seconds: float) -> Any:
    environment = {name: os.environ[name] for name in ("PATH", "JAVA_HOME", "TZ") if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "-m", "forms.rehearsing.child"],
        env={**environment, "PYTHONPATH": str(_GROUND), "LANG": "C.UTF-8"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(json.dumps(order).encode(), timeout=limit_seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise NoEngine(reason=Sentence("JavaRosa was stopped after {seconds:g} seconds.", seconds=limit_seconds)) from None
    if process.returncode or not said:
        raise NoEngine(reason=Sentence("JavaRosa ended without an answer."))
    return json.loads(said)


def _jar() -> Path:
    pyxform = importlib.util.find_spec("pyxform")
    jar = Path(pyxform.origin).parent / _JAR if pyxform and pyxform.origin else None
    if jar is None or not jar.is_file():
        raise NoEngine(reason=Sentence("the installed pyxform has no ODK Validate in it."))
    return jar
