"""Encrypted forms over Central's API, with submissions that Enketo and ODK Collect encrypted (`tests/support/encrypted`)."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import func, select, true

from forms import keying, publishing, retiring
from forms.definition import reading
from forms.publishing import Compiled
from forms.store import forms as forms_store
from forms.store import trash, versions
from forms.submission import project_keys
from forms.xml import parse
from storage import unit_of_work
from storage.engine import Database
from storage.schema import form_version_key
from tests.forms.workbooks import Rows, workbook
from tests.support import builders
from tests.support.encrypting import AUDIO, COLLECT, ENKETO, PHOTO, VERSION, Elsewhere, Encrypted, opened, pair, rows
from tests.support.households import basic


@pytest.mark.follows("TV-62 SB-81 SB-84")
@pytest.mark.parametrize("sent", [ENKETO, COLLECT], ids=lambda each: each.folder)
def test_what_another_program_encrypted_opens_whole(encrypted: Encrypted, sent: Elsewhere) -> None:
    builders.add_form(encrypted.database, encrypted.project_id)
    encrypted.send(sent.xml, sent.files)

    archive = opened(encrypted.export())

    (row,) = rows(archive)
    assert (row["KEY"], row["age"], row["photo"], row["Status"]) == (sent.instance_id, sent.age, sent.photo, "")
    assert [each["nick"] for each in rows(archive, "register-member.csv")] == ["Sékou Ɓa", "N’Fa"]
    assert archive.read(f"media/{sent.photo}") == PHOTO
    assert archive.read("media/audio.m4a") == AUDIO


Parts = tuple[bytes, dict[str, bytes]]
Change = Callable[[bytes, dict[str, bytes]], Parts]


def exchanged(name: str, content: bytes | None) -> Change:
    """A submission in which a file is another one, or missing."""

    def change(xml: bytes, files: dict[str, bytes]) -> Parts:
        kept = {key: value for key, value in files.items() if key != name}
        return xml, kept if content is None else kept | {name: content}

    return change


def rewritten(was: bytes, now: bytes) -> Change:
    """A submission whose envelope says something else."""
    return lambda xml, files: (xml.replace(was, now), files)


def signature(xml: bytes) -> bytes:
    """An envelope's signature."""
    found = re.search(rb"Signature>([^<]+)<", xml)
    assert found
    return found[1]


@pytest.mark.follows("SB-85 CC-41")
@pytest.mark.parametrize(
    ("change", "age", "status"),
    [
        pytest.param(exchanged("été 1.jpg.enc", b"another photo"), "31", "signature mismatch", id="photo"),
        pytest.param(exchanged("été 1.jpg.enc", None), "31", "files missing, signature not checked", id="no photo"),
        pytest.param(exchanged("submission.xml.enc", b"x" * 352), "", "damaged", id="answers"),
        pytest.param(exchanged("submission.xml.enc", None), "", "missing encrypted form data", id="no answers"),
        pytest.param(rewritten(b"<base64EncryptedKey>N", b"<base64EncryptedKey>O"), "", "damaged", id="key"),
        pytest.param(rewritten(signature(ENKETO.xml), signature(COLLECT.xml)), "31", "signature mismatch", id="signature"),
        pytest.param(rewritten(b"ee00000e4e70", b"ee00000e4e71"), "", "unreadable", id="instance id"),
    ],
)
def test_what_is_not_as_it_was_signed_says_so_in_the_export(encrypted: Encrypted, change: Change, age: str, status: str) -> None:
    builders.add_form(encrypted.database, encrypted.project_id)
    encrypted.send(*change(ENKETO.xml, ENKETO.files))

    assert [(row["age"], row["Status"]) for row in rows(opened(encrypted.export()))] == [(age, status)]


def test_another_passphrase_is_refused_as_by_central(encrypted: Encrypted) -> None:
    builders.add_form(encrypted.database, encrypted.project_id)
    encrypted.send(ENKETO.xml, ENKETO.files)

    for path in ("/submissions.csv.zip", "/submissions.csv"):
        answer = encrypted.export("not this one", path=path)
        assert (answer.status_code, answer.get_json()["code"]) == (400, 400.12)


@pytest.mark.follows("SB-86")
def test_a_draft_has_the_key_from_the_start_so_trials_are_encrypted_too(encrypted: Encrypted) -> None:
    forms = f"/v1/projects/{encrypted.project_id}/forms"
    made = encrypted.client.post(
        forms, data=builders.register(), content_type="application/xml", headers=basic(encrypted.manager)
    )
    draft = encrypted.get("/draft").get_json()
    test = f"/v1/test/{draft['draftToken']}/projects/{encrypted.project_id}/forms/register/draft"
    sent = encrypted.client.post(f"{test}/submission", **builders.multipart(ENKETO.xml, ENKETO.files))

    assert made.status_code == 200
    assert (draft["version"], draft["keyId"]) == (VERSION, encrypted.key_id)
    assert sent.status_code == 201
    (key,) = encrypted.get("/draft/submissions/keys").get_json()
    assert key["id"] == encrypted.key_id
    (closed,) = rows(opened(encrypted.get("/draft/submissions.csv.zip")))
    assert (closed["age"], closed["Status"]) == ("", "not decrypted")
    archive = opened(encrypted.export(path="/draft/submissions.csv.zip"))
    assert rows(archive)[0]["age"] == "31"
    assert archive.read("media/été 1.jpg") == PHOTO


def test_a_key_is_forgotten_with_the_draft_that_carried_it(encrypted: Encrypted) -> None:
    builders.add_form(encrypted.database, encrypted.project_id)
    builders.add_draft(encrypted.database, encrypted.project_id, version="2")
    replaced = builders.add_draft(encrypted.database, encrypted.project_id, version="3")
    published = encrypted.post("/draft/publish")
    builders.add_draft(encrypted.database, encrypted.project_id, version="4")
    discarded = encrypted.client.delete(f"{encrypted.form}/draft", headers=basic(encrypted.manager))

    assert (published.status_code, discarded.status_code) == (200, 200)
    assert replaced.version.startswith("3[encrypted:")
    with unit_of_work.reading(encrypted.database) as unit:
        assert unit.connection.execute(select(func.count()).select_from(form_version_key)).scalar_one() == 2


def test_drafts_that_are_there_are_given_the_key_where_they_lie(database: Database) -> None:
    project_id = builders.add_project(database)
    builders.add_form(database, project_id)
    before = builders.add_draft(database, project_id, version="2")

    with unit_of_work.writing(database) as unit:
        keying.turn_encryption_on(unit, project_id, pair())
        after = versions.draft_of(unit, project_id, "register")

    assert (before.version, before.key_id) == ("2", None)
    assert after.version == "2[encrypted:2bf9c29f]"
    assert after.key_id is not None


def test_a_form_that_is_published_at_the_same_moment_does_not_slip_past_the_key(database: Database) -> None:
    project_id, given = builders.add_project(database), pair()

    def turn_on() -> None:
        with unit_of_work.writing(database) as unit:
            keying.turn_encryption_on(unit, project_id, given)

    with ThreadPoolExecutor(1) as other:
        with unit_of_work.writing(database) as unit:
            publishing.publish(unit, project_id, Compiled(builders.register()))
            turning = other.submit(turn_on)
            with pytest.raises(TimeoutError):
                turning.result(timeout=0.3)
        turning.result(timeout=30)
    with unit_of_work.reading(database) as unit:
        assert forms_store.form_of(unit, project_id, "register").version == VERSION


def test_a_form_from_the_trash_comes_back_under_the_key(database: Database) -> None:
    project_id = builders.add_project(database)
    builders.add_deleted_form(database, project_id)

    with unit_of_work.writing(database) as unit:
        keying.turn_encryption_on(unit, project_id, pair())
        (deleted,) = trash.deleted_forms(unit, project_id, true())
        retiring.restore(unit, deleted)
        back = forms_store.form_of(unit, project_id, "deleted")

    assert back.version == VERSION


@pytest.mark.follows("SB-80 DL-06")
def test_a_form_that_names_where_to_send_and_its_own_key_keeps_both(encrypted: Encrypted, tmp_path: Path) -> None:
    own = project_keys.public_text(rsa.generate_private_key(public_exponent=65_537, key_size=2048).public_key())
    elsewhere = "https://partner.example/submission"
    survey: Rows = [["type", "name", "label"], ["text", "name", "Name"]]
    names: list[str | None] = ["form_title", "form_id", "version", "submission_url", "public_key"]
    for form_id, key in (("theirs", own), ("ours", None)):
        made = workbook(tmp_path, survey=survey, settings=[names, [form_id, form_id, "1", elsewhere, key]])
        sent = encrypted.client.post(
            f"/v1/projects/{encrypted.project_id}/forms?publish=true",
            data=made.read_bytes(),
            content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            headers={**basic(encrypted.manager), "X-XlsForm-FormId-Fallback": form_id},
        )
        assert sent.status_code == 200, sent.get_json()

    for form_id, key, version in (("theirs", own, "1"), ("ours", pair().public, "1[encrypted:2bf9c29f]")):
        xform = encrypted.client.get(
            f"/v1/projects/{encrypted.project_id}/forms/{form_id}.xml", headers=basic(encrypted.manager)
        ).get_data()
        definition = reading.read(xform)
        (submission,) = parse(xform).iter("{*}submission")
        assert (definition.version, submission.get("action"), submission.get("base64RsaPublicKey")) == (version, elsewhere, key)
