"""Scores of the reintegration survey, computed here by a versioned file and never taken from the tablet.

A scoring file gives each item a dimension and the points of each answer, the weights, and the least share of items that must be
answered. Answers that the file does not know (does not know, not applicable, no answer) drop out. `v0-equal` holds plain means:
they are not IOM's weights, which the programme loads when it has them. Scores of two versions are never compared.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "rss_scoring"
CURRENT = "v0-equal"
DIMENSIONS = ("economic", "social", "psychosocial")


@dataclass(frozen=True, slots=True)
class Scoring:
    """One scoring file: item → (dimension, answer → points 0-1), and the composite's weights by dimension."""

    version: str
    items: Mapping[str, tuple[str, Mapping[str, float]]]
    weights: Mapping[str, float]
    least_share: float


@cache
def scoring(version: str = CURRENT) -> Scoring:
    """The scoring file of *version*."""
    told = json.loads((FOLDER / f"{version}.json").read_text("utf-8"))
    scales: dict[str, dict[str, float]] = told["scales"]
    items = {
        item: (dimension, scales[scale]) for dimension, of_scale in told["dimensions"].items() for item, scale in of_scale.items()
    }
    return Scoring(told["version"], items, told["composite_weights"], told["least_share_answered"])


def score(answers: Mapping[str, Any], by: Scoring) -> dict[str, Any] | None:
    """Each dimension's and the composite score (0-1, four digits), how many items counted, and a hash of the inputs.

    None when no item was answered. A dimension with too few answers has no score, and without all three there is no composite.
    """
    given = {item: str(answers[item]) for item in by.items if item in answers}
    counted = {item: by.items[item][1][value] for item, value in given.items() if value in by.items[item][1]}
    if not given:
        return None
    found: dict[str, Any] = {"version": by.version, "n_answered": len(counted)}
    for dimension in DIMENSIONS:
        items = [item for item, (of, _) in by.items.items() if of == dimension]
        points = [counted[item] for item in items if item in counted]
        enough = points and len(points) >= by.least_share * len(items)
        found[dimension] = round(sum(points) / len(points), 4) if enough else None
    if None not in (found[dimension] for dimension in DIMENSIONS):
        found["composite"] = round(sum(found[name] * by.weights[name] for name in DIMENSIONS) / sum(by.weights.values()), 4)
    found["inputs_sha256"] = sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()
    return found
