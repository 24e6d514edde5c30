"""Which files of a published table cannot be read, and why: looked at once a reader has failed, or before one begins.

A reader meets other people's files: cut off, of another program, or of another version. As long as a report can be
made, no file is checked, so a place with thousands of files costs nothing more.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from prodlens.errors import StorageError
from prodlens.lake.published_tables import PUBLISHED_TABLES, SCHEMA_VERSION, VERSION_KEY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from prodlens.lake.places import Place
    from prodlens.lake.published_tables import PublishedTable

_AT_ONCE = 8  # files that are checked in parallel, since a bucket takes a while for each
_LONGEST_REASON = 200
# What pyarrow raises at bytes that are not what they should be.
_DAMAGE = (pa.ArrowException, OSError, ValueError, KeyError)


class Flaw(NamedTuple):
    """Why a file is not read.

    Attributes:
        reason: What is wrong with it, as a clause such as "it is empty".
        remedy: What to do about it.
    """

    reason: str
    remedy: str = "publish the repository again with prod-lens publish --again"


GONE = Flaw("it is gone")


class Looked(NamedTuple):
    """What looking at files found.

    Attributes:
        flaws: By path, what is wrong with those that cannot be read.
        gone: The paths of those that are not there any more.
    """

    flaws: dict[str, Flaw]
    gone: set[str]


def look_at_files(
    place: Place, paths: Mapping[str, Iterable[str]], needed: Mapping[str, Collection[str]], *, strict: bool
) -> Looked:
    """Look for files that a reader cannot read.

    Args:
        place: The place.
        paths: By table, the files.
        needed: By table, the columns that a file must have; a table that is not named needs all of the first version.
        strict: Whether every byte is read, and every type must be the defined one. Else what is damaged inside is not
            found, and a column of another type will do as long as its values are of the defined one.

    Raises:
        StorageError: Not one of the files can be fetched, so the place is at fault and not a file.
    """
    files = [(name, path) for name, listed in paths.items() for path in listed]

    def look(file: tuple[str, str]) -> Flaw | StorageError | None:
        name, path = file
        try:
            data = place.read(path)
        except StorageError as error:
            return error
        return GONE if data is None else _flaw(data, PUBLISHED_TABLES[name], needed.get(name), strict=strict)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = dict(zip((path for _, path in files), pool.map(look, files), strict=True))
    refused = [one for one in found.values() if isinstance(one, StorageError)]
    if refused and len(refused) == len(found):
        raise refused[0]
    flaws = {path: _refused(one) if isinstance(one, StorageError) else one for path, one in found.items() if one}
    gone = {path for path, flaw in flaws.items() if flaw is GONE}
    return Looked({path: flaw for path, flaw in flaws.items() if path not in gone}, gone)


def has_table_columns(place: Place, path: str, table: PublishedTable) -> bool:
    """Return whether a file has every column of a table with its type, by its footer alone."""
    try:
        with place.filesystem.open_input_file(place.key(path)) as source, pq.ParquetFile(source) as file:
            return not (_missing(file.schema_arrow, None, table) or _others(file.schema_arrow, table))
    except _DAMAGE:
        return False


def _refused(error: StorageError) -> Flaw:
    return Flaw(f"it cannot be fetched ({error})", "give the reader the right to read it")


def _flaw(data: bytes, table: PublishedTable, needed: Collection[str] | None, *, strict: bool) -> Flaw | None:
    """Return what is wrong with the bytes of a file."""
    if not data:
        return Flaw("it is empty")
    try:
        with closing(pa.BufferReader(data)) as source, pq.ParquetFile(source) as file:
            schema = file.schema_arrow
            flaw = _missing(schema, needed, table) or (strict and _wrong_type(schema, table)) or ""
            if not flaw:
                _read(file, table, table.schema.names if strict else _others(schema, table))
    except _DAMAGE as error:
        return Flaw(f"it cannot be read ({' '.join(str(error).split())[:_LONGEST_REASON]})")
    if flaw and _is_newer(schema):
        return Flaw(f"it is of a newer version of the tables: {flaw}", "upgrade ProdLens")
    return Flaw(flaw) if flaw else None


def _missing(schema: pa.Schema, needed: Collection[str] | None, table: PublishedTable) -> str:
    missing = set(table.schema.names if needed is None else needed) - set(schema.names)
    if missing:
        return f"it has no column {', '.join(sorted(missing))}"
    return "it has columns of one name" if len(set(schema.names)) < len(schema.names) else ""


def _others(schema: pa.Schema, table: PublishedTable) -> list[str]:
    """Return the columns of the table that a file has with another type."""
    return [
        field.name
        for field in table.schema
        if field.name in schema.names and schema.field(field.name).type != field.type
    ]


def _wrong_type(schema: pa.Schema, table: PublishedTable) -> str:
    others = _others(schema, table)
    if not others:
        return ""
    found, wanted = schema.field(others[0]).type, table.schema.field(others[0]).type
    return f"its column {others[0]} is of the type {str(found)[:_LONGEST_REASON]}, and not {wanted}"


def _read(file: pq.ParquetFile, table: PublishedTable, columns: Collection[str]) -> None:
    """Read columns to their end, as their defined types; a few rows at a time, however many there are."""
    wanted = [name for name in columns if name in file.schema_arrow.names]
    if not wanted:
        return
    for batch in file.iter_batches(columns=wanted):
        for name in wanted:
            batch.column(name).cast(table.schema.field(name).type)


def _is_newer(schema: pa.Schema) -> bool:
    version = (schema.metadata or {}).get(VERSION_KEY, b"").decode(errors="replace").split(".")
    ours = SCHEMA_VERSION.split(".")
    return all(part.isdecimal() for part in version) and [*map(int, version)] > [*map(int, ours)]
