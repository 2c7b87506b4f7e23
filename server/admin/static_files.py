"""Serving the style sheet and the icon."""

from server.admin.style import FILES
from server.admin.surface import admin
from server.web.answers import Answer
from server.web.surface import ANYONE, Ask
from storage.problems import NotFound

FOREVER = "public, max-age=31536000, immutable"


@admin.get("/static/<name>", needs=ANYONE)
def static_file(ask: Ask[None]) -> Answer:
    """A static file by the name that holds its hash."""
    file = FILES.get(ask.path["name"])
    if file is None:
        raise NotFound
    headers = {"ETag": file.etag, "Cache-Control": FOREVER}
    if ask.headers.get("If-None-Match") == file.etag:
        return Answer(status=304, headers=headers)
    return Answer(file.content, 200, file.content_type, headers)
