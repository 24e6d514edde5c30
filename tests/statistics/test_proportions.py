"""Shares: whole results, at the edges of what can be counted."""

from __future__ import annotations

import pytest

from prodlens.statistics.estimates import Interval
from prodlens.statistics.proportions import (
    Proportion,
    against_target,
    binomial_test,
    clustered_wilson,
    newcombe_difference,
    risk_ratio,
    wilson,
)
from tests.statistics.results import like, plain

NOT_COUNTS = "the counts are not counts: 0 <= k <= n is needed"
NOTHING = "nothing was counted"
SMALL = "fewer than 5 in one of the four cells"


@pytest.mark.parametrize(
    ("k", "n", "expected"),
    [
        (3, -1, (None, None, None, NOT_COUNTS)),
        (-1, 3, (None, None, None, NOT_COUNTS)),
        (4, 3, (None, None, None, NOT_COUNTS)),
        (0, 0, (None, None, None, NOTHING)),
        (5, 10, (0.5, (0.236593090512564, 0.763406909487436, 0.95), 1.0, None)),
        (0, 10, (0.0, (0.0, 0.2775327998628892, 0.95), 1.0, None)),
        (10, 10, (1.0, (0.7224672001371106, 1.0, 0.95), 1.0, None)),
    ],
)
def test_wilson(k: int, n: int, expected: tuple[object, ...]) -> None:
    """A share, its interval and a design effect of 1, or a reason; the counts are told in any case."""
    assert plain(wilson(k, n)) == (k, n, *like(*expected))


@pytest.mark.parametrize("n", range(1, 60))
def test_a_share_of_none_or_all_ends_exactly_at_0_and_1(n: int) -> None:
    """Rounding never puts a bound beside the end of the range."""
    none, every = wilson(0, n).interval, wilson(n, n).interval
    assert none is not None
    assert every is not None
    assert (none.low, every.high) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("accepted", "decisions", "expected"),
    [
        ([1], [1, 2], (1, 3, None, None, None, NOT_COUNTS)),
        ([5], [4], (5, 4, None, None, None, NOT_COUNTS)),
        ([-1], [4], (-1, 4, None, None, None, NOT_COUNTS)),
        ([], [], (0, 0, None, None, None, NOTHING)),
        ([0, 0], [0, 0], (0, 0, None, None, None, NOTHING)),
        ([0, 3], [0, 4], (3, 4, 0.75, None, None, "all decisions fell on one day")),
        ([0, 0], [10, 10], (0, 20, 0.0, (0.0, 0.8897753636667007, 0.95), None, None)),
        ([10, 10], [10, 10], (20, 20, 1.0, (0.1102246363332993, 1.0, 0.95), None, None)),
        (
            [1, 0],
            [10, 10],
            (1, 20, 0.05, (0.00029088432921884103, 0.9049447834027295, 0.95), 1.0526315789473684, None),
        ),
        ([5, 5], [10, 10], (10, 20, 0.5, (0.028360475663165914, 0.9716395243368341, 0.95), 1.0, None)),
        ([2, 8], [10, 10], (10, 20, 0.5, (0.0042466391068133, 0.9957533608931867, 0.95), 7.2, None)),
    ],
)
def test_clustered_wilson(accepted: list[int], decisions: list[int], expected: tuple[object, ...]) -> None:
    """Days that differ widen the interval by their design effect, which is 1 for equal days and unknown at 0 and 1."""
    assert plain(clustered_wilson(accepted, decisions)) == like(*expected)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.2, 0.5, "inside"),
        (0.2, 0.4999, "below"),
        (0.5, 0.9, "inside"),
        (0.5001, 0.9, "above"),
        (0.2, None, None),
        (None, 0.2, None),
    ],
)
def test_a_bound_on_the_target_is_inside(low: float | None, high: float | None, verdict: str | None) -> None:
    """Only an interval wholly on one side of the target of 0.5 is below or above it."""
    share = Proportion(1, 2, 0.5, Interval(low, high), 1.0, None)
    assert against_target(share, 0.5) == verdict


@pytest.mark.parametrize(
    ("k", "n", "target", "expected"),
    [
        (1, 1, 0.5, (1.0, 1.0, None)),
        (0, 1, 0.5, (1.0, 0.5, None)),
        (0, 5, 0.0, (1.0, 1.0, None)),
        (5, 5, 1.0, (1.0, 1.0, None)),
        (3, 10, 0.5, (0.34375, 0.171875, None)),
        (0, 0, 0.5, (None, None, NOTHING)),
        (0, -1, 0.5, (None, None, NOT_COUNTS)),
        (2, 1, 0.5, (None, None, NOT_COUNTS)),
        (1, 2, 1.5, (None, None, NOT_COUNTS)),
        (1, 2, -0.5, (None, None, NOT_COUNTS)),
    ],
)
def test_binomial(k: int, n: int, target: float, expected: tuple[object, ...]) -> None:
    """One decision is enough, and targets of 0 and 1 are targets; what is not a count says so."""
    assert plain(binomial_test(k, n, target)) == like(*expected)


def test_newcombe() -> None:
    """6 of 10 against 3 of 10 is 0.3; a group without a share, or with an open interval, gives its reason."""
    six, three, nothing = wilson(6, 10), wilson(3, 10), wilson(0, 0)
    assert plain(newcombe_difference(six, three)) == like(0.3, (-0.11773179727686728, 0.601138766053767, 0.95), None)
    assert plain(newcombe_difference(nothing, three)) == (None, None, NOTHING)
    assert plain(newcombe_difference(six, nothing)) == (None, None, NOTHING)
    for open_ended in (Interval(None, 0.9), Interval(0.1, None)):
        share = Proportion(1, 2, 0.5, open_ended, 1.0, "open")
        assert plain(newcombe_difference(share, three)) == like(0.2, None, "open")
        assert plain(newcombe_difference(three, share)) == like(-0.2, None, "open")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ((5, 10, 5, 10), (1.0, (0.4162278132637267, 2.402530460804138, 0.95), None)),
        ((6, 12, 5, 20), (2.0, (0.7759979739140682, 5.154652633723176, 0.95), None)),
        ((4, 10, 5, 10), (None, None, SMALL)),
        ((6, 10, 5, 10), (None, None, SMALL)),
        ((5, 10, 4, 10), (None, None, SMALL)),
        ((5, 10, 6, 10), (None, None, SMALL)),
    ],
)
def test_risk_ratio(cells: tuple[int, int, int, int], expected: tuple[object, ...]) -> None:
    """Five in each of the four cells are enough, four in any of them are not."""
    assert plain(risk_ratio(*cells)) == like(*expected)
