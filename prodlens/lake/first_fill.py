"""The lake of a new store, written from the rows on their way into it instead of read back afterwards.

A day is written, beside the name that it will have, once a whole batch has brought nothing for it; it takes its name
when the store has what it holds. What comes late, what a merge changes, what is in the lake already and what would be
too much to hold is no part of the draft: ``Lake.sync`` brings it from the store.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import ExitStack
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Self

from prodlens.errors import StorageError
from prodlens.files import Beside, Folder, locked
from prodlens.slugs import partition_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    Row = tuple[Any, ...]
    Partition = tuple[str, str]

_MOST_ROWS = 100_000  # of days that are not written yet


class LakeDraft:
    """Partitions on their way into a lake, whose lock is held until the draft's block ends."""

    def __init__(self, lake: Path, columns: tuple[str, ...]) -> None:
        """Draft into a lake.

        Args:
            lake: Its folder.
            columns: The columns that the rows have, slug, day, time and trace hash among them.
        """
        self._lake, self._columns = lake, columns
        self._files = Folder(lake)
        self._place = itemgetter(columns.index("repo_slug"), columns.index("event_date"))
        self._order = itemgetter(columns.index("timestamp"), columns.index("trace_hash"))
        self._open: defaultdict[str, defaultdict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
        self._closed: set[str] = set()
        self._written: dict[Partition, Beside] = {}
        self._spoilt: set[Partition] = set()
        self._lock = ExitStack()

    def __enter__(self) -> Self:
        self._lock.enter_context(locked(self._lake))
        return self

    def __exit__(self, *_: object) -> None:
        self.spoil(list(self._written))
        self._lock.close()

    def add(self, rows: Sequence[Row]) -> None:
        """Take the rows of a batch, and write the days that it no longer touches."""
        places: defaultdict[tuple[str | None, str], list[Row]] = defaultdict(list)
        for row in rows:
            places[self._place(row)].append(row)
        for (slug, day), those in places.items():
            folder = partition_folder(slug)
            if day in self._closed:
                self.spoil({(folder, day)})
            else:
                self._open[day][folder] += those
        for day in self._open.keys() - {day for _, day in places}:
            self._write(day)
        if sum(len(those) for folders in self._open.values() for those in folders.values()) > _MOST_ROWS:
            self._give_up()

    def spoil(self, partitions: Iterable[Partition]) -> None:
        """Leave partitions out of the draft."""
        for folder, day in partitions:
            self._spoilt.add((folder, day))
            if (folder, day) in self._written:
                self._written.pop((folder, day)).discard()

    def publish(self) -> set[Partition]:
        """Put every partition of the draft in its place, once the store has its rows; returns those partitions.

        Raises:
            StorageError: A file cannot be written.
        """
        for day in list(self._open):
            self._write(day)
        published = set(self._written)
        for beside in self._written.values():
            try:
                beside.publish()
            except OSError as error:
                raise StorageError(f"cannot write {beside.path}: {error.strerror or error}") from error
        self._written.clear()
        return published

    def _write(self, day: str) -> None:
        from prodlens.lake.partitions import SCHEMA, tables, write_beside  # noqa: PLC0415 - loads beside the reading

        self._closed.add(day)
        for folder, rows in self._open.pop(day).items():
            name = f"{folder}/{day}.parquet"
            if (folder, day) not in self._spoilt and self._files.entry(name) is None:
                rows.sort(key=self._order)
                beside = Beside(self._files, name)
                write_beside(beside, SCHEMA, tables(rows, self._columns))
                self._written[folder, day] = beside

    def _give_up(self) -> None:
        for day, folders in self._open.items():
            self._closed.add(day)
            self.spoil((folder, day) for folder in folders)
        self._open.clear()
