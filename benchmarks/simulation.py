"""Does a report find what is there, and only that?

Simulates teams: negative-binomial days with a weekday pattern and a memory of the day before (AR(1) Gaussian copula),
usage independent of output or, for the power, with a true effect on the commits of the next day. What moves both sides
is added by scenario: public holidays and closed weeks that nobody declared, days off of four people, sprints of two
weeks (a wave, or two days of two and a half times as much), and a trend that doubles or halves; ``everything`` is all
of it. ``alone`` is one person who works on any day, with calls on 7 of 10 days, commits on 7 and merges on 7, each on
days of its own.

Each team's report is made by ``generate_report`` from a store; with ``--series`` by the report's section on association
alone, which is faster and cannot judge the periods. Printed is the share of reports with a finding at q <= 0.05: in the
primary family, among all tests, at the true lag, at any other, and among the changes of the last 28 days against the 28
before and of the last week. Exits with status 1 where a null is out of its bounds.

Usage: python benchmarks/simulation.py [--series] [--reports 300] [--seed 20260105] [--scenarios ...] [--days ...]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import special, stats

sys.path.insert(0, str(Path(__file__).parents[1]))

from prodlens.metrics import ReportGenerator
from prodlens.metrics.associations import association_sections
from prodlens.metrics.request import ReportRequest
from prodlens.metrics.series import DailySeries
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prodlens.statistics.estimates import FloatArray

    Team = Mapping[str, FloatArray]

MONDAY = date(2026, 1, 5)
REPO = "acme/web"
WEEKDAYS = np.array([1, 1.1, 1.05, 1, 0.85, 0.15, 0.12])
MEMORY, SIZE = 0.5, 2
MEANS = {"sessions": 12.0, "commits": 6.0, "merged_pull_requests": 1.2, "reworked_pull_requests": 0.25}
SHARED = frozenset({"holidays", "days off", "sprints", "trend"})
SCENARIOS: dict[str, frozenset[str]] = {
    "nothing": frozenset(),
    **{name: frozenset({name}) for name in ("holidays", "days off", "sprints", "deadlines", "trend")},
    "everything": SHARED,
    "everything, deadlines": SHARED - {"sprints"} | {"deadlines"},
    **{f"effect {effect}": frozenset() for effect in (0.3, 0.5, 0.7)},
    "alone": frozenset({"alone"}),
}
SPANS = (28, 60, 90, 180)
FOUND = 0.05
# Of 300 reports with a true share of 4.5 %, one cell in a thousand is above.
MOST_FALSE = 0.09


class Findings(NamedTuple):
    """What one report found: in the primary family, among all tests, at the true lag, elsewhere, and changed."""

    primary: bool
    whole: bool
    true: bool
    other: bool
    changed: bool


def shared_level(rng: np.random.Generator, days: int, parts: frozenset[str]) -> FloatArray:
    """Return what use and output of every day are multiplied by."""
    day, level = np.arange(days), np.ones(days)
    if "holidays" in parts:
        # Eleven working days and two closed weeks a year; about a thirtieth of the usual is left.
        off = (rng.random(days) < 11 / 261) & (day % 7 < 5)
        for last in np.flatnonzero(rng.random(days + 6) < 2 / 365):
            off[max(last - 6, 0) : last + 1] = True
        level = np.where(off, 0.03, level)
    if "days off" in parts:
        level = level * np.maximum(np.mean([_present(rng, days) for _ in range(4)], axis=0), 0.03)
    if "sprints" in parts:
        level = level * (1 + 0.6 * np.sin(2 * np.pi * day / 14 + rng.uniform(0, 2 * np.pi)))
    if "deadlines" in parts:
        level = level * np.where((day + rng.integers(14)) % 14 < 2, 2.5, 1.0)
    if "trend" in parts:
        level = level * np.exp(np.log(2) * (day / days - 0.5) * rng.choice([-1, 1]))
    return level


def _present(rng: np.random.Generator, days: int) -> FloatArray:
    """Return the days on which a person works, off one day in ten, three in a row on average."""
    present, away = np.ones(days), False
    for day, chance in enumerate(rng.random(days)):
        away = chance < (2 / 3 if away else 1 / 27)
        present[day] = not away
    return present


def latent(rng: np.random.Generator, days: int) -> FloatArray:
    """Return standard normal days with a memory of the day before."""
    row = rng.standard_normal(days)
    for day in range(1, days):
        row[day] = MEMORY * row[day - 1] + np.sqrt(1 - MEMORY**2) * row[day]
    return row


def make_team(rng: np.random.Generator, days: int, parts: frozenset[str], effect: float) -> Team:
    """Return the daily series of a team; commits follow the calls of the day before with this correlation."""
    level = shared_level(rng, days, parts) * WEEKDAYS[np.arange(days) % 7]
    rows = {name: latent(rng, days) for name in MEANS}
    commits = rows["commits"]
    commits[1:] = effect * rows["sessions"][:-1] + np.sqrt(1 - effect**2) * commits[1:]
    made = {
        name: np.asarray(stats.nbinom.ppf(special.ndtr(row), SIZE, SIZE / (SIZE + MEANS[name] * level)))
        for name, row in rows.items()
    }
    if "alone" in parts:
        made = {name: rng.poisson(MEANS[name] / 2, days) * (rng.random(days) < 0.7) * 1.0 for name in MEANS}
    made["tokens"] = np.round(made["sessions"] * rng.lognormal(8, 0.5, days))
    made["cost_usd"] = made["tokens"] * 3e-6 * rng.lognormal(0, 0.2, days)
    hours = np.exp(rng.normal(2, 1, days) / np.sqrt(np.maximum(made["merged_pull_requests"], 1)))
    made["merge_hours"] = np.where(made["merged_pull_requests"] > 0, hours, np.nan)
    return made


def report_of_series(team: Team, days: int) -> dict[str, Any]:
    """Return the report's section on association of the series as they are."""
    last = MONDAY + timedelta(days=days)
    daily = {
        name: DailySeries(name, MONDAY, tuple(None if np.isnan(value) else float(value) for value in row))
        for name, row in team.items()
    }
    request = ReportRequest(repo=REPO, since=last - timedelta(days=28), until=last, history_days=days)
    return association_sections(request, daily)


def report_of_store(store: ProdLensStore, team: Team, days: int) -> dict[str, Any]:
    """Return the report on a store that holds the team and nothing else."""
    _fill(store, team)
    last = MONDAY + timedelta(days=days)
    now = datetime(last.year, last.month, last.day, 12, tzinfo=UTC)
    generator = ReportGenerator(store, clock=now.timestamp)
    return generator.generate_report(
        repo=REPO, since=last - timedelta(days=28), until=last, history_days=days, report_time=now
    )


def _fill(store: ProdLensStore, team: Team) -> None:
    calls, commits, pulls = [], [], []
    for day in range(len(team["sessions"])):
        noon = datetime(MONDAY.year, MONDAY.month, MONDAY.day, 12, tzinfo=UTC) + timedelta(days=day)
        used, at = int(team["sessions"][day]), noon.isoformat()
        for number in range(used):
            tokens = int(team["tokens"][day] / used)
            key = (f"{day}-{number}", f"{day}-{number}", at, at[:10], tokens, team["cost_usd"][day] / used, REPO)
            calls.append(key)
        commits += [
            {"sha": f"{day}-{n}", "timestamp": noon, "repo_slug": REPO} for n in range(int(team["commits"][day]))
        ]
        opened = noon - timedelta(hours=float(np.nan_to_num(team["merge_hours"][day])))
        again = int(team["reworked_pull_requests"][day])
        for number in range(max(int(team["merged_pull_requests"][day]), again)):
            merged = noon if number < team["merged_pull_requests"][day] else None
            pulls.append(
                {
                    "id": 1_000 * day + number + 1,
                    "number": 1_000 * day + number + 1,
                    "repo_slug": REPO,
                    "state": "closed" if merged else "open",
                    "created_at": opened,
                    "merged_at": merged,
                    "reopened": number < again,
                    "reopened_at": noon if number < again else None,
                }
            )
    with store.transaction() as conn:
        for table in ("sessions", "commits", "pull_requests"):
            conn.execute(f"DELETE FROM {table}")
        conn.executemany(
            "INSERT INTO sessions (trace_hash, session_id, timestamp, event_date, total_tokens, cost_usd, repo_slug, "
            "cost_source) VALUES (?, ?, ?, ?, ?, ?, ?, 'recorded')",
            calls,
        )
    store.insert_commits(commits)
    store.insert_pull_requests(pulls)


def findings(report: Mapping[str, Any]) -> Findings:
    """Return what a report, or its section on association alone, found."""
    primary = {label for label, q in report["multiple_comparison_adjustment"]["adjusted"].items() if q <= FOUND}
    whole = any(test["q"] is not None and test["q"] <= FOUND for test in report["associations"]["tests"])
    periods = report.get("periods")
    rows = [] if periods is None else [*(figure["change"] for figure in periods["figures"]), *periods["week_over_week"]]
    true = "sessions:commits:1:spearman"
    return Findings(
        primary=bool(primary),
        whole=whole,
        true=true in primary,
        other=bool(primary - {true}),
        changed=any(row["q"] is not None and row["q"] <= FOUND for row in rows),
    )


def simulate(
    make: Callable[[Team, int], dict[str, Any]], scenario: str, days: int, reports: int, seed: int
) -> dict[str, float]:
    """Return the share of reports with each kind of finding."""
    # Every cell has its own stream, so that a cell alone gives what it gives among the others.
    rng = np.random.default_rng([seed, days, list(SCENARIOS).index(scenario)])
    effect = float(scenario.removeprefix("effect ")) if scenario.startswith("effect ") else 0.0
    found = [findings(make(make_team(rng, days, SCENARIOS[scenario], effect), days)) for _ in range(reports)]
    return {
        name: float(np.mean([getattr(one, name) for one in found]))
        for name in ("primary", "whole", "true", "other", "changed")
    }


def main() -> int:
    """Print the table; 1 where a null finds too often."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--reports", type=int, default=300)
    parser.add_argument("--seed", type=int, default=20260105)
    parser.add_argument("--series", action="store_true", help="the section on association alone, without a store")
    parser.add_argument("--scenarios", nargs="+", choices=list(SCENARIOS), default=list(SCENARIOS))
    parser.add_argument("--days", nargs="+", type=int, default=list(SPANS))
    arguments = parser.parse_args()
    started, missed = time.perf_counter(), []
    print(f"{arguments.reports} reports a row; share with a finding at q <= {FOUND:g}")
    print(f"{'scenario':<24}{'days':>5}{'primary':>9}{'whole':>8}{'lag 1':>8}{'others':>8}{'changed':>9}", flush=True)
    with tempfile.TemporaryDirectory() as folder, ProdLensStore(Path(folder) / "simulated.db") as store:

        def make(team: Team, days: int) -> dict[str, Any]:
            return report_of_series(team, days) if arguments.series else report_of_store(store, team, days)

        for scenario in arguments.scenarios:
            for days in arguments.days:
                row = simulate(make, scenario, days, arguments.reports, arguments.seed)
                changed = "" if arguments.series else f"{row['changed']:.1%}"
                print(
                    f"{scenario:<24}{days:>5}{row['primary']:>9.1%}{row['whole']:>8.1%}{row['true']:>8.1%}"
                    f"{row['other']:>8.1%}{changed:>9}",
                    flush=True,
                )
                if not scenario.startswith("effect ") and max(row["primary"], row["whole"]) > MOST_FALSE:
                    missed.append(f"{scenario} at {days} days: {row['primary']:.1%}, {row['whole']:.1%}")
    print(f"{time.perf_counter() - started:.0f} s")
    for text in missed:
        print(f"out of bounds: {text}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
