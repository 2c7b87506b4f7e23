"""One request from credentials to answer: who asks, may they, read the body, do the work in a unit, answer after its commit."""

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from server.access import digests, policy
from server.access.actors import PUBLIC_LINK, Actor
from server.access.verbs import Verb
from server.web import ways
from server.web.answers import Answer
from server.web.bodies import STRANGERS_LIMIT_BYTES, STRANGERS_SHARE, Incoming, OnDisk
from server.web.parameters import action_notes
from server.web.surface import ANYONE, EVEN_NOBODY, Ask, Credentials, Route, place_of, verb_for
from storage import audit, unit_of_work
from storage.problems import AuthenticationFailed, Busy, NotAllowed, Problem
from storage.settings import Settings
from storage.unit_of_work import Unit

TRIES = 3
BROKEN = 500
Made = TypeVar("Made")
SAFE = frozenset({"GET", "HEAD"})


class BadCsrf(Problem):
    """A browser sent a form that this site did not give it."""

    code = "403.61"
    says = "This page has expired. Go back, reload it and try again."


def answer(
    route: Route, ask: Ask[Any], credentials: Credentials, incoming: Incoming, path: dict[str, Any], csrf: str | None
) -> Answer:
    """Run *route*. *ask* comes without unit, found, actor and body; they are filled in here. A body that lies on disk is
    removed at the end, whatever became of the request.

    Raises: every Problem of the house.
    """
    try:
        return _answer(route, ask, credentials, incoming, path, csrf)
    finally:
        if isinstance(ask.body, OnDisk):
            ask.body.close()


def _answer(
    route: Route, ask: Ask[Any], credentials: Credentials, incoming: Incoming, path: dict[str, Any], csrf: str | None
) -> Answer:
    if route.exports:
        if route.reads is not None:
            ask.body = _read(route, ask, replace(incoming, form_limit_bytes=STRANGERS_LIMIT_BYTES))
        return _exported(route, ask, credentials, path, csrf)
    if not route.writes:
        with unit_of_work.reading(ask.site.database) as unit:
            _admit(route, ask, unit, credentials, path, csrf)
            if route.reads is None:
                made = route.handler(ask)
        if route.reads is not None:
            ask.body = _read(route, ask, incoming)
            with unit_of_work.reading(ask.site.database) as unit:
                ask.unit = unit
                made = route.handler(ask)
        _write_notes(ask)
        return made
    turned_away = _turned_away(route, ask, credentials, path, csrf)
    if turned_away is not None:
        return _after_all(route, ask, incoming, csrf, turned_away)
    if route.reads is not None:
        limit = incoming.form_limit_bytes if ask.actor else STRANGERS_LIMIT_BYTES
        by_link = ask.actor is not None and ask.actor.kind == PUBLIC_LINK
        settings = _for_strangers(incoming.settings) if by_link else incoming.settings
        ask.body = _read(route, ask, replace(incoming, settings=settings, found=ask.found, form_limit_bytes=limit))
    _check_csrf(route, ask.actor, csrf or _posted_csrf(ask.body))
    if route.works is not None:
        ask.prepared = route.works(ask)
    try:
        if route.prepares is not None:
            with unit_of_work.reading(ask.site.database) as unit:
                ask.unit = unit
                ask.prepared = route.prepares(ask)
        return _written(ask, route.handler)
    except Problem as problem:
        return _set_aside(route, ask, problem)


def _read(route: Route, ask: Ask[Any], incoming: Incoming) -> Any:
    assert route.reads is not None
    if ask.actor is not None or not incoming.streamed:
        return route.reads(incoming)
    with ask.site.strangers.entered(max(1, incoming.settings.web_upload_threads // STRANGERS_SHARE)):
        return route.reads(incoming)


def _set_aside(route: Route, ask: Ask[Any], problem: Problem) -> Answer:
    """What leaves instead of a refusal, if anything.

    Raises: the *problem*.
    """
    if route.refused is None or problem.status >= BROKEN:
        raise problem
    instead = _written(ask, partial(route.refused, problem))
    if instead is None:
        raise problem
    return instead


def _turned_away(
    route: Route, ask: Ask[Any], credentials: Credentials, path: dict[str, Any], csrf: str | None
) -> tuple[Problem, bool] | None:
    """Why the request is not let in, and whether what it brings is kept all the same; null, when it is let in."""
    with unit_of_work.reading(ask.site.database) as unit:
        ask.unit = unit
        try:
            _admit(route, ask, unit, credentials, path, csrf)
        except Problem as problem:
            keeps = problem.status < BROKEN and route.remembers is not None and route.remembers(ask, credentials)
            return problem, keeps
    return None


def _after_all(route: Route, ask: Ask[Any], incoming: Incoming, csrf: str | None, turned_away: tuple[Problem, bool]) -> Answer:
    """Keep what a request brings that was not let in, if that is to be.

    Raises: why it was not let in; whatever else goes wrong is of no interest to who is out.
    """
    problem, keeps = turned_away
    if not keeps or route.reads is None:
        raise problem
    try:
        ask.body = route.reads(replace(incoming, settings=_for_strangers(incoming.settings)))
        _check_csrf(route, ask.actor, csrf or _posted_csrf(ask.body))
    except Problem as other:
        raise (other if other.status >= BROKEN else problem) from None
    return _set_aside(route, ask, problem)


def _for_strangers(settings: Settings) -> Settings:
    """The same for those who may not send more at once than a tablet is told to."""
    return replace(settings, upload_limit_bytes=min(settings.accept_content_length_bytes, settings.upload_limit_bytes))


def _written(ask: Ask[Any], work: Callable[[Ask[Any]], Made]) -> Made:
    for turn in range(TRIES):
        try:
            ask.notes.clear()
            with _by(ask) as unit:
                ask.unit = unit
                made = work(ask)
                for note in ask.notes:
                    audit.record(unit, **note)
            return made
        except Busy:
            if turn == TRIES - 1:
                raise
    raise AssertionError


def _by(ask: Ask[Any]) -> AbstractContextManager[Unit]:
    """A unit in which whoever asks writes; what strangers say about what they do is not kept."""
    if ask.actor is None:
        return unit_of_work.writing(ask.site.database)
    return unit_of_work.writing(ask.site.database, actor_id=ask.actor.id, notes=action_notes(ask.headers))


def _admit(route: Route, ask: Ask[Any], unit: Unit, credentials: Credentials, path: dict[str, Any], csrf: str | None) -> None:
    ask.actor = _who(route, unit, credentials)
    if ask.actor is not None and ask.actor.digest_sha256 is not None:
        with unit_of_work.writing(ask.site.database) as spending:
            digests.spend(spending, ask.actor.digest_sha256)
    ask.unit = replace(unit, actor_id=ask.actor.id if ask.actor else None)
    if ask.actor is None and route.needs not in (ANYONE, EVEN_NOBODY):
        raise route.surface.nobody
    ask.found = route.finds(ask.unit, **path) if route.finds is not None else None
    if isinstance(route.needs, Verb):
        policy.require(ask.unit, ask.actor, verb_for(route.needs, ask.found), place_of(ask.found))
    if route.links is not None and ask.actor is not None and ask.actor.kind == PUBLIC_LINK:
        route.links(ask)


def _who(route: Route, unit: Unit, credentials: Credentials) -> Actor | None:
    for way in route.surface.ways if route.links is None else (*route.surface.ways, ways.public_link):
        found = way(unit, credentials)
        if found is not None:
            return found
    if credentials.key is not None:
        raise NotAllowed  # a 401 would open a password dialog that cannot help (openrosa.md AU-11)
    if credentials.authorization is not None and route.needs is not ANYONE:
        raise AuthenticationFailed
    return None


def _check_csrf(route: Route, actor: Actor | None, given: str | None) -> None:
    if route.method in SAFE or actor is None or actor.csrf is None or not route.surface.cookies:
        return
    if given != actor.csrf:
        raise route.surface.forged or BadCsrf


def _posted_csrf(body: Any) -> str | None:
    # Central's clients send it beside what they mean, where it must not be taken for a part of that.
    return body.pop("__csrf", None) or body.get("csrf") if isinstance(body, dict) else getattr(body, "csrf", None)


def _write_notes(ask: Ask[Any]) -> None:
    actor_id = ask.actor.id if ask.actor else None
    for work in ask.afterwards:
        with suppress(Problem), _by(ask) as unit:
            work(unit)
    looks = [look for look in ask.looks if ask.site.looks.is_new(actor_id, look)]
    if not (ask.notes or looks):
        return
    with _by(ask) as unit:
        for note in (*ask.notes, *looks):
            audit.record(unit, **note)
    for look in looks:
        ask.site.looks.remember(actor_id, look)


def _exported(route: Route, ask: Ask[Any], credentials: Credentials, path: dict[str, Any], csrf: str | None) -> Answer:
    """A stream whose unit stays open until its last block; the first block is made before the status line leaves."""
    with ExitStack() as opened:
        unit = opened.enter_context(unit_of_work.exporting(ask.site.database))
        _admit(route, ask, unit, credentials, path, None)
        _check_csrf(route, ask.actor, csrf or _posted_csrf(ask.body))
        made = route.handler(ask)
        _write_notes(ask)
        if isinstance(made.body, bytes):
            return made
        blocks = iter(made.body)
        first = next(blocks, b"")
        kept = opened.pop_all()
        return replace(made, body=_Kept(first, blocks, kept))


class _Kept(Iterator[bytes]):
    """A stream that closes its unit at its end, or when the client goes away."""

    def __init__(self, first: bytes, rest: Iterator[bytes], opened: ExitStack) -> None:
        self._first: bytes | None = first
        self._rest = rest
        self._opened = opened

    def __next__(self) -> bytes:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return next(self._rest)

    def close(self) -> None:
        """Called by the server in every case; a stream that was left halfway ends before the unit it reads from."""
        if isinstance(self._rest, Generator):
            self._rest.close()
        self._opened.close()
