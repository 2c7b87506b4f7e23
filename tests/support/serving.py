"""The real application on this test's own database and blobs, called without a socket; and a tablet that may call it."""

import pytest
from werkzeug.test import Client

from server.application import application
from server.web.surface import Site
from storage.blobs import Blobs
from storage.engine import Database
from storage.settings import Settings
from tests.support import builders
from tests.support.builders import Tablet


@pytest.fixture
def site(settings: Settings, database: Database, blobs: Blobs) -> Site:
    """What every request shares."""
    return Site(settings, database, blobs)


@pytest.fixture
def client(site: Site) -> Client:
    """A client of the application."""
    return Client(application(site))


@pytest.fixture
def tablet(database: Database) -> Tablet:
    """A tablet in a project that has the form `register`."""
    project_id = builders.add_project(database)
    builders.add_form(database, project_id)
    return builders.add_tablet(database, project_id)
