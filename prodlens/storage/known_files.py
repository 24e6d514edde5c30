"""Large files that were ingested to their end: the same bytes again need no second look.

A file is known by the digest of its content and of everything else that its rows depend on. It counts only while
every row that it brought is still in the store, so that rows that were deleted come back with the file.
"""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import TYPE_CHECKING

import orjson

from prodlens.files import new_digest
from prodlens.version import __version__

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from pathlib import Path

_CHUNK_BYTES = 4 * 1024**2


def file_digest(path: Path, *settings: object) -> str:
    """Identify a file by its bytes, the settings, and the versions of this program and its price list.

    Bytes that are appended meanwhile are no part of it, so that the file counts as another one the next time.
    """
    said = (*settings, __version__, version("genai-prices"))
    digest = new_digest(orjson.dumps(said, option=orjson.OPT_SORT_KEYS))
    with path.open("rb") as stream:
        left = os.fstat(stream.fileno()).st_size
        while chunk := stream.read(min(_CHUNK_BYTES, left)):
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest()


def newest_id(conn: sqlite3.Connection) -> int:
    """Return the number of the newest row of ``sessions``, 0 when there is none."""
    return int(conn.execute("SELECT ifnull(max(id), 0) FROM sessions").fetchone()[0])


def remember(
    conn: sqlite3.Connection,
    digest: str,
    before: int,
    calls: int,
    outcome: bytes,
    partitions: Iterable[tuple[str, str]],
) -> None:
    """Note that a file is ingested, inside the caller's transaction; only if each of its calls made a new row.

    Args:
        conn: Connection to the store.
        digest: ``file_digest``, begun before the file was read.
        before: ``newest_id`` from before its first row.
        calls: Number of calls in the file.
        outcome: What became of the file, as JSON; ``recall`` returns it.
        partitions: Partitions of the lake that its rows are in.
    """
    last = newest_id(conn)
    if calls and last - before == calls == _rows_between(conn, before, last):
        conn.execute(
            "INSERT OR REPLACE INTO known_files VALUES (?, ?, ?, ?, ?)",
            (digest, before, last, outcome.decode(), orjson.dumps(sorted(partitions)).decode()),
        )


def forget(conn: sqlite3.Connection, row_id: int) -> None:
    """Forget the file that brought a row which is taken away, inside the caller's transaction."""
    conn.execute("DELETE FROM known_files WHERE before_id < ? AND last_id >= ?", (row_id, row_id))


def recall(conn: sqlite3.Connection, digest: str) -> tuple[str, set[tuple[str, str]]] | None:
    """Return the outcome (JSON) and the partitions of a known file, None when it or rows of it are not there."""
    row = conn.execute(
        "SELECT before_id, last_id, counts, partitions FROM known_files WHERE digest = ?", (digest,)
    ).fetchone()
    if row is None or _rows_between(conn, row[0], row[1]) != row[1] - row[0]:
        return None
    return row[2], {(folder, day) for folder, day in orjson.loads(row[3])}


def _rows_between(conn: sqlite3.Connection, before: int, last: int) -> int:
    query = "SELECT count(*) FROM sessions WHERE id > ? AND id <= ?"
    return int(conn.execute(query, (before, last)).fetchone()[0])
