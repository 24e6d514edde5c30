"""Files that were ingested to their end: while nothing of them has changed, they need no second look.

A file is known by what the file system says of it, as git knows the files of its index, and by everything else that
its rows depend on. It is known only while every row that it brought is in the store: a trigger forgets all files when
a call is deleted, so that deleted rows come back with their file.
"""

from __future__ import annotations

import stat
from importlib.metadata import version
from typing import TYPE_CHECKING

import orjson

from prodlens.files import digest
from prodlens.trace_ingestion.outcomes import Ingestion
from prodlens.version import __version__

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from prodlens.trace_ingestion.batches import RowRules

    Partition = tuple[str, str]

_SECOND_NS = 1_000_000_000


class KnownFiles:
    """What one store knows of files, for one set of rules."""

    def __init__(self, conn: sqlite3.Connection, rules: RowRules) -> None:
        self._conn = conn
        programs = (__version__, version("genai-prices"))
        settings = (
            *(rules.repo_slug, dict(rules.people), repr(rules.prices), rules.in_workflow, rules.person),
            *programs,
        )
        data = orjson.dumps(settings, option=orjson.OPT_SORT_KEYS)
        self._rules = None if rules.anonymize else digest(data)

    def signature(self, path: Path | None) -> str | None:
        """Return what changes with every write to a file and with the rules; None when the file cannot be known.

        It cannot where its bytes are not those of a regular file, where rows depend on an ``anonymize`` that has no
        name, and where the file system keeps whole seconds, in which a file can change twice.
        """
        if path is None or self._rules is None:
            return None
        found = path.stat()
        whole_seconds = found.st_mtime_ns % _SECOND_NS == found.st_ctime_ns % _SECOND_NS == 0
        if whole_seconds or not stat.S_ISREG(found.st_mode):
            return None
        return orjson.dumps(
            [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, self._rules]
        ).decode()

    def recall(self, source: str, signature: str) -> tuple[Ingestion, set[Partition]] | None:
        """Return what became of a known source, and the partitions of its rows."""
        query = "SELECT outcome, partitions FROM known_files WHERE source = ? AND signature = ?"
        row = self._conn.execute(query, (source, signature)).fetchone()
        if row is None:
            return None
        return Ingestion.from_json(row[0]), {(folder, day) for folder, day in orjson.loads(row[1])}

    def remember(self, signature: str, done: Ingestion, partitions: set[Partition]) -> None:
        """Note that a source is ingested, inside the caller's transaction and after its rows."""
        self._conn.execute(
            "INSERT OR REPLACE INTO known_files VALUES (?, ?, ?, ?)",
            (done.source, signature, done.to_json().decode(), orjson.dumps(sorted(partitions)).decode()),
        )
