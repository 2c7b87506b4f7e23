"""A form designer's file as it comes in: written to disk under a limit, then compiled there, holding no unit meanwhile.

Pages and API share it. The file's kind is told from its content, so what a client calls it decides nothing.
"""

import contextlib
import shutil
import tempfile
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from cases import targets
from forms import drafting, uploading
from forms.uploading import Uploaded
from server.web.bodies import Incoming, OnDisk
from server.web.parameters import percent_decoded
from server.web.posted_files import posted_files
from server.web.surface import Ask

PREFIX = "upload-"


def sent(incoming: Incoming) -> OnDisk | None:
    """The body, which is the file; null for an empty one. Its name is the form id that the client proposes.

    Raises: BadHeader, TooLarge. Source: ODK Central, X-XlsForm-FormId-Fallback.
    """
    name = percent_decoded(incoming.headers, "X-XlsForm-FormId-Fallback")
    made = _on_disk(incoming, name)
    try:
        with made.path.open("wb") as file:
            size = sum(file.write(block) for block in incoming.blocks(incoming.settings.workbook_limit_bytes))
    except BaseException:
        made.close()
        raise
    if size:
        return made
    made.close()
    return None


def posted_form(incoming: Incoming) -> OnDisk:
    """The spreadsheet or XForm that a person chose on a page.

    Raises: as `posted`.
    """
    return posted(incoming, "form", incoming.settings.workbook_limit_bytes)


def posted(incoming: Incoming, field: str, limit_bytes: int) -> OnDisk:
    """The file that a person chose on a page, with those beside it; without a name when none was chosen.

    Raises: TooLarge, NotMultipart.
    """
    chosen = posted_files(incoming, field, limit_bytes)
    with contextlib.ExitStack() as closing:
        for each in chosen:
            closing.callback(each.content.close)
        made = _on_disk(incoming, chosen[0].name, chosen[0].csrf)
        paths = [made.path, *(made.path.with_name(f"{made.path.name}-{number}") for number in range(1, len(chosen)))]
        for path, each in zip(paths, chosen, strict=True):
            with path.open("wb") as file:
                shutil.copyfileobj(each.content, file)
    return replace(made, beside=tuple((path, each.name) for path, each in zip(paths[1:], chosen[1:], strict=True)))


def compiled(ask: Ask[Any], *, fallback_id: str | None, lenient: bool = False) -> Uploaded:
    """The file in the body, compiled and checked against what the project knows of the form.

    Raises: all that `uploading.prepare` raises.
    """
    former = partial(drafting.former, project_id=ask.path["project_id"])
    return uploading.prepare(
        ask.site.blobs,
        ask.body.path,
        targets,
        fallback_id=fallback_id,
        former=lambda xml_form_id: ask.look(partial(former, xml_form_id=xml_form_id)),
        lenient=lenient,
    )


def clear(data_dir: Path, before: datetime) -> int:
    """Remove what requests left that a crash ended before *before*; returns how many."""
    left = 0
    for folder in data_dir.glob(f"{PREFIX}*"):
        with contextlib.suppress(FileNotFoundError):
            if folder.is_dir() and folder.stat().st_mtime < before.timestamp():
                shutil.rmtree(folder, ignore_errors=True)
                left += 1
    return left


def _on_disk(incoming: Incoming, name: str, csrf: str | None = None) -> OnDisk:
    incoming.settings.data_dir.mkdir(parents=True, exist_ok=True)
    folder = tempfile.TemporaryDirectory(dir=incoming.settings.data_dir, prefix=PREFIX)
    return OnDisk(Path(folder.name) / "form", name, folder, csrf)
