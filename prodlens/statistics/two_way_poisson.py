"""Counts by author and week with an effect of each: margins, and a log rate ratio by Poisson pseudo-likelihood."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prodlens.statistics.estimates import FloatArray, two_sided_p

if TYPE_CHECKING:
    from prodlens.statistics.within_author import IntArray

LEAST = 1e-12
_MOST_ROUNDS = 500
_PRECISION = 1e-10
_MOST_STEPS = 40
_SMALLEST_STEP = 1e-8
_LARGEST_DELTA = 15.0
_LEAST_INFORMATION = 1e-8
_FEWEST_EFFECTIVE = 1.5
# Where everybody moves alike, what is left of the error is rounding; no counts make one as small.
_LEAST_ERROR = 1e-6


@dataclass(frozen=True, slots=True)
class RateContrast:
    """A log rate ratio with author and week effects, its CR1 standard error and its degrees of freedom."""

    delta: float
    error: float
    df: float

    @property
    def p(self) -> float:
        """Return the two-sided p-value of a ratio of 1."""
        return two_sided_p(self.delta / self.error, self.df)


def poisson_contrast(
    counts: FloatArray,
    treated: FloatArray,
    authors: IntArray,
    weeks: IntArray,
    clusters: IntArray | None = None,
) -> RateContrast | None:
    """Return delta of E[y] = exp(a_author + g_week + delta D) by Poisson pseudo-likelihood.

    V = G / (G - 1) sum_i (sum_w D~ (y - mu))^2 / (sum mu D~^2)^2 (CR1), D~ being D less what authors and weeks say of
    it with weights mu; t has G* - 1 degrees of freedom by the clusters' shares of sum mu D~^2.

    Args:
        counts: What was counted in each cell.
        treated: D of each cell.
        authors: What has an effect, from 0: authors, or authors in each repository.
        weeks: Label of its week, from 0.
        clusters: Who varies together, from 0; without it the authors.

    Returns:
        None where nothing tells of delta, it is not finite, or everybody moves alike.
    """
    sizes = int(authors.max(initial=-1)) + 1, int(weeks.max(initial=-1)) + 1
    delta, mu, left, information = 0.0, counts, treated, 0.0
    for _ in range(_MOST_STEPS):
        offset = np.exp(delta * treated)
        author_effect, week_effect = two_way_margins(counts, authors, weeks, sizes, offset)
        mu = author_effect[authors] * week_effect[weeks] * offset
        left = _two_way_residual(treated, mu, authors, weeks, sizes)
        information = float((mu * left * left).sum())
        if information < _LEAST_INFORMATION:
            return None
        step = float((left * (counts - mu)).sum()) / information
        delta += min(max(step, -1.0), 1.0)
        if abs(delta) > _LARGEST_DELTA:
            return None
        if abs(step) < _SMALLEST_STEP:
            break
    people = authors if clusters is None else clusters
    groups_at_most = int(people.max()) + 1
    scores = _sums(people, left * (counts - mu), groups_at_most)
    shares = _sums(people, mu * left * left, groups_at_most) / information
    groups, effective = int((shares > 0).sum()), float(1 / (shares**2).sum())
    error = math.sqrt(groups / max(groups - 1, 1) * float((scores**2).sum())) / information
    return None if effective < _FEWEST_EFFECTIVE or error < _LEAST_ERROR else RateContrast(delta, error, effective - 1)


def two_way_margins(
    counts: FloatArray,
    authors: IntArray,
    weeks: IntArray,
    sizes: tuple[int, int],
    offset: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Return author and week effects a, g with which a g offset has the margins of the counts.

    These are the estimates of a Poisson model with both effects, by fitting the margins in turn. An author or a week
    without a count has the effect 0, as one that is not among the cells has.
    """
    given = np.ones(len(counts)) if offset is None else offset
    of_authors, of_weeks = _sums(authors, counts, sizes[0]), _sums(weeks, counts, sizes[1])
    week_effect = (of_weeks > 0).astype(np.float64)
    author_effect = np.zeros(sizes[0])
    for _ in range(_MOST_ROUNDS):
        author_effect = _over(of_authors, _sums(authors, week_effect[weeks] * given, sizes[0]))
        updated = _over(of_weeks, _sums(weeks, author_effect[authors] * given, sizes[1]))
        settled = np.abs(updated - week_effect).max(initial=0.0) <= _PRECISION * updated.max(initial=0.0)
        week_effect = updated
        if settled:
            break
    return author_effect, week_effect


def _two_way_residual(
    values: FloatArray, weights: FloatArray, authors: IntArray, weeks: IntArray, sizes: tuple[int, int]
) -> FloatArray:
    """Return the values less their weighted means by author and week, taken out in turn until nothing changes."""
    left = values.copy()
    by_author, by_week = _sums(authors, weights, sizes[0]), _sums(weeks, weights, sizes[1])
    for _ in range(_MOST_ROUNDS):
        left = left - _over(_sums(authors, weights * left, sizes[0]), by_author)[authors]
        means = _over(_sums(weeks, weights * left, sizes[1]), by_week)
        left = left - means[weeks]
        if np.abs(means).max(initial=0.0) < _PRECISION:
            break
    return left


def _over(sums: FloatArray, sizes: FloatArray) -> FloatArray:
    """Return the ratios, 0 where there is nothing to divide by."""
    ratios: FloatArray = np.divide(sums, sizes, out=np.zeros(len(sums)), where=sizes > LEAST)
    return ratios


def _sums(codes: IntArray, values: FloatArray, size: int) -> FloatArray:
    return np.asarray(np.bincount(codes, values, size), dtype=np.float64)
