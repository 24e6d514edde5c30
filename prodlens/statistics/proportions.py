"""Shares: of one group, of decisions that come in clusters of a day, and of two groups compared."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from prodlens.statistics.estimates import Interval, finite, normal_quantile, t_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

NOTHING_COUNTED = "nothing was counted"
ONE_DAY = "all decisions fell on one day"
SMALL_CELLS = "fewer than 5 in one of the four cells"
NOT_COUNTS = "the counts are not counts: 0 <= k <= n is needed"
FEWEST_IN_A_CELL = 5

Verdict = Literal["below", "inside", "above"]


@dataclass(frozen=True, slots=True)
class Proportion:
    """``k`` of ``n``, as a share with its interval.

    Attributes:
        k: How many.
        n: Of how many.
        share: k / n, None when n is 0.
        interval: 95 % interval of the share.
        design_effect: How many times the variance of independent decisions; 1 for a plain interval, None where it
            cannot be estimated (one day, or a share of 0 or 1).
        reason: Why the share or its interval is None.
    """

    k: int
    n: int
    share: float | None
    interval: Interval | None
    design_effect: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A difference, ratio or effect with its interval; a reason where either is None."""

    estimate: float | None
    interval: Interval | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class BinomialTest:
    """Exact p-value of k of n against a target, as if all decisions were independent.

    Attributes:
        p: Two-sided p-value.
        p_less: P-value of a true share below the target.
        reason: Why both are None.
    """

    p: float | None
    p_less: float | None
    reason: str | None


def wilson(k: int, n: int) -> Proportion:
    """Return k / n with Wilson's 95 % score interval (1927), for independent decisions.

    (p + z^2 / 2n +- z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n); never outside 0 to 1, and of use at 0 of n
    too. Share and interval are None when nothing was counted.
    """
    if not 0 <= k <= n:
        return Proportion(k, n, None, None, None, NOT_COUNTS)
    if n == 0:
        return Proportion(k, n, None, None, None, NOTHING_COUNTED)
    return Proportion(k, n, k / n, _score_interval(k / n, n, normal_quantile()), 1.0, None)


def clustered_wilson(accepted: Sequence[int], decisions: Sequence[int]) -> Proportion:
    """Return a share with an interval for decisions that go alike within a day.

    Wilson's interval with n / deff for n and Student's t with days - 1 degrees of freedom for z. The design effect is
    deff = [D / (D - 1) sum (k_d - p m_d)^2 / n^2] / [p (1 - p) / n], the variance of a ratio over that of independent
    decisions, at least 1. Days without a decision are left out.

    Args:
        accepted: k_d, the accepted decisions of each day.
        decisions: m_d, all decisions of each day.

    Returns:
        The share; no interval when all decisions fell on one day. At a share of 0 or 1 the days cannot differ: the
        design effect is None, and the interval is that of independent decisions, with t.
    """
    if len(accepted) != len(decisions) or any(not 0 <= k <= m for k, m in zip(accepted, decisions, strict=False)):
        return Proportion(sum(accepted), sum(decisions), None, None, None, NOT_COUNTS)
    days = [(k, m) for k, m in zip(accepted, decisions, strict=True) if m]
    k, n = sum(k for k, _ in days), sum(m for _, m in days)
    if n == 0:
        return Proportion(k, n, None, None, None, NOTHING_COUNTED)
    share = k / n
    if len(days) == 1:
        return Proportion(k, n, share, None, None, ONE_DAY)
    t = t_quantile(len(days) - 1)
    if k in {0, n}:
        return Proportion(k, n, share, _score_interval(share, n, t), None, None)
    spread = math.fsum((k_d - share * m_d) ** 2 for k_d, m_d in days) * len(days) / (len(days) - 1) / n**2
    effect = max(1.0, spread / (share * (1 - share) / n))
    return Proportion(k, n, share, _score_interval(share, n / effect, t), effect, None)


def against_target(proportion: Proportion, target: float) -> Verdict | None:
    """Say where the interval lies against a target; None without an interval.

    ``below`` when the whole interval is below the target, ``above`` when it is above, else ``inside``.
    """
    interval = proportion.interval
    if interval is None or interval.low is None or interval.high is None:
        return None
    if interval.high < target:
        return "below"
    return "above" if interval.low > target else "inside"


def binomial_test(k: int, n: int, target: float) -> BinomialTest:
    """Return the exact binomial p-values of k of n against a target share (``scipy.stats.binomtest``).

    Valid for independent decisions alone: with decisions alike within a day it rejects far too often, so show it only
    where the design effect is 1. Nothing when nothing was counted or the target is not a share.
    """
    if n < 1 or not 0 <= k <= n or not 0 <= target <= 1:
        return BinomialTest(None, None, NOTHING_COUNTED if n == 0 else NOT_COUNTS)
    from scipy.stats import binomtest

    two_sided, less = (binomtest(k, n, target, alternative=side).pvalue for side in ("two-sided", "less"))
    return BinomialTest(float(two_sided), float(less), None)


def newcombe_difference(first: Proportion, second: Proportion) -> Comparison:
    """Return share of the first less share of the second, with Newcombe's interval (1998, method 10).

    low = d - sqrt((p1 - l1)^2 + (u2 - p2)^2), high = d + sqrt((u1 - p1)^2 + (p2 - l2)^2) from the limits of each share,
    which may be Wilson's or the day-clustered ones. Percentage points / 100; None where a share or an interval is.
    """
    if first.share is None or second.share is None:
        return Comparison(None, None, first.reason or second.reason)
    difference = first.share - second.share
    a, b = _bounds(first), _bounds(second)
    if a is None or b is None:
        return Comparison(difference, None, first.reason or second.reason)
    low = difference - math.hypot(first.share - a[0], b[1] - second.share)
    high = difference + math.hypot(a[1] - first.share, second.share - b[0])
    return Comparison(difference, Interval(max(low, -1.0), min(high, 1.0)), None)


def risk_ratio(k1: int, n1: int, k2: int, n2: int) -> Comparison:
    """Return (k1 / n1) / (k2 / n2) with Katz's log interval (``scipy.stats.contingency.relative_risk``).

    Nothing when one of the four cells holds fewer than 5: the approximation fails there, and at 0 there is no ratio.
    """
    if min(k1, n1 - k1, k2, n2 - k2) < FEWEST_IN_A_CELL:
        return Comparison(None, None, SMALL_CELLS)
    from scipy.stats.contingency import relative_risk

    found = relative_risk(k1, n1, k2, n2)
    interval = found.confidence_interval(confidence_level=0.95)
    return Comparison(finite(found.relative_risk), Interval(float(interval.low), float(interval.high)), None)


def _bounds(proportion: Proportion) -> tuple[float, float] | None:
    interval = proportion.interval
    if interval is None or interval.low is None or interval.high is None:
        return None
    return interval.low, interval.high


def _score_interval(share: float, n: float, z: float) -> Interval:
    centre = share + z * z / (2 * n)
    reach = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if share == 0 else (centre - reach) / scale
    high = 1.0 if share == 1 else (centre + reach) / scale
    return Interval(max(low, 0.0), min(high, 1.0))
