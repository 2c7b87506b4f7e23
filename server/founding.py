"""The first start: the programme's project with its forms, a first administrator, and a first tablet.

The administrator and the tablet come last and together: while there is none, a start that was interrupted is taken up where
it ended. From then on nothing is made again, so what people delete or revoke stays so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import true

from cases import targets
from forms import publishing, uploading
from forms.store.projects import add_project, projects
from server.access import app_users, passwords, users
from server.web.surface import Site
from storage import unit_of_work
from storage.blobs import Stored
from storage.unit_of_work import Unit

PROJECT = "Mali – assistance aux migrants"
ADMINISTRATOR = "admin@siraba.local"
TABLET = "Tablette 1"
FORMS = ("intake", "health_assessment", "reintegration_followup")
STAFF = "staff.csv"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What only the first start knows: shown once and kept nowhere."""

    email: str
    password: str


@dataclass(frozen=True, slots=True)
class Tablet:
    """An app user that can be shown as a QR code."""

    project_id: int
    project_name: str
    token: str


def found(site: Site, folder: Path, say: Say) -> Credentials | None:
    """Make what the programme needs from the spreadsheets in *folder*, unless somebody can sign in already.

    *say* is told, in a sentence each, what happens. Returns the first administrator's credentials; null when there was one.

    Raises: InvalidWorkbook and its kin, when a spreadsheet cannot be published.
    """
    with unit_of_work.reading(site.database) as unit:
        if users.there_are_users(unit):
            return None
    project_id = _project(site)
    staff = uploading.store(site.blobs, folder / STAFF)
    for name in FORMS:
        say(f"Publishing {name}.xlsx …")
        _publish(site, project_id, folder / f"{name}.xlsx", staff, say)
    return _first_people(site, project_id)


def first_tablet(unit: Unit) -> Tablet | None:
    """The oldest app user that may collect, in the oldest project that has one."""
    for project in sorted(projects(unit, true()), key=lambda one: one.id):
        for app_user in sorted(app_users.app_users_in(unit, project.id), key=lambda one: one.id):
            if app_user.token is not None and app_user.may_collect(unit.now):
                return Tablet(project.id, project.name, app_user.token)
    return None


def _project(site: Site) -> int:
    with unit_of_work.writing(site.database) as unit:
        known = [project.id for project in projects(unit, true()) if project.name == PROJECT]
        return known[0] if known else add_project(unit, PROJECT)


def _publish(site: Site, project_id: int, path: Path, staff: Stored, say: Say) -> None:
    uploaded = uploading.prepare(site.blobs, path, targets)
    try:
        with unit_of_work.writing(site.database) as unit:
            published = publishing.publish(unit, project_id, uploaded.compiled)
            if STAFF in published.missing_media:
                publishing.supply_media(unit, published.form_version_id, STAFF, staff)
    except publishing.VersionTaken:
        say("  was published before.")
        return
    say("  checked by ODK Validate." if uploaded.not_validated is None else f"  NOT VALIDATED: {uploaded.not_validated}")


def _first_people(site: Site, project_id: int) -> Credentials:
    chosen = passwords.new()
    with unit_of_work.writing(site.database) as unit:
        administrator = users.add_user(unit, ADMINISTRATOR, "Administrator", chosen, digest_key=site.settings.digest_key)
        users.give_role(unit, administrator, "admin")
        app_users.add_app_user(unit, project_id, TABLET)
    return Credentials(ADMINISTRATOR, chosen.password)
