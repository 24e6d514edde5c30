"""The organisation's report over published tables that are made for it: time and memory of one run, each in a process.

``python benchmarks/organisation.py --repositories 300 --days 365 --calls 100`` is the size of docs/organisation.md:
11 million calls and 60,000 pull requests. ``--keep DIR`` makes the tables once and leaves them there. ``--publish``
measures the other end instead: what publishing one repository of that size takes beside its report of four weeks.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent.parent))

if TYPE_CHECKING:
    import numpy as np

LAST = date(2026, 6, 1)
PULL_REQUESTS_A_DAY = 200 / 365
OPEN, COMMITS_A_PULL_REQUEST = 0.08, 3
PEOPLE, FIRST_USERS, LAST_USERS = 10, 3, 7  # of a repository: who has an assistant at the start and at the end
MODELS = ("claude-sonnet-4-5", "gpt-5", "gemini-2.5-pro", "claude-haiku-4-5")
TOOLS = ("claude-code", "codex", "copilot")


def made(folder: Path, repositories: int, days: int, calls: int) -> None:
    """Write the tables of an organisation whose repositories have ten people each."""
    import numpy as np

    random = np.random.default_rng(7)
    first = LAST - timedelta(days=days)
    months = sorted({(first + timedelta(days=day)).replace(day=1) for day in range(days)})
    for number in range(repositories):
        name = f"acme/service-{number:04}"
        for month in months:
            begin = max(month, first)
            covered = (min((month + timedelta(days=31)).replace(day=1), LAST) - begin).days
            begun = ((begin - first).days + covered / 2) / days
            _write(folder, "calls", name, month, _calls(random, number, begin, covered, covered * calls, begun))
            pulls = round(covered * PULL_REQUESTS_A_DAY)
            _write(folder, "pull_requests", name, month, _pulls(random, number, begin, covered, pulls))
            made_commits = _commits(random, number, begin, covered, pulls * COMMITS_A_PULL_REQUEST)
            _write(folder, "commits", name, month, made_commits)
        _write(folder, "repositories", name, None, _repository(number))


def _write(folder: Path, table: str, name: str, month: date | None, columns: dict[str, Any]) -> None:
    import pyarrow as pa

    from prodlens.lake import PUBLISHED_TABLES, as_file, file_name

    schema = PUBLISHED_TABLES[table].schema
    rows = len(next(iter(columns.values())))
    filled: list[Any] = []
    for field in schema:
        if field.name == "repository":
            filled.append(pa.array([name] * rows, pa.string()))
        elif field.name in columns:
            filled.append(pa.array(columns[field.name]).cast(field.type, safe=False))
        else:
            filled.append(pa.nulls(rows, field.type))
    target = folder / file_name(table, name, f"{month:%Y-%m}" if month else "")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(as_file(PUBLISHED_TABLES[table], pa.Table.from_arrays(filled, schema=schema)))


def _moments(random: np.random.Generator, begin: date, days: int, count: int) -> np.ndarray:
    import numpy as np

    start = np.datetime64(begin, "us")
    return start + random.integers(0, days * 86_400_000_000, count).astype("timedelta64[us]")


def _calls(
    random: np.random.Generator, number: int, begin: date, days: int, count: int, begun: float
) -> dict[str, Any]:
    import numpy as np

    at = _moments(random, begin, days, count)
    users = FIRST_USERS + round(begun * (LAST_USERS - FIRST_USERS))
    cost = np.round(random.lognormal(-3, 1, count), 6)
    return {
        "call": np.char.mod("%016x", random.integers(0, 2**62, count)),
        "at": at,
        "day": at.astype("datetime64[D]"),
        "developer": np.char.mod(f"p{number:04}-%d", random.integers(0, users, count)),
        "tool": np.array(TOOLS)[random.integers(0, len(TOOLS), count)],
        "source": np.full(count, "claude-code"),
        "model": np.array(MODELS)[random.integers(0, len(MODELS), count)],
        "tokens_in": random.integers(100, 100_000, count),
        "tokens_out": random.integers(10, 5_000, count),
        "latency_ms": random.lognormal(8, 1, count),
        "cost_usd": np.where(random.random(count) < 0.95, cost, np.nan),
        "pull_request": random.integers(1, 200, count),
        "time_is_estimated": np.zeros(count, bool),
    }


def _pulls(random: np.random.Generator, number: int, begin: date, days: int, count: int) -> dict[str, Any]:
    import numpy as np

    opened = _moments(random, begin, days, count)
    merged = opened + random.integers(0, 5 * 86_400_000_000, count).astype("timedelta64[us]")
    is_open = random.random(count) < OPEN
    merged[is_open] = np.datetime64("NaT")
    return {
        "number": np.arange(count) + begin.toordinal() * 100,
        "opened_at": opened,
        "merged_at": merged,
        "closed_at": merged,
        "author": np.char.mod(f"p{number:04}-%d", random.integers(0, PEOPLE, count)),
        "is_bot": np.zeros(count, bool),
        "state": np.where(is_open, "open", "merged"),
        "draft": np.zeros(count, bool),
        "additions": random.integers(1, 400, count),
        "deletions": random.integers(0, 200, count),
        "changed_files": random.integers(1, 12, count),
        "reopened": np.zeros(count, bool),
        "reverted": random.random(count) < 0.02,
        "is_revert": np.zeros(count, bool),
        "assisted": random.random(count) < 0.4,
        "cost_usd": np.round(random.lognormal(0, 1, count), 6),
    }


def _commits(random: np.random.Generator, number: int, begin: date, days: int, count: int) -> dict[str, Any]:
    import numpy as np

    at = _moments(random, begin, days, count)
    return {
        "sha": np.char.mod("%016x", random.integers(0, 2**62, count)),
        "at": at,
        "day": at.astype("datetime64[D]"),
        "author": np.char.mod(f"p{number:04}-%d", random.integers(0, PEOPLE, count)),
        "is_bot": np.zeros(count, bool),
        "parents": np.ones(count, int),
    }


def _repository(number: int) -> dict[str, Any]:
    now = [datetime(LAST.year, LAST.month, LAST.day, tzinfo=UTC)]
    read: dict[str, Any] = dict.fromkeys(("last_call_at", "pull_requests_synced_at", "commits_synced_at"), now)
    counts: dict[str, Any] = {name: [0] for name in ("dead_letters", "implausible", "unusable_costs")}
    lists: dict[str, Any] = {name: [[]] for name in ("missing", "files")}
    return {"team": [f"team-{number % 30}"], "simulated": [True], **read, **counts, **lists}


def report(place: str, days: int, engine: str) -> None:
    """Make one report and print what it took, as JSON."""
    begun = time.perf_counter()
    from prodlens.organisation import Period, connected, organisation_report

    period = Period(LAST - timedelta(days=days), LAST)
    now = datetime(LAST.year, LAST.month, LAST.day, tzinfo=UTC)
    found = organisation_report(connected(engine), place, period, now=now)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu_of_others, peak_of_others = _children()
    print(
        json.dumps(
            {
                "engine": engine,
                "days": days,
                "calls": found["cost"]["calls"],
                "merged": found["pull_requests"]["whole"]["merged"],
                "cost_usd": round(found["cost"]["cost_usd"], 2),
                "compared": found["comparison"]["assisted"],
                "began": found["adoption"]["beginning"]["began"],
                "seconds": round(time.perf_counter() - begun, 2),
                "cpu_seconds": round(usage.ru_utime + usage.ru_stime + cpu_of_others, 2),
                "peak_mib": round(usage.ru_maxrss / 1024 + peak_of_others),
            }
        )
    )


def _children() -> tuple[float, float]:
    """Return CPU seconds and peak memory (MiB) of the child processes that are alive, as Spark's Java; Linux alone."""
    cpu, peak = 0.0, 0.0
    for task in Path("/proc/self/task").iterdir():
        for pid in (task / "children").read_text().split():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            cpu += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            status = Path(f"/proc/{pid}/status").read_text()
            peak += int(status.partition("VmHWM:")[2].split()[0]) / 1024
    return cpu, peak


def publish(days: int, calls: int) -> None:
    """Report on one repository and publish it: for the first time, unchanged, and with one call more."""
    import random

    from prodlens.lake import Place
    from prodlens.metrics import Publishing, ReportGenerator, publish_repositories
    from prodlens.storage import ProdLensStore

    draw, now = random.Random(7), datetime(LAST.year, LAST.month, LAST.day, tzinfo=UTC)
    with tempfile.TemporaryDirectory() as folder, ProdLensStore(Path(folder, "cache.db")) as store:
        store.insert_sessions(_stored_calls(draw, now, days, calls))
        store.insert_pull_requests(
            {
                "id": number, "number": number, "repo_slug": "acme/web", "state": "closed", "author": f"d{number % 8}",
                "created_at": now - timedelta(days=2 * number + 2), "merged_at": now - timedelta(days=2 * number),
                "head_ref": f"topic-{number}", "base_ref": "main",
            }
            for number in range(days // 2)
        )  # fmt: skip
        for _ in range(2):  # the first report makes an index
            _took("report of four weeks", lambda: ReportGenerator(store).generate_report(
                repo="acme/web", since=now - timedelta(days=28), report_time=now
            ))  # fmt: skip
        place = Place(folder)
        for what in ("publishing everything", "publishing nothing new", "publishing one call more"):
            if what.endswith("more"):
                store.insert_sessions([{"timestamp": now - timedelta(hours=1), "repo_slug": "acme/web"}])
            done = _took(what, lambda: list(publish_repositories(store, place, ["acme/web"], Publishing(now=now))))
            print(f"  {len(done[0].published.written)} files written, {done[0].published.unchanged} unchanged")


def _took(what: str, work: Any) -> Any:
    begun, cpu = time.perf_counter(), time.process_time()
    result = work()
    print(f"{what}: {time.process_time() - cpu:.2f} s of CPU, {time.perf_counter() - begun:.2f} s")
    return result


def _stored_calls(draw: Any, now: datetime, days: int, calls: int) -> Any:
    for day in range(days):
        for number in range(calls):
            yield {
                "timestamp": now - timedelta(days=day, seconds=number * 60 + 1), "repo_slug": "acme/web",
                "session_id": f"{day}-{number // 10}", "developer_id": f"d{number % 8}", "model": MODELS[number % 4],
                "source": TOOLS[number % 3], "tokens_in": draw.randint(100, 20_000),
                "tokens_out": draw.randint(10, 2_000), "cost_usd": draw.random(),
                "cost_source": "recorded" if number % 2 else "computed", "latency_ms": 5_000 * draw.random(),
                "status_code": 200, "branch": f"topic-{day // 2}" if number % 3 == 0 else None,
                "trace_hash": f"{day:08x}{number:08x}",
            }  # fmt: skip


def main() -> None:
    """Make the tables and report on them, over all days and over four weeks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repositories", type=int, default=30)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--calls", type=int, default=100, help="a repository and day")
    parser.add_argument("--engine", default="duckdb")
    parser.add_argument("--keep", type=Path, help="folder that the tables are kept in")
    parser.add_argument("--report", type=int, metavar="DAYS", help="only report on the tables of --keep")
    parser.add_argument("--publish", action="store_true", help="only publish one repository")
    args = parser.parse_args()
    if args.publish:
        publish(args.days, args.calls)
        return
    if args.report:
        report(str(args.keep), args.report, args.engine)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or Path(temporary)
        if not (folder / "v1").exists():
            begun = time.perf_counter()
            made(folder, args.repositories, args.days, args.calls)
            print(f"tables made in {time.perf_counter() - begun:.1f} s")
        files = list(folder.rglob("*.parquet"))
        print(f"{len(files)} files, {sum(file.stat().st_size for file in files) / 1e6:.0f} MB")
        for days in (args.days, 28):
            command = [sys.executable, __file__, "--keep", str(folder), "--engine", args.engine, "--report", str(days)]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
