"""By which hash a token is known that is not kept: of a session, a password link, a key of a tablet that was shut out."""

import hashlib


def sha256_of(token: str) -> str:
    """In hexadecimal; also of what a client made up, which may be no text."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
