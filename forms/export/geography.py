"""ODK's geopoints, geotraces and geoshapes as GeoJSON or Well-Known Text.

ODK writes `latitude longitude altitude accuracy`, points divided by semicolons; both formats want longitude first. What is not
a point is left out, as a feed of thousands of rows must not fail for one typing error.

Source: RFC 7946; OGC Simple Features; ODK Central, data document (`$wkt`).
"""

import math
from typing import Any

KINDS = ("geopoint", "geotrace", "geoshape")


def geojson(kind: str, text: str) -> dict[str, Any] | None:
    """A geometry with the accuracy of each point (metres) in `properties`, where the device gave one; None for no point."""
    points = _points(kind, text)
    if not points:
        return None
    coordinates = [point[:3] if len(point) > 2 else point for point in points]
    accuracies = [point[3] if len(point) > 3 else None for point in points]
    if kind == "geopoint":
        made: dict[str, Any] = {"type": "Point", "coordinates": coordinates[0]}
        return {**made, "properties": {"accuracy": accuracies[0]}} if accuracies[0] is not None else made
    made = (
        {"type": "LineString", "coordinates": coordinates}
        if kind == "geotrace"
        else {"type": "Polygon", "coordinates": [coordinates]}
    )
    known = any(accuracy is not None for accuracy in accuracies)
    return {**made, "properties": {"accuracies": accuracies}} if known else made


def geometry(kind: str, text: str) -> dict[str, Any] | None:
    """The geometry without accuracies, for documents that others draw; None for what has too few points to be one.

    Source: RFC 7946, 3.1.4 and 3.1.6: a line has two positions at least, a ring four, of which the last is the first.
    """
    points = [point[:3] for point in _points(kind, text)]
    if kind == "geopoint":
        return {"type": "Point", "coordinates": points[0]} if points else None
    if kind == "geotrace":
        return {"type": "LineString", "coordinates": points} if len(points) > 1 else None
    is_ring = len(points) > 3 and points[0] == points[-1]
    return {"type": "Polygon", "coordinates": [points]} if is_ring else None


def wkt(kind: str, text: str) -> str | None:
    """The geometry as Well-Known Text, without accuracy, for which it has no place; None for no point."""
    points = [" ".join(f"{number:.15g}" for number in point[:3]) for point in _points(kind, text)]
    if not points:
        return None
    if kind == "geopoint":
        return f"POINT ({points[0]})"
    return f"LINESTRING ({','.join(points)})" if kind == "geotrace" else f"POLYGON (({','.join(points)}))"


def _points(kind: str, text: str) -> list[list[float]]:
    """Points as [longitude, latitude, altitude, accuracy], as many of them as were given."""
    pieces = [text] if kind == "geopoint" else text.split(";")
    found = [point for piece in pieces if (point := _point(piece)) is not None]
    return found[:1] if kind == "geopoint" else found


def _point(text: str) -> list[float] | None:
    try:
        numbers = [float(part) for part in text.split()[:4]]
    except ValueError:
        return None
    if len(numbers) < 2 or not all(math.isfinite(number) for number in numbers):
        return None
    return [numbers[1], numbers[0], *numbers[2:]]
