"""The sheet of codes on paper: as Chromium prints it, and as a tablet's camera would read it."""

import io
import json
import re
import zlib
from base64 import b64decode

import pytest
import zxingcpp
from PIL import Image

from server.access import app_users, collect_templates
from server.collect_schema import Template
from storage import unit_of_work
from tests.browser.conftest import Sit
from tests.browser.desk import Desk
from tests.support import builders

pytestmark = pytest.mark.browser

SETTINGS: Template = {
    "general": {"form_update_mode": "match_exactly", "autosend": "wifi_only", "font_size": "25"},
    "admin": {"admin_pw": "1234", "change_server": False, "delete_saved": False},
    "project": {"name": "Gao", "icon": "G", "color": "#aa3300"},
}


@pytest.mark.follows("QR-01 QR-02 QR-12")
def test_a_sheet_prints_six_to_a_page_and_each_code_scans(sit: Sit, desk: Desk) -> None:
    manager = builders.add_person(desk.site.database, "boss", "manager", project_id=desk.project_id)
    with unit_of_work.writing(desk.site.database) as unit:
        for each in app_users.app_users_in(unit, desk.project_id):
            app_users.revoke(unit, each.id)
        names = app_users.next_names(unit, desk.project_id, "Tablette", 7)
        added = app_users.add_app_users(unit, desk.project_id, names)
        collect_templates.keep_template(unit, desk.project_id, SETTINGS)
    page = sit(f"/projects/{desk.project_id}/app-users/sheet", person=manager).page

    printed = page.pdf(prefer_css_page_size=True)
    shot = Image.open(io.BytesIO(page.screenshot(full_page=True)))
    read = [json.loads(zlib.decompress(b64decode(found.text))) for found in zxingcpp.read_barcodes(shot)]

    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 2
    assert "Les formulaires arrivent et partent d’eux-mêmes." in page.content()
    assert sorted(each["general"]["server_url"] for each in read) == sorted(
        f"{desk.address}/v1/key/{each.token}/projects/{desk.project_id}" for each in added
    )
    for each in read:
        assert each["general"] == {**SETTINGS["general"], "server_url": each["general"]["server_url"]}
        assert (each["admin"], each["project"]) == (SETTINGS["admin"], SETTINGS["project"])

    page.goto(f"{page.url}?unmanaged=on")
    (first, *_) = zxingcpp.read_barcodes(Image.open(io.BytesIO(page.screenshot(full_page=True))))
    left = json.loads(zlib.decompress(b64decode(first.text)))
    assert (list(left["general"]), left["admin"], left["project"]) == (["server_url"], {}, SETTINGS["project"])
    assert "arrivent et partent d’eux-mêmes" not in page.content()
