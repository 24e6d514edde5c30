"""How far apart two groups are, in numbers and without words for small or large."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from prodlens.statistics.estimates import (
    LEVEL,
    NOT_FINITE,
    TOO_LARGE,
    FloatArray,
    Interval,
    finite,
    finite_interval,
    normal_quantile,
    numbers,
    t_quantile,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    _Estimate = Callable[[FloatArray, FloatArray], float | None]
    _IntervalOf = Callable[[FloatArray, FloatArray], Interval | None]

FEWEST_FOR_AN_ESTIMATE = 5
FEWEST_FOR_AN_INTERVAL = 8
_LARGEST_NONCENTRAL_DF = 200
# The spread that rounding alone gives equal values, in units of the largest.
_ROUNDING = 1e-13

TOO_FEW_TO_ESTIMATE = "fewer than 5 in a group"
TOO_FEW_FOR_INTERVAL = "fewer than 8 in a group: no interval"
NO_SPREAD = "neither group varies"
NOT_POSITIVE = "a value is not above 0, so that it has no logarithm"


@dataclass(frozen=True, slots=True)
class EffectSize:
    """A difference of group a from group b.

    Attributes:
        estimate: The effect, positive where a is larger.
        interval: Its 95 % interval; None below 8 in a group.
        n_a: Size of group a.
        n_b: Size of group b.
        median_a: Median of group a, in the unit of the values; None when it is empty.
        median_b: Median of group b.
        reason: Why estimate or interval is None.
    """

    estimate: float | None
    interval: Interval | None
    n_a: int
    n_b: int
    median_a: float | None
    median_b: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class MedianRatio:
    """How many times as large values of a typically are as values of b.

    Attributes:
        ratio: Hodges-Lehmann ratio; None with a reason.
        interval: Its 95 % interval.
        p: Two-sided p-value of the Mann-Whitney test: exact up to 8 in a group without ties.
        n_a: Size of group a.
        n_b: Size of group b.
        reason: Why something is None.
    """

    ratio: float | None
    interval: Interval | None
    p: float | None
    n_a: int
    n_b: int
    reason: str | None


def cliffs_delta(a: Sequence[float] | FloatArray, b: Sequence[float] | FloatArray) -> EffectSize:
    """Return P(a > b) - P(a < b), -1 to 1, with an asymmetric interval: for skewed values such as latency.

    delta = 2 U / (n_a n_b) - 1. The interval is Feng and Cliff's (2004) with the consistent variance
    ((n_b - 1) s_a^2 + (n_a - 1) s_b^2 + s_ab^2) / (n_a n_b) and Student's t with n_a + n_b - 2 degrees of freedom; at
    delta = +-1 its other end is +-(n - t^2) / (n + t^2) with n the smaller group.

    Returns:
        The effect; only the medians below 5 in a group, and no interval below 8.
    """
    # Sorted once, since looking up neighbours in turn is many times faster than in any order.
    return _effect(np.sort(numbers(a)), np.sort(numbers(b)), _delta, delta_interval)


def cohens_d(a: Sequence[float] | FloatArray, b: Sequence[float] | FloatArray) -> EffectSize:
    """Return (mean_a - mean_b) / s_p, in pooled standard deviations; for latency give its logarithms.

    s_p^2 = ((n_a - 1) s_a^2 + (n_b - 1) s_b^2) / (n_a + n_b - 2). The interval inverts the noncentral t distribution
    (``scipy.special.nctdtrinc``) up to 200 degrees of freedom, and is normal with the standard error
    sqrt((n_a + n_b) / (n_a n_b) + d^2 / (2 (n_a + n_b))) above.

    Returns:
        The effect; nothing but medians below 5 in a group or where neither group varies, no interval below 8.
    """
    return _effect(numbers(a), numbers(b), _standardised, _interval_of_d)


def hedges_g(a: Sequence[float] | FloatArray, b: Sequence[float] | FloatArray, *, exact: bool = False) -> EffectSize:
    """Return Cohen's d and its interval times ``hedges_correction`` (Hedges 1981): less biased in small groups."""
    d = cohens_d(a, b)
    if d.estimate is None:
        return d
    shrink = hedges_correction(d.n_a + d.n_b - 2, exact=exact)
    interval = d.interval and _scaled(d.interval, shrink)
    return EffectSize(d.estimate * shrink, interval, d.n_a, d.n_b, d.median_a, d.median_b, d.reason)


def hedges_correction(df: int, *, exact: bool = False) -> float:
    """Return 1 - 3 / (4 df - 1) or, exactly, Gamma(df / 2) / (sqrt(df / 2) Gamma((df - 1) / 2)); df at least 2."""
    if not exact:
        return 1 - 3 / (4 * df - 1)
    return math.exp(math.lgamma(df / 2) - math.lgamma((df - 1) / 2)) / math.sqrt(df / 2)


def hodges_lehmann_ratio(a: Sequence[float] | FloatArray, b: Sequence[float] | FloatArray) -> MedianRatio:
    """Return the ratio that typical values of a are of b: "took 1.4 times as long".

    exp of the median of all differences log a - log b (Hodges and Lehmann 1963). The interval runs from the C-th
    smallest to the C-th largest difference, C = floor(n m / 2 - z sqrt(n m (n + m + 1) / 12)). The p-value is that of
    ``scipy.stats.mannwhitneyu``.

    Returns:
        Nothing below 5 in a group or where a value is not above 0.
    """
    x, y = numbers(a), numbers(b)
    n_a, n_b = len(x), len(y)
    reason = TOO_FEW_TO_ESTIMATE if min(n_a, n_b) < FEWEST_FOR_AN_ESTIMATE else _unusable(x, y)
    if reason is None and min(x.min(), y.min()) <= 0:
        reason = NOT_POSITIVE
    if reason is not None:
        return MedianRatio(None, None, None, n_a, n_b, reason)
    from scipy.stats import mannwhitneyu

    with np.errstate(over="ignore"):
        centre, low, high = np.exp(_hodges_lehmann(np.sort(np.log(x)), np.sort(np.log(y))))
    p = finite(float(mannwhitneyu(x, y).pvalue))
    ratio, interval = finite(centre), finite_interval(low, high)
    return MedianRatio(ratio, interval, p, n_a, n_b, TOO_LARGE if ratio is None or interval is None else None)


def _hodges_lehmann(x: FloatArray, y: FloatArray) -> FloatArray:
    """Return median, C-th smallest and C-th largest difference of two sorted rows."""
    pairs = len(x) * len(y)
    middle = [_kth_difference(x, y, (pairs + 1) // 2), _kth_difference(x, y, pairs // 2 + 1)]
    rank = math.floor(pairs / 2 - normal_quantile() * math.sqrt(pairs * (len(x) + len(y) + 1) / 12))
    ends = [_kth_difference(x, y, rank), _kth_difference(x, y, pairs + 1 - rank)]
    return np.array([middle[0] / 2 + middle[1] / 2, *ends])


def _kth_difference(x: FloatArray, y: FloatArray, k: int) -> float:
    """Return the k-th smallest x - y (from 1) of sorted rows, without ever holding all the differences.

    Halves the range of values, counting the differences at or below its middle, until only rounding is left of it;
    then takes the largest difference that is not above.
    """
    low, high = float(x[0] - y[-1]), float(x[-1] - y[0])
    precision = (high - low) * 1e-14
    while high - low > precision:
        middle = low / 2 + high / 2
        if (len(y) - np.searchsorted(y, x - middle)).sum() >= k:
            high = middle
        else:
            low = middle
    nearest = np.searchsorted(y, x - high)
    rows = np.flatnonzero(nearest < len(y))
    return float((x[rows] - y[nearest[rows]]).max(initial=low))


def _effect(x: FloatArray, y: FloatArray, estimate: _Estimate, interval: _IntervalOf) -> EffectSize:
    n_a, n_b = len(x), len(y)
    medians = _median(x), _median(y)
    reason = TOO_FEW_TO_ESTIMATE if min(n_a, n_b) < FEWEST_FOR_AN_ESTIMATE else _unusable(x, y)
    if reason is not None:
        return EffectSize(None, None, n_a, n_b, *medians, reason)
    with np.errstate(over="ignore", invalid="ignore"):
        found = estimate(x, y)
    if found is None or not math.isfinite(found):
        return EffectSize(None, None, n_a, n_b, *medians, NO_SPREAD if found is None else TOO_LARGE)
    if min(n_a, n_b) < FEWEST_FOR_AN_INTERVAL:
        return EffectSize(found, None, n_a, n_b, *medians, TOO_FEW_FOR_INTERVAL)
    bounds = interval(x, y)
    return EffectSize(found, bounds, n_a, n_b, *medians, None if bounds else TOO_LARGE)


def _delta(x: FloatArray, y: FloatArray) -> float:
    return float(_dominance(x, y)[0].mean())


def _dominance(x: FloatArray, y: FloatArray) -> tuple[FloatArray, int]:
    """Return, for every x, the share of y below it less the share above it; and how many pairs are equal."""
    y = np.sort(y)
    below, up_to = np.searchsorted(y, x, side="left"), np.searchsorted(y, x, side="right")
    shares: FloatArray = (below - (len(y) - up_to)) / len(y)
    return shares, int((up_to - below).sum())


def delta_variance(x: FloatArray, y: FloatArray) -> float:
    """Return the consistent variance of Cliff's delta (Cliff 1996; Feng and Cliff 2004), in O(n log n)."""
    return _delta_and_variance(x, y)[1]


def _delta_and_variance(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    n_a, n_b = len(x), len(y)
    (of_x, ties), (of_y, _) = _dominance(x, y), _dominance(y, x)
    delta = float(of_x.mean())
    # Every comparison is -1, 0 or 1, so the sum of their squares is the number of untied ones.
    both = (n_a * n_b - ties - n_a * n_b * delta * delta) / ((n_a - 1) * (n_b - 1))
    s_a, s_b = float(of_x.var(ddof=1)), float(of_y.var(ddof=1))
    return delta, ((n_b - 1) * s_a + (n_a - 1) * s_b + max(both, 0.0)) / (n_a * n_b)


def delta_interval(x: FloatArray, y: FloatArray) -> Interval:
    """Return the interval that ``cliffs_delta`` gives from 8 in each group on; at least 2 in each are needed."""
    delta, variance = _delta_and_variance(x, y)
    n_a, n_b = len(x), len(y)
    t = t_quantile(n_a + n_b - 2)
    if abs(delta) >= 1:
        smaller = min(n_a, n_b)
        end = math.copysign((smaller - t * t) / (smaller + t * t), delta)
        return Interval(min(end, delta), max(end, delta))
    square = delta * delta
    reach = t * math.sqrt(variance) * math.sqrt((1 - square) ** 2 + t * t * variance)
    centre, scale = delta - delta * square, 1 - square + t * t * variance
    return Interval(max((centre - reach) / scale, -1.0), min((centre + reach) / scale, 1.0))


def _standardised(x: FloatArray, y: FloatArray) -> float | None:
    largest = max(float(np.abs(x).max()), float(np.abs(y).max()))
    if largest == 0:
        return None
    # In units of the largest value no square leaves the range of numbers, and the effect has no unit anyway.
    x, y = x / largest, y / largest
    df = len(x) + len(y) - 2
    pooled = math.sqrt((float(x.var(ddof=1)) * (len(x) - 1) + float(y.var(ddof=1)) * (len(y) - 1)) / df)
    return None if pooled <= _ROUNDING else float(x.mean() - y.mean()) / pooled


def _interval_of_d(x: FloatArray, y: FloatArray) -> Interval | None:
    return standardised_interval(_standardised(x, y) or 0.0, len(x), len(y))


def standardised_interval(d: float, n_a: int, n_b: int) -> Interval | None:
    """Return the interval of Cohen's d that ``cohens_d`` gives from 8 in each group on; None where it has no number."""
    df, scale = n_a + n_b - 2, math.sqrt((n_a + n_b) / (n_a * n_b))
    if df > _LARGEST_NONCENTRAL_DF:
        reach = normal_quantile() * math.sqrt(scale * scale + d * d / (2 * (n_a + n_b)))
        return finite_interval(d - reach, d + reach)
    low, high = (_noncentrality(share, df, d / scale) * scale for share in ((1 + LEVEL) / 2, (1 - LEVEL) / 2))
    # scipy's inversion ends at a noncentrality of a million: beyond it, both ends would lie on one side of d.
    return finite_interval(low, high) if low <= d <= high else None


def _noncentrality(share: float, df: float, t: float) -> float:
    """Return the noncentrality at which P(T <= t) is ``share``; NaN where scipy's series does not converge."""
    # By symmetry at |t|, where scipy's inversion is accurate.
    if t < 0:
        return -_noncentrality(1 - share, df, -t)
    return float(special.nctdtrinc(df, share, t))


def _scaled(interval: Interval, factor: float) -> Interval:
    low, high = interval.low, interval.high
    return Interval(None if low is None else low * factor, None if high is None else high * factor, interval.level)


def _median(values: FloatArray) -> float | None:
    if not values.size or not np.isfinite(values).all():
        return None
    with np.errstate(over="ignore"):
        return finite(float(np.median(values)))


def _unusable(x: FloatArray, y: FloatArray) -> str | None:
    return None if np.isfinite(x).all() and np.isfinite(y).all() else NOT_FINITE
