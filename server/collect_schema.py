"""What Collect understands in a settings code: every key, and what may stand there.

Pure. Collect refuses the whole code for one value of the wrong type and silently drops a choice that it does not know, so both
are refused here, where a person can still mend them.

Source: openrosa.md QR-03, QR-04, QR-06, QR-09 (Collect's `client-settings.schema.json` of 2026-08).
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

Template = Mapping[str, Mapping[str, Any]]

# A tuple: one of these words. The type itself: any value of that type.
_PROJECT: dict[str, type | tuple[str, ...]] = {"name": str, "icon": str, "color": str}
_GENERAL: dict[str, type | tuple[str, ...]] = {
    "protocol": ("odk_default",),
    "appTheme": ("system", "light_theme", "dark_theme"),
    "app_language": str,
    "font_size": ("13", "17", "21", "25", "29"),
    "navigation": ("swipe", "buttons", "swipe_buttons"),
    "basemap_source": ("google", "mapbox", "osm", "usgs", "stamen", "carto"),
    "google_map_style": ("1", "2", "3", "4"),
    "mapbox_map_style": str,
    "usgs_map_style": ("topographic", "hybrid", "satellite"),
    "carto_map_style": ("positron", "dark_matter"),
    "reference_layer": str,
    "form_update_mode": ("manual", "previously_downloaded", "match_exactly"),
    "periodic_form_updates_check": ("every_fifteen_minutes", "every_one_hour", "every_six_hours", "every_24_hours"),
    "automatic_update": bool,
    "hide_old_form_versions": bool,
    "autosend": ("off", "wifi_only", "cellular_only", "wifi_and_cellular"),
    "delete_send": bool,
    "default_completed": bool,
    "constraint_behavior": ("on_swipe", "on_finalize"),
    "high_resolution": bool,
    "image_size": ("original_image_size", "small", "very_small", "medium", "large"),
    "guidance_hint": ("no", "yes", "yes_collapsed"),
    "external_app_recording": bool,
    "instance_sync": bool,
    "analytics": bool,
    "metadata_username": str,
    "metadata_phonenumber": str,
    "metadata_email": str,
    "background_location": bool,
    "background_recording": bool,
}
_ADMIN_SWITCHES = (
    "edit_saved", "send_finalized", "view_sent", "get_blank", "delete_saved", "change_server", "change_project_display",
    "change_app_theme", "change_app_language", "change_font_size", "change_navigation", "maps", "form_update_mode",
    "periodic_form_updates_check", "automatic_update", "hide_old_form_versions", "change_autosend", "delete_after_send",
    "change_constraint_behavior", "high_resolution", "image_size", "guidance_hint", "external_app_recording",
    "instance_form_sync", "change_form_metadata", "analytics", "moving_backwards", "access_settings", "change_language",
    "jump_to", "save_mid", "mark_as_finalized", "save_as_draft", "finalize", "finalize_in_form_entry", "bulk_finalize",
)  # fmt: skip
BLOCKS: Mapping[str, Mapping[str, type | tuple[str, ...]]] = MappingProxyType(
    {"general": _GENERAL, "admin": {"admin_pw": str, **dict.fromkeys(_ADMIN_SWITCHES, bool)}, "project": _PROJECT}
)
# The address and who asks are the app user's own; a template that set them would send every tablet elsewhere.
OWN = frozenset({"server_url", "username", "password"})
_COLOR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


def wrongs(template: Any) -> Iterator[str]:
    """What Collect would not take in *template*, as `block.key`; nothing when it may be printed."""
    if not isinstance(template, Mapping):
        yield "JSON"
        return
    for block, values in template.items():
        if block not in BLOCKS or not isinstance(values, Mapping):
            yield str(block)
            continue
        yield from (f"{block}.{key}" for key, value in values.items() if not _fits(block, key, value))


def _fits(block: str, key: str, value: Any) -> bool:
    expected = BLOCKS[block].get(key)
    if expected is None:
        return False
    if isinstance(expected, tuple):
        return value in expected
    if not isinstance(value, expected):
        return False
    return key != "color" or bool(_COLOR.fullmatch(str(value)))
