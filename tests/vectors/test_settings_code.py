"""Vectors TV-80 and TV-81: the QR code that configures Collect, read off the page as a camera would."""

import base64
import json
import re
import zlib
from html import unescape
from xml.etree import ElementTree

import pytest
import zxingcpp
from PIL import Image

from server import collect_schema
from tests.vectors.calling import listed
from tests.vectors.conftest import Ground

follows = pytest.mark.follows
PIXELS_PER_MODULE = 8


def scanned(page: str) -> str:
    """The text of the page's code: its one path of strokes, painted and read."""
    found = re.search(r"<figure[^>]*>(<svg.*?</svg>)", page, re.DOTALL)
    assert found
    drawn = ElementTree.fromstring(found[1])
    side = int(drawn.attrib["viewBox"].split()[2])
    image = Image.new("L", (side, side), 255)
    x = y = 0.0
    for move, *numbers in re.findall(r"([Mmh])(-?[\d.]+)(?: ?(-?[\d.]+))?", drawn[-1].attrib["d"]):
        if move == "h":
            for step in range(int(numbers[0])):
                image.putpixel((int(x) + step, int(y)), 0)
            x += float(numbers[0])
        else:
            begun = (0.0, 0.0) if move == "M" else (x, y)
            x, y = begun[0] + float(numbers[0]), begun[1] + float(numbers[1])
    large = image.resize((side * PIXELS_PER_MODULE, side * PIXELS_PER_MODULE), Image.Resampling.NEAREST)
    (code,) = zxingcpp.read_barcodes(large)
    text: str = code.text
    return text


@follows("TV-80 TV-81 QR-01 QR-02 QR-03 QR-06 QR-07 QR-11")
def test_a_camera_reads_settings_that_collect_takes_and_that_open_the_list(ground: Ground) -> None:
    page = ground.proxied.page(f"/projects/{ground.project_id}/app-users/{ground.tablet.actor_id}")
    text = scanned(page)
    settings = json.loads(zlib.decompress(base64.b64decode(text, validate=True)))
    address = settings["general"].pop("server_url")

    assert len(text) < 1000
    assert set(settings) == {"general", "admin", "project"}
    assert list(collect_schema.wrongs(settings)) == []
    assert "protocol" not in settings["general"]
    assert len(settings["project"]["icon"]) == 1
    assert address == f"https://h.example/odk{ground.keyed}"
    assert listed(ground.proxied.door.get(f"{address}/formList"))["f1"]["formID"] == "f1"
    managed = re.search(r"<code class=\"secret\">(\{.*?\})</code>", page)
    assert managed
    assert json.loads(unescape(managed[1]))["general"]["server_url"] == address


@follows("QR-06")
def test_no_other_protocol_can_be_chosen() -> None:
    assert list(collect_schema.wrongs({"general": {"protocol": "odk_default"}})) == []
    assert list(collect_schema.wrongs({"general": {"protocol": "google_sheets"}})) == ["general.protocol"]
