"""Days, weeks and lagged pairs."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.metrics.situations import at, call, commit, pull, report_on

if TYPE_CHECKING:
    from prodlens.storage import ProdLensStore


def test_days_inside_the_observed_span_are_zeros_and_others_are_left_out(store: ProdLensStore) -> None:
    """Each source has a value on every day of its own span, zero where nothing happened, and none outside it."""
    store.insert_sessions([call("5-02", total_tokens=9), call("5-05")])
    store.insert_commits([commit("a", "5-04"), commit("b", "5-07")])
    daily = report_on(store)["daily"]
    assert daily["days"] == [f"2026-05-0{day}" for day in range(2, 8)]
    assert daily["sessions"] == [1, 0, 0, 1, None, None]
    assert daily["tokens"] == [9, 0, 0, 0, None, None]
    assert daily["commits"] == [None, None, 1, 0, 0, 1]
    assert daily["merged_pull_requests"] == [None] * 6


@pytest.mark.parametrize(("lag", "count"), [(0, 4), (1, 5), (2, 6), (4, 6), (9, 1), (10, 0)])
def test_a_lagged_pair_needs_both_its_days_observed(store: ProdLensStore, lag: int, count: int) -> None:
    """The count of a correlation is the number of days t with calls observed on t and commits on t + lag."""
    store.insert_sessions([call("5-01"), call("5-06")])
    store.insert_commits([commit("a", "5-03"), commit("b", "5-10")])
    association = report_on(store, lag_days=lag)["ai_outcome_association"]
    assert association["lag_days"] == lag
    assert association["pearson"]["count"] == association["spearman"]["count"] == count


def test_the_association_looks_back_beyond_the_window(store: ProdLensStore) -> None:
    """History before the window counts, as far as history_days reaches; the window's own end still ends it."""
    store.insert_sessions([call(f"{month}-{day:02}") for month in (4, 5) for day in range(1, 31)])
    store.insert_commits([commit(f"{month}-{day}", f"{month}-{day:02}") for month in (4, 5) for day in range(1, 31)])
    counts = [
        report_on(store, "5-15 00:00", lag_days=0, **options)["ai_outcome_association"]["pearson"]["count"]
        for options in ({}, {"history_days": 10}, {"until": date(2026, 5, 20)})
    ]
    assert counts == [60, 10, 49]


def test_the_running_day_is_left_out_of_series_and_kept_in_totals(store: ProdLensStore) -> None:
    """With a report time, totals run to it, and daily series and whole weeks stop before its day."""
    store.insert_sessions([call("5-04 10:00"), call("5-10 09:00"), call("5-10 11:00")])
    for time, days, calls, weeks in (("5-10 10:00", 6, 2, 0), ("5-11 00:30", 7, 3, 1)):
        report = report_on(store, report_time=at(time))
        assert len(report["daily"]["days"]) == days
        assert report["ai_interaction_velocity"]["total_sessions"] == calls
        assert len(report["weekly"]) == weeks


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("UTC", ["2026-05-01", "2026-05-02"]),
        ("America/New_York", ["2026-05-01"]),
        ("Asia/Tokyo", ["2026-05-02"]),
        ("Australia/Lord_Howe", ["2026-05-02"]),
    ],
)
def test_a_day_is_one_of_the_time_zone(store: ProdLensStore, zone: str, days: list[str]) -> None:
    """The same two calls, three hours apart, fall on one or two days by the zone asked for."""
    store.insert_sessions([call("5-01 22:30"), call("5-02 01:30")])
    assert report_on(store, timezone=zone)["daily"]["days"] == days


def test_a_day_that_the_clocks_change_on_is_one_day(store: ProdLensStore) -> None:
    """The day of 25 hours counts all of them, and the days around it keep theirs."""
    store.insert_sessions([call(when) for when in ("10-24 22:30", "10-25 22:30", "10-25 23:30")])
    daily = report_on(store, "10-01", timezone="Europe/Berlin")["daily"]
    assert dict(zip(daily["days"], daily["sessions"], strict=True)) == {"2026-10-25": 2, "2026-10-26": 1}


def test_weeks_are_whole_and_begin_on_monday(store: ProdLensStore) -> None:
    """Only weeks observed from Monday to Sunday have totals, for each source on its own."""
    store.insert_sessions([call("5-06"), call("5-12"), call("5-13"), call("5-26")])
    store.insert_pull_requests([pull(1, "5-01", "5-18"), pull(2, "5-20", "5-24 23:59")])
    weekly = report_on(store)["weekly"]
    assert [(w["week"], w["sessions"], w["merged_pull_requests"]) for w in weekly] == [
        ("2026-05-04", None, 0),
        ("2026-05-11", 2, 0),
        ("2026-05-18", 0, 2),
    ]


@pytest.mark.parametrize(
    ("options", "end"),
    [
        ({}, "2026-05-09T00:00:00+00:00"),
        ({"timezone": "Asia/Tokyo"}, "2026-05-08T15:00:00+00:00"),
        ({"until": date(2026, 6, 1)}, "2026-06-01T00:00:00+00:00"),
        ({"until": datetime.fromisoformat("2026-06-01T08:00:00+02:00")}, "2026-06-01T06:00:00+00:00"),
        ({"report_time": at("5-08 13:00")}, "2026-05-08T13:00:00+00:00"),
    ],
)
def test_the_window_ends_after_the_last_observed_day(store: ProdLensStore, options: dict[str, Any], end: str) -> None:
    """Without an end the window ends with the last day on which a call, a commit or a pull request was observed."""
    store.insert_sessions([call("5-02")])
    store.insert_commits([commit("a", "5-03")])
    store.insert_pull_requests([pull(1, "4-30", "5-08 12:00")])
    assert report_on(store, **options)["metadata"]["window"]["end"] == end


def test_a_week_of_unpriced_calls_has_no_cost(store: ProdLensStore) -> None:
    """A week whose calls all lack a price has no cost; one without calls costs 0, one with some what is known."""
    # Mondays: 4, 11, 18 and 25 May.
    store.insert_sessions([call("5-04"), call("5-05"), call("5-20", cost_usd=0.5), call("5-21"), call("5-31")])
    report = report_on(store, report_time=at("6-01 00:30"))
    assert [week["cost_usd"] for week in report["weekly"]] == [None, 0, 0.5, None]
    costs = dict(zip(report["daily"]["days"], report["daily"]["cost_usd"], strict=True))
    assert (costs["2026-05-04"], costs["2026-05-06"], costs["2026-05-20"], costs["2026-05-21"]) == (None, 0, 0.5, None)


def test_a_period_without_a_price_has_no_cost(store: ProdLensStore) -> None:
    """The total of a period counts every observed day, and is null where no call of it has a price."""
    store.insert_sessions([call(f"4-{day:02}") for day in range(1, 31)])
    store.insert_sessions([call(f"5-{day:02}", cost_usd=1.0) for day in range(1, 31)])
    cost = report_on(store, "5-01 00:00", until=date(2026, 5, 31))["periods"]["figures"][2]
    assert (cost["this"], cost["previous"]) == ({"total": 30.0, "days": 30}, {"total": None, "days": 30})
