"""Gates on the figures of a report."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.errors import ConfigurationError
from prodlens.metrics.gates import Gate, check_gates, parse_gates

REPORT: dict[str, Any] = {
    "error_rate": 0.05,
    "rework_rate": None,
    "pr_throughput": {"weekly_merged_prs": 3.5, "total_merged": 7},
    "pr_merge_time_hours": [1.0, 30.0],
    "multiple_comparison_adjustment": {"adjusted": {"sessions:commits:1": 0.02}},
}


@pytest.mark.parametrize(
    ("condition", "failed"),
    [
        ("error_rate > 0.05", False),
        ("error_rate >= 0.05", True),
        ("error_rate>=5e-2", True),
        ("error_rate < .1", True),
        ("error_rate <= 0", False),
        ("error_rate == 0.05", True),
        ("error_rate != 0.05", False),
        ("pr_throughput.weekly_merged_prs < 4", True),
        ("pr_merge_time_hours.-1 > 24", True),
        ("pr_merge_time_hours.9 > 0", False),
        ("rework_rate >= 0", False),
        ("multiple_comparison_adjustment.adjusted.sessions:commits:1 < 0.05", True),
        ("multiple_comparison_adjustment.adjusted.sessions:commits:9 < 0.05", False),
    ],
)
def test_a_gate_fails_when_its_condition_holds(condition: str, failed: bool) -> None:
    """A condition on any path fails the run when it holds; a figure that is null or not there never does."""
    (result,) = check_gates(parse_gates([condition]), REPORT)
    assert result.failed is failed


def test_blank_lines_and_comments_are_no_conditions() -> None:
    """An empty setting has no gates."""
    assert parse_gates(["", "  ", "# error_rate > 1"]) == ()


def test_every_mistake_is_reported_at_once() -> None:
    """A malformed condition and a path without a figure are one mistake each, which says what to do."""
    lines = ["error_rate", "error_rate > much", "eror_rate > 1", "metadata.repo == 1", "pr_throughput > 1"]
    lines += ["error_rate.low > 0", "pr_merge_time_hours.first > 1", "error_rate > 0.1", "error_rate > nan"]
    with pytest.raises(ConfigurationError) as caught:
        parse_gates(lines)
    assert len(caught.value.mistakes) == 8
    assert "did you mean 'error_rate'?" in caught.value.mistakes[2]
    assert "is not one figure but string" in caught.value.mistakes[3]


@given(st.text())
def test_any_text_is_a_condition_or_a_mistake(text: str) -> None:
    """Whatever a setting holds, it is read or refused as the user's mistake."""
    try:
        gates = parse_gates([text])
    except ConfigurationError:
        return
    assert len(gates) <= 1


@given(st.sampled_from([">", ">=", "<", "<=", "==", "!="]), st.floats(allow_nan=False, allow_infinity=False))
def test_a_gate_reads_back_as_written(sign: str, limit: float) -> None:
    """What a gate prints is a condition again, up to the digits printed."""
    (gate,) = parse_gates([f"error_rate {sign} {limit!r}"])
    assert gate == Gate("error_rate", sign, limit)
    assert parse_gates([str(gate)])[0].operator == sign
