import base64
import json
import zlib

from sqlalchemy import select

from server import collect_settings
from server.web.surface import Site
from storage import unit_of_work
from storage.schema import app_user, audit
from tests.server.admin.browsing import Browser
from tests.support.builders import add_form, add_person, add_project, add_tablet


def token_of(site: Site, actor_id: int) -> str | None:
    with unit_of_work.reading(site.database) as unit:
        found: str | None = unit.connection.execute(select(app_user.c.token).where(app_user.c.actor_id == actor_id)).scalar_one()
    return found


def test_an_app_user_is_added_and_its_code_configures_collect(site: Site, admin: Browser) -> None:
    project_id = add_project(site.database)
    add_form(site.database, project_id)

    added = admin.post(f"/projects/{project_id}/app-users", name="Tablette 01 – Bamako")
    page = admin.get(added.place)

    token = token_of(site, int(added.place.rpartition("/")[2]))
    address = f"http://siraba.test/v1/key/{token}/projects/{project_id}"
    settings = collect_settings.settings_json(address, "Mali")
    assert collect_settings.svg(collect_settings.encoded(settings)) in page.html
    assert address in page.text
    assert page.response.headers["Cache-Control"] == "no-store"
    assert json.loads(zlib.decompress(base64.b64decode(collect_settings.encoded(settings))))["general"]["server_url"] == address
    assert admin.get(f"{address.removeprefix('http://siraba.test')}/formList").html.count("<xform>") == 1


def test_a_revoked_app_user_has_no_code_and_no_way_in(site: Site, admin: Browser) -> None:
    project_id = add_project(site.database)
    tablet = add_tablet(site.database, project_id, "Tablette 02")

    admin.post(f"/projects/{project_id}/app-users/{tablet.actor_id}/revoke")

    assert token_of(site, tablet.actor_id) is None
    assert admin.get(f"/projects/{project_id}/app-users/{tablet.actor_id}").status == 404
    assert admin.get(f"/v1/key/{tablet.token}/projects/{project_id}/formList").status == 403
    assert "Revoked" in admin.get(f"/projects/{project_id}/app-users").text


def test_who_saw_a_code_is_recorded_without_the_key(site: Site, admin: Browser) -> None:
    project_id = add_project(site.database)
    tablet = add_tablet(site.database, project_id)

    admin.get(f"/projects/{project_id}/app-users/{tablet.actor_id}")

    with unit_of_work.reading(site.database) as unit:
        rows = unit.connection.execute(select(audit.c.action, audit.c.subject)).all()
    assert ("field_key.show", str(tablet.actor_id)) in [tuple(row) for row in rows]
    assert tablet.token not in str(rows)


def test_a_list_of_app_users_holds_no_keys(site: Site, admin: Browser) -> None:
    project_id = add_project(site.database)
    tablet = add_tablet(site.database, project_id)

    assert tablet.token not in admin.get(f"/projects/{project_id}/app-users").html


def test_an_app_user_needs_a_name(site: Site, admin: Browser) -> None:
    project_id = add_project(site.database)

    assert admin.post(f"/projects/{project_id}/app-users", name="  ").status == 400
    assert admin.post(f"/projects/{project_id}/app-users", name="x" * 101).status == 400


def test_an_app_user_of_another_project_is_not_managed_from_here(site: Site) -> None:
    here, there = add_project(site.database), add_project(site.database, "Niger")
    tablet = add_tablet(site.database, there)
    browser = Browser(site)
    browser.sign_in(add_person(site.database, "manager", "manager", project_id=here))

    assert browser.get(f"/projects/{here}/app-users/{tablet.actor_id}").status == 404
    assert browser.post(f"/projects/{here}/app-users/{tablet.actor_id}/revoke").status == 404
    assert browser.post(f"/projects/{there}/app-users/{tablet.actor_id}/revoke").status == 403
    assert token_of(site, tablet.actor_id) == tablet.token
