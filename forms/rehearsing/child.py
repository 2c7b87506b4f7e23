"""The process that walks forms, `python -m forms.rehearsing.child`: a JSON order on its input, a JSON answer on its output.

{"jar": …, "xform": path, "media": [folder, …],
 "sheets": [{"answers", "repeats", "language", "clock", "properties", "values"}, …]}
{"missing": "java"}   or   {"tried": [{"path", "violations", "xml", "values"} or {"path": [], "violations", "xml": null}, …]}

`values` are those that are expected; they come back with `today+7` as a date, since only this process knows the tablet's clock.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import jpype

from forms.rehearsing import javarosa
from forms.rehearsing.javarosa import Clock
from forms.rehearsing.walking import Walk
from storage.problems import Sentence


def main() -> None:
    """Carry out the order."""
    voice = os.dup(1)
    os.dup2(2, 1)
    order = json.load(sys.stdin)
    try:
        javarosa.start(order["jar"])
        xform = Path(order["xform"]).read_text("utf-8")
        said = {"tried": [_tried(xform, [Path(each) for each in order["media"]], sheet) for sheet in order["sheets"]]}
    except jpype.JVMNotFoundException:
        said = {"missing": "java"}  # type: ignore[dict-item]
    with os.fdopen(voice, "w", encoding="utf-8") as out:
        json.dump(said, out, default=Sentence.packed)


def _tried(xform: str, media: list[Path], sheet: dict[str, Any]) -> dict[str, Any]:
    clock = Clock(sheet["clock"])
    try:
        form = javarosa.open_form(xform, media, sheet["properties"], clock)
    except jpype.JException as thrown:
        return _stopped("form", "/", Sentence("JavaRosa cannot open the form: {reason}", reason=str(thrown.message())))
    walk = Walk(form, sheet["answers"], sheet["repeats"], clock)
    try:
        walk.speak(sheet["language"])
        walk.to_the_end()
    except jpype.JException as thrown:
        place = str(walk.path[-1]["place"]) if walk.path else "/"
        says = Sentence("JavaRosa stopped after {place}: {reason}", place=place, reason=str(thrown.message()))
        broken = _stopped("broken", place, says)
        return {**broken, "path": walk.path, "violations": walk.violations + broken["violations"]}
    values = {name: clock.day(value) if isinstance(value, str) else value for name, value in sheet["values"].items()}
    return {"path": walk.path, "violations": walk.violations, "xml": javarosa.serialised(form).decode(), "values": values}


def _stopped(kind: str, place: str, says: Sentence) -> dict[str, Any]:
    return {"path": [], "violations": [{"kind": kind, "place": place, "says": says}], "xml": None}


if __name__ == "__main__":
    main()
