"""Surfaces and their routes: a surface speaks one dialect to one kind of client; a route cannot exist without its permission.

A handler is a function from an `Ask` to an `Answer`. What it needs (`needs`), what the path names (`finds`), and how its
body is read (`reads`) stand on the route, so that the surface can check and read before any transaction is held.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from server.access import policy
from server.access.actors import Actor
from server.access.policy import SITE, Place
from server.access.verbs import Verb
from server.web.answers import Answer
from server.web.bodies import Reader, Strangers
from server.web.contacts import Lately
from server.web.looks import Looks
from server.web.shelf import Shelf
from storage import unit_of_work
from storage.blobs import Blobs
from storage.engine import Database
from storage.problems import AuthenticationFailed, Problem
from storage.settings import Settings
from storage.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class Site:
    """What every request shares."""

    settings: Settings
    database: Database
    blobs: Blobs
    lately: Lately = field(default_factory=Lately)
    shelf: Shelf = field(default_factory=Shelf)
    strangers: Strangers = field(default_factory=Strangers)
    looks: Looks = field(default_factory=Looks)


@dataclass(frozen=True, slots=True)
class Open:
    """A permission that is no verb: *who* says in a word who passes."""

    who: str


ANYONE = Open("anyone")
# As ANYONE, but whoever says who they are must be right: a stale token is told so, and does not look like nobody.
EVEN_NOBODY = Open("anyone, even nobody")
SIGNED_IN = Open("anyone signed in")
# The handler asks `ask.require` itself, since the place is known only from the body (a submission names its form).
BY_CONTENT = Open("decided by what the body names")


class Located(Protocol):
    """Something found that lies in a project, perhaps in one of its forms: there the permission must be held."""

    @property
    def project_id(self) -> int | None:
        """The project it lies in; null: the site."""

    @property
    def form_id(self) -> int | None:
        """The form it lies in, if any."""


Found = TypeVar("Found")
Told = TypeVar("Told")
Way = Callable[[Unit, "Credentials"], Actor | None]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request carries that may say who asks."""

    key: str | None
    authorization: str | None
    cookie: str | None
    method: str = "GET"
    uris: tuple[str, ...] = ()  # the request line's address, and that address below the public one, as a proxy got it
    origin: str = ""  # where the request comes from
    digest_key: str = ""
    scripted: bool = False  # whether a script of our own origin asks, as no form of another site can


@dataclass(slots=True)
class Ask(Generic[Found]):
    """One request, as a handler sees it."""

    site: Site
    unit: Unit
    found: Found
    actor: Actor | None
    path: Mapping[str, Any]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    prepared: Any
    base_url: str  # the public address with the prefix under which the client asked, for links it can follow
    language: str
    target: str = "/"  # the path and query as they were asked, for links back to here
    method: str = "GET"
    notes: list[dict[str, Any]] = field(default_factory=list)
    looks: list[dict[str, Any]] = field(default_factory=list)
    afterwards: list[Callable[[Unit], None]] = field(default_factory=list)

    def note(self, action: str, **what: Any) -> None:
        """Have `storage.audit.record` written, in a unit of its own when this one only reads."""
        self.notes.append({"action": action, **what})

    def note_look(self, action: str, **what: Any) -> None:
        """The same of a part of a content: who goes on to its other parts within some minutes has looked once."""
        self.looks.append({"action": action, **what})

    def do_afterwards(self, work: Callable[[Unit], None]) -> None:
        """Have *work* done in a write unit of its own; the answer leaves even if that fails."""
        self.afterwards.append(work)

    def look(self, question: Callable[[Unit], Told]) -> Told:
        """Ask the database in the middle of slow work, in a short unit of its own that only reads."""
        with unit_of_work.reading(self.site.database) as unit:
            return question(unit)

    def require_any(self, verb: Verb) -> None:
        """Go on only if the actor may *verb* somewhere in the project that was found.

        Raises: AuthenticationFailed, NotAllowed.
        """
        policy.require_within(self.unit, self.actor, verb, place_of(self.found))  # type: ignore[arg-type]


class Handler(Protocol):
    """Turns a request into one use-case call and its result into one answer."""

    def __call__(self, ask: Ask[Any], /) -> Answer:
        """The answer; it leaves after the unit has ended."""


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """One method on one path of one surface, with everything that is checked before its handler runs."""

    surface: "Surface"
    method: str
    rule: str
    needs: Verb | Open
    handler: Handler
    finds: Callable[..., Any] | None
    reads: Reader | None
    prepares: Callable[["Ask[Any]"], Any] | None
    works: Callable[["Ask[Any]"], Any] | None
    writes: bool
    exports: bool
    refused: Callable[[Problem, "Ask[Any]"], Answer | None] | None
    remembers: Callable[["Ask[Any]", Credentials], bool] | None
    links: Callable[["Ask[Any]"], None] | None

    @property
    def name(self) -> str:
        """For logs and documents: the rule, never the path, which may hold a token."""
        return f"{self.method} {self.rule}"


Refusal = Callable[[Problem, "Site", str], Answer]


@dataclass(slots=True)
class Surface:
    """Routes that share prefixes, ways to say who asks, and a dialect.

    *ways* are tried in order; *refuses* says a Problem in the surface's dialect, *refuses_json* to whoever sent JSON, where that
    is another; *realm* is the challenge that a 401 carries, if any; *cookies* surfaces check the CSRF token of every write that
    a cookie vouches for; *nobody* is what is told to whoever does not say who they are, *forged* to a
    cookie without that token (null: that the page has expired); *sign_in* is the path to which a browser
    that nobody signed in on is sent from the pages it asked for, with `?next=`. *language* is spoken to
    programs that ask for none; null: the site's own, and the one that a person chose.
    """

    name: str
    prefixes: tuple[str, ...]
    ways: tuple[Way, ...]
    refuses: Refusal
    refuses_json: Refusal | None = None
    realm: str | None = None
    cookies: bool = False
    nobody: type[Problem] = AuthenticationFailed
    forged: type[Problem] | None = None
    sign_in: str | None = None
    language: str | None = None
    routes: list[Route] = field(default_factory=list)

    def route(
        self,
        method: str,
        *rules: str,
        needs: Verb | Open,
        finds: Callable[..., Any] | None = None,
        reads: Reader | None = None,
        prepares: Callable[["Ask[Any]"], Any] | None = None,
        works: Callable[["Ask[Any]"], Any] | None = None,
        writes: bool | None = None,
        exports: bool = False,
        refused: Callable[[Problem, "Ask[Any]"], Answer | None] | None = None,
        remembers: Callable[["Ask[Any]", Credentials], bool] | None = None,
        links: Callable[["Ask[Any]"], None] | None = None,
    ) -> Callable[[Handler], Handler]:
        """Declare a handler on each of *rules* under each prefix of the surface.

        *finds* is called with the unit and the path's arguments by name; what it returns must be `Located` (or null where a verb
        is needed on the site). *prepares* is asked before the write unit begins, in a unit that only reads, for slow work that
        must keep nobody waiting; its result is `ask.prepared`. *works* instead is for work of seconds, for which not even a unit
        that reads may be held: it has none, but may `ask.look`. GET and HEAD read unless *writes* says otherwise; *exports*
        streams from the exports' pool. *refused* is asked when the handler, or what prepares for it, refused what was sent, in a
        write unit of its own, since the handler's was undone; its answer, if it has one, leaves instead of the refusal.
        *remembers* is asked when somebody is not let in; if it sets who that is and what was found, and says true, the body is
        read and *refused* is asked.
        *links* lets public links in too, and then refuses what a link's own page would not do.
        """

        def declare(handler: Handler) -> Handler:
            writing = method not in ("GET", "HEAD") if writes is None else writes
            for prefix in self.prefixes:
                for rule in rules:
                    made = Route(
                        self,
                        method,
                        prefix + rule,
                        needs,
                        handler,
                        finds,
                        reads,
                        prepares,
                        works,
                        writing,
                        exports,
                        refused,
                        remembers,
                        links,
                    )
                    self.routes.append(made)
            return handler

        return declare

    def get(self, *rules: str, **more: Any) -> Callable[[Handler], Handler]:
        """A GET route (HEAD is answered alike, without body)."""
        return self.route("GET", *rules, **more)

    def post(self, *rules: str, **more: Any) -> Callable[[Handler], Handler]:
        """A POST route."""
        return self.route("POST", *rules, **more)


def verb_for(needs: Verb, found: object) -> Verb:
    """What is needed for what was found: to read a closed form, more than collecting needs; a draft, to be its designer.

    Source: ODK Central, the verb open_form.read.
    """
    if needs is not Verb.OPEN_FORM_READ:
        return needs
    if getattr(found, "is_draft", False):
        return Verb.FORM_UPDATE
    return Verb.FORM_READ if getattr(found, "state", None) == "closed" else needs


def place_of(found: Located | None) -> Place:
    """Where permission must be held for what was found."""
    return SITE if found is None else Place(found.project_id, found.form_id)
