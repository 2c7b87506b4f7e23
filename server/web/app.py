"""The WSGI application: routes of every surface on one Flask app, and the one place where failures become answers."""

import logging
import re
import secrets
import time
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote, unquote_to_bytes, urlencode, urlsplit

from flask import Flask, Request, Response, current_app, request
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter, IntegerConverter, Map, Rule, ValidationError

from server.access.digests import StaleNonce
from server.web import lifecycle, ways
from server.web.answers import Answer, Cookie, redirect
from server.web.bodies import STREAMED, Incoming
from server.web.compressing import compressed
from server.web.parameters import LARGEST
from server.web.surface import Ask, Credentials, Route, Site, Surface
from storage.problems import AuthenticationFailed, NotFound, Problem

log = logging.getLogger("siraba.web")

Application = Flask
API = "/v1/"  # where addresses are Central's, and are read as Central reads them
NO_NUL = "\N{REPLACEMENT CHARACTER}"  # PostgreSQL keeps every character but this one, and no name holds it

HARDENING = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Vary": "Authorization, Cookie, Accept-Encoding",
}


class WrongMethod(Problem):
    """The path exists, the method on it does not."""

    code = "405.61"
    says = "This address does not take {method} requests."


class NotANumber(Problem):
    """What stands in an address where a number belongs is none."""

    code = "400.11"
    says = 'Invalid input data type: expected "{value}" to be ({expected})'


class Broken(Problem):
    """A mistake of ours; the log has the place under the id."""

    code = "500.1"
    says = "The server made a mistake. It is noted under {id}."


class CutShort(Problem):
    """The client went away, or announced more than it sent."""

    code = "400.63"
    says = "The request ended before its announced length."


class TooSlow(Problem):
    """The client sent more slowly than it may (`SIRABA_LEAST_BYTES_PER_SECOND`)."""

    code = "408.61"
    says = "The request came too slowly and was ended. Nothing was kept; please try again on a better connection."


class Body:
    """A request's body as it comes: whatever goes wrong while reading it is the client's doing, or its network's.

    The server's own stream ends in silence when the client goes away early: what was *announced* must have come.
    """

    def __init__(self, stream: Any, announced: int | None) -> None:
        self._stream = stream
        self._missing = announced or 0
        self._failed = False

    def read(self, size: int = -1, /) -> bytes:
        """The next *size* bytes or fewer; empty at the end, and after a failure.

        Raises: TooSlow, CutShort.
        """
        if self._failed:
            return b""
        try:
            block: bytes = self._stream.read(size)
        except Exception as error:
            self._failed = True
            raise (TooSlow if isinstance(error.__context__ or error, TimeoutError) else CutShort) from None
        self._missing -= len(block)
        if not block and size and self._missing > 0:
            self._failed = True
            raise CutShort
        return block


class RawPath:
    """Routes on the path as it was sent: WSGI decodes `%2F` before routing, and form ids may hold slashes.

    `%2F` and `%25` stay as they are until a route was found; `_decoded` turns them back in its arguments. A slash at the end
    of an address of the API says nothing, as with Central.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve with a PATH_INFO in which an escaped slash is no separator."""
        raw = environ.get("RAW_URI") or environ.get("REQUEST_URI")
        if raw and raw.startswith("/"):
            path = raw.partition("?")[0]
            if path.startswith(API):
                path = path.rstrip("/")
            path = path.replace("%25", "%2525").replace("%2f", "%252F").replace("%2F", "%252F")
            environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1")
        result: Iterable[bytes] = self._app(environ, start_response)
        return result


def make_app(site: Site, surfaces: Iterable[Surface]) -> Application:
    """The application that serves *surfaces*; the last one whose prefix fits a path refuses what no route takes."""
    app = Flask("siraba", static_folder=None)
    kept = list(surfaces)
    routes = tuple(route for surface in kept for route in surface.routes)
    app.url_map = _rules(routes)
    app.view_functions = {_endpoint(route): _view(site, route) for route in routes}

    def lost(error: HTTPException) -> Response:
        surface = _speaking(kept, request.path)
        told = error.code == 405 and not request.path.startswith(API)  # where Central knows no such address
        problem: Problem = WrongMethod(method=request.method) if told else NotFound()
        if error.code is not None and error.code < 400:
            return error.get_response(request.environ)  # type: ignore[return-value]
        return _respond(site, _said(surface, problem, site, _language(request, site, surface)), surface)

    app.register_error_handler(HTTPException, lost)
    inner = ProxyFix(app.wsgi_app) if site.settings.behind_proxy else app.wsgi_app
    app.wsgi_app = RawPath(inner)  # type: ignore[method-assign]
    return app


class Number(IntegerConverter):
    """A number as the databases count rows; there is nothing under any other."""

    def to_python(self, value: str) -> int:
        """Raises: ValidationError, so that no route is found."""
        if len(value) > len(str(LARGEST)) or int(value) > LARGEST:
            raise ValidationError
        return int(value)


class ApisNumber(BaseConverter):
    """The same in the API, whose clients are told that something else is no number: as text it goes on to `_require_numbers`."""

    weight = Number.weight

    def to_python(self, value: str) -> int | str:
        """Raises: ValidationError, so that no route is found."""
        return Number(self.map).to_python(value) if value.isascii() and value.isdigit() else value


@lru_cache(maxsize=4)
def _rules(routes: tuple[Route, ...]) -> Map:
    """Where each path leads, for all applications of a process: werkzeug takes longer to compile so many rules than to serve."""
    return Map(
        [Rule(_converted(route.rule), methods=[route.method], endpoint=_endpoint(route)) for route in routes],
        converters={"int": Number, "api_int": ApisNumber},
    )


def _converted(rule: str) -> str:
    return rule.replace("<int:", "<api_int:") if rule.startswith(API) else rule


def _require_numbers(route: Route, path: Mapping[str, Any]) -> None:
    """Go on only if numbers stand where they belong.

    Raises: NotANumber. Source: ODK Central, whose database says so, before it is known who asks.
    """
    for name, value in path.items():
        if isinstance(value, str) and f"<int:{name}>" in route.rule:
            raise NotANumber(value=value, expected="integer")


def _endpoint(route: Route) -> str:
    return f"{route.name} {id(route)}"


def _view(site: Site, route: Route) -> Any:
    def view(**arguments: Any) -> Response:
        began = time.perf_counter()
        made = _answered(site, route, arguments)
        took = (time.perf_counter() - began) * 1000
        log.info("%s %d %.1f ms", route.name, made.status, took)
        return _respond(site, made, route.surface)

    return view


def _answered(site: Site, route: Route, arguments: dict[str, Any]) -> Answer:
    path = {name: _decoded(value) for name, value in arguments.items()}
    key = path.pop("key", None)
    if key is None and ways.key in route.surface.ways:
        key = _cleaned(request.args).get("st")  # as good as the key in the path (openrosa.md AU-13)
    language = _language(request, site, route.surface)
    try:
        _require_numbers(route, path)
        return lifecycle.answer(
            route,
            _ask(site, route, path, key, language),
            _credentials(site, key),
            _incoming(site, path),
            path,
            request.headers.get("X-CSRF-Token"),
        )
    except Problem as problem:
        if route.surface.sign_in and isinstance(problem, AuthenticationFailed):
            return redirect(f"{route.surface.sign_in}?{urlencode({'next': _target(route)})}")
        return _refused(site, route, problem, language)
    except Exception as error:
        return _said(route.surface, Broken(id=_noted(route, error)), site, language)


def _refused(site: Site, route: Route, problem: Problem, language: str) -> Answer:
    made = _said(route.surface, problem, site, language)
    if made.status != 401:
        return made
    return replace(made, challenges=ways.challenges(site, route.surface, stale=isinstance(problem, StaleNonce)))


def _said(surface: Surface, problem: Problem, site: Site, language: str) -> Answer:
    in_json = surface.refuses_json is not None and request.mimetype == "application/json"
    return (surface.refuses_json if in_json and surface.refuses_json else surface.refuses)(problem, site, language)


def _credentials(site: Site, key: str | None) -> Credentials:
    raw = _raw_target()
    return Credentials(
        key,
        request.headers.get("Authorization"),
        request.cookies.get(ways.SESSION_COOKIE),
        request.method,
        (raw, urlsplit(site.settings.site_url).path + raw),
        request.remote_addr or "",
        site.settings.digest_key,
        request.headers.get("X-Requested-With", "").lower() == "xmlhttprequest",
    )


def _ask(site: Site, route: Route, path: dict[str, Any], key: str | None, language: str) -> Ask[Any]:
    prefix = max((prefix for prefix in route.surface.prefixes if route.rule.startswith(prefix)), key=len, default="")
    if key is not None:
        prefix = next((each for each in route.surface.prefixes if "<key>" in each), prefix).replace("<key>", key)
    prefix = re.sub(r"<(\w+)>", lambda found: quote(str(path[found[1]]), safe=""), prefix)
    return Ask(
        site=site,
        unit=None,  # type: ignore[arg-type]  # filled in by the lifecycle before any handler sees it
        found=None,
        actor=None,
        path=path,
        query=_cleaned(request.args),
        headers=request.headers,  # type: ignore[arg-type]
        body=None,
        prepared=None,
        base_url=site.settings.site_url + prefix,
        language=language,
        target=_target(route),
        method=request.method,
    )


def _target(route: Route) -> str:
    """The path and query as they came; of what cannot be asked again, the nearest page above it."""
    if route.method == "GET" or route.surface.sign_in is None:
        return _raw_target().removesuffix("?")
    pages, path = current_app.create_url_adapter(request), _raw_target().partition("?")[0]
    while path and pages is not None and not pages.test(unquote(path), "GET"):
        path = path.rpartition("/")[0]
    return path or "/"


def _raw_target() -> str:
    return str(request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or request.full_path.removesuffix("?"))


def _incoming(site: Site, path: Mapping[str, Any]) -> Incoming:
    return Incoming(
        Body(request.stream, request.content_length),
        request.headers.get("Content-Type", ""),
        request.headers,  # type: ignore[arg-type]
        site.settings,
        site.blobs,
        path,
        streamed=STREAMED in request.environ,
    )


def _cleaned(arguments: Mapping[str, str]) -> dict[str, str]:
    # KoBoCollect appends `?deviceID=` to a server address that has a query already (openrosa.md SB-13).
    cut = {name: value.partition("?deviceID=")[0] if name == "st" else value for name, value in arguments.items()}
    return {name: value.replace("\0", NO_NUL) for name, value in cut.items()}


def _decoded(value: Any) -> Any:
    return value.replace("%2F", "/").replace("%25", "%").replace("\0", NO_NUL) if isinstance(value, str) else value


def _language(asked: Request, site: Site, surface: Surface) -> str:
    if surface.language:  # which stands first, since programs send `Accept-Language: *`
        known = sorted(("fr", "en"), key=lambda each: each != surface.language)
        return asked.accept_languages.best_match(known, surface.language) or surface.language
    chosen = asked.cookies.get("siraba-language")
    if chosen in ("fr", "en"):
        return chosen
    return asked.accept_languages.best_match(["fr", "en"], site.settings.default_language) or site.settings.default_language


def _speaking(surfaces: list[Surface], path: str) -> Surface:
    fitting = [
        (len(prefix), number)
        for number, surface in enumerate(surfaces)
        for prefix in (prefix.partition("<")[0] for prefix in surface.prefixes)
        if path.startswith(prefix) and prefix != "/"  # which begins every path, and so says nothing
    ]
    return surfaces[max(fitting)[1]] if fitting else surfaces[-1]


def _respond(site: Site, made: Answer, surface: Surface) -> Response:
    body = made.body
    if request.method == "HEAD" and not isinstance(body, bytes):
        # Nobody will read the stream, so nobody else would close it and what it holds open.
        if hasattr(body, "close"):
            body.close()
        body = b""
    elif request.method == "GET":
        made = compressed(made, request.headers.get("Accept-Encoding"))
        body = made.body
    response = Response(body, made.status, content_type=made.content_type)
    if made.content_type is None:
        response.headers.pop("Content-Type", None)
    for name, value in {**HARDENING, "Cache-Control": "private, no-cache", **made.headers}.items():
        response.headers[name] = value
    for challenge in made.challenges:
        response.headers.add("WWW-Authenticate", challenge)
    if made.status == 304:
        response.headers.pop("Content-Length", None)
    for cookie in made.cookies:
        _set(response, cookie, secure=site.settings.site_url.startswith("https://"))
    return response


def _set(response: Response, cookie: Cookie, *, secure: bool) -> None:
    if cookie.value is None:
        response.delete_cookie(cookie.name, path="/", secure=secure, httponly=not cookie.for_scripts, samesite="Strict")
        return
    response.set_cookie(
        cookie.name,
        cookie.value,
        max_age=cookie.seconds,
        path="/",
        secure=secure,
        httponly=not cookie.for_scripts,
        samesite="Strict",
    )


def _noted(route: Route, error: Exception) -> str:
    """Log where it happened, and never what was said: messages of exceptions may quote answers."""
    mark = secrets.token_hex(6)
    frames = traceback.extract_tb(error.__traceback__)
    where = " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    log.error("%s failed, %s: %s at %s", route.name, mark, type(error).__name__, where)
    return mark
