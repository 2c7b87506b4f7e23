"""The pages' surface with every page declared on it: importing a module declares its routes."""

from server.admin import (
    accounts,
    app_users,
    cases,
    choosing,
    collect_settings,
    collecting,
    deliveries,
    draft_files,
    drafts,
    editing,
    encryption,
    filling,
    forms,
    links,
    projects,
    quarantine,
    signing_in,
    static_files,
    submissions,
    team,
    trash,
    trials,
)
from server.admin.surface import admin, public

__all__ = ["admin", "public"]

DECLARING = (
    accounts,
    app_users,
    cases,
    choosing,
    collect_settings,
    collecting,
    deliveries,
    draft_files,
    drafts,
    editing,
    encryption,
    filling,
    forms,
    links,
    projects,
    quarantine,
    signing_in,
    static_files,
    submissions,
    team,
    trash,
    trials,
)
