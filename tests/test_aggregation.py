"""DailyAggregator against values worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from prodlens.aggregation import DailyAggregator
from prodlens.storage import ProdLensStore
from tests.metrics.situations import at, call, commit, pull

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def store() -> Iterator[ProdLensStore]:
    """Open an empty store in memory."""
    with ProdLensStore(":memory:") as opened:
        yield opened


def test_a_day_of_calls(store: ProdLensStore) -> None:
    """Every figure of a day is over what is known; days are UTC days; days without calls are left out."""
    store.insert_sessions(
        [
            call("5-01 00:00", total_tokens=5, accepted_flag=True, status_code=200, latency_ms=10.0, cost_usd=0.5),
            call("5-01 23:59", total_tokens=7, accepted_flag=False, status_code=429, latency_ms=30.0),
            call("5-01 12:00", total_tokens=1, acceptance_known=False, accepted_flag=True),
            call("5-03 12:00", repo_slug="acme/api"),
        ]
    )
    first, last = DailyAggregator(store).aggregate_sessions().values()
    assert first == {
        "event_date": "2026-05-01",
        "session_count": 3,
        "total_tokens": 13,
        "accepted_count": 1,
        "error_count": 1,
        "median_latency_ms": 20.0,
        "cost_usd": 0.5,
    }
    assert (last["event_date"], last["median_latency_ms"], last["cost_usd"]) == ("2026-05-03", None, None)
    assert list(DailyAggregator(store).aggregate_sessions(date(2026, 5, 3))) == ["2026-05-03"]
    assert DailyAggregator(store).aggregate_sessions(date(2026, 5, 2)) == {}


def test_a_day_on_github(store: ProdLensStore) -> None:
    """Merges count on the day of merging, rework on the day of the first reopening, else of closing."""
    store.insert_pull_requests(
        [
            pull(1, "4-20 12:00", "5-02 12:00"),
            pull(2, "5-02 10:00", "5-02 14:30"),
            pull(3, "5-01", state="closed", closed_at=at("5-04"), reopened=True),
            pull(4, "5-01", reopened=True, reopened_at=at("5-03")),
        ]
    )
    store.insert_commits([commit("a", "5-02"), commit("b", "5-01")])
    days = DailyAggregator(store).aggregate_github()
    assert list(days) == ["2026-05-01", "2026-05-02", "2026-05-03", "2026-05-04"]
    assert days["2026-05-02"] == {
        "event_date": "2026-05-02",
        "merged_pr_count": 2,
        "commit_count": 1,
        "reopened_pr_count": 0,
        "avg_merge_hours": pytest.approx((288 + 4.5) / 2),
    }
    assert [days[day]["reopened_pr_count"] for day in days] == [0, 0, 1, 1]
    assert days["2026-05-03"]["avg_merge_hours"] is None
    assert list(DailyAggregator(store).aggregate_github(date(2026, 5, 3))) == ["2026-05-03"]


def test_aggregates_are_written_once(store: ProdLensStore) -> None:
    """Writing twice leaves the same rows: those for everybody, whose developer is NULL."""
    store.insert_sessions([call("5-01"), call("5-02")])
    store.insert_commits([commit("a", "5-02")])
    for _ in range(2):
        assert DailyAggregator(store).write_aggregates() == (2, 1)
    rows = store.fetch_daily_session_metrics()
    assert [(row["event_date"], row["developer_id"]) for row in rows] == [("2026-05-01", None), ("2026-05-02", None)]
    assert [row["commit_count"] for row in store.fetch_daily_github_metrics()] == [1]


def test_numbers_that_add_up_to_infinity_are_unknown(store: ProdLensStore) -> None:
    """A day whose costs or latencies leave the range of numbers has none."""
    store.insert_sessions([call("5-01", cost_usd=1.7e308, latency_ms=1.7e308) for _ in range(2)])
    day = DailyAggregator(store).aggregate_sessions()["2026-05-01"]
    assert (day["cost_usd"], day["median_latency_ms"], day["session_count"]) == (None, None, 2)


def test_medians_of_even_and_odd_numbers_of_calls(store: ProdLensStore) -> None:
    """The median is the middle latency of three, and the mean of the two in the middle of four."""
    odd = [call("5-01", latency_ms=ms) for ms in (10.0, 40.0, 20.0, None)]
    even = [call("5-02", latency_ms=ms) for ms in (10.0, 40.0, 20.0, 100.0)]
    store.insert_sessions([*odd, *even])
    days = DailyAggregator(store).aggregate_sessions()
    assert [row["median_latency_ms"] for row in days.values()] == [20.0, 30.0]


@pytest.mark.parametrize(("code", "errors"), [(399, 0), (400, 1), (None, 0)])
def test_a_status_of_400_is_an_error(store: ProdLensStore, code: int | None, errors: int) -> None:
    """399 is not an error, 400 is one, and an unknown status is not."""
    store.insert_sessions([call("5-01", status_code=code)])
    assert DailyAggregator(store).aggregate_sessions()["2026-05-01"]["error_count"] == errors


def test_one_day_on_github_alone(store: ProdLensStore) -> None:
    """Asked for a day, there is that day alone, whole; a day on which nothing happened is left out."""
    store.insert_pull_requests(
        [pull(1, "5-01", "5-02", reopened=True, reopened_at=at("5-02")), pull(2, "5-01", "5-03")]
    )
    store.insert_commits([commit("a", "5-02"), commit("b", "5-02"), commit("c", "5-03")])
    assert DailyAggregator(store).aggregate_github(date(2026, 5, 2)) == {
        "2026-05-02": {
            "event_date": "2026-05-02",
            "merged_pr_count": 1,
            "commit_count": 2,
            "reopened_pr_count": 1,
            "avg_merge_hours": 24.0,
        }
    }
    at_six = datetime(2026, 5, 3, 18, tzinfo=UTC)
    assert DailyAggregator(store).aggregate_github(at_six)["2026-05-03"]["commit_count"] == 1
    assert DailyAggregator(store).aggregate_github(date(2026, 5, 1)) == {}


def test_what_bots_did_is_in_no_figure(store: ProdLensStore) -> None:
    """Merges and commits of bots count neither on a day with others nor as a day of their own."""
    store.insert_pull_requests(
        [
            pull(1, "5-01 00:00", "5-01 10:00", author="ada"),
            pull(2, "5-01 00:00", "5-01 01:00", author="dependabot[bot]"),
            pull(3, "5-01 00:00", "5-02 01:00", author="renovate", author_type="Bot"),
        ]
    )
    store.insert_commits([commit("a", "5-01", author="ada"), commit("b", "5-02", author="renovate[bot]")])
    days = DailyAggregator(store).aggregate_github()
    assert list(days) == ["2026-05-01"]
    figures = days["2026-05-01"]
    assert (figures["merged_pr_count"], figures["commit_count"], figures["avg_merge_hours"]) == (1, 1, 10.0)
