"""A sum of days to come: literal forecasts, what gives none, and how often the interval holds."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.statistics.forecast import Forecast, _relative_spread, forecast_sum
from tests.statistics.results import like, plain

WEEK = [2.0, 2.0, 2.0, 2.0, 2.0, 0.0, 0.0]
TOO_FEW = "fewer than 4 whole weeks to go by"


def test_a_whole_week_to_come_is_the_mean_of_the_weeks() -> None:
    """Weeks of 10, 20, 10 and 20 give 15; r is 0, so its relative variance is (1 + 1/4) (5.7735/15)^2, t is 3.1824."""
    values = [day * size for size in (1, 2, 1, 2) for day in WEEK]
    found = forecast_sum(values, range(1, 8))
    assert plain(found) == like(15.0, (0.0, 55.69089809223686, 0.95), 4, None)


def test_weeks_that_differ_little_have_a_lower_bound() -> None:
    """Weeks of 9 and 11: t is 3.1824 and s^2 5/4 4/300, the ends 1 - t s and exp(t sqrt(log(1 + s^2)))."""
    values = [day * size for size in (0.9, 1.1, 0.9, 1.1) for day in WEEK]
    assert plain(forecast_sum(values, range(1, 8))) == like(10.0, (5.891479486478, 15.05545740992, 0.95), 4, None)


def test_small_sums_are_as_good_as_large_ones() -> None:
    """Money in another unit has the forecast in that unit."""
    values = [day * size / 1000 for size in (0.9, 1.1, 0.9, 1.1) for day in WEEK]
    assert plain(forecast_sum(values, range(1, 8))) == like(0.01, (0.005891479486478, 0.01505545740992, 0.95), 4, None)


def test_bounds_that_leave_the_range_of_numbers_are_not_given() -> None:
    """An upper bound above the largest number, or such a sum of many days, is left out; the rest stays."""
    values = [day * size * 5e305 for size in (1, 9, 1, 9) for day in WEEK]
    found = forecast_sum(values, range(1, 8))
    assert plain(found) == like(2.5e307, None, 4, None)
    for size, days in ((3e306, 70), (4e306, 7)):
        many = forecast_sum([day * size for day in WEEK * 4], range(1, days + 1))
        assert plain(many) == (None, None, 4, "the values are too large or too small to compute with")


def test_days_weigh_as_their_weekdays_do() -> None:
    """A weekday has (4 x 2 + 10/7) / 50 of a week of 10, a Saturday (10/7) / 50; equal weeks have no interval."""
    assert forecast_sum(WEEK * 4, [1]).estimate == pytest.approx(66 / 35)
    assert forecast_sum(WEEK * 4, [6, 7]).estimate == pytest.approx(20 / 35)
    assert forecast_sum(WEEK * 4, [8]).estimate == pytest.approx(66 / 35)
    assert forecast_sum(WEEK * 4, [1]).interval is None


def test_only_the_last_six_whole_weeks_count() -> None:
    """What was before them, and days before the first whole one, change nothing."""
    recent = [day * size for size in (3, 1, 2, 3, 1, 2) for day in WEEK]
    assert forecast_sum([900.0, 900.0, *recent], [1, 2]) == forecast_sum(recent, [1, 2])
    assert forecast_sum(recent, [1, 2]).weeks == 6


@pytest.mark.parametrize(
    ("sums", "share", "squared"),
    [
        ([10.0, 20.0, 10.0, 20.0], 1.0, 5 / 4 * 4 / 9 / 3),  # neighbours differ: r is 0
        ([10.0, 20.0, 30.0, 40.0], 1.0, 0.6),  # r is 1/2, so f is 3 and f' 3/2
        ([10.0, 20.0, 30.0, 40.0], 0.5, (1.25 / 0.5 + 0.75) * 0.8 / 3),
        ([10.0, 20.0, 30.0, 40.0], 4.0, (3 / 4 + 3 / 4) * 0.8 / 3),
        ([10.0, 20.0, 30.0, 40.0], 8.0, 0.3),  # beyond four weeks f' stays f
        ([28.0, 30.0, 24.0, 16.0, 10.0, 12.0], 1.0, 0.56),  # r would be 0.79, and is 0.7
        ([5.0, 5.0, 5.0, 5.0], 1.0, 0.0),
    ],
)
def test_the_relative_spread_by_hand(sums: list[float], share: float, squared: float) -> None:
    """(f' / k + f / W) (s / m)^2, with f = (1 + r) / (1 - r) and r between 0 and 0.7."""
    assert _relative_spread(np.array(sums), share) ** 2 == pytest.approx(squared, rel=1e-9)


@pytest.mark.parametrize(
    ("values", "weeks", "reason"),
    [
        ([], 0, TOO_FEW),
        (WEEK * 3 + WEEK[:6], 3, TOO_FEW),
        ([0.0] * 28, 4, "nothing in the 4 weeks to go by"),
        ([*WEEK * 3, *WEEK[:6], nan], 4, "a value is missing or not finite"),
        ([*WEEK * 3, *WEEK[:6], inf], 4, "a value is missing or not finite"),
        ([1e308] * 28, 4, "the values are too large or too small to compute with"),
    ],
)
def test_without_a_forecast_there_is_a_reason(values: list[float], weeks: int, reason: str) -> None:
    """Too few weeks, weeks without anything, and values that are not numbers have a reason and no estimate."""
    assert plain(forecast_sum(values, [1])) == (None, None, weeks, reason)


def test_no_days_to_come_add_nothing() -> None:
    """A month that is over is known exactly, however little there was before."""
    found = forecast_sum([], [])
    assert plain(found) == (0.0, (0.0, 0.0, 0.95), 0, None)


@given(
    values=st.lists(st.floats(0, 1e12), min_size=28, max_size=60),
    days=st.lists(st.integers(1, 31), min_size=1, max_size=31),
)
def test_bounds_hold_the_estimate(values: list[float], days: list[int]) -> None:
    """Whatever the days were, the estimate lies between its bounds and nothing is negative."""
    found = forecast_sum(values, days)
    if found.estimate is not None and found.interval is not None:
        low, high = found.interval.low, found.interval.high
        assert low is not None
        assert high is not None
        assert 0 <= low <= found.estimate * (1 + 1e-9)
        assert found.estimate <= high * (1 + 1e-9)


WEEKDAYS = np.array([1.2, 1.3, 1.25, 1.2, 0.9, 0.15, 0.1])


def simulated(kind: str, days: int, random: np.random.Generator) -> list[float]:
    """Return days of cost with a weekday pattern, steady but for what the kind says."""
    week = np.arange(days) // 7
    steps = random.normal(0, 0.1 if kind == "adrift" else 0.26, week[-1] + 1)
    levels = {
        "adrift": np.exp(np.cumsum(steps))[week],
        "growing": 1.03**week,
        "like the week before": np.exp(_autoregressive(steps, 0.5))[week],
    }
    noise = random.lognormal(0, 1.0 if kind == "bursts" else 0.6, days)
    level = levels.get(kind, np.ones(days))
    return list(10 * level * WEEKDAYS[np.arange(days) % 7] * noise)


def _autoregressive(steps: np.ndarray, share: float) -> np.ndarray:
    values = np.zeros(len(steps))
    for at in range(1, len(steps)):
        values[at] = share * values[at - 1] + steps[at]
    return values


def covered(kind: str, ahead: int, weeks: int, months: int, seed: int) -> float:
    """Return how often the 95 % interval of the days ahead held what came."""
    random = np.random.default_rng(seed)
    held = 0
    for _ in range(months):
        days = simulated(kind, weeks * 7 + ahead, random)
        found: Forecast = forecast_sum(days[: weeks * 7], range(1, ahead + 1))
        interval = found.interval
        assert interval is not None
        assert interval.low is not None
        assert interval.high is not None
        held += interval.low <= sum(days[weeks * 7 :]) <= interval.high
    return held / months


@pytest.mark.parametrize("kind", ["steady", "like the week before", "adrift", "growing", "bursts"])
@pytest.mark.parametrize("ahead", [3, 14, 28])
def test_the_interval_holds_what_comes(kind: str, ahead: int) -> None:
    """Of 300 simulated months, 88 to 100 % cost what the 95 % interval said, whether weeks are steady or drift."""
    assert 0.88 <= covered(kind, ahead, weeks=12, months=300, seed=ahead) <= 1.0
