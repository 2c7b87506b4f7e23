"""The files that a form refers to, so that a designer can be told what is missing before the field is."""

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from forms.definition.model import ExpectedMedia

# The choices of select_one_external, which Collect keeps in a database of its own.
ITEMSETS: Final = "itemsets.csv"
_TYPES: Final = {"images": "image", "audio": "audio", "video": "video", "file": "file", "file-csv": "file"}
_URL: Final = re.compile(r"""jr://(images|audio|video|file-csv|file)/([^'"<>]+)""")
_SEARCH: Final = re.compile(r"""\bsearch\(\s*['"]([^'"]+)['"]""")
_REFERRING: Final = etree.XPath("//@*[contains(., 'jr://')] | //text()[contains(., 'jr://')]")
_SEARCHING: Final = etree.XPath("//@appearance[contains(., 'search(')]")
_EXTERNAL_ITEMSETS: Final = etree.XPath("boolean(//@query)")


def expected_media(form: etree._Element) -> tuple[ExpectedMedia, ...]:
    """Each file once, in the order of first mention; never `jr://instance/last-saved`, which Collect makes itself.

    Source: XForms spec, Secondary Instances – External; Collect's `search()`; ODK Central, form attachments.
    """
    by_name: dict[str, str] = {}
    for name, kind in _mentions(form):
        by_name.setdefault(name, kind)
    return tuple(ExpectedMedia(name, kind) for name, kind in by_name.items())


def _mentions(form: etree._Element) -> Iterator[tuple[str, str]]:
    # Most forms mention none, and writing a large one out is quicker than asking each of its nodes, and lets others run.
    written = etree.tostring(form)
    if b"jr://" in written:
        for text in _REFERRING(form):  # type: ignore[union-attr]
            for kind, name in _URL.findall(str(text)):
                yield name.strip(), _TYPES[kind]
    if b"search(" in written:
        for appearance in _SEARCHING(form):  # type: ignore[union-attr]
            for name in _SEARCH.findall(str(appearance)):
                yield (name if name.endswith(".csv") else f"{name}.csv"), "file"
    if b" query=" in written and _EXTERNAL_ITEMSETS(form):
        yield ITEMSETS, "file"
