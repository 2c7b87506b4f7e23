"""In which forms app users collect: in every form of their project, in some of them, or in none yet.

That is who holds the role of tablets where (`server.access.delegating`), said as people ask for it, for several tablets at once.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from forms.store import forms as forms_store
from server.access import assignments, delegating, policy
from server.access.actors import Actor
from server.access.app_users import ROLE
from server.access.policy import Place
from server.access.verbs import Verb
from storage.problems import NotFound
from storage.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class Collects:
    """Where an app user collects: *everywhere* in its project, or else in the forms with these ids, perhaps none."""

    everywhere: bool = False
    forms: frozenset[str] = field(default_factory=frozenset)


NOWHERE = Collects()


def of_project(unit: Unit, project_id: int) -> Mapping[int, Collects]:
    """Where each app user of the project collects; whoever is not in it, nowhere."""
    in_forms: defaultdict[int, set[str]] = defaultdict(set)
    for each in assignments.assigned_in_forms(unit, project_id, ROLE):
        in_forms[each.actor_id].add(each.xml_form_id or "")
    everywhere = {each.actor_id for each in assignments.assigned_at(unit, Place(project_id), ROLE)}
    return {number: Collects(number in everywhere, frozenset(in_forms[number])) for number in everywhere | in_forms.keys()}


def choose(unit: Unit, giver: Actor | None, project_id: int, app_user_ids: Collection[int], wanted: Collects) -> None:
    """Let these app users collect where it is *wanted*, and nowhere else; a form in the trash keeps what was held in it.

    Raises: NotAllowed; NotFound, for a form or an app user that the project does not have.
    """
    numbers = {each.xml_form_id: each.id for each in forms_store.all_forms(unit, project_id)}
    if not wanted.forms <= numbers.keys():
        raise NotFound
    before, after = of_project(unit, project_id), _places(project_id, wanted, numbers)
    for app_user_id in sorted(app_user_ids):
        held = _places(project_id, before.get(app_user_id, NOWHERE), numbers)
        for place in _ordered(after - held):
            policy.require(unit, giver, Verb.ASSIGNMENT_CREATE, place)
            delegating.give(unit, giver, app_user_id, ROLE, place)
        for place in _ordered(held - after):
            policy.require(unit, giver, Verb.ASSIGNMENT_DELETE, place)
            delegating.take(unit, giver, app_user_id, ROLE, place)


def _places(project_id: int, collects: Collects, numbers: Mapping[str, int]) -> set[Place]:
    everywhere = {Place(project_id)} if collects.everywhere else set()
    return everywhere | {Place(project_id, numbers[xml_form_id]) for xml_form_id in collects.forms}


def _ordered(places: set[Place]) -> list[Place]:
    return sorted(places, key=lambda place: place.form_id or 0)
