"""Counts by author and week: their margins, and the log rate ratio with its error."""

from __future__ import annotations

import math

import numpy as np
import pytest

from prodlens.statistics.two_way_poisson import poisson_contrast, two_way_margins
from prodlens.statistics.within_author import codes_of
from tests.statistics.made_up_teams import adopting_team
from tests.statistics.results import like, plain


def test_the_rate_ratio_and_its_error_are_those_of_statsmodels() -> None:
    """GLM(Poisson) with clusters of authors, times sqrt(G / (G - 1)); fepois of pyfixest 0.60.0 agrees."""
    panel = adopting_team()
    treated = np.array(
        [float(time >= panel.adopted.get(name, 99)) for name, time in zip(panel.authors, panel.times, strict=True)]
    )
    found = poisson_contrast(panel.counts, treated, codes_of(panel.authors), codes_of(panel.weeks))
    assert found is not None
    assert found.delta == pytest.approx(0.32670216466823376, rel=1e-6)
    assert found.error == pytest.approx(0.1498464867963081, rel=1e-6)


COUNTS = np.array([2.0, 6, 4, 6, 3, 3, 3, 5])
TREATED = np.array([0.0, 1, 0, 1, 0, 0, 0, 0])
AUTHORS, WEEKS = np.repeat(np.arange(4), 2), np.tile(np.arange(2), 4)


def test_two_weeks_of_four_authors_by_hand() -> None:
    """Twice as many of two authors and 4/3 as many of the others: log 1.5.

    The expected counts of the second week are 2/3 and 4/7 of an author's own, so that the authors' parts of delta are
    1/6, -1/6, 1/8 and -1/8, their shares of the information 8, 10, 9 and 12 of 39, and 4/3 is for four of them.
    """
    found = poisson_contrast(COUNTS, TREATED, AUTHORS, WEEKS)
    assert plain(found) == like(math.log(1.5), math.sqrt(4 / 3 * (1 / 18 + 1 / 32)), 1521 / 389 - 1)
    assert found is not None
    assert found.p == pytest.approx(0.3214, abs=1e-4)


def test_who_varies_together_has_one_part() -> None:
    """Two pairs have 1/24 and -1/24 of delta, and 20 and 19 of 39 shares; a number that nobody has changes nothing."""
    found = poisson_contrast(COUNTS, TREATED, AUTHORS, WEEKS, np.repeat([0, 2, 2, 0], 2))
    assert plain(found) == like(math.log(1.5), 1 / 12, 1521 / 761 - 1)


@pytest.mark.parametrize(("before", "after"), [(2.0, 3.0), (2.0, 4.0), (1.0, 2.0)])
def test_where_everybody_moves_alike_there_is_no_error(before: float, after: float) -> None:
    """Two authors rise from one count to another and two stay: chance is not seen, and rounding is not chance."""
    counts = np.array([before, after] * 2 + [before] * 4)
    assert poisson_contrast(counts, TREATED, AUTHORS, WEEKS) is None


def test_without_cells_nothing_is_told() -> None:
    """No cell has no effect and no ratio."""
    nobody, nothing = np.zeros(0, dtype=np.int64), np.zeros(0)
    assert poisson_contrast(nothing, nothing, nobody, nobody) is None


def test_margins_are_met() -> None:
    """A g offset has the row and column sums of the counts; an empty week has no effect."""
    counts, authors = np.array([1.0, 2, 0, 3, 4, 0]), np.array([0, 0, 0, 1, 1, 1])
    weeks, offset = np.array([0, 1, 2, 0, 1, 2]), np.array([1.0, 2, 1, 1, 1, 3])
    author, week = two_way_margins(counts, authors, weeks, (2, 3), offset)
    mu = author[authors] * week[weeks] * offset
    assert np.bincount(authors, mu) == pytest.approx([3.0, 7.0])
    assert np.bincount(weeks, mu) == pytest.approx([4.0, 6.0, 0.0])


def test_a_week_with_a_single_count_has_an_effect() -> None:
    """An author who has it alone has no other cell to be told by."""
    author, week = two_way_margins(np.array([5.0, 1.0]), np.array([0, 1]), np.array([0, 1]), (2, 2))
    assert (author * week).tolist() == pytest.approx([5.0, 1.0])


def test_one_author_has_no_error() -> None:
    """A rate ratio of one author is not compared, and neither is one without any cell that tells of it."""
    counts, nobody = np.array([1.0, 2, 3, 4]), np.zeros(4)
    alone, weeks = np.zeros(4, dtype=np.int64), np.arange(4)
    assert poisson_contrast(counts, np.array([0.0, 0, 1, 1]), alone, weeks) is None
    assert poisson_contrast(counts, np.array([0.0, 0, 1, 1]), alone, np.zeros(4, dtype=np.int64)) is None
    assert poisson_contrast(counts, nobody, alone, weeks) is None
    everything = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    assert poisson_contrast(np.array([0.0, 5, 5, 0]), np.array([0.0, 1, 0, 0]), *everything) is None
