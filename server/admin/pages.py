"""Pages out of templates: languages, dates, links, tabs, and the headers that every page carries.

The policy lets a page load its own style sheet and pictures and post to itself, and nothing else: no script runs, whatever an
answer holds. Templates escape everything.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol
from urllib.parse import quote
from zoneinfo import ZoneInfo

import jinja2
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal
from markupsafe import Markup

from forms.store import projects as projects_store
from forms.store.projects import Project
from server.access import policy
from server.access.policy import SITE, Place
from server.access.roles import ROLES
from server.access.verbs import Verb
from server.admin.style import ICON_HREF, STYLE_HREF
from server.admin.vocabulary import role
from server.languages import N_, NAMES, Language, language
from server.web.answers import Answer
from server.web.surface import Ask, Site
from storage.problems import Problem

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cache-Control": "no-store",
    "Vary": "Cookie, Accept-Language",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

# For problems whose sentence nobody translated; the sentence itself follows in English.
BY_STATUS = {
    400: N_("The request could not be understood."),
    401: N_("You need to sign in."),
    403: N_("You do not have the right to do this."),
    404: N_("There is nothing here that you may see."),
    409: N_("This does not go together with what is there already."),
    413: N_("This is too large."),
    429: N_("Too many requests."),
    500: N_("The server made a mistake."),
    503: N_("The server cannot do this just now. Please try again later."),
}


@dataclass(frozen=True, slots=True)
class Tab:
    """One of the project's tabs."""

    name: str
    href: str
    label: str


_TABS = (
    ("forms", "", Verb.OPEN_FORM_READ, N_("Forms")),
    ("deliveries", "/deliveries", Verb.DELIVERY_READ, N_("Deliveries")),
    ("quarantine", "/quarantine", Verb.QUARANTINE_READ, N_("Quarantine")),
    ("entity-lists", "/entity-lists", Verb.DATASET_LIST, N_("Entity lists")),
    ("cases", "/cases", Verb.CASE_LIST, N_("Cases")),
    ("app-users", "/app-users", Verb.APP_USER_LIST, N_("App users")),
    ("team", "/team", Verb.ASSIGNMENT_LIST, N_("Team")),
)


class InForm(Protocol):
    """A form, or something that lies in one."""

    @property
    def project_id(self) -> int:
        """The project it lies in."""

    @property
    def form_id(self) -> int:
        """The form, by its number."""


def page(
    ask: Ask[Any],
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    target: str | None = None,
    **context: Any,
) -> Answer:
    """The page that *template* makes of *context*, for whoever asks, in their language; *headers* stand before the usual.

    *target*: where it is found again, when that is not where it was asked for, as after a form that was refused.
    """
    actor = ask.actor
    made = _made(
        template,
        typeset(ask.language),
        ask.site,
        status,
        # A link's name is for those who made it; whoever opens the link neither has an account nor signs out.
        actor=actor if actor and actor.kind == "user" else None,
        csrf=actor.csrf if actor else None,
        target=target or ask.target,
        sees_users=policy.allows(ask.unit, actor, Verb.USER_LIST, SITE),
        sees_log=policy.allows(ask.unit, actor, Verb.AUDIT_READ, SITE),
        **context,
    )
    return made.with_headers(headers or {})


def tabs(ask: Ask[Any], project: Project, current: str, *, form_id: int | None = None) -> dict[str, Any]:
    """What a page inside a project needs: the project, the tabs that the viewer may open, which one is open, and what they may
    do here: in the project, or in this form of it.
    """
    held = verbs_at(ask, project)
    base = f"/projects/{project.id}"
    shown = [Tab(name, base + path, label) for name, path, verb, label in _TABS if verb in held]
    return {
        "project": project,
        "tabs": shown,
        "tab": current,
        "may": held if form_id is None else verbs_at(ask, project, form_id),
    }


def form_tabs(ask: Ask[Any], found: InForm) -> dict[str, Any]:
    """The same for a page about a form, or about something in one."""
    return tabs(ask, projects_store.project_of(ask.unit, found.project_id), "forms", form_id=found.form_id)


def verbs_at(ask: Ask[Any], project: Project, form_id: int | None = None) -> frozenset[Verb]:
    """All that the viewer may do in a project, or in a form of it."""
    if ask.actor is None:
        return frozenset()
    return frozenset(verb for role in policy.roles_at(ask.unit, ask.actor, Place(project.id, form_id)) for verb in ROLES[role])


@dataclass(frozen=True, slots=True)
class Told:
    """A refusal in the viewer's language; *english*: its own sentence, where only what kind it is could be translated."""

    sentence: str
    english: str | None = None


@lru_cache(maxsize=8)
def typeset(code: str) -> Language:
    """The language as pages set it: in French no line begins with a colon or ends with an opening guillemet."""
    spoken = language(code)
    if code != "fr":
        return spoken
    kept = {message: (_unbroken(one), _unbroken(many)) for message, (one, many) in spoken.messages.items()}
    return replace(spoken, messages=kept)


def _unbroken(text: str) -> str:
    return re.sub(r" (?=[:;?!»])|(?<=«) ", "\N{NO-BREAK SPACE}", text)


def told(problem: Problem, code: str) -> Told:
    """What *problem* says, in the language *code*."""
    spoken = typeset(code)
    if spoken.knows(problem.says):
        return Told(problem.told(spoken.said))
    return Told(spoken.said(BY_STATUS.get(problem.status, BY_STATUS[400])), problem.sentence)


def again_at(problem: Problem, ask: Ask[Any], field: str) -> dict[str, Any]:
    """What a page needs to stand again after its form was refused: what was typed, and at which *field* it is wrong."""
    return {"status": problem.status, "typed": ask.body, "wrong": {field: told(problem, ask.language)}}


def problem_page(problem: Problem, site: Site, code: str) -> Answer:
    """A refusal as a page of its own, without anything that would need to know who asks."""
    said = told(problem, code)
    made = _made("problem.html", typeset(code), site, problem.status, title=said.sentence, english=said.english)
    return made.with_headers({"Retry-After": str(problem.details.get("seconds", 600))}) if problem.status == 429 else made


def link(*parts: object) -> str:
    """A path of *parts*, each escaped whole: form ids and file names may hold slashes."""
    return "/" + "/".join(quote(str(part), safe="") for part in parts)


def safe_target(target: str) -> str:
    """*target*, if it is a path on this site, else the front page: a sign-in must not send anybody elsewhere."""
    plain = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable() and "\\" not in target
    return target if plain else "/"


def _made(template: str, spoken: Language, site: Site, status: int, **context: Any) -> Answer:
    html = _environment(spoken.code, site.settings.time_zone).get_template(template).render(context)
    return Answer(html.encode(), status, "text/html; charset=utf-8", HEADERS)


@lru_cache(maxsize=8)
def _environment(code: str, time_zone: str) -> jinja2.Environment:
    spoken, zone = typeset(code), ZoneInfo(time_zone)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(spoken.said, spoken.counted, newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(when=_when(spoken, zone), day=_day(spoken), month=_month(spoken), number=_number(spoken))
    environment.globals["span"] = _span(spoken)
    environment.globals.update(
        link=link, lang=spoken.code, languages=NAMES, style=STYLE_HREF, icon=ICON_HREF, Verb=Verb, said=spoken.said,
        role_name=partial(role, spoken),
        # What only some pages have.
        actor=None, csrf=None, target=None, sees_users=False, sees_log=False, tabs=(), project=None,
        # What was typed into a form that is shown again, and what is wrong with it, by field.
        typed=MappingProxyType({}), wrong=MappingProxyType({}),
    )  # fmt: skip
    return environment


def _when(spoken: Language, zone: ZoneInfo) -> Callable[[datetime | None], str]:
    def when(moment: datetime | None) -> str:
        """A moment in the site's zone, with the full one for machines."""
        if moment is None:
            return "–"
        text = format_datetime(moment, "d MMM y, HH:mm", tzinfo=zone, locale=spoken.locale)
        return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(timespec="seconds"), text)

    return when


def _day(spoken: Language) -> Callable[[date | datetime | None], str]:
    def day(moment: date | datetime | None) -> str:
        """A day, as a calendar has it."""
        if moment is None:
            return "–"
        return Markup('<time datetime="{}">{}</time>').format(
            moment.isoformat(), format_date(moment, "d MMM y", locale=spoken.locale)
        )

    return day


def _month(spoken: Language) -> Callable[[str], str]:
    def month(text: str) -> str:
        """A month written as `2025-01`; anything else as it is."""
        try:
            return format_date(date.fromisoformat(f"{text}-01"), "MMM y", locale=spoken.locale)
        except ValueError:
            return text

    return month


def _span(spoken: Language) -> Callable[[int], str]:
    return lambda seconds: format_timedelta(seconds, locale=spoken.locale, threshold=1.5)


def _number(spoken: Language) -> Callable[[float], str]:
    return lambda number: format_decimal(number, locale=spoken.locale)
