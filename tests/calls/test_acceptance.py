"""What the decisions on a call's tool uses make of the call."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.calls.acceptance import UNKNOWN, Acceptance, fold
from prodlens.schemas import INFERRED, Decision

decisions = st.lists(
    st.builds(
        Decision,
        tool_use_id=st.sampled_from("abc"),
        verdict=st.sampled_from(["accept", "reject", "automatic"]),
        accepted_lines=st.none() | st.integers(0, 50),
        diff_ratio=st.none() | st.floats(0, 1),
    ),
    max_size=8,
)


def test_no_decision_is_unknown() -> None:
    """A call without any decision is unknown, not rejected."""
    assert fold([]) == UNKNOWN
    assert not UNKNOWN.acceptance_known


def test_a_rejection_of_one_use_rejects_the_call() -> None:
    """A person who rejects one of several uses has not taken the answer."""
    folded = fold([Decision("a", "accept", accepted_lines=3), Decision("b", "reject"), Decision("c", "automatic")])
    assert folded == Acceptance(
        acceptance_known=True, accepted_flag=False, decision="reject", accepted_lines=3, diff_ratio=None
    )


def test_automatic_approval_is_no_acceptance() -> None:
    """What only configuration approved stays unknown, and its lines were accepted by nobody."""
    folded = fold([Decision("a", "automatic", accepted_lines=9, diff_ratio=1.0)])
    assert folded == UNKNOWN._replace(decision="automatic")


def test_two_records_of_one_decision_count_once() -> None:
    """The log that knows the person and the transcript that knows the patch make one decision."""
    folded = fold([Decision("a", "accept", "user_temporary"), Decision("a", "automatic", "transcript", 4, 0.5)])
    assert folded == Acceptance(
        acceptance_known=True, accepted_flag=True, decision="accept", accepted_lines=4, diff_ratio=0.5
    )


def test_lines_add_up_and_ratios_average() -> None:
    """Lines of accepted uses are summed; the ratio is the mean of the known ones."""
    folded = fold(
        [Decision("a", "accept", None, 4, 0.5), Decision("b", "accept", None, 6, 1.0), Decision("c", "accept")]
    )
    assert folded.accepted_lines == 10
    assert folded.diff_ratio == pytest.approx(0.75)


def test_one_accepted_use_accepts_the_call() -> None:
    """A person who accepts one of two uses, while configuration approves the other, has taken the answer."""
    assert fold([Decision("a", "accept"), Decision("b", "automatic")]).decision == "accept"
    assert fold([Decision("b", "automatic"), Decision("a", "accept")]).decision == "accept"


def test_what_was_written_down_wins_over_what_was_inferred() -> None:
    """An inferred acceptance gives way to a recorded automatic one, and stands where it is all that is known."""
    inferred = Decision("a", "accept", INFERRED)
    assert fold([inferred, Decision("a", "automatic", "hook")]).decision == "automatic"
    assert fold([inferred]).decision == "accept"


@given(decisions, st.randoms())
def test_the_order_of_decisions_does_not_matter(found: list[Decision], random: object) -> None:
    """Folding a shuffle gives the same acceptance, and repeating every decision changes nothing."""
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fold(shuffled) == fold(found) == fold([*found, *found])


def test_absurd_numbers_stay_numbers() -> None:
    """Lines are cut to the largest number that JSON keeps, and ratios that add up to infinity are unknown."""
    folded = fold([Decision(str(use), "accept", None, 2**53, 1.5e308) for use in range(2000)])
    assert (folded.accepted_lines, folded.diff_ratio) == (2**53, None)
