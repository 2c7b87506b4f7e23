"""Which entities of a list somebody sees who only holds it as a form's attachment.

Whoever may list entities sees all of them, whatever the list says; for the others a list may hold only what they made
themselves, or what equals the properties that they are told apart by. A draft's token asks for nobody, and is for those who
prepare the form: it shows the whole list.

Source: ODK Central, `accessFilter` and `ownerOnly`.
"""

from collections.abc import Iterable
from dataclasses import replace

from forms import narrowing, serving_entities
from forms.serving_entities import EntityList
from server.access import policy
from server.access.actors import Actor
from server.access.policy import Place
from server.access.verbs import Verb
from storage.unit_of_work import Unit


def lists_by_id(unit: Unit, actor: Actor | None, ids: Iterable[int]) -> dict[int, EntityList]:
    """The lists with these ids, each as *actor* sees it."""
    return {number: seen_by(unit, actor, each) for number, each in serving_entities.lists_by_id(unit, ids).items()}


def seen_by(unit: Unit, actor: Actor | None, found: EntityList) -> EntityList:
    """The list as *actor* sees it; null: whoever holds a draft's token."""
    if found.access_filter is None or actor is None or policy.allows(unit, actor, Verb.ENTITY_LIST, Place(found.project_id)):
        return found
    return replace(found, narrowed=narrowing.of(unit, found.access_filter, actor.id))
