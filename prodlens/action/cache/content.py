"""Whether a run has changed what the database holds: a digest of each table, and which ones are written to.

A saved copy holds the digests of its content. The next run compares with them, and reads only the tables again that
something may have written to: most runs write to a few small ones, and the calls alone are nearly all of the bytes.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

import orjson

from prodlens.files import new_digest
from prodlens.storage import read_note, write_note

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The note of a copy on what it holds.
_CONTENT_MARK = "cache:content"
# Notes on how a run went. They change with every run and are remade by the next one, so they are not content.
_NOTES = frozenset({"ingestions", "known_files", "lake_pending", "checkpoints", "etags", "notes"})
_VOLATILE = {
    "sync_streams": {
        "synced_at",
        "last_run_at",
        "last_requests",
        "requests",
        "stopped",
        "failed",
        "walk_started_at",
        "counted_at",
    }
}
# Where a walk over artifacts stands counts until its first end alone: see ``artifacts/ingested``.
_AS_CONTENT = {"next_page": "max(next_page, 0)"}
_BATCH_ROWS = 2_000
# All that a statement can do without changing a row of any table.
_READING = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
        sqlite3.SQLITE_TRANSACTION,
        sqlite3.SQLITE_SAVEPOINT,
        sqlite3.SQLITE_PRAGMA,
    }
)


class ContentWatch:
    """Which tables of a database may have changed since a moment; ``baseline`` has the digests that it held then.

    SQLite asks before it prepares a statement whether it may write to a table, and what it asks for counts as changed.
    So does everything when another connection has changed anything.
    """

    def __init__(self, conn: sqlite3.Connection) -> None:
        """Watch a connection; what it has prepared before is prepared, and asked for, again."""
        self._conn = conn
        stored, is_current = _stored_digests(conn)
        self.baseline = content_digests(conn) if stored is None else stored
        self._known = self.baseline if is_current or stored is None else {}
        self._others = _changes_by_others(conn)
        self._written = written = set[str | None]()

        def note(action: int, first: str | None, second: str | None, *_: str | None) -> int:
            if action not in _READING:
                written.update((first, second))
            return sqlite3.SQLITE_OK

        conn.set_authorizer(note)

    @contextmanager
    def last_look(self) -> Iterator[dict[str, str]]:
        """End the watch and yield the digest of each table, which holds in the block, whatever others write then."""
        self._conn.set_authorizer(None)
        self._conn.execute("BEGIN")
        try:
            by_others = _changes_by_others(self._conn) != self._others
            same = set() if by_others else self._known.keys() - self._written
            yield content_digests(self._conn, known={table: self._known[table] for table in same})
        finally:
            if self._conn.in_transaction:
                self._conn.execute("ROLLBACK")


def content_digests(conn: sqlite3.Connection, known: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return, by table, a digest of the rows that a run gathered; how often or when it asked makes no difference.

    ``known`` has digests that still hold, whose tables are not read.
    """
    known = known or {}
    return {table: known.get(table) or _digest(conn, table) for table in tables(conn) if table not in _NOTES}


def note_digests(conn: sqlite3.Connection, digests: Mapping[str, str]) -> None:
    """Write the digests of a database into it, inside the caller's transaction."""
    write_note(conn, _CONTENT_MARK, orjson.dumps({"schema": _schema_version(conn), "tables": digests}).decode())


def tables(conn: sqlite3.Connection) -> list[str]:
    """Return the names of all tables."""
    return [row[0] for row in conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]


def columns(conn: sqlite3.Connection, table: str) -> Iterator[str]:
    """Return the names of a table's columns."""
    return (row[0] for row in conn.execute("SELECT name FROM pragma_table_info(?)", (table,)))


def _stored_digests(conn: sqlite3.Connection) -> tuple[dict[str, str] | None, bool]:
    """Return the digests stored with a copy, None without any, and whether they are of the schema that it has now.

    A copy of an older version, which has one digest of all tables, is like no database: it is saved anew.
    """
    text = read_note(conn, _CONTENT_MARK)
    if text is None:
        return None, False
    try:
        noted = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}, False
    if not isinstance(noted, dict) or not isinstance(digests := noted.get("tables"), dict):
        return {}, False
    return digests, noted.get("schema") == _schema_version(conn)


def _schema_version(conn: sqlite3.Connection) -> int:
    return int(conn.execute("PRAGMA user_version").fetchone()[0])


def _changes_by_others(conn: sqlite3.Connection) -> int:
    """Return a number that changes when another connection has changed the database."""
    return int(conn.execute("PRAGMA data_version").fetchone()[0])


def _digest(conn: sqlite3.Connection, table: str) -> str:
    digest = new_digest()
    cursor = conn.cursor()
    cursor.row_factory = None
    volatile = _VOLATILE.get(table, ())
    read = [_AS_CONTENT.get(name, name) for name in columns(conn, table) if name not in volatile]
    cursor.execute(f"SELECT {', '.join(read)} FROM {table} ORDER BY {_key(conn, table)}")
    while rows := cursor.fetchmany(_BATCH_ROWS):
        digest.update(orjson.dumps(rows))
    return digest.hexdigest()


def _key(conn: sqlite3.Connection, table: str) -> str:
    """Return the columns that the rows of a table are stored in the order of."""
    keys = conn.execute("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (table,)).fetchall()
    return ", ".join(row[0] for row in keys) or "rowid"
