"""`python -m bench.export`: how fast submissions leave, and how much memory that takes.

The data is made here: the programme's intake form, compiled from its spreadsheet, and submissions of it with every question
answered and three instances of each repeat, so each is larger than a real one. Rows are written straight to the tables; what is
measured is a whole request to the application, its stream read to the end, each in a process of its own. Peak memory is what
the operating system saw; the first line of each database, a request that exports nothing, is what to compare it with.
"""

import argparse
import hashlib
import random
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from sqlalchemy import insert
from werkzeug.test import Client

from forms import publishing
from forms.compiling import compiling
from forms.compiling.limits import Limits
from forms.definition.model import Definition, Field
from server.application import application
from server.web.surface import Site
from storage import unit_of_work
from storage.blobs import DiskBlobs
from storage.engine import Database
from storage.schema import metadata, submission, submission_version
from storage.settings import Settings
from tests.support import builders, postgres
from tests.support.households import basic

WORKBOOK = Path(__file__).parents[1] / "xlsforms" / "intake.xlsx"
FORM = "/v1/projects/1/forms/{form}"
REQUESTS = {
    "nothing": ".xml",
    "root CSV": "/submissions.csv",
    "zip of CSV": "/submissions.csv.zip?attachments=false",
    "OData, root": ".svc/Submissions",
    "OData, expanded": ".svc/Submissions?%24expand=*",
    "OData, first 250": ".svc/Submissions?%24top=250&%24count=true",
    "list as JSON": "/submissions",
}
INSTANCES = 3
ROWS_A_UNIT = 500
PHOTO_CHARACTERS = 13
BEGAN = datetime(2026, 1, 1, 8, 0, tzinfo=UTC)


def answer(field: Field, definition: Definition, chance: random.Random) -> str:
    """A text that fits *field*."""
    choices = definition.choice_lists.get(field.choices or "", ())
    if choices:
        picked = chance.sample(choices, min(len(choices), 2 if field.select == "multiple" else 1))
        return " ".join(choice.name for choice in picked)
    day = BEGAN.date() + timedelta(days=chance.randrange(300))
    by_type = {
        "int": str(chance.randrange(100)),
        "decimal": f"{chance.random() * 100:.2f}",
        "date": day.isoformat(),
        "time": "09:30:00.000+00:00",
        "dateTime": f"{day}T09:30:00.000+00:00",
        "geopoint": f"{chance.uniform(10, 25):.6f} {chance.uniform(-12, 4):.6f} 330.0 4.8",
        "binary": f"{chance.randrange(10**PHOTO_CHARACTERS)}.jpg",
        "boolean": "true",
    }
    return by_type.get(field.type) or chance.choice(("Traoré & fils", "n'a pas répondu", "oui", "Bamako, commune IV"))


def filled(definition: Definition, instance_id: str, chance: random.Random) -> bytes:
    """A submission with everything answered."""
    below: dict[str, list[Field]] = {}
    for field in definition.fields:
        below.setdefault(field.path.rpartition("/")[0], []).append(field)

    def inside(path: str) -> str:
        return "".join(element(field) for field in below.get(path, ()))

    def element(field: Field) -> str:
        if field.path == "/meta/instanceID":
            return f"<instanceID>{instance_id}</instanceID>"
        times = INSTANCES if field.type == "repeat" else 1
        texts = (inside(field.path) if field.is_container else escape(answer(field, definition, chance)) for _ in range(times))
        return "".join(f"<{field.name}>{text}</{field.name}>" for text in texts)

    head = f'<{definition.root} id="{definition.xml_form_id}" version="{definition.version}">'
    return f"<?xml version='1.0' ?>{head}{inside('')}</{definition.root}>".encode()


def fill(database: Database, rows: int) -> tuple[str, int]:
    """Publish the form and write *rows* submissions; returns the form's id and the size of all XML."""
    compiled = compiling.compile(WORKBOOK, limits=Limits(), fallback_id="intake")
    builders.add_person(database, "ada", "admin")
    project_id = builders.add_project(database)
    tablet = builders.add_tablet(database, project_id)
    with unit_of_work.writing(database) as unit:
        published = publishing.publish(unit, project_id, publishing.Compiled(compiled.xform))
    chance = random.Random(7)
    total = 0
    for start in range(0, rows, ROWS_A_UNIT):
        made = [
            (f"uuid:{uuid.UUID(int=chance.getrandbits(128))}", BEGAN + timedelta(seconds=number))
            for number in range(start, min(start + ROWS_A_UNIT, rows))
        ]
        shared = {"form_id": published.form_id, "draft": False, "submitter_id": tablet.actor_id, "device_id": "collect:bench"}
        with unit_of_work.writing(database) as unit:
            ids = unit.connection.execute(
                insert(submission).returning(submission.c.id, sort_by_parameter_order=True),
                [{**shared, "instance_id": instance_id, "created_at": moment} for instance_id, moment in made],
            ).scalars()
            versions = []
            for (instance_id, moment), submission_id in zip(made, ids, strict=True):
                xml = filled(published.definition, instance_id, chance)
                total += len(xml)
                versions.append(
                    {
                        **shared,
                        "submission_id": submission_id,
                        "instance_id": instance_id,
                        "current": True,
                        "form_version_id": published.form_version_id,
                        "version": published.definition.version,
                        "xml": xml,
                        "xml_sha256": hashlib.sha256(xml).hexdigest(),
                        "reading": "read",
                        "created_at": moment,
                    }
                )
            unit.connection.execute(insert(submission_version), versions)
    return published.definition.xml_form_id, total


def measure(address: str, folder: Path, path: str) -> None:
    """Make one request and print its seconds, its bytes, and this process's peak memory in KiB."""
    site = Site(Settings(data_dir=folder, database_url=address), Database(address), DiskBlobs(folder / "blobs"))
    client = Client(application(site))
    headers = basic(builders.Person(0, "ada@siraba.test"))
    client.get("/v1/users/current", headers=headers)  # verifying the password takes its time on purpose
    # Forget the peak of starting and of verifying the password, which takes 64 MiB by itself.
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    began = time.perf_counter()
    response = client.get(path, headers=headers, buffered=False)
    size = sum(len(block) for block in response.response)
    took = time.perf_counter() - began
    response.close()
    assert response.status_code == 200
    print(took, size, peak_kib())
    site.database.dispose()


def peak_kib() -> int:
    """This process's peak memory. Not getrusage: what it says survives an exec, so it would be the parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


@contextmanager
def prepared(kind: str, folder: Path) -> Iterator[str]:
    """A database with every table; its address."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'siraba.db'}"
        return
    with postgres.running() as server:
        yield server.create()


def bench(kind: str, rows: int) -> None:
    """Measure every request on one kind of database and print a table."""
    with tempfile.TemporaryDirectory() as place, prepared(kind, Path(place)) as address:
        database = Database(address)
        metadata.create_all(database.writer)
        form, size = fill(database, rows)
        database.dispose()
        print(f"\n{kind}: {rows} submissions of `{form}`, {size / rows / 1000:.1f} kB of XML each")
        print(f"{'request':20} {'seconds':>8} {'rows/s':>8} {'MB out':>8} {'peak MB':>8}")
        for name, path in REQUESTS.items():
            print_line(name, rows, _measured(address, place, FORM.format(form=form) + path))


def print_line(name: str, rows: int, measured: Any) -> None:
    """One line of the table."""
    seconds, size, peak = measured
    print(f"{name:20} {seconds:8.2f} {rows / seconds:8.0f} {size / 1e6:8.1f} {peak / 1024:8.0f}", flush=True)


def _measured(address: str, folder: str, path: str) -> tuple[float, int, int]:
    command = [sys.executable, "-m", "bench.export", "--measure", address, folder, path]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(printed[0]), int(printed[1]), int(printed[2])


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--measure", nargs=3, metavar=("ADDRESS", "FOLDER", "PATH"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure[0], Path(options.measure[1]), options.measure[2])
        return
    for kind in ("sqlite", "postgresql") if options.database == "both" else (options.database,):
        bench(kind, options.rows)


if __name__ == "__main__":
    main()
