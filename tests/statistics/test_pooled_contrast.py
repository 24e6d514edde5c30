"""The contrast pooled over repositories, against the contrast with all effects in one matrix."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.statistics.estimates import NOT_FINITE
from prodlens.statistics.pooled_contrast import pooled_contrast
from prodlens.statistics.within_author import NO_CONTRAST, TOO_FEW_AUTHORS, Contrast, within_author_contrast
from tests.examples import examples
from tests.statistics.made_up_teams import Work, team
from tests.statistics.results import like, plain


def both(teams: list[Work], columns: int = 2) -> tuple[Contrast, Contrast]:
    """Return the pooled contrast of teams in a repository each, and that with one column for each effect."""
    outcome = np.concatenate([work.log_hours for work in teams])
    assisted = np.concatenate([work.assisted for work in teams])
    covariates = np.concatenate([work.covariates[:, :columns] for work in teams])
    places = [place for place, work in enumerate(teams) for _ in work.authors]
    authors = [f"{place}/{author}" for place, work in enumerate(teams) for author in work.authors]
    weeks = [week for work in teams for week in work.weeks]
    pooled = pooled_contrast(outcome, assisted, authors, places, weeks, covariates)
    return pooled, within_author_contrast(outcome, assisted, authors, list(zip(places, weeks, strict=True)), covariates)


@examples(15)
@given(st.lists(st.integers(0, 99), min_size=1, max_size=3), st.integers(2, 6), st.integers(0, 2))
def test_it_is_the_contrast_of_one_large_matrix(seeds: list[int], authors: int, columns: int) -> None:
    """Difference, error, effective authors, partial R^2: all as with a dummy for each repository and week."""
    pooled, whole = both([team(seed, authors, each=9, weeks=4) for seed in seeds], columns)
    assert (pooled.reason, pooled.authors) == (whole.reason, whole.authors)
    assert pooled.one_author_decides == whole.one_author_decides
    for name in ("beta", "error", "df", "effective_authors", "partial_r2"):
        assert getattr(pooled, name) == pytest.approx(getattr(whole, name), rel=1e-6, abs=1e-9), name


def test_an_author_in_two_repositories_is_left_out_of_both() -> None:
    """The same team in two repositories has as many authors as in one, and the error of one."""
    work = team()
    twice = pooled_contrast(
        np.tile(work.log_hours, 2),
        np.tile(work.assisted, 2),
        work.authors * 2,
        [0] * len(work.authors) + [1] * len(work.authors),
        work.weeks * 2,
        np.tile(work.covariates, (2, 1)),
    )
    once, _ = both([work])
    assert twice.authors == once.authors == 10
    assert twice.beta == pytest.approx(once.beta)
    assert twice.error == pytest.approx(once.error)
    assert twice.effective_authors == pytest.approx(once.effective_authors)


def test_two_authors_by_hand() -> None:
    """Differences of 2 and 5 are 3.5; those of one kind are left out too, and one with a single piece has no part."""
    outcome, kinds = np.array([1.0, 3, 2, 7, 4, 4, 6, 6, 9]), np.array([0.0, 1, 0, 1, 1, 1, 0, 0, 1])
    places = [1, 1, 2, 2, 1, 1, 1, 1, 1]
    found = pooled_contrast(outcome, kinds, list("aabbccdde"), places, [1] * 9, np.zeros((9, 0)))
    expected = like(3.5, math.sqrt(3 / 4 * (1.5**2 + 1.5**2)), 1.0, 2, 2.0, False, 3.5**2 / 14.5, None)
    assert plain(found) == expected


def test_an_outcome_that_does_not_vary_is_not_explained() -> None:
    """The difference is 0, and the kind explains nothing of nothing; of a tiny outcome it explains what it does."""
    kinds, none = np.array([0.0, 1, 0, 1]), np.zeros((4, 0))
    same = pooled_contrast(np.array([3.0, 3, 5, 5]), kinds, list("aabb"), [1] * 4, [1] * 4, none)
    assert plain(same) == like(0.0, 0.0, 1.0, 2, 2.0, True, 0.0, None)
    tiny = pooled_contrast(np.array([1e-3, 3e-3, 2e-3, 7e-3]), kinds, list("aabb"), [1] * 4, [1] * 4, none)
    assert tiny.partial_r2 == pytest.approx(3.5**2 / 14.5)


def test_a_covariate_that_others_say_changes_nothing() -> None:
    """The sum of two covariates is known from the two, and so is one that differs by a millionth."""
    work = team()
    rows = len(work.authors)
    near = work.covariates[:, 0] + 1e-6 * work.assisted
    more = np.column_stack([work.covariates, near, work.covariates.sum(axis=1), np.ones(rows)])
    two, five = (
        pooled_contrast(work.log_hours, work.assisted, work.authors, [1] * rows, work.weeks, covariates)
        for covariates in (work.covariates, more)
    )
    assert five.beta == pytest.approx(two.beta, rel=1e-4)
    assert five.error == pytest.approx(two.error, rel=1e-4)


def test_nothing_to_compare_is_said() -> None:
    """Without work, without both kinds of anybody, or with one author alone, there is a reason."""
    none = np.zeros(0)
    assert pooled_contrast(none, none, [], [], [], np.zeros((0, 2))).reason == NO_CONTRAST
    ones = np.ones(4)
    assert pooled_contrast(np.arange(4.0), ones, list("aabb"), [1] * 4, [1] * 4, np.zeros((4, 0))).reason == NO_CONTRAST
    kinds = np.array([0.0, 1.0, 0.0, 1.0])
    spelled_out = pooled_contrast(np.arange(4.0), kinds, list("aabb"), [1] * 4, kinds.tolist(), np.zeros((4, 0)))
    assert spelled_out.reason == NO_CONTRAST
    one = pooled_contrast(np.arange(4.0), kinds, ["a"] * 4, [1] * 4, [1] * 4, np.zeros((4, 0)))
    assert one.reason == TOO_FEW_AUTHORS
    lost = pooled_contrast(np.array([np.inf, 1, 2, 3]), kinds, ["a"] * 4, [1] * 4, [1] * 4, np.zeros((4, 0)))
    assert lost.reason == NOT_FINITE
