"""Opening what a tablet has encrypted: ODK's format, given the private key. Nothing here keeps a key or writes one down.

A tablet makes an AES key for each submission and encrypts it for the form's public key. With it every file is encrypted by
itself: the media in the order in which the envelope names them, the answers last. Files of any size open in blocks.

Source: ODK's «Encrypted forms» specification; ODK Collect's `EncryptionUtils` and ODK Central (openrosa.md SB-80 to SB-85).
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from forms.problems import Undecryptable
from forms.xml import attribute, child, children, parse, version_of

BLOCK = 16
SUFFIX = ".enc"
# Collect through BouncyCastle and Enketo really use SHA-256 for the mask too; some Android providers are said to use SHA-1.
_PADDINGS = tuple(
    padding.OAEP(mgf=padding.MGF1(mask()), algorithm=hashes.SHA256(), label=None) for mask in (hashes.SHA256, hashes.SHA1)
)


@dataclass(frozen=True, slots=True)
class Sealed:
    """What the envelope of an encrypted submission says: its key and signature (base64), and its files in their order."""

    xml_form_id: str
    version: str
    instance_id: str
    key: str
    signature: str
    media: tuple[str, ...]
    answers: str

    @property
    def files(self) -> tuple[str, ...]:
        """Every file in the order in which it was encrypted."""
        return (*self.media, self.answers)


def sealed(xml: bytes) -> Sealed:
    """The envelope of an encrypted submission.

    Raises: MalformedXml, XmlTooLarge; Undecryptable, when a part is missing without which nothing opens.
    """
    root = parse(xml)
    instance_id = next((text for meta in children(root, "meta") if (text := _text(child(meta, "instanceID")))), "")
    found = Sealed(
        xml_form_id=attribute(root, "id") or "",
        version=version_of(root),
        instance_id=instance_id,
        key=_text(child(root, "base64EncryptedKey")),
        signature=_text(child(root, "base64EncryptedElementSignature")),
        media=tuple(name for media in children(root, "media") if (name := _text(child(media, "file")))),
        answers=_text(child(root, "encryptedXmlFile")),
    )
    if not (found.instance_id and found.key and found.answers):
        raise Undecryptable
    return found


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """An envelope whose key was decrypted."""

    envelope: Sealed
    _key: bytes
    _private_key: RSAPrivateKey

    def holds(self, name: str) -> bool:
        """Whether *name* is one of the encrypted files."""
        return name in self.envelope.files

    def plain(self, name: str, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """What the file *name* holds, in blocks of about the size they come in.

        Raises: Undecryptable, at the latest with the last block, when the content is not what this key encrypted.
        """
        vector = self._vector(self.envelope.files.index(name))
        decryptor = Cipher(algorithms.AES(self._key), CFB(vector)).decryptor()
        held = b""
        for block in blocks:
            held += decryptor.update(block)
            # The last block holds the padding; it is known to be the last only when nothing follows.
            if len(held) > BLOCK:
                yield held[:-BLOCK]
                held = held[-BLOCK:]
        yield _unpadded(held + decryptor.finalize())

    def is_signed(self, md5s: Mapping[str, str]) -> bool:
        """Whether the signature fits what was decrypted: *md5s* gives the MD5 (hex) of each plain file by its plain name.

        It is made with the public key: it tells what was damaged, exchanged or cut on its way, and proves nobody's hand.
        """
        envelope = self.envelope
        names = [name.removesuffix(SUFFIX) for name in envelope.files]
        lines = [envelope.xml_form_id, *([envelope.version] if envelope.version else []), envelope.key, envelope.instance_id]
        lines += [f"{name}::{md5s[name]}" for name in names]
        told = hashlib.md5(("\n".join(lines) + "\n").encode(), usedforsecurity=False).digest()
        try:
            return _decrypted(self._private_key, envelope.signature) == told
        except Undecryptable:
            return False

    def _vector(self, index: int) -> bytes:
        seed = hashlib.md5(self.envelope.instance_id.encode() + self._key, usedforsecurity=False).digest()
        vector = bytearray(seed)
        # Before each file one byte counts up, and stays so for those that follow.
        for turn in range(index + 1):
            vector[turn % BLOCK] = (vector[turn % BLOCK] + 1) % 256
        return bytes(vector)


def opened(envelope: Sealed, private_key: RSAPrivateKey) -> Opened:
    """The envelope with its key decrypted.

    Raises: Undecryptable, when it was encrypted for another key.
    """
    key = _decrypted(private_key, envelope.key)
    if len(key) != 32:
        raise Undecryptable
    return Opened(envelope, key, private_key)


def _decrypted(private_key: RSAPrivateKey, text: str) -> bytes:
    try:
        given = base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        raise Undecryptable from None
    for each in _PADDINGS:
        try:
            return private_key.decrypt(given, each)
        except ValueError:
            continue
    raise Undecryptable


def _unpadded(block: bytes) -> bytes:
    count = block[-1] if block else 0
    if len(block) != BLOCK or not 0 < count <= BLOCK or block[-count:] != bytes([count]) * count:
        raise Undecryptable
    return block[:-count]


def _text(element: object) -> str:
    return "".join(map(str, element.itertext())).strip() if element is not None else ""  # type: ignore[attr-defined]
