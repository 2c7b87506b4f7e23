"""The audit log: who did what, under Central's names for it, and under our own where Central has none (`case.view` …).

Whom or what it was done to has a number of its own, made of its kind and id: entries about one thing can be found by it.
"""

import json as jsons
from collections.abc import Iterator
from itertools import islice
from typing import Any
from uuid import UUID, uuid5

from forms.store import audits as store
from forms.store.actees import Actees
from forms.store.audits import Entry, Wanted
from server.access.verbs import Verb
from server.central import shapes
from server.central.roles import NUMBERS
from server.central.surface import central
from server.web.answers import Answer, stated
from server.web.parameters import extended, moment, number
from server.web.surface import Ask
from storage.unit_of_work import Unit

ROWS_A_BLOCK = 200
_NUMBERED = UUID("6f1d7a52-8e0b-4c39-9b57-2d4c6a8f1e03")
_OF_INSTANCES = ("submission.", "entity.error")


@central.get("/audits", needs=Verb.AUDIT_READ, exports=True)
def log(ask: Ask[None]) -> Answer:
    """Every entry, the newest first; `?action=` (one, or a group), `?start=` and `?end=` (itself left out) narrow it, and
    `?limit=` and `?offset=` page.

    Raises: BadParameter. Source: ODK Central, GET /audits.
    """
    zone = ask.site.settings.time_zone
    wanted = Wanted(
        action=ask.query.get("action") or None,
        start=moment(ask.query, "start", zone),
        end=moment(ask.query, "end", zone),
    )
    found = store.entries(ask.unit, wanted, skip=number(ask.query, "offset") or 0, most=number(ask.query, "limit"))
    return Answer(_array(ask, found, Actees() if extended(ask.headers) else None), 200, "application/json; charset=utf-8")


def shown(unit: Unit, found: list[Entry], actees: Actees | None) -> list[dict[str, Any]]:
    """Entries as Central shows them; with everybody and everything they name, if *actees* are to be learnt."""
    if actees is None:
        return [_entry(each) for each in found]
    actees.learn(unit, found)
    return [_entry(each) | _named(each, actees) for each in found]


def _array(ask: Ask[None], found: Iterator[Entry], actees: Actees | None) -> Iterator[bytes]:
    """A JSON array in blocks: a log of years needs no more memory than one of a day."""
    before = "["
    while block := list(islice(found, ROWS_A_BLOCK)):
        made = (jsons.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in shown(ask.unit, block, actees))
        yield (before + ",".join(made)).encode()
        before = ","
    yield b"[]" if before == "[" else b"]"


def _entry(found: Entry) -> dict[str, Any]:
    return {
        "actorId": found.actor_id,
        "action": found.action,
        "acteeId": _actee_id(*_actee(found)),
        "details": _details(found),
        "notes": found.notes,
        "loggedAt": stated(found.at),
    }


def _details(found: Entry) -> dict[str, Any] | None:
    """What is on record beside who, what and where: never an answer, as none is recorded."""
    if found.action.endswith(".assignment.create") or found.action.endswith(".assignment.delete"):
        role = found.details.get("role", "")
        return {"roleId": NUMBERS.get(role), "role": role, "grantedActeeId": _actee_id(*_place(found))}
    if found.subject is None or found.on_actor_id is not None or found.action.startswith(("form.", "project.")):
        return found.details or None
    name = "instanceId" if found.action.startswith(_OF_INSTANCES) else "subject"
    return {name: found.subject, **found.details}


def _actee(found: Entry) -> tuple[str, int | str | None]:
    return ("actor", found.on_actor_id) if found.on_actor_id is not None else _place(found)


def _place(found: Entry) -> tuple[str, int | str | None]:
    if found.entity_list is not None:
        return "dataset", f"{found.project_id}/{found.entity_list}"
    if found.form_id is not None:
        return "form", found.form_id
    return ("project", found.project_id) if found.project_id is not None else ("site", None)


def _actee_id(kind: str, number: int | str | None) -> str:
    return str(uuid5(_NUMBERED, f"{kind}/{number or ''}"))


def _named(found: Entry, actees: Actees) -> dict[str, Any]:
    return {"actor": shapes.actor(actees.actors.get(found.actor_id or 0)), "actee": _known(found, actees)}


def _known(found: Entry, actees: Actees) -> dict[str, Any] | None:
    if found.on_actor_id is not None:
        return shapes.actor(actees.actors.get(found.on_actor_id))
    if found.entity_list is not None:
        return {"projectId": found.project_id, "name": found.entity_list}
    if found.form_id in actees.forms:
        return shapes.form(actees.forms[found.form_id])
    return shapes.project(actees.projects[found.project_id]) if found.project_id in actees.projects else None
