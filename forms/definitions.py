"""Definitions of published versions, read once and kept: one serves every submission of its version."""

import threading
from collections import OrderedDict

from sqlalchemy import select

from forms.definition import reading
from forms.definition.model import Definition
from storage.schema import form_version
from storage.unit_of_work import Unit

KEPT_MOST = 64

_kept: OrderedDict[str, Definition] = OrderedDict()
_lock = threading.Lock()


def definition_of(unit: Unit, form_version_id: int) -> Definition:
    """The definition of a version; kept by the hash of its XForm, so it can never be another version's."""
    sha256 = unit.connection.execute(select(form_version.c.xform_sha256).where(form_version.c.id == form_version_id)).scalar_one()
    with _lock:
        found = _kept.get(sha256)
        if found is not None:
            _kept.move_to_end(sha256)
            return found
    xform = unit.connection.execute(select(form_version.c.xform).where(form_version.c.id == form_version_id)).scalar_one()
    definition = reading.read(xform)
    with _lock:
        _kept[sha256] = definition
        while len(_kept) > KEPT_MOST:
            _kept.popitem(last=False)
    return definition
