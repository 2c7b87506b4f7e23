"""A project with the survey of `tests.support.survey`, a tablet that sends and people who pull."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import update
from werkzeug.test import Client, TestResponse

from forms import publishing
from server import worker
from storage import unit_of_work
from storage.engine import Database
from storage.schema import submission
from storage.settings import Settings
from tests.support import builders, survey
from tests.support.builders import PASSWORD, Person, Tablet


@dataclass
class Households:
    """The survey in a project, and ways to send to it and to pull from it."""

    client: Client
    database: Database
    project_id: int
    form_id: int
    tablet: Tablet
    viewer: Person
    settings: Settings
    form: str = "survey"

    @property
    def path(self) -> str:
        """The form's address."""
        return f"/v1/projects/{self.project_id}/forms/{self.form}"

    def send(
        self, instance_id: str, answers: str = survey.FULL, *, files: Mapping[str, bytes] | None = None, **more: Any
    ) -> None:
        """Send a submission as a tablet does, and have the worker read it."""
        xml = survey.filled(instance_id, answers, form_id=self.form, **more)
        self.send_xml(xml, files)

    def send_xml(self, xml: bytes, files: Mapping[str, bytes] | None = None) -> None:
        """Send these bytes."""
        url = f"/v1/key/{self.tablet.token}/projects/{self.project_id}/submission?deviceID=collect%3Aabc"
        response = self.client.post(url, **builders.multipart(xml, dict(files or {})), headers={"User-Agent": "collect/test"})
        assert response.status_code == 201
        worker.work_until_idle(self.database)

    def publish(self, version: str, more: str = "") -> None:
        """Publish another version of the form, with the elements *more* in it."""
        with unit_of_work.writing(self.database) as unit:
            publishing.publish(unit, self.project_id, publishing.Compiled(survey.survey(self.form, version, more)))

    def change(self, instance_id: str, **columns: Any) -> None:
        """Change what the server knows of a submission, as a review or a deletion would."""
        with unit_of_work.writing(self.database) as unit:
            unit.connection.execute(update(submission).where(submission.c.instance_id == instance_id).values(**columns))

    def get(self, path: str = "", **headers: str) -> TestResponse:
        """What the viewer gets below the form's address, or at *path* itself when it begins with `/v1/`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        address = path if path.startswith("/v1/") else self.path + path
        return self.client.get(address, headers={**basic(self.viewer), **named})

    def json(self, path: str = "", **headers: str) -> Any:
        """The same as JSON, which must have gone well."""
        response = self.get(path, **headers)
        assert response.status_code == 200, response.get_data(as_text=True)
        return response.get_json()


def basic(person: Person) -> dict[str, str]:
    """The header with which a person's tools say who they are."""
    return {"Authorization": "Basic " + base64.b64encode(f"{person.email}:{PASSWORD}".encode()).decode()}


@pytest.fixture
def households(client: Client, database: Database, settings: Settings) -> Households:
    """A project with the survey and nothing sent yet."""
    project_id = builders.add_project(database)
    with unit_of_work.writing(database) as unit:
        published = publishing.publish(unit, project_id, publishing.Compiled(survey.survey()))
    tablet = builders.add_tablet(database, project_id, "tablet 1")
    viewer = builders.add_person(database, "viewer", "viewer", project_id=project_id)
    return Households(client, database, project_id, published.form_id, tablet, viewer, settings)
