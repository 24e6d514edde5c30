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

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from prodlens.storage import ProdLensStore
    from prodlens.trace_ingestion.batches import Batch

CHECKPOINT = "trace_ingestion"
_PLACES_SHOWN = 5
_PLACE_IN_LINE = re.compile(r"^element \d+ of \d+: |(?<=; )element \d+ of \d+: | at (?:character|byte) \d+")
_MOST_REASONS, _OTHER_REASONS = 100, "other reasons"
_time = itemgetter(SESSION_COLUMNS.index("timestamp"))


@dataclass(slots=True)
class Ingestion:
    """What became of one source.

    Attributes:
        source: A path, ``archive.zip!member`` or ``-``.
        entries: JSON values, and lines that are not JSON.
        stored: Calls stored, new or merged into known ones.
        skipped: Known records that are not calls, by kind.
        usage_days: Days that a vendor reports as sums, stored or put in place of an earlier report.
        dead: Entries among the dead letters.
        latency_withheld: Calls whose source is known to record the latency wrongly.
        faults: Records that ProdLens failed on, by the place in its code; they are among the dead entries.
        reasons: Why entries are among the dead letters, without the place inside a line.
        newest: Time of the newest call (ISO 8601, UTC), empty without one.
    """

    source: str
    entries: int = 0
    stored: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    usage_days: int = 0
    dead: int = 0
    latency_withheld: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    newest: str = ""

    def add(self, batch: Batch) -> None:
        """Count a batch."""
        self.entries += batch.entries
        self.stored += len(batch.rows)
        self.usage_days += len(batch.usage_days)
        self.skipped += batch.skipped
        self.dead += len(batch.letters)
        for letter in batch.letters:
            reason = general_reason(letter.reason)
            known = reason in self.reasons or len(self.reasons) < _MOST_REASONS
            self.reasons[reason if known else _OTHER_REASONS] += 1
        self.latency_withheld += batch.latency_withheld
        self.faults += batch.faults
        self.newest = max([self.newest, *map(_time, batch.rows)])

    def to_json(self) -> bytes:
        """Return everything in it as a JSON object, which ``from_json`` reads."""
        return orjson.dumps({each.name: getattr(self, each.name) for each in fields(self)})

    @classmethod
    def from_json(cls, data: bytes | str) -> Ingestion:
        """Return what ``to_json`` wrote."""
        given = orjson.loads(data)
        counters = {name: Counter(given[name]) for name in ("skipped", "faults", "reasons")}
        return cls(**{**given, **counters})


def general_reason(reason: str) -> str:
    """Return a reason without the place inside its line, so that equal failures can be counted."""
    return _PLACE_IN_LINE.sub("", reason)


def fault_note(done: Iterable[Ingestion], dead_letters: Path | str) -> str | None:
    """Return what to say of the records that ProdLens failed on, None when it failed on none.

    Args:
        done: What became of the sources.
        dead_letters: The folder in which the records are kept.
    """
    faults = sum((each.faults for each in done), Counter[str]())
    if not faults:
        return None
    places = ", ".join(f"{count} x {place}" for place, count in faults.most_common(_PLACES_SHOWN))
    return (
        f"ProdLens failed on {faults.total()} records: a fault of the program, not of the traces ({places}). "
        f"Please report this message. The records are kept in {dead_letters}; after an upgrade, "
        "prod-lens dead-letters --retry tries them again."
    )


def record_ingestions(store: ProdLensStore, done: Iterable[Ingestion], now: datetime | None) -> None:
    """Record what became of sources, and the time of the newest call, inside the caller's transaction.

    A source that was ingested before has one record, the latest.
    """
    rows, newest_call = [], ""
    for each in done:
        skipped = orjson.dumps(each.skipped).decode()
        at = None if now is None else now.isoformat()
        rows.append((each.source, at, each.entries, each.stored, skipped, each.dead, each.latency_withheld))
        newest_call = max(newest_call, each.newest)
    store.conn.executemany(
        "INSERT OR REPLACE INTO ingestions "
        "(source, ingested_at, entries, stored, skipped, dead, latency_withheld) VALUES (?, ?, ?, ?, ?, ?, ?)",
        rows,
    )
    newest = parse_timestamp(newest_call)
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
