"""The audit log as a page: who did what, when and where, narrowed by day, person, place and kind."""

from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sqlalchemy import true

from forms.store import audits as store
from forms.store import forms as forms_store
from forms.store import projects as projects_store
from forms.store.actees import Actees
from forms.store.audits import Wanted
from forms.store.forms import Form
from forms.store.projects import Project
from server.access import users
from server.access.verbs import Verb
from server.admin.audit_words import ACTIONS, GROUPS
from server.admin.pages import page
from server.admin.surface import admin
from server.admin.vocabulary import REVIEW_STATES
from server.web.answers import Answer
from server.web.surface import Ask

LINES_MOST = 100
FILTERS = ("first", "last", "actor", "place", "kind")
DIGITS_MOST = 15


@admin.get("/audits", needs=Verb.AUDIT_READ)
def audits_page(ask: Ask[None]) -> Answer:
    """The newest entries that are asked for; `?before=` goes on from there. What is no filter counts for nothing."""
    asked = {name: ask.query.get(name, "").strip() for name in FILTERS}
    before = _number(ask.query.get("before", ""))
    found = list(store.entries(ask.unit, _wanted(ask, asked), before=before, most=LINES_MOST + 1))
    lines = found[:LINES_MOST]
    actees = Actees()
    actees.learn(ask.unit, lines)
    return page(
        ask,
        "audits.html",
        lines=lines,
        known=actees,
        asked=asked,
        query=urlencode({name: value for name, value in asked.items() if value}),
        newest=before is None,
        older=lines[-1].id if len(found) > LINES_MOST else None,
        people=_people(ask, asked["actor"], actees),
        places=_places(ask),
        actions=ACTIONS,
        review_states=REVIEW_STATES,
        groups=GROUPS,
    )


def _wanted(ask: Ask[None], asked: dict[str, str]) -> Wanted:
    zone = ZoneInfo(ask.site.settings.time_zone)
    project, _, form = asked["place"].partition("/")
    return Wanted(
        action=asked["kind"] if asked["kind"] in GROUPS else None,
        start=_midnight(asked["first"], zone),
        end=_midnight(asked["last"], zone, days=1),
        actor_id=_number(asked["actor"]),
        project_id=_number(project),
        form_id=_number(form),
    )


def _midnight(text: str, zone: ZoneInfo, *, days: int = 0) -> datetime | None:
    """The first moment of a day, or of one *days* later."""
    try:
        return datetime.combine(date.fromisoformat(text) + timedelta(days=days), time(), zone)
    except (ValueError, OverflowError):
        return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS_MOST else None


def _people(ask: Ask[None], chosen: str, actees: Actees) -> dict[str, str]:
    """Whom to choose from: the users, and whoever was chosen from a line."""
    listed = {str(each.actor_id): each.display_name for each in users.users(ask.unit)}
    other = actees.actors.get(_number(chosen) or 0)
    return listed | ({chosen: other.display_name} if other is not None else {})


def _places(ask: Ask[None]) -> list[tuple[Project, list[Form]]]:
    listed: dict[int, list[Any]] = {}
    for form in forms_store.forms_anywhere(ask.unit, true()):
        listed.setdefault(form.project_id, []).append(form)
    return [(project, listed.get(project.id, [])) for project in projects_store.projects(ask.unit, true())]
