"""A reading of trace artifacts that kills itself at a SQL statement."""

from __future__ import annotations

import os
import signal
from datetime import datetime
from importlib import import_module
from pathlib import Path

from prodlens.action.artifacts.upload import new_session
from prodlens.action.gathering.trace_artifacts import ingest_trace_artifacts
from prodlens.github import GithubClient
from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import TraceIngestor

# What the program loads with its first use; else every copy of this process would.
LOADED = [import_module(name) for name in ("genai_prices.data", "genai_prices.data_units", "pyarrow.parquet")]


def main(folder: str, url: str, slug: str, name: str, now: str, last: str) -> None:
    """Read the artifacts until the last statement; with 0 as the last, to the end, and write how many there were."""
    store, statements = ProdLensStore(f"{folder}/cache.db"), 0

    def count(_: str) -> None:
        nonlocal statements
        statements += 1
        if statements == int(last):
            os.kill(os.getpid(), signal.SIGKILL)

    store.conn.set_trace_callback(count)
    ingest_trace_artifacts(
        store,
        TraceIngestor(store, dead_letter_dir=f"{folder}/dead", parquet_dir=f"{folder}/lake"),
        GithubClient(token="t", api_url=url),
        slug,
        [name],
        session=new_session(0.001),
        repository_id=None,
        owner=slug,
        now=datetime.fromisoformat(now),
        scratch=Path(folder, "scratch"),
    )
    store.conn.set_trace_callback(None)
    Path(folder, "statements").write_text(str(statements), encoding="utf-8")
