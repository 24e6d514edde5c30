"""The schema as numbered migrations: ``NNNN_topic.sql``, applied in order, each in one transaction with its record.

A migration that was released is never edited; a change is a new file with the next number.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def migrations() -> tuple[tuple[int, str], ...]:
    """Return (number, SQL script) of every migration, in order."""
    found = [
        (int(entry.name.split("_", 1)[0]), entry.read_text(encoding="utf-8"))
        for entry in files(__package__).iterdir()
        if entry.name.endswith(".sql")
    ]
    return tuple(sorted(found))
