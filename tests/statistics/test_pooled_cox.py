"""Cox's model pooled over repositories, against the model with all effects in one matrix."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.statistics.estimates import NOT_FINITE
from prodlens.statistics.pooled_cox import pooled_cox
from prodlens.statistics.stratified_cox import stratified_cox
from prodlens.statistics.within_author import NO_CONTRAST, TOO_FEW_AUTHORS, Contrast
from tests.statistics.made_up_teams import Work, steep_team, team
from tests.statistics.results import like, plain


def both(teams: list[Work]) -> tuple[Contrast, Contrast]:
    """Return the pooled contrast of teams in a repository each, and that with one column for each week of each."""
    hours = np.exp(np.concatenate([work.log_hours for work in teams]))
    merged = np.concatenate([work.merged for work in teams])
    assisted = np.concatenate([work.assisted for work in teams])
    covariates = np.concatenate([work.covariates for work in teams])
    places = [place for place, work in enumerate(teams) for _ in work.authors]
    authors = [f"{place}/{author}" for place, work in enumerate(teams) for author in work.authors]
    weeks = [week for work in teams for week in work.weeks]
    labels = list(zip(places, weeks, strict=True))
    pooled = pooled_cox(hours, merged, assisted, authors, places, weeks, covariates)
    return pooled, stratified_cox(hours, merged, assisted, authors, labels, covariates)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 99), min_size=1, max_size=3), st.integers(4, 6))
def test_it_is_the_model_with_one_large_matrix(seeds: list[int], authors: int) -> None:
    """Difference, error and effective authors: all as with a dummy for each repository and week."""
    pooled, whole = both([team(seed, authors, each=9, weeks=3) for seed in seeds])
    assert (pooled.reason, pooled.authors) == (whole.reason, whole.authors)
    assert pooled.one_author_decides == whole.one_author_decides
    for name in ("beta", "error", "df", "effective_authors"):
        assert getattr(pooled, name) == pytest.approx(getattr(whole, name), rel=1e-5, abs=1e-6), name


def test_an_author_in_two_repositories_is_left_out_of_both() -> None:
    """The same team in two repositories has as many authors as in one, and the error of one."""
    work = team()
    twice = pooled_cox(
        np.exp(np.tile(work.log_hours, 2)),
        np.tile(work.merged, 2),
        np.tile(work.assisted, 2),
        work.authors * 2,
        [0] * len(work.authors) + [1] * len(work.authors),
        work.weeks * 2,
        np.tile(work.covariates, (2, 1)),
    )
    once, _ = both([work])
    assert twice.authors == once.authors == 10
    assert twice.beta == pytest.approx(once.beta, abs=1e-6)
    assert twice.error == pytest.approx(once.error, rel=1e-5)
    assert twice.effective_authors == pytest.approx(once.effective_authors, rel=1e-5)


def test_open_work_is_at_risk_and_never_merged() -> None:
    """By hand, a repository each: two of three authors have the assisted one first, one of them with the other open."""
    kinds, hours = np.array([1.0, 0, 1, 0, 0, 1]), np.array([1.0, 2, 1, 2, 1, 2])
    merged = np.array([True, False, True, True, True, True])
    found = pooled_cox(hours, merged, kinds, list("aabbcc"), [1, 1, 2, 2, 3, 3], [1] * 6, np.zeros((6, 0)))
    assert found.beta == pytest.approx(math.log(2), abs=1e-4)
    assert found.effective_authors == pytest.approx(3)


def test_four_authors_by_hand() -> None:
    """Three of four have the assisted one first: log 3 and 4/3, but for the ridge, in however many repositories."""
    kinds = np.array([1.0, 0, 1, 0, 1, 0, 0, 1])
    authors, places = list("aabbccdd"), [1, 1, 2, 2, 1, 1, 2, 2]
    found = pooled_cox(np.tile([1.0, 2], 4), np.ones(8, dtype=bool), kinds, authors, places, [1] * 8, np.zeros((8, 0)))
    assert plain(found) == like(1.0986108238542145, 1.333329986429214, 3.0, 4, 4.0, False, 0.0, None)


def test_an_author_has_a_share_of_every_repository() -> None:
    """One with two thirds of the work and one with a third are 1 / (4/9 + 1/9) = 1.8 authors."""
    kinds, hours = np.array([1.0, 0, 1, 0, 0, 1]), np.array([1.0, 2, 1, 2, 1, 2])
    arguments = list("aaaabb"), [1, 1, 2, 2, 3, 3], [1] * 6, np.zeros((6, 0))
    found = pooled_cox(hours, np.ones(6, dtype=bool), kinds, *arguments)
    assert found.effective_authors == pytest.approx(1.8)


@pytest.mark.parametrize("early", [True, False])
def test_long_steps_are_cut(early: bool) -> None:
    """The estimate is that of scipy's search for the maximum, whichever sign the steep week has."""
    found, _ = both([steep_team(early=early)])
    assert found.beta == pytest.approx(-0.4510772879, rel=1e-9)
    assert found.error == pytest.approx(1.4401800736, rel=1e-9)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_long_step_of_the_kind_is_cut(sign: int) -> None:
    """One assisted of 400 first and one of 400 later: the hazard ratio is 399, and the first step would be 199."""
    hours, merged = np.tile(np.arange(400.0), 2), np.tile(np.arange(400) == 0, 2)
    rare = np.zeros(800)
    rare[[0, 401]] = 1.0
    authors = ["a"] * 400 + ["b"] * 400
    kinds = rare if sign > 0 else 1 - rare
    found = pooled_cox(hours, merged, kinds, authors, [1] * 800, [1] * 800, np.zeros((800, 0)))
    assert found.beta == pytest.approx(sign * math.log(399) * (1 - 2e-6), rel=1e-9)


def test_a_kind_that_weeks_spell_out_is_not_compared() -> None:
    """Where everybody of a repository begins in the same week there, kind and week are one: nothing is told."""
    kinds, hours = np.array([1.0, 0, 1, 0, 0, 1]), np.array([1.0, 2, 1, 2, 1, 2])
    arguments = list("aabbcc"), [1, 1, 1, 1, 2, 2], kinds.tolist(), np.zeros((6, 0))
    found = pooled_cox(hours, np.ones(6, dtype=bool), kinds, *arguments)
    assert (found.beta, found.reason) == (None, NO_CONTRAST)


def test_an_error_needs_every_author_to_be_left_out() -> None:
    """Of three authors one alone has both kinds within a week: the others say nothing of the kind without that one."""
    hours = np.array([1.0, 2, 3, 4, 5, 6, 1, 2, 3, 4, 2, 1, 4, 3])
    kinds = np.array([1.0, 0, 0, 1, 1, 0] + [1, 0] * 4)
    weeks = [1, 1, 1, 2, 1, 2] + [2, 1] * 4
    arguments = list("aaaaaabbbbcccc"), [1] * 14, weeks, np.zeros((14, 0))
    found = pooled_cox(hours, np.ones(14, dtype=bool), kinds, *arguments)
    assert (found.error, found.authors, found.reason) == (None, 3, TOO_FEW_AUTHORS)
    assert found.effective_authors == pytest.approx(1.4913, abs=1e-4)


def test_nothing_to_compare_is_said() -> None:
    """Without work, without both kinds, with one kind always first, or with one author alone there is a reason."""
    nobody = pooled_cox(np.zeros(0), np.zeros(0, dtype=bool), np.zeros(0), [], [], [], np.zeros((0, 2)))
    assert nobody.reason == NO_CONTRAST
    merged, none, hours = np.ones(4, dtype=bool), np.zeros((4, 0)), np.array([1.0, 2, 1, 2])
    kinds = np.array([1.0, 0, 1, 0])
    single = pooled_cox(hours, merged, kinds, list("abcd"), [1] * 4, [1] * 4, none)
    assert single.reason == NO_CONTRAST
    one_kind = pooled_cox(hours, merged, np.ones(4), list("aabb"), [1] * 4, [1] * 4, none)
    assert one_kind.reason == NO_CONTRAST
    assert pooled_cox(hours, merged, kinds, list("aabb"), [1, 1, 2, 2], [1] * 4, none).reason == NO_CONTRAST
    alone = pooled_cox(hours, merged, np.array([1.0, 0, 0, 1]), ["a"] * 4, [1, 1, 2, 2], [1] * 4, none)
    assert alone.reason == TOO_FEW_AUTHORS
    lost = pooled_cox(np.array([np.inf, 2, 1, 2]), merged, kinds, list("aabb"), [1] * 4, [1] * 4, none)
    assert lost.reason == NOT_FINITE
