"""Which files of a place make up a table. Readers ask here, so that they never see half a month.

A month that was compacted is read from one file, as long as the files that it was made of are as they were. As soon as
one of them is published anew, comes or goes, the month is read from all of them, until it is compacted again. The files
of repositories are never removed, so that engines that list ``v1/`` themselves are right as well, and only slower.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from prodlens.files import digest
from prodlens.lake.published_tables import MONTHLY_TABLES, ROOT, month_folder, repository_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from prodlens.lake.places import Entry, Place

COMPACTED = f"compacted/{ROOT}"
_SUFFIX = ".parquet"
_MONTH = "month="


class CompactedMonth(NamedTuple):
    """A month that was compacted.

    Attributes:
        file: Name of its file.
        parts: Digest of the names, sizes and times of change of the files that it was made of.
        before: Name of the file that it replaced, which may still be read; empty without one.
    """

    file: str
    parts: str
    before: str = ""


class TableFiles(NamedTuple):
    """The files of a table, as paths below the place.

    Attributes:
        paths: Those that make it up.
        strays: Other files in the same folders, which are not read: their names are not those of a repository's file.
    """

    paths: list[str]
    strays: list[str]


def published_files(place: Place | str | Path, table: str, first_month: str = "", last_month: str = "") -> list[str]:
    """Return the addresses of the files that make up a table, for any engine, each month from one file or from many.

    Args:
        place: The place, or its address.
        table: Name of a published table.
        first_month: Only months (``2026-05``) from this one on; empty: all. ``repositories`` has no months.
        last_month: Only months up to this one, it included; empty: all.

    Raises:
        StorageError: The place cannot be listed.
        KeyError: There is no such table.
    """
    found = _as_place(place)
    return [found.address(path) for path in published_paths(found, table, first_month, last_month)]


def published_paths(place: Place, table: str, first_month: str = "", last_month: str = "") -> list[str]:
    """Return the same as paths below the place."""
    return table_files(place, table, first_month, last_month).paths


def table_files(
    place: Place, table: str, first_month: str = "", last_month: str = "", without: Collection[str] = ()
) -> TableFiles:
    """Return the paths of the files that make up a table, and of those that do not.

    Args:
        place: The place.
        table: Name of a published table.
        first_month: As ``published_files`` takes it.
        last_month: The same.
        without: Paths that are not to be read. A month whose compacted file is among them is read from its parts.

    Raises:
        StorageError: The place cannot be listed.
        KeyError: There is no such table.
    """
    if table not in MONTHLY_TABLES:
        if table != "repositories":
            raise KeyError(table)
        parts, strays = _split(place, f"{ROOT}/{table}")
        return TableFiles(_paths(f"{ROOT}/{table}", parts, without), strays)
    compacted = compacted_months(place, table)
    found = TableFiles([], [])
    for month in months_of(place, table):
        if (first_month or month) <= month <= (last_month or month):
            folder, whole = month_folder(table, month), compacted.get(month)
            parts, strays = _split(place, folder)
            found.strays.extend(strays)
            path = compacted_path(table, month, whole.file) if whole else ""
            if whole is not None and path not in without and whole.parts == digest_of(parts):
                found.paths.append(path)
            else:
                found.paths.extend(_paths(folder, parts, without))
    return found


def months_of(place: Place, table: str) -> list[str]:
    """Return the months that a table has files of, oldest first."""
    return [name.removeprefix(_MONTH) for name in place.folders(f"{ROOT}/{table}") if name.startswith(_MONTH)]


def parts_of(place: Place, folder: str) -> list[Entry]:
    """Return the repositories' files in a folder, sorted by name."""
    return _split(place, folder)[0]


def _split(place: Place, folder: str) -> tuple[list[Entry], list[str]]:
    """Return the repositories' files in a folder, and the paths of other files of Parquet."""
    parts, strays = [], []
    for entry in place.entries(folder):
        if repository_of(entry.name):
            parts.append(entry)
        elif entry.name.endswith(_SUFFIX):
            strays.append(f"{folder}/{entry.name}")
    return parts, strays


def _paths(folder: str, parts: Iterable[Entry], without: Collection[str]) -> list[str]:
    return [path for part in parts if (path := f"{folder}/{part.name}") not in without]


def digest_of(parts: Iterable[Entry]) -> str:
    """Return a digest of the names, sizes and times of change of files, which differs once one of them changes."""
    return digest(orjson.dumps([list(part) for part in parts]))


def compacted_months(place: Place, table: str) -> Mapping[str, CompactedMonth]:
    """Return the compacted months of a table; none if their list cannot be read."""
    try:
        listed: Any = orjson.loads(place.read(list_path(table)) or b"{}")
        return {str(month): CompactedMonth(**fields) for month, fields in listed["months"].items()}
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        return {}


def list_path(table: str) -> str:
    """Return the path of the list of a table's compacted months."""
    return f"{COMPACTED}/{table}.json"


def compacted_path(table: str, month: str, name: str) -> str:
    """Return the path of a compacted file."""
    return f"{COMPACTED}/{table}/{_MONTH}{month}/{name}"


def _as_place(place: Place | str | Path) -> Place:
    from prodlens.lake.places import Place as PlaceOf

    return place if isinstance(place, PlaceOf) else PlaceOf(place)
