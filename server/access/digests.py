"""Digest sign-in, the only one that Collect offers to a server without TLS: off unless the site has a key for it.

A digest can only be checked with an MD5 of name, realm and password, which is far easier to guess from than an argon2 hash.
So it is kept masked under a key that stands in the settings and not in the database, is made only while a password is at hand
(when it is set, or at sign-in), and is forgotten with the password. Nonces are signed with the same key, so that every
process knows them and none is written down; they last ten minutes, for any address and any number of requests (AU-05).
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from server.access.actors import Actor
from storage.problems import AuthenticationFailed
from storage.schema import account, actor
from storage.unit_of_work import Unit

REALM = "Siraba"
NONCE_SECONDS = 600
SALT_BYTES = 16
HA1_BYTES = 16


class StaleNonce(AuthenticationFailed):
    """The password is right and the nonce too old: the client repeats with a new one and asks nobody."""


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
    return Actor(row.id, row.kind, row.display_name)


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
