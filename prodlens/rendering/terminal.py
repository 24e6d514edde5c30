"""A document as text for a terminal or a log: tables, no charts, no control characters."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from tabulate import tabulate

from prodlens.rendering.escaping import LONGEST_SENTENCE, terminal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prodlens.rendering.document import Document, Figure, Section

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
        yield from ("", _figures(section.figures), "")
    if section.table:
        rows = [[terminal(cell) for cell in row] for row in section.table.rows]
        align = [_ALIGN[letter] for letter in section.table.align]
        yield from ("", _table(section.table.header, rows, align), "")
    for sentence in section.after:
        yield from _wrapped(sentence)
    yield ""


def _figures(figures: Sequence[Figure]) -> str:
    header = ("Figure", "Value", "95% interval", "From", "Change")
    rows = [[terminal(cell) for cell in (f.label, f.value, f.interval, f.basis, f.change)] for f in figures]
    filled = [i for i in range(len(header)) if any(row[i] for row in rows)]
    return _table(
        [header[i] for i in filled],
        [[row[i] for i in filled] for row in rows],
        ["right" if i in {1, 2} else "left" for i in filled],
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], align: Sequence[str]) -> str:
    # Numbers are text by now: tabulate must not read and reformat them.
    return tabulate(rows, headers=header, colalign=align if rows else None, disable_numparse=True, tablefmt="simple")


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(terminal(text, LONGEST_SENTENCE), WIDTH)
