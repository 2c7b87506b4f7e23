"""What a search among entities asks for, as people write it in a search engine.

Words must all be there, `OR` between them lets either do, quotes keep words together, and a dash before a word or a quote leaves
out what holds it. Case does not matter. Pure; what it means in SQL is told where the tables are.

Source: ODK Central, `$search`.
"""

import re
from dataclasses import dataclass
from typing import Final

TERMS_MOST: Final = 50
_TERM: Final = re.compile(r'(?P<dash>-?)"(?P<phrase>[^"]*)"?|(?P<word>\S+)')


@dataclass(frozen=True, slots=True)
class Term:
    """A text that must be there, or must not."""

    text: str
    absent: bool = False


Search = tuple[tuple[Term, ...], ...]


def read(text: str) -> Search:
    """The alternatives that *text* names, each with all its terms; the first `TERMS_MOST` terms count. Empty: everything."""
    alternatives: list[list[Term]] = [[]]
    for found in list(_TERM.finditer(text.lower()))[:TERMS_MOST]:
        word = found["word"]
        if word == "or":
            alternatives.append([])
            continue
        term = _term(word) if word is not None else Term(found["phrase"].strip(), bool(found["dash"]))
        if term.text:
            alternatives[-1].append(term)
    return tuple(tuple(each) for each in alternatives if each)


def _term(word: str) -> Term:
    return Term(word.lstrip("-"), True) if word.startswith("-") else Term(word)
