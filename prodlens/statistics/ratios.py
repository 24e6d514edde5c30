"""A ratio of two totals over some weeks, with an interval by how far its weeks are from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prodlens.statistics.estimates import NOT_FINITE, FloatArray, Interval, finite_interval, numbers, t_quantile
from prodlens.statistics.sample_sizes import FEWEST_WEEKS_FOR_A_RATIO

if TYPE_CHECKING:
    from collections.abc import Sequence

TOO_FEW_WEEKS = f"fewer than {FEWEST_WEEKS_FOR_A_RATIO} whole weeks"


@dataclass(frozen=True, slots=True)
class RatioInterval:
    """The interval of a ratio, None with the reason why there is none."""

    interval: Interval | None
    reason: str | None = None


def interval_of_ratio(
    ratio: float, numerators: Sequence[float] | FloatArray, denominators: Sequence[float] | FloatArray
) -> RatioInterval:
    """Return the interval of a ratio of totals, weeks being what varies by chance.

    With c and m a week's part of the two totals, the variance of the ratio's logarithm is W / (W - 1) times the sum of
    (c - m)^2 over W weeks: the linearised variance of a ratio estimator (Cochran, Sampling Techniques, 3rd edition,
    section 6.4). The bounds are Student's t with W - 1 degrees of freedom.

    Args:
        ratio: The estimate that the interval is put about.
        numerators: What each week adds to the total above the line.
        denominators: What it adds to the one below.
    """
    above, below = numbers(numerators), numbers(denominators)
    weeks = len(above)
    if weeks < FEWEST_WEEKS_FOR_A_RATIO:
        return RatioInterval(None, TOO_FEW_WEEKS)
    with np.errstate(over="ignore"):
        if not np.isfinite([above.sum(), below.sum()]).all():
            return RatioInterval(None, NOT_FINITE)
    if above.sum() <= 0 or below.sum() <= 0:
        return RatioInterval(None, "nothing in the whole weeks")
    off = above / above.sum() - below / below.sum()
    spread = float(np.sqrt(weeks / (weeks - 1) * (off @ off)))
    if not spread:
        return RatioInterval(None, "the weeks do not differ")
    factor = float(np.exp(t_quantile(weeks - 1) * spread))
    found = finite_interval(ratio / factor, ratio * factor)
    return RatioInterval(found, None if found else NOT_FINITE)
