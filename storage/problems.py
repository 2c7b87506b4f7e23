"""The only expected failures.

A `Problem` is something a caller did or met that the house has a number and a sentence for. Each surface says it in its own
dialect (JSON, OpenRosa XML, HTML). Everything else that goes wrong is a programming error: 500 with an id, never a message.
"""

from typing import Any, ClassVar


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
    def sentence(self) -> str:
        """What happened, for a person."""
        return self.says.format(**self.details)

    def __str__(self) -> str:
        return f"{self.code} {self.sentence}"


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
