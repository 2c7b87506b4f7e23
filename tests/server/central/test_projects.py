"""Projects and app users over the API: everybody sees what they may, and nothing else."""

from werkzeug.test import Client

from storage.engine import Database
from tests.support import builders
from tests.support.households import Households, basic

EXTENDED = {"X-Extended-Metadata": "true"}


def test_lists_hold_only_what_the_caller_may_read(client: Client, households: Households, database: Database) -> None:
    builders.add_project(database, "Other")
    admin = builders.add_person(database, "ada", "admin")

    def names(headers: dict[str, str]) -> list[str]:
        return [each["name"] for each in client.get("/v1/projects", headers=headers).get_json()]

    assert names(basic(admin)) == ["Mali", "Other"]
    assert names(basic(households.viewer)) == ["Mali"]
    assert names({}) == []


def test_a_wrong_password_is_told_instead_of_an_empty_list(client: Client, households: Households) -> None:
    response = client.get("/v1/projects", headers={"Authorization": "Basic bm9ib2R5Om5v"})

    assert response.status_code == 401


def test_extended_a_project_has_counts_and_verbs(households: Households) -> None:
    households.send("uuid:1")
    made = households.get(f"/v1/projects/{households.project_id}", **EXTENDED).get_json()

    assert (made["appUsers"], made["forms"], made["datasets"], made["lastEntity"]) == (1, 1, 0, None)
    assert made["lastSubmission"].endswith("Z")
    assert "submission.read" in made["verbs"]
    assert "form.create" not in made["verbs"]


def test_plain_it_has_neither(households: Households) -> None:
    made = households.get(f"/v1/projects/{households.project_id}").get_json()

    assert (made["id"], made["name"], made["archived"]) == (households.project_id, "Mali", False)
    assert "forms" not in made


def test_forms_come_along_when_asked(households: Households) -> None:
    households.send("uuid:1")
    [made] = households.get("/v1/projects?forms=true").get_json()

    assert [(form["xmlFormId"], form["submissions"]) for form in made["formList"]] == [("survey", 1)]


def test_entity_lists_come_along_when_asked(client: Client, households: Households, database: Database) -> None:
    builders.add_form(database, households.project_id)
    clerk = builders.add_person(database, "clerk", "clinician", project_id=households.project_id)
    [made] = households.get("/v1/projects?datasets=true").get_json()
    [hers] = client.get("/v1/projects?datasets=true", headers=basic(clerk)).get_json()

    [people] = made["datasetList"]
    assert (people["name"], people["entities"], people["lastEntity"], people["conflicts"]) == ("people", 0, None, 0)
    assert hers["datasetList"] == []


def test_archived_projects_come_last(client: Client, households: Households, database: Database) -> None:
    builders.add_project(database, "Other")
    admin = basic(builders.add_person(database, "ada", "admin"))
    client.patch(f"/v1/projects/{households.project_id}", json={"archived": True}, headers=admin)

    assert [each["name"] for each in client.get("/v1/projects", headers=admin).get_json()] == ["Other", "Mali"]


def test_another_project_is_refused(households: Households, database: Database) -> None:
    other = builders.add_project(database, "Other")

    assert households.get(f"/v1/projects/{other}").status_code == 403
    assert households.get("/v1/projects/999").status_code == 404


def test_what_is_no_number_is_told_so_and_a_large_one_is_not_found(client: Client, households: Households) -> None:
    for path, value in (
        ("projects/mali", "mali"),
        ("projects/1.5/forms", "1.5"),
        ("projects/1/app-users/tablet%201", "tablet 1"),
        ("projects/1/assignments/manager/awa", "awa"),
        ("users/-1", "-1"),
    ):
        for method in ("GET", "DELETE"):
            refused = client.open(f"/v1/{path}", method=method, headers=basic(households.viewer))
            said = refused.get_json()
            if said["code"] != 404.1:  # Central tells no wrong method from no such address
                assert (refused.status_code, said["code"]) == (400, 400.11)
                assert said["details"] == {"value": value, "expected": "integer"}
                assert said["message"] == f'Invalid input data type: expected "{value}" to be (integer)'
    for number in (2**31, 10**30):
        assert client.get(f"/v1/projects/{number}", headers=basic(households.viewer)).get_json()["code"] == 404.1
        assert client.get(f"/projects/{number}").status_code == 404
    assert client.get("/projects/mali").status_code == 404


def test_an_administrator_makes_a_project(client: Client, households: Households, database: Database) -> None:
    admin = builders.add_person(database, "ada", "admin")
    made = client.post("/v1/projects", json={"name": "Sikasso"}, headers=basic(admin))

    assert made.status_code == 200
    assert made.get_json()["name"] == "Sikasso"
    assert client.post("/v1/projects", json={"name": " "}, headers=basic(admin)).get_json()["code"] == 400.2
    assert client.post("/v1/projects", json={"name": "x"}, headers=basic(households.viewer)).status_code == 403


def test_app_users_are_made_listed_and_revoked(client: Client, households: Households, database: Database) -> None:
    manager = basic(builders.add_person(database, "boss", "manager", project_id=households.project_id))
    path = f"/v1/projects/{households.project_id}/app-users"

    made = client.post(path, json={"displayName": "tablet 2"}, headers=manager).get_json()
    assert {"projectId", "id", "displayName", "createdAt", "type", "token", "updatedAt", "deletedAt"} <= set(made)
    assert made["type"] == "field_key"
    assert client.get(f"{path}/{made['id']}", headers=manager).get_json() == made
    detailed = client.get(f"{path}/{made['id']}", headers={**manager, "X-Extended-Metadata": "true"}).get_json()
    assert (detailed["createdBy"]["displayName"], detailed["lastUsed"]) == ("boss", None)
    assert client.get(f"{path}/9999", headers=manager).status_code == 404
    assert client.get(f"/v1/key/{made['token']}/projects/{households.project_id}/formList").text.endswith("></xforms>")
    client.post(f"/v1/projects/{households.project_id}/assignments/app-user/{made['id']}", headers=manager)
    assert client.get(f"/v1/key/{made['token']}/projects/{households.project_id}/formList").text.count("<xform>") == 1

    assert client.post(path, json={"displayName": "x", "properties": {"area": "N"}}, headers=manager).get_json()["code"] == 400.23
    assert client.delete(f"/v1/sessions/{made['token']}", headers=manager).get_json() == {"success": True}
    assert client.get(f"/v1/key/{made['token']}/projects/{households.project_id}/formList").status_code == 403
    listed = {each["displayName"]: each for each in client.get(path, headers={**manager, **EXTENDED}).get_json()}
    assert listed["tablet 2"]["token"] is None
    assert listed["tablet 2"]["createdBy"]["displayName"] == "boss"
    assert listed["tablet 1"]["lastUsed"] is None

    assert client.delete(f"{path}/{made['id']}", headers=manager).get_json() == {"success": True}
    assert client.delete(f"{path}/{made['id']}", headers=manager).status_code == 404
    assert [each["displayName"] for each in client.get(path, headers=manager).get_json()] == ["tablet 1"]


def test_the_key_of_an_app_user_ends_when_it_is_told_to(client: Client, households: Households, database: Database) -> None:
    manager = basic(builders.add_person(database, "boss", "manager", project_id=households.project_id))
    path = f"/v1/projects/{households.project_id}/app-users"

    made = client.post(path, json={"displayName": "tablet 2", "expiresAt": "2099-06-30"}, headers=manager).get_json()
    one = f"{path}/{made['id']}"
    later = client.patch(one, json={"expiresAt": "2099-07-01T10:00:00Z"}, headers=manager).get_json()
    never = client.patch(one, json={"expiresAt": None}, headers=manager).get_json()

    assert made["expiresAt"] == "2099-06-30T23:59:59.000Z"
    assert later["expiresAt"] == "2099-07-01T10:00:00.000Z"
    assert never["expiresAt"] is client.get(one, headers=manager).get_json()["expiresAt"] is None
    assert client.get(one, headers={**manager, **EXTENDED}).get_json()["createdBy"]["displayName"] == "boss"
    for wrong in ({"expiresAt": "1999-01-01"}, {"expiresAt": 7}, {"expiresAt": "tomorrow"}, {}):
        assert client.patch(one, json=wrong, headers=manager).status_code == 400
    client.delete(one, headers=manager)
    assert client.patch(one, json={"expiresAt": None}, headers=manager).status_code == 404


def test_a_viewer_neither_sees_nor_makes_app_users(client: Client, households: Households) -> None:
    path = f"/v1/projects/{households.project_id}/app-users"

    assert client.get(path, headers=basic(households.viewer)).status_code == 403
    assert client.post(path, json={"displayName": "x"}, headers=basic(households.viewer)).status_code == 403
