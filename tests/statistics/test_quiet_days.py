"""Days off that nobody declared, found from use and output together."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from prodlens.statistics.daily_series import Calendar
from prodlens.statistics.quiet_days import _by_chance, _quiet, _size, _usual, quiet_days
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


def test_the_usual_level_and_its_spread() -> None:
    """The level is scaled to the mean of the days kept, and the size is that of the moments, at most 50."""
    flat = np.full((4, 1), 0.5)
    kept = np.array([True, True, True, False])
    assert tuple(_usual(np.array([1.0, 3.0, 8.0, 0.0]), flat, kept).tolist()) == like(*([4.0] * 4))
    # The squares about 3 add up to 54, of which 12 are those of counts without bursts; 4 times 9 are 36.
    spread = np.array([0.0, 0.0, 3.0, 9.0])
    assert _size(spread, np.full(4, 3.0)) == pytest.approx(36 / 42)
    assert _size(np.array([3.0, 3.0]), np.full(2, 3.0)) == 50.0
