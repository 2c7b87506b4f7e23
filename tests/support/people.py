"""A project with the entity list `people`, a tablet that feeds it, and those who read and change it."""

import base64
from dataclasses import dataclass, field
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from forms import publishing
from server.worker import work_until_idle
from storage import unit_of_work
from storage.engine import Database
from tests.support import builders
from tests.support.builders import PASSWORD, Person, Tablet

AWA = "11111111-1111-4111-8111-111111111111"
BAH = "11111111-1111-4111-8111-111111111112"
BRANCH = "22222222-2222-4222-8222-222222222222"
CASES = b'xmlns:case="urn:siraba:case:1" xmlns:orx='


@dataclass
class People:
    """The list, and ways to fill it, to read it and to change it."""

    client: Client
    database: Database
    project_id: int
    tablet: Tablet
    manager: Person
    known: dict[str, Person] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The list's address."""
        return f"/v1/projects/{self.project_id}/datasets/people"

    def who(self, role: str) -> Person:
        """Somebody with this role in the project."""
        if role not in self.known:
            self.known[role] = builders.add_person(self.database, f"the-{role}", role, project_id=self.project_id)
        return self.known[role]

    def publish(self, xform: bytes) -> None:
        """Publish a form, or a version of one."""
        with unit_of_work.writing(self.database) as unit:
            publishing.publish(unit, self.project_id, publishing.Compiled(xform))

    def send(self, instance_id: str, entity: str = "", **more: str) -> None:
        """Send a submission as a tablet does, and have the worker read it."""
        url = f"/v1/key/{self.tablet.token}/projects/{self.project_id}/submission"
        xml = builders.submission(instance_id, entity=entity, **more)
        sent = self.client.post(url, **builders.multipart(xml), headers={"User-Agent": "collect/test"})
        assert sent.status_code == 201, sent.get_data(as_text=True)
        work_until_idle(self.database)

    def register(self, uuid: str = AWA, label: str = "Awa", age: str = "30", instance_id: str = "") -> None:
        """Let a submission make an entity."""
        entity = f'<entity dataset="people" id="{uuid}" create="1"><label>{label}</label></entity>'
        self.send(instance_id or f"uuid:{uuid}", entity, age=age)

    def update(self, age: str, *, base: int, uuid: str = AWA, branch: str = BRANCH, trunk: int = 1) -> None:
        """Let a submission change one, on its version *base*."""
        where = f'baseVersion="{base}" trunkVersion="{trunk}" branchId="{branch}"'
        self.send(f"uuid:{uuid}-{base}-{branch[:4]}-{age}", f'<entity dataset="people" id="{uuid}" update="1" {where}/>', age=age)

    def ask(
        self, path: str = "", *, method: str = "GET", body: Any = None, who: Person | None = None, **headers: str
    ) -> TestResponse:
        """What the manager, or *who*, gets below the list's address, or at *path* itself when it begins with `/v1/`."""
        address = path if path.startswith("/v1/") else self.path + path
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.open(address, method=method, json=body, headers={**basic(who or self.manager), **told})

    def json(self, path: str = "", **more: Any) -> Any:
        """The same as JSON, which must have gone well."""
        response = self.ask(path, **more)
        assert response.status_code == 200, response.get_data(as_text=True)
        return response.get_json()

    def refused(self, path: str, **more: Any) -> tuple[int, Any]:
        """The status and the code of a refusal."""
        response = self.ask(path, **more)
        return response.status_code, response.get_json()["code"]


def basic(person: Person) -> dict[str, str]:
    """The header with which a person's tools say who they are."""
    return {"Authorization": "Basic " + base64.b64encode(f"{person.email}:{PASSWORD}".encode()).decode()}


def people_in(client: Client, database: Database, xform: bytes | None = None) -> People:
    """The list in a new project, fed by the form `register` or by *xform*."""
    project_id = builders.add_project(database)
    tablet = builders.add_tablet(database, project_id)
    manager = builders.add_person(database, "manager", "manager", project_id=project_id)
    made = People(client, database, project_id, tablet, manager)
    made.publish(xform or builders.register(actions=("true()", "true()")))
    return made


@pytest.fixture
def people(client: Client, database: Database) -> People:
    """The list `people` with nobody on it."""
    return people_in(client, database)
