"""The collector's fixtures, for the tests beside it; other folders import them from `tests.collector.fixtures` likewise."""

from tests.collector.fixtures import collector, xforms

__all__ = ["collector", "xforms"]
