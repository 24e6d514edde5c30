"""From values as SQLite gives them to the columns of a published table. No value, whatever it is, stops a run.

A value that a column cannot have is null there. A row whose time cannot be read is left out and counted.
"""

from __future__ import annotations

from datetime import date, datetime
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from prodlens.lake.published_tables import COUNT, DAY, FLAG, MOMENT, MONEY, NUMBER, TEXT, money
from prodlens.timestamps import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from prodlens.lake.published_tables import PublishedTable

LONGEST_TEXT = 4_096
_INTEGERS = range(-(2**63), 2**63)


class TableRows(NamedTuple):
    """Rows of a published table.

    Attributes:
        rows: With the table's columns.
        left_out: Rows without a time, which have no month.
        unusable_costs: How many amounts are not possible as money; they are null.
    """

    rows: pa.Table
    left_out: int
    unusable_costs: int


def table_rows(table: PublishedTable, columns: Mapping[str, Sequence[Any]]) -> TableRows:
    """Return the rows of a published table.

    Args:
        table: The table.
        columns: The values of each column of it, all of one length: moments and days as ISO 8601 text in UTC, amounts
            as floats, flags as 0 and 1.
    """
    unusable = 0
    arrays: list[Any] = []
    for column in table.columns:
        values = columns[column.name]
        if column.type == MONEY:
            array, left_out = money(values)
            unusable += left_out
        else:
            array = _array(values, column.type)
        arrays.append(array)
    made = pa.Table.from_arrays(arrays, schema=table.schema)
    dated = made.filter(pc.is_valid(made[table.time])) if table.time else made
    return TableRows(dated, made.num_rows - dated.num_rows, unusable)


def by_month(table: PublishedTable, rows: pa.Table) -> dict[str, pa.Table]:
    """Return the rows of each month (``2026-05``) that has any, oldest first."""
    # As days without a time zone: with one, Arrow asks the system for its list of zones.
    days: Any = rows[table.time].cast(pa.int64() if table.schema.field(table.time).type == MOMENT else DAY)
    if days.type == pa.int64():
        days = days.cast(pa.timestamp("us")).cast(DAY, safe=False)
    months: Any = pc.add(pc.multiply(pc.year(days), 12), pc.subtract(pc.month(days), 1))
    return {
        f"{number // 12:04}-{number % 12 + 1:02}": rows.filter(pc.equal(months, number))
        for number in sorted(pc.unique(months).to_pylist())
    }


def _array(values: Sequence[Any], kind: pa.DataType) -> Any:
    """Return values as an array; where one does not fit, each is looked at by itself."""
    if kind in {MOMENT, DAY}:
        try:
            return pa.array(values, TEXT).cast(kind)
        except (pa.ArrowException, TypeError):
            return pa.array([_CLEANED[kind](value) for value in values], kind)
    made: Any
    try:
        if kind == FLAG:
            return pa.array(values, pa.int8()).cast(FLAG)
        made = pa.array(values, kind)
    except (pa.ArrowException, TypeError, OverflowError, ValueError):
        made = pa.array([_CLEANED.get(kind, _as_is)(value) for value in values], kind)
    if kind == TEXT and (pc.max(pc.binary_length(made)).as_py() or 0) > LONGEST_TEXT:
        made = pc.utf8_slice_codeunits(made, 0, LONGEST_TEXT)
    if kind == NUMBER:
        made = pc.if_else(pc.is_finite(made), made, pa.scalar(None, NUMBER))
    return made


def _moment(value: object) -> datetime | None:
    return parse_timestamp(value) if isinstance(value, str) else None


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _text(value: object) -> str | None:
    return value.encode(errors="replace").decode() if isinstance(value, str) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and value in _INTEGERS else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, float | int) and isfinite(value) else None


def _flag(value: object) -> bool | None:
    return bool(value) if isinstance(value, int) else None


def _as_is(value: object) -> object:
    return value


_CLEANED: Mapping[pa.DataType, Callable[[object], object]] = {
    MOMENT: _moment, DAY: _day, TEXT: _text, COUNT: _count, NUMBER: _number, FLAG: _flag,
}  # fmt: skip
