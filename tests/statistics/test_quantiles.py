"""Quantiles and their intervals."""

from __future__ import annotations

import math

import pytest

from prodlens.statistics.estimates import Interval
from prodlens.statistics.quantiles import Quantile, sample_quantile


@pytest.mark.parametrize(
    ("n", "share", "estimate", "bounds"),
    [
        (6, 0.5, 3.5, (1.0, 6.0)),
        (10, 0.5, 5.5, (2.0, 9.0)),
        (20, 0.5, 10.5, (6.0, 15.0)),
        (40, 0.5, 20.5, (14.0, 27.0)),
        (40, 0.9, 36.1, (32.0, 40.0)),
    ],
)
def test_the_interval_lies_between_the_order_statistics_of_the_tables(
    n: int, share: float, estimate: float, bounds: tuple[float, float]
) -> None:
    """The ranks are those of the binomial tables: of ten observations the second and the ninth hold the median."""
    values = [float(value) for value in range(n, 0, -1)]
    found = sample_quantile(values, share)
    assert (found.n, found.interval, found.reason) == (n, Interval(*bounds), None)
    assert found.estimate == pytest.approx(estimate)


@pytest.mark.parametrize(("n", "share"), [(5, 0.5), (35, 0.9)])
def test_too_few_observations_have_no_interval(n: int, share: float) -> None:
    """Where even the extremes miss the level there is an estimate and a reason, and no interval."""
    found = sample_quantile([1.0] * n, share)
    assert (found.n, found.estimate, found.interval) == (n, 1.0, None)
    assert found.reason == f"{n} observations are too few for an interval of this quantile"


def test_nothing_can_be_said_without_numbers() -> None:
    """Without observations, and with one that is not a number, the estimate is unknown."""
    assert sample_quantile([], 0.5) == Quantile(0, None, None, "no observations")
    reason = "a value is missing or not finite"
    assert sample_quantile([1.0, math.nan], 0.5) == Quantile(2, None, None, reason)


def test_a_lower_level_is_held_by_nearer_observations() -> None:
    """The third and the eighth of ten hold the median with 89 percent, which is enough for 80."""
    found = sample_quantile([float(value) for value in range(1, 11)], 0.5, 0.8)
    assert found.interval == Interval(3.0, 8.0, 0.8)
