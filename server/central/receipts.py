"""Proof of delivery: a client asks what is held of what it sent, and a supervisor what came with one submission.

Nothing about others' submissions is told. Whoever sent a submission may ask about it, and so may who lists the form's
submissions anyway. Everybody else must give the SHA-256 of the XML, which only who has the bytes knows: so a tablet that got a
new key can still ask about what it sent under the old one. To all others a submission that is here looks like one that is not.
"""

from typing import Any

from forms.problems import MissingField
from forms.store import projects as projects_store
from forms.store import pulling, receipts
from forms.store.projects import Project
from forms.store.pulling import Pulled
from forms.store.receipts import Held, HeldFile, Purged
from server.access import policy
from server.access.policy import Place
from server.access.verbs import Verb
from server.central.submissions import ONE
from server.central.surface import central
from server.web.answers import Answer, json, stated
from server.web.bodies import json_object
from server.web.parameters import BadParameter
from server.web.surface import SIGNED_IN, Ask

QUESTIONS_MOST = 500


@central.post(
    "/projects/<int:project_id>/receipts", needs=SIGNED_IN, finds=projects_store.project_of, reads=json_object, writes=False
)
def ask_receipts(ask: Ask[Project]) -> Answer:
    """Do you hold these submissions, with these bytes and files?

    Asked: `{"submissions": [{"formId", "instanceId", "sha256"?, "files"?: [{"name", "sha256"? or "md5"?}]}]}`, at most 500.
    Answered, in the same order, for each: `state` – `held`; `other` (held with other bytes); `deleted`; `quarantined` (with
    `reason`); `unknown` –, `complete` (true once nothing that was asked about or that the answers name is missing; null while
    the answers have not been read), `receivedAt`, `files` as asked with `held`, and `missing` by name.

    Raises: MissingField, BadParameter.
    """
    ask.require_any(Verb.OPEN_FORM_READ)
    asked = ask.body.get("submissions")
    if not isinstance(asked, list):
        raise MissingField(field="submissions")
    if len(asked) > QUESTIONS_MOST:
        raise BadParameter(field="submissions", reason=f"at most {QUESTIONS_MOST} can be asked about at once.")
    return json({"submissions": [_answered(ask, each) for each in asked]})


def _answered(ask: Ask[Project], asked: Any) -> dict[str, Any]:
    form_id, instance_id = _text(asked, "formId"), _text(asked, "instanceId")
    if form_id is None or instance_id is None:
        raise MissingField(field="formId and instanceId")
    sha256 = (_text(asked, "sha256") or "").lower() or None
    named = {"formId": form_id, "instanceId": instance_id}
    held = receipts.held(ask.unit, ask.found.id, form_id, instance_id)
    if held is not None and not _may_know(ask, held, sha256):
        held = None
    purged = receipts.purged(ask.unit, ask.found.id, form_id, instance_id) if held is None else None
    if (held is not None and held.is_deleted) or (purged is not None and _is_theirs(ask, purged)):
        return named | {"state": "deleted", "complete": False}
    if held is not None and sha256 in (None, held.xml_sha256):
        return named | {"state": "held"} | _files(ask, held, asked.get("files"))
    reason = receipts.in_quarantine(ask.unit, ask.found.id, ask.actor.id, instance_id) if ask.actor else None
    if reason is not None:
        return named | {"state": "quarantined", "complete": False, "reason": reason}
    return named | {"state": "other" if held else "unknown", "complete": False}


def _may_know(ask: Ask[Project], held: Held, sha256: str | None) -> bool:
    return ask.actor is not None and (sha256 == held.xml_sha256 or _is_theirs(ask, held))


def _is_theirs(ask: Ask[Project], known: Held | Purged) -> bool:
    if ask.actor is None:
        return False
    mine = known.submitter_id == ask.actor.id
    return mine or policy.allows(ask.unit, ask.actor, Verb.SUBMISSION_LIST, Place(ask.found.id, known.form_id))


def _files(ask: Ask[Project], held: Held, asked: Any) -> dict[str, Any]:
    kept = {file.name: file for file in receipts.files(ask.unit, held.version_id)}
    questions = [each for each in asked if _text(each, "name")] if isinstance(asked, list) else []
    answers = [{"name": each["name"], "held": _is_held(kept.get(each["name"]), each)} for each in questions]
    missing = sorted(
        {file.name for file in kept.values() if file.expected and file.sha256 is None}
        | {each["name"] for each in answers if not each["held"]}
    )
    complete = False if missing else (True if held.is_read else None)
    return {"complete": complete, "receivedAt": stated(held.received_at), "files": answers, "missing": missing}


def _is_held(kept: HeldFile | None, asked: dict[str, Any]) -> bool:
    if kept is None or kept.sha256 is None:
        return False
    sha256, md5 = _text(asked, "sha256"), _text(asked, "md5")
    return sha256 in (None, kept.sha256) and md5 in (None, kept.md5)


def _text(asked: Any, name: str) -> str | None:
    value = asked.get(name) if isinstance(asked, dict) else None
    return value if isinstance(value, str) and value else None


@central.get(f"{ONE}/receipt", needs=Verb.SUBMISSION_LIST, finds=pulling.submission_of)
def receipt(ask: Ask[Pulled]) -> Answer:
    """What came with a submission's current version: hashes, device, app, form version, and each file that came or is missing."""
    current = ask.found.current
    files = receipts.files(ask.unit, current.id)
    return json(
        {
            "instanceId": current.instance_id,
            "sha256": receipts.xml_sha256(ask.unit, current.id),
            "receivedAt": stated(current.created_at),
            "submitterId": current.submitter_id,
            "deviceId": current.device_id,
            "userAgent": current.user_agent,
            "formVersion": current.version,
            "complete": not any(file.expected and file.sha256 is None for file in files),
            "files": [
                {
                    "name": file.name,
                    "expected": file.expected,
                    "exists": file.sha256 is not None,
                    "sha256": file.sha256,
                    "md5": file.md5,
                    "sizeBytes": file.size_bytes,
                    "receivedAt": stated(file.received_at),
                }
                for file in files
            ],
        }
    )
