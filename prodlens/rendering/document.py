"""What a report says, before it is Markdown, a page or terminal text: sections of sentences, figures, tables, charts.

Plain strings are this project's own words. Whatever comes from data is wrapped in ``Data``, so that each renderer
knows what to escape as a name and cannot forget it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Data(str):
    """Text that somebody else wrote: a name, a title, a model, a branch."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under a header; ``align`` has one letter a column, ``l`` or ``r``."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    align: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A headline figure as people read it.

    Attributes:
        label: What it is.
        value: The figure with its unit, or that there is not enough data.
        interval: Its 95 % interval, empty where there is none.
        basis: How many observations stand behind it, or why there is no figure.
        change: How it differs from the window before, empty where that is not known.
        known: Whether there is a figure at all.
    """

    label: str
    value: str
    interval: str = ""
    basis: str = ""
    change: str = ""
    known: bool = True


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


@dataclass(frozen=True, slots=True)
class Document:
    """A report on one repository; ``notices`` are what a reader has to know before the first figure."""

    repo: Data
    window: str
    notices: tuple[str, ...]
    sections: tuple[Section, ...]
    simulated: bool = False
