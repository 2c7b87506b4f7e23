"""Whether a web process grows with the attachment it takes: one submission with a file of 500 MB, its memory watched.

python -m bench.memory --megabytes 500
"""

import hashlib
import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from sqlalchemy import select

from bench import ground, machine
from bench.ground import Ground, Server
from bench.registrations import BOUNDARY, Registration, part, registration_of
from storage import unit_of_work
from storage.schema import submission_attachment

BLOCK = bytes(range(256)) * 4096
PAUSE_SECONDS = 0.05


def resident_megabytes(process_id: int) -> float:
    """Resident memory of the largest of a process and those below it."""
    return max(machine.resident_megabytes(one) for one in machine.processes(process_id))


def body(registration: Registration, number: int, megabytes: int) -> Iterator[bytes]:
    """A submission whose one file has that many megabytes."""
    yield part("xml_submission_file", "text/xml", "submission.xml") + registration.copy(number)[1] + b"\r\n"
    yield part("film.mp4", "video/mp4", "film.mp4")
    for _ in range(megabytes):
        yield BLOCK
    yield b"\r\n" + f"--{BOUNDARY}--\r\n".encode()


def send(where: Ground, server: Server, blocks: Iterator[bytes]) -> None:
    """Send a body as the first tablet, in chunks; it must be taken."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    path = f"/v1/key/{where.tablet.token}/projects/{where.tablet.project_id}/submission"
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Transfer-Encoding": "chunked"}
    connection.request("POST", path, blocks, headers, encode_chunked=True)
    status = connection.getresponse().status
    connection.close()
    assert status == 201, status


@contextmanager
def watching(process_id: int) -> Iterator[Callable[[], float]]:
    """What the block is given tells the most memory, in MB, that any process of the server had during it."""
    most, over = resident_megabytes(process_id), threading.Event()

    def watch() -> None:
        nonlocal most
        while not over.wait(PAUSE_SECONDS):
            most = max(most, resident_megabytes(process_id))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield lambda: most
    finally:
        over.set()
        watcher.join()


def watched(where: Ground, server: Server, registration: Registration, number: int, megabytes: int) -> tuple[float, float]:
    """The largest web process's memory before, and its most while the submission is taken, in MB."""
    before = resident_megabytes(server.process_id)
    with watching(server.process_id) as most:
        send(where, server, body(registration, number, megabytes))
    return before, most()


@click.command()
@click.option("--megabytes", multiple=True, type=int, default=(1, 50, 500))
@click.option("--blobs", type=click.Choice(ground.BLOB_STORES), default="disk", help="Where attachments go.")
def main(megabytes: tuple[int, ...], blobs: str) -> None:
    """Measure memory and print a table."""
    rows: list[list[object]] = []
    with ground.founded("sqlite", blobs) as where:
        registration = registration_of(where)
        with ground.served(where, "web", web_processes=1, web_threads=2) as server:
            send(where, server, body(registration, 0, 1))
            for number, size in enumerate(megabytes, 1):
                rows.append([size, *watched(where, server, registration, number, size)])
        expected = hashlib.sha256()
        for _ in range(megabytes[-1]):
            expected.update(BLOCK)
        with unit_of_work.reading(where.site.database) as unit:
            kept = unit.connection.execute(select(submission_attachment.c.blob_sha256)).scalars().all()
        assert expected.hexdigest() in kept, "the file must be kept as it was sent"
    click.echo(machine.facts() + "\n")
    click.echo(machine.table(["attachment, MB", "web process before, MB", "at most while receiving, MB"], rows))


if __name__ == "__main__":
    main()
