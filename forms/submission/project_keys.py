"""A project's own key pair: the public half goes into its forms, the private half lies here under a passphrase nobody keeps.

Pure. The private key is encrypted by AES-256-GCM under a key stretched out of the passphrase, so a wrong passphrase is known for
certain, and a copy of the database opens nothing.
"""

import base64
import binascii
import json
import os
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from forms.problems import Undecryptable

BITS = 2048  # What Collect's and Enketo's format takes (openrosa.md SB-80).
# OWASP's figure for PBKDF2 with HMAC-SHA-256, 2023; a quarter of a second.
ROUNDS = 600_000
_ARMOUR = re.compile(r"-----[A-Z ]+-----")
_BOUND = b"siraba: private key of a project"


def made(passphrase: str) -> tuple[str, str]:
    """A new pair: the public key as forms carry it (base64 of its DER), and the private key, encrypted, as JSON. Slow."""
    return locked(rsa.generate_private_key(public_exponent=65_537, key_size=BITS), passphrase)


def locked(key: RSAPrivateKey, passphrase: str) -> tuple[str, str]:
    """The same for a key that there is. Slow on purpose."""
    plain = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    salt, nonce = os.urandom(16), os.urandom(12)
    closed = AESGCM(_stretched(passphrase, salt, ROUNDS)).encrypt(nonce, plain, _BOUND)
    parts = {"salt": salt, "nonce": nonce, "locked": closed}
    kept = {"rounds": ROUNDS, **{name: base64.b64encode(part).decode() for name, part in parts.items()}}
    return public_text(key.public_key()), json.dumps(kept)


def unlocked(kept: str, passphrase: str) -> RSAPrivateKey:
    """The private key. Slow on purpose.

    Raises: Undecryptable, when the passphrase is another.
    """
    parts = json.loads(kept)
    salt, nonce, closed = (base64.b64decode(parts[name]) for name in ("salt", "nonce", "locked"))
    try:
        plain = AESGCM(_stretched(passphrase, salt, parts["rounds"])).decrypt(nonce, closed, _BOUND)
    except InvalidTag:
        raise Undecryptable from None
    key = serialization.load_der_private_key(plain, password=None)
    if not isinstance(key, RSAPrivateKey):
        raise Undecryptable
    return key


def public_text(key: RSAPublicKey) -> str:
    """A public key as forms carry it."""
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def tidied(text: str) -> str | None:
    """The public key that a form's author pasted, armour and line breaks off; null when it is no RSA key."""
    # XML makes blanks of an attribute's line breaks, so the armour is found by its dashes.
    bare = "".join(_ARMOUR.sub("", text).split())
    try:
        key = serialization.load_der_public_key(base64.b64decode(bare, validate=True))
    except (binascii.Error, ValueError):
        return None
    return bare if isinstance(key, RSAPublicKey) else None


def _stretched(passphrase: str, salt: bytes, rounds: int) -> bytes:
    return PBKDF2HMAC(algorithm=hashes.SHA256(), length=32, salt=salt, iterations=rounds).derive(passphrase.encode())
