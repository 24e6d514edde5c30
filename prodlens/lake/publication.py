"""Publishing: writes a repository's files to a place, each as a whole and only if its bytes changed.

The repository's row in ``repositories`` lists its files with a digest of each. A run first lists those that it is going
to write without a digest, then writes the files, and then lists their digests. So after a run that was stopped,
or two runs of one repository at once, a later run writes the files without a digest again: a file that may not have
been written is never taken as written.
"""

from __future__ import annotations

import io
import logging
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from prodlens.errors import StorageError
from prodlens.files import digest
from prodlens.lake.published_tables import MONTHLY_TABLES, REPOSITORIES, as_file, file_name
from prodlens.lake.table_columns import by_month, table_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prodlens.lake.places import Place

_LOG = logging.getLogger(__name__)


class _File(NamedTuple):
    """A file in the list; without a digest, its content may be the old or the new one."""

    rows: int
    digest: str


_Files = dict[tuple[str, str], _File]  # by table and month


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What is published of a repository.

    Attributes:
        repository: ``owner/name``.
        tables: Rows of every table that is divided by months.
        facts: The values of the repository's row, without those that publishing fills in itself.
        store: Identity of the database that the rows come from.
        kept_from: Rows of months before this one (``2026-05``) may have left the database, so their published files
            stay; empty: the database has every month whole.
        again: Write every file, even unchanged ones and months with fewer rows than before.
    """

    repository: str
    tables: Mapping[str, pa.Table]
    facts: Mapping[str, Any]
    store: str
    kept_from: str = ""
    again: bool = False


@dataclass(slots=True)
class Published:
    """What publishing did.

    Attributes:
        written: Paths of the files written, by table and month.
        removed: Paths of files removed, since their month no longer has rows.
        unchanged: Files that already had these bytes.
        kept: Files that stay as an earlier run published them, since the database has less of their month.
        rows: Rows of all files that are listed now.
    """

    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0
    kept: list[str] = field(default_factory=list)
    rows: int = 0


def publish(place: Place, publication: Publication) -> Published:
    """Make a repository's files at a place equal to what the database holds.

    Raises:
        StorageError: A file cannot be read or written; the others are whole, and the next run goes on.
    """
    listed = _listed(place, publication.repository)
    contents, files = _made(publication)
    kept = {} if publication.again else _kept(publication, listed, files)
    wanted = {**files, **kept}
    again = set(files) if publication.again else set()
    changed = [key for key in sorted(wanted) if key in again or wanted[key] != listed.files.get(key)]
    gone = sorted(set(listed.files) - set(wanted))
    result = Published(
        unchanged=len(wanted) - len(set(changed) | set(kept)),
        kept=[file_name(name, publication.repository, month) for name, month in sorted(kept)],
        rows=sum(file.rows for file in wanted.values()),
    )
    if changed or gone:
        unsure = {key: listed.files.get(key, _File(0, ""))._replace(digest="") for key in (*changed, *gone)}
        token = secrets.token_hex(8)
        _list_files(place, publication, listed.files | unsure, writing=token)
        _write_files(place, publication.repository, {key: contents[key] for key in changed}, gone, result)
        if _listed(place, publication.repository).writing != token:
            _list_files(place, publication, listed.files | unsure, writing=token)
            raise StorageError(
                f"another run published {publication.repository} to {place.shown} at the same time; "
                "the next run writes again what both wrote"
            )
    _list_files(place, publication, wanted)
    return result


def _made(publication: Publication) -> tuple[dict[tuple[str, str], bytes], _Files]:
    """Return the bytes of every file, and how they are listed."""
    contents: dict[tuple[str, str], bytes] = {}
    files: _Files = {}
    for name, table in publication.tables.items():
        for month, rows in by_month(MONTHLY_TABLES[name], table).items():
            contents[name, month] = as_file(MONTHLY_TABLES[name], rows)
            files[name, month] = _File(rows.num_rows, digest(contents[name, month]))
    return contents, files


def _write_files(
    place: Place,
    repository: str,
    changed: Mapping[tuple[str, str], bytes],
    gone: Iterable[tuple[str, str]],
    result: Published,
) -> None:
    for (table, month), data in changed.items():
        path = file_name(table, repository, month)
        place.write(path, data)
        result.written.append(path)
    for table, month in gone:
        path = file_name(table, repository, month)
        place.delete(path)
        result.removed.append(path)


class _Listed(NamedTuple):
    """What a repository's row says of its files."""

    files: _Files
    store: str | None = None
    writing: str | None = None
    row: bytes = b""


def _listed(place: Place, repository: str) -> _Listed:
    """Return what was published according to the list; nothing where the list cannot be read."""
    path = file_name(REPOSITORIES.name, repository)
    data = place.read(path)
    if data is None:
        return _Listed({})
    try:
        (row,) = pq.read_table(io.BytesIO(data), columns=["files", "store", "writing"]).to_pylist()
        files = {(str(f["table"]), str(f["month"])): _File(f["rows"], f["digest"]) for f in row["files"] or ()}
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        _LOG.warning("%s at %s cannot be read (%s); every file is written again", path, place.shown, reason)
        return _Listed({})
    return _Listed(files, row["store"], row["writing"], data)


def _list_files(place: Place, publication: Publication, files: _Files, writing: str | None = None) -> None:
    """Write the repository's row, unless its file already has these bytes."""
    row = {
        **publication.facts,
        "repository": publication.repository,
        "kept_from": publication.kept_from or None,
        "files": [
            {"table": table, "month": month, "rows": file.rows, "digest": file.digest}
            for (table, month), file in sorted(files.items())
        ],
        "store": publication.store,
        "writing": writing,
    }
    rows = table_rows(REPOSITORIES, {name: [value] for name, value in row.items()}).rows
    data = as_file(REPOSITORIES, rows)
    path = file_name(REPOSITORIES.name, publication.repository)
    if place.read(path) != data:
        place.write(path, data)


def _kept(publication: Publication, listed: _Listed, files: _Files) -> _Files:
    """Return the published files that stay, since the database has less of their months than was published.

    Old rows leave a database after ``keep-days``. A lost cache is built anew from what is still available; a month that
    the lost one published is then replaced only if this one reaches back before it, or has at least as many rows of it.
    """
    kept = {key: file for key, file in listed.files.items() if key[1] < publication.kept_from}
    if listed.store in {None, publication.store}:
        return kept
    first = {table: min(month for name, month in files if name == table) for table, _ in files}
    for (table, month), file in listed.files.items():
        begun = first.get(table, "9999-99")
        if month < begun or (month == begun and files[table, month].rows < file.rows):
            kept[table, month] = file
    return kept
