"""Repeatable measurements, with the data they make themselves; never part of the tests."""
