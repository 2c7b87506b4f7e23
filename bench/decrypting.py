"""Whether a web process grows with the file that it decrypts: a submission with an encrypted film, exported with the passphrase.

python -m bench.decrypting --megabytes 200
"""

import base64
import hashlib
import http.client
import json
import os
import time
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from bench import ground, machine
from bench.ground import Ground, Server
from bench.memory import BLOCK, resident_megabytes, send, watching
from bench.registrations import BOUNDARY, part
from forms import keying
from forms.keying import Pair
from forms.store import forms, keys
from forms.submission import project_keys
from storage import unit_of_work
from tests.support import builders

PASSPHRASE = "measured in the open"
FORM = "register"
FILM, ANSWERS = "film.mp4", "submission.xml"


@dataclass(frozen=True, slots=True)
class Closed:
    """The programme with its key, and the form's version under it."""

    key: rsa.RSAPrivateKey
    key_id: int
    version: str
    person: builders.Person


def closed(where: Ground) -> Closed:
    """Give the programme a key, a small form, and somebody who may export."""
    key, database = rsa.generate_private_key(public_exponent=65_537, key_size=2048), where.site.database
    builders.add_form(database, where.tablet.project_id, FORM)
    with unit_of_work.writing(database) as unit:
        keying.turn_encryption_on(unit, where.tablet.project_id, Pair(*project_keys.locked(key, PASSPHRASE), None))
        version = forms.form_of(unit, where.tablet.project_id, FORM).version or ""
        made = keys.project_key(unit, where.tablet.project_id)
        assert made is not None
    return Closed(key, made.id, version, builders.add_person(database, "bench", "admin"))


def body(of: Closed, instance_id: str, megabytes: int) -> Iterator[bytes]:
    """An encrypted submission whose film has that many megabytes, as Collect sends it."""
    secret = os.urandom(32)
    seed = bytearray(hashlib.md5(instance_id.encode() + secret, usedforsecurity=False).digest())
    answers = builders.submission(instance_id, form_id=FORM, version=of.version, photo=FILM)
    film = hashlib.md5(usedforsecurity=False)
    for _ in range(megabytes):
        film.update(BLOCK)
    sealed = _sealed(of, secret)
    told = [FORM, of.version, sealed, instance_id, f"{FILM}::{film.hexdigest()}"]
    told.append(f"{ANSWERS}::{hashlib.md5(answers, usedforsecurity=False).hexdigest()}")
    signature = _sealed(of, hashlib.md5(("\n".join(told) + "\n").encode(), usedforsecurity=False).digest())
    yield part("xml_submission_file", "text/xml", ANSWERS)
    yield (
        f'<data xmlns="http://www.opendatakit.org/xforms/encrypted" id="{FORM}" version="{of.version}" encrypted="yes">'
        f"<base64EncryptedKey>{sealed}</base64EncryptedKey>"
        f'<orx:meta xmlns:orx="http://openrosa.org/xforms"><orx:instanceID>{instance_id}</orx:instanceID></orx:meta>'
        f"<media><file>{FILM}.enc</file></media><encryptedXmlFile>{ANSWERS}.enc</encryptedXmlFile>"
        f"<base64EncryptedElementSignature>{signature}</base64EncryptedElementSignature></data>\r\n"
    ).encode()
    for number, (name, blocks) in enumerate([(FILM, (BLOCK for _ in range(megabytes))), (ANSWERS, [answers])]):
        seed[number] = (seed[number] + 1) % 256
        yield part(f"{name}.enc", "application/octet-stream", f"{name}.enc")
        yield from _encrypted(secret, bytes(seed), blocks)
        yield b"\r\n"
    yield f"--{BOUNDARY}--\r\n".encode()


def _sealed(of: Closed, secret: bytes) -> str:
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    return base64.b64encode(of.key.public_key().encrypt(secret, oaep)).decode()


def _encrypted(secret: bytes, vector: bytes, blocks: Iterable[bytes]) -> Iterator[bytes]:
    encryptor, size = Cipher(algorithms.AES(secret), CFB(vector)).encryptor(), 0
    for block in blocks:
        size += len(block)
        yield encryptor.update(block)
    count = 16 - size % 16
    yield encryptor.update(bytes([count]) * count) + encryptor.finalize()


def export(where: Ground, server: Server, of: Closed, target: Path) -> float:
    """Save the zip, decrypted; returns the seconds that it took."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    credentials = base64.b64encode(f"{of.person.email}:{builders.PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
    begun = time.perf_counter()
    path = f"/v1/projects/{where.tablet.project_id}/forms/{FORM}/submissions.csv.zip"
    connection.request("POST", path, json.dumps({str(of.key_id): PASSPHRASE}), headers)
    answer = connection.getresponse()
    assert answer.status == 200, answer.status
    with target.open("wb") as file:
        while block := answer.read(len(BLOCK)):
            file.write(block)
    connection.close()
    return time.perf_counter() - begun


def check(archive: Path, megabytes: int) -> None:
    """What was saved must be what was filmed, and signed."""
    with zipfile.ZipFile(archive) as saved:
        assert b"signature" not in saved.read(f"{FORM}.csv")
        with saved.open(f"media/{FILM}") as film:
            for _ in range(megabytes):
                assert film.read(len(BLOCK)) == BLOCK
            assert not film.read(1)


@click.command()
@click.option("--megabytes", multiple=True, type=int, default=(1, 50, 200))
def main(megabytes: tuple[int, ...]) -> None:
    """Measure memory and print a table."""
    rows: list[list[object]] = []
    for size in megabytes:
        with ground.founded("sqlite") as where:
            of = closed(where)
            with ground.served(where, "web", web_processes=1, web_threads=2) as server:
                send(where, server, body(of, "uuid:film", size))
                before = resident_megabytes(server.process_id)
                saved = where.site.settings.data_dir / "saved.zip"
                with watching(server.process_id) as most:
                    seconds = export(where, server, of, saved)
                rows.append([size, before, most(), seconds])
            check(saved, size)
    click.echo(machine.facts() + "\n")
    click.echo(machine.table(["film, MB", "web process before, MB", "at most while decrypting, MB", "seconds"], rows))


if __name__ == "__main__":
    main()
