"""The lake: calls as Parquet, one file a repository and day, ``<folder>/<org>-<repo>/<YYYY-MM-DD>.parquet``.

A partition holds the calls of a store for that day and folder, and those of its old file that the store knows
nothing of (they came from another store). Writing the same calls again leaves the file as it is.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
from contextlib import closing
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from prodlens.child_process import side_process
from prodlens.errors import StorageError
from prodlens.files import Beside, Folder, locked, new_digest
from prodlens.lake.plain_arrays import plain_table
from prodlens.schemas import CALL_COLUMNS, SQLITE_TYPES
from prodlens.slugs import one_spelling, partition_folder
from prodlens.storage import SESSION_COLUMNS, marks, portions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

AGGREGATES_FOLDER = "_aggregates"
BATCH_ROWS = 20_000
_HASH_AT = SESSION_COLUMNS.index("trace_hash")
_MOST_HASHES = 200_000  # of a partition that are held while it is written
_MANY_DAYS = 60  # with fewer, another process costs more than it brings
_ARROW_TYPES: dict[str, pa.DataType] = {"TEXT": pa.string(), "INTEGER": pa.int64(), "REAL": pa.float64()}
SCHEMA = pa.schema([(column.name, _ARROW_TYPES[SQLITE_TYPES[column.kind]]) for column in CALL_COLUMNS])
_VARIED = frozenset(column.name for column in CALL_COLUMNS if column.is_varied)
_FEW = frozenset(column.name for column in CALL_COLUMNS if column.is_few)
_ROWS_OF_A_DAY = f"SELECT {', '.join(SESSION_COLUMNS)} FROM sessions WHERE event_date = ?"
_slug_of = itemgetter(SESSION_COLUMNS.index("repo_slug"))
_FEW_OF_A_DAY = 4  # with less than a quarter of a day's repositories, each is looked up by itself
DAMAGED_SUFFIX = ".damaged"
_LONGEST_REASON = 200
_LOG = logging.getLogger(__name__)


class Lake:
    """The Parquet files under one folder; every write is under the folder's lock."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self._files = Folder(self.folder)

    def path(self, folder: str, day: str) -> Path:
        """Return the file of a partition; it may not be there."""
        return self.folder / folder / f"{day}.parquet"

    def exported(self) -> list[Path]:
        """Return every Parquet file in the lake, partitions and aggregates, sorted."""
        return sorted(self.folder.rglob("*.parquet"))

    def state(self) -> str:
        """Return a digest of the names, sizes and times of change of all partitions; it tells whether one changed."""
        found = new_digest()
        for path in self.exported():
            if path.parent.name != AGGREGATES_FOLDER:
                entry = path.lstat()
                found.update(f"{path.relative_to(self.folder)}\0{entry.st_size}\0{entry.st_mtime_ns}\n".encode())
        return found.hexdigest()

    def sync(self, conn: sqlite3.Connection, partitions: Iterable[tuple[str, str]]) -> int:
        """Bring partitions, as (folder, day), to what the store holds; returns the rows of the store in them.

        Raises:
            StorageError: A file cannot be written.
        """
        days: dict[str, set[str]] = {}
        for folder, day in partitions:
            days.setdefault(day, set()).add(folder)
        with locked(self._files):
            database = _shared_file(conn)
            if len(days) < _MANY_DAYS or database is None:
                return self.sync_days(conn, days)
            ordered = sorted(days)
            arguments = {
                "lake": os.path.abspath(self.folder),  # noqa: PTH100 - ``resolve`` would follow links
                "database": database,
                "days": {day: sorted(days[day]) for day in ordered[::2]},
            }
            with side_process(__name__, arguments) as output:
                return self.sync_days(conn, {day: days[day] for day in ordered[1::2]}) + int(output.read() or 0)

    def write(self, name: str, table: pa.Table) -> Path:
        """Write a table of another shape as ``<folder>/<name>``, beside its name and renamed over it.

        Raises:
            StorageError: The file cannot be written.
        """
        with locked(self._files):
            _replace(self._files, name, table.schema, [table])
            return self.folder / name

    def sync_days(self, conn: sqlite3.Connection, days: Mapping[str, Collection[str]]) -> int:
        """Bring the folders of each day to what the store holds, under a lock that the caller has."""
        return sum(self._sync_day(conn, day, days[day]) for day in sorted(days))

    def _sync_day(self, conn: sqlite3.Connection, day: str, folders: Collection[str]) -> int:
        count = 0
        pending = set(folders)
        for folder, batches in _store_batches(conn, day, folders):
            pending.discard(folder)
            count += self._sync_partition(conn, folder, day, batches)
        for folder in sorted(pending):  # the store has no call there (any more)
            if self._files.entry(f"{folder}/{day}.parquet") is not None:
                self._sync_partition(conn, folder, day, iter(()))
        return count

    def _sync_partition(
        self, conn: sqlite3.Connection, folder: str, day: str, batches: Iterator[Sequence[Sequence[Any]]]
    ) -> int:
        name = f"{folder}/{day}.parquet"
        count = 0

        def all_rows() -> Iterator[pa.Table]:
            nonlocal count
            written: set[str] = set()
            for rows in batches:
                count += len(rows)
                if len(written) < _MOST_HASHES:
                    written.update(row[_HASH_AT] for row in rows)
                yield from _tables(rows)
            yield from _foreign_rows(conn, self._files, name, written)

        _replace(self._files, name, SCHEMA, all_rows())
        return count


def _store_batches(
    conn: sqlite3.Connection, day: str, folders: Collection[str]
) -> Iterator[tuple[str, Iterator[list[tuple[Any, ...]]]]]:
    """Yield each wanted folder that has calls on the day, with its rows in batches.

    The index of calls is by day. So where much of a day is wanted, its rows are read once for all folders, instead of
    once for each.
    """
    slugs: dict[str, list[str | None]] = {}
    for (slug,) in _plain(conn, "SELECT DISTINCT repo_slug FROM sessions WHERE event_date = ?", (day,)):
        slugs.setdefault(partition_folder(slug), []).append(slug)
    wanted = {folder: slugs[folder] for folder in sorted(slugs) if folder in folders}
    shared = {folder for folder, those in wanted.items() if len(those) > 1}
    if len(wanted) - len(shared) > len(slugs) // _FEW_OF_A_DAY:
        rows = _plain(conn, f"{_ROWS_OF_A_DAY} ORDER BY repo_slug, timestamp, trace_hash", (day,))
        for slug, group in groupby(rows, _slug_of):
            folder = partition_folder(slug)
            if folder in wanted and folder not in shared:
                yield folder, _batches(group)
                del wanted[folder]
    for folder, those in wanted.items():
        yield folder, _folder_batches(conn, day, those)


def _folder_batches(conn: sqlite3.Connection, day: str, slugs: list[str | None]) -> Iterator[list[tuple[Any, ...]]]:
    condition = "repo_slug IN (SELECT value FROM json_each(?))" + (" OR repo_slug IS NULL" if None in slugs else "")
    query = f"{_ROWS_OF_A_DAY} AND ({condition}) ORDER BY timestamp, trace_hash"
    yield from _batches(_plain(conn, query, (day, json.dumps([slug for slug in slugs if slug is not None]))))


def _batches(rows: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    while batch := list(islice(rows, BATCH_ROWS)):
        yield batch


def _plain(conn: sqlite3.Connection, query: str, values: Sequence[Any]) -> sqlite3.Cursor:
    cursor = conn.cursor()
    cursor.row_factory = None
    return cursor.execute(query, values)


def _tables(rows: Sequence[Sequence[Any]]) -> Iterator[pa.Table]:
    """Yield rows of the store as tables of the lake, each of the size that partitions are written in."""
    for start in range(0, len(rows), BATCH_ROWS):
        yield plain_table(rows[start : start + BATCH_ROWS], SCHEMA)


def _foreign_rows(conn: sqlite3.Connection, files: Folder, name: str, written: set[str]) -> Iterator[pa.Table]:
    """Yield those rows of the old file whose calls the store does not hold, on any day.

    Rows that were just written are sorted out first, so that few have to be looked up in the store. A file that cannot
    be read to its end is renamed, once what could be read of it is yielded.
    """
    try:
        stream = files.open(name)
    except FileNotFoundError:
        return
    try:
        with stream, pq.ParquetFile(stream) as old:
            for batch in old.iter_batches(BATCH_ROWS, use_threads=False):  # of small pages, threads only cost
                hashes = [str(value) for value in batch.column("trace_hash").to_pylist()]
                rest = set(hashes) - written
                foreign = rest - _known_hashes(conn, list(rest))
                if foreign:
                    keep = pa.array([value in foreign for value in hashes])
                    yield _as_schema(pa.Table.from_batches([batch]).filter(keep))
    except (pa.ArrowException, KeyError, ValueError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk's; Arrow's own have no number
            raise
        aside = f"{name}{DAMAGED_SUFFIX}"
        files.rename(name, aside)
        _LOG.warning(
            "%s is damaged, or not a partition of ProdLens (%s); it is kept as %s, and the day is written again from "
            "the database",
            files.path / name,
            " ".join(str(error).split())[:_LONGEST_REASON],
            files.path / aside,
        )


def _known_hashes(conn: sqlite3.Connection, hashes: Sequence[str]) -> set[str]:
    """Return the hashes whose calls the store holds, in a row of their own or under another id of the call."""
    known: set[str] = set()
    for table in ("sessions", "session_parts"):
        rest = [value for value in hashes if value not in known]
        for part in portions(rest):
            query = f"SELECT trace_hash FROM {table} WHERE trace_hash IN ({marks(part)})"
            known.update(row[0] for row in _plain(conn, query, part))
    return known


def _as_schema(table: pa.Table) -> pa.Table:
    """Return the rows of an older version's file with today's columns."""
    missing = [field for field in SCHEMA if field.name not in table.column_names]
    for field in missing:
        table = table.append_column(field, pa.nulls(table.num_rows, field.type))
    return table.select(SCHEMA.names).cast(SCHEMA)


def write_beside(beside: Beside, schema: pa.Schema, parts: Iterable[pa.Table]) -> int:
    """Write tables to a file beside the name that it will have; returns the rows.

    Raises:
        StorageError: The file cannot be written; nothing of it is left.
    """
    rows = 0
    repeating = [name for name in schema.names if name not in _VARIED]
    try:
        with (
            beside.open() as stream,
            pq.ParquetWriter(
                stream,
                schema,
                compression={name: "none" if name in _FEW else "zstd" for name in schema.names},
                use_dictionary=repeating,  # type: ignore[arg-type] # a list too, whatever the stubs say
            ) as writer,
        ):
            for table in parts:
                rows += table.num_rows
                writer.write_table(table)
    except OSError as error:
        beside.discard()
        raise StorageError(f"cannot write {beside.path}: {error.strerror or error}") from error
    return rows


def _replace(files: Folder, name: str, schema: pa.Schema, parts: Iterable[pa.Table]) -> None:
    """Write tables beside the name and rename; no rows leave no file, the same bytes leave the file alone."""
    beside = Beside(files, name)
    try:
        rows = write_beside(beside, schema, parts)
        if rows:
            beside.publish_change()
            return
        beside.discard()
        files.unlink(name)
    except OSError as error:
        beside.discard()
        raise StorageError(f"cannot write {beside.path}: {error.strerror or error}") from error


def run_aside(arguments: dict[str, Any], output: IO[bytes]) -> None:
    """Write the partitions of some days, as the side process of a ``Lake.sync`` that holds the lock."""
    try:
        with closing(sqlite3.connect(arguments["database"])) as conn:
            count = Lake(arguments["lake"]).sync_days(conn, arguments["days"])
    except StorageError as error:
        raise SystemExit(f"prod-lens: {error}") from error
    output.write(str(count).encode())


def _shared_file(conn: sqlite3.Connection) -> str | None:
    """Return the database's file if another process would see the same rows in it, else None."""
    path = conn.execute("PRAGMA database_list").fetchone()[2]
    return str(path) if path and not conn.in_transaction else None


def stored_partitions(conn: sqlite3.Connection, since: str = "", repo: str | None = None) -> list[tuple[str, str]]:
    """Return (folder, day) of every partition that the store has calls for, from a day and of a repository if given."""
    condition, values = ("", [since]) if repo is None else (" AND repo_slug = ?", [since, one_spelling(repo)])
    query = f"SELECT DISTINCT repo_slug, event_date FROM sessions WHERE event_date >= ?{condition}"
    return sorted({(partition_folder(slug), day) for slug, day in _plain(conn, query, values)})
