"""Passwords: argon2id, verified in the open at sign-in and from a short-lived cache for Basic.

Tools such as ruODK send Basic with every request; a verification costs 50 ms of CPU on purpose, so a pair that was right is
remembered for a minute, keyed by an HMAC under a key that lives only in this process.
"""

import functools
import hashlib
import hmac
import secrets
import threading
import time
from dataclasses import dataclass, field

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from storage.problems import Problem

# Without 0, 1, i, l and o, which people confuse; 20 letters out of 31 are 99 bits.
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
CHARACTERS_LEAST = 10
CHARACTERS_MOST = 72
REMEMBERED_SECONDS = 60
REMEMBERED_MOST = 1_000

_hasher = PasswordHasher()
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


@dataclass(frozen=True, slots=True)
class Chosen:
    """A password for somebody and its argon2id hash, made before a unit that writes: hashing takes 50 ms on purpose."""

    password: str = field(repr=False)
    hashed: str = field(repr=False)


def choose(password: object) -> Chosen:
    """*password* with its hash, if it is a text that may become one.

    Raises: PasswordTooShort, PasswordTooLong. Source: ODK Central, 400.21 and 400.38.
    """
    if not isinstance(password, str) or len(password) < CHARACTERS_LEAST:
        raise PasswordTooShort(least=CHARACTERS_LEAST)
    if len(password) > CHARACTERS_MOST:
        raise PasswordTooLong(most=CHARACTERS_MOST)
    return Chosen(password, _hasher.hash(password))


def new() -> Chosen:
    """A password that nobody can guess and that can be read out over the telephone."""
    letters = "".join(secrets.choice(LETTERS) for _ in range(20))
    return choose("-".join(letters[start : start + 5] for start in range(0, 20, 5)))


def unknown() -> Chosen:
    """One that nobody will ever know: until another is set, nobody signs in."""
    return Chosen("", _nobody())


@functools.cache
def _nobody() -> str:
    """The hash of what nobody knows; made when first needed, as a command that asks for no password should not wait for it."""
    return _hasher.hash(secrets.token_hex(16))


def is_right(password: str, kept: str | None) -> bool:
    """Whether *password* gives *kept*; takes the same time when there is nobody (*kept* is null)."""
    try:
        return _hasher.verify(kept or _nobody(), password) and kept is not None
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
