import base64
import json
import zlib
from xml.etree import ElementTree

import pytest

from server import collect_settings

ADDRESS = collect_settings.server_url("https://siraba.example", "k" * 64, 7)


def test_the_address_holds_the_key_and_no_trailing_slash() -> None:
    assert f"https://siraba.example/v1/key/{'k' * 64}/projects/7" == ADDRESS


@pytest.mark.follows("TV-80 QR-01 QR-03 QR-12")
def test_collect_can_inflate_the_code_and_finds_both_objects_it_requires() -> None:
    text = collect_settings.encoded(collect_settings.settings_json(ADDRESS, "Mali – réintégration"))

    settings = json.loads(zlib.decompress(base64.b64decode(text, validate=True)))

    assert settings["general"] == {
        "server_url": ADDRESS,
        "form_update_mode": "match_exactly",
        "autosend": "wifi_and_cellular",
    }
    assert settings["admin"] == {}
    assert settings["project"]["name"] == "Mali – réintégration"


@pytest.mark.follows("QR-02")
def test_the_code_stays_short_enough_to_scan() -> None:
    assert len(collect_settings.encoded(collect_settings.settings_json(ADDRESS, "Projet " * 12))) < 1000


def test_the_svg_is_one_element_without_style_or_script() -> None:
    drawn = ElementTree.fromstring(collect_settings.svg("siraba"))

    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    assert "style" not in drawn.attrib
    assert {child.tag.rpartition("}")[2] for child in drawn} == {"path"}


def test_the_terminal_code_fits_eighty_columns() -> None:
    text = collect_settings.encoded(collect_settings.settings_json(ADDRESS, "Mali"))

    assert max(len(line) for line in collect_settings.terminal(text).splitlines()) <= 80
