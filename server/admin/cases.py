"""Cases: a page of them, a search by number, and one as a timeline with its sections, each look recorded."""

import re

from sqlalchemy import true

from cases import case_number, viewing
from cases.visibility import viewer_of
from forms.definitions import definition_of
from forms.store import forms as forms_store
from forms.store import projects as projects_store
from forms.store.projects import Project
from server.access import policy
from server.access.policy import Place
from server.access.verbs import Verb
from server.admin import case_layout
from server.admin.case_words import CaseWords
from server.admin.pages import page, tabs, typeset
from server.admin.surface import admin
from server.web.answers import Answer
from server.web.surface import Ask

LINES_MOST = 50
DIGITS = 12
_ID = re.compile(r"[0-9a-f-]{36}")


@admin.get("/projects/<int:project_id>/cases", needs=Verb.CASE_LIST, finds=projects_store.project_of, writes=True)
def cases_page(ask: Ask[Project]) -> Answer:
    """The cases that the viewer may see; `?number=` searches, `?after=` goes on. Writes, since a search is recorded."""
    typed, after = ask.query.get("number", "").strip(), ask.query.get("after", "")
    number = written(typed)
    lines = (
        viewing.page(
            ask.unit,
            viewer_of(_roles(ask)),
            project_id=ask.found.id,
            number=number or None,
            after=after if _ID.fullmatch(after) else "",
            size=LINES_MOST + 1,
        )
        if number or not typed
        else []
    )
    return page(
        ask,
        "cases.html",
        lines=lines[:LINES_MOST],
        after=lines[LINES_MOST - 1].case_id if len(lines) > LINES_MOST else None,
        typed=typed,
        newest=not after,
        mistyped=mistyped(typed),
        words=_words(ask),
        **tabs(ask, ask.found, "cases"),
    )


@admin.get("/projects/<int:project_id>/cases/<case_id>", needs=Verb.CASE_READ, finds=projects_store.project_of, writes=True)
def case_page(ask: Ask[Project]) -> Answer:
    """One case, as far as the viewer may see it. Writes, since the look is recorded.

    Raises: NotFound.
    """
    case = viewing.view(ask.unit, viewer_of(_roles(ask)), ask.path["case_id"], project_id=ask.found.id)
    words = _words(ask)
    return page(
        ask,
        "case.html",
        case=case,
        words=words,
        timeline=case_layout.timeline(case, words),
        sections=case_layout.sections(case, words, ask.unit.now),
        tasks=case_layout.section(case, "task", words),
        issues=case.sections.get("quality_issue", []),
        forms={form.xml_form_id: form.title for form in _forms(ask)},
        **tabs(ask, ask.found, "cases"),
    )


def written(typed: str) -> str:
    """A case number, or its beginning, as it is written: with dashes, however it was typed; "" when there is no digit."""
    digits = "".join(letter for letter in typed if letter in "0123456789")[:DIGITS]
    return "-".join(part for part in (digits[:3], digits[3:10], digits[10:]) if part)


def mistyped(typed: str) -> bool:
    """Whether *typed* is no beginning of a case number, or a whole one whose check digits are wrong."""
    digits = "".join(letter for letter in typed if letter in "0123456789")
    others = set(typed) - set("0123456789 -./–")
    return bool(others) or len(digits) > DIGITS or (len(digits) == DIGITS and not case_number.is_right(written(typed)))


def _roles(ask: Ask[Project]) -> frozenset[str]:
    return policy.roles_at(ask.unit, ask.actor, Place(ask.found.id)) if ask.actor else frozenset()


def _forms(ask: Ask[Project]) -> list[forms_store.Form]:
    return forms_store.forms_in(ask.unit, ask.found.id, true())


def _words(ask: Ask[Project]) -> CaseWords:
    definitions = (definition_of(ask.unit, form.version_id) for form in _forms(ask) if form.version_id is not None)
    return CaseWords((each for each in definitions if each.keeps_cases), typeset(ask.language))
