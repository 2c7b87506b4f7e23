"""The real application on this test's own database and blobs, called without a socket."""

import pytest
from werkzeug.test import Client

from server.application import application
from server.web.surface import Site
from storage.blobs import Blobs
from storage.engine import Database
from storage.settings import Settings


@pytest.fixture
def site(settings: Settings, database: Database, blobs: Blobs) -> Site:
    """What every request shares."""
    return Site(settings, database, blobs)


@pytest.fixture
def client(site: Site) -> Client:
    """A client of the application."""
    return Client(application(site))
