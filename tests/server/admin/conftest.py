import pytest

from server.web.surface import Site
from tests.server.admin.browsing import Browser
from tests.support.builders import add_person


@pytest.fixture
def browser(site: Site) -> Browser:
    """A browser that nobody signed in on."""
    return Browser(site)


@pytest.fixture
def admin(site: Site) -> Browser:
    """A browser on which the site's administrator is signed in."""
    person = add_person(site.database, "admin", "admin")
    signed_in = Browser(site)
    signed_in.sign_in(person)
    return signed_in
