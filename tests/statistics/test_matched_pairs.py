"""Matched pairs: who is paired with whom, and what their ranks say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.statistics.matched_pairs import matched_pairs, rosenbaum_gamma


def test_the_nearest_in_size_go_together_once_each() -> None:
    """Sizes 1 and 5 of the assisted take 1.5 and 4; an other author's and one of five weeks before are not taken."""
    found = matched_pairs(
        np.array([10.0, 20.0, 1.0, 2.0, 99.0, 98.0]),
        np.array([1.0, 1.0, 0.0, 0.0, 0.0, 0.0]),
        ["a", "a", "a", "a", "b", "a"],
        np.array([1.0, 5.0, 1.5, 4.0, 1.0, 1.0]),
        np.array([40.0, 41, 42, 43, 40, 1]),
    )
    assert (found.pairs, found.median_difference, found.p, found.gamma) == (2, None, None, None)


def test_what_was_paired_is_not_paired_again() -> None:
    """Sizes 0 and 10 of the assisted take 0 and 10, which leaves 0.5 alone, near as it is."""
    sizes, kinds = np.array([0.0, 10, 0, 10, 0.5]), np.array([1.0, 1, 0, 0, 0])
    assert matched_pairs(sizes, kinds, ["a"] * 5, sizes, np.zeros(5)).pairs == 2


@pytest.mark.parametrize(("apart", "pairs"), [(28.0, 1), (-28.0, 1), (28.01, 0), (-28.01, 0)])
def test_four_weeks_are_near_enough(apart: float, pairs: int) -> None:
    """Work of the very 28th day before or after is taken, later work is not."""
    kinds, same = np.array([1.0, 0.0]), np.zeros(2)
    assert matched_pairs(same, kinds, ["a", "a"], same, np.array([40.0, 40.0 + apart])).pairs == pairs


def test_the_nearest_pair_is_made_first() -> None:
    """Sizes 1 and 2 both want 2.2: the nearer one has it, and the other one takes what is left."""
    outcome = np.array([1.0, 10.0, 100.0, 1000.0] + [-5000.0, 0.0] * 3 + [0.0, 0.0])
    kinds = np.array([1.0, 1.0, 0.0, 0.0] + [1.0, 0.0] * 4)
    sizes = np.array([1.0, 2.0, 2.2, 9.0] + [0.0] * 8)
    authors = ["a"] * 4 + [name for name in "bcde" for _ in range(2)]
    found = matched_pairs(outcome, kinds, authors, sizes, np.zeros(12))
    # The median lies between three pairs of -5000 and that of 1 and 1000: 10 is with 100.
    assert (found.pairs, found.median_difference, found.p) == (6, -2999.5, None)
    more = matched_pairs(outcome[:4], kinds[:4], authors[:4], sizes[:4], np.array([0.0, 0.0, 0.0, 29.0]))
    assert more.pairs == 1


def pairs_of(differences: list[float]) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], ...]:
    """Return outcome, kind, size and day of pairs that differ by so much, one an author."""
    outcome = np.array([value for difference in differences for value in (difference, 0.0)])
    return outcome, np.tile([1.0, 0.0], len(differences)), np.zeros(len(outcome)), np.zeros(len(outcome))


def test_ranks_and_bound_by_hand() -> None:
    """Eight pairs, all shorter: T = 36, mean 18, variance 51, z = 2.52; Gamma solves z = 1.645."""
    outcome, kind, size, days = pairs_of([-1.0, -2.0, -3.0, -4.0, -5.0, -6.0, -7.0, -8.0])
    found = matched_pairs(outcome, kind, [index // 2 for index in range(16)], size, days)
    assert (found.pairs, found.median_difference) == (8, -4.5)
    assert found.p == pytest.approx(2 * 0.005859, abs=1e-4)  # scipy.stats.wilcoxon(method="approx")
    assert found.gamma is not None
    share = found.gamma / (1 + found.gamma)
    assert (36 - share * 36) / math.sqrt(share * (1 - share) * 204) == pytest.approx(1.645, abs=1e-6)


def test_even_pairs_leave_the_direction_in_doubt() -> None:
    """As many longer as shorter: p is 1 or nearly, and no odds are needed to doubt the direction."""
    outcome, kind, size, days = pairs_of([1.0, -1.0, 2.0, -2.0, 3.0, -3.0])
    found = matched_pairs(outcome, kind, [index // 2 for index in range(12)], size, days)
    assert found.p == pytest.approx(1.0)
    assert found.gamma is None


def test_pairs_that_do_not_differ_are_not_ranked() -> None:
    """Six pairs of which two are equal have a median and no test."""
    outcome, kind, size, days = pairs_of([0.0, 0.0, 1.0, 1.0, 1.0, 1.0])
    found = matched_pairs(outcome, kind, [index // 2 for index in range(12)], size, days)
    assert (found.pairs, found.median_difference, found.p) == (6, 1.0, None)


def test_small_odds_can_be_enough() -> None:
    """Of 20 pairs, a rank sum of 155 has z = 1.866; odds of 1.12 in every pair make it 1.645. At 149 z is 1.643."""
    assert rosenbaum_gamma(155.0, 20) == pytest.approx(1.121403, abs=1e-6)
    assert rosenbaum_gamma(149.0, 20) is None


def test_a_direction_beyond_any_doubt_is_capped() -> None:
    """The bound ends at 1,000."""
    assert rosenbaum_gamma(5000 * 5001 / 2, 5000) == pytest.approx(1000.0)


def test_nothing_to_pair() -> None:
    """No work, and work of one kind, make no pair."""
    empty = np.zeros(0)
    assert matched_pairs(empty, empty, [], empty, empty).pairs == 0
    assert matched_pairs(np.ones(2), np.ones(2), ["a", "a"], np.ones(2), np.ones(2)).pairs == 0


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 2), st.integers(0, 9), st.integers(0, 90)), max_size=30))
def test_every_pair_is_of_one_author_within_four_weeks(work: list[tuple[bool, int, int, int]]) -> None:
    """However the work is mixed, there are at most as many pairs as the rarer kind of each author."""
    kinds, authors, sizes, days = ([one[at] for one in work] for at in range(4))
    found = matched_pairs(
        np.zeros(len(work)),
        np.array(kinds, dtype=float),
        authors,
        np.array(sizes, dtype=float),
        np.array(days, dtype=float),
    )
    most = sum(
        min(
            sum(k for k, a in zip(kinds, authors, strict=True) if a == name),
            sum(not k for k, a in zip(kinds, authors, strict=True) if a == name),
        )
        for name in set(authors)
    )
    assert found.pairs <= most
