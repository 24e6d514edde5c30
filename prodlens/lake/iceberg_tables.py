"""Iceberg tables as they are found and made in a catalog: one for each published table, with its columns.

Every error of a catalog's client becomes a ``StorageError``: pyiceberg has clients of a dozen services, which share no
class of errors.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from itertools import count
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from prodlens.errors import ConfigurationError, ProdLensError, StorageError
from prodlens.lake.published_tables import COUNT, DAY, FLAG, MOMENT, MONEY, NUMBER, TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from pyiceberg.catalog import Catalog
    from pyiceberg.schema import Schema
    from pyiceberg.table import Table
    from pyiceberg.types import IcebergType

    from prodlens.lake.places import Place
    from prodlens.lake.published_tables import PublishedColumn, PublishedTable

# Properties of every table that is ours: which published table it is, and the place that it is a copy of.
TABLE_PROPERTY = "prodlens.table"
PLACE_PROPERTY = "prodlens.place"
WAREHOUSE = "iceberg"  # the folder of the tables at the place, where the catalog has none for them
_CATALOG_OF_ADDRESSES = "default"  # whose other settings apply to an address, for pyiceberg and for engines
ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://.*")
_LONGEST_REASON = 500


class CatalogErrors(AbstractContextManager[None]):
    """Turns any error in a block that is not ours into a ``StorageError``, which names what was being done."""

    def __init__(self, doing: str, advice: str = "") -> None:
        self._doing, self._advice = doing, advice

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raise the error anew, if there is one and it is not ours."""
        if isinstance(error, Exception) and not isinstance(error, ProdLensError):
            reason = " ".join(str(error).split())[:_LONGEST_REASON] or type(error).__name__
            raise StorageError(f"cannot {self._doing}: {reason}{self._advice}") from error


def connected(given: str, place: Place) -> Catalog:
    """Return a catalog, by its name in the configuration of pyiceberg or by its address.

    With an address, pyiceberg's settings for the catalog ``default`` apply. If they name no warehouse, the tables of a
    catalog in a database are beside the published ones.

    Raises:
        ConfigurationError: No catalog has this name.
        StorageError: The catalog cannot be reached, or the configuration cannot be read.
    """
    with CatalogErrors("read the configuration of pyiceberg"):
        from pyiceberg.catalog import load_catalog
        from pyiceberg.utils.config import Config

        is_address = ADDRESS.fullmatch(given) is not None
        name = _CATALOG_OF_ADDRESSES if is_address else given
        configured = Config().get_catalog_config(name)
    properties = {"uri": given} if is_address else {}
    if not is_address and configured is None:
        variable = given.upper().replace("-", "_")
        raise ConfigurationError(
            f"no Iceberg catalog {given!r} is configured; set PYICEBERG_CATALOG__{variable}__URI, name it in "
            ".pyiceberg.yaml, or give the address of one"
        )
    if given.startswith(("sqlite", "postgresql")) and is_address and "warehouse" not in (configured or {}):
        address = place.address(WAREHOUSE)
        properties["warehouse"] = f"file://{address}" if address.startswith("/") else address
    with CatalogErrors(f"reach the Iceberg catalog {given}", "; check its address, and what this machine may do there"):
        return load_catalog(name, **properties)


def table_in(catalog: Catalog, namespace: str, table: PublishedTable, place: Place) -> Table:
    """Return the Iceberg table of a published table, made where there is none.

    Raises:
        ConfigurationError: It is not ours, is a copy of another place, or has other columns or another partitioning.
        pyiceberg's and its clients' own errors.
    """
    from pyiceberg.exceptions import NoSuchTableError, TableAlreadyExistsError

    name = (*namespace.split("."), table.name)
    try:
        found = catalog.load_table(name)
    except NoSuchTableError:
        schema = _schema_of(table)
        properties = {TABLE_PROPERTY: table.name, PLACE_PROPERTY: _place_of(place)}
        try:
            found = catalog.create_table(name, schema, partition_spec=_spec_of(table, schema), properties=properties)
        except TableAlreadyExistsError:  # another run was faster
            found = catalog.load_table(name)
    _check(found, f"{namespace}.{table.name}", table, place)
    return found


def _place_of(place: Place) -> str:
    return place.address("").rstrip("/")


def _check(found: Table, shown: str, table: PublishedTable, place: Place) -> None:
    other = "name a namespace of its own with --iceberg-namespace"
    if found.properties.get(TABLE_PROPERTY) != table.name:
        raise ConfigurationError(f"the Iceberg table {shown} is there and ProdLens did not make it; {other}")
    if found.properties.get(PLACE_PROPERTY) != _place_of(place):
        raise ConfigurationError(
            f"the Iceberg table {shown} is a copy of {found.properties.get(PLACE_PROPERTY)}, not of "
            f"{_place_of(place)}; {other}, or drop the table if the place has moved"
        )
    schema = found.schema()
    ours = {column.name: _plain(_type_of(column.type, count(1))) for column in table.columns}
    theirs = {field.name: _plain(field.field_type) for field in schema.fields}
    if unknown := sorted(set(theirs) - set(ours)):
        raise ConfigurationError(
            f"the Iceberg table {shown} has columns that this version does not know ({', '.join(unknown)}); upgrade "
            "ProdLens, or drop the table, which is then made again"
        )
    if changed := [name for name, kind in theirs.items() if kind != ours[name]]:
        raise ConfigurationError(
            f"columns of the Iceberg table {shown} have other types ({', '.join(changed)}); drop the table, which is "
            "then made again"
        )
    fields = [(field.source_id, str(field.transform)) for field in found.spec().fields]
    wanted = [(schema.find_field(table.time).field_id, "month")] if table.time in theirs else []
    if fields != wanted:
        raise ConfigurationError(
            f"the Iceberg table {shown} is not partitioned by months any more; drop the table, which is then made again"
        )


def columns_to_add(found: Table, table: PublishedTable) -> list[tuple[PublishedColumn, IcebergType]]:
    """Return the columns that a table does not have yet, with their types."""
    known = {field.name for field in found.schema().fields}
    return [(column, _type_of(column.type, count(1))) for column in table.columns if column.name not in known]


def _schema_of(table: PublishedTable) -> Schema:
    from pyiceberg.schema import Schema
    from pyiceberg.types import NestedField

    inner = count(len(table.columns) + 1)
    return Schema(
        *(
            NestedField(number, column.name, _type_of(column.type, inner), required=False, doc=column.meaning)
            for number, column in enumerate(table.columns, 1)
        )
    )


def _spec_of(table: PublishedTable, schema: Schema) -> Any:
    from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC, PartitionField, PartitionSpec
    from pyiceberg.transforms import MonthTransform

    if not table.time:
        return UNPARTITIONED_PARTITION_SPEC
    source = schema.find_field(table.time).field_id
    return PartitionSpec(PartitionField(source, 1000, MonthTransform(), f"{table.time}_month"))


def _type_of(kind: pa.DataType, numbers: Iterator[int]) -> IcebergType:
    """Return the type of a column in Iceberg; ``numbers`` gives the fields in it their ids."""
    from pyiceberg import types

    if isinstance(kind, pa.ListType):
        return types.ListType(next(numbers), _type_of(kind.value_type, numbers), element_required=False)
    if isinstance(kind, pa.StructType):
        return types.StructType(
            *(
                types.NestedField(next(numbers), each.name, _type_of(each.type, numbers), required=False)
                for each in kind
            )
        )
    simple: Mapping[pa.DataType, IcebergType] = {
        TEXT: types.StringType(),
        COUNT: types.LongType(),
        NUMBER: types.DoubleType(),
        FLAG: types.BooleanType(),
        MOMENT: types.TimestamptzType(),
        DAY: types.DateType(),
        MONEY: types.DecimalType(MONEY.precision, MONEY.scale),
    }
    return simple[kind]


def _plain(kind: IcebergType) -> str:
    """Return a type without the ids of the fields in it."""
    return re.sub(r"\d+: ", "", str(kind))
