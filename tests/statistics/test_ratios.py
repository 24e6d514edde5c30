"""Intervals of a ratio of totals by week."""

from __future__ import annotations

from math import exp, inf, sqrt

import numpy as np
import pytest

from prodlens.statistics.ratios import interval_of_ratio
from tests.statistics.results import like, plain


def test_a_literal_interval() -> None:
    """Parts of (.1, .2, .3, .4) over (.25, .25, .25, .25): the variance is 4/3 (.0225 + .0025 + .0025 + .0225)."""
    factor = exp(3.182446305284263 * sqrt(4 / 3 * 0.05))
    assert plain(interval_of_ratio(2.0, [1, 2, 3, 4], [5, 5, 5, 5])) == like((2 / factor, 2 * factor, 0.95), None)


def test_a_unit_is_only_a_unit() -> None:
    """Totals below 1, of either kind, have the interval that they have in cents."""
    found = interval_of_ratio(2.0, [1, 2, 3, 4], [5, 5, 5, 5])
    assert plain(interval_of_ratio(2.0, [0.01, 0.02, 0.03, 0.04], [5, 5, 5, 5])) == like(*plain(found))
    assert plain(interval_of_ratio(2.0, [1, 2, 3, 4], [0.05] * 4)) == like(*plain(found))


@pytest.mark.parametrize(
    ("above", "below", "reason"),
    [
        ([1, 2, 3], [1, 2, 3], "fewer than 4 whole weeks"),
        ([1, 2, 3, inf], [1, 2, 3, 4], "a value is missing or not finite"),
        ([1e308] * 4, [1, 2, 3, 4], "a value is missing or not finite"),
        ([0, 0, 0, 0], [1, 2, 3, 4], "nothing in the whole weeks"),
        ([1, 2, 3, 4], [0, 0, 0, 0], "nothing in the whole weeks"),
        ([1, 2, 3, 4], [2, 4, 6, 8], "the weeks do not differ"),
    ],
)
def test_what_has_no_interval(above: list[float], below: list[float], reason: str) -> None:
    """Too few weeks, nothing to divide, and weeks that all have one ratio give a reason."""
    found = interval_of_ratio(1.0, above, below)
    assert (found.interval, found.reason) == (None, reason)


def test_an_interval_beyond_numbers() -> None:
    """A ratio at the end of what numbers hold has no bound above it, and says so."""
    found = interval_of_ratio(1e308, [1, 2, 3, 40], [40, 5, 5, 5])
    assert plain(found) == (None, "a value is missing or not finite")


@pytest.mark.parametrize("weeks", [4, 8])
def test_the_interval_holds_the_true_ratio(weeks: int) -> None:
    """Of 1,000 windows of weeks with a cost and merges of their own, 92 to 99 % hold the ratio of the means."""
    random = np.random.default_rng(weeks)
    held = 0
    for _ in range(1000):
        costs = [float(cost) for cost in random.lognormal(-0.08, 0.4, weeks) * 100]
        merges = [float(number) for number in random.poisson(10, weeks)]
        found = interval_of_ratio(sum(costs) / sum(merges), costs, merges).interval
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 10 <= found.high
    assert 920 <= held <= 990
