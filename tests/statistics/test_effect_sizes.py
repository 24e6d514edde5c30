"""Effects of two small groups: whole results, at the edges of what can be estimated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from prodlens.statistics.effect_sizes import (
    _kth_difference,
    cliffs_delta,
    cohens_d,
    hedges_correction,
    hedges_g,
    hodges_lehmann_ratio,
    standardised_interval,
)
from tests.statistics.results import like, plain

A, B = [2.0, 4, 4, 6, 7, 8, 9, 10, 12], [1.0, 2, 3, 3, 5, 6, 7, 8]
SIZES = (9, 8, 7.0, 4.0)
FEW = "fewer than 5 in a group"
NO_INTERVAL = "fewer than 8 in a group: no interval"
TOO_LARGE = "the values are too large or too small to compute with"


@pytest.mark.parametrize(
    ("effect", "options", "estimate", "low", "high"),
    [
        (cliffs_delta, {}, 34 / 72, -0.1514747183286246, 0.8269787889625978),
        (cohens_d, {}, 0.8647566907828347, -0.14875859343615966, 1.8523588069278438),
        (hedges_g, {}, 0.8207860115904871, -0.14119459715974478, 1.7581710709823604),
        (hedges_g, {"exact": True}, 0.8206606605853257, -0.1411730338235921, 1.7579025618851276),
    ],
)
def test_effect_interval_sizes_and_medians(
    effect: Any, options: dict[str, bool], estimate: float, low: float, high: float
) -> None:
    """Nine against eight values: Hedges' g and its interval are Cohen's d and its interval times 56 / 59."""
    assert plain(effect(A, B, **options)) == like(estimate, (low, high, 0.95), *SIZES, None)


@pytest.mark.parametrize(
    ("effect", "estimate"),
    [(cliffs_delta, 0.56), (cohens_d, 1.0392304845413263), (hedges_g, 0.9386597924889398)],
)
def test_five_are_enough_for_an_estimate_and_eight_for_an_interval(effect: Any, estimate: float) -> None:
    """Five a group give an estimate, four give sizes and medians, seven do not give an interval."""
    assert plain(effect(A[:5], B[:5])) == like(estimate, None, 5, 5, 4.0, 3.0, NO_INTERVAL)
    assert plain(effect(A[:4], B)) == (None, None, 4, 8, 4.0, 4.0, FEW)
    assert plain(effect(A, B[:4])) == (None, None, 9, 4, 7.0, 2.5, FEW)
    assert effect(A[:7], B).reason == effect(A, B[:7]).reason == NO_INTERVAL
    assert effect(A[:8], B).reason is None


def test_hedges_correction() -> None:
    """With 15 degrees of freedom the usual factor is 1 - 3 / 59, the exact one a little smaller."""
    assert (hedges_correction(15), hedges_correction(15, exact=True)) == like(1 - 3 / 59, 0.9490075871427022)


@pytest.mark.parametrize(
    ("d", "n_a", "n_b", "low", "high"),
    [
        (0.5, 101, 101, 0.2192749936441359, 0.779512097133277),
        (0.5, 102, 102, 0.22129485645920627, 0.7787051435407937),
        (2.0, 102, 102, 1.6638689497211068, 2.3361310502788935),
    ],
)
def test_the_normal_interval_begins_above_200_degrees_of_freedom(
    d: float, n_a: int, n_b: int, low: float, high: float
) -> None:
    """At exactly 200 the noncentral t is inverted; above, the variance is 1 / 51 + d^2 / 408 for two groups of 102."""
    assert plain(standardised_interval(d, n_a, n_b)) == like(low, high, 0.95)


def test_the_ratio_of_typical_values() -> None:
    """The ratio, its interval, p and both sizes; five a group are enough, and four are told with their sizes."""
    assert plain(hodges_lehmann_ratio(A, B)) == like(2.4**0.5, (0.8, 3.5, 0.95), 0.11102950714655213, 9, 8, None)
    assert plain(hodges_lehmann_ratio(A[:5], B[:5])) == like(2.0, (2 / 3, 4.0, 0.95), 0.17058693287144144, 5, 5, None)
    assert plain(hodges_lehmann_ratio(A[:4], B)) == (None, None, None, 4, 8, FEW)


def test_a_ratio_whose_interval_leaves_the_range_of_numbers_says_so() -> None:
    """The ratio of 1e300 stands, its interval up to 1e600 does not."""
    found = hodges_lehmann_ratio([1.0] * 4 + [1e300] * 5, [1.0] * 4 + [1e-300] * 5)
    assert found.ratio == pytest.approx(1e300)
    assert (found.interval, found.reason) == (None, TOO_LARGE)


def test_groups_that_hardly_vary_have_an_effect_without_an_interval() -> None:
    """Where the effect is too large to invert the noncentral t, it has no interval that could leave it out."""
    found = cohens_d([1.0] * 8 + [1.0000001], [2.0] * 9)
    assert found.estimate == pytest.approx(-(18**0.5) * 1e7, rel=1e-6)
    assert (found.interval, found.reason) == (None, TOO_LARGE)
    assert plain(cohens_d([3.0] * 9, [3.0] * 8)) == (None, None, 9, 8, 3.0, 3.0, "neither group varies")


def test_every_difference_is_found_in_its_place() -> None:
    """The k-th smallest of nine differences is exactly that difference, ties counted, though they are never listed."""
    x, y = np.array([1.0, 4.0, 9.0]), np.array([0.0, 2.0, 7.0])
    found = [_kth_difference(x, y, k) for k in range(1, 10)]
    assert found == [-6.0, -3.0, -1.0, 1.0, 2.0, 2.0, 4.0, 7.0, 9.0]
