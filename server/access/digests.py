"""Digest sign-in, the only one that Collect offers to a server without TLS: off unless the site has a key for it.

A digest can only be checked with an MD5 of name, realm and password, which is far easier to guess from than an argon2 hash.
So it is kept masked under a key that stands in the settings and not in the database, is made only while a password is at hand
(when it is set, or at sign-in), and is forgotten with the password. Nonces are signed with the same key, so that every
process knows them and none is written down; they last ten minutes, for any address and any number of requests (AU-05).

Each request on a nonce has a count and a cnonce of its own. Both are written down when they are used, so that what somebody
overheard opens nothing a second time, in whichever process: one short unit a request, which those who come with a key do not
pay. They need not come in order, since clients send in parallel; okhttp-digest even counts anew, under another cnonce, when
two threads are challenged at once. A client that repeats a request to the letter after its answer was lost (OkHttp, on a
connection that it had kept) is told `stale` and goes on with a new nonce by itself: its body goes out once more, and the
same submission is the same record. A digest does not cover the body: against who can change what passes, only TLS helps.
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from server.access.actors import Actor
from storage.engine import is_taken
from storage.problems import AuthenticationFailed
from storage.schema import account, actor, spent_digest
from storage.unit_of_work import Unit

REALM = "Siraba"
NONCE_SECONDS = 600
SALT_BYTES = 16
HA1_BYTES = 16


class StaleNonce(AuthenticationFailed):
    """The password is right, and the nonce too old or its count used: the client repeats with a new one and asks nobody."""


@dataclass(frozen=True, slots=True)
class Digest:
    """What a client sent: its `Authorization: Digest` parameters, for this method at one of these addresses."""

    method: str
    uris: Collection[str]
    said: Mapping[str, str | None]

    @property
    def username(self) -> str:
        """Whose password it claims to know."""
        return (self.said.get("username") or "").replace("\0", "\N{REPLACEMENT CHARACTER}")

    @property
    def sha256(self) -> str:
        """What may be said once only: the nonce with its count and cnonce, or with the response of who counts nothing."""
        once = ("nonce", "nc", "cnonce") if self.said.get("qop") else ("nonce", "response")
        text = "\0".join((self.said.get(name) or "").lower() for name in once)
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def challenge(key: str, now: datetime, *, stale: bool = False) -> str:
    """A `WWW-Authenticate` line as okhttp-digest demands it: `Digest `, quoted qop, MD5 (openrosa.md AU-04, AU-05)."""
    ending = ", stale=true" if stale else ""
    return f'Digest realm="{REALM}", qop="auth", nonce="{_nonce(key, now)}", algorithm=MD5, charset="UTF-8"{ending}'


def keep(unit: Unit, actor_id: int, password: str | None, key: str) -> None:
    """Make digest sign-in possible with *password*; with none, or without a key, impossible."""
    masked = None
    if password is not None and key:
        email = unit.connection.execute(select(account.c.email).where(account.c.actor_id == actor_id)).scalar_one()
        ha1 = hashlib.md5(f"{email}:{REALM}:{password}".encode("utf-8", "surrogateescape"), usedforsecurity=False).digest()
        salt = secrets.token_bytes(SALT_BYTES)
        masked = (salt + _masked(ha1, salt, key)).hex()
    unit.connection.execute(update(account).where(account.c.actor_id == actor_id).values(digest_masked=masked))


def by_digest(unit: Unit, digest: Digest, key: str) -> Actor | None:
    """The user who knows the password.

    The address inside the digest is compared as the client sent it, since a proxy may have shortened the path (CC-35).
    Whoever believes it has to `spend` it first.

    Raises: StaleNonce.
    """
    row = unit.connection.execute(
        select(actor.c.id, actor.c.kind, actor.c.display_name, account.c.digest_masked)
        .join(account, account.c.actor_id == actor.c.id)
        .where(func.lower(account.c.email) == digest.username.lower(), actor.c.deleted_at.is_(None))
    ).one_or_none()
    if row is None or row.digest_masked is None or digest.said.get("uri") not in digest.uris:
        return None
    kept = bytes.fromhex(row.digest_masked)
    ha1 = _masked(kept[SALT_BYTES:], kept[:SALT_BYTES], key).hex()
    if not hmac.compare_digest(_response(ha1, digest).encode(), (digest.said.get("response") or "").lower().encode()):
        return None
    if not _is_fresh(digest.said.get("nonce") or "", key, unit.now):
        raise StaleNonce
    return Actor(row.id, row.kind, row.display_name, digest_sha256=digest.sha256)


def spend(unit: Unit, sha256: str) -> None:
    """Have a digest believed this once; of two at the same moment one is refused.

    Raises: StaleNonce, when it was spent.
    """
    try:
        ends_at = unit.now + timedelta(seconds=NONCE_SECONDS)
        unit.connection.execute(insert(spent_digest), {"sha256": sha256, "ends_at": ends_at})
    except IntegrityError as error:
        if not is_taken(error):
            raise
        raise StaleNonce from None


def forget_spent(unit: Unit) -> None:
    """Forget digests whose nonces have ended, so that these alone refuse them."""
    unit.connection.execute(delete(spent_digest).where(spent_digest.c.ends_at < unit.now))


def _response(ha1: str, digest: Digest) -> str:
    said = {name: digest.said.get(name) or "" for name in ("nonce", "nc", "cnonce", "qop", "uri")}
    ha2 = _md5(f"{digest.method}:{said['uri']}")
    if not said["qop"]:  # RFC 2069, which old clients still speak
        return _md5(f"{ha1}:{said['nonce']}:{ha2}")
    return _md5(f"{ha1}:{said['nonce']}:{said['nc']}:{said['cnonce']}:{said['qop']}:{ha2}")


def _nonce(key: str, now: datetime) -> str:
    begun = f"{int(now.timestamp()):x}.{secrets.token_hex(8)}"
    return f"{begun}.{_signed(begun, key)}"


def _is_fresh(nonce: str, key: str, now: datetime) -> bool:
    begun, _, signature = nonce.rpartition(".")
    if not hmac.compare_digest(_signed(begun, key).encode(), signature.encode("utf-8", "surrogateescape")):
        return False
    return 0 <= now.timestamp() - int(begun.partition(".")[0], 16) + 1 < NONCE_SECONDS


def _signed(text: str, key: str) -> str:
    return hmac.digest(key.encode(), b"nonce" + text.encode("utf-8", "surrogateescape"), hashlib.sha256).hex()[:32]


def _masked(value: bytes, salt: bytes, key: str) -> bytes:
    """Mask, or unmask: each salt is used once, so this is a one-time pad from a keyed hash."""
    pad = hmac.digest(key.encode(), b"ha1" + salt, hashlib.sha256)[:HA1_BYTES]
    return bytes(one ^ other for one, other in zip(value, pad, strict=True))


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()
