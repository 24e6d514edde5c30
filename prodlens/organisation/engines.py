"""The engines that evaluate the expressions: DuckDB in this process, Spark, or any database that Ibis connects to."""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa

from prodlens.errors import ConfigurationError, StorageError
from prodlens.lake import PUBLISHED_TABLES, Place, Reading
from prodlens.organisation.adoption_queries import AdoptionTables
from prodlens.organisation.queries import Tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import ibis.expr.types as ir

    from prodlens.organisation.adoption_queries import Weeks
    from prodlens.organisation.period import Period

DUCKDB, SPARK = "duckdb", "spark"
# A pull request that was merged in the period may have been opened that many months before it.
MONTHS_BEFORE = 6
_LONGEST_MESSAGE = 500
_ANYTHING = (Exception,)  # the driver of a database that is only known by its address can raise any error
# Moments are shown in UTC, and no extension is fetched from the network.
_DUCKDB_SETTINGS = ("SET TimeZone = 'UTC'", "SET autoinstall_known_extensions = false")
# The columns that the expressions ask for.
_FIRST_COLUMNS = {
    "calls": {"repository", "day", "developer", "tool", "model", "tokens_in", "tokens_out", "latency_ms", "cost_usd"}
    | {"pull_request", "source"},
    "pull_requests": {"repository", "number", "opened_at", "author", "is_bot", "into_default_branch", "merged_at"}
    | {"closed_at", "additions", "deletions", "changed_files", "reverted", "is_revert", "assisted", "cost_usd"}
    | {"draft", "ready_at"},
    "commits": {"repository", "day", "author", "is_bot"},
    "repositories": {"repository", "team", "simulated", "last_call_at", "traces_ingested_at", "missing"}
    | {f"{what}_{how}" for what in ("pull_requests", "commits") for how in ("synced_at", "partial")},
}
_TEAMS = pa.schema([("repository", pa.string()), ("team", pa.string())])


class Engine:
    """A connection that has the published tables.

    Attributes:
        name: What it is called in the report.
        connection: The connection of Ibis.
        reads_files: Whether it reads the files of a place; else its database has the tables.
    """

    def __init__(
        self, connection: Any, name: str, failures: tuple[type[Exception], ...], *, reads_files: bool = True
    ) -> None:
        self.connection = connection
        self.name = name
        self.reads_files = reads_files
        self._tables = 0
        self._failures = (*failures, ibis.common.exceptions.IbisError)

    def rows(self, expression: ir.Table) -> list[dict[str, Any]]:
        """Return the result of an expression.

        Raises:
            StorageError: The engine cannot read the tables.
        """
        with self.asked():
            found: list[dict[str, Any]] = self.connection.to_pyarrow(expression).to_pylist()
        return found

    def kept(self, expression: ir.Table) -> ir.Table:
        """Return the result of an expression as a table that the engine keeps.

        Raises:
            StorageError: The engine cannot read the tables.
        """
        with self.asked():
            if self.name == SPARK:
                return expression.cache()
            self._tables += 1  # Ibis would drop a cached table when it is forgotten, after its connection is closed
            return self.connection.create_table(f"prodlens_kept_{self._tables}", expression, temp=True)

    def teams(self, teams: Mapping[str, str]) -> ir.Table:
        """Return a table of the team of each repository."""
        rows = pa.table({"repository": list(teams), "team": list(teams.values())}, _TEAMS)
        return self.given("teams", rows)

    def given(self, name: str, rows: Any) -> ir.Table:
        """Register Arrow rows, or for DuckDB an Arrow dataset, under a name; returns the engine's table."""
        if self.name == DUCKDB:
            self.connection.con.register(name, rows)
        elif self.name == SPARK:
            _session().createDataFrame(rows).createOrReplaceTempView(name)
        else:
            return ibis.memtable(rows)
        return self.connection.table(name)

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Turn an error of the engine into a StorageError that names the engine."""
        try:
            yield
        except self._failures as error:
            reason = " ".join(str(error).split())[:_LONGEST_MESSAGE]
            raise StorageError(f"{self.name} cannot answer: {reason}") from error


def connected(engine: str) -> Engine:
    """Return an engine by its name, or by the address of a database that Ibis connects to.

    Raises:
        ConfigurationError: What it needs is not installed, or it cannot be connected to.
    """
    if engine == DUCKDB:
        connection = ibis.duckdb.connect()
        for setting in _DUCKDB_SETTINGS:
            connection.raw_sql(setting)
        return Engine(connection, DUCKDB, (import_module("duckdb").Error,))
    if engine == SPARK:
        return _spark()
    if "://" not in engine:
        raise ConfigurationError(
            f"--engine: not an engine: {engine!r} (expected duckdb, spark or an address: bigquery://project/dataset)"
        )
    scheme = engine.partition("://")[0]
    try:
        return Engine(ibis.connect(engine), f"{scheme} database", _ANYTHING, reads_files=False)
    except _ANYTHING as error:
        reason = " ".join(str(error).replace(engine, f"{scheme}://…").split())[:_LONGEST_MESSAGE]
        raise ConfigurationError(f"--engine: cannot connect to {scheme}: {reason}") from error


def _spark() -> Engine:
    try:
        sql = import_module("pyspark.sql")
    except ImportError as error:
        raise ConfigurationError("--engine spark: install prodlens[spark]") from error
    # Under spark-submit this is its session, with its master and its credentials.
    session = sql.SparkSession.builder.appName("prodlens").getOrCreate()
    session.conf.set("spark.sql.session.timeZone", "UTC")
    failures = (import_module("pyspark.errors").PySparkException, import_module("py4j.protocol").Py4JError)
    return Engine(ibis.pyspark.connect(session), SPARK, failures)


def reading(place: str) -> Reading:
    """Return what a report reads of a place.

    Raises:
        ConfigurationError: The place is not one.
    """
    return Reading(Place(place), _FIRST_COLUMNS)


def open_table(
    engine: Engine, source: Reading | None, name: str, months: tuple[str, str] = ("", ""), alias: str = ""
) -> ir.Table:
    """Return a published table of a place as a table of the engine, limited to the months asked for.

    A database given by its address has the tables in itself, under their names; it has no place to read.

    Args:
        engine: What reads it.
        source: Where it is; None for a database.
        name: Its name.
        months: The first month of it and the last, as 2026-05; empty: all.
        alias: What it is called, where other months of it are there under its name.

    Raises:
        StorageError: The place cannot be read.
    """
    with engine.asked():
        table = engine.connection.table(name) if source is None else _table(engine, source, name, months, alias)
    # Checked here, because an engine would name a missing column only where an expression uses it. Columns are only
    # ever added to the published tables, so those of the first version are always there.
    if missing := _FIRST_COLUMNS[name] - set(table.columns):
        raise StorageError(f"{engine.name} cannot answer: {name} has no column {', '.join(sorted(missing))}")
    return table


def open_tables(engine: Engine, source: Reading | None, period: Period, teams: Mapping[str, str]) -> Tables:
    """Return the tables that the report's expressions query, limited to the months that the period needs.

    Raises:
        StorageError: The place cannot be read.
    """
    months = f"{period.since:%Y-%m}", f"{period.until:%Y-%m}"
    before = period.since.year * 12 + period.since.month - 1 - MONTHS_BEFORE
    earlier = f"{before // 12:04}-{before % 12 + 1:02}"
    return Tables(
        calls=open_table(engine, source, "calls", months),
        pull_requests=open_table(engine, source, "pull_requests", (earlier, months[1])),
        teams=engine.teams(teams),
    )


def open_adoption_tables(engine: Engine, source: Reading | None, weeks: Weeks, tables: Tables) -> AdoptionTables:
    """Return the tables that beginnings are found in, limited to the months that the weeks need.

    Raises:
        StorageError: The place cannot be read.
    """
    first, last = (f"{weeks.monday(number):%Y-%m}" for number in (1, weeks.numbers.start))
    until = f"{weeks.until:%Y-%m}"
    return AdoptionTables(
        calls=open_table(engine, source, "calls", (first, until), "earlier_calls"),
        pull_requests=tables.pull_requests,
        commits=open_table(engine, source, "commits", (last, until)),
    )


def all_tables(engine: Engine, source: Reading) -> Iterable[str]:
    """Register every published table of a place with the engine under its name; returns the names.

    Raises:
        StorageError: The place cannot be read.
    """
    with engine.asked():
        for name in PUBLISHED_TABLES:
            _table(engine, source, name)
    return PUBLISHED_TABLES


def _table(
    engine: Engine, source: Reading, table: str, months: tuple[str, str] = ("", ""), alias: str = ""
) -> ir.Table:
    """Register the files of a table with the engine under its name or another; without files the table is empty."""
    name, schema, place = alias or table, PUBLISHED_TABLES[table].schema, source.place
    paths = source.paths(table, *months)
    if not paths:
        return engine.given(name, schema.empty_table())
    if engine.name == SPARK:
        files = [_for_hadoop(place.address(path)) for path in paths]
        _session().read.schema(_for_spark(schema)).parquet(*files).createOrReplaceTempView(name)
        return engine.connection.table(name)
    if place.is_folder:
        # DuckDB takes the columns of the first file for those of all.
        if not (ordered := source.defining(table, paths)):
            raise StorageError(f"{engine.name} cannot answer: no file of {table} has the columns of docs/tables.md")
        found = engine.connection.read_parquet([place.address(path) for path in ordered])
        # Less those that a newer version has added: files of this one do not have them. "month" comes from the path.
        known = [column for column in found.columns if column in {*schema.names, "month"}]
        return engine.connection.create_view(name, found.select(*known), overwrite=True)
    import pyarrow.dataset as ds

    keys = [place.key(path) for path in paths]
    rows: Any = ds.dataset(keys, schema=schema, format="parquet", filesystem=place.filesystem)
    return engine.given(name, rows)


def _for_spark(schema: pa.Schema) -> Any:
    """Return a schema as Spark has it: it takes files for what is asked of them, and not for what one of them has."""
    return import_module("pyspark.sql.pandas.types").from_arrow_schema(schema)


def _session() -> Any:
    return import_module("pyspark.sql").SparkSession.active()


def _for_hadoop(address: str) -> str:
    """Return the address as Hadoop's file systems spell it."""
    return f"s3a{address[2:]}" if address.startswith("s3://") else address
