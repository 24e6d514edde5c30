"""Bytes to JSON values: one a line, or one or several values over many lines; nothing is lost and nothing raises.

A CSV file of a known source is a value for each row.

Each line is first taken as a complete value. When the first line is not one, the stream is read as multi-line
values: pretty-printed objects, concatenated ones, or one array whose elements come out one by one.
"""

from __future__ import annotations

import json
import math
import re
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import orjson

from prodlens.trace_ingestion.csv_rows import csv_header, csv_rows, unknown_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NO_OBJECT = "JSON that is not an object"
TOO_DEEP = "nested too deeply"
GIVEN_UP = "after too much that is not JSON, only values on one line are read"
MAX_VALUE_BYTES = 64 * 1024**2
_FIRST_LINE_BYTES = 4 * 1024**2  # a first line beyond it is read as a stream: it may be a whole file's array
_BOM = b"\xef\xbb\xbf"
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff")
WIDE = "UTF-16, as PowerShell writes it, is not read; save the file as UTF-8"
_INT64_MAX = 2**63 - 1
_SEPARATORS = re.compile(r"[ \t\r\n,\x1e]+")
_COLUMNS_NAMED = 4
_LONGEST_TOKEN = 400  # of a number or a word, cut where a line was
# Values inside each other that break off are parsed again from every line that one begins on. What that may cost a
# stream is bounded: in characters, of which a value that is nested too deeply counts as many.
_MOST_IN_VAIN = 4 * MAX_VALUE_BYTES
_DEPTH_IN_VAIN = 1024**2
_decoder = json.JSONDecoder(strict=True)


class _InvalidJsonError(ValueError):
    """The text is not a JSON value; the message is the reason for the dead letter."""


class Entry(NamedTuple):
    """One value of a stream, or what could not be read as one.

    Attributes:
        line: Number of the line that it starts on, from 1.
        raw: Its source line without the line break; a multi-line value with its line breaks made blanks.
        value: The JSON value, when ``reason`` is None.
        reason: Why there is no value.
    """

    line: int
    raw: bytes
    value: Any = None
    reason: str | None = None


def read_entries(stream: IO[bytes]) -> Iterator[Entry]:
    """Yield every value of the stream with its line; blank lines are passed over."""
    lines = _numbered_lines(stream)
    for number, line, whole in lines:
        first = line_entry(number, line.removeprefix(_BOM)) if whole else None
        if (first is None or first.reason is not None) and (header := csv_header(line)) is not None:
            for row in csv_rows(header, number, (rest for _, rest, _ in lines)):
                yield Entry(*row)
            return
        if first is None or first.reason is not None:
            columns = unknown_columns(line)
            for entry in _MultiLine(lines).read(number, line.removeprefix(_BOM)):
                if entry.reason and line.startswith(_WIDE_BOMS):
                    yield entry._replace(reason=WIDE)
                else:
                    yield _named_as_csv(entry, columns) if columns and entry.reason else entry
            return
        yield first
        break
    for number, line, whole in lines:
        if whole:
            yield line_entry(number, line)
        else:
            yield Entry(number, line.rstrip(b"\n"), reason=f"part of a line of more than {MAX_VALUE_BYTES} bytes")


def _named_as_csv(entry: Entry, columns: Sequence[str]) -> Entry:
    """Return a line that is not JSON with the reason that it is a row under columns which no source has."""
    if entry.raw[:1] in {b"{", b"["} or entry.raw.count(b",") < len(columns) - 1:
        return entry
    named = f"{', '.join(columns[:_COLUMNS_NAMED])}{' ...' if len(columns) > _COLUMNS_NAMED else ''}"
    return entry._replace(reason=f"looks like CSV with columns of no known source ({named}); give the export as JSON")


def line_entry(number: int, line: bytes) -> Entry:
    """Read one line as a complete JSON value."""
    raw = line.rstrip(b"\n")
    try:
        return Entry(number, raw, orjson.loads(line))
    except orjson.JSONDecodeError:
        pass
    try:
        return Entry(number, raw, _lenient_value(raw))
    except _InvalidJsonError as error:
        return Entry(number, raw, reason=str(error))


def _numbered_lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes, bool]]:
    """Yield (number, line, whole) without blank lines; a line beyond the cap comes in parts, which are not whole."""
    number, continued, limit = 1, False, _FIRST_LINE_BYTES
    while line := stream.readline(limit):
        cut = len(line) == limit and not line.endswith(b"\n")
        if not line.isspace():
            yield number, line, not (continued or cut)
            limit = MAX_VALUE_BYTES
        continued = cut
        number += not cut


def _lenient_value(raw: bytes) -> Any:
    """Parse what strict parsers reject but programs emit anyway: NaN, Infinity, lone surrogates."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise _InvalidJsonError(f"invalid UTF-8 at byte {error.start}") from error
    try:
        return _scrubbed(_decoder.decode(text))
    except json.JSONDecodeError as error:
        raise _InvalidJsonError(f"invalid JSON: {error.msg} at character {error.pos}") from error
    except RecursionError as error:
        raise _InvalidJsonError(TOO_DEEP) from error
    except ValueError as error:
        raise _InvalidJsonError(f"invalid JSON: {error}") from error


def _scrubbed(value: Any) -> Any:
    """Return the value as JSON can hold it: without infinite numbers, half characters and endless integers."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and abs(value) > _INT64_MAX:
        return None
    if isinstance(value, dict):
        return {_scrubbed(key): _scrubbed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_scrubbed(inner) for inner in value]
    return value


class _MultiLine:
    """The values of a stream whose first line is not one; holds no more than one value and one line."""

    def __init__(self, lines: Iterator[tuple[int, bytes, bool]]) -> None:
        self._lines = lines
        self._text, self._at = "", 0
        self._line = 1  # the line at ``_at``
        self._in_array = False
        self._in_vain = 0  # characters that were parsed and gave no value

    def read(self, number: int, first: bytes) -> Iterator[Entry]:
        self._line, self._text = number, _as_text(first)
        while True:
            separators = _SEPARATORS.match(self._text, self._at)
            self._advance(separators.end() if separators else self._at)
            if self._at == len(self._text):
                if not self._more():
                    return
            elif entry := self._whole_line():
                yield entry
            elif self._in_vain > _MOST_IN_VAIN:
                self._in_array = False
                yield self._unreadable_line(GIVEN_UP)
            elif self._text[self._at] == ("]" if self._in_array else "["):
                self._in_array = not self._in_array
                self._advance(self._at + 1)
            else:
                yield self._next_value()

    def _whole_line(self) -> Entry | None:
        """Return the line that starts here when it is a complete value by itself."""
        if self._in_array or self._text[self._at - 1 : self._at] not in _LINE_STARTS:
            return None
        end = self._text.find("\n", self._at)
        if end < 0:
            return None
        entry = line_entry(self._line, _as_bytes(self._text[self._at : end]))
        if entry.reason is not None:
            return None
        self._advance(end)
        return entry

    def _next_value(self) -> Entry:
        while True:
            try:
                value, end = _decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                # A line never breaks inside a string: only an error at the very end means that more is to come.
                incomplete = not self._text[error.pos :].strip() or self._cut_in_a_line(error)
                line = self._line + self._text.count("\n", self._at, error.pos)
                reason, end = f"invalid JSON: {error.msg} in line {line}", error.pos
            except RecursionError:
                incomplete, reason, end = False, TOO_DEEP, self._at + _DEPTH_IN_VAIN
            except ValueError as error:
                incomplete, reason, end = False, f"invalid JSON: {error}", self._at
            else:
                if not isinstance(value, dict | list):
                    incomplete, reason = False, NO_OBJECT
                elif _AFTER_A_VALUE.match(self._text, end):
                    return self._value_entry(value, end)
                else:
                    incomplete, reason = False, f"invalid JSON: text after a value in line {self._line}"
            held = len(self._text) - self._at
            if not incomplete or held > MAX_VALUE_BYTES or not self._more(2 * held):
                self._in_vain += end - self._at
                return self._unreadable_line(reason)

    def _cut_in_a_line(self, error: json.JSONDecodeError) -> bool:
        """Tell whether the text ends inside a line, and so perhaps inside a string, a number or a word."""
        return not self._text.endswith("\n") and (
            error.msg.startswith("Unterminated string") or len(self._text) - error.pos < _LONGEST_TOKEN
        )

    def _value_entry(self, value: Any, end: int) -> Entry:
        line = self._line
        raw = _as_bytes(self._text[self._at : end].replace("\r", " ").replace("\n", " "))
        self._advance(end)
        try:
            raw.decode()
            return Entry(line, raw, _scrubbed(value))
        except UnicodeDecodeError as error:
            return Entry(line, raw, reason=f"invalid UTF-8 at byte {error.start}")
        except RecursionError:
            return Entry(line, raw, reason=TOO_DEEP)

    def _unreadable_line(self, reason: str) -> Entry:
        line = self._line
        end = self._text.find("\n", self._at)
        end = len(self._text) if end < 0 else end
        raw = _as_bytes(self._text[self._at : end])
        self._advance(end)
        return Entry(line, raw, reason=reason)

    def _more(self, wanted: int = 1) -> bool:
        """Append lines until that many characters are ahead; tell whether there was one."""
        parts = [self._text[self._at :]]
        length = len(parts[0])
        for number, line, _ in self._lines:
            if not length:
                self._line = number
            parts.append(_as_text(line))
            length += len(line)
            if length >= wanted:
                break
        self._text, self._at = "".join(parts), 0
        return len(parts) > 1

    def _advance(self, to: int) -> None:
        self._line += self._text.count("\n", self._at, to)
        self._at = to


_LINE_STARTS = ("", "\n")
# After a value may follow the end of the line, a comma, a bracket, or the next value of a concatenation.
_AFTER_A_VALUE = re.compile(r"[ \t\r]*(?:[\n,\[\]{}\x1e]|$)")


def _as_text(data: bytes) -> str:
    return data.decode(errors="surrogateescape")


def _as_bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
