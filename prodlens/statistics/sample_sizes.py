"""How many days and people a statement needs."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Literal

FEWEST_DAYS = 14
FEWEST_ACTIVE_DAYS = 5
FEWEST_DAYS_FOR_Q = 28
DAYS_FOR_A_PLAIN_STATEMENT = 56
# Clusters that an interval by developer needs: with fewer, its variance has less than four degrees of freedom.
FEWEST_DEVELOPERS = 5
FEWEST_WEEKS_TO_FORECAST = 4
FEWEST_WEEKS_FOR_A_RATIO = 4
# Traces that end longer before the report say too little of the weeks that a forecast would rest on.
MOST_DAYS_WITHOUT_TRACES = 7
_LARGEST_ROOT = 1e9  # of the pieces of work in an arm

SampleStrength = Literal["none", "descriptive", "exploratory", "plain"]


def sample_strength(days: int, usage_days: int, outcome_days: int) -> SampleStrength:
    """Return how far the sample carries: ``none`` shows nothing, ``descriptive`` an r and its interval but no q.

    ``exploratory`` (28 to 55 days) and ``plain`` (56 and more) show all three.
    """
    if days < FEWEST_DAYS or min(usage_days, outcome_days) < FEWEST_ACTIVE_DAYS:
        return "none"
    if days < FEWEST_DAYS_FOR_Q:
        return "descriptive"
    return "exploratory" if days < DAYS_FOR_A_PLAIN_STATEMENT else "plain"


def needed_in_each_arm(ratio: float, spread: float, power: float = 0.8) -> int:
    """Return how many pieces of work each of two arms needs for a ratio of times to be found, at 5 % two-sided.

    n = 2 (z_.975 + z_power)^2 spread^2 / log(ratio)^2, rounded up.

    Args:
        ratio: How many times as long one arm takes; not 1.
        spread: Standard deviation of the log of the times.
        power: Share of such samples in which it is found.

    Raises:
        ValueError: The ratio is 1 or not above 0, the spread is not above 0, one of them is not a number, or the answer
            is beyond all that could be counted.
    """
    if not (math.isfinite(ratio) and ratio > 0 and ratio != 1 and math.isfinite(spread) and spread > 0):
        raise ValueError(f"a ratio above 0 other than 1 and a spread above 0 are needed: {ratio}, {spread}")
    normal = NormalDist()
    quantiles = normal.inv_cdf(0.975) + normal.inv_cdf(power)
    root = quantiles * spread / abs(math.log(ratio))
    if root > _LARGEST_ROOT:
        raise ValueError(f"a ratio so near 1 cannot be told from 1 at such a spread: {ratio}, {spread}")
    return math.ceil(2 * root**2)
