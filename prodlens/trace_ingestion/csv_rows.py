"""CSV files: a header whose names some source format knows, then a JSON-like object for each row.

A row that cannot be used is kept as a JSON object, which can be ingested again without the header.
"""

from __future__ import annotations

import codecs
import csv
import re
from typing import TYPE_CHECKING, NamedTuple

import orjson

from prodlens.trace_normalizer import recognise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DELIMITERS = ",;\t"
_FEWEST_COLUMNS = 3
_LONGEST_HEADER = 64 * 1024
_MOST_CELL_CHARACTERS = 64 * 1024**2
_NAME = re.compile(r"[A-Za-z][\w .()/#-]{0,80}")
_LINE_BREAK = re.compile(r"\r\n|\r|\n")


class Header(NamedTuple):
    """The first line of a CSV file.

    Attributes:
        names: What the columns are called.
        delimiter: What stands between two cells.
        rest: What follows the header in the same chunk: a file may end its lines with carriage returns alone.
    """

    names: tuple[str, ...]
    delimiter: str
    rest: str


class Row(NamedTuple):
    """One row: its line, the object that stands for it, and why it cannot be used, None where it can."""

    line: int
    raw: bytes
    value: dict[str, str] | None
    reason: str | None


def csv_header(chunk: bytes) -> Header | None:
    """Return the header of a CSV file of a known source, None for any other first line."""
    if chunk[:1] in {b"{", b"["}:
        return None
    text = chunk.decode("utf-8-sig", "surrogateescape")
    first = _LINE_BREAK.split(text, maxsplit=1)[0]
    if len(first) > _LONGEST_HEADER:
        return None
    for delimiter in _DELIMITERS:
        names = next(csv.reader([first], delimiter=delimiter), [])
        known = len(names) >= _FEWEST_COLUMNS and recognise(dict.fromkeys(names, "")) is not None
        if known and len(set(names)) == len(names):
            return Header(tuple(names), delimiter, _LINE_BREAK.sub("", text[len(first) :], count=1))
    return None


def unknown_columns(chunk: bytes) -> tuple[str, ...]:
    """Return the names in a first line that looks like a CSV header; nothing for any other line."""
    first = _LINE_BREAK.split(chunk[:_LONGEST_HEADER].decode("utf-8-sig", "replace"), maxsplit=1)[0]
    names = next(csv.reader([first]), [])
    plain = len(names) >= _FEWEST_COLUMNS and len(set(names)) == len(names) and all(map(_NAME.fullmatch, names))
    return tuple(names) if plain else ()


def csv_rows(header: Header, number: int, chunks: Iterable[bytes]) -> Iterator[Row]:
    """Yield the rows of a file after its header; an empty cell is empty text, so that each row has every name.

    Args:
        header: The header.
        number: Line of the header.
        chunks: The bytes after the header's chunk, each a line or a part of one.
    """
    csv.field_size_limit(_MOST_CELL_CHARACTERS)
    reader = csv.reader(_lines(header.rest, chunks), delimiter=header.delimiter)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(number + reader.line_num, b"", None, f"invalid CSV: {error}")
            continue
        if any(cells):
            yield _row(header, cells, number + reader.line_num)


def _row(header: Header, cells: list[str], line: int) -> Row:
    raw = header.delimiter.join(cells).encode(errors="surrogateescape")
    if len(cells) != len(header.names):
        reason = f"invalid CSV: {len(cells)} cells under a header of {len(header.names)}"
        return Row(line, raw.replace(b"\n", b" "), None, reason)
    value = dict(zip(header.names, cells, strict=True))
    try:
        return Row(line, orjson.dumps(value), value, None)
    except TypeError:  # a byte that is not UTF-8, kept as half a character
        return Row(line, raw.replace(b"\n", b" "), None, "invalid UTF-8 in a row")


def _lines(text: str, chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines of a file, whichever way it ends them, each with a line feed."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    for chunk in chunks:
        *whole, text = _LINE_BREAK.split(text + decoder.decode(chunk))
        yield from (f"{line}\n" for line in whole)
    *whole, text = _LINE_BREAK.split(text + decoder.decode(b"", final=True))
    yield from (f"{line}\n" for line in (*whole, *([text] if text else [])))
