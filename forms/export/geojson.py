"""Places as GeoJSON: for each submission a feature with the geometry that one of its questions holds.

The question is the one that was asked for, else the form's first one outside repeats. What stands in a repeat makes one
geometry of several. A submission without a place has no feature.

Source: RFC 7946; ODK Central, submissions.geojson.
"""

from typing import Any

from forms.definition.model import Definition, Field
from forms.export import geography
from forms.submission.answers import Node


def place_of(definition: Definition, path: str | None) -> Field | None:
    """The question at *path*, else the first one outside repeats that asks for a place; None if there is none."""
    places = (each for each in definition.fields if each.type in geography.KINDS)
    return next((each for each in places if (each.path == path if path else each.repeat is None)), None)


def feature(instance_id: str, place: Field, node: Node) -> dict[str, Any] | None:
    """What *node* answers to the question *place*; None for nothing that could be drawn."""
    texts = (text for each in node.walk() if (text := each.values.get(place.path)))
    found = [made for text in texts if (made := geography.geometry(place.type, text)) is not None]
    if not found:
        return None
    geometry = found[0] if len(found) == 1 else {"type": "GeometryCollection", "geometries": found}
    return {"type": "Feature", "id": instance_id, "geometry": geometry, "properties": {"fieldpath": place.path}}


def collection(features: list[dict[str, Any]]) -> dict[str, Any]:
    """A document of these features."""
    return {"type": "FeatureCollection", "features": features}
