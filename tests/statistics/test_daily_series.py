"""Daily series on their modelling scales."""

from __future__ import annotations

import numpy as np

from prodlens.statistics.daily_series import log_amounts
from tests.statistics.results import like


def test_amounts_in_units_of_a_typical_day() -> None:
    """Half, one and two typical days are log 1.5, log 2 and log 3; nothing stays nothing."""
    scaled = log_amounts(np.array([0.0, 1.0, 2.0, 4.0]))
    assert tuple(scaled.tolist()) == like(0.0, 0.4054651081081644, 0.6931471805599453, 1.0986122886681098)
