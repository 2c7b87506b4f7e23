"""The whole server: every surface, on one WSGI application."""

from server.admin.declared import admin, public
from server.central import (
    actor_properties,
    app_users,
    assignments,
    audits,
    comments,
    datasets,
    diffs,
    downloads,
    drafts,
    encryption,
    entities,
    entity_exports,
    entity_history,
    exports,
    forms,
    places,
    preferences,
    projects,
    public_links,
    quarantine,
    receipts,
    roles,
    sending,
    sessions,
    submission_history,
    submissions,
    trials,
    users,
)
from server.central.surface import central, downloaded, linked, signing_in
from server.central.surface import trying as central_trying
from server.odata import documents, tables
from server.odata import entities as odata_entities
from server.odata.surface import odata
from server.openrosa import briefcase, form_list, kobo_layout, submission
from server.openrosa.surface import kobo, openrosa
from server.openrosa.surface import trying as openrosa_trying
from server.tus import uploads
from server.tus.surface import tus
from server.web.app import Application, make_app
from server.web.surface import Site

# Importing a module of a surface declares its routes.
CENTRAL = (
    actor_properties,
    app_users,
    assignments,
    audits,
    comments,
    datasets,
    diffs,
    downloads,
    drafts,
    encryption,
    entities,
    entity_exports,
    entity_history,
    exports,
    forms,
    places,
    preferences,
    projects,
    public_links,
    quarantine,
    receipts,
    roles,
    sending,
    sessions,
    submission_history,
    submissions,
    trials,
    users,
)
DECLARING = (*CENTRAL, documents, tables, odata_entities, briefcase, form_list, kobo_layout, submission, uploads)
SURFACES = (openrosa_trying, openrosa, kobo, odata, central_trying, downloaded, signing_in, linked, tus, central, admin, public)


def application(site: Site) -> Application:
    """The application that gunicorn serves and that tests call."""
    return make_app(site, SURFACES)
