"""Associations of usage and delivery, on series whose truth is known."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest
from scipy import stats

from tests.metrics.situations import REPO, pull, report_on

if TYPE_CHECKING:
    from prodlens.storage import ProdLensStore

FIRST = date(2026, 5, 4)


def fill(store: ProdLensStore, calls: list[int], commits: list[int]) -> None:
    """Store so many calls and commits on each day from the first on."""
    for kind, counts in (("calls", calls), ("commits", commits)):
        moments = [
            (f"{kind}-{day}-{number}", f"{FIRST + timedelta(days=day)}T12:00:00Z")
            for day, count in enumerate(counts)
            for number in range(count)
        ]
        if kind == "calls":
            rows = [{"timestamp": at, "repo_slug": REPO, "trace_hash": name} for name, at in moments]
            store.insert_sessions(rows)
        else:
            store.insert_commits([{"sha": name, "timestamp": at, "repo_slug": REPO} for name, at in moments])


def random_days(seed: int, days: int) -> tuple[list[int], list[int]]:
    """Return unrelated counts of calls and commits a day, with a call and a commit on the first and last day."""
    rng = Random(seed)
    calls, commits = ([1 + rng.randrange(8) for _ in range(days)] for _ in range(2))
    return calls, commits


def test_a_tiny_sample_has_the_plain_correlation(store: ProdLensStore) -> None:
    """Below two weeks r and p are those of the values as they are, zeros included, without interval or q."""
    calls, commits = [3, 0, 5, 2, 4, 1, 6], [1, 2, 0, 4, 3, 2, 1]
    fill(store, calls, commits)
    report = report_on(store)
    for method, expected in (
        ("pearson", stats.pearsonr(calls[:-1], commits[1:])),
        ("spearman", stats.spearmanr(calls[:-1], commits[1:])),
    ):
        found = report["ai_outcome_association"][method]
        assert found["r"] == pytest.approx(expected.statistic)
        assert found["p_value"] == pytest.approx(expected.pvalue)
        assert (found["count"], found["basis"], found["interval"], found["q"]) == (6, "raw", None, None)
        assert "not enough data: 7 days" in found["reason"]
    assert report["multiple_comparison_adjustment"]["adjusted"] == {}


@pytest.mark.parametrize(("calls", "commits"), [([2], [1]), ([2, 2, 2], [1, 2, 3]), ([1, 2], [4])])
def test_no_correlation_without_pairs_or_change(store: ProdLensStore, calls: list[int], commits: list[int]) -> None:
    """Where the formula is not defined r and p are null, never 0 and never NaN."""
    fill(store, calls, commits)
    found = report_on(store, lag_days=0)["ai_outcome_association"]["pearson"]
    assert (found["r"], found["p_value"], found["basis"]) == (None, None, None)


def test_the_primary_family_is_the_one_declared(store: ProdLensStore) -> None:
    """Sessions by Spearman against commits, merged and reworked pull requests at every lag, and nothing else."""
    fill(store, *random_days(1, 60))
    report = report_on(store)
    family = report["multiple_comparison_adjustment"]["family"]
    assert family["usage"] == ["sessions"]
    assert family["methods"] == ["spearman"]
    assert family["outcomes"] == ["commits", "merged_pull_requests", "reworked_pull_requests"]
    assert family["lags"] == list(range(8))
    # Nothing is known of pull requests: lag 0 and the headline lag of either outcome are counted as not computed.
    assert (family["computed"], family["not_computed"]) == (8, 4)
    assert set(report["multiple_comparison_adjustment"]["adjusted"]) == {
        f"sessions:commits:{lag}:spearman" for lag in range(8)
    }


def test_every_p_of_a_family_has_its_q(store: ProdLensStore) -> None:
    """q-values are Benjamini and Hochberg's over all p-values of the family, and never below their p."""
    fill(store, *random_days(2, 90))
    report = report_on(store)
    tests = report["associations"]["tests"]
    computed = [test for test in tests if test["p_value"] is not None]
    expected = stats.false_discovery_control([test["p_value"] for test in computed])
    assert [test["q"] for test in computed] == pytest.approx(list(expected))
    primary = {test["label"]: test["p_value"] for test in computed if test["primary"]}
    adjusted = report["multiple_comparison_adjustment"]["adjusted"]
    assert adjusted == pytest.approx(
        dict(zip(primary, stats.false_discovery_control(list(primary.values())), strict=True))
    )
    headline = report["ai_outcome_association"]["spearman"]
    assert headline["q"] == adjusted["sessions:commits:1:spearman"]
    assert headline["basis"] == "adjusted"


def test_a_lag_beyond_the_usual_ones_is_part_of_the_family(store: ProdLensStore) -> None:
    """The headline lag is tested with the others whatever it is, so that its p has a q."""
    fill(store, *random_days(3, 60))
    report = report_on(store, lag_days=12)
    assert report["multiple_comparison_adjustment"]["family"]["lags"] == [*range(8), 12]
    assert report["ai_outcome_association"]["spearman"]["q"] is not None


def test_each_outcome_has_its_own_limits(store: ProdLensStore) -> None:
    """Each outcome has its own smallest correlation that could be found, over the days shared with the calls."""
    fill(store, *random_days(7, 60))
    store.insert_pull_requests(
        [
            {**pull(day, f"6-{day:02}", f"6-{day:02} 13:00"), "author": "ann"}
            for day in range(1, 29)
            for _ in range(day % 3)
        ]
    )
    commits, merged, reworked = report_on(store)["associations"]["outcomes"]
    assert (commits["outcome"], commits["days"], commits["first_day"]) == ("commits", 60, "2026-05-04")
    assert (merged["outcome"], merged["days"], merged["first_day"]) == ("merged_pull_requests", 28, "2026-06-01")
    assert commits["critical_r"] < 0.32
    assert merged["critical_r"] > 0.35
    assert commits["detectable_r"] < merged["detectable_r"]
    assert (reworked["outcome_days"], reworked["critical_r"]) == (0, None)


def test_the_placebo_has_the_outcome_first_and_no_q(store: ProdLensStore) -> None:
    """Negative lags are shown beside the others and belong to no family."""
    fill(store, *random_days(4, 60))
    placebo = report_on(store)["placebo"]
    assert {row["lag_days"] for row in placebo if row["outcome"] == "commits"} == set(range(-7, 0))
    assert all("q" not in row and "p_value" not in row for row in placebo)


def test_a_true_effect_is_found_at_its_lag(store: ProdLensStore) -> None:
    """Commits that follow the calls of the day before are found at lag 1 and not at the other lags."""
    calls, noise = random_days(5, 90)
    commits = [1, *[1 + calls[day] * 2 + noise[day] // 4 for day in range(89)]]
    fill(store, calls, commits)
    adjusted = report_on(store)["multiple_comparison_adjustment"]["adjusted"]
    assert [label for label, q in adjusted.items() if q <= 0.05] == ["sessions:commits:1:spearman"]


def test_a_shared_weekday_pattern_alone_is_no_finding(store: ProdLensStore) -> None:
    """Series that share nothing but their working week correlate as observed, and hardly once that is taken out."""
    calls, commits = random_days(6, 84)
    week = [5, 5, 5, 5, 5, 0, 0]
    fill(
        store, [c * week[d % 7] + 1 for d, c in enumerate(calls)], [c * week[d % 7] + 1 for d, c in enumerate(commits)]
    )
    found = report_on(store, lag_days=0)["ai_outcome_association"]["pearson"]
    assert found["raw_r"] > 0.4
    assert abs(found["r"]) < 0.25


def test_days_off_that_nobody_declared_are_named_and_left_out(store: ProdLensStore) -> None:
    """A Wednesday without calls and commits is a quiet day; one without calls alone is not, nor a declared holiday."""
    calls, commits = ([0 if day % 7 > 4 else count for day, count in enumerate(row)] for row in random_days(5, 57))
    for nothing in (calls, commits):
        nothing[16] = nothing[30] = 0
    calls[37] = 0
    fill(store, calls, commits)
    report = report_on(store, holidays=[FIRST + timedelta(days=30)])
    assert report["associations"]["quiet_days"] == ["2026-05-20"]
    kept = report["ai_outcome_association"]["spearman"]
    assert (kept["count"], kept["basis"]) == (56, "adjusted")
    assert report_on(store)["associations"]["quiet_days"] == ["2026-05-20", "2026-06-03"]


def test_a_store_without_calls_has_no_quiet_days(store: ProdLensStore) -> None:
    """Where nothing is known of use, no day is called quiet."""
    fill(store, [], [3, 0] * 30)
    assert report_on(store)["associations"]["quiet_days"] == []
