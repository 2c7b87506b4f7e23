"""Reading what was encrypted while it leaves: private keys are unlocked for one export, and forgotten with it.

Nothing that was decrypted is written into the database, and files open in blocks. The server never reads an encrypted submission
by itself: no answers, no case record, no entities come of it, and who holds the passphrase decides when it is opened.
"""

import hashlib
from collections.abc import Iterator, Mapping

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from forms.problems import MalformedXml, Undecryptable, XmlTooLarge
from forms.store import browsing, pulling
from forms.store import keys as store
from forms.store.forms import Form
from forms.submission import encryption, envelope, project_keys
from forms.submission.encryption import SUFFIX, Opened
from forms.xml import LIMIT_BYTES
from storage.blobs import Blobs
from storage.problems import Problem
from storage.unit_of_work import Unit


def passphrases_in(given: Mapping[str, object]) -> dict[int, str]:
    """The passphrases among *given*, by the id of their key. Source: ODK Central, `{keyId}={passphrase}`."""
    return {
        int(name): value
        for name, value in given.items()
        if name.isascii() and name.isdigit() and len(name) < 10 and isinstance(value, str) and value
    }


class Opening:
    """What opens the encrypted submissions of one form: the private keys that the caller's passphrases unlocked."""

    def __init__(self, unit: Unit, blobs: Blobs, form: Form, passphrases: Mapping[int, str]) -> None:
        """Unlock the keys that the form's submissions need, or those sent to try its draft. A quarter of a second for each.

        Raises: Undecryptable, when a passphrase is wrong.
        """
        self._unit, self._blobs = unit, blobs
        self._private: dict[int, RSAPrivateKey] = {}
        needed = store.keys_needed(unit, form.id, draft=form.is_draft) if passphrases else []
        wanted = {key.id for key in needed if key.managed}
        for key_id in sorted(wanted & passphrases.keys()):
            self._private[key_id] = project_keys.unlocked(store.locked(unit, key_id) or "{}", passphrases[key_id])
        self._keys = store.keys_of_versions(unit, form_id=form.id) if self._private else {}

    def opened(self, form_version_id: int | None, xml: bytes) -> Opened | None:
        """An encrypted submission's envelope with its key; null when nobody gave the passphrase.

        Raises: Undecryptable, when it was damaged or encrypted for another key.
        """
        private = self._private.get(self._keys.get(form_version_id or 0, 0))
        if private is None:
            return None
        try:
            return encryption.opened(encryption.sealed(xml), private)
        except (MalformedXml, XmlTooLarge):
            raise Undecryptable from None

    def answers(self, opened: Opened, version_id: int) -> bytes | None:
        """The answers' XML; null when their file has not come.

        Raises: Undecryptable; XmlTooLarge.
        """
        name = opened.envelope.answers
        found = self._files(version_id).get(name)
        if found is None:
            return None
        plain = bytearray()
        for block in opened.plain(name, self._blobs.chunks(found)):
            plain += block
            if len(plain) > LIMIT_BYTES:
                raise XmlTooLarge(size_bytes=len(plain), limit_bytes=LIMIT_BYTES)
        return bytes(plain)

    def is_signed(self, opened: Opened, version_id: int, answers: bytes) -> bool | None:
        """Whether all that came is what the tablet signed; null while files are missing, since it cannot be known then.

        Every file is decrypted for it, in blocks.
        """
        sent, md5s = self._files(version_id), {}
        for name in opened.envelope.media:
            blob_sha256 = sent.get(name)
            if blob_sha256 is None:
                return None
            md5 = hashlib.md5(usedforsecurity=False)
            try:
                for block in self.blocks(opened, name, blob_sha256):
                    md5.update(block)
            except Undecryptable:
                return False
            md5s[name.removesuffix(SUFFIX)] = md5.hexdigest()
        md5s[opened.envelope.answers.removesuffix(SUFFIX)] = hashlib.md5(answers, usedforsecurity=False).hexdigest()
        return _names_the_same(answers, opened) and opened.is_signed(md5s)

    def of_version(self, form_version_id: int | None, version_id: int) -> Opened | None:
        """The same as `opened`, for a submission version by its id. Raises: Undecryptable."""
        return self.opened(form_version_id, browsing.xml_of(self._unit, version_id))

    def blocks(self, opened: Opened, name: str, blob_sha256: str) -> Iterator[bytes]:
        """What an encrypted file holds. Raises: Undecryptable."""
        return opened.plain(name, self._blobs.chunks(blob_sha256))

    def _files(self, version_id: int) -> Mapping[str, str]:
        """The files that came, by name."""
        return {file.name: file.blob_sha256 for file in pulling.files(self._unit, version_id) if file.blob_sha256 is not None}


def _names_the_same(answers: bytes, opened: Opened) -> bool:
    """Whether the answers are those of the submission and form that their envelope names. Source: openrosa.md CC-41."""
    try:
        inner = envelope.read(answers)
    except Problem:
        return False
    return inner.instance_id in (None, opened.envelope.instance_id) and inner.xml_form_id == opened.envelope.xml_form_id
