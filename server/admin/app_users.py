"""App users: add one for each tablet or many at once, show codes, put an end to a key, shut a lost tablet out."""

from datetime import datetime
from typing import Any

from forms import telling_apart
from forms.store import actor_properties
from forms.store import projects as projects_store
from forms.store.actor_properties import PropertyExists
from forms.store.projects import Project
from forms.telling_apart import BadActorProperty
from server import collect_settings, sheet
from server.access import app_users, collect_templates, collecting, policy
from server.access.app_users import AppUser, BadCount, BadEnd, NameMissing, NamesTaken
from server.access.policy import Place
from server.access.verbs import Verb
from server.admin.pages import HEADERS, again_at, link, page, tabs
from server.admin.surface import admin
from server.web.answers import Answer, redirect
from server.web.bodies import form_fields
from server.web.surface import Ask
from storage.problems import NotFound, Problem

APP_USERS = "/projects/<int:project_id>/app-users"
ONE = f"{APP_USERS}/<int:app_user_id>"
SHEET_HEADERS = {
    **HEADERS,
    "Content-Security-Policy": f"default-src 'none'; style-src {sheet.STYLE_SOURCE}; frame-ancestors 'none'; base-uri 'none'",
}
PICKED = "pick-"
PROPERTY = "property."


@admin.get(APP_USERS, needs=Verb.APP_USER_LIST, finds=projects_store.project_of)
def app_users_page(ask: Ask[Project]) -> Answer:
    """The project's app users."""
    return _shown(ask)


def _shown(ask: Ask[Project], *, at_once: bool = False, **again: Any) -> Answer:
    """The page; *again*: what was typed into one of its two forms (*at_once*: the one for many), and what is wrong with it."""
    return page(
        ask,
        "app_users.html",
        target=link("projects", ask.found.id, "app-users"),
        app_users=app_users.app_users_in(ask.unit, ask.found.id),
        collects=collecting.of_project(ask.unit, ask.found.id),
        now=ask.unit.now,
        picked=PICKED,
        at_once=at_once,
        at_once_most=app_users.AT_ONCE_MOST,
        **again,
        **tabs(ask, ask.found, "app-users"),
    )


def _one_again(problem: Problem, ask: Ask[Project]) -> Answer | None:
    field = {NameMissing: "name", BadEnd: "until"}.get(type(problem))
    return None if field is None else _shown(ask, **again_at(problem, ask, field))


def _many_again(problem: Problem, ask: Ask[Project]) -> Answer | None:
    listed = bool(app_users.names_in(ask.body.get("names", "")))
    fields: dict[type[Problem], str] = {
        NameMissing: "names" if listed else "prefix",
        BadCount: "names" if listed else "count",
        NamesTaken: "names" if listed else "prefix",
        BadEnd: "many-until",
    }
    field = fields.get(type(problem))
    return None if field is None else _shown(ask, at_once=True, **again_at(problem, ask, field))


def _end_again(problem: Problem, ask: Ask[AppUser]) -> Answer | None:
    here = link("projects", ask.found.project_id, "app-users", ask.found.id)
    return _code(ask, target=here, **again_at(problem, ask, "until")) if isinstance(problem, BadEnd) else None


@admin.post(APP_USERS, needs=Verb.APP_USER_CREATE, finds=projects_store.project_of, reads=form_fields, refused=_one_again)
def add_app_user(ask: Ask[Project]) -> Answer:
    """Add an app user and show its code.

    Raises: NameMissing, BadEnd.
    """
    name = ask.body.get("name", "").strip()
    if not 0 < len(name) <= app_users.NAME_CHARACTERS_MOST:
        raise NameMissing(most=app_users.NAME_CHARACTERS_MOST)
    added = app_users.add_app_user(ask.unit, ask.found.id, name, expires_at=_end(ask))
    ask.note("field_key.create", project_id=ask.found.id, subject=str(added.id))
    return redirect(link("projects", ask.found.id, "app-users", added.id))


@admin.post(
    f"{APP_USERS}/many",
    needs=Verb.APP_USER_CREATE,
    finds=projects_store.project_of,
    reads=form_fields,
    refused=_many_again,
)
def add_many(ask: Ask[Project]) -> Answer:
    """Add an app user for each line of a list, or a count of them named after a prefix, and show the sheet of their codes.

    Raises: BadCount, NameMissing, NamesTaken, BadEnd.
    """
    names = app_users.names_in(ask.body.get("names", ""))
    count = ask.body.get("count", "").strip()
    if not names:
        number = int(count) if count.isascii() and count.isdigit() and len(count) < 6 else 0
        names = app_users.next_names(ask.unit, ask.found.id, ask.body.get("prefix", ""), number)
    added = app_users.add_app_users(ask.unit, ask.found.id, names, expires_at=_end(ask))
    for each in added:
        ask.note("field_key.create", project_id=ask.found.id, subject=str(each.id))
    picked = "&".join(f"{PICKED}{each.id}=on" for each in added)
    return redirect(f"{link('projects', ask.found.id, 'app-users', 'sheet')}?{picked}")


@admin.get(f"{APP_USERS}/sheet", needs=Verb.APP_USER_CREATE, finds=projects_store.project_of)
def sheet_page(ask: Ask[Project]) -> Answer:
    """The codes of the app users that were picked, or of all, for paper; `?unmanaged=on` leaves settings out."""
    picked = {name.removeprefix(PICKED) for name in ask.query if name.startswith(PICKED)}
    chosen = [
        each
        for each in sorted(app_users.app_users_in(ask.unit, ask.found.id), key=lambda one: one.id)
        if each.may_collect(ask.unit.now) and (not picked or str(each.id) in picked)
    ]
    for each in chosen:
        ask.note("field_key.show", project_id=ask.found.id, subject=str(each.id))
    cards = sheet.cards(
        chosen,
        site_url=ask.site.settings.site_url,
        project_name=ask.found.name,
        template=collect_templates.template_of(ask.unit, ask.found.id),
        managed=_managed(ask),
        zone=ask.site.settings.time_zone,
    )
    return Answer(sheet.document(cards, ask.found.name).encode(), 200, "text/html; charset=utf-8", SHEET_HEADERS)


@admin.get(ONE, needs=Verb.APP_USER_CREATE, finds=app_users.app_user_of)
def app_user_page(ask: Ask[AppUser]) -> Answer:
    """The QR code that configures Collect for this app user; `?unmanaged=on` leaves the settings to whoever holds the tablet.

    Raises: NotFound, once it was revoked. Source: openrosa.md QR-01 to QR-14.
    """
    return _code(ask)


def _code(ask: Ask[AppUser], **again: Any) -> Answer:
    if ask.found.token is None:
        raise NotFound
    project = projects_store.project_of(ask.unit, ask.found.project_id)
    address = collect_settings.server_url(ask.site.settings.site_url, ask.found.token, project.id)
    template = collect_templates.template_of(ask.unit, project.id)
    settings = collect_settings.settings_json(address, project.name, template, managed=_managed(ask))
    ask.note("field_key.show", project_id=project.id, subject=str(ask.found.id))
    return page(
        ask,
        "app_user.html",
        app_user=ask.found,
        now=ask.unit.now,
        address=address,
        settings=settings,
        managed=_managed(ask),
        collects=collecting.of_project(ask.unit, project.id).get(ask.found.id, collecting.NOWHERE),
        picked=PICKED,
        names=actor_properties.names(ask.unit, project.id),
        properties=actor_properties.values_of(ask.unit, [ask.found.id]).get(ask.found.id, {}),
        code=collect_settings.svg(collect_settings.encoded(settings)),
        **again,
        **tabs(ask, project, "app-users"),
    )


@admin.post(f"{ONE}/end", needs=Verb.APP_USER_CREATE, finds=app_users.app_user_of, reads=form_fields, refused=_end_again)
def put_end(ask: Ask[AppUser]) -> Answer:
    """Let the key end on another day, or never.

    Raises: BadEnd; NotFound, once it was revoked.
    """
    if ask.found.token is None:
        raise NotFound
    app_users.put_end(ask.unit, ask.found.id, _end(ask))
    ask.note("field_key.update", project_id=ask.found.project_id, subject=str(ask.found.id))
    return redirect(link("projects", ask.found.project_id, "app-users", ask.found.id))


def _properties_again(problem: Problem, ask: Ask[AppUser]) -> Answer | None:
    here = link("projects", ask.found.project_id, "app-users", ask.found.id)
    known = isinstance(problem, BadActorProperty | PropertyExists)
    return _code(ask, target=here, **again_at(problem, ask, "name")) if known else None


@admin.post(
    f"{ONE}/properties", needs=Verb.APP_USER_UPDATE, finds=app_users.app_user_of, reads=form_fields, refused=_properties_again
)
def put_properties(ask: Ask[AppUser]) -> Answer:
    """Set what the app user is told apart by, blank: nothing; with a name that the project does not know yet, that one too.

    Raises: NotAllowed, BadActorProperty, PropertyExists.
    """
    given = {name: value.strip() for name, value in ask.body.items()}
    wanted: dict[str, str | None] = {
        name.removeprefix(PROPERTY): value or None for name, value in given.items() if name.startswith(PROPERTY)
    }
    if name := given.get("name"):
        policy.require(ask.unit, ask.actor, Verb.ACTOR_PROPERTY_UPDATE, Place(ask.found.project_id))
        telling_apart.register(ask.unit, ask.found.project_id, name)
        wanted[name] = given.get("value") or None
    telling_apart.put(ask.unit, ask.found, telling_apart.read(ask.unit, ask.found.project_id, wanted), "field_key")
    return redirect(link("projects", ask.found.project_id, "app-users", ask.found.id))


@admin.post(f"{ONE}/revoke", needs=Verb.APP_USER_DELETE, finds=app_users.app_user_of, reads=form_fields)
def revoke_app_user(ask: Ask[AppUser]) -> Answer:
    """Shut a tablet out."""
    app_users.revoke(ask.unit, ask.found.id)
    ask.note("field_key.session.end", project_id=ask.found.project_id, subject=str(ask.found.id))
    return redirect(link("projects", ask.found.project_id, "app-users"))


def _end(ask: Ask[Any]) -> datetime | None:
    return app_users.end_of_access(ask.body.get("until", ""), ask.site.settings.time_zone, ask.unit.now)


def _managed(ask: Ask[Any]) -> bool:
    return ask.query.get("unmanaged") != "on"
