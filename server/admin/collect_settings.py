"""What a project's QR codes configure: a form for what most programmes choose, and Collect's own words for the rest."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from forms.store import projects as projects_store
from forms.store.projects import Project
from server import collect_settings
from server.access import collect_templates
from server.access.collect_templates import BadTemplate
from server.access.verbs import Verb
from server.admin.pages import link, page, tabs
from server.admin.surface import admin
from server.collect_schema import Template
from server.languages import N_
from server.web.answers import Answer, redirect
from server.web.bodies import form_fields
from server.web.surface import Ask

PAGE = "/projects/<int:project_id>/app-users/settings"

# Field of the page = key of `general`; the blank choice leaves Collect's own default.
CHOICES: Mapping[str, tuple[str, Mapping[str, str]]] = MappingProxyType(
    {
        "form_update_mode": (
            N_("Forms on the tablet"),
            {
                "match_exactly": N_("Exactly those of the server, by themselves"),
                "previously_downloaded": N_("Those fetched once, kept up to date"),
                "manual": N_("Fetched by hand"),
            },
        ),
        "periodic_form_updates_check": (
            N_("Looking for new forms"),
            {
                "every_fifteen_minutes": N_("Every 15 minutes"),
                "every_one_hour": N_("Every hour"),
                "every_six_hours": N_("Every 6 hours"),
                "every_24_hours": N_("Once a day"),
            },
        ),
        "autosend": (
            N_("Sending finished forms"),
            {
                "wifi_and_cellular": N_("By themselves, on any network"),
                "wifi_only": N_("By themselves, on Wi-Fi only"),
                "cellular_only": N_("By themselves, on mobile data only"),
                "off": N_("By hand"),
            },
        ),
        "image_size": (
            N_("Size of photos"),
            {
                "original_image_size": N_("As taken"),
                "large": N_("Large (3072 pixels)"),
                "medium": N_("Medium (2048 pixels)"),
                "small": N_("Small (1024 pixels)"),
                "very_small": N_("Very small (640 pixels)"),
            },
        ),
    }
)
# What an enumerator may do on a managed tablet; Collect allows all of it unless the code says no.
ALLOWED: Mapping[str, str] = MappingProxyType(
    {
        "change_server": N_("change the server"),
        "form_update_mode": N_("change how forms are updated"),
        "change_autosend": N_("change how forms are sent"),
        "get_blank": N_("fetch forms by hand"),
        "view_sent": N_("look at forms that were sent"),
        "edit_saved": N_("go on with forms that are not finished"),
        "delete_saved": N_("delete forms from the tablet"),
    }
)


@admin.get(PAGE, needs=Verb.APP_USER_CREATE, finds=projects_store.project_of)
def collect_settings_page(ask: Ask[Project]) -> Answer:
    """What the codes of this project configure."""
    template = collect_templates.template_of(ask.unit, ask.found.id)
    return page(
        ask,
        "collect_settings.html",
        choices=CHOICES,
        allowed=ALLOWED,
        general=template.get("general", {}),
        locks=template.get("admin", {}),
        looks={"name": "", "icon": collect_settings.ICON, "color": collect_settings.COLOR, **template.get("project", {})},
        more=_more(template),
        **tabs(ask, ask.found, "app-users"),
    )


@admin.post(PAGE, needs=Verb.APP_USER_CREATE, finds=projects_store.project_of, reads=form_fields)
def choose_collect_settings(ask: Ask[Project]) -> Answer:
    """Keep the choices for every code that is shown from now on.

    Raises: BadTemplate.
    """
    collect_templates.keep_template(ask.unit, ask.found.id, chosen(ask.body))
    ask.note("project.update", project_id=ask.found.id, subject="collect_settings")
    return redirect(link("projects", ask.found.id, "app-users"))


def chosen(fields: Mapping[str, str]) -> Template:
    """The template that a posted form means; only what differs from Collect's defaults, since a short code scans well.

    Raises: BadTemplate, when what was written by hand is no JSON object of objects.
    """
    try:
        more = json.loads(fields.get("more", "").strip() or "{}")
    except (ValueError, RecursionError):
        raise BadTemplate(wrong="JSON") from None
    if not isinstance(more, dict) or not all(isinstance(block, dict) for block in more.values()):
        raise BadTemplate(wrong="JSON")
    general = {key: fields[key] for key in CHOICES if fields.get(key)}
    if fields.get("delete_send"):
        general["delete_send"] = True  # type: ignore[assignment]
    locks: dict[str, Any] = {key: False for key in ALLOWED if not fields.get(f"may-{key}")}
    if password := fields.get("admin_pw", "").strip():
        locks["admin_pw"] = password
    looks = {key: fields[key].strip() for key in ("name", "icon", "color") if fields.get(key, "").strip()}
    return {
        **more,
        "general": {**more.get("general", {}), **general},
        "admin": {**more.get("admin", {}), **locks},
        "project": {**more.get("project", {}), **looks},
    }


def _more(template: Template) -> str:
    """What the page has no field for, as it can be edited by hand."""
    shown = {"general": {*CHOICES, "delete_send"}, "admin": {*ALLOWED, "admin_pw"}, "project": {"name", "icon", "color"}}
    rest = {
        block: {
            key: value
            for key, value in values.items()
            # A lock that the page shows as «may» stands for false only.
            if key not in shown[block]
        }
        for block, values in template.items()
    }
    kept = {block: values for block, values in rest.items() if values}
    return json.dumps(kept, ensure_ascii=False, indent=2) if kept else ""
