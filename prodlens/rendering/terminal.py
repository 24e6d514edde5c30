"""A document as text for a terminal or a log: tables, no charts, no control characters."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tabulate import tabulate

from prodlens.rendering.document import figure_table
from prodlens.rendering.escaping import LONGEST_SENTENCE, terminal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prodlens.rendering.document import Document, Section, Table

WIDTH = 100
_ALIGN = {"l": "left", "r": "right"}
_BETWEEN = 2
_HEADER_PADDING = 2  # tabulate makes a column at least so much wider than its header
_NARROWEST_COLUMN = 16
_INDENT = "  "


def to_terminal(documents: Sequence[Document], *, details: bool, width: int | None = None) -> str:
    """Return the documents as text; ``details`` also prints the sections that other formats fold away.

    In a ``width`` that a table does not fit into, its columns of words are wrapped, or else its rows become paragraphs.
    """
    page = _Page(details, width)
    return "\n".join(line for document in documents for line in page.lines(document)).rstrip() + "\n"


@dataclass(frozen=True, slots=True)
class _Page:
    details: bool
    width: int | None

    def lines(self, document: Document) -> Iterator[str]:
        """Yield the lines of a document."""
        title = f"ProdLens report: {terminal(document.repo)}"
        yield from (title, "=" * len(title))
        yield from self._wrapped(document.window)
        for notice in document.notices:
            yield ""
            yield from self._wrapped(f"! {notice}")
        yield ""
        for section in document.sections:
            if self.details or not section.folded:
                yield from self._section(section)

    def _section(self, section: Section) -> Iterator[str]:
        yield from (section.title, "-" * len(section.title))
        for sentence in section.sentences:
            yield from self._wrapped(sentence)
        for table in ((figure_table(section.figures),) if section.figures else ()) + (
            (section.table,) if section.table else ()
        ):
            yield from ("", self._table(table), "")
        for sentence in section.after:
            yield from self._wrapped(sentence)
        yield ""

    def _table(self, table: Table) -> str:
        rows = [[terminal(cell) for cell in row] for row in table.rows]
        columns = _columns(table.header, rows, table.align, self.width)
        if columns is None:
            return "\n".join(line for row in rows for line in self._card(table.header, row))
        return tabulate(
            rows,
            headers=table.header,
            colalign=[_ALIGN[letter] for letter in table.align] if rows else None,
            disable_numparse=True,  # numbers are text by now: tabulate must not read and reformat them
            maxcolwidths=[limit for limit, _ in columns] if rows else None,
            maxheadercolwidths=[(limit or natural) - _HEADER_PADDING for limit, natural in columns],
            tablefmt="simple",
        )

    def _card(self, header: Sequence[str], row: Sequence[str]) -> Iterator[str]:
        yield from textwrap.wrap(row[0], self.width or WIDTH)
        for label, cell in zip(header[1:], row[1:], strict=True):
            if cell:
                yield from textwrap.wrap(
                    f"{label}: {cell}", self.width or WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT * 2
                )

    def _wrapped(self, text: str) -> list[str]:
        return textwrap.wrap(terminal(text, LONGEST_SENTENCE), min(self.width or WIDTH, WIDTH))


def _columns(
    header: Sequence[str], rows: Sequence[Sequence[str]], align: str, width: int | None
) -> list[tuple[int | None, int]] | None:
    """Return the width that each column is wrapped at, None for none, and its natural one; None when nothing fits."""
    cells = [max(map(len, column)) for column in zip(*rows, strict=True)] or [0] * len(header)
    natural = [max(len(name) + _HEADER_PADDING, longest) for name, longest in zip(header, cells, strict=True)]
    limits: list[int | None] = [None] * len(natural)
    excess = 0 if width is None else sum(natural) + _BETWEEN * (len(natural) - 1) - width
    for at in sorted(range(len(natural)), key=natural.__getitem__, reverse=True):
        if excess > 0 and align[at] == "l" and natural[at] > _NARROWEST_COLUMN:
            limit = max(_NARROWEST_COLUMN, natural[at] - excess)
            excess -= natural[at] - limit
            limits[at] = limit
    return list(zip(limits, natural, strict=True)) if excess <= 0 else None
