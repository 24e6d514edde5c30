"""Did a period differ from the ones before? Judged by how much this repository's own weeks usually differ."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prodlens.statistics.estimates import (
    NOT_FINITE,
    TOO_LARGE,
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
NOTHING_IN_A_PERIOD = "nothing was counted in a period"


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


def week_over_week(weeks: Sequence[float] | FloatArray, *, counts: bool = True) -> Change:
    """Compare the last complete week with the one before, by the size of the repository's own earlier changes.

    d_i = difference of log(total + 0.5) from week to week, s = root mean square of the h changes before the last,
    t = d / s with h degrees of freedom, ratio = exp d, interval exp(d +- t s): the idea of a process behaviour chart.
    A Poisson test would call a third to half of unchanged weeks changed, since commits come in bursts.
    Half an event keeps the logarithm of an empty week finite. Amounts have no such unit: theirs is half the smallest
    week above zero, and nothing where no week is empty, so that dollars and cents give the same ratio.

    Args:
        weeks: Totals of complete weeks, oldest first.
        counts: Whether the totals are counts; False for amounts, such as money.

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
    changes = np.diff(np.log(totals + (_HALF_AN_EVENT if counts else _half_a_unit(totals))))
    earlier, last = changes[:-1], float(changes[-1])
    usual = math.sqrt(float(earlier @ earlier) / len(earlier))
    if usual == 0:
        return Change(finite_ratio(last), None, None, None, before, after, NO_USUAL_CHANGE)
    df = len(earlier)
    reach = t_quantile(df) * usual
    return _change(last, reach, two_sided_p(last / usual, df), df, (before, after))


def _half_a_unit(totals: FloatArray) -> float:
    above_zero = totals[totals > 0]
    if len(above_zero) == len(totals):
        return 0.0
    return float(above_zero.min()) / 2 if above_zero.size else _HALF_AN_EVENT


def compare_weeks(
    later: Sequence[float] | FloatArray,
    earlier: Sequence[float] | FloatArray,
    *,
    means: tuple[float, float] | None = None,
) -> Change:
    """Compare at least three complete weeks with at least three others.

    The ratio is that of the mean weeks, so that its direction is that of the totals and no unit enters it. Its interval
    and p-value take the weeks of both periods to vary alike, as a share of their mean: with n and m weeks,
    v = (sum (x / mean x - 1)^2 + sum (y / mean y - 1)^2) / (n + m - 2), the standard error of the log ratio is
    sqrt(v (1 / n + 1 / m)), and t has n + m - 2 degrees of freedom (delta method).

    Args:
        later: Totals of the later period's weeks.
        earlier: Totals of the earlier period's weeks.
        means: Mean weeks of the later and the earlier period, where their weeks leave days out that the totals count.

    Returns:
        The totals alone below 3 weeks on a side or where a period has nothing; totals and ratio where the weeks do not
        vary.
    """
    new, old = numbers(later), numbers(earlier)
    reason = _unusable(np.concatenate([new, old]))
    before, after = (None, None) if reason else (finite(_sum(old)), finite(_sum(new)))
    if reason is None and min(len(new), len(old)) < FEWEST_WEEKS_A_BLOCK:
        reason = TOO_FEW_WEEKS_A_BLOCK
    if reason is None and (before is None or after is None):
        reason = TOO_LARGE
    if reason is not None or before is None or after is None:
        return Change(None, None, None, None, before, after, reason)
    n, m = len(new), len(old)
    levels = after / n, before / m, *(means or ())
    if min(levels) <= 0:
        return Change(None, None, None, None, before, after, NOTHING_IN_A_PERIOD)
    difference = math.log(levels[-2]) - math.log(levels[-1])
    spread = float(((new / levels[0] - 1) ** 2).sum() + ((old / levels[1] - 1) ** 2).sum())
    # Equal weeks differ by rounding alone.
    if spread <= 1e-24:  # noqa: PLR2004 - as above
        return Change(finite_ratio(difference), None, None, None, before, after, NO_SPREAD)
    df = n + m - 2
    error = math.sqrt(spread / df * (1 / n + 1 / m))
    return _change(difference, t_quantile(df) * error, two_sided_p(difference / error, df), df, (before, after))


def _sum(weeks: FloatArray) -> float:
    with np.errstate(over="ignore"):
        return float(weeks.sum())


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
