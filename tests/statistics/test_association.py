"""Correlations against tabulated and worked-out values."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest

from prodlens.statistics.association import (
    LagTest,
    _leftover,
    _tested,
    common_days,
    correlation_interval,
    critical_correlation,
    detectable_correlation,
    effective_df,
    lagged_association,
    shared_cycle_days,
)
from prodlens.statistics.daily_series import Calendar, prepare_series
from tests.statistics.results import like

MONDAY = date(2026, 1, 5)


@pytest.mark.parametrize(("alpha", "critical"), [(0.05, 0.576), (0.01, 0.708), (0.1, 0.497)])
def test_critical_correlations_are_those_of_the_tables(alpha: float, critical: float) -> None:
    """With 10 degrees of freedom r must reach 0.576 at 5 percent, 0.708 at 1 percent and 0.497 at 10 percent."""
    assert round(critical_correlation(10, alpha), 3) == critical


def test_five_percent_is_the_default() -> None:
    """Without a level the critical correlation is that of 5 percent, and power is 80 percent of one test."""
    assert round(critical_correlation(10), 3) == 0.576
    assert detectable_correlation(10) == detectable_correlation(10, 1, 0.8, 0.05)


def test_an_outcome_without_memory_keeps_its_degrees_of_freedom() -> None:
    """An outcome on every second day has no day before: its correlation of 0 with it is not taken for one of 1."""
    calendar = Calendar(MONDAY, 60)
    usage = prepare_series([float(day * 7 % 11) for day in range(60)], calendar)
    outcome = prepare_series([float(d * d % 17) if d % 2 == 0 else None for d in range(60)], calendar, "as_is")
    (test,) = lagged_association(usage, outcome, [0], ["pearson"]).tests
    assert outcome.phi == 0.0
    assert (test.df, test.r, test.pairs) == like(25.481606840694994, 0.03709984230294218, 30)


def test_effective_degrees_of_freedom_of_small_matrices() -> None:
    """Half-explained days count by tr(H) tr(T) / sum(H * T) - 1, at most days - 2; where nothing is left, -1 stands."""
    half = np.diag([0.5, 0.5, 0.5, 0.5])
    assert effective_df(half, half) == 2.0
    assert effective_df(half[:2, :2], half[:2, :2]) == 0.0
    assert effective_df(half, np.zeros((4, 4))) == -1.0


def test_a_cycle_is_looked_for_from_three_days_on() -> None:
    """Five days have one lag to share: g is 0.318, and the threshold 4 / 4."""
    span = Calendar(MONDAY, 5)
    found = lagged_association(prepare_series([1, 5, 2, 8, 3], span), prepare_series([4, 1, 6, 2, 9], span), [0])
    assert (found.leftover, found.leftover_threshold) == like(0.31823839075516225, 1.0)


@pytest.mark.parametrize("length", [7, 10, 14])
def test_a_shared_cycle_is_named_by_its_length(length: int) -> None:
    """Two series with a wave of one length share that cycle; noise, or a wave of only one of them, is not a cycle."""
    rng = np.random.default_rng(length)
    x, y, noise = rng.standard_normal((3, 112))
    wave = np.sin(2 * np.pi * np.arange(112) / length)
    assert shared_cycle_days(x + wave, y + np.roll(wave, 2)) == length
    assert shared_cycle_days(x + wave, noise) is None
    assert shared_cycle_days(x, y) is None


def test_an_association_names_the_cycle_that_is_left() -> None:
    """A wave of ten days in both series is left over, and named; without it nothing is."""
    x, y = np.random.default_rng(10).standard_normal((2, 112))
    wave, span = np.sin(2 * np.pi * np.arange(112) / 10), Calendar(MONDAY, 112)
    found = lagged_association(prepare_series(x + wave, span, "as_is"), prepare_series(y + wave, span, "as_is"), [0])
    assert (found.leftover_cycle, found.cycle_days) == (True, 10)
    plain = lagged_association(prepare_series(x, span, "as_is"), prepare_series(y, span, "as_is"), [0])
    assert (plain.leftover_cycle, plain.cycle_days) == (False, None)


def test_an_interval_needs_more_than_one_degree_of_freedom() -> None:
    """At 1.5 the variance of atanh r is 1 / 0.5; at 1 there is none."""
    reach = 1.959963984540054 * math.sqrt(2)
    ends = math.tanh(math.atanh(0.5) - reach), math.tanh(math.atanh(0.5) + reach), 0.95
    found = correlation_interval(0.5, 1.5, "pearson")
    assert found is not None
    assert (found.low, found.high, found.level) == like(*ends)
    assert correlation_interval(0.5, 1.0, "pearson") is None


def test_the_reason_of_either_series_is_the_tests() -> None:
    """Whichever series cannot be used, every test on the two says why."""
    calendar = Calendar(MONDAY, 30)
    fine = prepare_series([float(day * day % 11) for day in range(30)], calendar)
    flat = prepare_series([3.0] * 30, calendar)
    for pair in ((fine, flat), (flat, fine)):
        assert {test.reason for test in lagged_association(*pair, [0, 1]).tests} == {"the series does not vary"}


def test_a_test_needs_variation_and_four_degrees_of_freedom() -> None:
    """Eight pairs and exactly four degrees of freedom are enough; without variation there is no correlation."""
    raw = LagTest(0, "pearson", None, None, None, None, 0, 9, 0.25, None)
    assert _tested(raw, 0.5, 4.0, 8, 8).reason is None
    assert _tested(raw, 0.5, 3.99, 8, 8).reason == "fewer than 4 degrees of freedom are left"
    assert _tested(raw, 0.5, 4.0, 7, 8).reason == "fewer than 8 pairs of days"
    assert _tested(raw, float("nan"), 4.0, 8, 8) == LagTest(
        0, "pearson", None, None, None, None, 0, 9, 0.25, "a series does not vary over the paired days"
    )


def test_two_days_share_no_cycle() -> None:
    """Below three days no lag is looked at, and nothing is above the threshold."""
    assert _leftover(np.array([1.0]), np.array([1.0]), 2) == (0.0, float("inf"))


@pytest.mark.parametrize(
    ("first_day", "days", "common"), [(5, 10, 10), (1, 10, 6), (1, 4, 0), (14, 10, 1), (15, 10, 0), (1, 30, 10)]
)
def test_days_that_two_calendars_share(first_day: int, days: int, common: int) -> None:
    """Of ten days from 5 January on, another calendar shares the days that both cover, and never fewer than none."""
    one, other = Calendar(MONDAY, 10), Calendar(date(2026, 1, first_day), days)
    assert common_days(one, other) == common_days(other, one) == common


@pytest.mark.parametrize(("days", "count"), [(0, 0), (1, 1)])
def test_an_outcome_of_a_day_or_of_none_has_no_correlation(days: int, count: int) -> None:
    """One common day is counted and shows nothing; an outcome without days is not an error."""
    usage = prepare_series([float(day * day % 11) for day in range(30)], Calendar(MONDAY, 30))
    outcome = prepare_series([4.0] * days, Calendar(MONDAY, days))
    for test in lagged_association(usage, outcome, [0]).tests:
        assert (test.count, test.raw_r, test.r) == (count, None, None)


def test_the_scale_of_the_values_does_not_matter() -> None:
    """Values of 1e-170, whose squares are too small for a float, correlate as those of 1 do."""
    calendar = Calendar(MONDAY, 5)
    x, y = [1.0, 5.0, 2.0, 8.0, 3.0], [4.0, 1.0, 6.0, 2.0, 9.0]
    usage, outcome = (prepare_series([v * 1e-170 for v in values], calendar, "as_is") for values in (x, y))
    (test,) = lagged_association(usage, outcome, [0], ["pearson"]).tests
    assert test.raw_r == pytest.approx(-0.5502145934565928, rel=1e-9)
