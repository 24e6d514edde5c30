"""The copy of the database that is kept between runs: consistent, pruned, without indexes.

The copy holds digests of its content, so that the next run can tell whether anything has changed.
"""

from __future__ import annotations

import sqlite3
import zipfile
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from prodlens.action.artifacts.ingested import forget_expired
from prodlens.action.cache import trust
from prodlens.action.cache.content import columns, content_digests, note_digests, tables
from prodlens.action.cache.trust import MEMBER
from prodlens.errors import StorageError
from prodlens.files import Folder
from prodlens.storage import PRUNED_BEFORE, read_note, write_note

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

# The note of a copy on whether it names people.
_PEOPLE_MARK = "cache:people"
_NAMED, _HIDDEN = "named", "hidden"
# Where pruning changes rows; anywhere else it only deletes them.
_SHORTENED = frozenset({"sync_streams"})
_CHUNK_BYTES = 1024**2


def names_people(path: Path) -> bool:
    """Return whether a copy contains real names. A copy that does not say so, as those of older versions, has them."""
    with closing(sqlite3.connect(path)) as conn:
        return "notes" not in tables(conn) or read_note(conn, _PEOPLE_MARK) != _HIDDEN


def write_copy(
    conn: sqlite3.Connection,
    target: Path,
    *,
    before: datetime,
    now: datetime,
    named: bool,
    digests: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Write a copy of the committed database, as small as it can be without losing what is needed.

    Args:
        conn: Connection to the database, without changes that are not committed.
        target: The file to write; an existing one is replaced.
        before: Rows older than this moment are left out.
        now: The present moment; artifacts that have expired by then need not be remembered.
        named: Whether it contains the real names of people in the traces.
        digests: Digests of the database's tables, read in the transaction that the connection is in. A table that
            leaves no row out is not read again.

    Returns:
        The digests of the copy's content, by table.

    Raises:
        StorageError: The disk is full, or the folder cannot be written.
    """
    try:
        with TemporaryDirectory() as scratch:
            made = Path(scratch, MEMBER)
            with _pages_of(conn, Path(scratch, "pages")) as copy:
                found = _fill(copy, before, now, named=named, digests=digests or {})
                copy.execute("VACUUM INTO ?", (str(made),))
            with made.open("rb") as stream:
                Folder(target.parent).replace(target.name, iter(partial(stream.read, _CHUNK_BYTES), b""))
    except (OSError, sqlite3.Error) as error:
        raise StorageError(f"cannot write the copy of the cache {target}: {error}") from error
    return found


@contextmanager
def _pages_of(conn: sqlite3.Connection, target: Path) -> Iterator[sqlite3.Connection]:
    """Copy a database as it is, to a file that is thrown away when anything fails."""
    with closing(sqlite3.connect(target, isolation_level=None)) as copy:
        conn.backup(copy)
        copy.execute("PRAGMA journal_mode = OFF")
        copy.execute("PRAGMA synchronous = OFF")
        yield copy


def _fill(
    copy: sqlite3.Connection, before: datetime, now: datetime, *, named: bool, digests: Mapping[str, str]
) -> dict[str, str]:
    """Leave out of a copy what need not be kept, and note in it what it holds; returns the digests of that."""
    copy.execute("BEGIN")
    rows = _row_counts(copy)
    _prune(copy, before, now)
    whole = {table for table, count in _row_counts(copy).items() if count == rows[table]} - _SHORTENED
    for (index,) in copy.execute("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql > ''").fetchall():
        copy.execute(f"DROP INDEX {index}")
    found = content_digests(copy, known={table: digests[table] for table in digests.keys() & whole})
    note_digests(copy, found)
    write_note(copy, _PEOPLE_MARK, _NAMED if named else _HIDDEN)
    copy.execute("COMMIT")
    return found


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
    beside = [name for name in tables(copy) if name != "sessions" and "trace_hash" in columns(copy, name)]
    for table in sorted(beside, key="call_aliases".__eq__):  # last: it says whose the others are
        copy.execute(f"DELETE FROM {table} WHERE trace_hash IN ({ids})", {"moment": moment})
    copy.execute("DELETE FROM sessions WHERE timestamp < ?", (moment,))
    for table, at in (("session_links", "linked_at"), ("session_branches", "since")):
        copy.execute(
            f"DELETE FROM {table} WHERE {at} < ? AND session_id NOT IN "
            "(SELECT session_id FROM sessions WHERE session_id IS NOT NULL)",
            (moment,),
        )


def _row_counts(conn: sqlite3.Connection) -> dict[str, int]:
    return {table: int(conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) for table in tables(conn)}
