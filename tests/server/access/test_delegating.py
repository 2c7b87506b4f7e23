import pytest
from sqlalchemy import select

from server.access import delegating, policy
from server.access.actors import Actor
from server.access.policy import SITE, Place
from server.access.roles import ROLES
from storage import unit_of_work
from storage.engine import Database
from storage.problems import NotAllowed, NotFound
from storage.schema import assignment
from tests.support.builders import Person, add_person, add_project, add_tablet


def as_actor(person: Person) -> Actor:
    return Actor(person.actor_id, "user", person.email)


def test_an_administrator_may_give_every_role_but_a_tablets_and_a_links(database: Database) -> None:
    admin = add_person(database, "admin", "admin")

    with unit_of_work.reading(database) as unit:
        assert set(delegating.may_give(unit, as_actor(admin), SITE)) == set(ROLES) - {"app-user", "public-link"}


def test_a_manager_may_give_no_role_that_opens_case_records(database: Database) -> None:
    project_id = add_project(database)
    manager = add_person(database, "manager", "manager", project_id=project_id)

    with unit_of_work.reading(database) as unit:
        given = delegating.may_give(unit, as_actor(manager), Place(project_id))

    assert set(given) == {"manager", "viewer", "formfill"}


def test_nobody_gives_what_they_do_not_hold(database: Database) -> None:
    project_id = add_project(database)
    manager = add_person(database, "manager", "manager", project_id=project_id)

    with unit_of_work.writing(database) as unit, pytest.raises(NotAllowed):
        delegating.give(unit, as_actor(manager), manager.actor_id, "protection-officer", Place(project_id))


def test_a_role_given_holds_only_at_its_place_and_goes_when_taken(database: Database) -> None:
    here, there = add_project(database), add_project(database, "Niger")
    admin, officer = as_actor(add_person(database, "admin", "admin")), as_actor(add_person(database, "officer"))

    with unit_of_work.writing(database) as unit:
        delegating.give(unit, admin, officer.id, "protection-officer", Place(here))
        delegating.give(unit, admin, officer.id, "protection-officer", Place(here))

    with unit_of_work.writing(database) as unit:
        assert policy.roles_at(unit, officer, Place(here)) == {"protection-officer"}
        assert policy.roles_at(unit, officer, Place(there)) == set()
        delegating.take(unit, admin, officer.id, "protection-officer", Place(here))

    with unit_of_work.reading(database) as unit:
        assert unit.connection.execute(select(assignment).where(assignment.c.actor_id == officer.id)).all() == []


def test_the_last_administrator_stays(database: Database) -> None:
    admin = as_actor(add_person(database, "admin", "admin"))

    with unit_of_work.writing(database) as unit, pytest.raises(delegating.LastAdministrator):
        delegating.take(unit, admin, admin.id, "admin", SITE)


def test_one_of_two_administrators_may_go(database: Database) -> None:
    admin, other = (as_actor(add_person(database, name, "admin")) for name in ("admin", "other"))

    with unit_of_work.writing(database) as unit:
        delegating.take(unit, admin, other.id, "admin", SITE)

    with unit_of_work.reading(database) as unit:
        assert policy.roles_at(unit, other, SITE) == set()


def test_a_tablet_cannot_be_given_a_role_by_hand(database: Database) -> None:
    tablet = add_tablet(database, add_project(database))
    admin = as_actor(add_person(database, "admin", "admin"))

    with unit_of_work.writing(database) as unit, pytest.raises(NotFound):
        delegating.give(unit, admin, tablet.actor_id, "viewer", SITE)
