"""Canonical bytes of records, to tell whether two ways of making them came to the same."""

import json
from collections.abc import Iterable
from hashlib import sha256

from cases.record import Record


def canonical(record: Record) -> bytes:
    """The record as bytes: tables by name, rows by key, nothing that depends on when or where it was made."""
    tables = {table: sorted(rows, key=lambda row: row[:2]) for table, rows in sorted(record.rows.items()) if rows}
    return json.dumps([record.case_id, tables], ensure_ascii=False, separators=(",", ":")).encode()


def digest(records: Iterable[Record]) -> str:
    """One SHA-256 (hex) over *records*, whatever their order."""
    total = sha256()
    for record in sorted(records, key=lambda one: one.case_id):
        total.update(canonical(record))
    return total.hexdigest()
