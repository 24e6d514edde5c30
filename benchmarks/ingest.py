"""Ingestion against the least that any program must do: ingest.py [--records N] [--lines N] - seconds, ratios, memory.

N reference records over 180 days are written once, then landed bare (one ``orjson.loads`` a line, fixed keys, one hash,
one upsert a row, one Parquet file a day) and by ``ingest-traces``, each in a process of its own; then the same file
again, and a day more. Lines of LiteLLM's proxy, grown to 100 kB each, are held against a loop of ``orjson.loads``.
Compare the ratios of one run, never seconds between runs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PROXY_LINES = ROOT / "tests" / "data" / "traces" / "litellm_proxy.jsonl"
LINE_BYTES = 100_000
DAYS = 180
START = datetime(2026, 5, 1, tzinfo=UTC)
MODELS = ("anthropic/claude-3-sonnet", "claude-sonnet-4-5-20250929", "openai/gpt-4o", "gemini/gemini-2.5-pro")
COLUMNS = (
    *("trace_hash", "session_id", "developer_id", "timestamp", "model", "tokens_in", "tokens_out", "latency_ms"),
    *("status_code", "accepted_flag", "repo_slug", "event_date", "total_tokens", "diff_ratio", "accepted_lines"),
)


def write_records(path: Path, count: int, start: datetime = START, days: int = DAYS) -> None:
    """Write reference records over some days, the same for the same arguments."""
    rng = random.Random(7)
    with path.open("w", encoding="utf-8") as file:
        for i in range(count):
            at = start + timedelta(seconds=days * 86400 * i / count + rng.random())
            tokens_in, tokens_out = rng.randint(50, 20000), rng.randint(10, 3000)
            record = {
                "timestamp": at.isoformat().replace("+00:00", "Z"),
                "usage": {
                    "input_tokens": tokens_in,
                    "output_tokens": tokens_out,
                    "total_tokens": tokens_in + tokens_out,
                },
                "attributes": {
                    "llm.model_name": rng.choice(MODELS),
                    "latency_ms": round(rng.lognormvariate(7, 0.8), 1),
                    "status_code": 200 if rng.random() > 0.03 else 429,
                    "prod_lens.accepted": rng.random() < 0.4,
                    "diff_ratio": round(rng.random(), 3),
                    "accepted_lines": rng.randint(0, 60),
                },
                "metadata": {
                    "session_id": f"session_{rng.getrandbits(40):x}",
                    "developer_id": f"dev{rng.randrange(40)}",
                    "repo": rng.choice(("acme/web", "acme/api", "acme/infra")),
                },
            }
            file.write(json.dumps(record) + "\n")


def write_proxy_lines(path: Path, count: int) -> None:
    """Write real lines of the proxy over and over, each a call of its own whose conversation has grown long."""
    import orjson

    records = [orjson.loads(line) for line in PROXY_LINES.read_bytes().splitlines()]
    for record in records:
        said = list(record["messages"])
        while len(orjson.dumps(record)) < LINE_BYTES:
            record["messages"] += said
    with path.open("wb") as file:
        for i in range(count):
            record = records[i % len(records)]
            named = {name: f"{record[name]}-{i}" for name in ("id", "litellm_call_id")}
            moved = {name: record[name] + i * 60 for name in ("startTime", "endTime")}
            file.write(orjson.dumps(record | named | moved) + b"\n")


def load_bare(path: Path) -> None:
    """Read each line as JSON and do nothing with it."""
    import orjson

    with path.open("rb") as lines:
        for line in lines:
            orjson.loads(line)


def land_bare(path: Path, folder: Path) -> None:
    """Land the records with no check, no fallback and no way back: the floor."""
    import orjson
    import pyarrow as pa
    import pyarrow.parquet as pq

    marks = ", ".join("?" * len(COLUMNS))
    upsert = f"INSERT INTO sessions VALUES ({marks}) ON CONFLICT DO UPDATE SET model = excluded.model"
    partitions: dict[tuple[str, str], list[tuple[Any, ...]]] = defaultdict(list)
    with closing(sqlite3.connect(folder / "bare.db")) as conn, conn, path.open("rb") as lines:
        conn.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
        conn.execute(f"CREATE TABLE sessions ({', '.join(COLUMNS)}, PRIMARY KEY (trace_hash)) WITHOUT ROWID")
        batch = []
        for line in lines:
            record = orjson.loads(line)
            row = _bare_row(record, hashlib.blake2b(line, digest_size=16).digest())
            batch.append(row)
            partitions[row[10], row[11]].append(row)
            if len(batch) == 20_000:
                conn.executemany(upsert, batch)
                batch.clear()
        conn.executemany(upsert, batch)
    for (repo, day), rows in partitions.items():
        table = pa.table([pa.array(column) for column in zip(*rows, strict=True)], names=list(COLUMNS))
        pq.write_table(table, folder / f"{repo.replace('/', '-')}-{day}.parquet")


def _bare_row(record: dict[str, Any], digest: bytes) -> tuple[Any, ...]:
    usage, attributes, metadata = record["usage"], record["attributes"], record["metadata"]
    at = datetime.fromisoformat(record["timestamp"])
    return (
        *(digest, metadata["session_id"], metadata["developer_id"], at.isoformat(), attributes["llm.model_name"]),
        *(usage["input_tokens"], usage["output_tokens"], attributes["latency_ms"], attributes["status_code"]),
        *(attributes["prod_lens.accepted"], metadata["repo"], at.date().isoformat()),
        usage["input_tokens"] + usage["output_tokens"],
        *(attributes["diff_ratio"], attributes["accepted_lines"]),
    )


def timed(*command: str) -> tuple[float, float, float]:
    """Run a program; returns seconds, and peak MiB of its largest process and of all of them together."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, *command], cwd=ROOT, stderr=subprocess.DEVNULL)
    largest = together = 0.0
    while process.poll() is None:
        sizes = list(_resident(process.pid))
        largest, together = max(largest, *sizes, 0.0), max(together, sum(sizes))
        time.sleep(0.02)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return time.perf_counter() - started, largest, together


def _resident(pid: int) -> list[float]:
    """Return the resident MiB of a process and its children, without the file pages they share."""
    sizes = []
    for line in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
        sizes += _resident(int(line)) if Path(f"/proc/{line}").exists() else []
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            sizes.append(int(line.split()[1]) / 1024)
    return sizes or [0.0]


def ingest(folder: Path, name: str) -> tuple[float, float, float]:
    """Run ``ingest-traces`` on a file of the folder, into the store and lake there; returns what ``timed`` does."""
    command = ["-m", "prodlens.cli", "ingest-traces", f"{folder}/{name}", "--db", f"{folder}/cache.db"]
    return timed(*command, "--dead-letter-dir", f"{folder}/dead", "--parquet-dir", f"{folder}/lake")


def compare_records(folder: Path, count: int) -> None:
    """Print what reference records take bare, the first time, again, and a day more."""
    write_records(folder / "traces.jsonl", count)
    (folder / "bare").mkdir()
    bare = timed(__file__, "--bare", f"{folder}/traces.jsonl", f"{folder}/bare")
    print(f"{count} records; bare: {bare[0]:.1f} s, {bare[1]:.0f} MiB")
    for label in ("first time", "again"):
        _print_ratio(label, ingest(folder, "traces.jsonl"), bare)
    write_records(folder / "day.jsonl", max(count // DAYS, 1), START + timedelta(days=DAYS), 1)
    before = _times(folder / "lake")
    seconds = ingest(folder, "day.jsonl")[0]
    touched = {path.name for path, at in _times(folder / "lake").items() if before.get(path) != at}
    print(f"a day more: {seconds:.1f} s; {len(before)} files in the lake, written: {', '.join(sorted(touched))}")


def compare_lines(folder: Path, count: int) -> None:
    """Print what lines of the proxy take to be read bare, and to be ingested."""
    write_proxy_lines(folder / "proxy.jsonl", count)
    bare = timed(__file__, "--load", f"{folder}/proxy.jsonl")
    print(f"{count} lines of {LINE_BYTES // 1000} kB; orjson.loads: {bare[0]:.1f} s")
    _print_ratio("ingested", ingest(folder, "proxy.jsonl"), bare)


def _print_ratio(label: str, run: tuple[float, float, float], bare: tuple[float, float, float]) -> None:
    seconds, largest, together = run
    print(
        f"{label}: {seconds:.1f} s, {seconds / bare[0]:.2f} of bare; "
        f"{largest:.0f} MiB in the largest process, {together:.0f} MiB in all"
    )


def _times(lake: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in lake.rglob("*.parquet")}


def main() -> None:
    """Write the files, land them, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--lines", type=int, default=4_000)
    parser.add_argument("--bare", nargs=2, type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--load", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.bare:
        land_bare(*args.bare)
    elif args.load:
        load_bare(args.load)
    else:
        for compare, count in ((compare_records, args.records), (compare_lines, args.lines)):
            with tempfile.TemporaryDirectory() as name:
                compare(Path(name), count)


if __name__ == "__main__":
    main()
