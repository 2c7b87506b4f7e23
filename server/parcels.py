"""What a request brought: a submission, or something that cannot be taken and is to be kept all the same."""

from dataclasses import dataclass

from forms.problems import MissingField
from forms.quarantining import Refused
from forms.receiving import Sent, SentFile
from forms.submission import envelope
from forms.submission.envelope import Envelope
from server.web.bodies import Incoming
from server.web.multipart import ReceivedFile, submission_parts
from storage.problems import Problem


@dataclass(frozen=True, slots=True)
class Parcel:
    """A request's parts with their envelope, as far as it can be read, and why they are no submission, if they are none.

    Null *xml*: none came, or it came as *large_xml*.
    """

    envelope: Envelope | None
    problem: Problem | None
    xml: bytes | None
    files: list[SentFile]
    large_xml: SentFile | None = None
    csrf: str | None = None

    def sent(self, device_id: str | None, user_agent: str | None) -> Sent:
        """The submission.

        Raises: why it is none.
        """
        if self.problem is not None:
            raise self.problem
        assert self.envelope is not None
        assert self.xml is not None
        return Sent(self.envelope, self.xml, self.files, device_id, user_agent)

    def refused(self, device_id: str | None, user_agent: str | None, problem: Problem, *, draft: bool = False) -> Refused:
        """The same for quarantine."""
        return Refused(self.envelope, self.xml, self.files, device_id, user_agent, problem, self.large_xml, draft)


def parcel(incoming: Incoming) -> Parcel:
    """Files into blob storage and the envelope read, before any transaction begins."""
    parts = submission_parts(incoming)
    files = [_sent(file) for file in parts.files]
    large_xml = _sent(parts.large_xml) if parts.large_xml else None
    said, problem = _read(parts.xml) if parts.xml is not None else (None, None)
    return Parcel(said, parts.problem or problem, parts.xml, files, large_xml, parts.csrf)


def _read(xml: bytes) -> tuple[Envelope | None, Problem | None]:
    try:
        return envelope.read(xml), None
    except MissingField as problem:
        return _without_form(xml), problem
    except Problem as problem:
        return None, problem


def _without_form(xml: bytes) -> Envelope | None:
    """What XML says that names no form: a person may yet say which it is."""
    try:
        return envelope.read(xml, unnamed="")
    except MissingField:
        return None


def _sent(file: ReceivedFile) -> SentFile:
    return SentFile(file.name, file.content_type, file.stored)
