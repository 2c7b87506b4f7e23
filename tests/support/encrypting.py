"""Submissions that other programs encrypted, and a project whose key opens them.

The programs are Enketo's `encryptor.js`, and ODK Collect's `EncryptionUtils` on BouncyCastle; `encrypted/README.md` tells their
versions.
"""

import csv
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from werkzeug.test import Client, TestResponse

from forms import keying
from forms.keying import Pair
from forms.store import keys as keys_store
from forms.submission import project_keys
from server import worker
from storage import unit_of_work
from storage.engine import Database
from tests.support import builders
from tests.support.households import basic

FOLDER = Path(__file__).parent / "encrypted"
PASSPHRASE = "mille et une nuits à Gao"
VERSION = "1[encrypted:2bf9c29f]"
ID = "uuid:5d0c1d1e-6a51-4c61-9a3e-"
PHOTO = "".join(f"{number}\n" for number in range(1, 7001)).encode()
AUDIO = b"audio of sixteen"


@dataclass(frozen=True)
class Elsewhere:
    """What a program encrypted, and the answers that it was given."""

    folder: str
    instance_id: str
    age: str
    photo: str

    @property
    def xml(self) -> bytes:
        """The envelope."""
        return (FOLDER / self.folder / "submission.xml").read_bytes()

    @property
    def files(self) -> dict[str, bytes]:
        """The encrypted files."""
        return {path.name: path.read_bytes() for path in sorted((FOLDER / self.folder).glob("*.enc"))}


ENKETO = Elsewhere("enketo", f"{ID}ee00000e4e70", "31", "été 1.jpg")
COLLECT = Elsewhere("collect", f"{ID}c0000001ec70", "32", "été 2.jpg")


@dataclass(frozen=True)
class Encrypted:
    """A project whose key is the one for which the others encrypted."""

    client: Client
    database: Database
    project_id: int
    key_id: int
    manager: builders.Person
    tablet: builders.Tablet

    @property
    def form(self) -> str:
        """The form's address."""
        return f"/v1/projects/{self.project_id}/forms/register"

    def send(self, xml: bytes, files: dict[str, bytes]) -> None:
        """Send as a tablet does, and have the worker read it."""
        url = f"/v1/key/{self.tablet.token}/projects/{self.project_id}/submission"
        assert self.client.post(url, **builders.multipart(xml, files)).status_code == 201
        worker.work_until_idle(self.database)

    def get(self, path: str = "") -> TestResponse:
        """What the manager sees below the form."""
        return self.client.get(f"{self.form}{path}", headers=basic(self.manager))

    def post(self, path: str, **more: object) -> TestResponse:
        """What the manager is answered below the form."""
        return self.client.post(f"{self.form}{path}", headers=basic(self.manager), **more)

    def export(self, passphrase: str = PASSPHRASE, *, path: str = "/submissions.csv.zip") -> TestResponse:
        """The zip, asked for with a passphrase."""
        return self.post(path, json={str(self.key_id): passphrase})


def opened(answer: TestResponse) -> zipfile.ZipFile:
    """The zip, whole."""
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found = zipfile.ZipFile(io.BytesIO(answer.get_data()))
    assert found.testzip() is None
    return found


def rows(archive: zipfile.ZipFile, member: str = "register.csv") -> list[dict[str, str]]:
    """A table of a zip."""
    return list(csv.DictReader(io.StringIO(archive.read(member).decode(), newline="")))


def pair(passphrase: str = PASSPHRASE) -> Pair:
    """The key of the folder under a passphrase."""
    key = serialization.load_pem_private_key((FOLDER / "private.pem").read_bytes(), password=None)
    assert isinstance(key, RSAPrivateKey)
    return Pair(*project_keys.locked(key, passphrase), None)


@pytest.fixture
def encrypted(client: Client, database: Database) -> Encrypted:
    """That project, still without a form."""
    project_id = builders.add_project(database)
    with unit_of_work.writing(database) as unit:
        keying.turn_encryption_on(unit, project_id, pair())
        made = keys_store.project_key(unit, project_id)
        assert made
    manager = builders.add_person(database, "manager", "manager", project_id=project_id)
    return Encrypted(client, database, project_id, made.id, manager, builders.add_tablet(database, project_id))
