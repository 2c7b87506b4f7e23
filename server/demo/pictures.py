"""Small real pictures: a signature as PNG, a photograph as JPEG. No face, no document: blots that open in any viewer."""

import random
import struct
import zlib
from collections.abc import Sequence
from typing import Final

BLOCK: Final = 8
# Baseline JPEG's usual tables for how many bits a block's mean brightness takes: lengths, then symbols.
_DC_LENGTHS: Final = bytes([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
_DC_CODES: Final = ("00", "010", "011", "100", "101", "110", "1110", "11110", "111110", "1111110", "11111110", "111111110")
# One symbol alone: no detail inside a block.
_AC_LENGTHS: Final = bytes([1] + [0] * 15)
_END_OF_BLOCK: Final = "0"


def signature(draw: random.Random, width: int = 240, height: int = 80) -> bytes:
    """A PNG of a wavering black line on white."""
    rows = [bytearray([255]) * (width // 8) for _ in range(height)]
    level, slope = height / 2, 0.0
    for x in range(width // 12, width - width // 12):
        slope = max(-4.0, min(4.0, slope + draw.uniform(-1.6, 1.6) - (level - height / 2) * 0.05))
        before, level = level, max(2.0, min(height - 3.0, level + slope))
        low, high = sorted((int(before), int(level)))
        for y in range(low, high + 2):
            rows[y][x // 8] &= ~(128 >> x % 8)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    # Uncompressed: compressors differ, and the same seed has to give the same bytes everywhere.
    pixels = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows), 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def photograph(draw: random.Random, columns: int = 12, rows: int = 16, *, size_bytes: int = 0) -> bytes:
    """A grey JPEG mosaic of *columns* × *rows* squares; *size_bytes*: padded with comments to about that size, if larger."""
    shades = [draw.randrange(-96, 96) for _ in range(columns * rows)]
    scan = _scan(shades)
    frame = struct.pack(">BHHBBBB", 8, rows * BLOCK, columns * BLOCK, 1, 1, 0x11, 0)
    parts = [
        b"\xff\xd8",
        _segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
        _segment(0xDB, b"\0" + bytes([8] * 64)),
        _segment(0xC0, frame),
        _segment(0xC4, b"\x00" + _DC_LENGTHS + bytes(range(12))),
        _segment(0xC4, b"\x10" + _AC_LENGTHS + b"\0"),
        _segment(0xDA, b"\x01\x01\x00\x00\x3f\x00"),
        scan,
        b"\xff\xd9",
    ]
    padding = size_bytes - sum(map(len, parts))
    while padding > 4:
        length = min(padding - 4, 65_533)
        parts.insert(2, _segment(0xFE, draw.randbytes(length)))
        padding -= length + 4
    return b"".join(parts)


def _segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def _scan(shades: Sequence[int]) -> bytes:
    bits, before = [], 0
    for shade in shades:
        change, before = shade - before, shade
        length = abs(change).bit_length()
        bits.append(_DC_CODES[length])
        if length:
            bits.append(format(change if change > 0 else change + (1 << length) - 1, f"0{length}b"))
        bits.append(_END_OF_BLOCK)
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\0")
