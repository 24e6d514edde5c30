"""The contrast within authors, against programs that others wrote and against what must hold for any team."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.statistics.estimates import NOT_FINITE
from prodlens.statistics.within_author import (
    NO_CONTRAST,
    TOO_FEW_AUTHORS,
    Contrast,
    codes_of,
    jackknifed,
    orthonormal_basis,
    week_dummies,
    within_author_contrast,
    without_means,
    yardstick,
)
from tests.examples import examples
from tests.statistics.made_up_teams import Work, team
from tests.statistics.results import like, plain


def contrast(work: Work, columns: int = 2) -> Contrast:
    """Return the contrast of a team, with so many of its covariates."""
    return within_author_contrast(work.log_hours, work.assisted, work.authors, work.weeks, work.covariates[:, :columns])


def test_estimate_and_error_are_those_of_pyfixest() -> None:
    """feols(y ~ d + s + f | a + w) with CRV3 of pyfixest 0.60.0; its factor G / (G - 1) is taken back."""
    found = contrast(team())
    assert found.beta == pytest.approx(-0.12848288498490415, rel=1e-9)
    assert found.error == pytest.approx(0.2166238447053991 * math.sqrt(9 / 10), rel=1e-9)
    plain = contrast(team(), columns=0)
    assert plain.beta == pytest.approx(-0.4490212417440562, rel=1e-9)
    assert plain.error == pytest.approx(0.22229363840365737 * math.sqrt(81) / 10, rel=1e-9)


def test_shares_explained_are_those_of_statsmodels() -> None:
    """Partial R^2 of the kind and of size: OLS of statsmodels 0.15.0 with dummies for authors and weeks."""
    work = team()
    assert contrast(work).partial_r2 == pytest.approx(0.0036237323417640057, rel=1e-9)
    found = yardstick(work.log_hours, work.assisted, work.authors, work.weeks, work.covariates, (0, 1))
    assert found is not None
    assert found.of_choice == pytest.approx(0.1023637417128358, rel=1e-9)
    assert found.of_outcome == pytest.approx(0.1869260499309443, rel=1e-9)
    tiny = yardstick(work.log_hours / 1e3, work.assisted, work.authors, work.weeks, work.covariates, (0, 1))
    assert plain(tiny) == like(*plain(found))


def test_interval_and_power_are_those_of_student() -> None:
    """Interval, p and what could have been seen have G* - 1 degrees of freedom: at 4, t is 2.776 and 0.941."""
    found = Contrast(0.5, 0.1, 4.0, 5, 5.0, one_author_decides=False, partial_r2=0.1)
    assert found.interval is not None
    assert found.interval.low == pytest.approx(0.5 - 0.2776445, abs=1e-6)
    assert found.p == pytest.approx(0.0074904, abs=1e-6)
    assert found.detectable == pytest.approx(0.2776445 + 0.0940965, abs=1e-6)


def test_the_effective_number_of_authors_is_the_number_where_all_tell_the_same() -> None:
    """Four authors with the same work in the same week count as four; only those with both kinds are counted."""
    hours, kinds = np.arange(12.0), np.array([0.0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 1, 1])
    authors = [name for name in "abcdef" for _ in range(2)]
    found = within_author_contrast(hours**2, kinds, authors, [1] * 12, np.zeros((12, 0)))
    assert found.authors == 4
    assert found.effective_authors == pytest.approx(4.0)


def test_labels_are_only_labels() -> None:
    """Weeks can be pairs of repository and week, in any order, and authors anything that can be told apart."""
    work = team()
    whole = contrast(work)
    renamed = within_author_contrast(
        work.log_hours,
        work.assisted,
        [("person", name) for name in work.authors],
        [("acme/web", 40 - week) for week in work.weeks],
        work.covariates,
    )
    assert renamed.beta == pytest.approx(whole.beta)
    assert renamed.error == pytest.approx(whole.error)
    assert codes_of(["b", ("a", 1), "b"]).tolist() == [0, 1, 0]
    assert codes_of([]).dtype == np.int64


def test_repositories_have_weeks_of_their_own() -> None:
    """A shock to one repository's week is taken out of that week alone when the labels name the repository."""
    work = team()
    repos = [index % 2 for index in range(len(work.weeks))]
    labels = list(zip(repos, work.weeks, strict=True))
    shocked = work.log_hours + np.array([5.0 * (label == (1, 3)) for label in labels])
    arguments = (work.assisted, work.authors, labels, work.covariates)
    assert within_author_contrast(shocked, *arguments).beta == pytest.approx(
        within_author_contrast(work.log_hours, *arguments).beta
    )


def test_without_both_kinds_there_is_no_contrast() -> None:
    """Nothing is estimated from authors of one kind, or from a kind that weeks or covariates spell out."""
    hours, nothing = np.arange(6.0), np.zeros((6, 0))
    one_kind = within_author_contrast(hours, np.array([0.0, 0, 0, 1, 1, 1]), list("aaabbb"), [1] * 6, nothing)
    kinds = np.array([0.0, 1, 0, 1, 0, 1])
    spelled_out = within_author_contrast(hours, kinds, list("aaabbb"), [int(kind) for kind in kinds], nothing)
    assert plain(one_kind) == plain(spelled_out) == (None, None, 0.0, 0, 0.0, False, 0.0, NO_CONTRAST)
    assert (one_kind.interval, one_kind.p, one_kind.detectable) == (None, None, None)
    empty = within_author_contrast(np.zeros(0), np.zeros(0), [], [], np.zeros((0, 1)))
    assert empty.reason == NO_CONTRAST


def test_one_author_alone_has_an_estimate_and_no_error() -> None:
    """What a single author decides has neither interval nor power, and says so."""
    kinds = np.array([0.0, 1, 0, 1, 0, 0])
    found = within_author_contrast(np.arange(6.0), kinds, list("aaaabb"), [1] * 6, np.zeros((6, 0)))
    assert (found.reason, found.error, found.interval, found.p) == (TOO_FEW_AUTHORS, None, None, None)
    assert found.one_author_decides
    assert found.beta == 1.0


def test_a_missing_value_is_a_reason() -> None:
    """NaN is not computed with."""
    work = team()
    hours = work.log_hours.copy()
    hours[0] = math.nan
    assert within_author_contrast(hours, work.assisted, work.authors, work.weeks, work.covariates).reason == NOT_FINITE
    assert yardstick(hours, work.assisted, work.authors, work.weeks, work.covariates, (0,)) is None
    covariates = work.covariates.copy()
    covariates[0, 0] = math.nan
    assert yardstick(work.log_hours, work.assisted, work.authors, work.weeks, covariates, (0,)) is None


def test_an_outcome_that_does_not_vary_is_not_explained() -> None:
    """The difference is 0, and the kind explains nothing of nothing; of a tiny outcome it explains what it does."""
    kinds, authors, none = np.array([0.0, 1, 0, 1]), list("aabb"), np.zeros((4, 0))
    same = within_author_contrast(np.array([3.0, 3, 5, 5]), kinds, authors, [1] * 4, none)
    assert plain(same) == like(0.0, 0.0, 1.0, 2, 2.0, True, 0.0, None)
    tiny = within_author_contrast(np.array([1e-3, 3e-3, 2e-3, 7e-3]), kinds, authors, [1] * 4, none)
    assert tiny.partial_r2 == pytest.approx(3.5**2 / 14.5)


def test_a_yardstick_needs_something_to_explain() -> None:
    """Where authors and weeks explain the choice altogether, size has nothing to explain."""
    kinds = np.array([0.0, 0, 1, 1])
    assert yardstick(np.arange(4.0), kinds, list("aabb"), [1] * 4, np.arange(4.0)[:, None], (0,)) is None


def test_the_error_is_how_far_the_answer_moves_without_one_author() -> None:
    """Moves of a half either way: sqrt(1/2 (1/4 + 1/4)); one author with whom the answer is 0 decides its sign."""
    found = jackknifed(1.0, np.array([0.5, 1.5]), np.array([0.5, 0.5]), authors=2, partial_r2=0.25)
    assert plain(found) == like(1.0, 0.5, 1.0, 2, 2.0, False, 0.25, None)
    decided = jackknifed(1.0, np.array([0.0, 1.0, 2.0]), np.full(3, 1 / 3), authors=3)
    assert plain(decided) == like(1.0, math.sqrt(4 / 3), 2.0, 3, 3.0, True, 0.0, None)


@pytest.mark.parametrize(
    ("without", "shares", "effective"), [([1.0, math.nan], [0.5, 0.5], 2.0), ([1.0, 2.0], [1.0, 0.0], 1.0)]
)
def test_what_one_author_alone_identifies_has_no_error(
    without: list[float], shares: list[float], effective: float
) -> None:
    """Where nothing is left without somebody, or one author's share is everything, the estimate stands alone."""
    found = jackknifed(1.0, np.array(without), np.array(shares), authors=2, partial_r2=0.25)
    assert plain(found) == like(1.0, None, 0.0, 2, effective, True, 0.25, TOO_FEW_AUTHORS)


def test_an_estimate_without_spread_has_no_p_value() -> None:
    """Nothing is divided by an error of 0."""
    assert Contrast(1.0, 0.0, 4.0, 5, 5.0, one_author_decides=False, partial_r2=1.0).p is None


def test_an_author_with_one_piece_of_work_takes_no_part() -> None:
    """Differences of 2 and 5 are 3.5, give or take 1.5; one more piece, first or last, is in no figure."""
    hours, kinds, none = np.array([9.0, 1, 3, 2, 7, 9]), np.array([1.0, 0, 1, 0, 1, 1]), np.zeros((5, 0))
    four = within_author_contrast(hours[1:5], kinds[1:5], list("aabb"), [1] * 4, none[:4])
    assert plain(four) == like(3.5, 1.5, 1.0, 2, 2.0, False, 3.5**2 / 14.5, None)
    assert within_author_contrast(hours[1:], kinds[1:], list("aabbc"), [1] * 5, none) == four
    assert within_author_contrast(hours[:5], kinds[:5], list("caabb"), [1] * 5, none) == four


def test_what_is_taken_out_by_hand() -> None:
    """Weeks have a column but for one, each author's mean goes, and what columns repeat is one direction."""
    dummies = week_dummies(np.array([2, 0, 2, 5]))
    assert dummies.dtype == np.float64
    assert dummies.tolist() == [[1.0, 0.0], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    values = np.array([[1.0, 10.0], [3.0, 20.0], [5.0, 5.0]])
    assert without_means(values, np.array([0, 2, 3])).tolist() == [[-1.0, -5.0], [1.0, 5.0], [0.0, 0.0]]
    basis = orthonormal_basis(np.array([[3.0, 0.0, 6.0], [4.0, 0.0, 8.0]]))
    assert np.abs(basis).ravel().tolist() == pytest.approx([0.6, 0.8])
    assert orthonormal_basis(np.zeros((3, 2))).shape == (3, 0)


def test_a_direction_is_one_whatever_its_unit() -> None:
    """Columns of very different sizes are as many directions; one is rounding where its values are below 1e-9."""
    assert orthonormal_basis(np.diag([1e6, 1e-6, 1.0])).shape == (3, 3)
    assert orthonormal_basis(np.full((4, 1), 0.9e-9)).shape == (4, 0)
    assert orthonormal_basis(np.full((4, 1), 1.1e-9)).shape == (4, 1)


def test_an_author_with_a_week_of_their_own_can_be_left_out() -> None:
    """Without the first of three the difference is 4; without the third, who says something of that week alone, 3."""
    outcome, kinds = np.array([1.0, 4, 2, 8, 3, 1, 5, 9, 2, 6]), np.array([0.0, 1, 0, 1, 1, 0, 0, 1, 0, 1])
    weeks, none = [1, 1, 2, 3, 1, 2, 3, 3, 1, 9], np.zeros((10, 0))
    found = within_author_contrast(outcome, kinds, list("aaaabbbbcc"), weeks, none)
    assert plain(found) == like(3.0, math.sqrt(2 / 3), 1.0, 3, 2.0, False, 33 / 37, None)


@given(st.integers(0, 10_000), st.integers(3, 7), st.integers(3, 9))
@examples(20)
def test_leaving_out_is_what_it_says(seed: int, authors: int, each: int) -> None:
    """The error is that of estimating anew without each author, however the parts are put together."""
    work = team(seed, authors=authors, each=each, weeks=3)
    whole = contrast(work)
    without = [
        within_author_contrast(
            work.log_hours[rows],
            work.assisted[rows],
            [work.authors[row] for row in np.flatnonzero(rows)],
            [work.weeks[row] for row in np.flatnonzero(rows)],
            work.covariates[rows],
        ).beta
        for rows in (np.array([name != left_out for name in work.authors]) for left_out in sorted(set(work.authors)))
    ]
    if whole.beta is None or whole.error is None or None in without:
        return
    changes = np.array(without, dtype=float) - whole.beta
    assert whole.error == pytest.approx(math.sqrt((authors - 1) / authors * float((changes**2).sum())), rel=1e-6)
    assert whole.one_author_decides == bool((np.array(without, dtype=float) * whole.beta <= 0).any())


@given(st.integers(0, 10_000), st.floats(-3, 3), st.floats(0.1, 10))
@examples(20)
def test_what_authors_and_units_do_not_change(seed: int, shift: float, scale: float) -> None:
    """A level of each author's own does not matter, and another unit scales estimate and error alike."""
    work = team(seed, authors=6, each=8, weeks=3)
    levels = shift * codes_of(work.authors)
    whole = contrast(work)
    moved = within_author_contrast(
        scale * (work.log_hours + levels), work.assisted, work.authors, work.weeks, work.covariates
    )
    assert whole.beta is not None
    assert moved.beta == pytest.approx(scale * whole.beta, rel=1e-6, abs=1e-9)
    assert moved.error == pytest.approx(None if whole.error is None else scale * whole.error, rel=1e-6)
    # One author who changes the sign makes the error at least sqrt((G - 1) / G) of the estimate.
    if whole.one_author_decides and whole.interval is not None:
        assert whole.interval.low is not None
        assert whole.interval.high is not None
        assert whole.interval.low < 0 < whole.interval.high
