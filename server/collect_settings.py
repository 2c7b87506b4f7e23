"""The QR code that configures Collect: settings as JSON, deflated, in base64, drawn as SVG or for a terminal.

Pure. Whoever sees the code can read the token in it, so pages that show it are not to be stored (openrosa.md QR-14).
"""

import base64
import io
import json
import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import segno

from server.collect_schema import Template

ICON = "🧭"
COLOR = "#0b5f6b"
QUIET_MODULES = 4


def server_url(site_url: str, token: str, project_id: int) -> str:
    """The address that a tablet is given: the app user's key stands in it (openrosa.md AU-12)."""
    return f"{site_url}/v1/key/{token}/projects/{project_id}"


def come_by_themselves(template: Template) -> bool:
    """Whether forms come to a tablet that was set up so, and leave it, without anybody doing anything."""
    general = template.get("general", {})
    fetched = general.get("form_update_mode") == "match_exactly"
    return fetched and general.get("autosend", "off") != "off"


# What a project's codes say until somebody chooses otherwise; Collect's own defaults would leave everything to the enumerator
# (openrosa.md QR-11b).
DEFAULT: Template = MappingProxyType(
    {
        "general": {"form_update_mode": "match_exactly", "autosend": "wifi_and_cellular"},
        "admin": {},
        "project": {"icon": ICON, "color": COLOR},
    }
)


def settings_json(address: str, project_name: str, template: Template = DEFAULT, *, managed: bool = True) -> str:
    """Collect's settings for one app user: the address, and what the project's *template* chooses.

    A code that is not *managed* leaves update mode, sending and locks to whoever holds the tablet, as Central's does.
    Source: openrosa.md QR-02 (keep it short), QR-03 (both objects must be there), QR-12.
    """
    looks: Mapping[str, Any] = {"name": project_name, "icon": ICON, "color": COLOR, **template.get("project", {})}
    settings: dict[str, Any] = {
        "general": {"server_url": address, **(template.get("general", {}) if managed else {})},
        "admin": dict(template.get("admin", {})) if managed else {},
        "project": looks,
    }
    return json.dumps(settings, ensure_ascii=False, separators=(",", ":"))


def encoded(settings: str) -> str:
    """The text of the QR code: base64 of a zlib stream with its header (openrosa.md QR-01)."""
    return base64.b64encode(zlib.compress(settings.encode(), 9)).decode("ascii")


def svg(text: str) -> str:
    """The QR code of *text* as an inline SVG element that scales with its place and needs no style of its own."""
    out = io.BytesIO()
    # Trying all eight masks costs four times as much, and what was compressed has no pattern that one would hide better.
    segno.make_qr(text, error="l", boost_error=False, mask=0).save(
        out,
        kind="svg",
        xmldecl=False,
        svgns=True,
        border=QUIET_MODULES,
        omitsize=True,
        dark="#000",
        light="#fff",
        svgclass="qr",
        lineclass=None,
    )
    return out.getvalue().decode()


def terminal(text: str) -> str:
    """The QR code of *text* in half blocks, for a terminal of 80 columns or more."""
    out = io.StringIO()
    segno.make_qr(text, error="l", boost_error=False).terminal(out, border=2, compact=True)
    return out.getvalue()
