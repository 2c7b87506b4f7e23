"""The style sheet, the icon and the one script, by names that hold their hash: browsers keep them for good, and get new ones."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file that is the same for everybody."""

    content: bytes
    content_type: str
    etag: str


def _read(name: str, content_type: str) -> tuple[str, StaticFile]:
    content = (STATIC / name).read_bytes()
    mark = hashlib.sha256(content).hexdigest()[:16]
    stem, _, ending = name.rpartition(".")
    return f"{stem}.{mark}.{ending}", StaticFile(content, content_type, f'"{mark}"')


_style, _icon = _read("siraba.css", "text/css; charset=utf-8"), _read("icon.svg", "image/svg+xml")
_filling = _read("filling.js", "text/javascript; charset=utf-8")
FILES: Mapping[str, StaticFile] = MappingProxyType(dict([_style, _icon, _filling]))
STYLE_HREF = f"/static/{_style[0]}"
ICON_HREF = f"/static/{_icon[0]}"
FILLING_HREF = f"/static/{_filling[0]}"
