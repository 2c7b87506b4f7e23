"""What is told of a form, a draft and a version, to the last key and to whom: programs written for ODK Central read it all."""

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from server.application import application
from server.web.surface import Site
from storage.engine import Database
from tests.support import builders
from tests.support.builders import Person
from tests.support.households import basic

XML = {"Content-Type": "application/xml"}
EXTENDED = {"X-Extended-Metadata": "true"}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
# Key → the JSON type of its value; None: it may be null.
FORM: dict[str, tuple[type | None, ...]] = {
    "projectId": (int,), "xmlFormId": (str,), "name": (str, None), "version": (str,), "state": (str,), "hash": (str,),
    "sha": (str,), "sha256": (str,), "keyId": (int, None), "enketoId": (str, None), "enketoOnceId": (str, None),
    "draftToken": (str, None), "webformsEnabled": (bool,), "publishedAt": (str, None), "createdAt": (str,),
    "updatedAt": (str, None),
}  # fmt: skip
DETAIL: dict[str, tuple[type | None, ...]] = {
    "submissions": (int,), "reviewStates": (dict,), "lastSubmission": (str, None), "createdBy": (dict, None),
    "excelContentType": (str, None), "entityRelated": (bool,), "publicLinks": (int,),
}  # fmt: skip
PUBLICATION: dict[str, tuple[type | None, ...]] = {"publishedBy": (dict, None), "excelContentType": (str, None)}
NOTES: dict[str, tuple[type | None, ...]] = {"publishNotes": (str, None)}
TRASH: dict[str, tuple[type | None, ...]] = {"id": (int,), "deletedAt": (str,)}
ACTOR = {"id", "type", "displayName", "createdAt", "updatedAt", "deletedAt"}


def fits(told: dict[str, Any], *shapes: dict[str, tuple[type | None, ...]]) -> bool:
    """Whether *told* has exactly the keys of *shapes*, with values of their types, and moments as Central writes them."""
    wanted = {key: kinds for shape in shapes for key, kinds in shape.items()}
    assert told.keys() == wanted.keys()
    for key, kinds in wanted.items():
        assert (None in kinds) if told[key] is None else type(told[key]) in kinds, key
        assert not key.endswith("At") or told[key] is None or MOMENT.fullmatch(told[key]), key
    for key in ("createdBy", "publishedBy"):
        assert told.get(key) is None or told[key].keys() == ACTOR
    return True


@dataclass(frozen=True)
class Asker:
    """Somebody who asks below a project's forms."""

    client: Client
    forms: str
    person: Person | None

    def get(self, path: str = "", **headers: str) -> Any:
        """The JSON of what must be found."""
        answer = self.ask("GET", path, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    def ask(self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any) -> TestResponse:
        """The answer; underscores in names of headers are hyphens."""
        named = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        signed = basic(self.person) if self.person else {}
        return self.client.open(self.forms + path, method=method, headers={**signed, **named}, **more)

    def status(self, path: str) -> int:
        """With what the address answers."""
        return self.ask("GET", path).status_code


@pytest.fixture
def designer(site: Site, database: Database) -> Asker:
    """A manager of a project."""
    project_id = builders.add_project(database)
    person = builders.add_person(database, "designer", "manager", project_id=project_id)
    return Asker(Client(application(site), use_cookies=False), f"/v1/projects/{project_id}/forms", person)


def another(designer: Asker, database: Database, role: str) -> Asker:
    """Somebody else in the same project."""
    project_id = int(designer.forms.split("/")[3])
    return replace(designer, person=builders.add_person(database, role, role, project_id=project_id))


def form(form_id: str = "register", version: str = "1", title: str = "Register") -> bytes:
    """The register under a title of its own."""
    return builders.register(form_id, version).replace(b"<h:title>Register", b"<h:title>" + title.encode())


def create(designer: Asker, sent: bytes | None = None, query: str = "") -> dict[str, Any]:
    """Make a form of this XForm."""
    made = designer.ask("POST", query, headers=XML, data=sent or form())
    assert made.status_code == 200, made.text
    return dict(made.get_json())


def test_a_draft_only_form_a_published_one_and_its_versions_have_all_keys_and_no_other(designer: Asker) -> None:
    assert fits(create(designer), FORM)
    assert fits(designer.get("/register"), FORM)
    assert fits(designer.get("/register", **EXTENDED), FORM, DETAIL, NOTES)
    assert fits(designer.get("/register/draft"), FORM)
    assert fits(designer.get("/register/draft", **EXTENDED), FORM, DETAIL, NOTES)
    designer.ask("POST", "/register/draft/publish")
    for path in ("/register", "/register/versions/1"):
        assert fits(designer.get(path), FORM)
    assert fits(designer.get("/register", **EXTENDED), FORM, DETAIL, NOTES)
    assert fits(designer.get("/register/versions/1", **EXTENDED), FORM, DETAIL, PUBLICATION, NOTES)
    assert all(fits(each, FORM) for each in [*designer.get("/register/versions"), *designer.get()])
    assert all(fits(each, FORM, PUBLICATION, NOTES) for each in designer.get("/register/versions", **EXTENDED))
    assert all(fits(each, FORM, DETAIL) for each in designer.get("", **EXTENDED))


def test_the_hashes_are_those_of_the_xform_also_when_publishing_renamed_its_version(designer: Asker) -> None:
    create(designer)
    designer.ask("POST", "/register/draft/publish?version=2")

    told, xform = designer.get("/register"), designer.ask("GET", "/register.xml").data
    assert told["hash"] == hashlib.md5(xform, usedforsecurity=False).hexdigest()
    assert told["sha"] == hashlib.sha1(xform, usedforsecurity=False).hexdigest()
    assert told["sha256"] == hashlib.sha256(xform).hexdigest()


def test_only_the_current_version_is_known_to_browsers(designer: Asker) -> None:
    create(designer, query="?publish=true")
    designer.ask("POST", "/register/draft", headers=XML, data=form(version="2"))
    designer.ask("POST", "/register/draft/publish")

    now, before = designer.get("/register/versions")
    assert (now["enketoId"], now["enketoOnceId"]) == tuple(designer.get("/register")[key] for key in ("enketoId", "enketoOnceId"))
    assert now["enketoId"] and now["enketoOnceId"]
    assert (before["enketoId"], before["enketoOnceId"]) == (None, None)


def test_a_new_form_was_never_changed(designer: Asker) -> None:
    made = create(designer)
    assert (made["updatedAt"], made["publishedAt"]) == (None, None)

    designer.ask("PATCH", "/register", json={"state": "closing"})

    assert MOMENT.fullmatch(designer.get("/register")["updatedAt"])


def test_who_made_who_published_and_with_which_words(designer: Asker, database: Database) -> None:
    create(designer)
    publisher = another(designer, database, "admin")
    publisher.ask("POST", "/register/draft", headers=XML, data=form())  # in place of the first draft

    said = {"X-Action-Notes": "Sections%20B%20et%20C%20%C3%A9chang%C3%A9es"}
    assert publisher.ask("POST", "/register/draft/publish", headers=said).status_code == 200

    told = designer.get("/register", **EXTENDED)
    assert (told["createdBy"]["displayName"], told["publishNotes"]) == ("designer", "Sections B et C échangées")
    [version] = designer.get("/register/versions", **EXTENDED)
    assert version["publishedBy"]["displayName"] == "admin"
    assert version["publishNotes"] == "Sections B et C échangées"
    viewer = another(designer, database, "viewer")
    assert fits(viewer.get("/register", **EXTENDED), FORM, DETAIL)
    assert fits(viewer.get("/register/versions/1", **EXTENDED), FORM, DETAIL, PUBLICATION)
    assert all(fits(each, FORM, PUBLICATION) for each in viewer.get("/register/versions", **EXTENDED))


def test_notes_come_with_a_form_that_is_published_at_once_and_hold_text_only(designer: Asker) -> None:
    assert designer.ask("POST", "?publish=true", headers={**XML, "X-Action-Notes": "a%00b"}, data=form()).status_code == 400
    assert designer.get() == []

    designer.ask("POST", "?publish=true", headers={**XML, "X-Action-Notes": " first "}, data=form())

    assert designer.get("/register", **EXTENDED)["publishNotes"] == "first"


def test_extended_a_draft_counts_its_trials_and_the_form_what_is_real(designer: Asker) -> None:
    token = create(designer)["draftToken"]
    address = designer.forms.replace("/v1/", f"/v1/test/{token}/")
    tried = builders.multipart(builders.submission("uuid:1"))
    assert designer.client.post(f"{address}/register/draft/submission", **tried).status_code == 201

    draft, whole = designer.get("/register/draft", **EXTENDED), designer.get("/register", **EXTENDED)

    assert (draft["submissions"], draft["reviewStates"]["received"]) == (1, 1)
    assert MOMENT.fullmatch(draft["lastSubmission"])
    assert (whole["submissions"], whole["lastSubmission"]) == (0, None)


def test_forms_are_listed_by_name_and_those_without_one_by_id(designer: Asker) -> None:
    create(designer, form("b", title="Aaa"))
    create(designer, form("a", title="Ccc"))
    create(designer, form("Bbb", title=""))

    assert [each["xmlFormId"] for each in designer.get()] == ["b", "Bbb", "a"]
    assert [each["xmlFormId"] for each in designer.get("", **EXTENDED)] == ["b", "Bbb", "a"]


def test_the_trash_tells_as_much_as_the_list_and_the_numbers_that_restore(designer: Asker, database: Database) -> None:
    create(designer, query="?publish=true")
    create(designer, form("draft", title="Draft"))
    before = {each["xmlFormId"]: each for each in designer.get()}
    for each in before:
        assert designer.ask("DELETE", f"/{each}").get_json() == {"success": True}

    deleted = designer.get("?deleted=True")

    assert [each["xmlFormId"] for each in deleted] == ["draft", "register"]
    for each in deleted:
        assert fits(each, FORM, TRASH)
        assert before[each["xmlFormId"]].items() <= each.items()
    assert all(fits(each, FORM, DETAIL, TRASH) for each in designer.get("?deleted=true", **EXTENDED))
    assert [each["xmlFormId"] for each in another(designer, database, "viewer").get("?deleted=true")] == ["register"]
    assert designer.get() == []
    assert designer.ask("POST", f"/{deleted[0]['id']}/restore").get_json() == {"success": True}
    assert designer.ask("POST", f"/{deleted[0]['id']}/restore").get_json()["code"] == 404.1
    assert designer.get() == [before["draft"] | {"updatedAt": designer.get()[0]["updatedAt"]}]


BELOW = ("", ".xml", "/fields", "/attachments", "/versions", "/manifest")


def test_a_form_that_only_has_a_draft_is_there_for_its_designers_alone(designer: Asker, database: Database) -> None:
    create(designer)

    assert designer.ask("GET", "/register.xml").data == form()
    assert designer.get("/register/fields") == designer.get("/register/draft/fields") != []
    assert designer.get("/register/versions") == designer.get("/register/attachments") == []
    assert [designer.status(f"/register{each}") for each in ("/versions/1", "/dataset-diff", ".xlsx")] == [404, 404, 404]
    for role, status in (("viewer", 403), ("formfill", 403), ("admin", 200)):
        asker = another(designer, database, role)
        assert [asker.status(f"/register{each}") for each in BELOW] == [status] * len(BELOW)
        assert len(asker.get()) == (1 if role == "admin" else 0)
    # What Collect downloads waits for a challenge; elsewhere nobody is refused.
    asked = {each: 401 if each in (".xml", "/manifest") else 403 for each in BELOW}
    assert {each: replace(designer, person=None).status(f"/register{each}") for each in BELOW} == asked


@pytest.mark.parametrize(("state", "listed", "read"), [("open", 1, 200), ("closing", 1, 200), ("closed", 0, 403)])
def test_who_only_collects_is_done_with_a_form_that_is_closed(
    designer: Asker, database: Database, state: str, listed: int, read: int
) -> None:
    create(designer, query="?publish=true")
    assert designer.ask("PATCH", "/register", json={"state": state}).get_json()["state"] == state

    collector, viewer = another(designer, database, "formfill"), another(designer, database, "viewer")

    assert len(collector.get()) == listed
    assert [collector.status(f"/register{each}") for each in BELOW] == [read] * len(BELOW)
    assert [each["state"] for each in viewer.get()] == [state]
    assert [viewer.status(f"/register{each}") for each in BELOW] == [200] * len(BELOW)


def test_a_tablet_reads_its_forms_and_lists_them_as_openrosa_alone(designer: Asker, database: Database) -> None:
    create(designer, query="?publish=true")
    tablet = builders.add_tablet(database, int(designer.forms.split("/")[3]))
    asker = replace(designer, person=None, forms=designer.forms.replace("/v1/", f"/v1/key/{tablet.token}/"))

    assert asker.status("") == asker.status("?deleted=true") == 403
    assert asker.get("/register")["xmlFormId"] == "register"
    assert "<formID>register</formID>" in asker.client.get(asker.forms.replace("/forms", "/formList")).text


def test_an_encrypted_form_feeds_no_entity_list(designer: Asker) -> None:
    create(designer)
    assert designer.get("/register", **EXTENDED)["entityRelated"] is True
    assert [each["name"] for each in designer.get("/register/draft/dataset-diff")] == ["people"]
    designer.ask("POST", "/register/draft/publish")
    key = designer.forms.replace("/forms", "/key")

    designer.client.post(key, json={"passphrase": "a passphrase of ours"}, headers=basic(designer.person))  # type: ignore[arg-type]
    designer.ask("POST", "/register/draft")

    told = designer.get("/register", **EXTENDED)
    assert (type(told["keyId"]), told["entityRelated"]) == (int, False)
    assert designer.get("/register/dataset-diff") == designer.get("/register/draft/dataset-diff") == []


def test_a_state_that_there_is_not_is_told_with_its_value(designer: Asker) -> None:
    create(designer, query="?publish=true")

    refused = designer.ask("PATCH", "/register", json={"state": "ajar"})

    assert (refused.status_code, refused.get_json()["code"]) == (400, 400.8)
    assert (refused.get_json()["details"]["field"], refused.get_json()["details"]["value"]) == ("state", "ajar")
    assert designer.ask("PATCH", "/register", json={}).get_json() == designer.get("/register")


def test_a_form_that_is_there_is_told_field_by_field(designer: Asker) -> None:
    create(designer)

    refused = designer.ask("POST", "", headers=XML, data=form()).get_json()

    project_id = designer.forms.split("/")[3]
    assert refused["details"] == {"table": "forms", "fields": ["projectId", "xmlFormId"], "values": [project_id, "register"]}
    assert refused["message"] == f"A resource already exists with projectId,xmlFormId value(s) of {project_id},register."


def test_a_form_without_a_place_for_the_instance_id_is_not_taken(designer: Asker) -> None:
    bare = re.sub(rb"<meta>.*</meta>|<bind nodeset=\"/data/meta[^>]*/>", b"", form(), flags=re.DOTALL)

    refused = designer.ask("POST", "", headers=XML, data=bare)

    assert (refused.status_code, refused.get_json()["code"]) == (400, 400.27)
    assert designer.get() == []


def test_what_was_never_published_cannot_be_copied_into_a_draft(designer: Asker) -> None:
    create(designer)

    refused = designer.ask("POST", "/register/draft")

    assert (refused.get_json()["code"], refused.get_json()["details"]) == (400.2, {"field": "xml"})


def test_an_empty_version_to_publish_under_is_none(designer: Asker) -> None:
    create(designer)

    assert designer.ask("POST", "/register/draft/publish?version=").status_code == 200
    assert designer.get("/register")["version"] == "1"


def test_a_slash_at_the_end_says_nothing(designer: Asker) -> None:
    create(designer, query="?publish=true")

    assert designer.get("/") == designer.get()
    assert designer.get("/register/") == designer.get("/register")
    assert designer.ask("GET", "/register.xml/").data == form()
    assert designer.ask("HEAD", "/register.xml/").status_code == 200


def test_ids_and_versions_may_hold_what_addresses_escape(designer: Asker) -> None:
    create(designer, form("50% ?&amp;#é", "a/b?c=%41"), "?publish=true")
    address = "/50%25%20%3F%26%23%C3%A9"

    assert designer.get(address)["version"] == "a/b?c=%41"
    version = f"{address}/versions/a%2Fb%3Fc%3D%2541"
    assert designer.get(version)["xmlFormId"] == "50% ?&#é"
    assert designer.ask("GET", f"{version}.xml").data == designer.ask("GET", f"{address}.xml").data
    assert designer.status(f"{address}/versions/___") == 404
    create(designer, form("blank", ""), "?publish=true")
    assert designer.get("/blank/versions/___")["version"] == ""
    assert designer.ask("HEAD", "/blank/versions/___.xml").status_code == 200
