"""How far a sample carries, at exactly the smallest sizes."""

from __future__ import annotations

import pytest

from prodlens.statistics.sample_sizes import needed_in_each_arm, sample_strength


@pytest.mark.parametrize(
    ("days", "usage_days", "outcome_days", "strength"),
    [
        (13, 13, 13, "none"),
        (14, 4, 14, "none"),
        (14, 14, 4, "none"),
        (14, 5, 5, "descriptive"),
        (27, 27, 27, "descriptive"),
        (28, 28, 28, "exploratory"),
        (55, 55, 55, "exploratory"),
        (56, 5, 5, "plain"),
        (56, 4, 56, "none"),
    ],
)
def test_sample_strength(days: int, usage_days: int, outcome_days: int, strength: str) -> None:
    """14 days with 5 active ones on each side describe, 28 explore, and 56 say it plainly."""
    assert sample_strength(days, usage_days, outcome_days) == strength


@pytest.mark.parametrize(
    ("ratio", "spread", "needed"), [(0.67, 1.2, 141), (1 / 0.67, 1.2, 141), (0.5, 1.2, 48), (0.9, 1, 1415)]
)
def test_needed_in_each_arm(ratio: float, spread: float, needed: int) -> None:
    """2 * 7.849 * sd^2 / log(ratio)^2, the same for a ratio and its inverse."""
    assert needed_in_each_arm(ratio, spread) == needed


@pytest.mark.parametrize(("ratio", "spread"), [(1.0, 1.2), (0.0, 1.2), (-2.0, 1.2), (float("nan"), 1.2), (2.0, 0.0)])
def test_no_number_is_enough_for_nothing(ratio: float, spread: float) -> None:
    """No difference, no spread and what is not a number are refused."""
    with pytest.raises(ValueError, match="a ratio above 0 other than 1"):
        needed_in_each_arm(ratio, spread)
