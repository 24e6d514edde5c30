"""Two kinds of work of the same people compared: author effects, week effects, and intervals that people make.

Everything here follows one idea. Authors differ, and weeks differ; what is left of an outcome and of the choice of kind
once authors, weeks and covariates are taken out is compared, and the uncertainty is how much the answer moves when one
author is left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import special

from prodlens.statistics.estimates import (
    NOT_FINITE,
    FloatArray,
    Interval,
    finite_interval,
    t_quantile,
    two_sided_p,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

IntArray = npt.NDArray[np.int64]

POWER = 0.8
NO_CONTRAST = "no author has both kinds in a way that weeks and covariates do not account for"
TOO_FEW_AUTHORS = "the comparison rests on fewer than two authors"
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Contrast:
    """How the outcome of one kind differs from that of the other, authors, weeks and covariates held fixed.

    Attributes:
        beta: The difference; None with a reason.
        error: Its standard error, by leaving one author out at a time (CR3); None with a reason.
        df: Degrees of freedom of t: the effective number of authors less one.
        authors: Authors with both kinds.
        effective_authors: 1 / sum h^2, where h is an author's share of what identifies the difference.
        one_author_decides: Whether the sign of the difference changes when some author is left out.
        partial_r2: Share of what is left of the outcome that the kind explains.
        reason: Why something is None.
    """

    beta: float | None
    error: float | None
    df: float
    authors: int
    effective_authors: float
    one_author_decides: bool
    partial_r2: float
    reason: str | None = None

    @property
    def interval(self) -> Interval | None:
        """Return the 95 % interval of the difference, None without a standard error."""
        if self.beta is None or self.error is None:
            return None
        reach = t_quantile(self.df) * self.error
        return finite_interval(self.beta - reach, self.beta + reach)

    @property
    def p(self) -> float | None:
        """Return the two-sided p-value of no difference."""
        if self.beta is None or not self.error:
            return None
        return two_sided_p(self.beta / self.error, self.df)

    @property
    def detectable(self) -> float | None:
        """Return the difference that is found with a power of 80 %, on either side of 0."""
        if self.error is None:
            return None
        return (t_quantile(self.df) + float(special.stdtrit(self.df, POWER))) * self.error


def codes_of(labels: Sequence[Hashable]) -> IntArray:
    """Return a number for each label, from 0 in the order of first appearance; labels can be anything hashable."""
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(label, len(known)) for label in labels], dtype=np.int64)


def within_author_contrast(
    outcome: FloatArray,
    assisted: FloatArray,
    authors: Sequence[Hashable],
    weeks: Sequence[Hashable],
    covariates: FloatArray,
) -> Contrast:
    """Return how the outcome differs between the kinds within authors and weeks, at the same covariates.

    outcome = a_author + g_week + beta assisted + covariates c + e. Authors are taken out by demeaning; weeks are
    dummies on the demeaned scale. With Y~ and D~ the residuals of outcome and ``assisted`` on everything else,
    beta = sum D~ Y~ / sum D~^2 (Frisch, Waugh, Lovell). The standard error leaves one author out at a time:
    V = (G - 1) / G sum_i (beta_(-i) - beta)^2 (CR3; MacKinnon, Nielsen and Webb 2023), and t has G* - 1 degrees of
    freedom, G* = 1 / sum h_i^2 with h_i = sum_j D~_ij^2 / sum D~^2 (after Carter, Schnepel and Steigerwald 2017).

    Args:
        outcome: One value for each piece of work.
        assisted: 1 where it is of the kind in question, else 0.
        authors: Whose it is.
        weeks: When it began, as labels whose order does not matter: with several repositories, repository and week.
        covariates: One column for each covariate; may have none.

    Returns:
        The contrast; authors with one piece of work take no part.
    """
    prepared = _Prepared.of(outcome, assisted, authors, weeks, covariates)
    if prepared is None:
        return nothing(NOT_FINITE)
    return prepared.contrast()


@dataclass(frozen=True, slots=True)
class SizeYardstick:
    """How telling some covariates are, of the choice and of the outcome; what an unseen cause is held against.

    Attributes:
        of_choice: Share of what is left of the choice of kind that they explain.
        of_outcome: Share of what is left of the outcome that they explain, the kind held fixed.
    """

    of_choice: float
    of_outcome: float


def yardstick(
    outcome: FloatArray,
    assisted: FloatArray,
    authors: Sequence[Hashable],
    weeks: Sequence[Hashable],
    covariates: FloatArray,
    columns: Sequence[int],
) -> SizeYardstick | None:
    """Return the partial R^2 of a group of covariates, given authors, weeks and the other covariates.

    Returns:
        None where nothing is left of the choice or of the outcome.
    """
    others = [at for at in range(covariates.shape[1]) if at not in set(columns)]
    whole = _Prepared.of(outcome, assisted, authors, weeks, covariates)
    part = _Prepared.of(outcome, assisted, authors, weeks, covariates[:, others])
    if whole is None or part is None:
        return None
    choice = _share_explained(part.choice_left, whole.choice_left)
    effect = _share_explained(part.outcome_left_given_choice, whole.outcome_left_given_choice)
    return None if choice is None or effect is None else SizeYardstick(choice, effect)


def _share_explained(without: float, given: float) -> float | None:
    return None if without <= 0 else min(max(1 - given / without, 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What is left of outcome and choice once authors, weeks and covariates are taken out, sorted by author."""

    outcome: FloatArray
    choice: FloatArray
    basis: FloatArray
    bounds: IntArray
    both_kinds: int

    @classmethod
    def of(
        cls,
        outcome: FloatArray,
        assisted: FloatArray,
        authors: Sequence[Hashable],
        weeks: Sequence[Hashable],
        covariates: FloatArray,
    ) -> _Prepared | None:
        """Take out authors, weeks and covariates; None where a value is not a finite number."""
        if not (np.isfinite(outcome).all() and np.isfinite(assisted).all() and np.isfinite(covariates).all()):
            return None
        people, counts = np.unique(codes_of(authors), return_inverse=True, return_counts=True)[1:]
        kept = np.flatnonzero(counts[people] > 1)
        order = kept[np.argsort(people[kept], kind="stable")]
        groups = people[order]
        starts = np.flatnonzero(np.diff(groups, prepend=-1))
        bounds = np.append(starts, len(order)).astype(np.int64)
        rows = np.column_stack([covariates[order], week_dummies(codes_of(weeks)[order])])
        demeaned = without_means(np.column_stack([outcome[order], assisted[order], rows]), bounds)
        basis = orthonormal_basis(demeaned[:, 2:])
        left = demeaned[:, :2] - basis @ (basis.T @ demeaned[:, :2])
        kinds = np.add.reduceat(assisted[order], starts)
        both = int(((kinds > 0) & (kinds < np.diff(bounds))).sum())
        return cls(left[:, 0], left[:, 1], basis, bounds, both)

    @property
    def choice_left(self) -> float:
        """Sum of squares that is left of the choice."""
        return float(self.choice @ self.choice)

    @property
    def outcome_left_given_choice(self) -> float:
        """Sum of squares that is left of the outcome, the choice taken out too."""
        left = float(self.outcome @ self.outcome)
        explained = float(self.choice @ self.outcome) ** 2 / self.choice_left if self.choice_left > 0 else 0.0
        return left - explained

    def contrast(self) -> Contrast:
        """Return the contrast with its leave-one-author-out standard error."""
        # Demeaned zeros and ones have squares of at least a fraction of one: less than that is rounding.
        if self.choice_left < _ROUNDING or not self.both_kinds:
            return nothing(NO_CONTRAST)
        beta = float(self.choice @ self.outcome) / self.choice_left
        shares = np.add.reduceat(self.choice**2, self.bounds[:-1]) / self.choice_left
        left = float(self.outcome @ self.outcome)
        partial = min(beta * beta * self.choice_left / left, 1.0) if left > 0 else 0.0
        without = np.array([beta - change for change in self._changes(beta)])
        return jackknifed(beta, without, shares, authors=self.both_kinds, partial_r2=partial)

    def _changes(self, beta: float) -> Iterator[float]:
        """Yield how much the difference falls without each author; NaN where nothing is left of it then.

        By the residuals of the whole and the author's part B_i of an orthonormal basis of the whole model: all
        coefficients change by (I - B_i' B_i)^-1 B_i' e_i, or B_i' (I - B_i B_i')^-1 e_i, whichever is smaller.
        """
        size = math.sqrt(self.choice_left)
        basis = np.column_stack([self.basis, self.choice / size])
        errors = self.outcome - beta * self.choice
        for start, end in zip(self.bounds[:-1], self.bounds[1:], strict=True):
            yield _change(basis[start:end], errors[start:end]) / size


def _change(basis: FloatArray, errors: FloatArray) -> float:
    """Return the change of the last coefficient when these rows are left out, NaN where they alone identify it."""
    rows, columns = basis.shape
    wide = rows < columns
    matrix = np.eye(rows) - basis @ basis.T if wide else np.eye(columns) - basis.T @ basis
    values, vectors = np.linalg.eigh(matrix)
    lost = values < _ROUNDING
    # The last coefficient is gone with the rows when a direction that they alone determine has a part in it.
    directions = (basis.T @ vectors[:, lost] if wide else vectors[:, lost])[-1]
    if np.abs(directions).max(initial=0.0) > math.sqrt(_ROUNDING):
        return math.nan
    kept = vectors[:, ~lost]
    target = errors if wide else basis.T @ errors
    solved = kept @ ((kept.T @ target) / values[~lost])
    return float(basis[:, -1] @ solved) if wide else float(solved[-1])


def week_dummies(codes: IntArray) -> FloatArray:
    """Return a column of 0 and 1 for each label but one."""
    return np.asarray(codes[:, None] == np.unique(codes)[None, 1:], dtype=np.float64)


def without_means(values: FloatArray, bounds: IntArray) -> FloatArray:
    """Take the mean of each block of rows out of every column."""
    if not len(values):
        return values
    sizes = np.diff(bounds)
    means = np.add.reduceat(values, bounds[:-1], axis=0) / sizes[:, None]
    demeaned: FloatArray = values - np.repeat(means, sizes, axis=0)
    return demeaned


def orthonormal_basis(columns: FloatArray) -> FloatArray:
    """Return an orthonormal basis of the columns; what others or authors already say is left out."""
    lengths = np.linalg.norm(columns, axis=0)
    columns = columns[:, lengths > _ROUNDING * math.sqrt(len(columns))]
    if not columns.size:
        return np.zeros((len(columns), 0))
    from scipy import linalg

    scaled = columns / np.linalg.norm(columns, axis=0)
    basis, triangle, _ = linalg.qr(scaled, mode="economic", pivoting=True)
    rank = int((np.abs(np.diag(triangle)) > _ROUNDING).sum())
    return np.asarray(basis[:, :rank], dtype=np.float64)


def jackknifed(
    beta: float, without: FloatArray, shares: FloatArray, *, authors: int, partial_r2: float = 0.0
) -> Contrast:
    """Return the contrast of an estimate by what it is without each author.

    Args:
        beta: The estimate of everybody.
        without: The estimate without each author; NaN where nothing is left to estimate it from.
        shares: Each author's share of what identifies the estimate.
        authors: Authors with both kinds.
        partial_r2: See ``Contrast``.
    """
    effective = float(1 / (shares**2).sum())
    if not np.isfinite(without).all() or effective <= 1 + _ROUNDING:
        return Contrast(beta, None, 0.0, authors, effective, True, partial_r2, TOO_FEW_AUTHORS)
    groups = len(without)
    error = math.sqrt((groups - 1) / groups * float(((without - beta) ** 2).sum()))
    decides = bool((without * beta <= 0).any())
    return Contrast(beta, error, effective - 1, authors, effective, decides, partial_r2)


def nothing(reason: str) -> Contrast:
    """Return the contrast that could not be computed."""
    return Contrast(None, None, 0.0, 0, 0.0, one_author_decides=False, partial_r2=0.0, reason=reason)
