"""A forecast of a sum over days to come, from the whole weeks before them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prodlens.statistics.estimates import NOT_FINITE, TOO_LARGE, FloatArray, Interval, finite, numbers, t_quantile
from prodlens.statistics.sample_sizes import FEWEST_WEEKS_TO_FORECAST

if TYPE_CHECKING:
    from collections.abc import Sequence

_DAYS_A_WEEK = 7
# More weeks than these say more of what was than of what comes: a level that drifts leaves the interval.
MOST_WEEKS = 6
_LARGEST_AUTOCORRELATION = 0.7


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a sum is expected to come to, with its prediction interval.

    Attributes:
        estimate: Expected sum, in the unit of the values; None with a reason.
        interval: Prediction interval of the sum; None where the weeks behind it do not differ, or with a reason.
        weeks: Whole weeks that it rests on.
        reason: Why there is no estimate.
    """

    estimate: float | None
    interval: Interval | None
    weeks: int
    reason: str | None = None


def forecast_sum(values: Sequence[float] | FloatArray, days: Sequence[int]) -> Forecast:
    """Forecast the sum over some days to come, each at least zero, from the last four to six whole weeks.

    With w the sums of W weeks, m their mean, s their standard deviation, and k the share of a week's sum that the days
    to come make up (each has its weekday's share in those weeks, with one average day added so that none is 0): the
    estimate is m k. Its relative variance is (f' / k + f / W) (s / m)^2. That is the variance s^2 (1 / k + 1 / W) about
    the mean of k further observations (Meeker, Hahn and Escobar, Statistical Intervals, 2nd edition, section 4.8),
    except that f = (1 + r) / (1 - r) allows for weeks that resemble the one before. r is the correlation of
    neighbouring weeks, with 1 / W added against its bias, between 0 and 0.7; f' goes from 1 to f over four weeks. The
    bounds are Student's t with W - 1 degrees of freedom, the upper one on the logarithmic scale, the lower one on the
    plain scale, where it is lower, and never below 0.

    Args:
        values: Sums of single days without a gap, the last day last.
        days: The days to come, counted from the last day: 1 is the day after it.

    Returns:
        The forecast; of no days at all it is 0, exactly.
    """
    if not len(days):
        return Forecast(0.0, Interval(0.0, 0.0), 0)
    weeks = min(len(values) // _DAYS_A_WEEK, MOST_WEEKS)
    if weeks < FEWEST_WEEKS_TO_FORECAST:
        return Forecast(None, None, weeks, f"fewer than {FEWEST_WEEKS_TO_FORECAST} whole weeks to go by")
    table = numbers(values)[-weeks * _DAYS_A_WEEK :].reshape(weeks, _DAYS_A_WEEK)
    if not np.isfinite(table).all():
        return Forecast(None, None, weeks, NOT_FINITE)
    with np.errstate(all="ignore"):
        sums = table.sum(axis=1)
        mean = float(sums.mean())
        if mean <= 0:
            return Forecast(None, None, weeks, f"nothing in the {weeks} weeks to go by")
        weights = (table.sum(axis=0) + mean / _DAYS_A_WEEK) / (mean * (weeks + 1))
        share = float(sum(weights[(day - 1) % _DAYS_A_WEEK] for day in days))
        spread = _relative_spread(sums, share)
        estimate = finite(mean * share)
        if estimate is None or not share or not np.isfinite(spread):
            return Forecast(None, None, weeks, TOO_LARGE)
        return Forecast(estimate, _interval(estimate, spread, weeks), weeks)


def _relative_spread(sums: FloatArray, share: float) -> float:
    """Return the standard deviation of what comes about its forecast, relative to the forecast."""
    mean, count = sums.mean(), len(sums)
    # Relative to the mean first, so that squares of large sums stay numbers.
    off = sums / mean - 1
    squares = float(off @ off)
    if not squares:
        return 0.0
    correlation = min(max(float(off[1:] @ off[:-1]) / squares + 1 / count, 0.0), _LARGEST_AUTOCORRELATION)
    factor = (1 + correlation) / (1 - correlation)
    ahead = (1 + (factor - 1) * min(1.0, share / 4)) / share
    return float(np.sqrt((ahead + factor / count) * squares / (count - 1)))


def _interval(estimate: float, spread: float, weeks: int) -> Interval | None:
    if not spread:
        return None
    t = t_quantile(weeks - 1)
    width = t * float(np.sqrt(np.log1p(spread**2)))
    low = max(0.0, estimate * (1 - t * spread))  # never above exp(-width) of it, since 1 - x is below exp(-x)
    high = finite(estimate * float(np.exp(width)))
    return None if high is None else Interval(low, high)
