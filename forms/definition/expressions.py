"""XPath expressions as a form designer writes them: paths of fields shown as `${name}`, spaces that mean nothing set aside.

pyxform turns `${age}` into `/data/a/age`, or into `../age` within a repeat. To compare two versions, both become `${/a/age}`,
with the path that the field has in the newer version: renaming a question changes no condition that speaks of it.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from forms.definition.controls import below_root

_LITERAL: Final = re.compile(r"""("[^"]*"|'[^']*')""")
_STEP: Final = r"[^\W\d][\w.-]*(?::[^\W\d][\w.-]*)?"
_PATH: Final = re.compile(
    rf"\s*(?:(?<![\w)\]./:])/{_STEP}(?:/{_STEP})*|(?<![\w)\]./:])(?:current\(\)/)?\.\.?(?:/\.\.)*/{_STEP}(?:/{_STEP})*)\s*"
)
_CLOSE: Final = re.compile(r"\s*([=!<>+*(),|\[\]]+)\s*")
_BLANKS: Final = re.compile(r"\s+")
_NEEDLESS: Final = re.compile(r"(?<=[(\[]) (?=\$\{)|(?<=\}) (?=[),\]])")


def canonical(expression: str, context: str, root: str, renamed: Mapping[str, str]) -> str:
    """*expression* of the field at *context* in a form that another spelling of the same meaning gives too.

    *root*: name of the primary instance's root. *renamed*: field path → its path in the version that it is compared with.
    """
    named = _outside_quotes(
        expression,
        lambda text: _PATH.sub(lambda found: " ${" + _path(found[0], context, root, renamed) + "} ", text),
    )
    return _outside_quotes(named, lambda text: _CLOSE.sub(r"\1", _BLANKS.sub(" ", text))).strip()


def shown(expression: str, context: str, root: str) -> str:
    """*expression* with its paths as a spreadsheet writes them: `${age} > 17`."""
    named = _outside_quotes(
        expression,
        lambda text: _PATH.sub(lambda found: " ${" + _path(found[0], context, root, {}).rpartition("/")[2] + "} ", text),
    )
    # The blanks that keep names apart are not needed beside brackets and commas.
    return _outside_quotes(named, lambda text: _NEEDLESS.sub("", _BLANKS.sub(" ", text))).strip()


def _path(reference: str, context: str, root: str, renamed: Mapping[str, str]) -> str:
    path = below_root(reference.strip(), root, context)
    return renamed.get(path, path)


def _outside_quotes(expression: str, rewrite: Callable[[str], str]) -> str:
    """*expression* rewritten, save for what stands in quotation marks."""
    pieces = _LITERAL.split(expression)
    return "".join(piece if at % 2 else rewrite(piece) for at, piece in enumerate(pieces))
