"""What KoBo puts into forms and submissions beside the questions, and what it asks of addresses."""

import csv
import io
import json
import secrets
import zipfile
from xml.sax.saxutils import quoteattr

import pytest

from tests.support import builders
from tests.support.builders import PASSWORD
from tests.vectors.calling import Answered, listed
from tests.vectors.conftest import Ground
from tests.vectors.forms import HEAD, filled

follows = pytest.mark.follows
UUID = "0123456789abcdef0123456789abcdef"
A, B, C = (f"uuid:{letter * 8}-0000-4000-8000-000000000001" for letter in "abc")
OWN = ("_id", "_uuid", "_submission_time", "_status", "_tags", "_notes", "_version", "__version__")


def kobo_form(form_id: str = "aBcDeF", version: str = "vAsset1", uuid: str = UUID) -> bytes:
    """A form as KoBo deploys it, and with questions named as KoBo's own export keys are."""
    fields = "".join(f"<{name}/>" for name in OWN)
    binds = "".join(f'<bind nodeset="/{form_id}/{name}" type="string"/>' for name in OWN[:-1])
    return (
        f"{HEAD}<h:title>K</h:title><model><instance>"
        f'<{form_id} id={quoteattr(form_id)} version="{version}" xmlns:kobo="http://kobotoolbox.org/xforms" '
        f'kobo:submitMessage="/{form_id}/g/bye"><formhub><uuid/></formhub><g><bye/></g>{fields}<meta><instanceID/></meta></{form_id}>'
        f'</instance><bind nodeset="/{form_id}/formhub/uuid" type="string" calculate="\'{uuid}\'"/>'
        f'<bind nodeset="/{form_id}/__version__" type="string" calculate="\'{version}\'"/>{binds}'
        f'<bind nodeset="/{form_id}/g/bye" type="string"/>'
        f'<bind nodeset="/{form_id}/meta/instanceID" type="string" jr:preload="uid"/></model></h:head>'
        f'<h:body><input ref="/{form_id}/_id"><label>I</label></input></h:body></h:html>'
    ).encode()


def sent(
    instance_id: str, *, form_id: str = "aBcDeF", bye: str = "Thanks &amp; come again", meta: str = "", uuid: str = UUID
) -> bytes:
    fields = "".join(f"<{name}>{name} said</{name}>" for name in OWN)
    return (
        f'<aBcDeF xmlns:kobo="http://kobotoolbox.org/xforms" kobo:submitMessage="/aBcDeF/g/bye" id="{form_id}" version="vAsset1">'
        f"<formhub><uuid>{uuid}</uuid></formhub><g><bye>{bye}</bye></g>{fields}"
        f"<meta><instanceID>{instance_id}</instanceID>{meta}</meta></aBcDeF>"
    ).encode()


def edit(of: str, root: str) -> str:
    return f"<deprecatedID>{of}</deprecatedID><rootUuid>{root}</rootUuid>"


def rows(ground: Ground) -> list[dict[str, str]]:
    answer = ground.ask("forms/aBcDeF/submissions.csv.zip")
    assert answer.status == 200
    with zipfile.ZipFile(io.BytesIO(answer.body)) as pack:
        return list(csv.DictReader(io.StringIO(pack.read("aBcDeF.csv").decode("utf-8-sig"))))


@follows("KB-10 KB-11 KB-13")
def test_kobos_fields_are_kept_and_questions_named_like_its_export_keys_stay_themselves(ground: Ground) -> None:
    ground.publish(kobo_form())
    xml = sent(A)
    assert ground.send(xml).status == 201
    ground.settle()
    (row,) = rows(ground)
    (entry,) = json.loads(ground.ask("forms/aBcDeF.svc/Submissions").body)["value"]

    assert ground.kept("aBcDeF", A) == xml
    assert {name: row[name] for name in OWN} == {name: f"{name} said" for name in OWN}
    assert {name: entry[name] for name in OWN} == {name: f"{name} said" for name in OWN}
    assert (row["formhub-uuid"], entry["formhub"]["uuid"]) == (UUID, UUID)


@follows("KB-10")
def test_a_form_that_does_not_know_kobos_group_tolerates_it(ground: Ground) -> None:
    xml = filled("f1", "1", A).replace(b"<a>", b"<formhub><uuid>%s</uuid></formhub><a>" % UUID.encode())
    assert ground.send(xml).status == 201
    ground.settle()
    (entry,) = json.loads(ground.ask("forms/f1.svc/Submissions").body)["value"]

    assert entry["a"] == "x"
    assert "formhub" not in entry
    assert ground.kept("f1", A) == xml


@follows("KB-10 CC-46")
@pytest.mark.parametrize("address", ["/submission", None])
def test_a_form_that_was_given_another_id_is_found_by_kobos_uuid(address: str | None, ground: Ground) -> None:
    ground.publish(kobo_form())
    target = address or f"{ground.base}/submission"

    assert ground.send(sent(A, form_id="before"), target=target).status == 201
    assert ground.send(sent(B, form_id="before", uuid="f" * 32), target=target).status == 404
    assert ground.kept("aBcDeF", A)
    ground.publish(kobo_form("twin"))
    assert ground.send(sent(B, form_id="before"), target=target).status in (404, 409)


@follows("KB-10")
def test_kobos_uuid_tells_two_forms_of_one_id_apart(ground: Ground) -> None:
    other = builders.add_project(ground.servers.database, "Other")
    mark = secrets.token_hex(16)
    form_id, admin = f"same{mark}", builders.add_person(ground.servers.database, f"all-{mark}", "admin")
    ground.publish(kobo_form(form_id))
    ground.publish(kobo_form(form_id, uuid=mark), other)

    answers = [
        ground.send(sent(A, form_id=form_id, uuid=uuid), target="/submission", auth=(admin.email, PASSWORD))
        for uuid in ("e" * 32, mark)
    ]

    assert [answer.status for answer in answers] == [409, 201]
    assert ground.kept(form_id, A) is None


@follows("KB-12")
def test_an_edit_of_what_never_came_here_finds_the_submission_it_began_as(ground: Ground) -> None:
    ground.publish(kobo_form())
    assert ground.send(sent(A)).status == 201
    lost = ground.send(sent(C, meta=edit(B, "uuid:unknown")))
    found = ground.send(sent(C, bye="", meta=edit(B, A)))
    ground.settle()

    assert lost.status == 404
    assert found.status == 201
    versions = ground.ask_json(f"forms/aBcDeF/submissions/{A}/versions")
    assert [version["instanceId"] for version in versions] == [C, A]
    assert b"<rootUuid>" in (ground.kept("aBcDeF", A) or b"")


@follows("KB-14")
def test_a_forms_own_words_of_thanks_are_the_answer(ground: Ground) -> None:
    ground.publish(kobo_form())
    spoken = ground.send(sent(A))
    silent = ground.send(sent(B, bye=""))
    lost = ground.send(sent(C).replace(b'submitMessage="/aBcDeF/g/bye"', b'submitMessage="/aBcDeF//x"'))

    assert spoken.says == "Thanks & come again"
    assert silent.says == lost.says != spoken.says


@follows("KB-07")
def test_onas_addresses(ground: Ground) -> None:
    def head(path: str, auth: tuple[str, str] | None = None) -> Answered:
        return ground.door.call("HEAD", path, auth=auth)

    below = f"/{ground.manager.email}/projects/{ground.project_id}"
    assert (head("/formList", auth=ground.auth).status, head("/formList").status) == (204, 401)
    assert set(listed(ground.get(f"{below}/formList"))) == {"f1", "f2"}
    assert head(f"{below}/submission", auth=ground.auth).status == 204
    assert ground.send(filled("f1", "1", A), target=f"{below}/submission").status == 201
    assert ground.send(filled("f1", "1", A), target=f"/projects/{ground.project_id}/submission").status == 201
    assert ground.get("/nobody/projects/1/formList").status == 404
