"""What ODK Web Forms cannot do of what a form asks for, so that nobody finds out in front of a person.

It is what version 0.22.0 of the package was seen to do, question by question: what it shows in another way, what it leaves
out, and what it would send wrongly; `tests/browser/test_gaps.py` holds the list against what is installed. A form that asks
for encryption is never filled there: it would be sent readable.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from lxml import etree

from forms.definition.controls import ASKING, below_root
from forms.definition.model import Definition
from forms.xml import local_name, parse

_DRAWN: Final = frozenset({"draw", "annotate", "signature"})
_CALENDARS: Final = frozenset({"ethiopian", "coptic", "islamic", "bikram-sambat", "myanmar", "persian", "buddhist"})
_PLAIN: Final = _CALENDARS | {"printer", "image-map", "month-year", "year", "bearing", "url"}
_PLAIN_PROGRAMS: Final = ("printer:", "ex:")  # followed by the name of a program on the tablet
_ON_A_MAP: Final = frozenset({"placement-map", "maps"})


class Gap(StrEnum):
    """One thing that Web Forms lacks."""

    UPLOAD = "upload"  # audio, video, files: a sentence stands where the question should be
    ENCRYPTION = "encryption"  # answers would be sent readable
    LAST_SAVED = "last-saved"  # what was answered last time is not remembered
    BARCODE = "barcode"  # a text to type
    DRAWING = "drawing"  # a picture to choose
    DATE_TIME = "dateTime"  # a text to type, as 2026-01-31T09:00:00.000
    MAP = "map"  # a grid with coordinates: nothing is fetched from anybody
    NUMBERS = "numbers"  # a text of digits loses its plus sign
    APPEARANCE = "appearance"  # shown plainly: a date without its calendar, choices without their picture, no other program
    AUDIT = "audit"  # no log of what was done when
    RECORDING = "recording"  # no recording in the background


# Answers that could not be given, or not safely: no link is made for a form that needs one of these.
FATAL: Final = frozenset({Gap.UPLOAD, Gap.ENCRYPTION})


@dataclass(frozen=True, slots=True)
class Lacking:
    """A gap, with the question that falls into it (empty for the whole form) and its labels by language."""

    gap: Gap
    path: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def fatal(self) -> bool:
        """Whether the answer could not be given at all."""
        return self.gap in FATAL


def lacking(xform: bytes, definition: Definition) -> tuple[Lacking, ...]:
    """What Web Forms lacks for the form *xform*, which *definition* was read from: for the whole form, then by question.

    Raises: MalformedXml, XmlTooLarge.
    """
    form = parse(xform)
    return (*_of_the_model(form), *_of_the_questions(form, definition))


def _of_the_model(form: etree._Element) -> Iterator[Lacking]:
    for element in form.iter("{*}submission", "{*}instance", "{*}recordaudio", "{*}bind"):
        kind = local_name(element)
        if kind == "submission" and element.get("base64RsaPublicKey"):
            yield Lacking(Gap.ENCRYPTION)
        elif kind == "instance" and element.get("src") == "jr://instance/last-saved":
            yield Lacking(Gap.LAST_SAVED)
        elif kind == "recordaudio":
            yield Lacking(Gap.RECORDING)
        elif kind == "bind" and (element.get("nodeset") or "").endswith("/meta/audit"):
            yield Lacking(Gap.AUDIT)


def _of_the_questions(form: etree._Element, definition: Definition) -> Iterator[Lacking]:
    for element in form.iter(*(f"{{*}}{kind}" for kind in ASKING)):
        path = below_root(element.get("ref") or "", definition.root)
        known = definition.by_path.get(path)
        gap = _of(element, known.type if known else "string")
        if gap is not None:
            yield Lacking(gap, path, known.labels if known else {})


def _of(element: etree._Element, type_: str) -> Gap | None:
    appearances = frozenset((element.get("appearance") or "").split())
    if local_name(element) == "upload":
        if not (element.get("mediatype") or "").strip().startswith("image/"):
            return Gap.UPLOAD
        return Gap.DRAWING if appearances & _DRAWN else None
    if type_ == "barcode":
        return Gap.BARCODE
    if type_ == "dateTime":
        return Gap.DATE_TIME
    if type_ in ("geotrace", "geoshape") or (type_ == "geopoint" and appearances & _ON_A_MAP):
        return Gap.MAP
    if "map" in appearances:
        return Gap.MAP if local_name(element) == "select1" else Gap.APPEARANCE
    if "numbers" in appearances and type_ == "string":
        return Gap.NUMBERS
    return Gap.APPEARANCE if appearances & _PLAIN or any(each.startswith(_PLAIN_PROGRAMS) for each in appearances) else None
