from dataclasses import replace

import pytest

from server.access import actors, app_users, policy
from server.access.policy import Place
from server.access.verbs import Verb
from storage import unit_of_work
from storage.engine import Database
from storage.problems import NotFound
from tests.support.builders import add_project


def test_an_app_user_is_found_by_its_key_and_may_collect_in_its_project(database: Database) -> None:
    project_id, elsewhere = add_project(database), add_project(database, "Niger")
    with unit_of_work.writing(database) as unit:
        added = app_users.add_app_user(unit, project_id, "Tablette 01")

    with unit_of_work.reading(database) as unit:
        found = actors.by_key(unit, added.token or "")
        assert found is not None
        assert found.id == added.id
        assert policy.allows(unit, found, Verb.SUBMISSION_CREATE, Place(project_id))
        assert not policy.allows(unit, found, Verb.SUBMISSION_CREATE, Place(elsewhere))


def test_a_revoked_app_user_is_shut_out_but_still_listed(database: Database) -> None:
    project_id = add_project(database)
    with unit_of_work.writing(database) as unit:
        kept, added = (app_users.add_app_user(unit, project_id, name) for name in ("Tablette 01", "Tablette 02"))
        app_users.revoke(unit, added.id)

    with unit_of_work.reading(database) as unit:
        assert actors.by_key(unit, added.token or "") is None
        assert app_users.app_users_in(unit, project_id) == [kept, replace(added, token=None)]


def test_an_app_user_of_another_project_is_not_found(database: Database) -> None:
    project_id, elsewhere = add_project(database), add_project(database, "Niger")
    with unit_of_work.writing(database) as unit:
        added = app_users.add_app_user(unit, project_id, "Tablette 01")

    with unit_of_work.reading(database) as unit, pytest.raises(NotFound):
        app_users.app_user_of(unit, elsewhere, added.id)
