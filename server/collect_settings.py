"""The QR code that configures Collect: settings as JSON, deflated, in base64, drawn as SVG or for a terminal.

Pure. Whoever sees the code can read the token in it, so pages that show it are not to be stored (openrosa.md QR-14).
"""

import base64
import io
import json
import zlib
from typing import Any

import segno

ICON = "🧭"
COLOR = "#0b5f6b"
QUIET_MODULES = 4


def server_url(site_url: str, token: str, project_id: int) -> str:
    """The address that a tablet is given: the app user's key stands in it (openrosa.md AU-12)."""
    return f"{site_url}/v1/key/{token}/projects/{project_id}"


def settings_json(address: str, project_name: str) -> str:
    """Collect's settings for one app user; only what differs from Collect's own defaults.

    Source: openrosa.md QR-02 (keep it short), QR-03 (both objects must be there), QR-12.
    """
    settings: dict[str, Any] = {
        "general": {"server_url": address, "form_update_mode": "match_exactly", "autosend": "wifi_and_cellular"},
        "admin": {},
        "project": {"name": project_name, "icon": ICON, "color": COLOR},
    }
    return json.dumps(settings, ensure_ascii=False, separators=(",", ":"))


def encoded(settings: str) -> str:
    """The text of the QR code: base64 of a zlib stream with its header (openrosa.md QR-01)."""
    return base64.b64encode(zlib.compress(settings.encode(), 9)).decode("ascii")


def svg(text: str) -> str:
    """The QR code of *text* as an inline SVG element that scales with its place and needs no style of its own."""
    out = io.BytesIO()
    segno.make_qr(text, error="l", boost_error=False).save(
        out, kind="svg", xmldecl=False, svgns=True, border=QUIET_MODULES, omitsize=True, dark="#000", light="#fff", svgclass="qr",
        lineclass=None,
    )  # fmt: skip
    return out.getvalue().decode()


def terminal(text: str) -> str:
    """The QR code of *text* in half blocks, for a terminal of 80 columns or more."""
    out = io.StringIO()
    segno.make_qr(text, error="l", boost_error=False).terminal(out, border=2, compact=True)
    return out.getvalue()
