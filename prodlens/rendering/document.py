"""What a report says, before it is Markdown, a page or terminal text: sections of sentences, figures, tables, charts.

Plain strings are this project's own words. Whatever comes from data is wrapped in ``Data``, so that each renderer
knows what to escape as a name and cannot forget it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_COLUMNS_OF_A_PHONE = 3
_MOST_CARDS = 24


class Data(str):
    """Text that somebody else wrote: a name, a title, a model, a branch."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under a header; ``align`` has one letter a column, ``l`` or ``r``."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    align: str

    @property
    def stacks(self) -> bool:
        """Whether a narrow screen shows each row as a card: many columns would be out of sight, many cards no help."""
        return len(self.header) > _COLUMNS_OF_A_PHONE and len(self.rows) <= _MOST_CARDS

    def names_first(self, cell: str) -> bool:
        """Tell whether a row's first cell needs the name of its column to be understood alone: a number does."""
        return self.align[0] == "r" or cell.isdecimal()

    def without_empty_columns(self) -> Table:
        """Return the table without the columns that no row has anything in."""
        kept = [at for at in range(len(self.header)) if any(row[at] for row in self.rows)]
        if not self.rows or len(kept) == len(self.header):
            return self
        return Table(
            tuple(self.header[at] for at in kept),
            tuple(tuple(row[at] for at in kept) for row in self.rows),
            "".join(self.align[at] for at in kept),
        )


@dataclass(frozen=True, slots=True)
class Figure:
    """A headline figure as people read it.

    Attributes:
        label: What it is.
        value: The figure with its unit, or that there is not enough data.
        interval: Its 95 % interval, empty without one.
        basis: How many observations stand behind it, or why the figure is missing.
        change: How it differs from the window before, empty where that is not known.
        known: Whether there is a figure at all.
    """

    label: str
    value: str
    interval: str = ""
    basis: str = ""
    change: str = ""
    known: bool = True


def figure_table(figures: Sequence[Figure]) -> Table:
    """Return headline figures as a table, without the columns that none of them has anything in."""
    header = ("Figure", "Value", "95% interval", "From", "Change")
    rows = tuple((one.label, one.value, one.interval, one.basis, one.change) for one in figures)
    return Table(header, rows, "lrrll").without_empty_columns()


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: the name of its template, a title, a sentence for those who cannot see it, its unit and its rows."""

    name: str
    title: str
    description: str
    unit: str
    rows: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report.

    A ``folded`` one is closed until somebody opens it. A ``long_table`` is for the page and the CSV: Markdown leaves it
    out, and says where it is.
    """

    key: str
    title: str
    sentences: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    charts: tuple[Chart, ...] = ()
    table: Table | None = None
    after: tuple[str, ...] = ()
    folded: bool = False
    long_table: bool = False

    def without_empty_columns(self) -> Section:
        """Return the section with a table that has no empty column."""
        return self if self.table is None else replace(self, table=self.table.without_empty_columns())


@dataclass(frozen=True, slots=True)
class Document:
    """A report on one repository; ``notices`` are what a reader has to know before the first figure."""

    repo: Data
    window: str
    notices: tuple[str, ...]
    sections: tuple[Section, ...]
    simulated: bool = False
