"""Ingestion on what people have: ingest.py [--only NAME ...] [--ccusage COMMAND] - CPU seconds, ratios, memory.

Each part makes its files, ingests them by ``prod-lens ingest-traces`` in a process of its own, and holds that against
something that runs beside it: a loop of ``orjson.loads`` over the same lines, the first file against a second one, or
``ccusage`` over the same transcripts. The figures are CPU seconds of all processes, the median of ``--runs`` runs, and
the largest resident set. Compare the ratios of one run, never seconds between runs.

ccusage is compared where its command is given, for example ``--ccusage "node node_modules/ccusage/dist/index.js"``
after ``npm install ccusage@18`` in a folder of its own; without it that comparison is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import orjson

ROOT = Path(__file__).parents[1]
TRACES = ROOT / "tests" / "data" / "traces"
SESSIONS = ("claude_code_7fabc0bc.jsonl", "claude_code_15adb190.jsonl")
MODELS = ("anthropic/claude-3-sonnet", "claude-sonnet-4-5-20250929", "openai/gpt-4o", "gemini/gemini-2.5-pro")
START = datetime(2026, 5, 1, tzinfo=UTC)
DAYS = 180
LOOP = "import orjson, sys\nfor line in open(sys.argv[1], 'rb'): orjson.loads(line)"
MEASURED = """
import resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
open(sys.argv[1], "w").write(f"{used.ru_utime + used.ru_stime} {used.ru_maxrss / 1024}")
sys.exit(status)
"""


class Cost(NamedTuple):
    """What a program took: CPU seconds of it and its children, and MiB of the largest process."""

    seconds: float
    mebibytes: float


def cost(command: list[str], **environment: str) -> Cost:
    """Run a program to its end; its output is thrown away."""
    with tempfile.NamedTemporaryFile("r", encoding="ascii") as result:
        subprocess.run(
            [sys.executable, "-c", MEASURED, result.name, *command],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        seconds, mebibytes = map(float, result.read().split())
    return Cost(seconds, mebibytes)


def median(costs: list[Cost]) -> Cost:
    """Return the median seconds, and the most memory."""
    return Cost(statistics.median(each.seconds for each in costs), max(each.mebibytes for each in costs))


def ingest(project: Path, *inputs: Path) -> Cost:
    """Ingest files into the store, lake and dead letters of a project."""
    where = ["--db", f"{project}/cache.db", "--dead-letter-dir", f"{project}/dead", "--parquet-dir", f"{project}/lake"]
    return cost([sys.executable, "-m", "prodlens.cli", "ingest-traces", *map(str, inputs), *where])


def first_and_again(folder: Path, runs: int, *inputs: Path) -> tuple[Cost, Cost]:
    """Ingest into new projects, and each time once more; returns both costs."""
    first, again = [], []
    for number in range(runs):
        project = folder / f"project{number}"
        first.append(ingest(project, *inputs))
        again.append(ingest(project, *inputs))
        shutil.rmtree(project)
    return median(first), median(again)


def told(label: str, found: Cost, than: Cost | None = None) -> None:
    """Print a cost, and its ratio to another one."""
    ratio = "" if than is None else f", {found.seconds / than.seconds:.2f} of it"
    print(f"  {label}: {found.seconds:.2f} s{ratio}, {found.mebibytes:.0f} MiB", flush=True)


def write_transcripts(folder: Path, count: int) -> None:
    """Write sessions of Claude Code as it keeps them, each with ids of its own."""
    for number in range(count):
        data = TRACES.joinpath(SESSIONS[number % len(SESSIONS)]).read_bytes()
        for prefix in (b'"msg_', b'"req_', b'"toolu_'):
            data = data.replace(prefix, b"%s%d_" % (prefix, number))
        project = folder / "projects" / f"project{number % 30}"
        project.mkdir(parents=True, exist_ok=True)
        (project / f"{number:08x}-0000-4000-8000-000000000000.jsonl").write_bytes(data)


def write_proxy_lines(path: Path, count: int, size: int) -> None:
    """Write lines of LiteLLM's proxy, failures and an embedding among them, with conversations grown to a size."""
    records = [
        orjson.loads(line)
        for name in ("litellm_proxy.jsonl", "litellm_standard_logging.jsonl", "litellm_failures.jsonl")
        for line in TRACES.joinpath(name).read_bytes().splitlines()
    ]
    for record in records:
        messages = record["messages"] if isinstance(record.get("messages"), list) else []
        grown = list(messages) or [{"role": "user", "content": "x" * 500}]
        record["messages"] = grown * (max(size - len(orjson.dumps(record)), 0) // len(orjson.dumps(grown)) + 1)
    with path.open("wb") as file:
        for i in range(count):
            record = records[i % len(records)]
            named = {name: f"{record[name]}-{i}" for name in ("id", "litellm_call_id") if record.get(name)}
            moved = {name: record[name] + i * 60 for name in ("startTime", "endTime")}
            file.write(orjson.dumps(record | named | moved) + b"\n")


def write_records(path: Path, count: int, seed: int = 7, start: datetime = START, days: int = DAYS) -> None:
    """Write reference records over some days, the same for the same arguments."""
    rng = random.Random(seed)
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


def transcripts(folder: Path, args: argparse.Namespace) -> None:
    """Compare many small files with ccusage, and with themselves unchanged."""
    write_transcripts(folder, args.transcripts)
    print(f"{args.transcripts} transcripts of Claude Code")
    first, again = first_and_again(folder, args.runs, folder / "projects")
    if args.ccusage:
        command = [*shlex.split(args.ccusage), "daily", "--offline", "--json"]
        other = median([cost(command, CLAUDE_CONFIG_DIR=str(folder)) for _ in range(args.runs)])
        told("ccusage", other)
        told("ingested", first, other)
    else:
        told("ingested", first)
    told("again, unchanged", again, first)


def proxy_lines(folder: Path, args: argparse.Namespace) -> None:
    """Compare lines of LiteLLM's proxy, of two sizes, with a loop that reads them as JSON."""
    for count, size in ((args.lines, 12_000), (args.lines // 5, 100_000)):
        path = folder / f"proxy{size}.jsonl"
        write_proxy_lines(path, count, size)
        print(f"{count} lines of LiteLLM's proxy, {size // 1000} kB each")
        bare = median([cost([sys.executable, "-c", LOOP, str(path)]) for _ in range(args.runs)])
        told("orjson.loads", bare)
        first, again = first_and_again(folder, args.runs, path)
        told("ingested", first, bare)
        told("again, unchanged", again, first)


def growing_store(folder: Path, args: argparse.Namespace) -> None:
    """Compare a second file of the same days with the first, and a day more in a small and in a grown store."""
    project, day = folder / "project", folder / "day.jsonl"
    print(f"a store that grows by {args.records} records of the reference format over the same {DAYS} days")
    first = None
    for number in range(args.files):
        path = folder / "records.jsonl"
        write_records(path, args.records, seed=number)
        found = ingest(project, path)
        told(f"file {number + 1}", found, first)
        first = first or found
        count, start = max(args.records // DAYS, 1), START + timedelta(DAYS + number)
        write_records(day, count, seed=1000 + number, start=start, days=1)
        told(f"a day more after {(number + 1) * args.records} records", ingest(project, day))


PARTS = {"transcripts": transcripts, "lines": proxy_lines, "growth": growing_store}


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--ccusage", help="command that runs ccusage 18")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--transcripts", type=int, default=3_000)
    parser.add_argument("--lines", type=int, default=20_000)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--files", type=int, default=6)
    args = parser.parse_args()
    for name in args.only:
        with tempfile.TemporaryDirectory() as folder:
            PARTS[name](Path(folder), args)


if __name__ == "__main__":
    main()
