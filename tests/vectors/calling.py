"""Calling a server over a socket as tablets do: the path goes out as it is written, and nothing is followed or remembered."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

LIST = "{http://openrosa.org/xforms/xformsList}"
MANIFEST = "{http://openrosa.org/xforms/xformsManifest}"
RESPONSE = "{http://openrosa.org/http/response}"
PATIENCE_SECONDS = 60
COLLECT = {
    "X-OpenRosa-Version": "1.0",
    "User-Agent": "org.odk.collect.android/v2026.2.0 Dalvik",
    "Date": "Fri, 21 Aug 2026 03:04:05 GMT",
}


@dataclass(frozen=True)
class Answered:
    """What came back."""

    status: int
    headers: Message
    body: bytes

    @property
    def xml(self) -> etree._Element:
        """The body as XML; a byte before the declaration fails."""
        return etree.fromstring(self.body)

    @property
    def says(self) -> str:
        """The sentence in an OpenRosaResponse, which Collect shows: unprefixed, in `text/xml`, under the version header."""
        assert (self.headers["Content-Type"] or "").startswith("text/xml"), self.body
        assert self.headers["X-OpenRosa-Version"] == "1.0"
        assert self.xml.tag == f"{RESPONSE}OpenRosaResponse"
        assert b"<message" in self.body
        found = self.xml.findtext(f"{RESPONSE}message")
        assert found
        return found


@dataclass(frozen=True)
class Door:
    """A server's socket, and the public address under which it believes to be reached."""

    port: int
    public: str
    headers: Mapping[str, str]

    def call(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        auth: tuple[str, str] | None = None,
        chunked: bool = False,
    ) -> Answered:
        """Ask for *target*: a path, or an address the server gave, with Collect's headers and Basic when *auth* is given."""
        sent = {**COLLECT, **self.headers, **(headers or {})}
        if auth is not None:
            sent["Authorization"] = basic(*auth)
        if target.startswith("http"):
            assert target.startswith(self.public + "/"), target
            target = target.removeprefix(self.public)
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, target, body, sent, encode_chunked=chunked)
            response = connection.getresponse()
            return Answered(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, target: str, **more: Any) -> Answered:
        """GET."""
        return self.call("GET", target, **more)

    def post(self, target: str, sent: Mapping[str, Any], **more: Any) -> Answered:
        """POST a body made by `builders.multipart`."""
        headers = {"Content-Type": sent["content_type"], **more.pop("headers", {})}
        return self.call("POST", target, body=sent["data"], headers=headers, **more)


def basic(user: str, password: str, encoding: str = "utf-8") -> str:
    """An `Authorization: Basic` value."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode(encoding)).decode()


def listed(answer: Answered) -> dict[str, dict[str, str]]:
    """The entries of a form list by form id; each element at most once."""
    assert answer.status == 200, answer.body
    entries: dict[str, dict[str, str]] = {}
    for xform in answer.xml:
        entry = {str(child.tag).removeprefix(LIST): child.text or "" for child in xform}
        assert len(entry) == len(xform)
        assert entry["formID"] not in entries
        entries[entry["formID"]] = entry
    return entries


def media(answer: Answered) -> dict[str, dict[str, str]]:
    """The files of a manifest by name, with the attribute `type` beside their elements."""
    assert answer.status == 200, answer.body
    files = [
        {str(child.tag).removeprefix(MANIFEST): child.text or "" for child in one} | {"type": one.get("type") or ""}
        for one in answer.xml
    ]
    return {file["filename"]: file for file in files}


def path_of(url: str) -> str:
    """The path and query of an address."""
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def challenges(answer: Answered) -> list[str]:
    """The ways to say who asks that a refusal offers."""
    return answer.headers.get_all("WWW-Authenticate") or []


def refused_for_want_of_a_name(answer: Answered) -> bool:
    """Whether a client will ask its user for a name and a password, and is sent nowhere else."""
    return answer.status == 401 and bool(challenges(answer)) and answer.headers["Location"] is None
