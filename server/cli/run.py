"""`siraba run`: everything from nothing, which is what `make run` calls."""

import sys
from pathlib import Path

import click

from forms import uploading
from server import collect_settings, founding, lan, serving
from server.access import collect_templates
from server.cli import surroundings
from server.collect_schema import Template
from server.founding import Credentials, Tablet
from server.web.surface import Site
from storage import migrating, unit_of_work
from storage.settings import Settings

FORMS = Path(__file__).parents[2] / "xlsforms"
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  # compared, not bound


@click.command()
@click.option("--host", help="Address to listen on; 0.0.0.0 lets tablets on the same network in.")
@click.option("--port", type=int, help="Port to listen on.")
@click.option("--public-url", help="Address under which tablets and browsers reach this server.")
@click.option(
    "--forms",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=FORMS,
    help="Folder of the programme's spreadsheets, used on the first start.",
)
def run(host: str | None, port: int | None, public_url: str | None, forms: Path) -> None:
    """Start everything: database, forms, first administrator, web server and worker. Running it again keeps the data."""
    variables = surroundings.environment(host=host, port=port, public_url=public_url)
    settings = surroundings.read(variables)
    if not settings.public_url and settings.host in EVERYWHERE:
        address = lan.address()
        if address == lan.ALONE:
            click.echo(
                "This machine is in no network: no tablet can reach it. Set --public-url if it has another address.", err=True
            )
        variables["SIRABA_PUBLIC_URL"] = f"http://{address}:{settings.port}"
        settings = surroundings.read(variables)
    _prepare(settings, forms)
    sys.exit(serving.serve_together(variables))


def _prepare(settings: Settings, forms: Path) -> None:
    """Whatever must be there before the first request; the connections are closed again before children start."""
    site = serving.site_of(settings)
    try:
        migrating.upgrade(site.database)
        _welcome(site, founding.found(site, forms, click.echo))
    finally:
        uploading.rest()
        site.database.dispose()


def _welcome(site: Site, first: Credentials | None) -> None:
    with unit_of_work.reading(site.database) as unit:
        tablet = founding.first_tablet(unit)
        template = collect_templates.template_of(unit, tablet.project_id) if tablet else None
    if tablet is None or template is None:
        click.echo("No tablet is configured: create an app user on the project's page.")
    else:
        _show(site.settings, tablet, template)
    click.echo(f"\nSiraba is at {site.settings.site_url}")
    if first is not None:
        click.echo(f"Sign in as {first.email} with the password {first.password}")
        click.echo("It is shown only now: write it down.")
    click.echo("Stop with Ctrl-C.\n")


def _show(settings: Settings, tablet: Tablet, template: Template) -> None:
    address = collect_settings.server_url(settings.site_url, tablet.token, tablet.project_id)
    text = collect_settings.encoded(collect_settings.settings_json(address, tablet.project_name, template))
    click.echo("\nScan this with ODK Collect (Configure with QR code), or type the address below.\n")
    for line in collect_settings.terminal(text).splitlines():
        # Without colours of its own the code would be white on black in one terminal and the reverse in another.
        click.echo(click.style(line, fg="bright_white", bg="black"))
    click.echo(address)
