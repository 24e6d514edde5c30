"""The forecast of the month and the interval of the cost per merged pull request, from rows to report."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.metrics import check_gates, parse_gates
from prodlens.rendering import render_markdown
from tests.metrics.situations import at, call, pull, report_on

if TYPE_CHECKING:
    from prodlens.storage import ProdLensStore

MAY_20 = datetime(2026, 5, 20, 6, tzinfo=UTC)  # a Wednesday


def spend(store: ProdLensStore, first: str, days: int, **changes: Any) -> None:
    """Store a call a day of 7 dollars in odd weeks and 14 in even ones, from the day on."""
    start = at(first)
    store.insert_sessions(
        [
            call("1-01", **{"cost_usd": 7.0 * (1 + day // 7 % 2), **changes})
            | {"timestamp": start + timedelta(days=day)}
            for day in range(days)
        ]
    )


def test_the_month_so_far_and_the_days_to_come(store: ProdLensStore) -> None:
    """19 days of May cost 5 x 14 + 7 x 7 + 7 x 14 dollars; 12 days at a seventh of 73.5 each are to come."""
    spend(store, "4-08", 42)  # through May 19, six weeks of 49 and 98
    report = report_on(store, report_time=MAY_20)
    found = report["forecast"]
    assert {name: found[name] for name in ("month", "through", "days_left", "weeks", "reason")} == {
        "month": "2026-05",
        "through": "2026-05-19",
        "days_left": 12,
        "weeks": 6,
        "reason": None,
    }
    assert found["spent_usd"] == 217.0
    cost = found["month_cost_usd"]
    assert cost["estimate"] == pytest.approx(217 + 73.5 * 12 / 7)
    assert 217 < cost["low"] < cost["estimate"] < cost["high"]
    assert cost["level"] == 0.95
    assert "| Forecast of May 2026 | " in render_markdown(report)
    gates = parse_gates(["forecast.month_cost_usd.low > 217", "forecast.month_cost_usd.high > 9999"])
    assert [result.failed for result in check_gates(gates, report)] == [True, False]


def test_calls_of_the_running_day_belong_to_a_day_to_come(store: ProdLensStore) -> None:
    """A day is not counted twice: what it cost until now is in the forecast of it, not beside it."""
    spend(store, "4-08", 42)
    before = report_on(store, report_time=MAY_20)["forecast"]
    store.insert_sessions([call("5-20 05:00", cost_usd=500.0)])
    assert report_on(store, report_time=MAY_20)["forecast"] == before


def test_a_month_that_is_over_is_its_cost(store: ProdLensStore) -> None:
    """A window that ended with a month has no forecast of it: bounds and estimate are what it cost."""
    spend(store, "5-01", 31)
    report = report_on(store, until=date(2026, 6, 1), report_time=datetime(2026, 6, 20, tzinfo=UTC))
    found = report["forecast"]
    assert (found["month"], found["days_left"], found["reason"]) == ("2026-05", 0, None)
    cost = found["month_cost_usd"]
    assert cost["low"] == cost["estimate"] == cost["high"] == pytest.approx(7 * 17 + 14 * 14)
    assert "| Cost of May 2026 |" in render_markdown(report)


def test_a_window_that_ended_before_is_looked_at_from_its_end(store: ProdLensStore) -> None:
    """A report on the past forecasts as it would have then; without a report time the last day of traces counts."""
    spend(store, "4-01", 60)
    past = report_on(store, until=date(2026, 5, 13), report_time=datetime(2026, 7, 1, tzinfo=UTC))["forecast"]
    assert (past["month"], past["through"], past["days_left"]) == ("2026-05", "2026-05-12", 19)
    timeless = report_on(store)["forecast"]
    assert (timeless["month"], timeless["through"], timeless["days_left"]) == ("2026-05", "2026-05-30", 1)


def test_the_first_of_a_month(store: ProdLensStore) -> None:
    """On the first, nothing of the month has been spent and all of it is to come."""
    spend(store, "4-20", 42)
    found = report_on(store, report_time=datetime(2026, 6, 1, 6, tzinfo=UTC))["forecast"]
    assert (found["month"], found["through"], found["spent_usd"], found["days_left"]) == (
        "2026-06",
        "2026-05-31",
        0,
        30,
    )
    assert found["month_cost_usd"]["estimate"] == pytest.approx(73.5 * 30 / 7)


@pytest.mark.parametrize(
    ("first", "days", "changes", "options", "reason"),
    [
        ("4-08", 0, {}, {}, "no traces"),
        ("4-29", 21, {}, {}, "fewer than 4 whole weeks to go by"),
        ("4-08", 34, {}, {}, "the traces end 8 days before the report"),
        ("4-08", 42, {"cost_usd": None}, {}, "calls without a known price, and no others"),
        ("4-08", 42, {"cost_usd": 0.0}, {}, "nothing in the 6 weeks to go by"),
        (
            "3-01",
            91,
            {},
            {"history_days": 29, "report_time": datetime(2026, 5, 31, 6, tzinfo=UTC)},
            "history-days does not reach back to the first of the month",
        ),
    ],
)
def test_without_a_forecast_there_is_a_reason(
    store: ProdLensStore, first: str, days: int, changes: dict[str, Any], options: dict[str, Any], reason: str
) -> None:
    """If too little is known, the reason says what is missing, and no condition of ``fail-if`` holds."""
    spend(store, first, days, **changes)
    report = report_on(store, **{"report_time": MAY_20, **options})
    found = report["forecast"]
    assert found["reason"] == reason
    assert (found["month_cost_usd"]["low"], found["month_cost_usd"]["estimate"]) == (None, None)
    assert not check_gates(parse_gates(["forecast.month_cost_usd.high >= 0"]), report)[0].failed


def test_weeks_that_never_change_have_an_estimate_alone(store: ProdLensStore) -> None:
    """Where the weeks do not differ, nothing says how far a month can be from them."""
    spend(store, "4-08", 42, cost_usd=1.0)
    cost = report_on(store, report_time=MAY_20)["forecast"]["month_cost_usd"]
    assert cost == {"low": None, "estimate": pytest.approx(31.0), "high": None, "level": None}


def test_unpriced_calls_of_this_month_leave_it_unknown(store: ProdLensStore) -> None:
    """A month whose calls all lack a price has not cost nothing so far, whatever the weeks before cost."""
    spend(store, "3-20", 42)  # through April 30
    store.insert_sessions([call("5-01"), call("5-02")])
    found = report_on(store, report_time=datetime(2026, 5, 3, 6, tzinfo=UTC))["forecast"]
    assert (found["spent_usd"], found["reason"]) == (None, "calls without a known price, and no others")


def test_the_interval_of_the_cost_per_merge_goes_by_week(store: ProdLensStore) -> None:
    """Four weeks of 49 and 98 dollars over one merge each vary by weeks; three weeks have a reason instead."""
    spend(store, "5-01", 28)
    pulls = [pull(number, "5-01", f"5-{day:02}", author="ada") for number, day in enumerate((2, 9, 16, 23, 28), 1)]
    store.insert_pull_requests(pulls)
    costs = report_on(store, until=date(2026, 5, 29))["cost_metrics"]
    assert costs["cost_per_merged_pr_usd"] == pytest.approx(294 / 5)
    bounds = costs["cost_per_merged_pr_interval"]
    assert 0 < bounds["low"] < 294 / 5 < bounds["high"]
    assert bounds["low"] * bounds["high"] == pytest.approx((294 / 5) ** 2)
    fewer = report_on(store, until=date(2026, 5, 28))
    assert fewer["cost_metrics"]["cost_per_merged_pr_interval"] is None
    assert "all costs over 4 merged; no interval: fewer than 4 whole weeks" in render_markdown(fewer)


def test_a_week_without_a_price_leaves_no_interval(store: ProdLensStore) -> None:
    """Where a week's cost is not known, weeks cannot be compared; without a merge there is nothing to divide by."""
    spend(store, "5-01", 21)
    store.insert_sessions([call("5-25"), call("5-28")])
    store.insert_pull_requests([pull(1, "5-01", "5-02", author="ada"), pull(2, "5-01", "5-28", author="ada")])
    assert report_on(store, until=date(2026, 5, 29))["cost_metrics"]["cost_per_merged_pr_reason"] == (
        "fewer than 4 whole weeks"
    )
    empty = report_on(store, "7-01 00:00", until=date(2026, 8, 1))["cost_metrics"]
    assert (empty["cost_per_merged_pr_interval"], empty["cost_per_merged_pr_reason"]) == (None, None)


@pytest.mark.parametrize(
    ("traced", "day", "options", "found", "cost"),
    [
        # Six whole weeks, and none beyond them.
        (("4-08", 42), 20, {}, ("2026-05-19", 217.0, 12, 6), (240.57594, 343.0, 495.62892)),
        # The weeks end with the last day, so that the first of 43 days is left out.
        (("4-08", 43), 21, {}, ("2026-05-20", 224.0, 11, 6), (270.10619, 339.5, 432.95348)),
        # Seven days without traces are bridged; days that nobody saw are days to come.
        (("4-08", 34), 19, {}, ("2026-05-11", 112.0, 20, 4), (179.67667, 322.0, 522.48395)),
        # Of 15 weeks the last six are gone by.
        (("2-01", 105), 17, {}, ("2026-05-16", 161.0, 15, 6), (200.84848, 318.5, 488.44893)),
        # A history that begins on the first of the month reaches back to it.
        (("2-01", 119), 31, {"history_days": 30}, ("2026-05-30", 308.0, 1, 4), (308.0, 318.5, 467.10348)),
        # The window ended on 17 May in its own zone, before the report was made.
        (
            ("4-08", 42),
            20,
            {"timezone": "America/New_York", "until": datetime(2026, 5, 18, 2, tzinfo=UTC)},
            ("2026-05-17", 189.0, 14, 5),
            (286.76227, 340.2, 403.99362),
        ),
    ],
)
def test_every_figure_of_a_forecast(
    store: ProdLensStore,
    traced: tuple[str, int],
    day: int,
    options: dict[str, Any],
    found: tuple[str, float, int, int],
    cost: tuple[float, float, float],
) -> None:
    """What the month cost, what is left of it, how many weeks stand behind, and the interval around both."""
    spend(store, *traced)
    forecast = report_on(store, report_time=datetime(2026, 5, day, 6, tzinfo=UTC), **options)["forecast"]
    month = forecast.pop("month_cost_usd")
    names = ("month", "reason", "through", "spent_usd", "days_left", "weeks")
    assert forecast == dict(zip(names, ("2026-05", None, *found), strict=True))
    assert (month["low"], month["estimate"], month["high"]) == pytest.approx(cost, abs=1e-5)
    assert month["level"] == 0.95


def test_a_month_without_a_forecast_has_no_figure_of_it(store: ProdLensStore) -> None:
    """Bounds, estimate and level are missing together, and nothing was spent where nothing was traced."""
    nothing = {"low": None, "estimate": None, "high": None, "level": None}
    assert report_on(store, report_time=MAY_20)["forecast"] == {
        "month": "2026-05",
        "through": None,
        "spent_usd": None,
        "days_left": 31,
        "weeks": 0,
        "month_cost_usd": nothing,
        "reason": "no traces",
    }
    spend(store, "4-08", 35)
    store.insert_sessions([call("5-13"), call("5-19")])
    found = report_on(store, report_time=MAY_20)["forecast"]
    assert (found["spent_usd"], found["weeks"], found["month_cost_usd"]) == (119.0, 6, nothing)
    assert found["reason"] == "calls without a known price, and no others"


def test_the_month_is_that_of_the_reports_zone(store: ProdLensStore) -> None:
    """The day of the report and the last day of the window are days of its zone, to the microsecond."""
    spend(store, "3-01", 92)  # through May 31
    late = datetime(2026, 5, 31, 20, tzinfo=UTC)
    assert report_on(store, report_time=late)["forecast"]["month"] == "2026-05"
    assert report_on(store, report_time=late, timezone="Asia/Kathmandu")["forecast"]["month"] == "2026-06"
    after = datetime(2026, 7, 1, tzinfo=UTC)
    for until, zone, month in (
        (datetime(2026, 6, 1, 2, tzinfo=UTC), "UTC", "2026-06"),
        (datetime(2026, 6, 1, 2, tzinfo=UTC), "America/New_York", "2026-05"),
        (datetime(2026, 6, 1, tzinfo=UTC), "UTC", "2026-05"),
        (datetime(2026, 6, 1, 0, 0, 0, 1, tzinfo=UTC), "UTC", "2026-06"),
    ):
        assert report_on(store, until=until, timezone=zone, report_time=after)["forecast"]["month"] == month


def test_weeks_are_those_that_end_with_the_last_day(store: ProdLensStore) -> None:
    """One priced day makes a week known, wherever in it; and where traces ended long ago no weeks stand behind."""
    spend(store, "4-08", 36)  # through May 13, the first day of the sixth week
    store.insert_sessions([call(f"5-{day}") for day in range(14, 20)])
    found = report_on(store, report_time=MAY_20)["forecast"]
    assert (found["reason"], found["spent_usd"], found["weeks"]) == (None, 133.0, 6)
    later = report_on(store, report_time=MAY_20 + timedelta(days=8))["forecast"]
    assert (later["reason"], later["weeks"]) == ("the traces end 8 days before the report", 0)


def test_a_month_beyond_all_numbers_is_unknown(store: ProdLensStore) -> None:
    """Where what was spent and what is to come add up to no number, no part of the sum is told, and the reason is."""
    spend(store, "5-02", 29, cost_usd=1e306)
    store.insert_sessions([call("5-01", cost_usd=1.503e308)])  # what was spent is a number yet, one day more is none
    found = report_on(store, report_time=datetime(2026, 5, 31, 6, tzinfo=UTC))["forecast"]
    assert (found["spent_usd"], found["days_left"], found["weeks"]) == (pytest.approx(1.793e308), 1, 4)
    assert found["month_cost_usd"] == {"low": None, "estimate": None, "high": None, "level": None}
    assert found["reason"] == "the values are too large or too small to compute with"
