"""The envelope of a submission: which form it answers, what it is called, and whether it can be opened.

Acceptance depends on nothing else. What is inside may be wrong, unknown or encrypted; the envelope says enough to keep it.
"""

from dataclasses import dataclass
from typing import Final

from lxml import etree

from forms.problems import MissingField
from forms.xml import LIMIT_BYTES, attribute, child, children, local_name, parse, version_of

_ENCRYPTED: Final = {"http://www.opendatakit.org/xforms/encrypted", "http://opendatakit.org/submissions"}
_SUBMIT_MESSAGE: Final = "{http://kobotoolbox.org/xforms}submitMessage"
_DEVICE: Final = ("deviceID", "deviceid")


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the outside of a submission says.

    `version` is "" when there is none. `instance_id` is None when the device sent none: the server then makes one.
    `root_id` is the instance id that the submission first had, as KoBo's web edits carry it along; `formhub_uuid` that by which
    KoBo knows the form; `thanks` the answer that the form wants shown once it was received.
    `files` are the parts an encrypted submission is made of, its answers last, as it names them; () when it is not encrypted.
    """

    xml_form_id: str
    version: str
    instance_id: str | None
    deprecated_id: str | None
    instance_name: str | None
    device_id: str | None
    encrypted: bool
    files: tuple[str, ...] = ()
    root_id: str | None = None
    formhub_uuid: str | None = None
    thanks: str | None = None


def read(xml: bytes, *, limit_bytes: int = LIMIT_BYTES, unnamed: str | None = None) -> Envelope:
    """The envelope of *xml*.

    The id is the root's attribute, else (legacy) its namespace, else *unnamed* if that is given. Everything else is found by
    local name, in `meta` and then, for the instanceID, right below the root or as its attribute, as Briefcase writes it.

    Raises: MalformedXml, XmlTooLarge; MissingField, for no form id or an encrypted submission without instanceID (it
    cannot be decrypted without).
    Source: OpenRosa metadata; ODK Central and ODK Collect (SB-40, 41, 45–49, 80–83); KoBo (KB-10, 12, 14).
    """
    root = parse(xml, limit_bytes=limit_bytes)
    encrypted = is_encrypted(root)
    metas = children(root, "meta")
    instance_id = _said(metas, "instanceID") or _said([root], "instanceID") or _attributed(root, "instanceID")
    if encrypted and instance_id is None:
        raise MissingField(field="instanceID")
    return Envelope(
        xml_form_id=_form_id(root, encrypted=encrypted, unnamed=unnamed),
        version=version_of(root),
        instance_id=instance_id,
        deprecated_id=_said(metas, "deprecatedID"),
        instance_name=_said(metas, "instanceName"),
        device_id=next((said for said in (_said([*metas, root], name) for name in _DEVICE) if said), None),
        encrypted=encrypted,
        files=_encrypted_files(root) if encrypted else (),
        root_id=_said(metas, "rootUuid"),
        formhub_uuid=_said(children(root, "formhub"), "uuid"),
        thanks=_thanks(root),
    )


def _form_id(root: etree._Element, *, encrypted: bool, unnamed: str | None) -> str:
    form_id = (root.get("id") or attribute(root, "id") or "").strip()
    if not form_id and not encrypted:
        form_id = (etree.QName(root).namespace or "").strip()
    if not form_id and unnamed is not None:
        return unnamed
    if not form_id:
        raise MissingField(field="id (the form's id, an attribute of the root element)")
    return form_id


def _attributed(root: etree._Element, name: str) -> str | None:
    return (attribute(root, name) or "").strip() or None


def is_encrypted(root: etree._Element) -> bool:
    """Whether the answers of this submission lie apart, encrypted."""
    if (root.get("encrypted") or "").strip().lower() in ("yes", "true"):
        return True
    return etree.QName(root).namespace in _ENCRYPTED and child(root, "encryptedXmlFile") is not None


def _said(holders: list[etree._Element], name: str) -> str | None:
    """The first non-blank text of a child called *name*: a submission may have more than one `meta`."""
    for holder in holders:
        for each in children(holder, name):
            text = "".join(map(str, each.itertext())).strip()
            if text:
                return text
    return None


def _thanks(root: etree._Element) -> str | None:
    """The text at the path that the root's `kobo:submitMessage` names."""
    first, *steps = (root.get(_SUBMIT_MESSAGE) or "").strip().removeprefix("/").split("/")
    if not steps or first != local_name(root):
        return None
    holders = [root]
    for step in steps[:-1]:
        holders = [each for holder in holders for each in children(holder, step)]
    return _said(holders, steps[-1])


def _encrypted_files(root: etree._Element) -> tuple[str, ...]:
    names = [_said([media], "file") for media in children(root, "media")]
    return tuple(name for name in [*names, _said([root], "encryptedXmlFile")] if name)
