"""Any number of different registrations as requests, made quickly out of one that the demo filled in."""

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import count

from bench.ground import Ground
from bench.load import Request
from server.application import application
from server.demo import pictures
from server.demo.chronicle import Posting
from server.demo.collecting import Tablets
from server.demo.doors import Inside
from server.demo.stories import stories

BOUNDARY = "xX-bench-Xx"
PHOTO_BYTES = 200_000
STAMP_BYTES = 16


@dataclass(frozen=True, slots=True)
class Registration:
    """A registration to be copied: its XML in pieces between what differs."""

    xml: bytes
    instance_id: str
    case_id: str
    case_no: str

    def copy(self, number: int) -> tuple[str, bytes]:
        """Instance id and XML of the copy with this number: another person's, with an id and a case number of its own."""
        instance_id, case_id = f"uuid:{uuid.uuid4()}", str(uuid.uuid4())
        xml = self.xml.replace(self.instance_id.encode(), instance_id.encode())
        xml = xml.replace(self.case_id.encode(), case_id.encode()).replace(self.case_no.encode(), _numbered(number).encode())
        return instance_id, xml


def _numbered(number: int) -> str:
    """A right case number: staff and minutes, then the check digits of ISO 7064 MOD 97-10."""
    digits = 42 * 10**7 + 500_000 + number
    check = 98 - digits * 100 % 97
    return f"{digits // 10**7:03d}-{digits % 10**7:07d}-{check:02d}"


def demo_of(ground: Ground, cases: int, seed: str = "bench") -> list[Posting]:
    """What comes of the stories of *cases* people."""
    tablets = Tablets(Inside(application(ground.site)), ground.tablet.token, ground.tablet.project_id)
    told = stories(tablets.forms(), tablets.staff(), seed=seed, cases=cases, ends=date(2026, 10, 31))
    return list(told)


def registration_of(ground: Ground) -> Registration:
    """The largest registration among some: nearly everything is asked in it."""
    sent = [one for one in demo_of(ground, 40) if one.about == "adult"]
    largest = max(sent, key=lambda one: len(one.xml))
    text = largest.xml.decode()
    case_no = text.partition("<case_no>")[2].partition("<")[0]
    case_id = text.partition("<entity_uuid>")[2].partition("<")[0]
    return Registration(largest.xml, largest.instance_id, case_id, case_no)


# Shared by all, so that no two registrations of one process have the same case number.
_NUMBERS = count()


class Requests:
    """Requests without end, each with a registration of its own; what was made is kept to be compared with later."""

    def __init__(self, ground: Ground, registration: Registration, *, photos: int) -> None:
        self._registration, self._photos = registration, photos
        self._path = f"/v1/key/{ground.tablet.token}/projects/{ground.tablet.project_id}/submission?deviceID=bench"
        # A comment near the beginning is stamped, so that no two photos are the same.
        drawn = random.Random(1)
        self._picture = pictures.photograph(drawn, 80, 100, size_bytes=PHOTO_BYTES)
        self.made: dict[str, bytes] = {}
        self._numbers = _NUMBERS

    def __iter__(self) -> Iterator[Request]:
        return self

    def __next__(self) -> Request:
        instance_id, xml = self._registration.copy(next(self._numbers))
        self.made[instance_id] = xml
        parts = [part("xml_submission_file", "text/xml", "submission.xml"), xml, b"\r\n"]
        for number in range(1, self._photos + 1):
            name = f"{number}.jpg"
            parts += [part(name, "image/jpeg", name), *self._stamped(), b"\r\n"]
        parts.append(f"--{BOUNDARY}--\r\n".encode())
        head = (
            f"POST {self._path} HTTP/1.1\r\nHost: localhost\r\nX-OpenRosa-Version: 1.0\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {sum(map(len, parts))}\r\n\r\n"
        )
        return instance_id, [b"".join([head.encode(), *parts])]

    def _stamped(self) -> list[bytes]:
        # SOI, then a comment with the stamp, then the rest of the picture.
        stamp = uuid.uuid4().bytes
        return [self._picture[:2], b"\xff\xfe\x00\x12", stamp, self._picture[2:]]


def part(name: str, content_type: str, file_name: str) -> bytes:
    """The head of one part of a body."""
    return (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n'
        f"Content-Type: {content_type}\r\n\r\n"
    ).encode()
