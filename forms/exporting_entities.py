"""Exporting an entity list: as CSV, as rows of OData, as places. Everything streams; memory does not grow with the list."""

import json
from collections.abc import Iterator

from forms.export import entity_rows
from forms.export.csv_tables import Writing
from forms.store import entity_lists
from forms.store import entity_rows as store
from forms.store.entity_rows import Chosen
from storage.blobs import BLOCK_BYTES
from storage.unit_of_work import Unit


def csv(unit: Unit, chosen: Chosen) -> Iterator[bytes]:
    """The chosen entities as CSV, in blocks.

    Raises: UnsupportedField, UnreadableFilter, with the first block. Source: ODK Central, GET …/entities.csv.
    """
    names = property_names(unit, chosen.entity_list_id)
    writing = Writing(entity_rows.header(names))
    for row in store.rows(unit, chosen):
        writing.add(entity_rows.cells(row, names))
        if writing.size() >= BLOCK_BYTES:
            yield writing.taken()
    yield writing.taken()


def places(unit: Unit, chosen: Chosen) -> Iterator[bytes]:
    """A GeoJSON document of the chosen entities that have a place, in blocks.

    Raises: UnsupportedField, UnreadableFilter, with the first block. Source: ODK Central, GET …/entities.geojson.
    """
    parts, size, between = ['{"type":"FeatureCollection","features":['], 0, ""
    for made in filter(None, map(entity_rows.feature, store.rows(unit, chosen))):
        parts += [between, json.dumps(made, separators=(",", ":"))]
        size, between = size + len(parts[-1]), ","
        if size >= BLOCK_BYTES:
            yield "".join(parts).encode()
            parts, size = [], 0
    yield "".join([*parts, "]}"]).encode()


def property_names(unit: Unit, entity_list_id: int) -> list[str]:
    """The properties of a list, in the order in which they were declared."""
    return [name for name, _ in entity_lists.properties(unit, entity_list_id)]
