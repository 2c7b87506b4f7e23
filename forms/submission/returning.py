"""A submission on its way back to a client that pulls it, in the document that Briefcase reads.

The answers stay as they were sent, encrypted ones too; only the root gets attributes that say what the server knows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from lxml import etree

from forms.xml import parse

NAMESPACE: Final = "http://opendatakit.org/submissions"


@dataclass(frozen=True, slots=True)
class Link:
    """A file that came with a submission, and where it is to be had."""

    name: str
    md5: str
    url: str


def wrapped(xml: bytes, known: Mapping[str, str], files: Iterable[Link]) -> str:
    """The document that holds the submission *xml*, with what is *known* of it, and its *files*.

    Raises: MalformedXml, XmlTooLarge.
    Source: ODK Briefcase, Aggregate API, GET view/downloadSubmission.
    """
    root = parse(xml)
    for name, value in known.items():
        root.set(name, value)
    answers = etree.tostring(root, encoding="unicode", with_tail=False)
    if None not in root.nsmap:
        # Unprefixed names are in no namespace, and must not fall into that of the document around them.
        name = f"<{root.prefix}:{etree.QName(root).localname}" if root.prefix else f"<{root.tag!s}"
        answers = f'{name} xmlns=""{answers[len(name) :]}'
    media = "".join(
        f"<mediaFile><fileName>{escape(file.name)}</fileName><hash>md5:{file.md5}</hash>"
        f"<downloadUrl>{escape(file.url)}</downloadUrl></mediaFile>"
        for file in files
    )
    return f'<submission xmlns="{NAMESPACE}" xmlns:orx="http://openrosa.org/xforms"><data>{answers}</data>{media}</submission>'
