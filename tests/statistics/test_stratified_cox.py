"""Cox's model by authors, against lifelines and against what must hold."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from prodlens.statistics.estimates import NOT_FINITE
from prodlens.statistics.stratified_cox import AuthorsWork, author_terms, by_author, scaled, stratified_cox
from prodlens.statistics.within_author import NO_CONTRAST, TOO_FEW_AUTHORS, Contrast
from tests.statistics.made_up_teams import Work, steep_team, team
from tests.statistics.results import like, plain


def cox(work: Work) -> Contrast:
    """Return the log hazard ratio of a team."""
    return stratified_cox(np.exp(work.log_hours), work.merged, work.assisted, work.authors, work.weeks, work.covariates)


def test_the_estimate_is_that_of_lifelines() -> None:
    """CoxPHFitter(strata=["a"]) of lifelines 0.30.3 with dummies for weeks, and the error of its refits.

    Authors are left out here by one step of Newton's method, which comes within two percent of estimating anew.
    """
    found = cox(team())
    assert found.beta == pytest.approx(0.0962152787979263, abs=1e-4)
    assert found.error == pytest.approx(0.3202023503600898, rel=0.02)
    assert found.authors == 10
    assert found.effective_authors == pytest.approx(9.40, abs=0.01)


def test_a_tiny_case_by_hand() -> None:
    """Two authors, each with two merged and the assisted first: the partial likelihood has no maximum, so nothing."""
    kinds = np.array([1.0, 0, 1, 0])
    found = stratified_cox(
        np.array([1.0, 2, 1, 2]), np.ones(4, dtype=bool), kinds, list("aabb"), [1] * 4, np.zeros((4, 0))
    )
    assert found.reason == NO_CONTRAST


def test_three_authors_by_hand() -> None:
    """Two of three authors have the assisted one first: e^b / (1 + e^b) = 2 / 3, so b = log 2."""
    kinds = np.array([1.0, 0, 1, 0, 0, 1])
    hours = np.array([1.0, 2, 1, 2, 1, 2])
    found = stratified_cox(hours, np.ones(6, dtype=bool), kinds, list("aabbcc"), [1] * 6, np.zeros((6, 0)))
    assert found.beta == pytest.approx(math.log(2), abs=1e-4)
    assert found.effective_authors == pytest.approx(3)


def test_four_authors_by_hand() -> None:
    """Three of four have the assisted one first: b = log 3, of which the ridge takes 1e-6 / 0.75.

    With p = 3/4, one of the three tells 1/4 of a score and each 3/16 of information: without it b falls by 4/9, and
    without the fourth it rises by 4/3, so that the error is sqrt(3/4 (3 16/81 + 16/9)) = 4/3, but for the ridge.
    """
    kinds = np.array([1.0, 0, 1, 0, 1, 0, 0, 1])
    found = stratified_cox(
        np.tile([1.0, 2], 4), np.ones(8, dtype=bool), kinds, list("aabbccdd"), [1] * 8, np.zeros((8, 0))
    )
    assert plain(found) == like(1.0986108238542145, 1.333329986429214, 3.0, 4, 4.0, False, 0.0, None)
    assert found.beta == pytest.approx(math.log(3) * (1 - 1e-6 / 0.75), rel=1e-9)


@pytest.mark.parametrize("early", [True, False])
def test_long_steps_are_cut(early: bool) -> None:
    """The estimate is that of scipy's search for the maximum, whichever sign the steep week has."""
    found = cox(steep_team(early=early))
    assert found.beta == pytest.approx(-0.4510772879, rel=1e-9)
    assert found.error == pytest.approx(1.4401800736, rel=1e-9)


def test_covariates_are_in_standard_deviations() -> None:
    """What does not vary is 0 everywhere."""
    columns = np.array([[1.0, 5.0, 0.0], [3.0, 5.0, 0.5]])
    assert scaled(columns).tolist() == [[-1.0, 0.0, -1.0], [1.0, 0.0, 1.0]]


def test_the_work_of_each_author_goes_from_the_longest_on() -> None:
    """An author with one piece, or with nothing merged, has no part; rows of one time are in each other's risk sets."""
    hours, merged = np.array([1.0, 9, 2, 4, 2, 3, 3]), np.array([True, True, False, True, True, False, False])
    columns, authors = np.arange(7.0)[:, None], np.array([0, 1, 0, 2, 2, 3, 3])
    first, second = by_author(hours, merged, columns, authors)
    assert (first.author, first.rows.tolist(), first.last.tolist()) == (0, [[2.0], [0.0]], [0, 1])
    assert (second.author, second.rows.tolist(), second.events.tolist()) == (2, [[3.0], [4.0]], [True, True])
    (tied,) = by_author(np.ones(2), np.ones(2, dtype=bool), columns[:2], np.zeros(2, dtype=np.int64))
    assert tied.last.tolist() == [1, 1]


def test_terms_of_numbers_whose_exponentials_are_too_large() -> None:
    """Of rows 800 and 799, p is 1 / (1 + e) at the merge of the lower one: score p - 1, information p (1 - p)."""
    author = AuthorsWork(0, np.array([[800.0], [799.0]]), np.array([False, True]), np.array([0, 1]))
    score, information = author_terms(author, np.ones(1))
    assert score.tolist() == pytest.approx([-0.7310585786], abs=1e-9)
    assert information.ravel().tolist() == pytest.approx([0.1966119332], abs=1e-8)


def test_open_work_is_at_risk_and_never_merged() -> None:
    """An open one that was followed past the merge counts as later; one that was followed for less says nothing."""
    kinds = np.array([1.0, 0, 1, 0, 0, 1, 0])
    hours = np.array([1.0, 2, 1, 2, 1, 2, 0.5])
    merged = np.array([True, False, True, True, True, False, False])
    found = stratified_cox(hours, merged, kinds, list("aabbcca"), [1] * 7, np.zeros((7, 0)))
    assert found.beta == pytest.approx(math.log(2), abs=1e-4)


def test_equal_times_are_in_each_others_risk_sets() -> None:
    """By Breslow, two merges at one time both have both at risk: their shares are 1 / (1 + e^b) and e^b / (1 + e^b)."""
    found = stratified_cox(
        np.ones(6), np.ones(6, dtype=bool), np.array([1.0, 0] * 3), list("aabbcc"), [1] * 6, np.zeros((6, 0))
    )
    assert found.beta == pytest.approx(0, abs=1e-9)


def test_the_time_scale_does_not_matter() -> None:
    """Only the order of the times counts."""
    work = team()
    ranks = np.argsort(np.argsort(work.log_hours)).astype(float)
    found = stratified_cox(ranks, work.merged, work.assisted, work.authors, work.weeks, work.covariates)
    assert found.beta == pytest.approx(cox(work).beta)


@pytest.mark.parametrize("authors", ["abcd", "aaab"])
def test_too_few_to_compare(authors: str) -> None:
    """Authors with one piece of work say nothing; one author alone gives no error."""
    hours = np.array([1.0, 2, 3, 4])
    found = stratified_cox(
        hours, np.ones(4, dtype=bool), np.array([1.0, 0, 1, 0]), list(authors), [1] * 4, np.zeros((4, 0))
    )
    assert found.reason == (NO_CONTRAST if authors == "abcd" else TOO_FEW_AUTHORS)
    assert found.error is None


def test_a_kind_that_weeks_spell_out_is_not_compared() -> None:
    """Where everybody begins in the same week, kind and week are one: nothing is told of the kind."""
    kinds, hours = np.array([1.0, 0, 1, 0, 0, 1]), np.array([1.0, 2, 1, 2, 1, 2])
    found = stratified_cox(hours, np.ones(6, dtype=bool), kinds, list("aabbcc"), kinds.tolist(), np.zeros((6, 0)))
    assert (found.beta, found.reason) == (None, NO_CONTRAST)


def test_an_error_needs_every_author_to_be_left_out() -> None:
    """Of three authors one alone has both kinds within a week: the others say nothing of the kind without that one."""
    hours = np.array([1.0, 2, 3, 4, 5, 6, 1, 2, 3, 4, 2, 1, 4, 3])
    kinds = np.array([1.0, 0, 0, 1, 1, 0] + [1, 0] * 4)
    weeks = [1, 1, 1, 2, 1, 2] + [2, 1] * 4
    found = stratified_cox(hours, np.ones(14, dtype=bool), kinds, list("aaaaaabbbbcccc"), weeks, np.zeros((14, 0)))
    assert (found.error, found.authors, found.reason) == (None, 3, TOO_FEW_AUTHORS)
    assert found.effective_authors == pytest.approx(1.4913, abs=1e-4)


def test_a_missing_value_is_a_reason() -> None:
    """NaN is not computed with."""
    found = stratified_cox(
        np.array([math.nan, 1]), np.ones(2, dtype=bool), np.array([1.0, 0]), list("aa"), [1, 1], np.zeros((2, 0))
    )
    assert found.reason == NOT_FINITE


def test_weeks_without_a_merge_do_no_harm() -> None:
    """A week in which nothing was merged has no finite effect; the others are estimated all the same."""
    work = team()
    week = np.array(work.weeks)
    merged = work.merged & (week != 3)
    found = stratified_cox(np.exp(work.log_hours), merged, work.assisted, work.authors, work.weeks, work.covariates)
    assert found.beta is not None
    assert abs(found.beta) < 1
    assert found.error is not None
    assert all(one < other for one, other in pairwise((0, found.error, 1)))
