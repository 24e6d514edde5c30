"""A compaction that kills itself at a named place: killed_compaction.py ADDRESS PLACE NTH."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

from prodlens.lake import Place, compaction
from tests.killed_ingestion import Killer


def main() -> None:
    """Compact, until the place is reached."""
    address, action, nth = sys.argv[1:]
    killer = Killer(action, int(nth))
    place = Place(address)
    compaction.QUIET = timedelta(0)
    sys.addaudithook(killer.on_audit)
    compaction.compact(place, datetime(2026, 7, 1, tzinfo=UTC))


if __name__ == "__main__":
    main()
