"""How many days and people a statement needs."""

from __future__ import annotations

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
