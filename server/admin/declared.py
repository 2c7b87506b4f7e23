"""The pages' surface with every page declared on it: importing a module declares its routes."""

from server.admin import (
    accounts,
    app_users,
    cases,
    collect_settings,
    deliveries,
    filling,
    projects,
    quarantine,
    signing_in,
    static_files,
    submissions,
    team,
)
from server.admin.surface import admin

__all__ = ["admin"]

DECLARING = (
    accounts,
    app_users,
    cases,
    collect_settings,
    deliveries,
    filling,
    projects,
    quarantine,
    signing_in,
    static_files,
    submissions,
    team,
)
