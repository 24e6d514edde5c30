"""Cox's model pooled over repositories: a baseline hazard for each author in each, weeks of each, one difference.

It is ``stratified_cox`` with an author's work in another repository as another author's, and weeks of each repository
by themselves. But for what all repositories share, the kind and the covariates, the information falls apart into
repositories. So the weeks of each are solved for by themselves (a Schur complement), and the matrix of 300
repositories is never made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prodlens.statistics.estimates import NOT_FINITE, BoolArray, FloatArray
from prodlens.statistics.stratified_cox import (
    LARGEST,
    LONGEST,
    MOST_STEPS,
    PRECISION,
    RIDGE,
    AuthorsWork,
    author_terms,
    by_author,
    scaled,
    tells_of_kind,
)
from prodlens.statistics.within_author import NO_CONTRAST, Contrast, codes_of, jackknifed, nothing, week_dummies

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence


# What weeks say of themselves varies by powers of ten; this little, as a share of the most, is rounding.
_NOISE = 1e-12
# Of the kind, as about four merges have it: more than the ridges of all weeks can make up.
_AMPLE = 1.0


@dataclass(frozen=True, slots=True)
class _Terms:
    """Score and information of a part of the work in one repository; what is shared comes first."""

    score: FloatArray
    information: FloatArray
    shared: int

    def less(self, other: _Terms) -> _Terms:
        """Return what is left without a part of it, at the estimate, where all scores add up to nothing."""
        return _Terms(-other.score, self.information - other.information, self.shared)

    @property
    def _held(self) -> FloatArray:
        """What weeks say of themselves, with the ridge that keeps them in bounds."""
        held: FloatArray = self.information[self.shared :, self.shared :]
        return held + RIDGE * np.eye(len(held))

    @property
    def of_weeks(self) -> FloatArray:
        """What weeks say of what is shared, a row a week."""
        return np.asarray(np.linalg.solve(self._held, self.information[self.shared :, : self.shared]), dtype=np.float64)

    def reduced(self) -> tuple[FloatArray, FloatArray]:
        """Return score and information of what is shared, with the weeks solved for."""
        part = self.of_weeks
        score = self.score[: self.shared] - part.T @ self.score[self.shared :]
        information = self.information[: self.shared, : self.shared]
        return score, information - part.T @ self.information[self.shared :, : self.shared]

    def settled(self) -> FloatArray:
        """Return the information of what is shared, with the weeks solved for and no ridge that helps."""
        held, across = self.information[self.shared :, self.shared :], self.information[self.shared :, : self.shared]
        part = np.linalg.pinv(held, rcond=_NOISE, hermitian=True) @ across
        settled: FloatArray = self.information[: self.shared, : self.shared] - across.T @ part
        return settled

    def step_of_weeks(self, step: FloatArray) -> FloatArray:
        """Return the step of the weeks that goes with one of what is shared."""
        left = self.score[self.shared :] - self.information[self.shared :, : self.shared] @ step
        return np.asarray(np.linalg.solve(self._held, left), dtype=np.float64)


@dataclass(slots=True)
class _Place:
    """The work in one repository, and the coefficients of its weeks."""

    people: list[AuthorsWork]
    weeks: FloatArray
    shared: int

    def of_each(self, beta: FloatArray) -> list[_Terms]:
        """Return the terms of each author."""
        whole = np.concatenate([beta, self.weeks])
        return [_Terms(*author_terms(author, whole), self.shared) for author in self.people]

    def together(self, parts: Sequence[_Terms]) -> _Terms:
        """Return the terms of all, with the ridge that keeps weeks in bounds."""
        score = np.sum([part.score for part in parts], axis=0)
        score[self.shared :] -= RIDGE * self.weeks
        return _Terms(score, np.sum([part.information for part in parts], axis=0), self.shared)


def pooled_cox(
    hours: FloatArray,
    merged: BoolArray,
    assisted: FloatArray,
    authors: Sequence[Hashable],
    repositories: Sequence[Hashable],
    weeks: Sequence[Hashable],
    covariates: FloatArray,
) -> Contrast:
    """Return the log hazard ratio of being merged between the kinds, by authors in each repository.

    h_ir(t) = h_0ir(t) exp(b assisted + c covariates + week_r). Work that is still open is censored. The standard error
    is that of ``stratified_cox``: all of an author's work, wherever it is, is left out by one Newton step.

    Args:
        hours: How long each piece of work was followed.
        merged: Whether it was merged then; else it was still open.
        assisted: 1 where it is of the kind in question, else 0.
        authors: Whose it is.
        repositories: Where it is.
        weeks: When it began, as labels whose order does not matter.
        covariates: One column for each covariate; may have none.
    """
    if not (np.isfinite(hours).all() and np.isfinite(covariates).all()):
        return nothing(NOT_FINITE)
    if not len(hours):
        return nothing(NO_CONTRAST)
    columns = np.column_stack([assisted, scaled(covariates)])
    people, homes, times = codes_of(authors), codes_of(repositories), codes_of(weeks)
    places = []
    for home in np.unique(homes):
        at = np.flatnonzero(homes == home)
        dummies = week_dummies(times[at])
        rows = list(by_author(hours[at], merged[at], np.column_stack([columns[at], dummies]), people[at]))
        if rows:
            places.append(_Place(rows, np.zeros(dummies.shape[1]), columns.shape[1]))
    beta = _fit(places, columns.shape[1]) if places else None
    return nothing(NO_CONTRAST) if beta is None else _contrast(places, beta)


def _fit(places: Sequence[_Place], shared: int) -> FloatArray | None:
    """Return what is shared by Newton's method, None where it does not settle or nothing tells of the kind."""
    beta = np.zeros(shared)
    for _ in range(MOST_STEPS):
        wholes = [place.together(place.of_each(beta)) for place in places]
        score, information = _added([whole.reduced() for whole in wholes])
        solved = np.linalg.solve(information + RIDGE * np.eye(shared), score - RIDGE * beta)
        step = np.clip(solved, -LONGEST, LONGEST)
        for place, whole in zip(places, wholes, strict=True):
            place.weeks = place.weeks + np.clip(whole.step_of_weeks(step), -LONGEST, LONGEST)
        beta = beta + step
        if abs(step[0]) < PRECISION:
            return beta if abs(beta[0]) < LARGEST else None
    return None


def _added(parts: Sequence[tuple[FloatArray, FloatArray]]) -> tuple[FloatArray, FloatArray]:
    return np.sum([score for score, _ in parts], axis=0), np.sum([information for _, information in parts], axis=0)


def _contrast(places: Sequence[_Place], beta: FloatArray) -> Contrast:
    parts = [place.of_each(beta) for place in places]
    wholes = [place.together(own) for place, own in zip(places, parts, strict=True)]
    reduced = [whole.reduced() for whole in wholes]
    information = np.sum([one for _, one in reduced], axis=0) + RIDGE * np.eye(len(beta))
    if not _tell_of_kind(information, wholes):
        return nothing(NO_CONTRAST)
    of_kind = np.linalg.solve(information, np.eye(len(beta))[0])
    shares: dict[int, float] = {}
    theirs: dict[int, list[tuple[int, _Terms]]] = {}
    for at, (place, whole) in enumerate(zip(places, wholes, strict=True)):
        direction = np.concatenate([of_kind, -whole.of_weeks @ of_kind])
        for author, own in zip(place.people, parts[at], strict=True):
            share = float(direction @ own.information @ direction)
            shares[author.author] = shares.get(author.author, 0.0) + share
            theirs.setdefault(author.author, []).append((at, own))
    without = []
    for parts_of_one in theirs.values():
        rest, score, left = information.copy(), np.zeros(len(beta)), wholes.copy()
        for at, own in parts_of_one:
            left[at] = wholes[at].less(own)
            change, smaller = left[at].reduced()
            rest += smaller - reduced[at][1]
            score += change
        without.append(float(beta[0] + np.linalg.solve(rest, score)[0]) if _tell_of_kind(rest, left) else math.nan)
    values = np.array([shares[author] for author in theirs])
    both = {author.author for place in places for author in place.people if author.is_of_both_kinds}
    return jackknifed(float(beta[0]), np.array(without), values / values.sum(), authors=len(both))


def _tell_of_kind(information: FloatArray, parts: Sequence[_Terms]) -> bool:
    """Tell whether the parts settle what is the kind's, of which ``information`` is the sum with ridges."""
    return 1 / np.linalg.inv(information)[0, 0] > _AMPLE or tells_of_kind(
        np.sum([one.settled() for one in parts], axis=0)
    )
