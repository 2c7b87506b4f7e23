"""Letting tablets encrypt: a form that carries a public key, its own or its project's.

A project's key is put into every form that has none: once when it is turned on, and from then on into each draft as it comes, so
that what is sent to try it is encrypted as well. The form's version changes with it, since tablets fetch a form again only for
another version (openrosa.md SB-86); the same version under the same key is the same name, and publishing it twice is refused.
"""

import hashlib

from lxml import etree

from forms.problems import BadPublicKey
from forms.store import keys as store
from forms.submission import project_keys
from forms.xml import attribute, child, children, parse
from storage.unit_of_work import Unit

XFORMS = "http://www.w3.org/2002/xforms"
ATTRIBUTE = "base64RsaPublicKey"


def with_key(unit: Unit, project_id: int, xform: bytes) -> bytes:
    """*xform* as tablets are to get it: with the project's key if it has none of its own; else byte for byte as it is.

    Raises: BadPublicKey. Source: ODK Central, managed encryption; openrosa.md SB-80, SB-86, CC-41.
    """
    # Held, so that a form cannot slip past while the project is being given its key.
    store.hold_project(unit, project_id, alone=False)
    known = store.project_key(unit, project_id)
    own = public_key(xform)
    if own is not None:
        tidy = project_keys.tidied(own)
        if tidy is None:
            raise BadPublicKey
        return xform if tidy == own else _carrying(xform, tidy, suffix="")
    if known is None:
        return xform
    mark = hashlib.sha256(known.public.encode()).hexdigest()[:8]
    return _carrying(xform, known.public, suffix=f"[encrypted:{mark}]")


def note_key(unit: Unit, form_version_id: int, xform: bytes) -> None:
    """Remember which key a version carries now, for those who decrypt what is sent for it."""
    public = public_key(xform)
    if public is not None:
        store.forget_key(unit, form_version_id)
        store.carry_key(unit, form_version_id, public)


def public_key(xform: bytes) -> str | None:
    """The public key that a form carries, as it stands there."""
    # The word is looked for first: most forms carry none, and parsing a large one takes a second.
    if ATTRIBUTE.encode() not in xform:
        return None
    found = _submission(_model(parse(xform)))
    return (found.get(ATTRIBUTE) or None) if found is not None else None


def _carrying(xform: bytes, public: str, *, suffix: str) -> bytes:
    root = parse(xform)
    model = _model(root)
    element = _submission(model)
    if element is None:
        element = etree.SubElement(model, f"{{{XFORMS}}}submission")
    element.set(ATTRIBUTE, public)
    if suffix:
        _rename_version(model, suffix)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _rename_version(model: etree._Element, suffix: str) -> None:
    instance = child(model, "instance")
    data = next((each for each in instance if isinstance(each.tag, str)), None) if instance is not None else None
    if data is None:
        return
    name = next((key for key in data.attrib if str(key).rpartition("}")[2] == "version"), "version")
    data.set(name, (attribute(data, "version") or "") + suffix)


def _model(root: etree._Element) -> etree._Element:
    head = child(root, "head")
    model = child(head, "model") if head is not None else None
    return model if model is not None else root


def _submission(model: etree._Element) -> etree._Element | None:
    return next(iter(children(model, "submission")), None)
