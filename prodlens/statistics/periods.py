"""Did a period differ from the ones before? Judged by how much this repository's own weeks usually differ."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prodlens.statistics.estimates import (
    NOT_FINITE,
    FloatArray,
    Interval,
    finite,
    finite_interval,
    numbers,
    t_quantile,
    two_sided_p,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

FEWEST_EARLIER_CHANGES = 5
FEWEST_WEEKS_A_BLOCK = 3
# Keeps the logarithm of an empty week finite.
_HALF_AN_EVENT = 0.5

TOO_FEW_WEEKS = "fewer than 7 complete weeks: no usual change to compare with"
TOO_FEW_WEEKS_A_BLOCK = "fewer than 3 complete weeks in a period"
NO_USUAL_CHANGE = "the weeks before never changed"
NO_SPREAD = "the weekly totals do not vary"
NEGATIVE = "a total is negative"


@dataclass(frozen=True, slots=True)
class Change:
    """How many times as much as before.

    Attributes:
        ratio: Later over earlier; None with a reason.
        interval: Its 95 % interval.
        p: Two-sided p-value of no change.
        df: Degrees of freedom behind both.
        before: Total of the earlier period.
        after: Total of the later one.
        reason: Why something is None.
    """

    ratio: float | None
    interval: Interval | None
    p: float | None
    df: int | None
    before: float | None
    after: float | None
    reason: str | None


def week_over_week(weeks: Sequence[float] | FloatArray) -> Change:
    """Compare the last complete week with the one before, by the size of the repository's own earlier changes.

    d_i = difference of log(total + 0.5) from week to week, s = root mean square of the h changes before the last,
    t = d / s with h degrees of freedom, ratio = exp d, interval exp(d +- t s): the idea of a process behaviour chart.
    A Poisson test would call a third to half of unchanged weeks changed, since commits come in bursts.

    Args:
        weeks: Totals of complete weeks, oldest first.

    Returns:
        The two totals alone when fewer than 5 earlier changes (7 weeks) are known; totals and ratio when the earlier
        weeks never changed.
    """
    totals = numbers(weeks)
    before, after = (finite(totals[-2]), finite(totals[-1])) if len(totals) > 1 else (None, None)
    reason = _unusable(totals)
    if reason is None and len(totals) < FEWEST_EARLIER_CHANGES + 2:
        reason = TOO_FEW_WEEKS
    if reason is not None:
        return Change(None, None, None, None, before, after, reason)
    changes = np.diff(np.log(totals + _HALF_AN_EVENT))
    earlier, last = changes[:-1], float(changes[-1])
    usual = math.sqrt(float(earlier @ earlier) / len(earlier))
    if usual == 0:
        return Change(finite_ratio(last), None, None, None, before, after, NO_USUAL_CHANGE)
    df = len(earlier)
    reach = t_quantile(df) * usual
    return _change(last, reach, two_sided_p(last / usual, df), df, (before, after))


def compare_weeks(later: Sequence[float] | FloatArray, earlier: Sequence[float] | FloatArray) -> Change:
    """Compare at least three complete weeks with at least three others.

    Student's pooled t-test on log(weekly total + 0.5); ratio of the geometric means and its interval. Not by
    ``scipy.stats.ttest_ind``, which warns where all weeks of one period are the same, though that is no fault.

    Returns:
        The totals alone below 3 weeks on a side; totals and ratio where the weeks do not vary.
    """
    new, old = numbers(later), numbers(earlier)
    reason = _unusable(np.concatenate([new, old]))
    before, after = (None, None) if reason else (finite(float(old.sum())), finite(float(new.sum())))
    if reason is None and min(len(new), len(old)) < FEWEST_WEEKS_A_BLOCK:
        reason = TOO_FEW_WEEKS_A_BLOCK
    if reason is not None:
        return Change(None, None, None, None, before, after, reason)
    x, y = np.log(new + _HALF_AN_EVENT), np.log(old + _HALF_AN_EVENT)
    difference = float(x.mean() - y.mean())
    spread = float(((x - x.mean()) ** 2).sum() + ((y - y.mean()) ** 2).sum())
    # What rounding alone makes of equal weeks is no spread.
    if spread <= 1e-24 * max(1.0, float(x @ x + y @ y)):
        return Change(finite_ratio(difference), None, None, None, before, after, NO_SPREAD)
    df = len(x) + len(y) - 2
    error = math.sqrt(spread / df * (1 / len(x) + 1 / len(y)))
    return _change(difference, t_quantile(df) * error, two_sided_p(difference / error, df), df, (before, after))


def finite_ratio(log_ratio: float) -> float | None:
    """Return exp of a log ratio; None where it leaves the range of numbers."""
    try:
        return math.exp(log_ratio)
    except OverflowError:
        return None


def _change(log_ratio: float, reach: float, p: float, df: int, totals: tuple[float | None, float | None]) -> Change:
    ratio, low, high = (finite_ratio(value) for value in (log_ratio, log_ratio - reach, log_ratio + reach))
    interval = None if low is None or high is None else finite_interval(low, high)
    reason = None if ratio is not None and interval is not None else "the ratio is too large to compute with"
    return Change(ratio, interval, p, df, *totals, reason)


def _unusable(totals: FloatArray) -> str | None:
    if not np.isfinite(totals).all():
        return NOT_FINITE
    return NEGATIVE if (totals < 0).any() else None
