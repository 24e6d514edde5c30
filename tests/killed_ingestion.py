"""An ingestion that kills itself at a named place.

The place is a part of what the program is about to do: a statement of SQL, or the name that Python's audit events give
the opening, renaming or deleting of a file, with its arguments. Batches are small, so that there are many places.
"""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from typing import Any

from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import TraceIngestor, batches

# What the program loads with its first use; else every copy of this process would.
LOADED = [import_module(name) for name in ("genai_prices.data", "genai_prices.data_units", "pyarrow.parquet")]
BATCH_ENTRIES = 50
FILE_EVENTS = frozenset({"open", "os.rename", "os.remove", "os.truncate"})


class Killer:
    """Kills this process the nth time that it is about to do something."""

    def __init__(self, place: str, nth: int) -> None:
        self._place, self._left = place, nth

    def about_to(self, action: str) -> None:
        """Kill the process, or count the action."""
        if self._place in action:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGKILL)

    def on_audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take part in Python's audit events."""
        if event in FILE_EVENTS:
            self.about_to(f"{event} {' '.join(map(str, arguments))}")


def main(folder: str, path: str, place: str, nth: str) -> None:
    """Ingest the file into the project of a folder, until the place is reached for the nth time."""
    batches.BATCH_ENTRIES = BATCH_ENTRIES
    killer = Killer(place, int(nth))
    store = ProdLensStore(f"{folder}/cache.db")
    ingestor = TraceIngestor(store, dead_letter_dir=f"{folder}/dead", parquet_dir=f"{folder}/lake")
    store.conn.set_trace_callback(killer.about_to)
    sys.addaudithook(killer.on_audit)
    ingestor.ingest_file(path)
