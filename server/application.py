"""The whole server: every surface, on one WSGI application."""

from server.central.surface import central
from server.openrosa.surface import openrosa
from server.web.app import Application, make_app
from server.web.surface import Site


def application(site: Site) -> Application:
    """The application that gunicorn serves and that tests call."""
    return make_app(site, [openrosa, central])
