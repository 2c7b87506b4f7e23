"""The whole server: every surface, on one WSGI application."""

from server.admin.declared import admin
from server.central import downloads
from server.central.surface import central
from server.openrosa import form_list, submission
from server.openrosa.surface import openrosa
from server.web.app import Application, make_app
from server.web.surface import Site

# Importing a module of a surface declares its routes.
DECLARING = (downloads, form_list, submission)
SURFACES = (openrosa, central, admin)


def application(site: Site) -> Application:
    """The application that gunicorn serves and that tests call."""
    return make_app(site, SURFACES)
