"""Working days on which nearly nobody worked, as the counts of use and output show them together.

A public holiday that nobody declared takes use and output to nothing on the same day. Ten of them in half a year are
enough to make two unrelated series correlate, so such days are found and left to explain themselves.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from prodlens.statistics.daily_series import DAYS_FOR_WEEKDAYS, Calendar, calendar_basis, days_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from prodlens.statistics.estimates import BoolArray, FloatArray, IntArray

# What is left of the usual level on a quiet day.
_LEFT = 0.05
# How many times as likely a day must be as a quiet one; beside such a day it need be less, since bridge days and closed
# weeks are joined. Simulated reports without holidays have one or two such days in 180 by chance.
_CLEARLY, _LIKELY = math.log(10), math.log(2)
# A weekday is worked on where a series has more than this share of its busiest weekday.
_WORKING = 0.4
_ROUNDS = 3
# One person alone has many days without use and many without output. That some of them fall together shows nothing.
_MORE_THAN_CHANCE = 2.0
_LARGEST_SIZE = 50.0


def quiet_days(calendar: Calendar, counts: Sequence[FloatArray]) -> frozenset[date]:
    """Find the working days on which every series was so low that a day off explains it better than chance.

    Each series has a usual level m for each day (weekday, trend and two-week cycle of log(1 + v), scaled to the mean)
    and varies around it as a negative binomial of size k (by moments). The evidence of a day is the log likelihood
    ratio of the level 0.05 m to the level m, v log 0.05 + (v + k) log((k + m) / (k + 0.05 m)). A day is quiet where the
    evidence of all series adds up to more than log 10, of which each gives log 10 at most, so that no series carries
    the verdict alone, and where none has log 10 against it. Days joined to it need log 2. Levels and sizes are then
    taken without the days found, and the days looked for again, three times in all. Where they are less than twice as
    many as would fall together if each series were low on days of its own, the sides do not share them: none is quiet.

    Args:
        calendar: The days; its holidays are known to be quiet, and not returned.
        counts: One value a day of each series, NaN where not observed. Use comes first: a day is looked at where it
            and at least one of the others were observed.

    Returns:
        The quiet days; none below 28 days, where the level of a weekday is not known, or with less than two series.
    """
    if calendar.days < DAYS_FOR_WEEKDAYS or len(counts) < 2:  # noqa: PLR2004 - what is shared has two sides
        return frozenset()
    quiet: BoolArray = np.zeros(calendar.days, dtype=np.bool_)
    declared = days_of(calendar, calendar.holidays)
    seen = ~np.isnan(counts[0]) & ~np.isnan(np.array(counts[1:])).all(axis=0) & ~declared
    weekdays: IntArray = np.arange(calendar.days) % 7  # counted from the first day's
    basis = calendar_basis(Calendar(calendar.first, calendar.days, fortnight=True))
    evidence, working = np.zeros((len(counts), calendar.days)), quiet
    for _ in range(_ROUNDS):
        found = [_evidence(values, basis, weekdays, ~quiet & ~declared & ~np.isnan(values)) for values in counts]
        evidence = np.array([one for one, _ in found])
        working = np.array([worked for _, worked in found]).any(axis=0) & seen
        total = np.where((evidence > -_CLEARLY).all(axis=0), np.minimum(evidence, _CLEARLY).sum(axis=0), 0.0)
        quiet = _quiet(total, working)
    if quiet.sum() < _MORE_THAN_CHANCE * _by_chance(evidence[:, working]):
        return frozenset()
    return frozenset(calendar.first + timedelta(days=int(day)) for day in np.flatnonzero(quiet))


def _evidence(
    values: FloatArray, basis: FloatArray, weekdays: IntArray, kept: BoolArray
) -> tuple[FloatArray, BoolArray]:
    """Return how much each day of a series speaks for a quiet day, and whether its weekday is one of work."""
    by_weekday = np.array([_mean(values[kept & (weekdays == day)]) for day in range(7)])[weekdays]
    working: BoolArray = by_weekday > _WORKING * by_weekday.max()
    usual = _usual(values, basis, kept)
    size = _size(values[kept & working], usual[kept & working])
    less = (values + size) * np.log((size + usual) / (size + _LEFT * usual))
    evidence: FloatArray = np.where(np.isnan(values), 0.0, values * math.log(_LEFT) + less)
    return evidence, working


def _mean(values: FloatArray) -> float:
    return float(values.mean()) if values.size else 0.0


def _usual(values: FloatArray, basis: FloatArray, kept: BoolArray) -> FloatArray:
    """Return the usual level of every day, from the days kept: never below zero, and their mean is that of the days."""
    weights = np.linalg.lstsq(basis[kept], np.log1p(values[kept]), rcond=None)[0]
    level = np.expm1(np.maximum(basis @ weights, 0.0))
    scale = float(level[kept].sum())
    usual: FloatArray = level * (float(values[kept].sum()) / scale if scale > 0 else 0.0)
    return usual


def _size(values: FloatArray, usual: FloatArray) -> float:
    """Return the size k of a negative binomial around these means, variance m + m^2 / k, by moments; at most 50."""
    squares = float(usual @ usual)
    excess = float(((values - usual) ** 2 - usual).sum())
    return squares / excess if excess * _LARGEST_SIZE > squares else _LARGEST_SIZE


def _by_chance(evidence: FloatArray) -> float:
    """Return on how many working days all series would be low together if each were low on days of its own."""
    days = max(int(evidence.shape[1]), 1)
    shares = (evidence > 0).sum(axis=1) / days
    return float(np.where(shares > 0, shares, 1.0).prod() * days)


def _quiet(total: FloatArray, working: BoolArray) -> BoolArray:
    """Tell the quiet days from their evidence: clear ones, and what is likely and joined to one without a gap."""
    days = np.flatnonzero(working)
    likely = total[days] > _LIKELY
    # Every day that is not likely begins a stretch, which the likely ones after it belong to.
    stretch = np.cumsum(~likely)
    clear = np.isin(stretch, stretch[total[days] > _CLEARLY])
    quiet: BoolArray = np.zeros(len(total), dtype=np.bool_)
    quiet[days[likely & clear]] = True
    return quiet
