"""Quantiles of a sample with intervals that assume no distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from prodlens.statistics.estimates import LEVEL, NOT_FINITE, Interval, numbers

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Quantile:
    """A quantile of a sample.

    Attributes:
        n: Size of the sample.
        estimate: The quantile, interpolated between observations; None without observations.
        interval: Between two observations; None where the sample is too small for its level.
        reason: Why there is no interval.
    """

    n: int
    estimate: float | None
    interval: Interval | None
    reason: str | None = None


def sample_quantile(values: Sequence[float], share: float, level: float = LEVEL) -> Quantile:
    """Estimate a quantile and the interval between order statistics that holds it with at least the level.

    The number of observations below the quantile is binomial (n, share), whatever the distribution; the interval
    leaves at most (1 - level) / 2 on each side (Conover, Practical Nonparametric Statistics, section 3.2).

    Args:
        values: The observations, in any order and unit.
        share: Which quantile, between 0 and 1: 0.5 is the median.
        level: Confidence level of the interval.
    """
    sample = np.sort(numbers(values))
    n = len(sample)
    if n == 0:
        return Quantile(0, None, None, "no observations")
    if not np.isfinite(sample).all():
        return Quantile(n, None, None, NOT_FINITE)
    estimate = float(np.quantile(sample, share))
    tail = (1 - level) / 2
    at_most = special.bdtr(np.arange(n), n, share)  # P(at most k observations lie below the quantile)
    low = int(np.searchsorted(at_most, tail, side="right"))
    high = int(np.searchsorted(at_most, 1 - tail, side="left")) + 1
    if low == 0 or high > n:
        return Quantile(n, estimate, None, f"{n} observations are too few for an interval of this quantile")
    return Quantile(n, estimate, Interval(float(sample[low - 1]), float(sample[high - 1]), level))
