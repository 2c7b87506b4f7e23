"""How much a search resembles a name, counted in trigrams as PostgreSQL's pg_trgm does, so that both databases find the same.

A word is padded to `  word ` and cut into threes; two texts resemble each other by the threes that they share. Case and accents
count for nothing: «traore» finds «Traoré».
"""

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")


def score(searched: str, *fields: str) -> float:
    """How well *searched* fits the best of *fields*: 0 (not at all) to 2 (the same).

    Source: ODK Central, GET /users?q=, which adds similarity and word similarity and shows what is over 0.5.
    """
    return max((word_similarity(searched, field) + similarity(searched, field) for field in fields), default=0.0)


def similarity(one: str, other: str) -> float:
    """The share of all trigrams that both texts have: 0 to 1.

    Source: PostgreSQL, F.35 pg_trgm, `similarity`.
    """
    return _shared(frozenset(_trigrams(one)), frozenset(_trigrams(other)))


def word_similarity(searched: str, text: str) -> float:
    """How well *searched* fits the best stretch of *text*: 0 to 1.

    Source: PostgreSQL, F.35 pg_trgm, `word_similarity`.
    """
    wanted, row = frozenset(_trigrams(searched)), _trigrams(text)
    # The best stretch begins and ends with a trigram that is wanted: a longer one only adds what is not.
    ends = [place for place, each in enumerate(row) if each in wanted]
    stretches = (frozenset(row[first : last + 1]) for first in ends for last in ends if first <= last)
    return max((_shared(wanted, stretch) for stretch in stretches), default=0.0)


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    every = one | other
    return len(one & other) / len(every) if every else 0.0


@lru_cache(maxsize=10_000)
def _trigrams(text: str) -> tuple[str, ...]:
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    padded = (f"  {word} " for word in _WORD.findall(plain))
    return tuple(word[start : start + 3] for word in padded for start in range(len(word) - 2))
