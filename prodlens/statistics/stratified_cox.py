"""Cox's model with a baseline hazard for each author: how much sooner or later one kind of work is merged."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prodlens.statistics.estimates import NOT_FINITE, BoolArray, FloatArray
from prodlens.statistics.within_author import (
    NO_CONTRAST,
    Contrast,
    IntArray,
    codes_of,
    jackknifed,
    nothing,
    week_dummies,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

# Weeks in which everything or nothing was merged have no finite coefficient; this keeps theirs in bounds and moves no
# digit of the others that is shown.
RIDGE = 1e-6
MOST_STEPS = 50
LONGEST = 3.0
LARGEST = 10.0  # a hazard ratio beyond e^10: one kind is always merged first
PRECISION = 1e-9
ROUNDING = 1e-9


class AuthorsWork(NamedTuple):
    """The work of one author, the longest followed first; ``last`` is the last row of the risk set of each row."""

    author: int
    rows: FloatArray
    events: BoolArray
    last: IntArray

    @property
    def is_of_both_kinds(self) -> bool:
        """Whether there is work of either kind."""
        return len(np.unique(self.rows[:, 0])) > 1


def stratified_cox(
    hours: FloatArray,
    merged: BoolArray,
    assisted: FloatArray,
    authors: Sequence[Hashable],
    weeks: Sequence[Hashable],
    covariates: FloatArray,
) -> Contrast:
    """Return the log hazard ratio of being merged between the kinds, by authors, at the same weeks and covariates.

    h_i(t) = h_0i(t) exp(b assisted + c covariates + week) (Cox 1972; ties by Breslow). Work that is still open is
    censored. The standard error is the jackknife over authors of ``within_author_contrast``, each author left out by
    one Newton step from the estimate; t has G* - 1 degrees of freedom, h_i being the author's share of the information.

    Args:
        hours: How long each piece of work was followed.
        merged: Whether it was merged then; else it was still open.
        assisted: 1 where it is of the kind in question, else 0.
        authors: Whose it is.
        weeks: When it began, as labels whose order does not matter.
        covariates: One column for each covariate; may have none.
    """
    if not (np.isfinite(hours).all() and np.isfinite(covariates).all()):
        return nothing(NOT_FINITE)
    columns = np.column_stack([assisted, scaled(covariates), week_dummies(codes_of(weeks))])
    people = list(by_author(hours, merged, columns, codes_of(authors)))
    beta = _fit(people, columns.shape[1]) if people else None
    return nothing(NO_CONTRAST) if beta is None else _contrast(people, beta)


def by_author(hours: FloatArray, merged: BoolArray, columns: FloatArray, authors: IntArray) -> Iterator[AuthorsWork]:
    """Yield the work of each author that has several pieces of it, one merged; the first column is the kind."""
    order = np.lexsort((-hours, authors))
    for rows in np.split(order, np.flatnonzero(np.diff(authors[order])) + 1):
        if len(rows) > 1 and merged[rows].any():
            # Rows of one time are in each other's risk sets.
            last = np.searchsorted(-hours[rows], -hours[rows], side="right") - 1
            yield AuthorsWork(int(authors[rows[0]]), columns[rows], merged[rows], last.astype(np.int64))


def scaled(covariates: FloatArray) -> FloatArray:
    """Return the covariates around 0 and in standard deviations, for steps of a sensible length."""
    spread = covariates.std(axis=0)
    scaled: FloatArray = (covariates - covariates.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return scaled


def author_terms(author: AuthorsWork, beta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return score and information of one author's partial likelihood."""
    linear = author.rows @ beta
    weights = np.exp(linear - linear.max())
    at_risk = np.cumsum(weights)[author.last]
    means = np.cumsum(weights[:, None] * author.rows, axis=0)[author.last] / at_risk[:, None]
    happened = means[author.events]
    score = (author.rows[author.events] - happened).sum(axis=0)
    # Each row is in the risk set of every event whose last row is not before it.
    shares = np.bincount(author.last[author.events], 1 / at_risk[author.events], len(linear))
    ahead = np.cumsum(shares[::-1])[::-1]
    information = (author.rows * (weights * ahead)[:, None]).T @ author.rows - happened.T @ happened
    return score, information


def tells_of_kind(information: FloatArray) -> bool:
    """Tell whether information settles the first coefficient: no direction that it says nothing of has a part in it.

    The ridge is not to be among it, which settles everything.
    """
    values, directions = np.linalg.eigh(information)
    return bool(np.abs(directions[0, values < ROUNDING]).max(initial=0.0) < math.sqrt(ROUNDING))


def _fit(people: Sequence[AuthorsWork], width: int) -> FloatArray | None:
    """Return the coefficients by Newton's method, None where they do not settle or nothing tells of the kind."""
    beta, ridge = np.zeros(width), RIDGE * np.eye(width)
    for _ in range(MOST_STEPS):
        terms = [author_terms(author, beta) for author in people]
        score = np.sum([one for one, _ in terms], axis=0) - RIDGE * beta
        step = np.clip(np.linalg.solve(np.sum([one for _, one in terms], axis=0) + ridge, score), -LONGEST, LONGEST)
        beta = beta + step
        if abs(step[0]) < PRECISION:
            return beta if abs(beta[0]) < LARGEST else None
    return None


def _contrast(people: Sequence[AuthorsWork], beta: FloatArray) -> Contrast:
    terms = [author_terms(author, beta) for author in people]
    informations = np.array([one for _, one in terms])
    if not tells_of_kind(informations.sum(axis=0)):
        return nothing(NO_CONTRAST)
    whole = informations.sum(axis=0) + RIDGE * np.eye(len(beta))
    of_kind = np.linalg.solve(whole, np.eye(len(beta))[0])
    shares = np.array([float(of_kind @ one @ of_kind) for one in informations])
    both = sum(author.is_of_both_kinds for author in people)
    without = np.array([_without(whole - own, score, float(beta[0])) for score, own in terms])
    return jackknifed(float(beta[0]), without, shares / shares.sum(), authors=both)


def _without(information: FloatArray, score: FloatArray, beta: float) -> float:
    """Return the log hazard ratio without an author, one Newton step away; NaN where nothing tells of it then."""
    if not tells_of_kind(information - RIDGE * np.eye(len(score))):
        return math.nan
    return beta - float(np.linalg.solve(information, score)[0])
