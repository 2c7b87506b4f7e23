"""Encrypted forms from the tablet to the export.

The encrypting side is the Java collector's, written from ODK's specification upon `javax.crypto`, the JDK's own cryptography;
the server's is upon OpenSSL. They share no line, and JavaRosa reads the key out of the form. What Enketo and ODK Collect
themselves encrypted is opened in `tests/server/central/test_encryption.py`.
"""

import csv
import hashlib
import io
import json
import os
import secrets
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import func, select
from werkzeug.test import Client, TestResponse

from forms import publishing, uploading
from forms.problems import BadPublicKey
from forms.publishing import Compiled
from forms.store import keys as keys_store
from forms.submission import encryption, project_keys
from server import worker
from server.application import application
from server.web.surface import Site
from storage import blobs, unit_of_work
from storage.blobs import DiskBlobs
from storage.engine import Database
from storage.schema import entity, submission_attachment, submission_version
from storage.settings import Settings
from tests.collector.collector import Collector, Device, Filled
from tests.collector.fixtures import collector
from tests.support import builders
from tests.support.databases import NewDatabase
from tests.support.households import basic
from tests.support.sockets import serving

__all__ = ["collector"]

pytestmark = pytest.mark.java
PASSPHRASE = "mille et une nuits à Gao"
PHOTO = os.urandom(200_003)


@dataclass(frozen=True)
class Served:
    """One server for all of these tests, which have a project each, and what it prints."""

    site: Site
    client: Client
    address: str
    log: Path


@pytest.fixture(scope="module")
def served(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("encryption")
    settings = Settings(data_dir=folder, database_url=new_database(folder), public_url="http://siraba.test")
    database = Database(settings.database)
    site = Site(settings, database, DiskBlobs(folder / "blobs"))
    with serving(settings, folder / "server.log") as server:
        yield Served(site, Client(application(site)), server.address, server.log)
    database.dispose()


@dataclass
class Project:
    """A project of the test's own, its manager, and a tablet of it."""

    site: Site
    client: Client
    log: Path
    id: int
    manager: builders.Person
    tablet: Device
    folder: Path

    @property
    def forms(self) -> str:
        return f"/v1/projects/{self.id}/forms"

    def turn_on(self, **body: str) -> TestResponse:
        body = body or {"passphrase": PASSPHRASE, "hint": "the book"}
        return self.client.post(f"/v1/projects/{self.id}/key", json=body, headers=basic(self.manager))

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, headers=basic(self.manager))

    def fill(self, photo: bytes = PHOTO) -> Filled:
        source = self.folder / "taken.jpg"
        source.write_bytes(photo)
        self.tablet.refresh()
        return self.tablet.fill(
            "register",
            {
                "answers": {"age": "31", "photo": "été.jpg"},
                "repeats": {"member": [{"nick": "Ba"}, {"nick": "Fa"}]},
                "files": {"été.jpg": {"from": str(source)}},
            },
        )

    def send(self, photo: bytes = PHOTO) -> Filled:
        filled = self.fill(photo)
        assert [sent.status for sent in self.tablet.send(max_files=1)] == [201]
        worker.work_until_idle(self.site.database)
        return filled

    def rows(self, answer: TestResponse, member: str = "register.csv") -> list[dict[str, str]]:
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return list(csv.DictReader(io.StringIO(opened(answer).read(member).decode(), newline="")))


def opened(answer: TestResponse) -> zipfile.ZipFile:
    """The zip, whole."""
    found = zipfile.ZipFile(io.BytesIO(answer.get_data()))
    assert found.testzip() is None
    return found


@pytest.fixture
def project(served: Served, collector: Collector, tmp_path: Path) -> Project:
    database = served.site.database
    project_id = builders.add_project(database)
    builders.add_form(database, project_id)
    manager = builders.add_person(database, f"manager-{secrets.token_hex(4)}", "manager", project_id=project_id)
    key = builders.add_tablet(database, project_id).token
    door = f"{served.address}/v1/key/{key}/projects/{project_id}"
    tablet = Device(collector, tmp_path / "tablet", server=door, device_id="collect:gao")
    return Project(served.site, served.client, served.log, project_id, manager, tablet, tmp_path)


@pytest.mark.follows("TV-62 SB-84")
def test_what_a_tablet_encrypted_is_read_with_the_passphrase_and_only_then(project: Project) -> None:
    assert project.turn_on().status_code == 200
    filled = project.send()
    zip_path = f"{project.forms}/register/submissions.csv.zip"
    (key,) = project.get(f"{project.forms}/register/submissions/keys").get_json()

    closed = project.get(zip_path)
    asked = {str(key["id"]): PASSPHRASE}
    answers = [
        project.client.get(zip_path, query_string=asked, headers=basic(project.manager)),
        project.client.post(zip_path, data=asked, headers=basic(project.manager)),
        project.client.post(zip_path, json=asked, headers=basic(project.manager)),
    ]
    wrong = project.client.post(zip_path, json={str(key["id"]): "another"}, headers=basic(project.manager))

    assert filled.files == ("été.jpg.enc", "submission.xml.enc")
    (row,) = project.rows(closed)
    assert (row["KEY"], row["age"], row["Status"]) == (filled.instance_id, "", "not decrypted")
    assert [name for name in opened(closed).namelist() if name.startswith("media/")] == []
    for answer in answers:
        (row,) = project.rows(answer)
        assert (row["KEY"], row["age"], row["photo"], row["Status"]) == (filled.instance_id, "31", "été.jpg", "")
        assert [each["nick"] for each in project.rows(answer, "register-member.csv")] == ["Ba", "Fa"]
        assert opened(answer).read("media/été.jpg") == PHOTO
        assert "media/submission.xml" not in opened(answer).namelist()
    assert wrong.status_code == 400
    assert wrong.get_json()["code"] == 400.12
    assert PASSPHRASE not in project.log.read_text()
    assert (key["managed"], key["hint"]) == (True, "the book")


def test_every_file_stays_as_it_came_and_nothing_is_read_of_it(project: Project) -> None:
    project.turn_on()
    filled = project.send()

    sent = {name: (filled.xml.parent / name).read_bytes() for name in filled.files}
    one = f"{project.forms}/register/submissions/{filled.instance_id}"
    for name, content in sent.items():
        answer = project.get(f"{one}/attachments/{quote(name)}")
        assert answer.get_data() == content
    assert project.get(f"{one}.xml").get_data() == filled.xml.read_bytes()
    with unit_of_work.reading(project.site.database) as unit:
        this = submission_version.c.instance_id == filled.instance_id
        read = select(submission_version.c.id, submission_version.c.reading, submission_version.c.reading_problem)
        version_id, *reading = unit.connection.execute(read.where(this)).one()
        files = select(submission_attachment.c.expected).where(submission_attachment.c.submission_version_id == version_id)
        assert reading == ["unreadable", "The submission is encrypted."]
        assert unit.connection.execute(files).scalars().all() == [True, True]
        assert unit.connection.execute(select(func.count()).select_from(entity)).scalar_one() == 0
    (row,) = project.get(f"{project.forms}/register.svc/Submissions").get_json()["value"]
    assert row["__system"]["status"] == "notDecrypted"
    assert row["age"] is None


@pytest.mark.follows("SB-85")
def test_the_signature_holds_and_the_key_lies_under_the_passphrase(project: Project) -> None:
    project.turn_on()
    filled = project.send()

    with unit_of_work.reading(project.site.database) as unit:
        own = keys_store.project_key(unit, project.id)
        private = keys_store.locked(unit, own.id) if own else None
    key = project_keys.unlocked(private or "", PASSPHRASE)
    envelope = encryption.opened(encryption.sealed(filled.xml.read_bytes()), key)
    plain = {
        name.removesuffix(".enc"): b"".join(envelope.plain(name, [(filled.xml.parent / name).read_bytes()]))
        for name in filled.files
    }
    md5s = {name: hashlib.md5(content).hexdigest() for name, content in plain.items()}

    assert plain["été.jpg"] == PHOTO
    assert b"<age>31</age>" in plain["submission.xml"]
    assert envelope.is_signed(md5s)
    assert not envelope.is_signed({**md5s, "été.jpg": "0" * 32})
    assert set(json.loads(private or "")) == {"rounds", "salt", "nonce", "locked"}


@pytest.mark.follows("SB-86")
def test_turning_encryption_on_renames_every_version_and_happens_once(project: Project) -> None:
    before = project.get(f"{project.forms}/register").get_json()
    project.tablet.refresh()

    on = project.turn_on()
    after = project.get(f"{project.forms}/register").get_json()
    (listed,) = project.tablet.refresh()

    assert before["keyId"] is None
    assert on.get_json()["keyId"] == after["keyId"] == project.get(f"/v1/projects/{project.id}").get_json()["keyId"]
    assert after["version"].startswith("1[encrypted:")
    assert (listed.version, listed.state) == (after["version"], "updated")
    again = project.turn_on()
    assert (again.status_code, again.get_json()["code"]) == (409, 409.4)
    assert project.turn_on(hint="no passphrase").status_code == 400
    with pytest.raises(publishing.VersionTaken), unit_of_work.writing(project.site.database) as unit:
        publishing.publish(unit, project.id, Compiled(builders.register()))
    with unit_of_work.writing(project.site.database) as unit:
        published = publishing.publish(unit, project.id, Compiled(builders.register(version="2")))
    assert published.definition.version.startswith("2[encrypted:")


@pytest.mark.follows("SB-80")
def test_a_form_with_its_own_key_is_left_alone_and_never_opened_here(project: Project) -> None:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    text = project_keys.public_text(key.public_key())
    pasted = "-----BEGIN PUBLIC KEY-----\n" + text[:64] + "\n" + text[64:] + "\n-----END PUBLIC KEY-----"
    own = builders.register(version="7").replace(b"<instance>", f'<submission base64RsaPublicKey="{pasted}"/><instance>'.encode())
    with unit_of_work.writing(project.site.database) as unit:
        publishing.publish(unit, project.id, Compiled(own))
    project.turn_on()
    filled = project.send()
    path = f"{project.forms}/register/submissions"
    (known,) = project.get(f"{path}/keys").get_json()

    answer = project.client.post(f"{path}.csv.zip", json={str(known["id"]): PASSPHRASE}, headers=basic(project.manager))

    assert (known["managed"], known["public"], known["hint"]) == (False, text, None)
    assert project.get(f"{project.forms}/register").get_json()["version"] == "7"
    assert project.rows(answer)[0]["Status"] == "not decrypted"
    envelope = encryption.opened(encryption.sealed(filled.xml.read_bytes()), key)
    photo = (filled.xml.parent / "été.jpg.enc").read_bytes()
    assert b"".join(envelope.plain("été.jpg.enc", [photo[:5], photo[5:100], photo[100:]])) == PHOTO


def test_parts_that_are_missing_or_damaged_spoil_nothing_else(project: Project) -> None:
    project.turn_on()
    whole, without, damaged = project.send(b"one"), project.send(b"two"), project.send(b"three")
    with unit_of_work.writing(project.site.database) as unit:
        (key,) = [each.id for each in [keys_store.project_key(unit, project.id)] if each]
        version = select(submission_version.c.id).where(submission_version.c.instance_id == without.instance_id)
        unit.connection.execute(
            submission_attachment.update()
            .where(
                submission_attachment.c.submission_version_id == version.scalar_subquery(),
                submission_attachment.c.name == "submission.xml.enc",
            )
            .values(blob_sha256=None)
        )
        # The photo of the third has become something that its key never encrypted.
        broken = project.folder / "broken"
        broken.write_bytes(b"not what was sent")
        stored = uploading.store(project.site.blobs, broken)
        blobs.remember(unit, stored)
        third = select(submission_version.c.id).where(submission_version.c.instance_id == damaged.instance_id)
        unit.connection.execute(
            submission_attachment.update()
            .where(
                submission_attachment.c.submission_version_id == third.scalar_subquery(),
                submission_attachment.c.name == "été.jpg.enc",
            )
            .values(blob_sha256=stored.sha256)
        )

    path = f"{project.forms}/register/submissions.csv.zip"
    answer = project.client.post(path, json={str(key): PASSPHRASE}, headers=basic(project.manager))

    by_id = {row["KEY"]: (row["age"], row["Status"]) for row in project.rows(answer)}
    assert by_id[whole.instance_id] == ("31", "")
    assert by_id[damaged.instance_id] == ("31", "signature mismatch")
    assert by_id[without.instance_id] == ("", "missing encrypted form data")
    assert opened(answer).read(f"media/{whole.instance_id.replace(':', '_')}/été.jpg") == b"one"
    assert opened(answer).read(f"media/{damaged.instance_id.replace(':', '_')}/été.jpg.enc") == b"not what was sent"


@pytest.mark.parametrize("key", ["AAAA", "not base64!"])
def test_a_form_whose_key_is_none_is_refused(site: Site, key: str) -> None:
    project_id = builders.add_project(site.database)
    form = builders.register().replace(b"<instance>", f'<submission base64RsaPublicKey="{key}"/><instance>'.encode())

    with pytest.raises(BadPublicKey), unit_of_work.writing(site.database) as unit:
        publishing.publish(unit, project_id, Compiled(form))
