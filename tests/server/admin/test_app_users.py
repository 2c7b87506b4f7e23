import base64
import json
import zlib
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import Client

from server import collect_settings
from server.access import app_users, collect_templates
from server.application import application
from server.web.surface import Site
from storage import unit_of_work
from storage.schema import app_user, audit
from tests.server.admin.browsing import Browser, shown
from tests.support.builders import add_form, add_person, add_project, add_tablet, multipart, submission


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


def settings_in(html: str) -> dict[str, Any]:
    """The settings shown for device managers, which are those in the code."""
    text = shown(html).partition("settings_json: ")[2]
    found: dict[str, Any] = json.JSONDecoder().raw_decode(text)[0]
    return found


def test_many_are_added_at_once_and_their_sheet_is_shown(site: Site, admin: Browser) -> None:
    project_id = add_project(site.database)

    added = admin.post(f"/projects/{project_id}/app-users/many", names="Gao – Awa\n\n  Gao –  Moussa \nKayes <1>")
    sheet = admin.get(added.place)

    assert (added.status, sheet.status) == (303, 200)
    assert sheet.html.count('class="card"') == 3
    assert sheet.html.count("<svg") == 3
    assert "Gao – Moussa" in sheet.text
    assert "Kayes &lt;1&gt;" in sheet.html
    assert "scannez ce code" in sheet.text
    assert "scan this code" in sheet.text
    assert sheet.response.headers["Cache-Control"] == "no-store"
    assert "<script" not in sheet.html


@pytest.mark.follows("TV-81 QR-08 QR-14")
def test_every_code_of_a_sheet_lets_its_tablet_in(site: Site, admin: Browser) -> None:
    project_id = add_project(site.database)
    add_form(site.database, project_id)
    added = admin.post(f"/projects/{project_id}/app-users/many", prefix="Tablette", count="3", until="2999-01-01")
    assert added.status == 400  # a century is enough
    admin.post(f"/projects/{project_id}/app-users/many", prefix="Tablette", count="3", until="2099-01-01")

    sheet = admin.get(f"/projects/{project_id}/app-users/sheet")

    with unit_of_work.reading(site.database) as unit:
        tokens = unit.connection.execute(select(app_user.c.token)).scalars().all()
    assert len(tokens) == 3
    assert "Until 1 Jan 2099, 23:59" in sheet.text
    for token in tokens:
        address = collect_settings.server_url("http://siraba.test", token or "", project_id)
        assert collect_settings.svg(collect_settings.encoded(collect_settings.settings_json(address, "Mali"))) in sheet.html
        assert admin.get(f"{address.removeprefix('http://siraba.test')}/formList").status == 200


def test_numbering_goes_on_where_it_ended_and_names_are_not_given_twice(site: Site, admin: Browser) -> None:
    project_id = add_project(site.database)
    many = f"/projects/{project_id}/app-users/many"
    admin.post(many, prefix="Tablette", count="2")
    admin.post(many, prefix="Tablette", count="1")

    page = admin.get(f"/projects/{project_id}/app-users")
    assert all(f"Tablette 0{number}" in page.text for number in (1, 2, 3))

    refused = admin.post(many, names="Awa\nTablette 02")
    assert refused.status == 409
    assert "Awa" not in admin.get(f"/projects/{project_id}/app-users").text


@pytest.mark.parametrize(
    "fields", [{}, {"prefix": "T"}, {"prefix": "T", "count": "201"}, {"prefix": "T", "count": "-1"}, {"count": "3"},
               {"names": "x" * 101}, {"names": "Awa", "until": "2001-01-01"}, {"names": "Awa", "until": "tomorrow"}],
)  # fmt: skip
def test_what_makes_no_app_users_is_refused_whole(site: Site, admin: Browser, fields: dict[str, str]) -> None:
    project_id = add_project(site.database)

    assert admin.post(f"/projects/{project_id}/app-users/many", **fields).status == 400  # type: ignore[arg-type]
    with unit_of_work.reading(site.database) as unit:
        assert unit.connection.execute(select(app_user.c.actor_id)).all() == []


@pytest.mark.parametrize(
    ("fields", "field", "kept"),
    [({"names": "Awa\nTablette 02", "until": "2099-01-01"}, "names", "Awa\nTablette 02</textarea>"),
     ({"names": "Awa", "until": "2001-01-01"}, "many-until", 'value="2001-01-01"'),
     ({"prefix": "Poste", "count": "0"}, "count", 'value="Poste"'), ({"count": "3"}, "prefix", 'value="3"')],
)  # fmt: skip
def test_what_is_wrong_with_many_is_told_at_its_field_and_what_was_typed_stays(
    site: Site, admin: Browser, fields: dict[str, str], field: str, kept: str
) -> None:
    project_id = add_project(site.database)
    add_tablet(site.database, project_id, "Tablette 02")

    refused = admin.post(f"/projects/{project_id}/app-users/many", fields)

    assert refused.html.count(f'aria-describedby="{field}-wrong"') == 1
    assert refused.html.count(f'id="{field}-wrong"') == 1
    assert kept in refused.html
    assert f'name="next" value="/projects/{project_id}/app-users"' in refused.html
    assert '<details class="card" open>' in refused.html


def test_what_is_wrong_with_one_is_told_at_its_field_and_what_was_typed_stays(site: Site, admin: Browser) -> None:
    project_id = add_project(site.database)
    tablet = add_tablet(site.database, project_id)

    named = admin.post(f"/projects/{project_id}/app-users", name=" ", until="2099-01-01")
    ended = admin.post(f"/projects/{project_id}/app-users", name='"Gao"', until="2001-01-01")
    put = admin.post(f"/projects/{project_id}/app-users/{tablet.actor_id}/end", until="2001-01-01")

    assert 'aria-describedby="name-wrong"' in named.html
    assert 'value="2099-01-01"' in named.html
    assert 'value="&#34;Gao&#34;"' in ended.html
    for refused in (ended, put):
        assert refused.status == 400
        assert 'value="2001-01-01" aria-invalid="true" aria-describedby="until-wrong"' in refused.html
        assert "The end of access must lie in the future" in refused.text


def test_a_key_that_has_ended_is_refused_without_a_password_dialog_and_opens_again(site: Site, admin: Browser) -> None:
    project_id = add_project(site.database)
    add_form(site.database, project_id)
    tablet = add_tablet(site.database, project_id, "Tablette 03")
    door = f"/v1/key/{tablet.token}/projects/{project_id}"
    client = Client(application(site))
    with unit_of_work.writing(site.database) as unit:
        app_users.put_end(unit, tablet.actor_id, unit.now)

    head = client.head(f"{door}/submission")
    sent = client.post(f"{door}/submission", **multipart(submission("uuid:1")))
    for refused in (head, sent, client.get(f"{door}/formList"), client.get(f"{door}/forms/register.xml")):
        assert refused.status_code == 403
        assert "WWW-Authenticate" not in refused.headers
    assert "ask your supervisor" in sent.get_data(as_text=True)
    assert "Expired" in admin.get(f"/projects/{project_id}/app-users").text
    assert "has ended" in admin.get(f"/projects/{project_id}/app-users/{tablet.actor_id}").text
    assert "<svg" not in admin.get(f"/projects/{project_id}/app-users/sheet").html

    assert admin.post(f"/projects/{project_id}/app-users/{tablet.actor_id}/end", until="").status == 303
    assert client.post(f"{door}/submission", **multipart(submission("uuid:1"))).status_code == 201


@pytest.mark.follows("QR-10 QR-11b")
def test_codes_carry_the_settings_that_were_chosen_for_the_project(site: Site, admin: Browser) -> None:
    project_id = add_project(site.database)
    tablet = add_tablet(site.database, project_id)
    chosen = admin.post(
        f"/projects/{project_id}/app-users/settings",
        form_update_mode="previously_downloaded", periodic_form_updates_check="every_one_hour", autosend="wifi_only",
        delete_send="on", admin_pw="1234", icon="🌍", color="#aa3300", name="Gao",
        more='{"general": {"font_size": "25", "automatic_update": true}, "admin": {"moving_backwards": false}}',
        **{"may-view_sent": "on", "may-get_blank": "on", "may-edit_saved": "on"},  # type: ignore[arg-type]
    )  # fmt: skip

    settings = settings_in(admin.get(f"/projects/{project_id}/app-users/{tablet.actor_id}").html)
    form = admin.get(f"/projects/{project_id}/app-users/settings").html

    assert chosen.status == 303
    assert settings["general"] == {
        "server_url": f"http://siraba.test/v1/key/{tablet.token}/projects/{project_id}",
        "form_update_mode": "previously_downloaded", "periodic_form_updates_check": "every_one_hour", "autosend": "wifi_only",
        "delete_send": True, "font_size": "25", "automatic_update": True,
    }  # fmt: skip
    assert settings["admin"] == {
        "admin_pw": "1234", "change_server": False, "form_update_mode": False, "change_autosend": False, "delete_saved": False,
        "moving_backwards": False,
    }  # fmt: skip
    assert settings["project"] == {"name": "Gao", "icon": "🌍", "color": "#aa3300"}
    assert "font_size" in form
    assert 'value="1234"' in form

    unmanaged = settings_in(admin.get(f"/projects/{project_id}/app-users/{tablet.actor_id}?unmanaged=on").html)
    assert list(unmanaged["general"]) == ["server_url"]
    assert unmanaged["admin"] == {}
    assert unmanaged["project"]["name"] == "Gao"


@pytest.mark.follows("QR-04 QR-09")
@pytest.mark.parametrize(
    "fields", [{"more": "[1]"}, {"more": "{"}, {"more": '{"general": {"server_url": "https://evil.example"}}'},
               {"more": '{"general": {"font_size": 25}}'}, {"more": '{"admin": {"maps": "no"}}'}, {"autosend": "sometimes"},
               {"color": "red"}, {"more": '{"other": {}}'}, {"icon": "x" * 2000}],
)  # fmt: skip
def test_settings_that_collect_would_refuse_are_refused_here(site: Site, admin: Browser, fields: dict[str, str]) -> None:
    project_id = add_project(site.database)

    assert admin.post(f"/projects/{project_id}/app-users/settings", **fields).status == 400  # type: ignore[arg-type]
    with unit_of_work.reading(site.database) as unit:
        assert collect_templates.template_of(unit, project_id) == collect_settings.DEFAULT


def test_what_a_tablet_is_told_apart_by_is_set_on_its_page(site: Site, admin: Browser) -> None:
    tablet = add_tablet(site.database, add_project(site.database), "Gao 01")
    here = f"/projects/{tablet.project_id}/app-users/{tablet.actor_id}"
    admin.get(here)

    assert admin.post(f"{here}/properties", name="site", value=" Gao ").status == 303
    assert 'name="property.site" maxlength="255" autocomplete="off" value="Gao"' in admin.get(here).html
    refused = admin.post(f"{here}/properties", {"property.site": "Gao"}, name="a b", value="x")
    assert (refused.status, 'value="a b"' in refused.html, "letters, digits" in refused.text) == (400, True, True)
    admin.post(f"{here}/properties", {"property.site": ""}, name="", value="")
    assert 'name="property.site" maxlength="255" autocomplete="off" value=""' in admin.get(here).html
