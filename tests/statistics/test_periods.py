"""Weeks against weeks: whole results, at the edges of what can be compared."""

from __future__ import annotations

from math import nan

import pytest

from prodlens.statistics.periods import compare_weeks, week_over_week
from tests.statistics.results import like, plain

TOO_FEW = "fewer than 7 complete weeks: no usual change to compare with"


@pytest.mark.parametrize(
    ("weeks", "before", "after", "reason"),
    [
        ([], None, None, TOO_FEW),
        ([3], None, None, TOO_FEW),
        ([3, 5], 3.0, 5.0, TOO_FEW),
        ([7, 3, 5], 3.0, 5.0, TOO_FEW),
        ([1, 2, 1, 2, 1, 2], 1.0, 2.0, TOO_FEW),
        ([3, nan], 3.0, None, "a value is missing or not finite"),
        ([nan, 5], None, 5.0, "a value is missing or not finite"),
        ([1, 2, 1, 2, 1, -2, 3], -2.0, 3.0, "a total is negative"),
    ],
)
def test_without_a_verdict_the_last_two_weeks_are_told(
    weeks: list[float], before: float | None, after: float | None, reason: str
) -> None:
    """The totals that are known stand beside the reason why nothing is compared."""
    assert plain(week_over_week(weeks)) == (None, None, None, None, before, after, reason)


def test_seven_weeks_are_enough() -> None:
    """2 to 4 is 4.5 / 2.5 = 1.8 times as much; the five changes before have a root mean square of log(2.5 / 1.5)."""
    assert plain(week_over_week([1, 2, 1, 2, 1, 2, 4])) == like(
        1.8, (0.4841636039328463, 6.691952830988488, 0.95), 0.3019110387117279, 5, 2.0, 4.0, None
    )


def test_weeks_that_never_changed_have_a_ratio_alone() -> None:
    """After six weeks of 4, a week of 8 is 8.5 / 4.5 times as much, by no usual change."""
    assert plain(week_over_week([4] * 6 + [8])) == like(
        8.5 / 4.5, None, None, None, 4.0, 8.0, "the weeks before never changed"
    )


@pytest.mark.parametrize(
    ("later", "earlier", "expected"),
    [
        ([4, 5, 6], [1, 2], (None, None, None, None, 3.0, 15.0, "fewer than 3 complete weeks in a period")),
        ([4, 5], [1, 2, 3], (None, None, None, None, 6.0, 9.0, "fewer than 3 complete weeks in a period")),
        ([1, nan, 2], [1, 2, 3], (None, None, None, None, None, None, "a value is missing or not finite")),
        ([4, 5, 6], [1, 2, -3], (None, None, None, None, None, None, "a total is negative")),
        ([4, 5, 6], [0, 0, 0], (None, None, None, None, 0.0, 15.0, "nothing was counted in a period")),
        ([4, 4, 4], [8, 8, 8], (0.5, None, None, None, 24.0, 12.0, "the weekly totals do not vary")),
        (
            [4, 5, 6],
            [1, 2, 3],
            (
                2.5,
                (1.054491719109078, 5.927026155578081, 0.95),
                0.042090578766341355,
                4,
                6.0,
                15.0,
                None,
            ),
        ),
    ],
)
def test_blocks_of_weeks(later: list[float], earlier: list[float], expected: tuple[object, ...]) -> None:
    """Three weeks a side are enough; totals and the reason are told where they are not, or do not vary."""
    assert plain(compare_weeks(later, earlier)) == like(*expected)


@pytest.mark.parametrize("unit", [0.01, 1e-6, 1000.0])
def test_dollars_and_cents_change_alike(unit: float) -> None:
    """From 0.15 to 0.44 is 2.93 times as much, in whatever unit the amounts are given."""
    weeks = [0.10, 0.20, 0.10, 0.20, 0.10, 0.15, 0.44]
    last = week_over_week([week * unit for week in weeks], counts=False)
    assert last.ratio == pytest.approx(0.44 / 0.15)
    block = compare_weeks([week * unit for week in weeks[4:]], [week * unit for week in weeks[:4]])
    assert block.ratio == pytest.approx((0.69 / 3) / (0.60 / 4))


def test_amounts_with_an_empty_week_are_in_units_of_the_smallest() -> None:
    """With an empty week, half the smallest week above zero is added: here it is 1, as an event of a count is."""
    weeks = [0, 2, 1, 2, 1, 2, 4]
    assert week_over_week([week / 100 for week in weeks], counts=False).ratio == pytest.approx(4.5 / 2.5)
    assert week_over_week(weeks).ratio == pytest.approx(4.5 / 2.5)
    assert week_over_week([0.0] * 7, counts=False).reason == "the weeks before never changed"
