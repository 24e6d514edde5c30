"""Days off that nobody declared, found from use and output together."""

from __future__ import annotations

import math
from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from prodlens.statistics.daily_series import Calendar
from prodlens.statistics.quiet_days import _by_chance, _evidence, _mean, _quiet, _size, _usual, quiet_days
from tests.statistics.results import like

if TYPE_CHECKING:
    from prodlens.statistics.estimates import FloatArray

MONDAY = date(2026, 1, 5)
SPAN = Calendar(MONDAY, 70)


def made(seed: int, least: int, most: int, days: int = 70) -> FloatArray:
    """Return whole counts of a steady series with free weekends."""
    rng = Random(seed)
    return np.array([0.0 if day % 7 >= 5 else float(rng.randint(least, most)) for day in range(days)])


def on(*days: int) -> frozenset[date]:
    """Return days by their number from the Monday on."""
    return frozenset(MONDAY + timedelta(days=day) for day in days)


def with_nothing_on(series: FloatArray, *days: int) -> FloatArray:
    """Return the series with zeros on the days."""
    changed = series.copy()
    changed[list(days)] = 0.0
    return changed


def test_a_working_day_without_use_and_output_is_quiet() -> None:
    """Two working days on which both series stand still are found, and no weekend is, whose stillness is usual."""
    use, output = (with_nothing_on(made(seed, 4, 12), 16, 45) for seed in (1, 2))
    assert quiet_days(SPAN, [use, output]) == on(16, 45)


def test_one_side_alone_does_not_make_a_day_quiet() -> None:
    """A day without use on which work goes on, or the reverse, is what associations are about."""
    use, output = made(1, 4, 12), made(2, 4, 12)
    assert quiet_days(SPAN, [with_nothing_on(use, 16), output]) == frozenset()
    assert quiet_days(SPAN, [use, with_nothing_on(output, 16)]) == frozenset()
    assert quiet_days(SPAN, [with_nothing_on(use, 16)]) == frozenset()


def test_a_rare_event_among_nothing_does_not_hide_a_day_off() -> None:
    """One merge on a public holiday leaves it a holiday: it is little against two series that stand still."""
    use, output = (with_nothing_on(made(seed, 4, 12), 16) for seed in (1, 2))
    merged = made(3, 0, 2)
    merged[16] = 1.0
    assert quiet_days(SPAN, [use, output, merged]) == on(16)
    merged[16] = 9.0
    assert quiet_days(SPAN, [use, output, merged]) == frozenset()


def test_days_that_fall_together_by_chance_are_not_quiet() -> None:
    """One person without use on a third of the days and without output on a third of their own has no days off."""
    rng = Random(4)
    use, output = (np.array([rng.choice([0.0, 6.0, 9.0]) for _ in range(210)]) for _ in range(2))
    together = int(((use == 0) & (output == 0)).sum())
    assert together > 15
    assert quiet_days(Calendar(MONDAY, 210), [use, output]) == frozenset()
    assert _by_chance(np.array([[1.0, 1.0, -1.0, 0.0], [2.0, -1.0, -1.0, -1.0], [0.0, 0.0, 0.0, -1.0]])) == 0.5


def test_holidays_that_are_known_are_not_found_again() -> None:
    """A declared holiday has its own column: it is not quiet, and does not lower the usual level."""
    use, output = (with_nothing_on(made(seed, 4, 12), 16, 45) for seed in (1, 2))
    assert quiet_days(SPAN._replace(holidays=on(16)), [use, output]) == on(45)
    assert quiet_days(SPAN._replace(holidays=on(*range(70))), [use, output]) == frozenset()


def test_days_that_one_side_did_not_observe_are_not_looked_at() -> None:
    """Before telemetry began nothing is known of use, and where no output was read nothing of output."""
    use, output = (with_nothing_on(made(seed, 4, 12), 2, 16, 45) for seed in (1, 2))
    use[:10], output[60:] = np.nan, np.nan
    assert quiet_days(SPAN, [use, output]) == on(16, 45)
    other = with_nothing_on(made(3, 4, 12), 2, 16, 45, 65)
    use[65] = 0.0
    assert quiet_days(SPAN, [use, output, other]) == on(16, 45, 65)


def test_four_weeks_are_needed() -> None:
    """Below 28 days nothing is known of weekdays, so that no day is called quiet."""
    use, output = (with_nothing_on(made(seed, 4, 12, 28), 16) for seed in (1, 2))
    assert quiet_days(Calendar(MONDAY, 28), [use, output]) == on(16)
    assert quiet_days(Calendar(MONDAY, 27), [use[:27], output[:27]]) == frozenset()


def test_a_day_that_use_alone_observed_is_not_joined_to_a_quiet_one() -> None:
    """The day after a day off, on which output was no longer read, is not looked at, low as use is."""
    use, output = with_nothing_on(made(1, 4, 12), 58, 59), with_nothing_on(made(2, 4, 12), 58)
    output[59:] = np.nan
    assert quiet_days(SPAN, [use, output]) == on(58)


def test_a_day_off_in_every_sprint_is_usual() -> None:
    """A working day of each fortnight without anything is a part of the two-week cycle."""
    every = range(4, 140, 14)
    use, output = (with_nothing_on(made(seed, 4, 12, 140), *every) for seed in (1, 2))
    assert quiet_days(Calendar(MONDAY, 140), [use, output]) == frozenset()
    more = [with_nothing_on(series, 50) for series in (use, output)]
    assert quiet_days(Calendar(MONDAY, 140), more) == on(50)


def test_twice_as_many_as_by_chance_are_enough() -> None:
    """Low on 8 of 64 working days each, two series meet on one day by chance: two days are twice that."""
    span = Calendar(MONDAY, 91, holidays=on(0))
    use = with_nothing_on(made(1, 4, 12, 91), 3, 9, 16, 22, 30, 37, 45, 52)
    output = with_nothing_on(made(2, 4, 12, 91), 4, 10, 16, 23, 31, 38, 45, 53)
    assert quiet_days(span, [use, output]) == on(16, 45)
    assert quiet_days(span, [with_nothing_on(use, 60), output]) == frozenset()


def test_what_a_day_says() -> None:
    """A day that was not observed says nothing; a weekday of no more than 0.4 of the busiest is not worked on."""
    values = np.array([5.0, 2.0, 0.0, 3.0, np.nan])
    weekdays, flat = np.array([0, 1, 2, 3, 0]), np.full((5, 1), 0.5)
    evidence, working = _evidence(values, flat, weekdays, ~np.isnan(values))
    assert working.tolist() == [True, False, False, True, True]
    assert evidence[4] == 0.0
    assert evidence[2] > 0 > evidence[0]
    assert not _evidence(np.zeros(5), flat, weekdays, np.ones(5, dtype=np.bool_))[1].any()
    assert _mean(np.zeros(0)) == 0.0


@pytest.mark.parametrize("size", [1.0, 1e9])
def test_scale_does_not_break_the_search(size: float) -> None:
    """Nothing at all, and counts in the thousands of millions, give a plain answer."""
    nothing = np.zeros(70)
    assert quiet_days(SPAN, [nothing, nothing]) == frozenset()
    use, output = (with_nothing_on(made(seed, 4, 12) * size, 16) for seed in (1, 2))
    assert quiet_days(SPAN, [use, output]) == on(16)


def test_days_joined_to_a_quiet_one_need_less() -> None:
    """Evidence of log 2 suffices next to a clear day across the weekend, and further along; a likely day alone not."""
    total = np.array([0.0, 0.8, 2.4, 9.9, 9.9, 0.8, 0.8, 0.0, 0.8, 0.6])
    working = np.array([True, True, True, False, False, True, True, True, True, True])
    found = np.flatnonzero(_quiet(total, working)).tolist()
    assert found == [1, 2, 5, 6]


def test_exactly_ten_or_two_times_as_likely_is_not_enough() -> None:
    """A clear day is more than 10 times as likely, and one that is joined to it more than twice."""
    working = np.ones(3, dtype=np.bool_)
    assert not _quiet(np.array([math.log(10), 0.0, 0.0]), working).any()
    assert _quiet(np.array([math.log(2), 2.4, math.log(2)]), working).tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("evidence", "days"),
    [([[1.0], [1.0]], 1.0), ([[1.0, -1.0], [1.0, -1.0]], 0.5), ([[], []], 1.0)],
)
def test_how_many_days_fall_together_by_chance(evidence: list[list[float]], days: float) -> None:
    """The product of the shares of low days, times the days; a series that is never low does not lower it."""
    assert _by_chance(np.array(evidence)) == days


def test_the_usual_level_of_rare_events() -> None:
    """One event in four days is a quarter a day, and a kind of day without any has the level 0."""
    flat, everything = np.full((4, 1), 0.5), np.ones(4, dtype=np.bool_)
    assert tuple(_usual(np.array([1.0, 0.0, 0.0, 0.0]), flat, everything).tolist()) == like(*([0.25] * 4))
    half = math.sqrt(0.5)
    kinds = np.array([[half, 0.0], [half, 0.0], [0.0, half], [0.0, half]])
    assert tuple(_usual(np.array([3.0, 3.0, 0.0, 0.0]), kinds, everything).tolist()) == like(3.0, 3.0, 0.0, 0.0)


def test_the_usual_level_and_its_spread() -> None:
    """The level is scaled to the mean of the days kept, and the size is that of the moments, at most 50."""
    flat = np.full((4, 1), 0.5)
    kept = np.array([True, True, True, False])
    assert tuple(_usual(np.array([1.0, 3.0, 8.0, 0.0]), flat, kept).tolist()) == like(*([4.0] * 4))
    # The squares about 3 add up to 54, of which 12 are those of counts without bursts; 4 times 9 are 36.
    spread = np.array([0.0, 0.0, 3.0, 9.0])
    assert _size(spread, np.full(4, 3.0)) == pytest.approx(36 / 42)
    assert _size(np.array([3.0, 3.0]), np.full(2, 3.0)) == 50.0
