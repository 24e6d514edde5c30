"""Stores what was read, many small sources in one transaction, and notes for the lake what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.storage import put_calls, put_decisions, put_session_marks, put_usage_days
from prodlens.trace_ingestion.batches import Batch
from prodlens.trace_ingestion.outcomes import Ingestion, record_ingestions

if TYPE_CHECKING:
    from prodlens.storage import ProdLensStore
    from prodlens.trace_ingestion.batches import RowRules
    from prodlens.trace_ingestion.known_files import KnownFiles
    from prodlens.trace_ingestion.lake_sync import LakeSync, Partition


class StoreWriter:
    """Collects batches and outcomes, and stores as many of them together as memory should hold."""

    def __init__(self, store: ProdLensStore, lake: LakeSync, known: KnownFiles, rules: RowRules) -> None:
        """Write to a store.

        Args:
            store: Where calls and outcomes go.
            lake: Told which partitions change.
            known: Told which files are ingested to their end.
            rules: What rows depend on beside the records: prices, and the moment of this ingestion.
        """
        self._store, self._lake, self._known, self._rules = store, lake, known, rules
        self._waiting = Batch()
        self._ended: list[tuple[Ingestion, str | None, set[Partition]]] = []
        self.touched: set[Partition] = set()

    def add(self, batch: Batch) -> None:
        """Take a batch; the waiting batches are stored once there are enough of them."""
        self._waiting.extend(batch)
        if self._waiting.full:
            self.flush()

    def end(self, done: Ingestion, partitions: set[Partition], signature: str | None = None) -> None:
        """Note that a source was read to its end.

        Args:
            done: What became of it.
            partitions: Those of its rows.
            signature: Of its file, None when the file need not be known again.
        """
        self.touched |= partitions
        self._ended.append((done, signature, partitions))

    def flush(self) -> None:
        """Store what waits, in one transaction with the partitions that it changes.

        Raises:
            StorageError: The store cannot be written.
        """
        batch, self._waiting = self._waiting, Batch()
        ended, self._ended = self._ended, []
        if not batch.entries and not ended:
            return
        with self._store.transaction() as conn:
            priced = self._rules.prices.priced
            changed = put_calls(conn, batch.rows, batch.aliases, priced)
            changed |= put_decisions(conn, batch.tool_uses, batch.decisions, priced)
            put_usage_days(conn, batch.usage_days)
            put_session_marks(conn, batch.links, batch.branches)
            self.touched |= self._lake.note(changed)
            record_ingestions(self._store, [done for done, _, _ in ended], self._rules.now)
            for done, signature, partitions in ended:
                if signature is not None:
                    self._known.remember(signature, done, partitions)
