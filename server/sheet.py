"""A sheet of settings codes for paper: six to an A4 page, each to be cut out and handed over with its tablet.

One document that needs nothing else, so that it is the same from the page and from the command line; its cards speak French and
English, since whoever scans one has chosen no language. Whoever sees it can send forms: it is not stored anywhere.
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import jinja2
from babel.dates import format_datetime

from server import collect_settings
from server.access.app_users import AppUser
from server.collect_schema import Template

HERE = Path(__file__).parent
STYLE = (HERE / "sheet.css").read_text(encoding="utf-8")
# A page's policy lets in this style and no other.
STYLE_SOURCE = f"'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"


@dataclass(frozen=True, slots=True)
class Card:
    """One code to be cut out; the ends of access as each language writes them, empty for a key that never ends.

    *by_itself*: the settings in the code let forms come and go without anybody doing anything.
    """

    name: str
    project: str
    code: str
    ends_fr: str
    ends_en: str
    by_itself: bool


def cards(
    app_users: Iterable[AppUser], *, site_url: str, project_name: str, template: Template, managed: bool, zone: str
) -> list[Card]:
    """A card for each app user that has a key, in the order given."""
    made = []
    by_itself = managed and collect_settings.come_by_themselves(template)
    for each in app_users:
        if each.token is None:
            continue
        address = collect_settings.server_url(site_url, each.token, each.project_id)
        settings = collect_settings.settings_json(address, project_name, template, managed=managed)
        code = collect_settings.svg(collect_settings.encoded(settings))
        made.append(
            Card(
                each.display_name,
                project_name,
                code,
                _said(each.expires_at, zone, "fr"),
                _said(each.expires_at, zone, "en"),
                by_itself,
            )
        )
    return made


def document(cards: list[Card], project_name: str) -> str:
    """The sheet as one HTML document."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("sheet.html").render(cards=cards, project=project_name, style=STYLE)


def _said(moment: datetime | None, zone: str, language: str) -> str:
    return "" if moment is None else format_datetime(moment, "d MMM y, HH:mm", tzinfo=ZoneInfo(zone), locale=language)
