"""An archive written without seeking is one that everybody can open."""

import io
import zipfile
from datetime import UTC, datetime

import pytest

from forms.export.zipping import Archive, member_name

NOW = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)


def test_members_come_out_as_they_went_in() -> None:
    photo = bytes(range(256)) * 1000
    archive = Archive(NOW)
    made = b"".join(
        [
            *archive.member("form.csv", [b"a,b\r\n", b"", b"1,2\r\n"]),
            *archive.member("media/é.jpg", [photo[:1000], photo[1000:]], compressed=False),
            *archive.member("empty.csv", []),
            *archive.end(),
        ]
    )

    with zipfile.ZipFile(io.BytesIO(made)) as opened:
        assert opened.testzip() is None
        assert opened.namelist() == ["form.csv", "media/é.jpg", "empty.csv"]
        assert opened.read("form.csv") == b"a,b\r\n1,2\r\n"
        assert opened.read("media/é.jpg") == photo
        assert opened.getinfo("form.csv").date_time == (2026, 11, 23, 10, 30, 0)


def test_bytes_leave_while_a_member_is_written() -> None:
    archive = Archive(NOW)
    taken = []

    def blocks() -> object:
        for _ in range(3):
            yield b"x" * 100_000
            taken.append("asked")

    parts = archive.member("a", blocks(), compressed=False)  # type: ignore[arg-type]
    first = next(parts)

    assert len(first) >= 100_000
    assert taken == []


def test_more_members_than_a_plain_zip_can_count() -> None:
    archive = Archive(NOW)
    made = bytearray()
    for number in range(65_600):
        for block in archive.member(str(number), [], compressed=False):
            made += block
    for block in archive.end():
        made += block

    with zipfile.ZipFile(io.BytesIO(bytes(made))) as opened:
        assert len(opened.namelist()) == 65_600


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("photo 1.jpg", "photo 1.jpg"),
        ("uuid:1", "uuid_1"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a\\b\nc", "a_b_c"),
        ("..", "_"),
        ("é" * 200, "é" * 100),
    ],
)
def test_names_cannot_point_outside_the_folder(name: str, made: str) -> None:
    assert member_name(name) == made
