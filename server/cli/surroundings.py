"""What commands take from their surroundings: the environment's settings, with what was said on the command line on top."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from server import serving
from server.web.surface import Site
from storage import migrating, settings
from storage.engine import Database
from storage.settings import PREFIX, Settings


def environment(**overrides: object) -> dict[str, str]:
    """The variables of this process, with a setting for each of *overrides* that is not null."""
    given = {f"{PREFIX}{name.upper()}": str(value) for name, value in overrides.items() if value is not None}
    return {**os.environ, **given}


def read(variables: Mapping[str, str] | None = None) -> Settings:
    """The settings.

    Raises: BadSettings.
    """
    return settings.read(os.environ if variables is None else variables)


@contextmanager
def database() -> Iterator[Database]:
    """The database of the settings, if it has the schema that this program needs.

    Raises: BadSettings, NotMigrated, Unavailable.
    """
    address = read().database
    migrating.must_exist(address)
    opened = Database(address)
    try:
        migrating.check(opened)
        yield opened
    finally:
        opened.dispose()


@contextmanager
def site() -> Iterator[Site]:
    """The same with the store of attachments.

    Raises: BadSettings, NotMigrated, Unavailable.
    """
    settings = read()
    migrating.must_exist(settings.database)
    opened = serving.site_of(settings)
    try:
        migrating.check(opened.database)
        yield opened
    finally:
        opened.database.dispose()
