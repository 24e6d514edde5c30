"""How far a sample carries, at exactly the smallest sizes."""

from __future__ import annotations

import pytest

from prodlens.statistics.sample_sizes import sample_strength


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
