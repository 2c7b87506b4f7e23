"""Places as GeoJSON features."""

from typing import Any

import pytest

from forms.definition import reading
from forms.export import geography, geojson
from forms.submission import answers
from tests.support import survey

DEFINITION = reading.read(survey.survey())


def feature(path: str | None, said: str = survey.FULL) -> dict[str, Any] | None:
    place = geojson.place_of(DEFINITION, path)
    assert place is not None
    return geojson.feature("uuid:1", place, answers.read(survey.filled("uuid:1", said), DEFINITION))


def test_the_first_place_of_the_form_is_shown_unless_another_is_asked_for() -> None:
    assert feature(None) == {
        "type": "Feature",
        "id": "uuid:1",
        "geometry": {"type": "Point", "coordinates": [-8.0, 12.6, 350.5]},
        "properties": {"fieldpath": "/home"},
    }
    other = feature("/path")
    assert other is not None
    assert other["geometry"] == {"type": "LineString", "coordinates": [[-8.0, 12.6, 0], [-8.1, 12.7, 0]]}
    assert geojson.place_of(DEFINITION, "/age") is None


def test_no_place_no_feature() -> None:
    assert feature("/home", "<home/>") is None
    assert feature("/home", "<home>nowhere</home>") is None


def test_the_places_of_a_repeat_are_one_geometry() -> None:
    repeated = survey.survey().replace(b'nodeset="/data/visit/day" type="date"', b'nodeset="/data/visit/day" type="geopoint"')
    definition = reading.read(repeated)
    place = geojson.place_of(definition, "/visit/day")
    assert place is not None
    two = "<visit><day>1 2</day></visit><visit><day/></visit><visit><day>3 4 5 6</day></visit>"

    made = geojson.feature("uuid:1", place, answers.read(survey.filled("uuid:1", two), definition))

    assert made is not None
    assert made["geometry"] == {
        "type": "GeometryCollection",
        "geometries": [{"type": "Point", "coordinates": [2, 1]}, {"type": "Point", "coordinates": [4, 3, 5]}],
    }


@pytest.mark.parametrize(
    ("kind", "text"),
    [("geotrace", "1 2"), ("geoshape", "1 2;3 4;1 2"), ("geoshape", "1 2;3 4;5 6;7 8"), ("geopoint", ""), ("geotrace", "x")],
)
def test_what_has_too_few_points_is_no_geometry(kind: str, text: str) -> None:
    assert geography.geometry(kind, text) is None


def test_a_ring_is_closed() -> None:
    assert geography.geometry("geoshape", "1 2;3 4;5 6;1 2") == {
        "type": "Polygon", "coordinates": [[[2, 1], [4, 3], [6, 5], [2, 1]]],
    }  # fmt: skip
