"""Moments that cannot be true take part in nothing, and are counted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from prodlens.metrics import ReportGenerator
from tests.metrics.situations import REPO, at, call, commit, pull, report_on

if TYPE_CHECKING:
    from prodlens.storage import ProdLensStore

ABSURD = [
    "0001-01-01T00:00:00+00:00",
    "1970-01-01T00:00:00+00:00",
    "2121-06-01T00:00:00+00:00",
    "9999-12-31T23:59:59+00:00",
]


def fill(store: ProdLensStore) -> None:
    """Store ten ordinary days of calls, commits and pull requests."""
    store.insert_sessions(
        [call(f"5-{day:02}", cost_usd=1.0, latency_ms=5.0, developer_id="ann") for day in range(1, 11)]
    )
    store.insert_commits([commit(f"sha{day}", f"5-{day:02}") for day in range(1, 11)])
    store.insert_pull_requests([pull(day, f"5-{day:02} 10:00", f"5-{day:02} 12:00") for day in range(1, 11)])


@pytest.mark.parametrize("since", ["5-01 00:00", date(1970, 1, 1)])
def test_absurd_moments_change_nothing_but_their_count(store: ProdLensStore, since: str | date) -> None:
    """Calls, commits and pull requests of the years 1, 1970, 2121 and 9999 leave every other figure as it was."""
    fill(store)
    plain = report_on(store, since)
    store.insert_sessions(
        [call("5-01") | {"timestamp": when, "cost_usd": 7.0, "developer_id": "bob"} for when in ABSURD]
    )
    store.insert_commits([commit(when, "5-01") | {"timestamp": when} for when in ABSURD])
    store.insert_pull_requests([pull(100 + n, "5-01") | {"created_at": when} for n, when in enumerate(ABSURD)])
    merged_late = {"merged_at": "2121-06-01T00:00:00Z", "closed_at": "2121-06-01T00:00:00Z", "state": "closed"}
    store.insert_pull_requests([pull(200, "5-01") | merged_late])
    report = report_on(store, since)
    assert report["data_quality"]["implausible"] == {"sessions": 4, "pull_requests": 5, "commits": 4}
    assert plain["data_quality"]["implausible"] == {"sessions": 0, "pull_requests": 0, "commits": 0}
    report["data_quality"]["implausible"] = plain["data_quality"]["implausible"]
    assert report == plain
    if since == "5-01 00:00":
        assert report["pr_throughput"]["weekly_merged_prs"] == pytest.approx(7)


@pytest.mark.parametrize(("hours", "counted"), [(47, 1), (49, 0)])
def test_two_days_ahead_of_the_clock_are_plausible(store: ProdLensStore, hours: int, counted: int) -> None:
    """A clock may be two days ahead of ours; without a time of the report, the generator's clock decides."""
    now = at("5-10 00:00")
    store.insert_sessions([call("5-01") | {"timestamp": now + timedelta(hours=hours)}])
    generator = ReportGenerator(store, clock=now.timestamp)
    report = generator.generate_report(repo=REPO, since=date(2026, 5, 1))
    assert report["ai_interaction_velocity"]["total_sessions"] == counted
    assert report["data_quality"]["implausible"]["sessions"] == 1 - counted


def test_frames_leave_absurd_days_out(store: ProdLensStore) -> None:
    """A row of the year 9999 does not make a series of three million days."""
    fill(store)
    sessions, commits = store.sessions_dataframe(), store.commits_dataframe()
    late: Any = {"timestamp": pd.Timestamp(datetime(2200, 1, 1, tzinfo=UTC))}
    more = pd.concat([sessions, pd.DataFrame([late])], ignore_index=True)
    generator = ReportGenerator(store)
    found = generator.get_correlations_with_effect_sizes(more, commits)
    expected = generator.get_correlations_with_effect_sizes(sessions, commits)
    assert (found["pearson"], found["session_growth_percent"]) == (expected["pearson"], 0.0)
