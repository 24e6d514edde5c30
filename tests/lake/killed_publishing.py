"""A publication that kills itself at a named place: killed_publishing.py ADDRESS PLACE NTH."""

from __future__ import annotations

import sys

from prodlens.lake import Place, publish
from tests.killed_ingestion import Killer
from tests.lake.published_rows import publication


def main(address: str, action: str, nth: str) -> None:
    """Publish, until it is about to do something for the nth time."""
    killer = Killer(action, int(nth))
    made = publication("05a", "05b", "06a")
    sys.addaudithook(killer.on_audit)
    publish(Place(address), made)


if __name__ == "__main__":
    main(*sys.argv[1:])
