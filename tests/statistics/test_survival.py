"""Survival curves: whole results of a few pull requests."""

from __future__ import annotations

import numpy as np
import pytest

from prodlens.statistics.estimates import Interval
from prodlens.statistics.survival import kaplan_meier, log_rank
from tests.statistics.results import like, plain


@pytest.mark.parametrize("merged", [[True, False, True, True, False, True], [1, 0, 1, 1, 0, 1]], ids=["bools", "ints"])
def test_a_whole_curve(merged: list[bool]) -> None:
    """Six followed, four merged: every point has its share, band, number at risk and number of merges."""
    found = kaplan_meier([1, 2, 2, 3, 5, 8], merged, fewest_events=1)
    flat = (0.06618675314641244, 0.7849083671479585, 0.95)
    assert plain(found) == like(
        3.0,
        (1.0, None, 0.95),
        6,
        4,
        (
            (1.0, 5 / 6, (0.27312284992835584, 0.9747124266908935, 0.95), 6, 1),
            (2.0, 4 / 6, (0.19461663680623478, 0.9044341643225164, 0.95), 5, 1),
            (3.0, 4 / 9, flat, 3, 1),
            (5.0, 4 / 9, flat, 2, 0),
            (8.0, 0.0, None, 1, 1),
        ),
        None,
    )


def test_a_curve_that_ends_at_one_half_has_its_last_time_as_median() -> None:
    """One of two merged after an hour, the other still open: the median is that hour."""
    found = kaplan_meier([1, 2], [True, False], fewest_events=1)
    assert (found.median, found.interval) == (1.0, Interval(1.0, None))
    assert kaplan_meier([1, 2, 4, 9], [True] * 4, fewest_events=1).median == 3.0


@pytest.mark.parametrize(("merges", "median"), [(4, None), (5, 3.0)])
def test_five_merges_are_enough(merges: int, median: float | None) -> None:
    """By default a median needs five merges."""
    assert kaplan_meier(list(range(1, merges + 1)), [True] * merges).median == median


@pytest.mark.parametrize("merged", [(True, True, False), (1, 1, 0)], ids=["bools", "ints"])
def test_log_rank_of_two_small_groups(merged: tuple[bool, ...]) -> None:
    """Outcomes may be given as numbers; a p-value stands without a reason."""
    found = log_rank([1, 2, 3], merged, [4, 5, 6], [True, False, True])
    assert plain(found) == like(0.116083133738655, None)


def test_without_a_median_sizes_and_reason_are_told() -> None:
    """A time that is not a number leaves the counts; four merges of six leave the counts and the curve."""
    broken = kaplan_meier([1, float("nan")], [True, True])
    assert plain(broken) == (None, None, 2, 2, (), "a value is missing or not finite")
    few = kaplan_meier([1, 2, 2, 3, 5, 8], [True, False, True, True, False, True])
    assert (few.median, few.interval, few.n, few.events, few.reason) == (None, None, 6, 4, "fewer than 5 were merged")
    assert len(few.curve) == 5


def test_a_step_on_one_half_ends_at_the_next_merge() -> None:
    """Between the first and the last of two merges lies the median."""
    assert kaplan_meier([1, 3], [True, True], fewest_events=1).median == 2.0


@pytest.mark.parametrize(
    ("hours", "merged", "reason"),
    [
        ([-1, 2], [True, True], "a time is negative"),
        ([0, 2], [True, True], None),
        ([1, 2], [False, False], "nothing was merged"),
        ([1, 2, 3, 4], [True, False, False, False], "fewer than half were merged: the median is not reached"),
    ],
)
def test_why_there_is_no_median(hours: list[float], merged: list[bool], reason: str | None) -> None:
    """A merge after no time at all is one; a time below it, no merge and too few merges have a reason each."""
    found = kaplan_meier(hours, merged, fewest_events=1)
    assert (found.median is None, found.reason) == (reason is not None, reason)


@pytest.mark.parametrize(
    ("hours", "merged", "reason"),
    [
        ([], [], "one of the groups is empty"),
        ([-1], [True], "a time is negative"),
        ([float("nan")], [True], "a value is missing or not finite"),
        ([1], [True], "the groups' events cannot be told apart"),
        ([1], [False], "nothing was merged"),
    ],
)
def test_why_two_groups_are_not_compared(hours: list[float], merged: list[bool], reason: str) -> None:
    """Whichever group is given first, the reason is that of the one that cannot be used, or of both."""
    other = [True] if merged != [False] else [False]
    assert plain(log_rank(hours, merged, [1], other)) == (None, reason)
    assert plain(log_rank([1], other, hours, merged)) == (None, reason)


def test_outcomes_may_come_as_a_column() -> None:
    """A column of outcomes is as good as a row."""
    column = np.array([[True], [False]])
    assert kaplan_meier([1, 2], column, fewest_events=1) == kaplan_meier([1, 2], [True, False], fewest_events=1)
