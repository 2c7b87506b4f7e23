"""ODK Validate: does JavaRosa, the engine inside ODK Collect, accept the form?

pyxform passes expressions that no tablet can evaluate (`1 +* 2`), so nothing is published unseen by JavaRosa where there is a
Java. The jar comes with pyxform. Each call starts a JVM (0.6 to 1.4 s); a warm one can replace `validate` without its
callers noticing.
"""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from forms.compiling.issue import Issue
from forms.compiling.locating import from_validate
from forms.compiling.sheets import Sheets

_JAR: Final = "validators/odk_validate/bin/ODK_Validate.jar"
_NOISE: Final = re.compile(
    r"^\s*(at [\w.$/]+\(|\.\.\. \d+ more|>> |Result: |The following files failed|\[Fatal Error\]|Validating: |Caused by)"
)
_EXCEPTION: Final = re.compile(r"^(?:[a-z]\w*\.)+[A-Z]\w*(?:Exception|Error)\w*:?\s*")
_CONTINUED: Final = re.compile(r"^(/|\S+:$)")


@dataclass(frozen=True, slots=True)
class NotValidated:
    """The form could not be given to ODK Validate; `reason` is a sentence for the administrator."""

    reason: str


def validate(
    xform: bytes, sheets: Sheets | None = None, *, java: str = "java", limit_seconds: float = 60
) -> list[Issue] | NotValidated:
    """What ODK Validate holds against *xform*: [] when it passes.

    *sheets* give the issues their rows. *java* is the command to run.

    Source: ODK Validate 1.20 in pyxform's wheel: exit code 0 is valid, its findings are on standard error.
    """
    command, jar = shutil.which(java), _jar()
    if command is None:
        return NotValidated("There is no Java on this server (a headless JRE, version 8 or later, is enough).")
    if jar is None:
        return NotValidated("The installed pyxform has no ODK Validate in it.")
    with tempfile.TemporaryDirectory(prefix="siraba-validating-") as folder:
        form = Path(folder) / "form.xml"
        form.write_bytes(xform)
        return _run([command, *_options(folder), "-jar", str(jar), form.name], folder, sheets, limit_seconds)


def _options(folder: str) -> list[str]:
    return [
        "-Xmx512m",
        "-Xss8m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Djava.awt.headless=true",
        f"-Duser.home={folder}",
    ]


def _run(command: list[str], folder: str, sheets: Sheets | None, limit_seconds: float) -> list[Issue] | NotValidated:
    process = subprocess.Popen(  # noqa: S603 – an argument list, no shell; the form goes in as a file
        command,
        cwd=folder,
        env={"PATH": os.defpath, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _, said = process.communicate(timeout=limit_seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return NotValidated(f"ODK Validate was stopped after {limit_seconds:g} seconds.")
    if process.returncode == 0:
        return []
    findings = _findings(said.decode("utf-8", "replace"))
    if process.returncode != 1 or not findings:
        return NotValidated("ODK Validate could not run on this server.")
    return [from_validate(each, sheets) for each in findings]


def _findings(said: str) -> list[str]:
    """The sentences of ODK Validate's report, without Java's stack traces; lines that list nodes stay with their sentence."""
    found: list[str] = []
    for line in said.splitlines():
        if not line.strip() or _NOISE.match(line) or line.strip() == "form.xml":
            continue
        text = _EXCEPTION.sub("", line.strip())
        if (found and _CONTINUED.match(line)) or (found and line.startswith("The following nodes")):
            found[-1] += " " + text
        elif text and text not in found:
            found.append(text)
    return found


def _jar() -> Path | None:
    pyxform = importlib.util.find_spec("pyxform")
    jar = Path(pyxform.origin).parent / _JAR if pyxform and pyxform.origin else None
    return jar if jar and jar.is_file() else None
