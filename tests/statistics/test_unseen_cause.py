"""How strong an unseen cause would have to be, against published values."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.statistics.unseen_cause import (
    e_value,
    e_value_of_bound,
    risk_ratio_of_hazards,
    robustness,
    robustness_value,
)


def test_the_robustness_value_is_the_published_one() -> None:
    """Cinelli and Hazlett (2020), table 1: t = 4.18 with 783 degrees of freedom, partial R^2 2.2 %, gives 13.9 %."""
    partial = 4.18**2 / (4.18**2 + 783)
    assert partial == pytest.approx(0.022, abs=5e-4)
    assert robustness_value(partial) == pytest.approx(0.139, abs=5e-4)
    assert (robustness_value(0.0), robustness_value(1.0)) == (0.0, 1.0)


def test_multiples_of_a_seen_property_are_those_of_sensemakr() -> None:
    """In the same example, being female explains 0.9 % of the choice and 12.5 % of the outcome: 3 times is too little.

    The paper's figure 2 has the estimate at three times female still above 0 (0.0304, from 0.0973).
    """
    found = robustness(4.18**2 / (4.18**2 + 783), 0.00916, 0.1246)
    assert found.times_yardstick is not None
    assert 4.0 < found.times_yardstick < 4.7


@pytest.mark.parametrize(
    ("of_choice", "of_outcome", "times", "explained"),
    [
        # Shared 1/16, so that eta^2 is 5/3: 5/27 of the outcome and 1/4 of the choice.
        (0.2, 0.1, 1.0, 5 / 27 / 3),
        # Shared 1/36: 0.087258 of the outcome, 1/8 of the choice.
        (0.2, 0.1, 0.5, (math.sqrt(0.5) + 1 / 6) ** 2 / (35 / 36) / 9 / 7),
        # Shared 1/6, and more than all of the outcome is all of it: 1/2 of the choice.
        (0.2, 0.9, 2.0, 1.0),
        # Nearly all of the choice: 0.999, of which 0.999 / 0.001 is made.
        (0.5, 0.6, 0.999, 999.0),
    ],
)
def test_multiples_of_a_seen_property_by_hand(
    of_choice: float, of_outcome: float, times: float, explained: float
) -> None:
    """A difference whose R^2 / (1 - R^2) is just what so many times the property explain has that many times."""
    found = robustness(explained / (1 + explained), of_choice, of_outcome)
    assert found.times_yardstick == pytest.approx(times, rel=1e-9)


@pytest.mark.parametrize(
    ("partial", "of_choice", "of_outcome", "value"),
    [
        (0.1, 0.0, 0.2, (math.sqrt(37) - 1) / 18),
        (0.1, 1.0, 0.2, (math.sqrt(37) - 1) / 18),
        (0.1, 1.5, 0.2, (math.sqrt(37) - 1) / 18),
        (1.0, 0.1, 0.2, 1.0),
        (0.1, 0.1, 1.0, (math.sqrt(37) - 1) / 18),
        (0.5, 1e-9, 1e-9, (math.sqrt(5) - 1) / 2),
    ],
)
def test_a_property_that_says_nothing_is_not_a_yardstick(
    partial: float, of_choice: float, of_outcome: float, value: float
) -> None:
    """No multiple of nothing explains anything, and the robustness value does not ask for one."""
    found = robustness(partial, of_choice, of_outcome)
    assert found.times_yardstick is None
    assert found.value == pytest.approx(value, abs=1e-10)


def test_a_property_is_not_multiplied_a_thousand_times() -> None:
    """What explains 0.01 % of choice and outcome explains away 1.1 % at most: more is not looked for."""
    assert robustness(0.0109, 1e-4, 1e-4).times_yardstick == pytest.approx(995.91, abs=0.01)
    assert robustness(0.0110, 1e-4, 1e-4).times_yardstick is None


@given(st.floats(0.001, 0.9), st.floats(0.001, 0.9), st.floats(0.001, 0.9))
def test_a_stronger_difference_needs_a_stronger_cause(partial: float, choice: float, outcome: float) -> None:
    """Both figures rise with what the choice explains, and stay where they are defined."""
    weak, strong = robustness(partial / 2, choice, outcome), robustness(partial, choice, outcome)
    assert 0 <= weak.value < strong.value <= 1
    if strong.times_yardstick is not None:
        assert weak.times_yardstick is not None
        assert 0 < weak.times_yardstick <= strong.times_yardstick * (1 + 1e-9)


def test_the_e_value_is_the_published_one() -> None:
    """VanderWeele and Ding (2017): a risk ratio of 3.9 (1.8 to 8.7) has 7.26, and 3.0 for the nearer end."""
    assert e_value(3.9) == pytest.approx(7.26, abs=0.01)
    assert e_value_of_bound(1.8, 8.7) == pytest.approx(3.0, abs=0.01)
    assert e_value(0.80) == pytest.approx(1.81, abs=0.01)
    assert e_value_of_bound(0.71, 0.91) == pytest.approx(1.43, abs=0.01)
    assert e_value_of_bound(0.9, 1.2) == e_value_of_bound(1.0, 2.0) == e_value_of_bound(0.5, 1.0) == 1.0
    assert e_value(1.0) == 1.0


@pytest.mark.parametrize(("hazard", "risk"), [(1.0, 1.0), (2.0, 1.611), (0.5, 0.6208)])
def test_a_hazard_ratio_of_a_common_event_is_nearer_to_one_as_a_risk_ratio(hazard: float, risk: float) -> None:
    """(1 - 0.5^sqrt(HR)) / (1 - 0.5^sqrt(1 / HR)), and its inverse for the inverse."""
    assert risk_ratio_of_hazards(hazard) == pytest.approx(risk, abs=2e-3)
    assert math.log(risk_ratio_of_hazards(1 / hazard)) == pytest.approx(-math.log(risk_ratio_of_hazards(hazard)))
