"""Passwords: argon2id, verified in the open at sign-in and from a short-lived cache for Basic.

Tools such as ruODK send Basic with every request; a verification costs 50 ms of CPU on purpose, so a pair that was right is
remembered for a minute, keyed by an HMAC under a key that lives only in this process.
"""

import hashlib
import hmac
import secrets
import threading
import time

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from storage.problems import Problem

CHARACTERS_LEAST = 10
CHARACTERS_MOST = 72
REMEMBERED_SECONDS = 60
REMEMBERED_MOST = 1_000

_hasher = PasswordHasher()
_NOBODY = _hasher.hash(secrets.token_hex(16))
_key = secrets.token_bytes(32)
_right: dict[bytes, float] = {}
_lock = threading.Lock()


class PasswordTooShort(Problem):
    """A password that could be guessed."""

    code = "400.21"
    says = "A password needs at least {least} characters."


class PasswordTooLong(Problem):
    """A password that other programs of ODK's family would cut."""

    code = "400.38"
    says = "A password has at most {most} characters."


def require_good(password: object) -> str:
    """*password*, if it is a text that may become one.

    Raises: PasswordTooShort, PasswordTooLong. Source: ODK Central, 400.21 and 400.38.
    """
    if not isinstance(password, str) or len(password) < CHARACTERS_LEAST:
        raise PasswordTooShort(least=CHARACTERS_LEAST)
    if len(password) > CHARACTERS_MOST:
        raise PasswordTooLong(most=CHARACTERS_MOST)
    return password


def unknown() -> str:
    """A password that nobody will ever know: until another is set, nobody signs in."""
    return secrets.token_hex(32)


def hashed(password: str) -> str:
    """The argon2id hash to keep."""
    return _hasher.hash(password)


def is_right(password: str, kept: str | None) -> bool:
    """Whether *password* gives *kept*; takes the same time when there is nobody (*kept* is null)."""
    try:
        return _hasher.verify(kept or _NOBODY, password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def is_right_remembered(password: str, kept: str | None) -> bool:
    """`is_right`, remembered for a minute when it was."""
    mark = hmac.digest(_key, f"{kept}\0{password}".encode("utf-8", "surrogateescape"), hashlib.sha256)
    now = time.monotonic()
    with _lock:
        if _right.get(mark, 0) > now:
            return True
    if not is_right(password, kept):
        return False
    with _lock:
        if len(_right) >= REMEMBERED_MOST:
            _right.clear()
        _right[mark] = now + REMEMBERED_SECONDS
    return True
