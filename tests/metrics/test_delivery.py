"""The moments that pull requests count by."""

from __future__ import annotations

from datetime import UTC, datetime

from prodlens.aggregation import DailyAggregator
from prodlens.metrics.delivery import read_delivery
from prodlens.storage import ProdLensStore
from tests.metrics.situations import at, commit, pull, report_on


def test_a_reopened_and_later_closed_pull_request_counts_on_the_day_of_the_reopening() -> None:
    """Reopened on 3 May and merged on 6 May, it is rework of 3 May and a merge of 6 May."""
    with ProdLensStore(":memory:") as store:
        store.insert_pull_requests([pull(1, "5-01", "5-06", reopened=True, reopened_at=at("5-03"))])
        (found,) = read_delivery(store.conn).pull_requests
        days = DailyAggregator(store).aggregate_github()
    assert found.reworked_at == datetime(2026, 5, 3, 12, tzinfo=UTC)
    assert found.closed_at == datetime(2026, 5, 6, 12, tzinfo=UTC)
    assert {day: (row["reopened_pr_count"], row["merged_pr_count"]) for day, row in days.items()} == {
        "2026-05-03": (1, 0),
        "2026-05-06": (0, 1),
    }


def test_a_merge_at_exactly_midnight_is_of_the_day_that_begins() -> None:
    """Merged, closed and committed at 2 May, 00:00 UTC is 2 May in the aggregates, the window and the daily table."""
    with ProdLensStore(":memory:") as store:
        store.insert_pull_requests([pull(1, "5-01 12:00", "5-02 00:00")])
        store.insert_commits([commit("a", "5-02 00:00")])
        days = DailyAggregator(store).aggregate_github()
        before = report_on(store, "5-01 00:00", until=at("5-02 00:00"))
        after = report_on(store, "5-02 00:00", until=at("5-03 00:00"))
    assert list(days) == ["2026-05-02"]
    assert (days["2026-05-02"]["merged_pr_count"], days["2026-05-02"]["avg_merge_hours"]) == (1, 12.0)
    for report, merged in ((before, 0), (after, 1)):
        assert report["pr_throughput"]["total_merged"] == merged
        assert report["pr_merge_time_hours"] == [12.0] * merged
        assert report["commit_frequency"]["total_commits"] == merged
        assert report["rework_rate"] == (0.0 if merged else None)
    daily = after["daily"]
    assert dict(zip(daily["days"], daily["merged_pull_requests"], strict=True)) == {"2026-05-01": 0, "2026-05-02": 1}
