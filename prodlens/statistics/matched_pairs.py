"""A comparison without a model: each assisted piece of work beside the author's own that is nearest in size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from prodlens.statistics.within_author import codes_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from prodlens.statistics.estimates import FloatArray
    from prodlens.statistics.within_author import IntArray

FEWEST_PAIRS = 6
LONGEST_APART_DAYS = 28.0
# One-sided 5 %.
_CRITICAL = 1.645
_LARGEST_GAMMA = 1000.0
_STEPS = 60
# Pairs that are looked at at once: an author with thousands of pieces of work has millions of possible pairs.
_MOST_CANDIDATES = 200


@dataclass(frozen=True, slots=True)
class MatchedPairs:
    """What the pairs say.

    Attributes:
        pairs: How many there are.
        median_difference: Median over pairs of outcome of the assisted one less that of the other; None below 6 pairs.
        p: Two-sided p-value of Wilcoxon's signed rank test; None below 6 pairs that differ.
        gamma: How unequal an unseen cause may make the odds within a pair before the direction is in doubt
            (Rosenbaum's bound, one-sided 5 %); None where it is in doubt even with equal odds.
    """

    pairs: int
    median_difference: float | None
    p: float | None
    gamma: float | None


def matched_pairs(
    outcome: FloatArray, assisted: FloatArray, authors: Sequence[Hashable], size: FloatArray, days: FloatArray
) -> MatchedPairs:
    """Pair each assisted piece of work with an other one of the author, and compare the pairs.

    The nearest in ``size`` go together first; each takes part once, and no more than 28 days lie between two.

    Args:
        outcome: What is compared, on a scale on which differences can be compared: log hours.
        assisted: 1 where it is of the kind in question, else 0.
        authors: Whose it is.
        size: Log size.
        days: When it began, in days.
    """
    pairs = [pair for rows in _of_authors(codes_of(authors)) for pair in _nearest(rows, assisted, size, days)]
    differences = np.array([outcome[one] - outcome[other] for one, other in pairs])
    nonzero = differences[differences != 0]
    enough = len(pairs) >= FEWEST_PAIRS
    if len(nonzero) < FEWEST_PAIRS:
        return MatchedPairs(len(pairs), float(np.median(differences)) if enough else None, None, None)
    from scipy.stats import rankdata

    ranks = rankdata(np.abs(nonzero))
    positive = float(ranks[nonzero > 0].sum())
    larger = max(positive, float(ranks.sum()) - positive)
    return MatchedPairs(
        len(pairs),
        float(np.median(differences)),
        float(2 * special.ndtr(-_z(larger, len(nonzero), 1.0))),
        rosenbaum_gamma(larger, len(nonzero)),
    )


def rosenbaum_gamma(rank_sum: float, pairs: int) -> float | None:
    """Return the largest odds ratio within pairs at which a sum of signed ranks is still unusual (Rosenbaum 2002).

    z = (T - p+ n (n + 1) / 2) / sqrt(p+ (1 - p+) n (n + 1) (2 n + 1) / 6) > 1.645 with p+ = G / (1 + G).

    Args:
        rank_sum: Sum of the ranks of the differences of the more frequent sign.
        pairs: Number of differences that are not 0.

    Returns:
        At most 1,000; None where z is too small with G = 1.
    """
    if _z(rank_sum, pairs, 1.0) <= _CRITICAL:
        return None
    low, high = 1.0, _LARGEST_GAMMA
    for _ in range(_STEPS):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if _z(rank_sum, pairs, middle) > _CRITICAL else (low, middle)
    return low


def _z(rank_sum: float, pairs: int, gamma: float) -> float:
    share = gamma / (1 + gamma)
    mean = share * pairs * (pairs + 1) / 2
    return (rank_sum - mean) / math.sqrt(share * (1 - share) * pairs * (pairs + 1) * (2 * pairs + 1) / 6)


def _of_authors(authors: IntArray) -> Iterator[IntArray]:
    order = np.argsort(authors, kind="stable")
    return iter(np.split(order, np.flatnonzero(np.diff(authors[order])) + 1))


def _nearest(rows: IntArray, assisted: FloatArray, size: FloatArray, days: FloatArray) -> Iterator[tuple[int, int]]:
    """Yield pairs of one author, the nearest in size first."""
    ones, others = rows[assisted[rows] == 1], rows[assisted[rows] == 0]
    others = others[np.argsort(size[others], kind="stable")]
    candidates: list[tuple[float, int, int]] = []
    for one in ones:
        at = int(np.searchsorted(size[others], size[one]))
        near = others[max(at - _MOST_CANDIDATES, 0) : at + _MOST_CANDIDATES]
        near = near[np.abs(days[near] - days[one]) <= LONGEST_APART_DAYS]
        candidates += [(abs(float(size[other] - size[one])), int(one), int(other)) for other in near]
    taken: set[int] = set()
    for _, one, other in sorted(candidates):
        if one not in taken and other not in taken:
            taken |= {one, other}
            yield one, other
