"""The only expected failures.

A `Problem` is something a caller did or met that the house has a number and a sentence for. Each surface says it in its own
dialect (JSON, OpenRosa XML, HTML). Everything else that goes wrong is a programming error: 500 with an id, never a message.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

OURS_BEGIN_AT = 61
# A translation of one message into the reader's language; `str` leaves it in English.
Said = Callable[[str], str]


class Sentence:
    """Something said to a person, put into words only where it is shown, in the reader's language; as text it is English.

    `says` is a format string over the `details`, and its own message id in the catalogue of translations. Details are text,
    numbers, or Sentences themselves.
    """

    __slots__ = ("details", "says")

    def __init__(self, says: str, /, **details: Any) -> None:
        self.says = says
        self.details = details

    def told(self, said: Said = str) -> str:
        """The sentence in the language of *said*."""
        return _filled(said(self.says), self.details, said)

    def packed(self) -> dict[str, Any]:
        """As plain values, to be handed from one process to another; its details must be plain."""
        return {"says": self.says, "details": self.details}

    @classmethod
    def unpacked(cls, packed: Mapping[str, Any]) -> "Sentence":
        """What was `packed`."""
        return cls(packed["says"], **packed["details"])

    def __str__(self) -> str:
        return self.told()

    def __repr__(self) -> str:
        return f"Sentence({self.told()!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sentence) and (self.says, self.details) == (other.says, other.details)

    def __hash__(self) -> int:
        return hash(self.says)


class Problem(Exception):  # not a dataclass: contextlib must be able to set its traceback
    """An expected failure with a number, a sentence and typed details.

    Subclasses set `code` (text: "400.10" is not "400.1"; its integer part is the HTTP status; Central's numbers where the
    meaning is Central's, ours begin at .61) and `says` (a format string over the details). Details may reach the client, so
    they never hold answers.
    """

    code: ClassVar[str]
    says: ClassVar[str]

    def __init__(self, **details: Any) -> None:
        super().__init__(type(self).__name__)
        self.details = details

    @property
    def status(self) -> int:
        """The HTTP status, the integer part of the code."""
        return int(self.code.partition(".")[0])

    @property
    def is_ours(self) -> bool:
        """Whether its number is one of ours, not of ODK Central's."""
        return int(self.code.partition(".")[2]) >= OURS_BEGIN_AT

    @property
    def sentence(self) -> str:
        """What happened, for a person, in English."""
        return self.told()

    def told(self, said: Said = str) -> str:
        """What happened, in the language of *said*."""
        return _filled(said(self.says), self.details, said)

    def __str__(self) -> str:
        return f"{self.code} {self.sentence}"


def _filled(template: str, details: Mapping[str, Any], said: Said) -> str:
    return template.format(**{name: in_words(value, said) for name, value in details.items()})


def in_words(value: Any, said: Said) -> Any:
    """*value*, or what it says in the language of *said* when it is a Sentence."""
    return value.told(said) if isinstance(value, Sentence) else value


class NotFound(Problem):
    """There is nothing here, or nothing that the caller may know of."""

    code = "404.1"
    says = "Could not find the resource you were looking for."


class NotText(Problem):
    """PostgreSQL keeps no NUL and no encoding half a pair of surrogates; what one database refuses the other refuses too."""

    code = "400.95"
    says = "A text in the request holds a character that cannot be kept: NUL, or half of a surrogate pair."


class AuthenticationFailed(Problem):
    """Nobody, or somebody with wrong credentials."""

    code = "401.2"
    says = "Could not authenticate with the provided credentials."


class NotAllowed(Problem):
    """Somebody known, without the right."""

    code = "403.1"
    says = "The authenticated actor does not have rights to perform that action."


class Busy(Problem):
    """The database could not serve the request in time; trying again is right."""

    code = "503.61"
    says = "The server is busy. Nothing was changed; please try again."


class Unavailable(Problem):
    """The database or the blob storage is away, or the disk is full; trying again later is right."""

    code = "503.62"
    says = "The server cannot store anything just now. Nothing was kept; please try again later."
