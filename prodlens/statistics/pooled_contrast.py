"""The contrast within authors, pooled over repositories: author and week effects of each repository, one difference.

It is ``within_author_contrast`` with an author's work in another repository as another author's, and weeks of each
repository by themselves. The model falls apart into repositories but for the covariates, so that the matrix of 300
repositories is never made: effects are taken out of each alone, and what is left is added up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prodlens.statistics.estimates import NOT_FINITE, FloatArray
from prodlens.statistics.within_author import (
    NO_CONTRAST,
    Contrast,
    IntArray,
    codes_of,
    jackknifed,
    nothing,
    orthonormal_basis,
    week_dummies,
    without_means,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

_ROUNDING = 1e-9
_OUTCOME, _CHOICE, _COVARIATES = 0, 1, 2  # columns of what is left


@dataclass(frozen=True, slots=True)
class _Block:
    """The work in one repository: its columns, whose it is and of which week, before anything is taken out."""

    columns: FloatArray
    authors: IntArray
    weeks: IntArray

    def left(self, without: int = -1) -> tuple[FloatArray, IntArray]:
        """Return what authors and weeks leave of the columns, and whose each row is; one author can be left out."""
        counts = np.bincount(self.authors)
        kept = np.flatnonzero((counts[self.authors] > 1) & (self.authors != without))
        order = kept[np.argsort(self.authors[kept], kind="stable")]
        groups = self.authors[order]
        bounds = np.append(np.flatnonzero(np.diff(groups, prepend=-1)), len(order)).astype(np.int64)
        width = self.columns.shape[1]
        rows = without_means(np.column_stack([self.columns[order], week_dummies(self.weeks[order])]), bounds)
        basis = orthonormal_basis(rows[:, width:])
        values: FloatArray = rows[:, :width] - basis @ (basis.T @ rows[:, :width])
        return values, groups


def pooled_contrast(
    outcome: FloatArray,
    assisted: FloatArray,
    authors: Sequence[Hashable],
    repositories: Sequence[Hashable],
    weeks: Sequence[Hashable],
    covariates: FloatArray,
) -> Contrast:
    """Return how the outcome differs between the kinds within authors and weeks of each repository.

    outcome = a_(author, repository) + g_(repository, week) + beta assisted + covariates c + e, with the standard error
    of ``within_author_contrast``: all of an author's work, wherever it is, is left out at a time.

    Args:
        outcome: One value for each piece of work.
        assisted: 1 where it is of the kind in question, else 0.
        authors: Whose it is.
        repositories: Where it is.
        weeks: When it began.
        covariates: One column for each covariate; may have none.
    """
    columns = np.column_stack([outcome, assisted, covariates])
    if not np.isfinite(columns).all():
        return nothing(NOT_FINITE)
    people, places, times = codes_of(authors), codes_of(repositories), codes_of(weeks)
    blocks = []
    for place in np.unique(places):
        at = np.flatnonzero(places == place)
        blocks.append(_Block(columns[at], people[at], times[at]))
    return _contrast(blocks)


def _contrast(blocks: Sequence[_Block]) -> Contrast:
    left = [block.left() for block in blocks]
    squares = [values.T @ values for values, _ in left]
    whole = np.sum(squares, axis=0) if squares else np.zeros((_COVARIATES, _COVARIATES))
    both = {int(person) for block in blocks for person in _with_both_kinds(block)}
    beta = _beta(whole)
    if beta is None or not both:
        return nothing(NO_CONTRAST)
    shares, partial = _shares(left, whole, beta)
    homes = _homes(blocks)
    without = []
    for person in shares:
        rest = whole.copy()
        for at in homes[person]:
            values, _ = blocks[at].left(person)
            rest += values.T @ values - squares[at]
        changed = _beta(rest)
        without.append(np.nan if changed is None else changed)
    return jackknifed(beta, np.array(without), np.array(list(shares.values())), authors=len(both), partial_r2=partial)


def _homes(blocks: Sequence[_Block]) -> dict[int, list[int]]:
    """Return in which blocks each author has work, so that leaving one out looks at no other."""
    homes: dict[int, list[int]] = {}
    for at, block in enumerate(blocks):
        for person in np.unique(block.authors):
            homes.setdefault(int(person), []).append(at)
    return homes


def _with_both_kinds(block: _Block) -> IntArray:
    assisted = np.bincount(block.authors, block.columns[:, _CHOICE])
    counts = np.bincount(block.authors)
    return np.flatnonzero((assisted > 0) & (assisted < counts)).astype(np.int64)


def _beta(squares: FloatArray) -> float | None:
    """Return the difference from the sums of squares and products that effects leave; None where nothing is left."""
    choice_left, product, _ = _given_covariates(squares)
    return None if choice_left < _ROUNDING else product / choice_left


def _given_covariates(squares: FloatArray) -> tuple[float, float, FloatArray]:
    """Return what covariates leave of the choice, of its product with the outcome, and their part in the choice."""
    covariates = squares[_COVARIATES:, _COVARIATES:]
    part = np.linalg.pinv(covariates, rcond=_ROUNDING, hermitian=True) @ squares[_COVARIATES:, _CHOICE]
    choice_left = squares[_CHOICE, _CHOICE] - part @ squares[_COVARIATES:, _CHOICE]
    product = squares[_OUTCOME, _CHOICE] - part @ squares[_COVARIATES:, _OUTCOME]
    return float(choice_left), float(product), part


def _shares(
    left: Sequence[tuple[FloatArray, IntArray]], whole: FloatArray, beta: float
) -> tuple[dict[int, float], float]:
    """Return each author's share of what identifies the difference, and the partial R^2 of the kind."""
    choice_left, _, part = _given_covariates(whole)
    shares: dict[int, float] = {}
    for values, people in left:
        squares = (values[:, _CHOICE] - values[:, _COVARIATES:] @ part) ** 2 / choice_left
        for person in np.unique(people):
            shares[int(person)] = shares.get(int(person), 0.0) + float(squares[people == person].sum())
    swapped = whole.copy()
    swapped[[_OUTCOME, _CHOICE]] = swapped[[_CHOICE, _OUTCOME]]
    swapped[:, [_OUTCOME, _CHOICE]] = swapped[:, [_CHOICE, _OUTCOME]]
    outcome_left = _given_covariates(swapped)[0]
    partial = min(beta * beta * choice_left / outcome_left, 1.0) if outcome_left > 0 else 0.0
    return shares, partial
