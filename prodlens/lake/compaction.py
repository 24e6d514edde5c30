"""Compaction: merges the files of a closed month into one beside them; ``published_files`` tells which to read.

A month is compacted only from files that did not change shortly before or meanwhile, and the merged file is listed once
it is whole. Until then, and as soon as one of the source files changes, readers use the source files.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from prodlens.lake.file_checks import has_table_columns
from prodlens.lake.published_tables import MONTHLY_TABLES, month_folder
from prodlens.lake.table_files import (
    COMPACTED,
    CompactedMonth,
    compacted_months,
    compacted_path,
    digest_of,
    list_path,
    months_of,
    parts_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from prodlens.lake.places import Place
    from prodlens.lake.published_tables import PublishedTable

QUIET = timedelta(minutes=1)  # two changes of a file further apart than this have different times, whatever the place
KEPT = timedelta(days=1)  # for how long a reader may go on with a file that was replaced
_ROW_GROUP_ROWS = 131_072
_CLOCK = "clock"  # an empty file that is written to learn what time it is at the place


@dataclass(slots=True)
class Compacted:
    """What compaction did.

    Attributes:
        written: Paths of the files written.
        unchanged: Number of months that were compacted before and have not changed.
        waiting: Number of months that have just changed, which the next compaction takes.
        skipped: Months that cannot be compacted, and why, one sentence each.
        removed: Paths of files that nobody reads any more.
    """

    written: list[str] = field(default_factory=list)
    unchanged: int = 0
    waiting: int = 0
    skipped: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


def compact(place: Place, now: datetime) -> Compacted:
    """Compact every closed month of every table, and remove earlier compacted files that nobody reads any more.

    Args:
        place: The place.
        now: The present moment (UTC); its month is not closed.

    Raises:
        StorageError: A file cannot be read or written; what readers see is as it was, or newer.
    """
    result = Compacted()
    clock_ns = _clock_of(place)
    for table in MONTHLY_TABLES.values():
        known = dict(compacted_months(place, table.name))
        months = [month for month in months_of(place, table.name) if month < f"{now:%Y-%m}"]
        for month in months:
            made = _compact_month(place, table, month, known.get(month), clock_ns, result)
            if made is not None:
                known[month] = made
                _write_list(place, table.name, known)
        _sweep(place, table.name, known, clock_ns, result)
    return result


def _compact_month(
    place: Place, table: PublishedTable, month: str, known: CompactedMonth | None, clock_ns: int, result: Compacted
) -> CompactedMonth | None:
    folder = month_folder(table.name, month)
    parts = parts_of(place, folder)
    state = digest_of(parts)
    if known is not None and known.parts == state and _is_whole(place, table, month, known):
        result.unchanged += 1
        return None
    if not parts or max(part.changed_ns for part in parts) > clock_ns - _nanoseconds(QUIET):
        result.waiting += bool(parts)
        return None
    name = f"{state}.parquet"
    path = compacted_path(table.name, month, name)
    unusable = None
    try:
        with place.writing(path) as stream:
            _write_parts(place, table, [f"{folder}/{part.name}" for part in parts], stream)
    except UnusableError as error:
        unusable = error
    if digest_of(parts_of(place, folder)) != state:  # a file that was replaced meanwhile may also have been unreadable
        result.waiting += 1
        return None
    if unusable is not None:
        result.skipped.append(f"{table.name} of {month} is not compacted: {unusable}")
        return None
    result.written.append(path)
    return CompactedMonth(name, state, known.file if known else "")


def _is_whole(place: Place, table: PublishedTable, month: str, known: CompactedMonth) -> bool:
    """Return whether a compacted file is there and readable: somebody may have removed it, or cut it off."""
    return has_table_columns(place, compacted_path(table.name, month, known.file), table)


def _clock_of(place: Place) -> int:
    """Return the present moment by the clock of the place (nanoseconds since 1970), which may differ from ours."""
    place.write(f"{COMPACTED}/{_CLOCK}", b"")
    return max(entry.changed_ns for entry in place.entries(COMPACTED) if entry.name == _CLOCK)


def _nanoseconds(duration: timedelta) -> int:
    return duration // timedelta(microseconds=1) * 1000


class UnusableError(Exception):
    """A file whose rows cannot be taken."""


def _write_parts(place: Place, table: PublishedTable, paths: Sequence[str], stream: Any) -> None:
    """Write files as one, in their order and so by repository, a few row groups at a time."""
    use_dictionary: Any = [column.name for column in table.columns if not column.is_varied]
    with pq.ParquetWriter(stream, table.schema, compression="zstd", use_dictionary=use_dictionary) as writer:
        for rows in rows_of(place, table, paths):
            writer.write_table(rows, row_group_size=_ROW_GROUP_ROWS)


def rows_of(place: Place, table: PublishedTable, paths: Iterable[str]) -> Iterator[pa.Table]:
    """Yield the rows of files in their order, with today's columns, a row group or more at a time, but for the last.

    Raises:
        UnusableError: A file is gone, damaged or of a newer version.
    """
    waiting: list[pa.Table] = []
    for path in paths:
        for rows in _row_groups(place, table, path):
            waiting.append(rows)
            if sum(each.num_rows for each in waiting) >= _ROW_GROUP_ROWS:
                yield pa.concat_tables(waiting)
                waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def _row_groups(place: Place, table: PublishedTable, path: str) -> Iterator[pa.Table]:
    data = place.read(path)
    if data is None:
        raise UnusableError(f"{path} is gone")
    try:
        with closing(pa.BufferReader(data)) as source, pq.ParquetFile(source) as file:
            for number in range(file.num_row_groups):
                yield _with_columns(table, file.read_row_group(number), path)
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UnusableError(f"{path} cannot be read ({reason}); publish its repository again") from error


def _with_columns(table: PublishedTable, rows: pa.Table, path: str) -> pa.Table:
    """Return the rows of an older version's file with today's columns."""
    if unknown := set(rows.column_names) - set(table.schema.names):
        raise UnusableError(f"{path} has columns that this version does not know ({min(unknown)}); upgrade ProdLens")
    columns: dict[str, Any] = {
        field.name: rows[field.name] if field.name in rows.column_names else pa.nulls(rows.num_rows, field.type)
        for field in table.schema
    }
    return pa.table(columns).cast(table.schema)


def _write_list(place: Place, table: str, months: Mapping[str, CompactedMonth]) -> None:
    listed = {month: made._asdict() for month, made in sorted(months.items())}
    place.write(list_path(table), orjson.dumps({"months": listed}, option=orjson.OPT_INDENT_2))


def _sweep(place: Place, table: str, known: Mapping[str, CompactedMonth], clock_ns: int, result: Compacted) -> None:
    """Remove files that are neither in the list nor in the one before it, once no reader can still be using them."""
    for folder in place.folders(f"{COMPACTED}/{table}"):
        month = folder.removeprefix("month=")
        listed = known.get(month)
        for entry in place.entries(f"{COMPACTED}/{table}/{folder}"):
            is_read = listed is not None and entry.name in {listed.file, listed.before}
            if not is_read and entry.changed_ns < clock_ns - _nanoseconds(KEPT):
                path = compacted_path(table, month, entry.name)
                place.delete(path)
                result.removed.append(path)
