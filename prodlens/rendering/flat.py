"""A report as CSV: one row a figure, its path as ``fail-if`` writes it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from prodlens.rendering.escaping import csv_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

CSV_HEADER = ("repo", "path", "value")


def to_csv(reports: Sequence[Mapping[str, Any]]) -> str:
    """Return the reports as CSV with the columns ``repo``, ``path`` and ``value``; no figure is an empty cell."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(CSV_HEADER)
    for report in reports:
        repo = csv_cell(str(report.get("metadata", {}).get("repo", "")))
        writer.writerows((repo, csv_cell(path), _cell(value)) for path, value in flatten(report))
    return stream.getvalue()


def csv_lines(rows: Iterable[Iterable[object]]) -> Iterator[bytes]:
    """Yield the rows of a table as lines of CSV in UTF-8; None is an empty cell, and no text is read as a formula."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    for row in rows:
        writer.writerow([_cell(value) for value in row])
        yield stream.getvalue().encode()
        stream.seek(0)
        stream.truncate()


def flatten(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield every leaf with its dotted path; an empty list or mapping is a leaf without a value."""
    children: list[tuple[Any, Any]] = []
    if isinstance(value, Mapping):
        children = list(value.items())
    elif isinstance(value, list | tuple):
        children = list(enumerate(value))
    else:
        yield path, value
        return
    if not children:
        yield path, None
    for key, child in children:
        yield from flatten(child, f"{path}.{key}" if path else str(key))


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return csv_cell(value)
