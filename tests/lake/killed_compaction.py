"""A compaction that kills itself at a named place."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

from prodlens.lake import Place, compaction
from tests.killed_ingestion import Killer


def main(address: str, action: str, nth: str) -> None:
    """Compact, until it is about to do something for the nth time."""
    killer = Killer(action, int(nth))
    place = Place(address)
    compaction.QUIET = timedelta(0)
    sys.addaudithook(killer.on_audit)
    compaction.compact(place, datetime(2026, 7, 1, tzinfo=UTC))
