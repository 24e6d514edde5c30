"""Which partitions of a lake are behind the store: noted with the rows that change them, and written afterwards.

What a killed run had stored and not yet written stays noted in the store, in ``lake_pending``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.slugs import partition_folder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from prodlens.storage import ProdLensStore, RepositoryDay

    Partition = tuple[str, str]


class LakeSync:
    """Keeps the lake in one folder up to date with one store."""

    def __init__(self, store: ProdLensStore, folder: Path) -> None:
        self._store, self.folder = store, folder

    def note(self, changed: Iterable[RepositoryDay]) -> set[Partition]:
        """Note the partitions of changed rows as pending, inside the caller's transaction; returns them."""
        noted, lake = partitions(changed), self._name()
        self._store.conn.executemany(
            "INSERT OR IGNORE INTO lake_pending VALUES (?, ?, ?)", [(lake, *each) for each in noted]
        )
        return noted

    def mark_written(self, written: Iterable[Partition]) -> None:
        """Note that partitions are written."""
        lake = self._name()
        with self._store.transaction() as conn:
            conn.executemany(
                "DELETE FROM lake_pending WHERE lake = ? AND folder = ? AND event_date = ?",
                [(lake, *each) for each in written],
            )

    def write(self, touched: set[Partition]) -> None:
        """Write the partitions that are pending, and those of the touched ones whose file is not there.

        Raises:
            StorageError: The lake cannot be written.
        """
        query = "SELECT folder, event_date FROM lake_pending WHERE lake = ?"
        pending = {(row[0], row[1]) for row in self._store.conn.execute(query, (self._name(),))}
        missing = {each for each in touched - pending if not (self.folder / each[0] / f"{each[1]}.parquet").exists()}
        if not pending | missing:
            return
        from prodlens.lake import Lake

        Lake(self.folder).sync(self._store.conn, pending | missing)
        self.mark_written(pending)

    def _name(self) -> str:
        return str(self.folder.resolve())


def partitions(days: Iterable[RepositoryDay]) -> set[Partition]:
    """Return the partitions, as (folder, day), of rows by their slug and day."""
    return {(partition_folder(slug), day) for slug, day in days}
