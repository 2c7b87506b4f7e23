"""What a tablet does with a server: take the forms and their lists, and send what was filled in, as Collect words it."""

import csv
import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from forms import xml
from server.demo import questionnaire
from server.demo.chronicle import Posting
from server.demo.doors import Door
from server.demo.expressions import Row
from server.demo.questionnaire import Questionnaire
from storage.problems import Problem

LISTED: Final = "{http://openrosa.org/xforms/xformsList}"
NEEDED: Final = ("intake", "health_assessment", "reintegration_followup")
BOUNDARY: Final = "----siraba-demo-9f2c7be1"
ACCEPTED: Final = 201


class NotServed(Problem):
    """The server does not give the demo what it needs."""

    code = "404.63"
    says = "The server answered {status} for {what}. Is this the right address, key and project?"


class FormsAreMissing(Problem):
    """The project is not the programme's."""

    code = "404.64"
    says = "The project does not have the forms {missing}. The demo knows only the programme's own three forms."


class NotTaken(Problem):
    """The server would not keep a submission."""

    code = "400.67"
    says = "The server answered {status} to a submission of {xml_form_id} ({about}). {sent} were sent before it."


@dataclass(frozen=True, slots=True)
class Tablets:
    """All demo tablets of a project; they share one app user's key."""

    door: Door
    token: str
    project_id: int

    @property
    def _base(self) -> str:
        return f"/v1/key/{self.token}/projects/{self.project_id}"

    def forms(self) -> dict[str, Questionnaire]:
        """The programme's forms as they are published.

        Raises: NotServed, FormsAreMissing.
        """
        listed = xml.parse(self._fetched(f"{self._base}/formList", "the form list"))
        addresses = {
            one.findtext(f"{LISTED}formID", ""): urlsplit(one.findtext(f"{LISTED}downloadUrl", "")).path
            for one in listed.iter(f"{LISTED}xform")
        }
        missing = [name for name in NEEDED if name not in addresses]
        if missing:
            raise FormsAreMissing(missing=", ".join(missing))
        return {name: questionnaire.read(self._fetched(self._local(addresses[name]), name)) for name in NEEDED}

    def staff(self) -> Sequence[Row]:
        """The rows of `staff.csv`.

        Raises: NotServed.
        """
        return self._listed("staff.csv")

    def cases(self) -> Sequence[Row]:
        """The rows of the entity list `cases`.

        Raises: NotServed.
        """
        return self._listed("cases.csv")

    def send(self, posting: Posting) -> int:
        """Send a submission as often as it says; returns how many requests that took.

        Raises: NotTaken, with `sent` still to be counted by the caller.
        """
        path = f"{self._base}/submission?deviceID={quote(posting.device_id, safe='')}"
        body = multipart(posting)
        content_type = f"multipart/form-data; boundary={BOUNDARY}"

        def once(_turn: int) -> int:
            return self.door.ask("POST", path, content_type, body)[0]

        turns = range(posting.copies)
        if posting.at_once:
            with ThreadPoolExecutor(posting.copies) as pool:
                statuses = list(pool.map(once, turns))
        else:
            statuses = [once(turn) for turn in turns]
        refused = [status for status in statuses if status != ACCEPTED]
        if refused:
            raise NotTaken(status=refused[0], xml_form_id=posting.form_id, about=posting.about, sent=0)
        return len(statuses)

    def _listed(self, name: str) -> Sequence[Row]:
        text = self._fetched(f"{self._base}/forms/{NEEDED[0]}/attachments/{name}", name).decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text)))

    def _local(self, path: str) -> str:
        """The path below this key: the server may know itself by another address, even by another prefix."""
        return self._base + path.partition(f"/projects/{self.project_id}")[2]

    def _fetched(self, path: str, what: str) -> bytes:
        status, body = self.door.ask("GET", path)
        if status != 200:
            raise NotServed(status=status, what=what)
        return body


def multipart(posting: Posting) -> bytes:
    """The body of the one request in which Collect sends a small submission."""
    parts = [_part("xml_submission_file", f"{posting.instance_id.removeprefix('uuid:')}.xml", "text/xml", posting.xml)]
    parts += [_part(file.name, file.name, file.content_type, file.content) for file in posting.files]
    return b"".join([*parts, f"--{BOUNDARY}--\r\n".encode()])


def _part(name: str, file_name: str, content_type: str, content: bytes) -> bytes:
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n'
        f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    )
    return head.encode() + content + b"\r\n"
