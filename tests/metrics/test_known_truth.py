"""Every cell of the simulated tables in docs/statistics.md, with fewer teams than there and bounds that allow for it.

The teams are the same every time. ``benchmarks/comparison.py`` measures with as many as one likes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from tests.metrics.assistance import Starters, Team
from tests.metrics.known_truth import adoption_of, contrast_of, differs_from_the_report

if TYPE_CHECKING:
    from collections.abc import Sequence

# Authors, truth, share of teams in which it is found, and how many teams are asked.
CONTRAST = [
    (5, 1.0, 0.05, 40),
    (5, 0.8, 0.06, 40),
    (5, 0.67, 0.10, 40),
    (5, 0.5, 0.25, 40),
    (15, 1.0, 0.05, 40),
    (15, 0.8, 0.16, 40),
    (15, 0.67, 0.40, 40),
    (15, 0.5, 0.82, 40),
    (50, 1.0, 0.05, 20),
    (50, 0.8, 0.54, 20),
    (50, 0.67, 0.94, 20),
    (50, 0.5, 1.00, 20),
]
# Authors, share found without size in the model, teams: with size it is 5 %.
CHOSEN = [(5, 0.10, 40), (15, 0.32, 40), (50, 0.83, 20)]
# Authors, weeks, truth, share found by exchanging the dates, teams.
BEGINNING = [
    (5, 12, 1.0, 0.03, 30),
    (5, 12, 1.26, 0.04, 30),
    (5, 12, 1.5, 0.09, 30),
    (5, 12, 2.0, 0.14, 30),
    (15, 12, 1.0, 0.05, 30),
    (15, 12, 1.26, 0.11, 30),
    (15, 12, 1.5, 0.22, 30),
    (15, 12, 2.0, 0.61, 30),
    (50, 12, 1.0, 0.07, 8),
    (50, 12, 1.26, 0.30, 8),
    (50, 12, 1.5, 0.64, 8),
    (50, 12, 2.0, 0.99, 8),
    (15, 26, 1.0, 0.05, 12),
    (15, 26, 1.26, 0.19, 12),
    (15, 26, 1.5, 0.47, 12),
    (50, 26, 1.0, 0.05, 4),
    (50, 26, 1.26, 0.53, 4),
    (50, 26, 1.5, 0.91, 4),
]


def near(found: Sequence[bool | None], expected: float) -> bool:
    """Tell whether a share is as expected, by three standard errors and the ten points of so few teams."""
    known = [one for one in found if one is not None]
    spread = math.sqrt(max(expected * (1 - expected), 0.05) / len(known))
    return abs(sum(known) / len(known) - expected) <= 3 * spread + 0.1


@pytest.mark.parametrize(("authors", "ratio", "expected", "teams"), CONTRAST)
def test_contrast(authors: int, ratio: float, expected: float, teams: int) -> None:
    """A false effect is found in one of twenty teams, true ones as often as simulated; intervals hold the truth."""
    found = [contrast_of(Team(authors=authors, ratio=ratio), seed)[0] for seed in range(teams)]
    assert near([one.found for one in found], expected)
    assert near([one.covered for one in found], 0.95)
    assert ratio != 1 or sum(bool(one.found) for one in found) <= 0.15 * teams


@pytest.mark.parametrize(("authors", "expected", "teams"), CHOSEN)
def test_chosen_by_size(authors: int, expected: float, teams: int) -> None:
    """Authors who choose assistants for small work seem to gain, and with size in the model they do not."""
    found = [contrast_of(Team(authors=authors, chooses=0.7), seed)[0] for seed in range(teams)]
    assert near([one.found_without_size for one in found], expected)
    assert sum(bool(one.found) for one in found) <= 0.15 * teams


@pytest.mark.parametrize(("authors", "weeks", "ratio", "expected", "teams"), BEGINNING)
def test_beginning(authors: int, weeks: int, ratio: float, expected: float, teams: int) -> None:
    """Exchanging the dates finds nothing without an effect, and effects as often as simulated."""
    found = [adoption_of(Starters(authors=authors, weeks=weeks, ratio=ratio), seed)[0] for seed in range(teams)]
    assert near([one.found for one in found], expected)
    covered = [one.covered for one in found if one.covered is not None]
    assert sum(covered) >= 0.8 * len(covered)


@pytest.mark.parametrize(
    "team",
    [
        *(Team(authors=authors, ratio=0.67) for authors in (5, 15, 50)),
        Team(authors=15, chooses=0.7),
        *(Starters(authors=authors, ratio=1.5) for authors in (5, 15, 50)),
        Starters(authors=15, weeks=26),
    ],
    ids=str,
)
def test_a_report_gives_the_very_same_figures(team: Team | Starters) -> None:
    """What the simulations measure is what a report on a store of the same team says."""
    assert not differs_from_the_report(team, 1)
