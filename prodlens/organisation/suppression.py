"""No figure on fewer than five people: which cells of a table are withheld, so that none can be found by subtraction.

The cells of a table are parts of a whole that is published too. A cell with too few people is withheld. The whole less
the published cells is a figure as well. So where all withheld cells together have too few people, the published cell
with the fewest people is withheld with them, and the rest then has enough.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

FEWEST_PEOPLE = 5


@dataclass(frozen=True, slots=True)
class Cell:
    """A part of a whole.

    Attributes:
        key: What it is.
        people: How many people stand behind it.
        persons: Who they are, where they are fewer than the fewest; else it may be empty.
    """

    key: Hashable
    people: int
    persons: frozenset[str] = field(default=frozenset())


def withheld(cells: Iterable[Cell], fewest: int = FEWEST_PEOPLE) -> set[Hashable]:
    """Return the keys of the cells of one whole that are not to be published.

    Args:
        cells: All parts of the whole, which do not overlap.
        fewest: How many people a figure needs at least.
    """
    cells = list(cells)
    small = [cell for cell in cells if cell.people < fewest]
    if not small:
        return set()
    found = {cell.key for cell in small}
    if len(frozenset().union(*(cell.persons for cell in small))) < fewest:
        large = [cell for cell in cells if cell.people >= fewest]
        found |= {cell.key for cell in sorted(large, key=lambda cell: (cell.people, str(cell.key)))[:1]}
    return found


def withheld_below(
    wholes: Mapping[Hashable, Iterable[Cell]], withheld_wholes: set[Hashable], fewest: int = FEWEST_PEOPLE
) -> set[Hashable]:
    """Return the keys of the cells, each a part of one of several wholes, that are not to be published.

    All parts of a withheld whole are withheld with it: subtracting them would reveal what it hides.

    Args:
        wholes: The parts of each whole.
        withheld_wholes: The wholes that are withheld themselves.
        fewest: How many people a figure needs at least.
    """
    found: set[Hashable] = set()
    for whole, parts in wholes.items():
        found |= {cell.key for cell in parts} if whole in withheld_wholes else withheld(parts, fewest)
    return found


def is_publishable(size: int, people: int, fewest: int = FEWEST_PEOPLE) -> bool:
    """Return whether a part of so many calls or pull requests may be published: if it has enough people or is empty.

    A part whose people are unknown is not empty: it may be one person's.
    """
    return size == 0 or people >= fewest
