"""An XForm under another version: the same form, whose primary instance says so; and the name of a version that comes next."""

import re
from collections.abc import Collection
from datetime import date
from itertools import count
from typing import Final

from lxml import etree

from forms.xml import children, local_name, parse
from storage.problems import Problem

VERSION_CHARACTERS_MOST: Final = 255
# What no XML can hold; the rest of what is no text was refused with the request.
_UNWRITABLE: Final = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


class BadVersion(Problem):
    """No form can say that it is this version."""

    code = "400.99"
    says = "A version has {most} characters at most, and no control characters."


def next_version(taken: Collection[str], today: date) -> str:
    """The version that `xlsforms/README.md` advises, the day and two digits, the first that is not *taken*: `2026112301`."""
    return next(made for number in count(1) if (made := f"{today:%Y%m%d}{number:02d}") not in taken)


def with_version(xform: bytes, version: str) -> bytes:
    """*xform* with *version* as its form's version, and nothing else changed that a client would see.

    Raises: BadVersion, MalformedXml, XmlTooLarge.
    Source: ODK Central, POST …/draft/publish?version=.
    """
    if len(version) > VERSION_CHARACTERS_MOST or _UNWRITABLE.search(version):
        raise BadVersion(most=VERSION_CHARACTERS_MOST)
    form = parse(xform)
    model = next(each for each in form.iter() if isinstance(each.tag, str) and local_name(each) == "model")
    instance = children(model, "instance")[0]
    root = instance[0]
    for name in [name for name in root.attrib if etree.QName(name).localname == "version"]:
        del root.attrib[name]
    root.set("version", version)
    return etree.tostring(form, xml_declaration=True, encoding="UTF-8")
