"""Points, lines and areas turn round to longitude first; what is no point is nothing."""

from typing import Any

import pytest

from forms.export import geography


@pytest.mark.parametrize(
    ("kind", "text", "made"),
    [
        ("geopoint", "1 2 3 4", {"type": "Point", "coordinates": [2.0, 1.0, 3.0], "properties": {"accuracy": 4.0}}),
        ("geopoint", "12.6 -8", {"type": "Point", "coordinates": [-8.0, 12.6]}),
        ("geopoint", "12.6", None),
        ("geopoint", "north west", None),
        ("geopoint", "nan 1", None),
        ("geotrace", "1 2; 3 4;", {"type": "LineString", "coordinates": [[2.0, 1.0], [4.0, 3.0]]}),
        (
            "geotrace",
            "1 2 0 5;3 4",
            {"type": "LineString", "coordinates": [[2.0, 1.0, 0.0], [4.0, 3.0]], "properties": {"accuracies": [5.0, None]}},
        ),
        ("geoshape", "1 2;3 4;5 6;1 2", {"type": "Polygon", "coordinates": [[[2.0, 1.0], [4.0, 3.0], [6.0, 5.0], [2.0, 1.0]]]}),
        ("geoshape", " ", None),
    ],
)  # fmt: skip
def test_as_geojson(kind: str, text: str, made: Any) -> None:
    assert geography.geojson(kind, text) == made


@pytest.mark.parametrize(
    ("kind", "text", "made"),
    [
        ("geopoint", "12.6 -8.0 350.5 4.2", "POINT (-8 12.6 350.5)"),
        ("geopoint", "", None),
        ("geotrace", "1 2;3 4 7", "LINESTRING (2 1,4 3 7)"),
        ("geoshape", "1 2;3 4;5 6;1 2", "POLYGON ((2 1,4 3,6 5,2 1))"),
    ],
)
def test_as_well_known_text(kind: str, text: str, made: str | None) -> None:
    assert geography.wkt(kind, text) == made
