"""Sending submissions as tablets do, and looking at what became of them."""

from typing import Any
from urllib.parse import quote

from sqlalchemy import select

from storage import unit_of_work
from storage.schema import quarantine
from tests.vectors.calling import Answered
from tests.vectors.conftest import Ground

A, B = "uuid:aaaaaaaa-0000-4000-8000-000000000001", "uuid:bbbbbbbb-0000-4000-8000-000000000002"
BOUNDARY = "b0undary"


def accepted(answer: Answered) -> bool:
    """Whether it was taken, with a sentence."""
    return answer.status in (201, 202) and bool(answer.says)


def raw(*parts: tuple[str, bytes]) -> dict[str, Any]:
    """A multipart body of parts with these headers."""
    body = b"".join(f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + content + b"\r\n" for head, content in parts)
    return {
        "data": body + f"--{BOUNDARY}--\r\n".encode(),
        "content_type": f"multipart/form-data; boundary={BOUNDARY}",
    }


def xml_part(xml: bytes) -> tuple[str, bytes]:
    """The part with the answers."""
    return 'Content-Disposition: form-data; name="xml_submission_file"; filename="xml_submission_file"', xml


def file_part(name: str, content: bytes, part: str | None = None) -> tuple[str, bytes]:
    """The part with a file."""
    return f'Content-Disposition: form-data; name="{part or name}"; filename="{name}"\r\nContent-Type: image/jpeg', content


def send_raw(ground: Ground, *parts: tuple[str, bytes], **more: Any) -> Answered:
    """Send parts as Anna."""
    return ground.door.post(f"{ground.base}/submission", raw(*parts), auth=ground.auth, **more)


def attachments(ground: Ground, instance_id: str, form_id: str = "f1") -> dict[str, bool]:
    """The files that the manager sees of a submission, and whether each is there."""
    ground.settle()
    path = f"forms/{quote(form_id, safe='')}/submissions/{quote(instance_id, safe='')}/attachments"
    return {file["name"]: file["exists"] for file in ground.ask_json(path)}


def content(ground: Ground, instance_id: str, name: str, form_id: str = "f1") -> Answered:
    """A file of a submission, as the manager gets it."""
    return ground.ask(f"forms/{form_id}/submissions/{quote(instance_id, safe='')}/attachments/{quote(name, safe='')}")


def count(ground: Ground, form_id: str = "f1") -> int:
    """How many submissions of a form the manager sees."""
    return len(ground.ask_json(f"forms/{quote(form_id, safe='')}/submissions"))


def set_aside(ground: Ground) -> list[tuple[str, bytes | None]]:
    """What was refused and is kept in quarantine: why, and its XML, the oldest first."""
    with unit_of_work.reading(ground.servers.database) as unit:
        asked = select(quarantine.c.code, quarantine.c.xml).where(quarantine.c.project_id == ground.project_id)
        return [(row.code, row.xml) for row in unit.connection.execute(asked.order_by(quarantine.c.id))]
