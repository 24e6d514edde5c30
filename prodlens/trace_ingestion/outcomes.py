"""What became of each source that was ingested, and what that says of the traces' completeness."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, fields
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import orjson

from prodlens.storage import SESSION_COLUMNS
from prodlens.timestamps import parse_timestamp
from prodlens.trace_ingestion.reference_fast_path import PLAIN_COLUMNS

if TYPE_CHECKING:
    from datetime import datetime

    from prodlens.storage import ProdLensStore
    from prodlens.trace_ingestion.batches import Batch

CHECKPOINT = "trace_ingestion"
_PLACE_IN_LINE = re.compile(r"^element \d+ of \d+: |(?<=; )element \d+ of \d+: | at (?:character|byte) \d+")
_MOST_REASONS, _OTHER_REASONS = 100, "other reasons"
_time, _plain_time = (itemgetter(columns.index("timestamp")) for columns in (SESSION_COLUMNS, PLAIN_COLUMNS))


@dataclass(slots=True)
class Ingestion:
    """What became of one source.

    Attributes:
        source: A path, ``archive.zip!member`` or ``-``.
        entries: JSON values read, or lines that are none.
        stored: Calls stored, new or merged into known ones.
        skipped: Records that are known and no calls, by kind.
        dead: Entries among the dead letters.
        latency_withheld: Calls whose source is known to record the latency wrongly.
        newest: Time of the newest call (ISO 8601, UTC), empty without one.
        usage_days: Days that a vendor reports as sums, stored or put in place of an earlier report.
        reasons: Why entries are among the dead letters, without the place inside a line; the most are kept apart.
    """

    source: str
    entries: int = 0
    stored: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    dead: int = 0
    latency_withheld: int = 0
    newest: str = ""
    usage_days: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, batch: Batch) -> None:
        """Count a batch."""
        self.entries += batch.entries
        self.stored += len(batch.rows) + len(batch.plain)
        self.skipped += batch.skipped
        self.dead += len(batch.letters)
        for letter in batch.letters:
            reason = general_reason(letter.reason)
            known = reason in self.reasons or len(self.reasons) < _MOST_REASONS
            self.reasons[reason if known else _OTHER_REASONS] += 1
        self.latency_withheld += batch.latency_withheld
        self.usage_days += len(batch.usage_days)
        self.newest = max([self.newest, *map(_time, batch.rows), *map(_plain_time, batch.plain)])

    def to_json(self) -> bytes:
        """Return everything in it as a JSON object, which ``from_json`` reads."""
        return orjson.dumps({each.name: getattr(self, each.name) for each in fields(self)})

    @classmethod
    def from_json(cls, data: bytes | str) -> Ingestion:
        """Return what ``to_json`` wrote."""
        given = orjson.loads(data)
        counters = {name: Counter(given.get(name) or {}) for name in ("skipped", "reasons")}
        return cls(**{**given, **counters})


def general_reason(reason: str) -> str:
    """Return a reason without the place inside its line, so that equal failures can be counted."""
    return _PLACE_IN_LINE.sub("", reason)


def record_ingestion(store: ProdLensStore, done: Ingestion, now: datetime | None) -> None:
    """Record what became of a source, in place of what it said before, and how far the traces reach.

    Raises:
        StorageError: The store cannot be written.
    """
    with store.transaction() as conn:
        conn.execute(
            "INSERT OR REPLACE INTO ingestions "
            "(source, ingested_at, entries, stored, skipped, dead, latency_withheld) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                done.source,
                None if now is None else now.isoformat(),
                done.entries,
                done.stored,
                orjson.dumps(done.skipped).decode(),
                done.dead,
                done.latency_withheld,
            ),
        )
        newest = parse_timestamp(done.newest)
        before = store.get_last_checkpoint(CHECKPOINT)
        if newest is not None and (before is None or newest > before):
            store.set_checkpoint(CHECKPOINT, newest)


def ingestion_state(store: ProdLensStore) -> dict[str, Any]:
    """Return what is known of the traces' completeness, for the report.

    Returns:
        ``last_ingested_at`` and ``newest_trace`` (ISO 8601, UTC, or None), ``sources``, ``entries``, ``dead_letters``,
        ``latency_withheld`` (counts), ``skipped`` (count by kind), each source counted as it was read last.
    """
    skipped: Counter[str] = Counter()
    for (kinds,) in store.conn.execute("SELECT skipped FROM ingestions"):
        skipped.update(orjson.loads(kinds))
    query = (
        "SELECT max(ingested_at) AS last_ingested_at, count(*) AS sources, ifnull(sum(entries), 0) AS entries, "
        "ifnull(sum(dead), 0) AS dead_letters, ifnull(sum(latency_withheld), 0) AS latency_withheld FROM ingestions"
    )
    newest = store.get_last_checkpoint(CHECKPOINT)
    return {
        **dict(store.conn.execute(query).fetchone()),
        "newest_trace": None if newest is None else newest.isoformat(),
        "skipped": dict(sorted(skipped.items())),
    }
