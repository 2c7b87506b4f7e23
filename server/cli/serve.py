"""`siraba serve`, `siraba web`, `siraba worker`: the processes that do the work."""

import sys

import click

from server import serving
from server.cli import surroundings


@click.command()
def serve() -> None:
    """Run web server and worker together, for one machine. The database must be migrated."""
    variables = surroundings.environment()
    surroundings.read(variables)
    sys.exit(serving.serve_together(variables))


@click.command()
def web() -> None:
    """Run the web server alone."""
    serving.serve_web(surroundings.read())


@click.command()
def worker() -> None:
    """Run the worker alone: it turns submissions into case records and entities."""
    serving.serve_worker(surroundings.read())
