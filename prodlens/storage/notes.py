"""What a database says of itself, as text by name: a flag, a digest, how far something was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3


# How often calls have changed, so that whoever copies them elsewhere knows whether a copy is still true.
CALLS_CHANGED = "calls:changed"
# The moment before which rows have left the database, as text.
PRUNED_BEFORE = "pruned:before"
# What tells a database and its copies from every other one.
IDENTITY = "store:id"


def read_note(conn: sqlite3.Connection, name: str) -> str | None:
    """Return the note of this name, or None."""
    row = conn.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def write_note(conn: sqlite3.Connection, name: str, value: str | None) -> None:
    """Write a note, inside the caller's transaction; None removes it."""
    if value is None:
        conn.execute("DELETE FROM notes WHERE name = ?", (name,))
    else:
        conn.execute("INSERT OR REPLACE INTO notes (name, value) VALUES (?, ?)", (name, value))


def count_change_of_calls(conn: sqlite3.Connection) -> None:
    """Count that calls have changed, inside the transaction that changes them."""
    conn.execute(
        "INSERT INTO notes (name, value) VALUES (?, '1') ON CONFLICT (name) DO UPDATE SET value = value + 1",
        (CALLS_CHANGED,),
    )
