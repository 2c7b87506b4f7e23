"""Reading XML that strangers send: bounded, without DTDs, entities or network.

What a device sent is refused only when there is no safe way to read it. Hence the tolerance (a byte-order mark, UTF-16, a bare
DOCTYPE, control characters that barcode scanners put in) and its limits: an internal DTD subset is refused before libxml2 sees
it, encodings outside a short list are refused because they could hide one, nesting and text length are libxml2's defaults.
The reasons given are our own sentences: libxml2's quote the document.
"""

import codecs
import re
from typing import Final

from lxml import etree

from forms.problems import MalformedXml, XmlTooLarge
from storage.problems import Sentence

LIMIT_BYTES: Final = 32 * 1024 * 1024

_ENCODINGS: Final = {
    "utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "iso-8859-15", "latin1", "windows-1252", "utf-16", "utf-16le", "utf-16be",
}  # fmt: skip
_DECLARATION: Final = re.compile(rb"<\?xml\b[^>]*?\?>")
_DECLARED_ENCODING: Final = re.compile(rb"""\bencoding\s*=\s*["']([^"']*)["']""")
_BEFORE_DOCTYPE: Final = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE", re.DOTALL)
_BARE_DOCTYPE: Final = re.compile(rb"""<!DOCTYPE(?:[^>\["']|"[^"]*"|'[^']*')*+>""")
_CONTROL: Final = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|&#(?:x0*(?:[0-8bcef]|1[0-9a-f])|0*(?:[0-8]|1[124-9]|2[0-9]|3[01]));", re.I
)

_BROKEN: Final = Sentence("it is not well-formed")
_REASONS: Final = {
    etree.ErrorTypes.ERR_DOCUMENT_EMPTY: Sentence("it is empty"),
    etree.ErrorTypes.ERR_DOCUMENT_END: Sentence("it is empty or cut off"),
    etree.ErrorTypes.ERR_TAG_NOT_FINISHED: Sentence("it is cut off"),
    etree.ErrorTypes.ERR_TAG_NAME_MISMATCH: Sentence("an element is not closed"),
    etree.ErrorTypes.ERR_INVALID_CHAR: Sentence("it holds a character that XML forbids"),
    etree.ErrorTypes.ERR_INVALID_CHARREF: Sentence("it holds a character that XML forbids"),
    etree.ErrorTypes.ERR_INVALID_ENCODING: Sentence("its bytes are not in the encoding it declares (UTF-8 if none)"),
    etree.ErrorTypes.ERR_UNSUPPORTED_ENCODING: Sentence("its encoding is unknown"),
    etree.ErrorTypes.ERR_UNKNOWN_ENCODING: Sentence("its encoding is unknown"),
    etree.ErrorTypes.ERR_UNDECLARED_ENTITY: Sentence("it uses an entity that is not XML's own"),
    etree.ErrorTypes.ERR_ENTITY_LOOP: Sentence("it uses entities, which are not accepted"),
    etree.ErrorTypes.NS_ERR_UNDEFINED_NAMESPACE: Sentence("it uses a namespace prefix that it does not declare"),
}


def parse(xml: bytes, *, limit_bytes: int = LIMIT_BYTES) -> etree._Element:
    """The root element of *xml*, without comments and processing instructions.

    Control characters that XML forbids are dropped from a copy if that is what it takes.

    Raises: XmlTooLarge; MalformedXml.
    Source: XML 1.0; OpenRosa corner cases seen in the field: byte-order mark, DOCTYPE, `&#29;` of barcode scanners.
    """
    if len(xml) > limit_bytes:
        raise XmlTooLarge(size_bytes=len(xml), limit_bytes=limit_bytes)
    readable = plain(xml)
    try:
        return _parsed(readable)
    except etree.XMLSyntaxError as error:
        cleaned = _CONTROL.sub(b"", readable)
        if cleaned == readable:
            raise _malformed(error) from None
    try:
        return _parsed(cleaned)
    except etree.XMLSyntaxError as error:
        raise _malformed(error) from None


def plain(xml: bytes) -> bytes:
    """*xml* without byte-order mark and DOCTYPE, in an encoding in which ASCII is ASCII: for a parser that would fetch a DTD.

    Raises: MalformedXml, when it declares entities or an encoding that is not accepted.
    """
    return _without_doctype(_in_one_byte_steps(xml))


def local_name(element: etree._Element) -> str:
    """The element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def attribute(element: etree._Element, name: str) -> str | None:
    """The attribute called *name* in no namespace, else in any; None if there is none."""
    plain = element.get(name)
    if plain is not None:
        return plain
    ending = "}" + name
    return next((str(value) for key, value in element.attrib.items() if str(key).endswith(ending)), None)


def child(element: etree._Element, name: str) -> etree._Element | None:
    """The first child called *name* in whatever namespace."""
    return next((each for each in element if local_name(each) == name), None)


def children(element: etree._Element, name: str) -> list[etree._Element]:
    """All children called *name* in whatever namespace, in order."""
    return [each for each in element if local_name(each) == name]


def version_of(root: etree._Element) -> str:
    """The version on the root of a form or of a submission, in whatever namespace; blank is none.

    Byte for byte, since `1`, `1.0` and `01` are three versions.
    """
    version = attribute(root, "version") or ""
    return version if version.strip() else ""


def _parsed(xml: bytes) -> etree._Element:
    # A parser per document: lxml parsers are not shared between threads without a lock, and making one costs 10 µs.
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        # Dropped while parsing, so that the text around them is one text: `.text` stops at a comment.
        remove_comments=True,
        remove_pis=True,
    )
    return etree.fromstring(xml, parser)


def _in_one_byte_steps(xml: bytes) -> bytes:
    """*xml* without byte-order mark and outer blanks, in an encoding in which ASCII is ASCII."""
    if xml.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or xml[:4] in (b"<\0?\0", b"\0<\0?"):
        xml = _from_utf16(xml)
    xml = xml.removeprefix(codecs.BOM_UTF8).strip(b" \t\r\n")
    declaration = _DECLARATION.match(xml)
    encoding = _DECLARED_ENCODING.search(declaration[0]) if declaration else None
    if encoding and encoding[1].decode("ascii", "replace").lower() not in _ENCODINGS:
        raise MalformedXml(reason=Sentence("its encoding is not accepted; send UTF-8"), line=1, column=1)
    return xml


def _from_utf16(xml: bytes) -> bytes:
    guess = "utf-16" if xml[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-16-le" if xml[:1] == b"<" else "utf-16-be"
    try:
        utf8 = xml.decode(guess).encode()
    except UnicodeError:
        raise MalformedXml(reason=Sentence("its bytes are not the UTF-16 they claim to be"), line=1, column=1) from None
    return _DECLARATION.sub(b"", utf8, count=1)


def _without_doctype(xml: bytes) -> bytes:
    """*xml* without its DOCTYPE, if it has one that declares nothing."""
    before = _BEFORE_DOCTYPE.match(xml)
    if not before:
        return xml
    start = before.end() - len(b"<!DOCTYPE")
    bare = _BARE_DOCTYPE.match(xml, start)
    if not bare:
        says = Sentence("it declares a DTD, which is not accepted")
        raise MalformedXml(reason=says, line=xml.count(b"\n", 0, start) + 1, column=1)
    return xml[:start] + xml[bare.end() :]


def _malformed(error: etree.XMLSyntaxError) -> MalformedXml:
    code = getattr(error, "code", None)
    reason = _REASONS.get(code, _BROKEN) if isinstance(code, int) else _BROKEN
    line, column = error.position
    return MalformedXml(reason=reason, line=line or 0, column=column or 0)
