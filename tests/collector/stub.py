"""The least OpenRosa server there can be: fixed answers by path, and a note of every request."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

OPENROSA = {"X-OpenRosa-Version": "1.0", "Content-Type": "text/xml; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A fixed answer."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: OPENROSA)


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it came; `path` with its query."""

    method: str
    path: str
    headers: Message
    body: bytes


class Stub:
    """A context manager: the server runs on loopback until the end of the block."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], Answer] = {}
        self.seen: list[Seen] = []
        self.credentials: str | None = None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.reply(self)

            def do_HEAD(self) -> None:
                outer.reply(self)

            def do_POST(self) -> None:
                outer.reply(self)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing: the requests are kept in `seen`."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/p"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def reply(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request as told, 404 to what nobody told."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        self.seen.append(Seen(handler.command, handler.path, handler.headers, body))
        answer = self.answers.get((handler.command, handler.path.partition("?")[0]), Answer(404))
        if self.credentials and handler.headers.get("Authorization") != self.credentials:
            answer = Answer(401, headers={"WWW-Authenticate": 'Basic realm="test"'})
        etag = answer.headers.get("ETag")
        if etag and handler.headers.get("If-None-Match") == etag:
            answer = Answer(304, headers={"ETag": etag})
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        if answer.status not in (204, 304):
            handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        if handler.command != "HEAD" and answer.status not in (204, 304):
            handler.wfile.write(answer.body)

    def offer(
        self, xform: bytes, *, form_id: str, version: str | None = "1", manifest: str = "", hash: str | None = None
    ) -> None:
        """List one form, with the given `<mediaFile>` elements as its manifest."""
        digest = hash or "md5:" + hashlib.md5(xform).hexdigest()
        manifest_url = f"<manifestUrl>{self.url}/manifest</manifestUrl>" if manifest else ""
        entry = (
            f"<xform><formID>{form_id}</formID><name>A form</name><version>{version or ''}</version><hash>{digest}</hash>"
            f"<downloadUrl>{self.url}/form.xml</downloadUrl>{manifest_url}</xform>"
        )
        self.list_forms(entry)
        self.answers["GET", "/p/form.xml"] = Answer(200, xform, {"Content-Type": "application/xml", "ETag": '"f"'})
        text = f'<manifest xmlns="http://openrosa.org/xforms/xformsManifest">{manifest}</manifest>'
        self.answers["GET", "/p/manifest"] = Answer(200, text.encode())

    def list_forms(self, entries: str, headers: Mapping[str, str] = OPENROSA) -> None:
        """Answer the form list with these `<xform>` elements."""
        text = f'<xforms xmlns="http://openrosa.org/xforms/xformsList">{entries}</xforms>'
        self.answers["GET", "/p/formList"] = Answer(200, text.encode(), headers)

    def accept(self, *, head: int = 204, post: int = 201, message: str = "", headers: Mapping[str, str] | None = None) -> None:
        """Answer submissions."""
        self.answers["HEAD", "/p/submission"] = Answer(head, headers=headers or {})
        body = f'<OpenRosaResponse xmlns="http://openrosa.org/http/response"><message>{message}</message></OpenRosaResponse>'
        self.answers["POST", "/p/submission"] = Answer(post, body.encode() if message else b"")

    def requests(self, method: str) -> list[Seen]:
        """The requests of one method, in order."""
        return [one for one in self.seen if one.method == method]
