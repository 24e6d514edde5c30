"""Records of the reference format, and projects that they are ingested into."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Self

import pyarrow.parquet as pq

from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import TraceIngestor
from tests.forked import Forked

DATA = Path(__file__).parent / "data" / "traces"


def record(number: int = 0, **changes: Any) -> dict[str, Any]:
    """Build a record of the reference format."""
    return {
        "timestamp": f"2026-05-{1 + number % 28:02}T10:00:00Z",
        "usage": {"input_tokens": 1000 + number, "output_tokens": 500},
        "attributes": {"llm.model_name": "claude-3-sonnet", "latency_ms": 900, "status_code": 200, "accepted": True},
        "metadata": {"session_id": f"session_{number}", "developer_id": "alice", "repo": "acme/web"},
        **changes,
    }


def call(**changes: Any) -> dict[str, Any]:
    """Build a record with an id of its own: another record of it is the same call."""
    return record() | {"id": "msg_1"} | changes


def lines(*records: Any) -> bytes:
    """Return records as JSON lines; bytes stand as they are."""
    return b"".join((each if isinstance(each, bytes) else json.dumps(each).encode()) + b"\n" for each in records)


class TraceProject:
    """A store, a lake and a folder of dead letters of their own; the store is closed with the block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.store = ProdLensStore(folder / "cache.db")
        self.ingestor = TraceIngestor(self.store, dead_letter_dir=folder / "dead", parquet_dir=folder / "lake")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()

    def ingest(self, data: bytes, name: str = "traces.jsonl", **options: Any) -> int:
        """Ingest bytes as a file."""
        path = self.folder / name
        path.write_bytes(data)
        return self.ingestor.ingest_file(path, **options)

    def rows(self) -> list[dict[str, Any]]:
        """Return the calls less their row numbers, in the order of their identity."""
        rows = [dict(row) for row in self.store.fetch_sessions()]
        return sorted(({k: v for k, v in row.items() if k != "id"} for row in rows), key=lambda row: row["trace_hash"])

    def lake(self) -> dict[str, list[dict[str, Any]]]:
        """Return the rows of every partition."""
        root = self.folder / "lake"
        return {
            str(path.relative_to(root)): pq.ParquetFile(path).read().to_pylist()
            for path in sorted(root.glob("*/*.parquet"))
        }


Opener = Callable[[Path], TraceProject]


def killed_ingestions(path: Path, folder: Path, places: Iterable[tuple[str, int]]) -> Iterator[Path]:
    """Yield the folder of a project for each place at which an ingestion of the file killed itself.

    Args:
        path: The file.
        folder: Where the projects are made.
        places: What the ingestion was about to do, as ``tests.killed_ingestion`` names it, and the how manieth time.
    """
    with Forked("tests.killed_ingestion") as program:
        for number, (place, nth) in enumerate(places):
            project = folder / f"killed{number}"
            project.mkdir()
            assert program.run(project, path, place, nth) == -signal.SIGKILL, (place, nth)
            yield project
