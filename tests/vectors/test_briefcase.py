"""What ODK Briefcase asks for: lists of ids with a cursor, each submission with its files, and what it may push."""

import hashlib
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from lxml import etree
from sqlalchemy import update

from storage import unit_of_work
from storage.schema import submission
from tests.support import builders
from tests.support.builders import PASSWORD
from tests.vectors.calling import Answered
from tests.vectors.conftest import Ground
from tests.vectors.forms import filled

follows = pytest.mark.follows
NS = "{http://opendatakit.org/submissions}"
XFORMS = "{http://www.opendatakit.org/xforms}"
IDS = [f"uuid:{number:08d}-0000-4000-8000-000000000001" for number in range(5)]
ENCRYPTED = (
    b'<data xmlns="http://opendatakit.org/submissions" id="f1" version="1" encrypted="yes">'
    b"<base64EncryptedKey>a2V5</base64EncryptedKey>"
    b'<meta xmlns="http://openrosa.org/xforms"><instanceID>uuid:e</instanceID></meta><media><file>p.jpg.enc</file></media>'
    b"<encryptedXmlFile>submission.xml.enc</encryptedXmlFile><base64EncryptedElementSignature>c2ln</base64EncryptedElementSignature></data>"
)


class Puller:
    """Asks as Briefcase does: until the cursor no longer moves."""

    def __init__(self, ground: Ground, base: str) -> None:
        self.ground, self.base = ground, base
        self.auth = (ground.manager.email, PASSWORD)

    def get(self, path: str) -> Answered:
        target = path if path.startswith("http") else f"{self.base}{path}"
        return self.ground.door.get(target, auth=self.auth)

    def ids(self, form_id: str, entries: int = 2) -> Iterator[str]:
        cursor = None
        while True:
            behind = "" if cursor is None else f"&cursor={cursor}"
            chunk = self.get(f"/view/submissionList?formId={quote(form_id)}&numEntries={entries}{behind}")
            assert (chunk.status, chunk.xml.tag) == (200, f"{NS}idChunk"), chunk.body
            yield from (one.text or "" for one in chunk.xml[0])
            after = chunk.xml.findtext(f"{NS}resumptionCursor")
            if after == cursor:
                return
            cursor = after

    def download(self, form_id: str, key: str, root: str = "data") -> Answered:
        wanted = f"{form_id}[@version=null and @uiVersion=null]/{root}[@key={key}]"
        return self.get(f"/view/downloadSubmission?formId={quote(wanted, safe='')}")


@pytest.fixture(params=["", "/projects"])
def puller(request: pytest.FixtureRequest, ground: Ground) -> Puller:
    """At the server's address, and at that of a project."""
    return Puller(ground, f"{request.param}/{ground.project_id}" if request.param else "")


@follows("KB-22")
def test_everything_is_pulled_once_in_pieces(puller: Puller) -> None:
    ground = puller.ground
    for instance_id in IDS:
        assert ground.send(filled("f1", "1", instance_id)).status == 201
    with unit_of_work.writing(ground.servers.database) as unit:
        gone = (submission.c.instance_id == IDS[1], submission.c.form_id == ground.forms["f1"].form_id)
        unit.connection.execute(update(submission).where(*gone).values(deleted_at=unit.now))

    assert list(puller.ids("f1")) == [IDS[0], *IDS[2:]]
    assert list(puller.ids("f1", 1_000)) == [IDS[0], *IDS[2:]]
    assert list(puller.ids("f2")) == []


@follows("KB-22")
def test_a_submission_comes_as_it_stands_with_what_is_known_of_it_and_its_files(puller: Puller) -> None:
    ground, first, second = puller.ground, IDS[0], IDS[1]
    ground.send(filled("f1", "1", first, photo="pictüre 1.jpg"), {"pictüre 1.jpg": b"JPEG"})
    ground.send(filled("f1", "1", second, "later", photo="pictüre 1.jpg", deprecated_id=first))
    ground.settle()
    answer = puller.download("f1", first)

    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    assert answer.xml.tag == f"{NS}submission"
    ((data,), media) = answer.xml
    assert data.tag == "data"
    assert (data.findtext("a"), data.get("id"), data.get("version")) == ("later", "f1", "1")
    assert (data.get("instanceID"), data.get("isComplete")) == (second, "true")
    assert (data.get("submissionDate") or "").endswith("Z")
    assert data.findtext("{http://openrosa.org/xforms}meta/{http://openrosa.org/xforms}instanceID") == second
    name, md5, url = (media.findtext(f"{NS}{each}") or "" for each in ("fileName", "hash", "downloadUrl"))
    assert (name, md5) == ("pictüre 1.jpg", f"md5:{hashlib.md5(b'JPEG', usedforsecurity=False).hexdigest()}")
    assert puller.get(url).body == b"JPEG"


@follows("KB-22")
def test_what_waits_for_a_file_says_so(puller: Puller) -> None:
    puller.ground.send(filled("f1", "1", IDS[0], photo="late.jpg"))
    puller.ground.settle()
    (data,) = puller.download("f1", IDS[0]).xml

    assert data[0].get("isComplete") == "false"


@follows("KB-22")
def test_what_was_encrypted_is_pulled_encrypted(puller: Puller) -> None:
    sent = puller.ground.send(ENCRYPTED, {"p.jpg.enc": b"\x01", "submission.xml.enc": b"\x02"})
    assert sent.status == 201
    puller.ground.settle()
    (data, *media) = puller.download("f1", "uuid:e").xml

    assert data[0].findtext(f"{NS}base64EncryptedKey") == "a2V5"
    assert data[0].get("encrypted") == "yes"
    assert data[0].findtext(f"{NS}encryptedXmlFile") == "submission.xml.enc"
    assert {puller.get(one.findtext(f"{NS}downloadUrl") or "").body for one in media} == {b"\x01", b"\x02"}


@follows("KB-22")
def test_only_who_may_read_submissions_pulls(ground: Ground) -> None:
    ground.send(filled("f1", "1", IDS[0], photo="p.jpg"), {"p.jpg": b"JPEG"})
    ground.settle()
    key = quote(f"f1[@version=null and @uiVersion=null]/data[@key={IDS[0]}]", safe="")
    media = f"/view/media/{ground.project_id}/f1/{IDS[0]}/p.jpg"
    paths = ["/view/submissionList?formId=f1", f"/view/downloadSubmission?formId={key}", media]

    for path in paths:
        assert ground.door.get(path, auth=(ground.manager.email, PASSWORD)).status == 200
        assert ground.door.get(path, auth=ground.auth).status in (403, 404)
        assert ground.door.get(f"/collector/{ground.tablet.token}{path}").status in (403, 404)
        nobody = ground.door.get(path)
        assert (nobody.status, bool(nobody.headers["WWW-Authenticate"])) == (401, True)


@follows("KB-22")
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/view/submissionList", 400),
        ("/view/submissionList?formId=f1&cursor=%27", 400),
        ("/view/submissionList?formId=f1&numEntries=-1", 400),
        ("/view/submissionList?formId=nope", 404),
        ("/view/downloadSubmission", 400),
        ("/view/downloadSubmission?formId=f1", 400),
        ("/view/downloadSubmission?formId=f1%5B%40version%3Dnull%5D%2Fdata%5B%40key%3Duuid%3Anone%5D", 404),
    ],
)
def test_what_cannot_be_found_is_said(path: str, status: int, ground: Ground) -> None:
    answer = ground.door.get(path, auth=(ground.manager.email, PASSWORD))

    assert answer.status == status
    assert answer.says


@follows("KB-22")
def test_what_was_pulled_is_pushed_elsewhere_and_told_when_it_came(ground: Ground) -> None:
    ground.send(filled("f1", "1", IDS[0]))
    (data,) = Puller(ground, "").download("f1", IDS[0]).xml
    xml = etree.tostring(data[0])
    elsewhere = builders.add_project(ground.servers.database, "Elsewhere")
    carol = builders.add_person(ground.servers.database, f"carol-{ground.tablet.token[:8]}", "manager", project_id=elsewhere)
    ground.publish(builders.register("f1", "1"), elsewhere)
    pushed = [ground.send(xml, target="/submission", auth=(carol.email, PASSWORD)) for _ in range(2)]

    assert [answer.status for answer in pushed] == [201, 201]
    first, again = (answer.xml.find(f"{XFORMS}submissionMetadata") for answer in pushed)
    assert first is not None and again is not None
    assert (first.get("id"), first.get("version"), first.get("instanceID")) == ("f1", "1", IDS[0])
    assert first.get("submissionDate") == again.get("submissionDate")


@follows("KB-22")
def test_an_id_that_stands_at_the_root_alone_is_one(ground: Ground) -> None:
    sent = ground.send(b'<data id="f1" version="1" instanceID="uuid:root" submissionDate="2020-01-01T00:00:00Z"><a>x</a></data>')

    assert sent.status == 201
    assert ground.kept("f1", "uuid:root")
