"""What a handler gives back: bytes or a stream, with a status and headers, and no word of Flask."""

import json as jsons
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from forms.compiling.issue import Issue
from storage.problems import Problem, Said, in_words


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer on its way out. A stream's first block is made before the status line leaves."""

    body: bytes | Iterator[bytes] = b""
    status: int = 200
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: tuple["Cookie", ...] = ()
    challenges: tuple[str, ...] = ()  # WWW-Authenticate, a line each: clients read only the first scheme of a line

    def with_headers(self, headers: Mapping[str, str]) -> "Answer":
        """The same answer with more headers."""
        return replace(self, headers={**self.headers, **headers})


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie to set; null *value* takes it away. SameSite=Strict, Secure behind https, and HttpOnly unless *for_scripts*."""

    name: str
    value: str | None
    seconds: int | None = None
    for_scripts: bool = False


def json(value: Any, status: int = 200) -> Answer:
    """JSON as Central writes it: moments in ISO 8601 with milliseconds and Z."""
    text = jsons.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)
    return Answer(text.encode(), status, "application/json; charset=utf-8")


def success() -> Answer:
    """Central's word for «done»."""
    return json({"success": True})


def empty(status: int = 204) -> Answer:
    """No body."""
    return Answer(status=status)


def redirect(place: str, status: int = 303) -> Answer:
    """Look there instead."""
    return Answer(status=status, headers={"Location": place})


def stated(moment: datetime | None) -> str | None:
    """A moment as Central's JSON has it: `2026-01-31T09:00:00.000Z`."""
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def not_modified(headers: Mapping[str, str], etag: str) -> bool:
    """Whether the client holds what *etag* names; weak tags and lists count (openrosa.md DL-07)."""
    held = headers.get("If-None-Match") or ""
    return held.strip() == "*" or any(one.strip().removeprefix("W/") == etag for one in held.split(","))


def attachment_header(name: str) -> str:
    """A Content-Disposition that saves under *name*, in ASCII and in full (openrosa.md DL-22)."""
    from_plain = "".join(letter if letter.isascii() and letter.isprintable() and letter not in '"\\' else "_" for letter in name)
    quoted = "".join(
        chr(b) if chr(b).isascii() and (chr(b).isalnum() or chr(b) in "-._~") else f"%{b:02X}" for b in name.encode()
    )
    return f"attachment; filename=\"{from_plain}\"; filename*=UTF-8''{quoted}"


def problem_as_json(problem: Problem, said: Said = str) -> Answer:
    """A refusal in Central's dialect, in the language of *said*; a whole code is a number, as clients compare it.

    Clients compare Central's messages too: a refusal with one of Central's numbers keeps its English `message`, and its details
    speak the reader's language.
    """
    message = problem.told(said) if problem.is_ours else problem.sentence
    details = {name: _told(value, said) for name, value in problem.details.items() if value is not None}
    return json({"message": message, "code": float(problem.code), "details": details}, problem.status)


def _told(value: Any, said: Said) -> Any:
    if isinstance(value, list):
        return [_told(each, said) for each in value]
    return value.as_json(said) if isinstance(value, Issue) else in_words(value, said)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return stated(value)
    if isinstance(value, frozenset | set | tuple):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
