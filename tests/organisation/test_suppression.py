"""No figure on fewer than five people, and none that a subtraction leaves."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prodlens.organisation.suppression import Cell, is_publishable, withheld, withheld_below

if TYPE_CHECKING:
    from collections.abc import Hashable


def cell(key: str, people: int) -> Cell:
    """Return a cell of so many people, who are in no other cell."""
    return Cell(key, people, frozenset(f"{key}{number}" for number in range(people)))


def test_enough_people_are_published() -> None:
    """Where every part has five people, nothing is withheld."""
    assert withheld([cell("a", 5), cell("b", 9)]) == set()


def test_one_small_part_takes_the_smallest_large_one_with_it() -> None:
    """What is left of the whole is two parts, so that neither is found by subtraction."""
    assert withheld([cell("a", 2), cell("b", 9), cell("c", 6)]) == {"a", "c"}


def test_small_parts_of_enough_people_hide_each_other() -> None:
    """Three people and three others make a rest of six: nothing more is withheld."""
    assert withheld([cell("a", 3), cell("b", 3), cell("c", 6)]) == {"a", "b"}


def test_the_same_people_in_two_parts_are_counted_once() -> None:
    """Two parts of the same three people leave a rest of three, and take another part with them."""
    same = frozenset("xyz")
    assert withheld([Cell("a", 3, same), Cell("b", 3, same), cell("c", 6)]) == {"a", "b", "c"}


def test_small_parts_of_exactly_enough_people_hide_each_other() -> None:
    """Three people and two others are a rest of five, which is enough; one fewer is not."""
    assert withheld([cell("a", 3), cell("b", 2), cell("c", 6)]) == {"a", "b"}
    assert withheld([cell("a", 2), cell("b", 2), cell("c", 6)]) == {"a", "b", "c"}


def test_of_equally_large_parts_the_first_by_name_goes_too() -> None:
    """Whatever the order in which an engine gives them, the same part is withheld."""
    assert withheld([cell("a", 2), cell("c", 6), cell("b", 6)]) == {"a", "b"}


def test_a_part_whose_people_are_not_known_is_small() -> None:
    """Nobody known is fewer than five."""
    assert withheld([Cell("a", 0), cell("b", 7), cell("c", 8)]) == {"a", "b"}


def test_the_threshold_can_be_raised() -> None:
    """With ten people asked for, nine are too few."""
    assert withheld([cell("a", 9), cell("b", 10), cell("c", 11)], 10) == {"a", "b"}


def test_parts_of_a_withheld_whole_are_withheld() -> None:
    """A team that is withheld takes its repositories with it, however many people they have."""
    wholes: dict[Hashable, list[Cell]] = {"t": [cell("a", 7)], "u": [cell("b", 7), cell("c", 8)]}
    assert withheld_below(wholes, {"t"}) == {"a"}
    assert withheld_below(wholes, set(), 8) == {"a", "b", "c"}


def test_an_empty_part_may_be_published() -> None:
    """A part of nothing is 0 and is about nobody; one of four people, or of nobody known, is withheld."""
    assert is_publishable(0, 0)
    assert [is_publishable(9, people) for people in (0, 1, 4, 5)] == [False, False, False, True]


Work = list[tuple[int, str]]
WORK = st.lists(
    st.tuples(st.integers(0, 8), st.sampled_from(["t1/a", "t1/b", "t1/c", "t2/d", "t2/e", "t3/f"])),
    max_size=30,
    unique=True,
)


@given(WORK)
def test_no_sum_of_what_is_publishable_is_about_few_people(work: Work) -> None:
    """However the whole, its teams and their repositories are added and subtracted, five people are in the result.

    Each person's cost in each repository is an unknown. A combination of published figures about four people alone
    would be one that vanishes on the unknowns of all others: it exists if leaving those four out lowers the rank.
    """
    persons = {person for person, _ in work}
    if len(persons) < 5:
        return
    teams = {name[:2]: [one for one in work if one[1].startswith(name[:2])] for _, name in work}
    hidden = withheld(_part(name, own) for name, own in teams.items())
    repositories: dict[Hashable, list[Cell]] = {
        team: [_part(name, [one for one in own if one[1] == name]) for name in sorted({name for _, name in own})]
        for team, own in teams.items()
    }
    hidden |= withheld_below(repositories, hidden)
    names = [*teams, *(str(part.key) for parts in repositories.values() for part in parts)]
    told = ["", *(name for name in names if name not in hidden)]
    figures = np.array([[float(name.startswith(one)) for _, name in work] for one in told])
    rank = np.linalg.matrix_rank(figures)
    for few in combinations(persons, 4):
        others = [at for at, (person, _) in enumerate(work) if person not in few]
        assert np.linalg.matrix_rank(figures[:, others]) == rank


def _part(key: str, work: Work) -> Cell:
    people = frozenset(str(person) for person, _ in work)
    return Cell(key, len(people), people)
