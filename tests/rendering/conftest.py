"""Reports of known situations, made by the real pipeline from stores with fixed times."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.commands.simulated_team import DEMO_LAST_DAY, fill_store, simulate_team
from prodlens.github_etl.state import COMMITS, PULL_REQUESTS, StreamState
from prodlens.metrics import ReportGenerator
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from pathlib import Path

REPORT_TIME = datetime(2026, 6, 29, 6, tzinfo=UTC)
SITUATIONS = ("empty", "two-weeks", "rich", "partial-sync", "several-repositories")


def simulated_report(folder: Path, repo: str, *, weeks: int, seed: int = 1, partial: bool = False) -> dict[str, Any]:
    """Report on a simulated team over at most its last four weeks."""
    with ProdLensStore(folder / f"{repo.replace('/', '-')}-{weeks}-{seed}.db") as store:
        if weeks:
            fill_store(store, simulate_team(seed=seed, weeks=weeks, repo=repo), REPORT_TIME)
        if partial:
            mark_partial(store, repo)
        since = DEMO_LAST_DAY - timedelta(days=7 * min(weeks or 4, 4) - 1)
        return generate(store, repo, since)


def generate(store: ProdLensStore, repo: str, since: date) -> dict[str, Any]:
    """Report with the report time that all tests share."""
    return ReportGenerator(store).generate_report(repo=repo, since=since, report_time=REPORT_TIME)


def mark_partial(store: ProdLensStore, repo: str) -> None:
    """Leave the store as a sync does that stopped at its budget."""
    with store.transaction() as conn:
        for stream, stopped in ((PULL_REQUESTS, "the budget of 800 requests is spent"), (COMMITS, None)):
            state = StreamState(repo, stream, synced_at="2026-06-29T05:00:00+00:00", stopped=stopped)
            state.last_run_at = state.synced_at
            state.save(conn)


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """Return the reports of every situation by its name."""
    folder = tmp_path_factory.mktemp("stores")
    rich = simulated_report(folder, "simulated/team", weeks=12)
    return {
        "empty": [simulated_report(folder, "octocat/empty", weeks=0)],
        "two-weeks": [simulated_report(folder, "octocat/two-weeks", weeks=2, seed=5)],
        "rich": [rich],
        "partial-sync": [simulated_report(folder, "octocat/partial", weeks=4, seed=6, partial=True)],
        "several-repositories": [rich, simulated_report(folder, "octocat/small", weeks=2, seed=7)],
    }
