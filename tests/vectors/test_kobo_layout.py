"""Vector TV-90, and KoBo's addresses: one list and one place to send at the server's own address."""

from urllib.parse import quote

import pytest
from sqlalchemy import func, select

from storage import unit_of_work
from storage.schema import quarantine
from tests.support import builders
from tests.support.builders import PASSWORD
from tests.vectors.calling import listed, media
from tests.vectors.conftest import Ground
from tests.vectors.forms import filled, simple

follows = pytest.mark.follows


@pytest.fixture(params=["", "user", "address"])
def base(request: pytest.FixtureRequest, ground: Ground) -> str:
    """`https://host`, and `https://host/<user>` by name and by whole address."""
    user = {"": "", "user": ground.manager.email.partition("@")[0], "address": ground.manager.email}[request.param]
    return f"/{quote(user)}" if user else ""


@follows("KB-01 KB-05 KB-15")
def test_a_tablet_set_up_for_kobo_fetches_and_sends(base: str, ground: Ground) -> None:
    entries = listed(ground.get(f"{base}/formList?deviceID=x"))
    files = media(ground.get(entries["f2"]["manifestUrl"]))
    target = f"{base}/submission?deviceID=x"

    assert set(entries) == {"f1", "f2"}
    assert all(ground.get(entry["downloadUrl"]).status == 200 for entry in entries.values())
    assert all(ground.get(file["downloadUrl"]).status == 200 for file in files.values())
    assert ground.door.call("HEAD", target, auth=ground.auth).status == 204
    assert ground.send(filled("f1", "1", "uuid:k"), target=target).status == 201
    assert ground.kept("f1", "uuid:k")
    assert list(listed(ground.get(f"{base}/formList?formID=f1"))) == ["f1"]


@follows("KB-04")
def test_a_key_opens_kobos_addresses_too(ground: Ground) -> None:
    base = f"/collector/{ground.tablet.token}"
    entries = listed(ground.door.get(f"{base}/formList"))

    assert all(f"/key/{ground.tablet.token}/" in entry["downloadUrl"] for entry in entries.values())
    assert all(ground.door.get(entry["downloadUrl"]).status == 200 for entry in entries.values())
    sent = ground.door.post(f"{base}/submission", builders.multipart(filled("f1", "1", "uuid:k")))
    assert sent.status == 201
    assert ground.door.get(f"/collector/{'0' * 64}/formList").status == 403


@follows("KB-06")
def test_a_form_is_found_by_its_number(base: str, ground: Ground) -> None:
    number = ground.forms["f2"].form_id
    files = media(ground.get(f"{base}/xformsManifest/{number}"))

    assert set(files) == {"läge bild.png", "list.csv"}
    assert all(file["hash"] != "md5:" and ground.get(file["downloadUrl"]).status == 200 for file in files.values())
    for path in (f"forms/{number}/form.xml", f"xformsMedia/{number}/list.csv"):
        moved = ground.get(f"{base}/{path}")
        assert moved.status == 307
        assert ground.get(moved.headers["Location"]).status == 200


@follows("TV-90 KB-02 KB-03")
def test_nothing_is_open_to_everybody_and_an_unknown_name_is_never_an_empty_list(base: str, ground: Ground) -> None:
    for method, path in (("GET", "formList"), ("HEAD", "submission"), ("POST", "submission")):
        answer = ground.door.call(method, f"{base}/{path}")
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"]
    assert ground.get("/nobody/formList").status == 404
    assert ground.get(f"{base}/formList", auth=(ground.bob.email, PASSWORD)).status == 403
    assert ground.send(filled("f1", "1", "uuid:k"), target=f"{base}/submission", auth=(ground.bob.email, PASSWORD)).status == 403
    assert ground.send(filled("nope", "1", "uuid:k"), target=f"{base}/submission").status == 404


@follows("FL-16 SB-48")
def test_a_form_of_two_projects_is_not_guessed_at(ground: Ground) -> None:
    database = ground.servers.database
    chief = builders.add_person(database, f"chief-{ground.project_id}", "admin")
    elsewhere = builders.add_project(database, "Elsewhere")
    builders.add_form(database, elsewhere, "f1")
    ground.publish(simple("only here", "1"))

    answers = [
        ground.get("/formList", auth=(chief.email, PASSWORD)),
        ground.send(filled("f1", "1", "uuid:k"), target="/submission", auth=(chief.email, PASSWORD)),
    ]

    assert [answer.status for answer in answers] == [409, 409]
    assert all("more than one" in answer.says for answer in answers)


@follows("SB-52")
def test_what_is_refused_there_is_kept_in_its_project(ground: Ground) -> None:
    def quarantined() -> int:
        with unit_of_work.reading(ground.servers.database) as unit:
            rows = select(func.count()).select_from(quarantine).where(quarantine.c.project_id == ground.project_id)
            found: int = unit.connection.execute(rows).scalar_one()
            return found

    ground.send(filled("f1", "1", "uuid:q", "one"), target="/submission")
    assert ground.send(filled("f1", "1", "uuid:q", "two"), target="/submission").status == 409
    assert quarantined() == 1
    assert ground.send(b"no xml", target="/submission").status == 400
    assert quarantined() == 2
