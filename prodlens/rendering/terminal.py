"""A document as text for a terminal or a log: tables, no charts, no control characters."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from tabulate import tabulate

from prodlens.rendering.document import figure_table
from prodlens.rendering.escaping import LONGEST_SENTENCE, terminal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prodlens.rendering.document import Document, Section, Table

WIDTH = 100
_ALIGN = {"l": "left", "r": "right"}


def to_terminal(documents: Sequence[Document], *, details: bool) -> str:
    """Return the documents as text; ``details`` also prints the sections that other formats fold away."""
    return "\n".join(line for document in documents for line in _lines(document, details)).rstrip() + "\n"


def _lines(document: Document, details: bool) -> Iterator[str]:
    title = f"ProdLens report: {terminal(document.repo)}"
    yield from (title, "=" * len(title))
    yield from _wrapped(document.window)
    for notice in document.notices:
        yield ""
        yield from _wrapped(f"! {notice}")
    yield ""
    for section in document.sections:
        if details or not section.folded:
            yield from _section(section)


def _section(section: Section) -> Iterator[str]:
    yield from (section.title, "-" * len(section.title))
    for sentence in section.sentences:
        yield from _wrapped(sentence)
    if section.figures:
        yield from ("", _table(figure_table(section.figures)), "")
    if section.table:
        yield from ("", _table(section.table), "")
    for sentence in section.after:
        yield from _wrapped(sentence)
    yield ""


def _table(table: Table) -> str:
    rows = [[terminal(cell) for cell in row] for row in table.rows]
    align = [_ALIGN[letter] for letter in table.align] if rows else None
    # Numbers are text by now: tabulate must not read and reformat them.
    return tabulate(rows, headers=table.header, colalign=align, disable_numparse=True, tablefmt="simple")


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(terminal(text, LONGEST_SENTENCE), WIDTH)
