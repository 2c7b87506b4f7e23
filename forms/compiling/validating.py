"""ODK Validate: does JavaRosa, the engine inside ODK Collect, accept the form?

pyxform passes expressions that no tablet can evaluate (`1 +* 2`), so nothing is published unseen by JavaRosa where there is a
Java. The jar comes with pyxform and runs in a helper process that is kept warm for some minutes.
"""

import importlib.util
import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from forms.compiling.helping import Helper, Occupied, TookTooLong
from forms.compiling.issue import Issue
from forms.compiling.locating import from_validate
from forms.compiling.sheets import Sheets
from forms.xml import plain
from storage.problems import Sentence

_JAR: Final = "validators/odk_validate/bin/ODK_Validate.jar"
_NOISE: Final = re.compile(r"^\s*(at [\w.$/]+\(|\.\.\. \d+ more|>> |Result: |The following files failed|Caused by)")
# What Java makes of a piece of an expression for which it has no words.
_OBJECT: Final = re.compile(r"\s*Bad node: (?:[a-z]\w*\.)+[A-Z]\w*@[0-9a-f]+")
_EXCEPTION: Final = re.compile(r"^(?:[a-z]\w*\.)+[A-Z]\w*(?:Exception|Error)\w*:?\s*")


@dataclass(frozen=True, slots=True)
class NotValidated:
    """The form could not be given to ODK Validate; `reason` is for the administrator."""

    reason: Sentence


class Validator:
    """ODK Validate, one form at a time. *jvm*: the libjvm.so to load; by default the one that `JAVA_HOME` or the system names."""

    def __init__(self, jvm: str = "", *, jar: Path | None = None) -> None:
        self._jar = jar or _jar()
        environment = {"JVM": jvm, "JAR": str(self._jar), "PATH": os.defpath}
        if "JAVA_HOME" in os.environ:
            environment["JAVA_HOME"] = os.environ["JAVA_HOME"]
        self.helper = Helper("forms.compiling.validator", environment=environment)

    def warm_up(self) -> None:
        """Start the Java, unless it runs, and do not wait for it."""
        if self._jar is not None:
            self.helper.start()

    def validate(self, xform: bytes, sheets: Sheets | None = None, *, limit_seconds: float = 60) -> list[Issue] | NotValidated:
        """What ODK Validate holds against *xform*: [] when it passes. *sheets* give the issues their places.

        Forms wait for each other, but none longer than *limit_seconds*: then it goes on without.

        Source: ODK Validate 1.20 in pyxform's wheel.
        """
        if self._jar is None:
            return NotValidated(Sentence("The installed pyxform has no ODK Validate in it."))
        with tempfile.TemporaryFile(prefix="siraba-validating-") as form:
            form.write(plain(xform))  # Java's parser would fetch what a DOCTYPE names, from wherever that is
            form.flush()
            try:
                said = self.helper.ask({}, form, limit_seconds)
            except Occupied:
                return NotValidated(Sentence("ODK Validate was busy with other forms."))
            except TookTooLong:
                return NotValidated(Sentence("ODK Validate was stopped after {seconds:g} seconds.", seconds=limit_seconds))
        verdict = json.loads(said or '{"missing": "broken"}')
        if "missing" in verdict:
            self.helper.end()  # a Java that is installed meanwhile is found
            return NotValidated(_WHY[verdict["missing"]])
        if any("OutOfMemoryError" in each for each in verdict["errors"]):
            self.helper.end()
            return NotValidated(Sentence("ODK Validate needed more memory than it is given."))
        findings = dict.fromkeys(filter(None, map(_finding, verdict["errors"])))
        return [from_validate(each, sheets) for each in findings]


_WHY: Final = {
    "java": Sentence("There is no Java on this server (a headless JRE, version 11 or later, is enough)."),
    "broken": Sentence("ODK Validate could not run on this server."),
}


def _finding(said: str) -> str:
    """One report of ODK Validate's as a sentence, without Java's stack traces and names of classes."""
    lines = [line.strip() for line in said.splitlines() if line.strip() and not _NOISE.match(line)]
    plain = (_OBJECT.sub(" null", _EXCEPTION.sub("", line)).removesuffix(", null").strip() for line in lines)
    return " ".join(dict.fromkeys(filter(None, plain)))


def _jar() -> Path | None:
    pyxform = importlib.util.find_spec("pyxform")
    jar = Path(pyxform.origin).parent / _JAR if pyxform and pyxform.origin else None
    return jar if jar and jar.is_file() else None


VALIDATOR: Final = Validator()
