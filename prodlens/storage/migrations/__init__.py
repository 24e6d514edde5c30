"""The schema as numbered migrations: ``NNNN_topic.sql``, applied in order, each in one transaction with its record.

A migration that was released is never edited; a change is a new file with the next number. ``schema.sql`` is what they
make of an empty database, and a new store is made from it at once. ``make golden`` writes it, and a test holds it to
the migrations.
"""

from __future__ import annotations

import sqlite3
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA_FILE = "schema.sql"


@cache
def migrations() -> tuple[tuple[int, str], ...]:
    """Return (number, SQL script) of every migration, in order."""
    found = [
        (int(entry.name.split("_", 1)[0]), entry.read_text(encoding="utf-8"))
        for entry in files(__package__).iterdir()
        if entry.name.endswith(".sql") and entry.name != SCHEMA_FILE
    ]
    return tuple(sorted(found))


@cache
def newest_schema() -> tuple[str, ...]:
    """Return the statements that make the newest schema in an empty database."""
    return tuple(_statements(files(__package__).joinpath(SCHEMA_FILE).read_text(encoding="utf-8")))


def step_from(version: int) -> tuple[int, tuple[str, ...]]:
    """Return the version that comes after this one, and the statements that lead there; 0 is an empty database."""
    if version == 0:
        return migrations()[-1][0], newest_schema()
    number, script = next((number, script) for number, script in migrations() if number > version)
    return number, tuple(_statements(script))


def _statements(script: str) -> Iterator[str]:
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
