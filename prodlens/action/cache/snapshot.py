"""The copy of the database that is kept between runs: consistent, pruned, without indexes.

The copy holds a digest of its content, so that the next run can tell whether anything has changed without reading it
twice.
"""

from __future__ import annotations

import sqlite3
import zipfile
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import orjson

from prodlens.action.artifacts.ingested import forget_expired
from prodlens.action.cache import trust
from prodlens.action.cache.trust import MEMBER
from prodlens.errors import StorageError
from prodlens.files import Folder, new_digest
from prodlens.storage import PRUNED_BEFORE, read_note, write_note

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

# Notes of a copy on itself: a digest of its content, and whether it names people.
CONTENT_MARK, PEOPLE_MARK = "cache:content", "cache:people"
_NAMED, _HIDDEN = "named", "hidden"
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
_CHUNK_BYTES = 1024**2


def content_digest(conn: sqlite3.Connection) -> str:
    """Return a digest of every row that a run gathered; how often or when it asked for them makes no difference."""
    digest = new_digest()
    cursor = conn.cursor()
    cursor.row_factory = None
    for table in _tables(conn):
        if table in _NOTES:
            continue
        volatile = _VOLATILE.get(table, ())
        columns = [_AS_CONTENT.get(name, name) for name in _columns(conn, table) if name not in volatile]
        digest.update(table.encode())
        cursor.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {_key(conn, table)}")
        while rows := cursor.fetchmany(_BATCH_ROWS):
            digest.update(orjson.dumps(rows))
    return digest.hexdigest()


def stored_digest(conn: sqlite3.Connection) -> str:
    """Return the digest stored with a restored copy; for any other database, compute it from the content."""
    return read_note(conn, CONTENT_MARK) or content_digest(conn)


def names_people(path: Path) -> bool:
    """Return whether a copy contains real names. A copy that does not say so, as those of older versions, has them."""
    with closing(sqlite3.connect(path)) as conn:
        return "notes" not in _tables(conn) or read_note(conn, PEOPLE_MARK) != _HIDDEN


def write_copy(conn: sqlite3.Connection, target: Path, *, before: datetime, now: datetime, named: bool) -> str:
    """Write a copy of the committed database, as small as it can be without losing what is needed.

    Args:
        conn: Connection to the database, in no transaction.
        target: The file to write; an existing one is replaced.
        before: Rows older than this moment are left out.
        now: The present moment; artifacts that have expired by then need not be remembered.
        named: Whether it contains the real names of people in the traces.

    Returns:
        The digest of the copy's content.

    Raises:
        StorageError: The disk is full, or the folder cannot be written.
    """
    try:
        with TemporaryDirectory() as scratch:
            made = Path(scratch, MEMBER)
            digest = _write_pruned(conn, made, before, now, named=named)
            with made.open("rb") as stream:
                Folder(target.parent).replace(target.name, iter(partial(stream.read, _CHUNK_BYTES), b""))
    except (OSError, sqlite3.Error) as error:
        raise StorageError(f"cannot write the copy of the cache {target}: {error}") from error
    return digest


def _write_pruned(conn: sqlite3.Connection, target: Path, before: datetime, now: datetime, *, named: bool) -> str:
    """Write the copy to a file that is not there yet; returns the digest of its content."""
    conn.execute("VACUUM INTO ?", (str(target),))
    with closing(sqlite3.connect(target, isolation_level=None)) as copy:
        copy.execute("BEGIN")
        _prune(copy, before, now)
        for (index,) in copy.execute("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql > ''").fetchall():
            copy.execute(f"DROP INDEX {index}")
        digest = content_digest(copy)
        write_note(copy, CONTENT_MARK, digest)
        write_note(copy, PEOPLE_MARK, _NAMED if named else _HIDDEN)
        copy.execute("COMMIT")
        copy.execute("VACUUM")
    return digest


def write_archive(copy: Path, target: Path) -> None:
    """Pack a copy as the archive that restoring expects.

    Raises:
        StorageError: The disk is full, the folder cannot be written, or nobody would restore what is as large as this.
    """
    try:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(copy, MEMBER)
        if trust.is_dense(archive.getinfo(MEMBER)):  # a trace can hold megabytes of one letter
            with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
                archive.write(copy, MEMBER)
        sizes = copy.stat().st_size, target.stat().st_size
    except OSError as error:
        raise StorageError(f"cannot write the copy of the cache {target}: {error}") from error
    for size, most in zip(sizes, (trust.MAX_DATABASE_BYTES, trust.MAX_ARCHIVE_BYTES), strict=True):
        if size > most:
            raise StorageError(f"it has {size:,} bytes, and at most {most:,} are restored; lower keep-days")


def _prune(copy: sqlite3.Connection, before: datetime, now: datetime) -> None:
    moment, day = before.isoformat(), before.date().isoformat()
    changes = copy.total_changes
    _prune_calls(copy, moment)
    old_pulls = "state = 'closed' AND max(ifnull(created_at, ''), ifnull(closed_at, ''), ifnull(updated_at, '')) < ?"
    copy.execute(
        f"DELETE FROM pull_request_commits WHERE pull_request_id IN (SELECT id FROM pull_requests WHERE {old_pulls})",
        (moment,),
    )
    for table, old, bound in (
        ("decisions", "decided_at < ?", moment),
        ("commits", "timestamp < ?", moment),
        ("pull_requests", old_pulls, moment),
        ("ingestions", "ingested_at < ?", moment),
        ("usage_days", "day < ?", day),
        ("daily_session_metrics", "event_date < ?", day),
        ("daily_github_metrics", "event_date < ?", day),
    ):
        copy.execute(f"DELETE FROM {table} WHERE {old}", (bound,))
    if copy.total_changes > changes:  # what is published of the time before stays as it is
        write_note(copy, PRUNED_BEFORE, max(moment, read_note(copy, PRUNED_BEFORE) or ""))
    copy.execute(
        "DELETE FROM ai_notes WHERE sha NOT IN (SELECT sha FROM commits) "
        "AND sha NOT IN (SELECT sha FROM pull_request_commits)"
    )
    # What left is no longer covered: a report that looks back further has to read it again.
    for column in ("covered_since", "walk_since"):
        copy.execute(f"UPDATE sync_streams SET {column} = ? WHERE {column} < ?", (moment, moment))
    copy.execute("DELETE FROM lake_pending")  # the lake stays on the runner
    forget_expired(copy, now)


def _prune_calls(copy: sqlite3.Connection, moment: str) -> None:
    """Leave out old calls, and what is kept beside them under their own ids and further ones that are not calls."""
    old = "SELECT trace_hash FROM sessions WHERE timestamp < :moment"
    no_call = "alias NOT IN (SELECT trace_hash FROM sessions)"
    ids = f"{old} UNION SELECT alias FROM call_aliases WHERE trace_hash IN ({old}) AND {no_call}"
    beside = [name for name in _tables(copy) if name != "sessions" and "trace_hash" in _columns(copy, name)]
    for table in sorted(beside, key="call_aliases".__eq__):  # last: it says whose the others are
        copy.execute(f"DELETE FROM {table} WHERE trace_hash IN ({ids})", {"moment": moment})
    copy.execute("DELETE FROM sessions WHERE timestamp < ?", (moment,))
    for table, at in (("session_links", "linked_at"), ("session_branches", "since")):
        copy.execute(
            f"DELETE FROM {table} WHERE {at} < ? AND session_id NOT IN "
            "(SELECT session_id FROM sessions WHERE session_id IS NOT NULL)",
            (moment,),
        )


def _tables(conn: sqlite3.Connection) -> list[str]:
    return [row[0] for row in conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]


def _columns(conn: sqlite3.Connection, table: str) -> Iterator[str]:
    return (row[0] for row in conn.execute("SELECT name FROM pragma_table_info(?)", (table,)))


def _key(conn: sqlite3.Connection, table: str) -> str:
    """Return the columns that the rows of a table are stored in the order of."""
    keys = conn.execute("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (table,)).fetchall()
    return ", ".join(row[0] for row in keys) or "rowid"
