"""Every word that a page may say is said in French too."""

import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

import server.admin.declared  # noqa: F401  # so that every problem of the pages is known here
from server.admin import languages, vocabulary
from server.admin.languages import LANGUAGES
from storage.problems import Problem

ADMIN = Path(languages.__file__).parent
FRENCH = LANGUAGES["fr"]
METHODS = [("templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
OURS = ("storage.problems", "server.web.app", "server.web.bodies", "server.web.lifecycle", "server.access", "server.admin")


def extracted() -> Iterator[str]:
    for _, _, message, _, _ in extract_from_dir(ADMIN, method_map=METHODS, keywords=KEYWORDS):
        yield message if isinstance(message, str) else message[0]


def problems(of: type[Problem] = Problem) -> Iterator[type[Problem]]:
    for each in of.__subclasses__():
        if each.__module__.startswith(OURS):
            yield each
        yield from problems(each)


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)", text)) | {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_message_of_the_pages_is_translated() -> None:
    messages = set(extracted())

    assert len(messages) > 80
    assert sorted(message for message in messages if not FRENCH.knows(message)) == []


def test_every_problem_that_a_page_may_meet_is_translated() -> None:
    assert sorted(problem.says for problem in problems() if not FRENCH.knows(problem.says)) == []


def test_every_word_of_a_case_record_is_translated() -> None:
    words = set(vocabulary.messages()) | set(vocabulary.READING_PROBLEMS) | set(vocabulary.ENTITY_PROBLEMS)

    assert len(words) > 250
    assert sorted(word for word in words if not FRENCH.knows(word)) == []


def test_translations_keep_their_placeholders() -> None:
    wrong = [
        message for message, texts in FRENCH.messages.items() if any(placeholders(message) != placeholders(t) for t in texts)
    ]

    assert wrong == []


@pytest.mark.parametrize(("n", "french", "english"), [(0, "caractère.", "characters."), (1, "caractère.", "character.")])
def test_what_is_counted_follows_each_languages_plural(n: int, french: str, english: str) -> None:
    counted = ("At least %(num)d character.", "At least %(num)d characters.")

    assert FRENCH.counted(*counted, n).endswith(f" {french}")
    assert LANGUAGES["en"].counted(*counted, n).endswith(f" {english}")
