"""Commands run in the test's own process, on its database."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from server.cli import siraba
from storage.settings import Settings

Command = Callable[..., Result]


@pytest.fixture
def command(settings: Settings) -> Command:
    """`command("user", "list")` runs it and gives exit code and output; `input=` is what is typed."""
    variables = {"SIRABA_DATA_DIR": str(settings.data_dir), "SIRABA_DATABASE_URL": settings.database_url}

    def run(*arguments: str, input: str | None = None, **more: str) -> Result:
        return CliRunner().invoke(siraba, arguments, input=input, env={**variables, **more})

    return run
