"""Serving the style sheet, the icon, and the scripts that fill forms in the browser."""

from server.admin import web_forms
from server.admin.style import FILES
from server.admin.surface import admin
from server.admin.web_forms import NotInstalled
from server.web.answers import Answer
from server.web.compressing import accepts_gzip
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


@admin.get(f"{web_forms.PREFIX}/<mark>/<script>", needs=ANYONE)
def web_forms_script(ask: Ask[None]) -> Answer:
    """A script of ODK Web Forms, under an address that holds its version."""
    try:
        installed = web_forms.installed()
    except NotInstalled:
        raise NotFound from None
    script = installed.scripts.get(ask.path["script"])
    if script is None or ask.path["mark"] != installed.mark:
        raise NotFound
    headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
    if accepts_gzip(ask.headers.get("Accept-Encoding")):
        return Answer(script.gzipped, 200, "text/javascript; charset=utf-8", {**headers, "Content-Encoding": "gzip"})
    return Answer(script.content, 200, "text/javascript; charset=utf-8", headers)
