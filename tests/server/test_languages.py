"""Every word that a person may be told is said in French too."""

import re
import string
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

import server.application  # so that every problem of the pages is known here
import server.cli  # noqa: F401  # and of the command line
from forms.compiling import wording, wording_of_validate
from server import languages
from server.admin import vocabulary
from server.languages import LANGUAGES
from storage.problems import Problem

GROUND = Path(languages.__file__).parents[1]
FRENCH = LANGUAGES["fr"]
METHODS = [("**/templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None, "Sentence": None, "counted": (1, 2)}
# Whose problems a page or a form designer may meet.
OURS: tuple[str, ...] = (
    "storage.problems",
    "server.web.app",
    "server.web.bodies",
    "server.web.lifecycle",
    "server.access",
    "server.admin",
)
OURS += ("forms.problems", "forms.compiling", "forms.drafting", "forms.publishing", "forms.operands", "forms.rehearsing")
OURS += ("forms.telling_apart", "forms.editing_entities", "forms.declaring_lists")


def extracted(folder: str) -> Iterator[str]:
    for _, _, message, _, _ in extract_from_dir(GROUND / folder, method_map=METHODS, keywords=KEYWORDS):
        yield message if isinstance(message, str) else message[0]


def problems(of: type[Problem] = Problem) -> Iterator[type[Problem]]:
    for each in of.__subclasses__():
        if each.__module__.startswith(OURS):
            yield each
        yield from problems(each)


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)", text)) | {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize(("folder", "most"), [("server", 400), ("forms", 50), ("cases", 1)])
def test_every_message_is_translated(folder: str, most: int) -> None:
    messages = set(extracted(folder))

    assert len(messages) > most
    assert sorted(message for message in messages if not FRENCH.knows(message)) == []


def test_every_problem_that_a_page_or_a_designer_may_meet_is_translated() -> None:
    assert sorted(problem.says for problem in problems() if not FRENCH.knows(problem.says)) == []


@pytest.mark.parametrize("rules", [wording.PYXFORM, wording_of_validate.FINDINGS, wording_of_validate.CAUSES])
def test_what_we_know_that_others_say_is_translated(rules: Mapping[str, tuple[str, str]]) -> None:
    assert {rule: says for rule, (_, says) in rules.items() if not FRENCH.knows(says)} == {}


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


@pytest.mark.parametrize(
    ("environment", "code"),
    [
        ({"LANG": "fr_ML.UTF-8"}, "fr"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "fr_FR"}, "fr"),
        ({"LANG": "fr_FR", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "bm_ML"}, "en"),
        ({}, "en"),
    ],
)
def test_a_terminal_says_which_language_it_wants(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], code: str) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LC_CTYPE", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert languages.of_environment().code == code
