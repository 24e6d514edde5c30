"""The first filling of a store: rows are appended without indexes, and those are made once, at the end.

An index in an order of its own, kept row by row, touches every page of it in every batch; made at the end it is one
sort. All of it is inside the caller's transaction: a program that is killed leaves the store as empty as it was.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prodlens.storage.call_rows import Place

_NUMBERED = "SELECT id, row_number() OVER (PARTITION BY trace_hash ORDER BY id) AS number FROM sessions"
_REPEATS = f"SELECT id FROM ({_NUMBERED}) WHERE number > 1"
_PLACES_OF_REPEATS = f"SELECT DISTINCT repo_slug, event_date FROM sessions WHERE id IN ({_REPEATS})"
_DELETE_REPEATS = f"DELETE FROM sessions WHERE id IN ({_REPEATS})"
_CACHE_KIB = 16 * 1024  # pages are filled one after the other: more would be memory for nothing


def is_unfilled(conn: sqlite3.Connection) -> bool:
    """Tell whether the store has no call yet, and no decision that waits for one."""
    query = "SELECT EXISTS (SELECT 1 FROM sessions) OR EXISTS (SELECT 1 FROM decisions)"
    return not conn.execute(query).fetchone()[0]


class BulkLoad:
    """Rows for a store that has none, inside one transaction of the caller's that ends after ``finish``.

    The rows are identified by their content: two of one trace hash are the same, and have nothing to merge.
    """

    def __init__(self, conn: sqlite3.Connection, columns: tuple[str, ...]) -> None:
        """Take the indexes away.

        Args:
            conn: Connection to a store that ``is_unfilled``, in a transaction.
            columns: Columns of ``sessions`` that the rows have; the others take their defaults.
        """
        self._conn = conn
        self._insert = f"INSERT INTO sessions ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        found = "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'sessions' ORDER BY rowid"
        self._indexes = dict(map(tuple, conn.execute(found).fetchall()))
        for name in self._indexes:
            conn.execute(f"DROP INDEX {name}")
        self._cache = conn.execute("PRAGMA cache_size").fetchone()[0]
        conn.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")

    def add(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Append rows as they are, a call that is there already too."""
        self._conn.executemany(self._insert, rows)

    def finish(self) -> set[Place]:
        """Make the indexes, and leave one row of each call; returns the places of the rows that went."""
        places: set[Place] = set()
        for statement in self._indexes.values():
            try:
                self._conn.execute(statement)
            except sqlite3.IntegrityError:
                places.update(map(tuple, self._conn.execute(_PLACES_OF_REPEATS).fetchall()))
                self._conn.execute(_DELETE_REPEATS)
                self._conn.execute(statement)
        self._conn.execute(f"PRAGMA cache_size = {self._cache}")
        return places
