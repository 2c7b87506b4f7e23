"""App users: add one for each tablet, show its QR code, shut it out when the tablet is lost."""

from forms.store import projects as projects_store
from forms.store.projects import Project
from server import collect_settings
from server.access import app_users
from server.access.app_users import AppUser
from server.access.verbs import Verb
from server.admin.pages import link, page, tabs
from server.admin.surface import admin
from server.web.answers import Answer, redirect
from server.web.bodies import form_fields
from server.web.surface import Ask
from storage.problems import NotFound, Problem

NAME_CHARACTERS_MOST = 100


class NameMissing(Problem):
    """An app user or user needs a name by which people know it."""

    code = "400.81"
    says = "Give a name of at most {most} characters."


@admin.get("/projects/<int:project_id>/app-users", needs=Verb.APP_USER_LIST, finds=projects_store.project_of)
def app_users_page(ask: Ask[Project]) -> Answer:
    """The project's app users."""
    listed = app_users.app_users_in(ask.unit, ask.found.id)
    return page(ask, "app_users.html", app_users=listed, **tabs(ask, ask.found, "app-users"))


@admin.post(
    "/projects/<int:project_id>/app-users", needs=Verb.APP_USER_CREATE, finds=projects_store.project_of, reads=form_fields
)
def add_app_user(ask: Ask[Project]) -> Answer:
    """Add an app user and show its code.

    Raises: NameMissing.
    """
    name = ask.body.get("name", "").strip()
    if not 0 < len(name) <= NAME_CHARACTERS_MOST:
        raise NameMissing(most=NAME_CHARACTERS_MOST)
    added = app_users.add_app_user(ask.unit, ask.found.id, name)
    ask.note("field_key.create", project_id=ask.found.id, subject=str(added.id))
    return redirect(link("projects", ask.found.id, "app-users", added.id))


@admin.get("/projects/<int:project_id>/app-users/<int:app_user_id>", needs=Verb.APP_USER_CREATE, finds=app_users.app_user_of)
def app_user_page(ask: Ask[AppUser]) -> Answer:
    """The QR code that configures Collect for this app user.

    Raises: NotFound, once it was revoked. Source: openrosa.md QR-01 to QR-14.
    """
    if ask.found.token is None:
        raise NotFound
    project = projects_store.project_of(ask.unit, ask.found.project_id)
    address = collect_settings.server_url(ask.site.settings.site_url, ask.found.token, project.id)
    code = collect_settings.svg(collect_settings.encoded(collect_settings.settings_json(address, project.name)))
    ask.note("field_key.show", project_id=project.id, subject=str(ask.found.id))
    return page(ask, "app_user.html", app_user=ask.found, address=address, code=code, **tabs(ask, project, "app-users"))


@admin.post(
    "/projects/<int:project_id>/app-users/<int:app_user_id>/revoke",
    needs=Verb.APP_USER_DELETE,
    finds=app_users.app_user_of,
    reads=form_fields,
)
def revoke_app_user(ask: Ask[AppUser]) -> Answer:
    """Shut a tablet out."""
    app_users.revoke(ask.unit, ask.found.id)
    ask.note("field_key.session.end", project_id=ask.found.project_id, subject=str(ask.found.id))
    return redirect(link("projects", ask.found.project_id, "app-users"))
