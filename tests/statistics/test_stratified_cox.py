"""Cox's model by authors, against lifelines and against what must hold."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from prodlens.statistics.estimates import NOT_FINITE
from prodlens.statistics.stratified_cox import stratified_cox
from prodlens.statistics.within_author import NO_CONTRAST, TOO_FEW_AUTHORS, Contrast
from tests.statistics.made_up_teams import Work, team


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
