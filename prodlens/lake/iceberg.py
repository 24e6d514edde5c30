"""What was compacted, committed to Iceberg tables: one commit a table, and a month is replaced whole.

The data files are the tables' own, since files of the place are replaced and removed by compaction. Their names say
what each was made of, so that what a table has is seen from the table alone: a run that was stopped leaves nothing to
mend, and what has not changed is not written again.
"""

from __future__ import annotations

import logging
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from prodlens.errors import ConfigurationError, ProdLensError, StorageError
from prodlens.lake.compaction import UnusableError, rows_of
from prodlens.lake.iceberg_tables import ADDRESS, CatalogErrors, columns_to_add, connected, table_in
from prodlens.lake.published_tables import PUBLISHED_TABLES, ROOT, month_folder
from prodlens.lake.table_files import compacted_months, compacted_path, digest_of, months_of, parts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pyiceberg.catalog import Catalog
    from pyiceberg.expressions import BooleanExpression
    from pyiceberg.io import FileIO
    from pyiceberg.io.fileformat import DataFileStatistics
    from pyiceberg.manifest import DataFile
    from pyiceberg.schema import Schema
    from pyiceberg.table import FileScanTask, Table
    from pyiceberg.table.metadata import TableMetadata
    from pyiceberg.typedef import Record

    from prodlens.lake.places import Place
    from prodlens.lake.published_tables import PublishedTable

_LOG = logging.getLogger(__name__)
_TRIES = 4
_AFTERWARDS = "; what is compacted is whole; mend this and compact again"
_NAMESPACE = re.compile(r"[\w\-]+(\.[\w\-]+)*")
_WHOLE = ""  # in place of the month, for a table that is not divided by months


@dataclass(slots=True)
class Committed:
    """What committing did.

    Attributes:
        tables: Names of the tables that have a new snapshot.
        unchanged: Number of tables that already had what the place has.
        months: Months that were put in, put in again or taken out, over all tables.
        skipped: Months that stay as they were, and why, one sentence each.
        failures: Why a table could not be committed, one sentence each.
    """

    tables: list[str] = field(default_factory=list)
    unchanged: int = 0
    months: int = 0
    skipped: list[str] = field(default_factory=list)
    failures: list[ProdLensError] = field(default_factory=list)


class _Source(NamedTuple):
    """What a month is written from: files of the place, and a digest that tells whether they are the same."""

    digest: str
    paths: list[str]


class _Plan(NamedTuple):
    """What is done to a table: months to write from a source, and the files that go."""

    write: dict[str, _Source]
    drop: dict[str, list[FileScanTask]]


def check_iceberg(catalog: str, namespace: str, find: Callable[[str], object] = find_spec) -> None:
    """Check what can be checked before anything is done.

    Raises:
        ConfigurationError: pyiceberg is missing, the catalog's address has credentials in it, or the namespace is not
            a name or names with dots between them.
    """
    mistakes: list[str] = []
    if not catalog:
        mistakes.append("--iceberg: name a catalog that pyiceberg is configured for, or give the address of one")
    if ADDRESS.fullmatch(catalog) and urlsplit(catalog).password is not None:
        mistakes.append(
            "--iceberg: the address has credentials in it; leave it out and set "
            "PYICEBERG_CATALOG__NAME__URI, which --iceberg NAME reads"
        )
    if not _NAMESPACE.fullmatch(namespace):
        mistakes.append(f"--iceberg-namespace: not a name, or names with dots between them: {namespace!r}")
    if not find("pyiceberg"):
        mistakes.append("--iceberg needs pyiceberg: pip install 'prodlens[iceberg]'")
    if mistakes:
        raise ConfigurationError(*mistakes)


def commit_to_iceberg(place: Place, catalog: str, namespace: str) -> Committed:
    """Make the Iceberg tables of a namespace equal to what is compacted at a place.

    A table that fails does not keep the others from being committed.

    Args:
        place: The place.
        catalog: Name of a catalog that pyiceberg is configured for, or the address of one.
        namespace: Where the tables are in the catalog; it is made where there is none.

    Raises:
        ConfigurationError: No catalog has this name.
        StorageError: The catalog cannot be reached. What the place has is as it was.
    """
    result = Committed()
    with connected(catalog, place) as found:
        with CatalogErrors(f"use the namespace {namespace} of the Iceberg catalog {catalog}"):
            if not found.namespace_exists(namespace):
                found.create_namespace_if_not_exists(namespace)
        for table in PUBLISHED_TABLES.values():
            shown = f"{namespace}.{table.name}"
            try:
                with CatalogErrors(f"commit to the Iceberg table {shown}", _AFTERWARDS):
                    _commit_table(place, found, namespace, table, result)
            except (ConfigurationError, StorageError) as error:
                result.failures.append(error)
    return result


def _commit_table(place: Place, catalog: Catalog, namespace: str, table: PublishedTable, result: Committed) -> None:
    from pyiceberg.exceptions import CommitFailedException, ValidationException

    for _ in range(_TRIES):
        found = table_in(catalog, namespace, table, place)
        plan = _plan_of(place, found, table)
        written: list[DataFile] = []
        skipped: list[str] = []
        try:
            months = _commit_plan(place, found, table, plan, written, skipped)
        except (CommitFailedException, ValidationException) as error:
            # Nothing was committed. The next attempt first looks at what the other program has committed.
            _LOG.info("%s was committed to by another program: %s", table.name, error)
            for file in written:
                with suppress(Exception):
                    found.io.delete(file.file_path)
            continue
        result.skipped += skipped
        result.months += months
        if months:
            result.tables.append(table.name)
        else:
            result.unchanged += 1
        return
    raise StorageError(
        f"other programs keep committing to the Iceberg table {namespace}.{table.name}; "
        "compact again when they are done"
    )


def _plan_of(place: Place, found: Table, table: PublishedTable) -> _Plan:
    """Return what has to be done, by what the place and the current snapshot of the table have."""
    sources, others = _sources(place, table)
    stored = _stored(found)
    write = {month: source for month, source in sources.items() if not _is_made_of(stored.get(month, []), source)}
    gone = set(stored) - set(sources) - others
    return _Plan(write, {month: stored[month] for month in stored if month in write or month in gone})


def _sources(place: Place, table: PublishedTable) -> tuple[dict[str, _Source], set[str]]:
    """Return what each month is to be made of, and the months at the place that are not compacted yet."""
    if not table.time:
        folder = f"{ROOT}/{table.name}"
        parts = parts_of(place, folder)
        return {_WHOLE: _Source(digest_of(parts), [f"{folder}/{part.name}" for part in parts])}, set()
    compacted = compacted_months(place, table.name)
    present = {month for month in months_of(place, table.name) if parts_of(place, month_folder(table.name, month))}
    sources = {
        month: _Source(made.file.partition(".")[0], [compacted_path(table.name, month, made.file)])
        for month, made in compacted.items()
        if month in present
    }
    return sources, present - set(sources)


def _stored(found: Table) -> dict[str, list[FileScanTask]]:
    """Return the data files of the current snapshot by month.

    Raises:
        ConfigurationError: Some are of another partitioning, and may have rows of several months.
    """
    stored: dict[str, list[FileScanTask]] = {}
    for task in found.scan().plan_files():
        if task.file.spec_id != found.spec().spec_id:
            raise ConfigurationError(
                f"the Iceberg table {'.'.join(found.name())} has files of another partitioning; drop the table, which "
                "is then made again"
            )
        stored.setdefault(_month_of(task.file), []).append(task)
    return stored


def _month_of(file: DataFile) -> str:
    return _month_text(file.partition)


def _month_text(partition: Record) -> str:
    """Return the month of a partition as paths have it; rows without a time are of none."""
    if not len(partition):
        return _WHOLE
    months = partition[0]  # since January 1970
    return "none" if months is None else f"{1970 + months // 12:04}-{months % 12 + 1:02}"


def _is_made_of(stored: list[FileScanTask], source: _Source) -> bool:
    """Return whether a month is a single file made from this source, of which no row was deleted since."""
    if len(stored) != 1:
        return False
    (task,) = stored
    name = task.file.file_path.rpartition("/")[2]
    return name.startswith(f"{source.digest}-") and not task.delete_files


def _commit_plan(
    place: Place, found: Table, table: PublishedTable, plan: _Plan, written: list[DataFile], skipped: list[str]
) -> int:
    """Commit what a plan says, and return how many months changed; files go to ``written``, notes to ``skipped``."""
    transaction = found.transaction()
    if missing := columns_to_add(found, table):
        with transaction.update_schema() as update:
            for column, kind in missing:
                update.add_column(column.name, kind, doc=column.meaning)
    metadata = transaction.table_metadata  # with the columns that are added
    drop = dict(plan.drop)
    for month, source in plan.write.items():
        try:
            file = _data_file(place, table, month, source, metadata, found.io)
        except UnusableError as error:
            skipped.append(f"{table.name}{f' of {month}' if month else ''} is not committed to Iceberg: {error}")
            drop.pop(month, None)
        else:
            written += [] if file is None else [file]
    changed = set(drop) | {_month_of(file) for file in written}
    if changed:
        with transaction.update_snapshot().overwrite() as snapshot:
            snapshot.delete_by_predicate(_rows_of(table, changed))
            for task in chain.from_iterable(drop.values()):
                snapshot.delete_data_file(task.file)
            for file in written:
                snapshot.append_data_file(file)
    transaction.commit_transaction()
    return len(changed)


def _rows_of(table: PublishedTable, months: Iterable[str]) -> BooleanExpression:
    """Return a condition for the rows of some months; a commit of others conflicts with ours only where it holds."""
    from pyiceberg.expressions import AlwaysFalse, AlwaysTrue, Or
    from pyiceberg.expressions.parser import parse

    rows: BooleanExpression = AlwaysFalse()
    for month in months:
        if month == _WHOLE:
            return AlwaysTrue()
        year, number = map(int, month.split("-"))
        after = f"{year + number // 12:04}-{number % 12 + 1:02}"
        first, end = (f"{each}-01{'' if table.time == 'day' else 'T00:00:00+00:00'}" for each in (month, after))
        rows = Or(rows, parse(f"{table.time} >= '{first}' AND {table.time} < '{end}'"))
    return rows


def _data_file(
    place: Place, table: PublishedTable, month: str, source: _Source, metadata: TableMetadata, io: FileIO
) -> DataFile | None:
    """Write the rows of a source as a data file of the table; None where it has none.

    Raises:
        UnusableError: The source cannot be read, or has rows of other months.
    """
    from pyiceberg.io.fileformat import FileFormatFactory
    from pyiceberg.io.pyarrow import schema_to_pyarrow
    from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
    from pyiceberg.table.locations import load_location_provider

    schema: Schema = metadata.schema()
    columns = schema_to_pyarrow(schema)
    locations = load_location_provider(metadata.location, metadata.properties)
    output = io.new_output(locations.new_data_location(f"{source.digest}-{secrets.token_hex(8)}.parquet"))
    rows = (each for each in rows_of(place, table, source.paths) if each.num_rows)
    if (first := next(rows, None)) is None:
        return None
    writer = FileFormatFactory.get(FileFormat.PARQUET).create_writer(output, schema, metadata.properties)
    try:
        with writer:
            writer.write(first.select(columns.names).cast(columns))
            for more in rows:
                writer.write(more.select(columns.names).cast(columns))
        statistics = writer.result()
        partition = _partition_of(statistics, metadata, month, source.paths[0])
    except UnusableError:
        with suppress(Exception):
            io.delete(output.location)
        raise
    return DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=output.location,
        file_format=FileFormat.PARQUET,
        partition=partition,
        file_size_in_bytes=len(output),
        sort_order_id=None,
        spec_id=metadata.default_spec_id,
        equality_ids=None,
        key_metadata=None,
        **statistics.to_serialized_dict(),
    )


def _partition_of(statistics: DataFileStatistics, metadata: TableMetadata, month: str, path: str) -> Record:
    """Return the partition of a data file, which has to be that of the month.

    Raises:
        UnusableError: It has rows of another month, or without a time, which no version of ProdLens publishes.
    """
    try:
        partition = statistics.partition(metadata.spec(), metadata.schema())
    except ValueError:  # of several
        partition = None
    without = any(statistics.null_value_counts.get(field.source_id) for field in metadata.spec().fields)
    if partition is None or without or _month_text(partition) != month:
        raise UnusableError(f"{path} has rows of other months than its own")
    return partition
