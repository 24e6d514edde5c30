"""Intervals of shares, periods, time to merge and effect sizes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from prodlens.metrics import ReportGenerator
from prodlens.metrics.periods import compare_totals
from prodlens.metrics.series import DailySeries
from tests.metrics.situations import at, call, commit, pull, report_on
from tests.metrics.test_pull_request_costs import rounded

if TYPE_CHECKING:
    from prodlens.storage import ProdLensStore


def test_shares_of_one_day_are_one_cluster(store: ProdLensStore) -> None:
    """An interval needs days that can differ; without, its bounds are null and the reason is given."""
    store.insert_sessions([call("5-01", accepted_flag=n < 3, status_code=200) for n in range(5)])
    report = report_on(store)
    assert report["acceptance_rate_interval"] == {
        "low": None,
        "high": None,
        "level": None,
        "k": 3,
        "n": 5,
        "design_effect": None,
        "reason": "all decisions fell on one day",
        "cluster": "day",
        "people": 0,
    }
    assert report["error_rate_interval"]["n"] == 5
    assert report["rework_rate_interval"]["reason"] == "nothing was counted"


def test_the_target_is_below_inside_or_above_the_interval(store: ProdLensStore) -> None:
    """Only a target leads to a test, whose verdict is where the interval lies."""
    store.insert_sessions(
        [call(f"5-{day:02}", accepted_flag=n < 7) for day in range(1, 21) for n in range(8 + day % 2)]
    )
    assert report_on(store)["acceptance_target"] is None
    verdicts = [report_on(store, acceptance_target=target)["acceptance_target"]["verdict"] for target in (0.5, 0.82, 1)]
    assert verdicts == ["above", "inside", "below"]


def test_open_pull_requests_count_as_not_yet_merged(store: ProdLensStore) -> None:
    """The median time to merge follows the open ones to the window's end, and leaves those closed unmerged out."""
    merged = [pull(n, "5-01 00:00", f"5-{n + 1:02} 00:00") for n in range(1, 6)]
    still_open = [pull(n, "5-01 00:00") for n in range(6, 9)]
    closed = pull(9, "5-02", state="closed", closed_at=at("5-03"))
    later = pull(10, "5-02 00:00", "6-20")
    store.insert_pull_requests([*merged, *still_open, closed, later, pull(11, "4-01", "5-02")])
    found = report_on(store, until=date(2026, 6, 1))["merge_time"]
    assert [found[name] for name in ("opened", "merged", "open", "closed_unmerged")] == [10, 5, 4, 1]
    # Kaplan-Meier over 5 merges and 4 still open: 8/9, 7/9, 6/9, 5/9, 4/9 after 1 to 5 days.
    assert [round(point["share_unmerged"] * 9) for point in found["curve"]] == [8, 7, 6, 5, 4, 4, 4]
    assert found["median_hours"] == 120.0


def test_too_few_merges_have_no_median(store: ProdLensStore) -> None:
    """Below five merges there is a curve and no median, and the reason says so."""
    store.insert_pull_requests([pull(1, "5-01", "5-02"), pull(2, "5-01")])
    found = report_on(store)["merge_time"]
    assert (found["median_hours"], found["interval"], found["reason"]) == (None, None, "fewer than 5 were merged")


def test_a_period_is_compared_with_as_many_days_before_it(store: ProdLensStore) -> None:
    """Totals are over the observed days of each period, and the change needs three weeks of each."""
    # Mondays: 4, 11, 18 and 25 May; the traces begin in the middle of the period before.
    calls = {f"5-{day:02}": 2 for day in range(11, 32)} | {f"4-{day}": 1 for day in range(27, 31)}
    store.insert_sessions([call(day) for day, count in calls.items() for _ in range(count)])
    store.insert_commits([commit("a", "4-01"), commit("b", "5-12")])
    periods = report_on(store, "5-11 00:00", until=date(2026, 6, 1))["periods"]
    assert periods["this"] == {"first_day": "2026-05-11", "days": 21}
    assert periods["previous"] == {"first_day": "2026-04-20", "days": 21}
    sessions, *_, commits = (periods["figures"][n] for n in (0, 1, 3))
    assert sessions["this"] == {"total": 42, "days": 21}
    assert sessions["previous"] == {"total": 4, "days": 14}
    assert (sessions["change"]["weeks"], sessions["change"]["weeks_before"]) == (3, 2)
    assert sessions["change"]["reason"] == "fewer than 3 complete weeks in a period"
    assert commits["previous"] == {"total": 0, "days": 21}


@pytest.mark.parametrize("days", [21, 28, 30, 45])
def test_a_change_has_the_direction_of_its_totals(days: int) -> None:
    """Whatever the days of the window, the ratio is that of the totals shown, and of cents as of dollars."""
    rng, first = np.random.default_rng(days), date(2026, 3, 4)
    for _ in range(50):
        values = rng.negative_binomial(1, 0.1, 2 * days).astype(float)
        later, earlier = (first + timedelta(days=days), days), (first, days)
        found = compare_totals(DailySeries("commits", first, tuple(values)), later, earlier)
        ratio = found["change"]["ratio"]
        assert ratio == pytest.approx(found["this"]["total"] / found["previous"]["total"])
        assert found["change"]["weeks"] == days // 7


def test_changes_are_adjusted_as_a_family_of_their_own(store: ProdLensStore) -> None:
    """Every p-value of the section has a q over all of them, and a true doubling of the weeks is seen."""
    days = pd.date_range("2026-03-02", "2026-05-10", tz="UTC")
    counts = [(4 if day >= pd.Timestamp("2026-04-06", tz="UTC") else 2) + day.day % 2 for day in days]
    store.insert_sessions([call(f"{day:%m-%d}") for day, count in zip(days, counts, strict=True) for _ in range(count)])
    periods = report_on(store, "4-06 00:00", until=date(2026, 5, 11))["periods"]
    found = periods["figures"][0]["change"]
    assert (found["weeks"], found["weeks_before"]) == (5, 5)
    assert 1.5 < found["interval"]["low"] < found["ratio"] < found["interval"]["high"] < 2.2
    rows = [*(figure["change"] for figure in periods["figures"]), *periods["week_over_week"], periods["merge_time"]]
    p_values = [row["p_value"] for row in rows if row["p_value"] is not None]
    expected = stats.false_discovery_control(p_values)
    assert [row["q"] for row in rows if row["q"] is not None] == pytest.approx(list(expected))


def test_effect_sizes_of_frames_are_the_plain_formulas(store: ProdLensStore) -> None:
    """Cohen's d is over the pooled standard deviation, the token ratio over means, rates over known acceptance."""
    accepted, rejected = [100.0, 140.0, 90.0], [200.0, 260.0]
    rows = [(ms, True, 300, "a") for ms in accepted] + [(ms, False, 500, "a" if ms < 250 else "b") for ms in rejected]
    store.insert_sessions(
        [call("5-01", latency_ms=ms, accepted_flag=flag, total_tokens=n, model=m) for ms, flag, n, m in rows]
    )
    store.insert_sessions([call("5-02", latency_ms=9.0, acceptance_known=False, total_tokens=600, model="c")])
    generator = ReportGenerator(store)
    found = generator.compute_effect_sizes(store.sessions_dataframe(), store.pull_requests_dataframe())
    pooled = np.sqrt((np.var(accepted, ddof=1) * 2 + np.var(rejected, ddof=1)) / 3)
    assert found == {
        "latency_cohens_d": pytest.approx((110 - 230) / pooled),
        "token_efficiency_ratio": pytest.approx(300 / (2500 / 6)),
        "model_acceptance_rates": {"a": 0.75, "b": 0.0},
    }
    section = report_on(store)["effect_sizes"]
    assert {name: section[name] for name in found} == found
    assert section["latency"]["reason"] == "fewer than 5 in a group"
    assert [row["model"] for row in section["models"]] == ["a", "b"]


def test_effect_sizes_of_nothing_are_null(store: ProdLensStore) -> None:
    """Empty frames, and frames without the columns, have no effect sizes."""
    generator = ReportGenerator(store)
    for frame in (store.sessions_dataframe(), pd.DataFrame()):
        assert generator.compute_effect_sizes(frame, store.pull_requests_dataframe()) == {
            "latency_cohens_d": None,
            "token_efficiency_ratio": None,
            "model_acceptance_rates": {},
        }


def test_correlations_of_frames_are_those_of_the_report(store: ProdLensStore) -> None:
    """Frames of calls and commits give the report's correlations, and the growth from the first day to the last."""
    store.insert_sessions([call(f"5-0{day}") for day, count in ((1, 2), (2, 1), (4, 3)) for _ in range(count)])
    store.insert_commits([commit(f"{day}{n}", f"5-0{day}") for day in range(2, 6) for n in range(day % 3 + 1)])
    generator = ReportGenerator(store)
    frames = store.sessions_dataframe(), store.commits_dataframe()
    found = generator.get_correlations_with_effect_sizes(*frames, lag_days=1)
    report = report_on(store)["ai_outcome_association"]
    assert found["pearson"]["count"] == 4
    assert found["pearson"]["r"] == pytest.approx(stats.pearsonr([2, 1, 0, 3], [3, 1, 2, 3]).statistic)
    assert found["pearson"] == report["pearson"]
    assert found["spearman"] == report["spearman"]
    assert (found["lag_days"], found["session_growth_percent"]) == (1, 50.0)
    assert set(found["effect_sizes"]) == {"latency_cohens_d", "token_efficiency_ratio", "model_acceptance_rates"}


def test_growth_needs_two_days(store: ProdLensStore) -> None:
    """One day has nothing to grow from."""
    store.insert_sessions([call("5-01")])
    frames = store.sessions_dataframe(), store.commits_dataframe()
    found = ReportGenerator(store).get_correlations_with_effect_sizes(*frames)
    assert found["session_growth_percent"] is None
    assert found["pearson"]["count"] == 0


def test_a_period_with_nothing_in_it_has_no_ratio(store: ProdLensStore) -> None:
    """Weeks without any commit before, some after: both totals are given, and the reason why the ratio is missing."""
    store.insert_commits([commit("first", "3-01")])
    store.insert_commits([commit(f"{day}", f"5-{day:02}") for day in (4, 5, 12, 20, 21, 22, 31)])
    found = report_on(store, "5-04 00:00")["periods"]["figures"][3]
    assert (found["name"], found["previous"]["total"]) == ("commits", 0)
    assert (found["change"]["ratio"], found["change"]["reason"]) == (None, "nothing was counted in a period")


def test_every_figure_of_two_periods(store: ProdLensStore) -> None:
    """Four weeks against the four before: totals, ratios, intervals, p-values, their q, and what has too few weeks."""
    two_months(store)
    found = rounded(report_on(store, "4-20 00:00", until=date(2026, 5, 18))["periods"])
    assert found["this"] == {"first_day": "2026-04-20", "days": 28}
    assert found["previous"] == {"first_day": "2026-03-23", "days": 28}
    few = "fewer than 3 complete weeks in a period"
    totals = [
        tuple(row[when][key] for when in ("previous", "this") for key in ("total", "days")) for row in found["figures"]
    ]
    assert dict(zip((row["name"] for row in found["figures"]), totals, strict=True)) == {
        "sessions": (18, 28, 36, 28),
        "tokens": (65, 28, 354, 28),
        "cost_usd": (13.0, 28, 46.75, 28),
        "commits": (12, 28, 21, 28),
        "merged_pull_requests": (6, 27, 6, 11),
        "reworked_pull_requests": (2, 27, 1, 11),
    }
    assert [change_of(row["change"]) for row in found["figures"]] == [
        (2.0, 1.26555, 3.160682, 0.010016, 0.030047, 6, None),
        (5.446154, 1.812949, 16.360409, 0.009284, 0.030047, 6, None),
        (3.596154, 1.555573, 8.313544, 0.009656, 0.030047, 6, None),
        (1.75, 1.122909, 2.727292, 0.021492, 0.038685, 6, None),
        (None, None, None, None, None, None, few),
        (None, None, None, None, None, None, few),
    ]
    weeks = [(row["change"]["weeks_before"], row["change"]["weeks"]) for row in found["figures"]]
    assert weeks == [(4, 4)] * 4 + [(3, 1)] * 2


def test_every_figure_of_the_last_week(store: ProdLensStore) -> None:
    """The last whole week against the one before, by the changes of the six before that, and what has too few weeks."""
    two_months(store)
    rows = rounded(report_on(store, "4-20 00:00", until=date(2026, 5, 18))["periods"])["week_over_week"]
    assert [(row["name"], row["week"], row["weeks"], row["before"], row["after"]) for row in rows] == [
        ("sessions", "2026-05-11", 8, 8.0, 12.0),
        ("tokens", "2026-05-11", 8, 76.0, 150.0),
        ("cost_usd", "2026-05-11", 8, 9.0, 19.5),
        ("commits", "2026-05-11", 8, 5.0, 7.0),
        ("merged_pull_requests", "2026-04-20", 4, 0.0, 6.0),
        ("reworked_pull_requests", "2026-04-20", 4, 0.0, 1.0),
    ]
    few = "fewer than 7 complete weeks: no usual change to compare with"
    assert [change_of(row) for row in rows] == [
        (1.470588, 0.680378, 3.178573, 0.266713, 0.303135, 6, None),
        (1.973684, 0.261411, 14.901557, 0.442005, 0.442005, 6, None),
        (2.166667, 0.457509, 10.260888, 0.269453, 0.303135, 6, None),
        (1.363636, 0.791036, 2.350721, 0.212863, 0.303135, 6, None),
        (None, None, None, None, None, None, few),
        (None, None, None, None, None, None, few),
    ]


def test_every_share_and_time_of_two_periods(store: ProdLensStore) -> None:
    """Acceptance, errors and rework of both periods with their difference, and how long merging took."""
    two_months(store)
    found = rounded(report_on(store, "4-20 00:00", until=date(2026, 5, 18))["periods"])
    shares = [tuple(row[key] for key in ("name", "this", "n", "previous", "n_before")) for row in found["shares"]]
    assert shares == [
        ("acceptance_rate", 0.638889, 36, 0.611111, 18),
        ("error_rate", 0.25, 36, 0.277778, 18),
        ("rework_rate", 0.166667, 6, 0.333333, 6),
    ]
    assert [row["difference"] for row in found["shares"]] == [
        {"estimate": 0.027778, "interval": {"low": -0.235284, "high": 0.311877, "level": 0.95}, "reason": None},
        {"estimate": -0.027778, "interval": {"low": -0.308338, "high": 0.206858, "level": 0.95}, "reason": None},
        {"estimate": -0.166667, "interval": {"low": -0.557963, "high": 0.29533, "level": 0.95}, "reason": None},
    ]
    assert found["merge_time"] == {
        "ratio": 0.320256,
        "interval": {"low": 0.12, "high": 0.833333, "level": 0.95},
        "p_value": 0.015152,
        "q": 0.034091,
        "merged": 6,
        "merged_before": 6,
        "reason": None,
        "log_rank_p_value": 0.36153,
    }


def test_a_merge_at_once_took_a_minute(store: ProdLensStore) -> None:
    """What was merged as it was opened has a time that has a ratio; what was closed unmerged has none."""
    for n in range(6):
        store.insert_pull_requests(
            [pull(n, f"4-{n + 2:02}", f"4-{n + 2:02}"), pull(10 + n, f"5-{n + 2:02}", f"5-{n + 2:02} 18:00")]
        )
    store.insert_pull_requests([pull(20, "5-02", state="closed", closed_at=at("5-03"))])
    found = report_on(store, until=date(2026, 5, 31))["periods"]["merge_time"]
    assert (found["merged"], found["merged_before"], found["ratio"]) == (6, 6, pytest.approx(360.0))


def test_periods_that_nobody_saw(store: ProdLensStore) -> None:
    """Days begin in the zone of the report; a period before everything has no days and no total."""
    empty = report_on(store)["periods"]
    assert (empty["this"], empty["previous"]) == ({"first_day": "2026-05-01", "days": 0},) * 2
    store.insert_sessions([call(f"5-{day:02}") for day in range(1, 8)])
    found = report_on(store, date(2026, 5, 1), until=date(2026, 5, 8), timezone="Asia/Kathmandu")["periods"]
    assert found["this"] == {"first_day": "2026-05-01", "days": 7}
    assert found["previous"] == {"first_day": "2026-04-24", "days": 7}
    first = found["figures"][0]
    assert (first["this"], first["previous"]) == ({"total": 7, "days": 7}, {"total": None, "days": 0})
    earlier = compare_totals(
        DailySeries("commits", date(2026, 5, 1), (1.0, 2.0)), (date(2026, 5, 1), 2), (date(2026, 4, 1), 2)
    )
    assert earlier["previous"] == {"total": None, "days": 0}
    assert set(earlier["change"]) == {
        "ratio", "interval", "p_value", "q", "df", "reason", "weeks", "weeks_before",
    }  # fmt: skip


def two_months(store: ProdLensStore) -> None:
    """Store eight weeks of two people: calls and commits from a Monday to a Sunday, pull requests in some of them."""
    for week, count in enumerate([3, 5, 4, 6, 9, 7, 8, 12]):
        days = [date(2026, 3, 23) + timedelta(days=7 * week + 6 * n // (count - 1)) for n in range(count)]
        store.insert_sessions(
            call(
                f"{day:%m-%d}",
                total_tokens=week + n,
                cost_usd=0.25 * (n + 1),
                accepted_flag=n % 3 > 0,
                status_code=200 + 300 * (n % 4 == 1),
                developer_id=("ada", "bob")[n % 2],
            )
            for n, day in enumerate(days)
        )
        kept = [(n, day) for n, day in enumerate(days) if n % 2 == 0 or n == count - 1]
        store.insert_commits(commit(f"{week} {n}", f"{day:%m-%d}", author="ada") for n, day in kept)
    for n, hours in enumerate([30, 20, 50, 12, 40, 26, 10, 8, 22, 6, 15, 3]):
        opened = at("3-24 00:00" if n < 6 else "4-21 00:00") + timedelta(days=n % 6)
        moments = (f"{moment:%m-%d %H:%M}" for moment in (opened, opened + timedelta(hours=hours)))
        store.insert_pull_requests([pull(n, *moments, author="ada", reopened=n in {1, 2, 7})])
    store.insert_pull_requests([pull(20, "4-30", author="ada")])


def change_of(row: dict[str, Any]) -> tuple[Any, ...]:
    """Return ratio, interval, p-value, q, degrees of freedom and reason of a change; intervals are of 95 %."""
    bounds = row["interval"] or {"low": None, "high": None, "level": 0.95}
    assert bounds["level"] == 0.95
    return row["ratio"], bounds["low"], bounds["high"], row["p_value"], row["q"], row["df"], row["reason"]
