"""Report over a million calls: report.py [--sessions N] [--folder DIR] - seconds, ratios and peak memory.

A store of N calls in three repositories over 180 days is made once a folder. In a process of its own, warm and after
imports, ``generate_report`` on one of the repositories is then timed against one indexed ``GROUP BY event_date`` over
the same rows. Compare the ratios of one run, never seconds between runs.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

START = datetime(2026, 5, 1, tzinfo=UTC)
DAYS = 180
REPOS = ("acme/web", "acme/api", "acme/infra")
MODELS = ("claude-sonnet-4-5", "claude-haiku-4-5", "gpt-4o", "gpt-4o-mini", "gemini-2.5-pro", "o3")
COLUMNS = (
    "trace_hash, session_id, developer_id, timestamp, event_date, model, tokens_in, tokens_out, total_tokens, "
    "latency_ms, status_code, accepted_flag, repo_slug, diff_ratio, accepted_lines, cost_usd, cost_source"
)
BASELINES = {
    "calls, tokens, cost": (
        "SELECT event_date, count(*), sum(total_tokens), sum(cost_usd) FROM sessions INDEXED BY sessions_event_date "
        "WHERE repo_slug = 'acme/web' GROUP BY event_date"
    ),
    "calls alone, of all repositories": (
        "SELECT event_date, count(*) FROM sessions INDEXED BY sessions_event_date GROUP BY event_date"
    ),
}
ROUNDS = 5


def calls(count: int) -> Iterator[tuple[Any, ...]]:
    """Yield rows of calls spread evenly over the days, oldest first."""
    rng = random.Random(7)
    for number in range(count):
        moment = START + timedelta(seconds=DAYS * 86_400 * number / count + rng.random())
        tokens_in, tokens_out = rng.randint(50, 20_000), rng.randint(10, 3_000)
        yield (
            f"{number:032x}",
            f"{rng.getrandbits(40):x}",
            f"dev{rng.randrange(40)}",
            moment.isoformat(),
            moment.date().isoformat(),
            rng.choice(MODELS),
            tokens_in,
            tokens_out,
            tokens_in + tokens_out,
            round(rng.lognormvariate(7, 0.8), 1),
            200 if rng.random() > 0.03 else 429,
            int(rng.random() < 0.4),
            rng.choice(REPOS),
            round(rng.random(), 3),
            rng.randint(0, 60),
            (tokens_in * 3 + tokens_out * 15) / 1e6,
            "computed",
        )


def make_store(path: Path, count: int) -> None:
    """Fill a new store with calls, 30 commits a day and 6 pull requests a day."""
    rng = random.Random(8)
    with ProdLensStore(path) as store:
        with store.transaction() as conn:
            marks = ", ".join("?" * len(COLUMNS.split(",")))
            conn.executemany(f"INSERT INTO sessions ({COLUMNS}) VALUES ({marks})", calls(count))
        moments = [START + timedelta(days=DAYS * rng.random()) for _ in range(DAYS * 36)]
        store.insert_commits(
            {"sha": f"{number:040x}", "timestamp": moment, "repo_slug": REPOS[0], "author": f"dev{number % 30}"}
            for number, moment in enumerate(moments[: DAYS * 30])
        )
        store.insert_pull_requests(
            {
                "id": number,
                "number": number,
                "repo_slug": REPOS[0],
                "state": "closed",
                "created_at": moment,
                "merged_at": moment + timedelta(hours=rng.lognormvariate(3, 1)),
                "reopened": rng.random() < 0.05,
            }
            for number, moment in enumerate(moments[DAYS * 30 :])
        )
        store.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def measure(path: Path) -> dict[str, float]:
    """Return milliseconds of the report and of every baseline, and the peak memory in MiB."""
    from prodlens.metrics import ReportGenerator

    with ProdLensStore(path) as store:
        generator = ReportGenerator(store)
        report = _best(lambda: generator.generate_report(repo=REPOS[0], since=START.date(), policy_models={"claude-*"}))
        month = _best(lambda: generator.generate_report(repo=REPOS[0], since=date(2026, 9, 30)))
        # Peak memory first: the baselines fetch 180 rows, but they are not what is promised.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        baselines = {name: _best(_query(store, sql)) for name, sql in BASELINES.items()}
    return {"report": report, "report of the last 28 days": month, "peak MiB": peak, **baselines}


def _query(store: ProdLensStore, sql: str) -> Callable[[], object]:
    return lambda: store.conn.execute(sql).fetchall()


def _best(call: Callable[[], object]) -> float:
    call()
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return min(seconds) * 1000


def main() -> None:
    """Make the store if it is not there, measure in a fresh process, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sessions", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="keep the store here between runs")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        path = (arguments.folder or Path(temporary)) / f"report-{arguments.sessions}.db"
        if not path.exists():
            make_store(path, arguments.sessions)
        done = subprocess.run([sys.executable, __file__, "--measure", str(path)], capture_output=True, check=True)
        figures = json.loads(done.stdout)
        print(f"{arguments.sessions} calls, {path.stat().st_size / 2**20:.0f} MiB on disk")
    for name in ("report", "report of the last 28 days"):
        print(f"{name}: {figures[name]:.0f} ms")
    for name in BASELINES:
        print(f"  GROUP BY event_date ({name}): {figures[name]:.0f} ms, ratio {figures['report'] / figures[name]:.2f}")
    print(f"peak memory {figures['peak MiB']:.0f} MiB")


if __name__ == "__main__":
    main()
