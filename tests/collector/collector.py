"""Tablets without a screen: real JavaRosa fills the forms, HTTP as ODK Collect speaks it.

One Java process serves any number of tablets; a tablet is a folder. The process answers one JSON line with one JSON line, so
nothing here waits on a clock.

    with Collector() as collector:
        tablet = Device(collector, tmp_path / "moussa", server="http://127.0.0.1:8383/v1/key/…/projects/1")
        tablet.refresh()
        filled = tablet.fill("intake", sheet)
        assert all(sent.ok for sent in tablet.send())

A sheet is what a scenario file holds: `answers`, `repeats`, `files`, `language`.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.collector import program

Sheet = Mapping[str, Any]


class Refused(Exception):
    """The device would not go on: an answer nobody asked for, a choice not offered, a list Collect would refuse …"""

    def __init__(self, kind: str, place: str | None, says: str) -> None:
        super().__init__(f"{kind}: {says}")
        self.kind = kind
        self.place = place
        self.says = says


class Broken(RuntimeError):
    """The Java program itself failed: a fault in the collector, not in what it tests."""


@dataclass(frozen=True, slots=True)
class Screen:
    """One question or note that was shown; `place` is its path below the root, with row numbers from 1 after repeats."""

    place: str
    kind: str
    label: str | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class Filled:
    """A finalised instance: its id, its XML file, the files it names, the screens passed in order."""

    instance_id: str
    xml: Path
    files: tuple[str, ...]
    path: tuple[Screen, ...]
    deprecated_id: str | None = None

    def asked(self, name: str) -> bool:
        """Whether a question of this name was shown."""
        return any(screen.place.rsplit("/", 1)[-1] == name for screen in self.path)


@dataclass(frozen=True, slots=True)
class Request:
    """One exchange: `status` 0 means the answer came from the device's own cache, -1 that none came."""

    method: str
    url: str
    status: int
    sent_bytes: int
    authorization: str | None = None


@dataclass(frozen=True, slots=True)
class ListedForm:
    """A form of the list; `state` is new, updated or unchanged; `media_taken` names the files and lists that were taken anew."""

    form_id: str
    name: str
    version: str | None
    hash: str
    state: str
    media_taken: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one instance: `ok` after 201 or 202 to the last of `posts` requests; `message` as the user reads it."""

    instance_id: str
    form_id: str
    ok: bool
    head: int
    status: int
    posts: int
    message: str


class Collector:
    """The Java process. A context manager; starting it takes under a second, once compiled."""

    def __init__(self, timezone: str = "Africa/Bamako") -> None:
        self._timezone = timezone
        self._process: subprocess.Popen[str] | None = None
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - lives as long as the process

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Compile if needed and start the process.

        Raises: program.NoJava.
        """
        options = ["-Xmx384m", "-XX:+UseSerialGC", "-Djava.awt.headless=true", f"-Duser.timezone={self._timezone}"]
        command = [program.java(), *options, "-Dfile.encoding=UTF-8", "-cp", f"{program.jar()}:{program.classes()}", "Collector"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True, encoding="utf-8"
        )

    def stop(self) -> None:
        """End the process by closing its input, which ends its loop."""
        if self._process is not None:
            self._process.communicate()
            self._process = None
        self._errors.close()

    def kill(self) -> None:
        """End the process in the middle of whatever it does, as Android ends an app, and open it again with an empty memory."""
        process = self._process
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(BrokenPipeError):
                    pipe.close()  # type: ignore[union-attr]
        self.start()

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """One request, one reply.

        Raises: Refused, for what a device would refuse; Broken, when the program failed.
        """
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise Broken("the collector is not running")
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            raise Broken(f"the collector died:\n{self._last_words()}")
        reply: dict[str, Any] = json.loads(line)
        if "broken" in reply:
            raise Broken(f"{reply['broken']}\n{self._last_words()}")
        return reply

    def attempt(
        self,
        xform: Path,
        sheet: Sheet,
        folder: Path,
        *,
        media: Path,
        clock: datetime | None = None,
        earlier: Path | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> Filled:
        """Fill a local XForm file into the instance folder `folder`, without device or server.

        `media` is the folder of the form's media (lists as CSV); the answers saved last are kept there too. `earlier` is the
        XML of an instance to edit. `properties` are deviceid, username, email, phonenumber.
        Raises: Refused.
        """
        request: dict[str, Any] = {"do": "try", "xform": str(xform), "media": str(media), "folder": str(folder), "sheet": sheet}
        request |= {"clock": _moment(clock), "earlier": str(earlier) if earlier else None, "properties": dict(properties or {})}
        return _filled(_granted(self.ask(request)))

    def _last_words(self) -> str:
        self._errors.seek(0)
        return self._errors.read()[-4000:]


@dataclass
class Device:
    """One tablet. `server` is what its user types as server URL; `clock` sets its time, None is the real one.

    Name and password answer a Digest challenge, and a Basic one only over https, as Collect does, unless `basic_over_http`.
    `requests` are those of the last call.
    """

    collector: Collector
    folder: Path
    server: str = ""
    device_id: str = "collect:Jk3rT9xWq2LmZ8bV"
    username: str | None = None
    password: str | None = None
    basic_over_http: bool = False
    clock: datetime | None = None
    requests: list[Request] = field(default_factory=list)

    def refresh(self) -> list[ListedForm]:
        """Match the server exactly: take new and changed forms, media and entity lists; drop forms no longer listed.

        Raises: Refused, for whatever would make Collect refuse, or re-download for ever.
        """
        reply = self._ask({"do": "refresh"})
        return [
            ListedForm(one["id"], one["name"], one["version"], one["hash"], one["state"], tuple(one["media_taken"]))
            for one in reply["forms"]
        ]

    def fill(self, form_id: str, sheet: Sheet) -> Filled:
        """Fill a form that is on the device and finalise it; its entities are known here at once.

        Raises: Refused, with the first thing a person could not get past.
        """
        return _filled(self._ask({"do": "fill", "form": form_id, "sheet": sheet, "clock": _moment(self.clock)}))

    def edit(self, instance_id: str, sheet: Sheet) -> Filled:
        """Edit a finalised or sent instance: the sheet names what changes; a repeat it names has exactly the rows it gives.

        Raises: Refused.
        """
        return _filled(self._ask({"do": "edit", "instance": instance_id, "sheet": sheet, "clock": _moment(self.clock)}))

    def send(
        self,
        *,
        only: Sequence[str] | None = None,
        again: bool = False,
        max_bytes: int | None = None,
        max_files: int | None = None,
        stop_after: int | None = None,
        repeat_lost: int | None = None,
    ) -> list[Sent]:
        """Send what was not sent, in order of finalisation.

        `only` names instance ids, sent before or not; `again` sends everything once more. `max_bytes` lowers the server's limit
        of one request, `max_files` Collect's 100. `stop_after` loses the network after so many POSTs of an instance.
        The next `repeat_lost` requests whose connection breaks are repeated to the letter, as OkHttp does when one that it kept
        turns out to be dead.
        """
        options = {"only": list(only) if only is not None else None, "again": again, "max_bytes": max_bytes}
        options |= {"max_files": max_files, "stop_after": stop_after, "repeat_lost": repeat_lost}
        reply = self._ask({"do": "send"} | {name: value for name, value in options.items() if value is not None})
        return [
            Sent(one["instance_id"], one["form"], one["ok"], one["head"], one["status"], one["posts"], one["message"])
            for one in reply["sent"]
        ]

    def entities(self, name: str) -> dict[str, dict[str, Any]]:
        """The device's own copy of an entity list: rows by id, each with label, version, trunk, branch, state, properties."""
        file = self.folder / "lists" / f"{name}.json"
        rows: dict[str, dict[str, Any]] = json.loads(file.read_text("utf-8"))["rows"]
        return rows

    def restart(self) -> None:
        """End the app and open it again: what it had only in its memory, such as a proven sign-in, is gone."""
        self._ask({"do": "restart"})

    def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        settings: dict[str, Any] = {"folder": str(self.folder), "server": self.server, "device_id": self.device_id}
        settings |= {"username": self.username, "password": self.password, "basic_over_http": self.basic_over_http}
        reply = self.collector.ask({**request, "device": settings})
        self.requests = [
            Request(one["method"], one["url"], one["status"], one["sent_bytes"], one.get("authorization"))
            for one in reply["requests"]
        ]
        return _granted(reply)


def _granted(reply: dict[str, Any]) -> dict[str, Any]:
    if "refused" in reply:
        refused = reply["refused"]
        raise Refused(refused["kind"], refused["ref"], refused["says"])
    return reply


def _filled(reply: dict[str, Any]) -> Filled:
    path = tuple(Screen(one["place"], one["kind"], one["label"], one.get("answer")) for one in reply["path"])
    return Filled(reply["instance_id"], Path(reply["xml"]), tuple(reply["files"]), path, reply.get("deprecated_id"))


def _moment(clock: datetime | None) -> str | None:
    if clock is None:
        return None
    if clock.tzinfo is None:
        raise ValueError("a device's clock needs a time zone")
    return clock.isoformat()
