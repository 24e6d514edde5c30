"""What was compacted is committed to Iceberg tables: whole months, once, whatever happens between."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog import load_catalog
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.transforms import MonthTransform
from pyiceberg.types import StringType
from pyiceberg.utils.config import Config

from prodlens.errors import ConfigurationError, StorageError
from prodlens.lake import (
    PUBLISHED_TABLES,
    Place,
    check_iceberg,
    commit_to_iceberg,
    compact,
    publish,
    published_paths,
)
from prodlens.lake.published_tables import PublishedColumn, PublishedTable
from prodlens.metrics import Publishing, publish_repositories, stored_repositories
from prodlens.storage import ProdLensStore
from tests.forked import Forked
from tests.lake.published_rows import COMMITS, commits, publication
from tests.lake.published_rows import shas as published_shas
from tests.metrics.situations import call, pull

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table

    from tests.lake.s3_server import S3Server

JULY = datetime(2026, 7, 1, tzinfo=UTC)
NAMES = list(PUBLISHED_TABLES)


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compact what has just changed."""
    monkeypatch.setattr("prodlens.lake.compaction.QUIET", timedelta(0))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Give a compacted place with two repositories, in May and June."""
    found = Place(tmp_path / "place")
    publish(found, publication("05a", "05b", "06a"))
    publish(found, publication("05x", "06x", repository="acme/api"))
    compact(found, JULY)
    return found


@pytest.fixture
def address(tmp_path: Path) -> str:
    """Give the address of a catalog in SQLite that is not there yet."""
    return f"sqlite:///{tmp_path}/catalog.db"


@pytest.fixture
def catalog(address: str) -> Iterator[Catalog]:
    """Give the catalog as any other program opens it."""
    with load_catalog("default", uri=address) as found:
        yield found


def commit(place: Place, address: str) -> list[str]:
    """Compact and commit, and return the tables that have a new snapshot; nothing may fail."""
    compact(place, JULY)
    done = commit_to_iceberg(place, address, "prodlens")
    assert (done.failures, done.skipped) == ([], [])
    assert len(done.tables) + done.unchanged == len(NAMES)
    return done.tables


def shas(catalog: Catalog) -> list[str]:
    """Return the hashes of the commits in the Iceberg table, sorted."""
    return sorted(map(str, catalog.load_table("prodlens.commits").scan().to_arrow()["sha"].to_pylist()))


ALL = ["05a", "05b", "05x", "06a", "06x"]


def test_every_table_is_made_once_and_months_are_committed_once(place: Place, address: str, catalog: Catalog) -> None:
    """There is one Iceberg table a published table, with its columns and what they mean, and one snapshot a change."""
    assert commit(place, address) == ["commits", "repositories"]
    assert sorted(name for _, name in catalog.list_tables("prodlens")) == sorted(NAMES)
    assert shas(catalog) == published_shas(place) == ALL
    for name, table in PUBLISHED_TABLES.items():
        found = catalog.load_table(f"prodlens.{name}")
        assert [(field.name, field.doc, field.required) for field in found.schema().fields] == [
            (column.name, column.meaning, False) for column in table.columns
        ]
        assert [field.name for field in found.spec().fields] == ([f"{table.time}_month"] if table.time else [])
    assert commit(place, address) == []
    assert [len(catalog.load_table(f"prodlens.{name}").snapshots()) for name in NAMES] == [0, 0, 0, 1, 0, 0, 1]
    assert shas(catalog) == ALL


def test_a_month_is_replaced(place: Place, address: str, catalog: Catalog) -> None:
    """Rows that are published again, removed or new are so in the table after compaction, with one snapshot."""
    commit(place, address)
    publish(place, publication("05a", "05c", "06a"))
    assert commit_to_iceberg(place, address, "prodlens").tables == ["repositories"]
    assert shas(catalog) == ALL
    assert commit(place, address) == ["commits"]
    assert shas(catalog) == published_shas(place) == ["05a", "05c", "05x", "06a", "06x"]
    found = catalog.load_table("prodlens.commits")
    assert len(found.snapshots()) == 2
    assert files(found) == 2
    publish(place, publication("04z", "06x", repository="acme/api"))
    publish(place, publication("06a"))
    assert commit(place, address) == ["commits", "repositories"]
    assert shas(catalog) == published_shas(place) == ["04z", "06a", "06x"]
    assert len(catalog.load_table("prodlens.commits").snapshots()) == 3
    publish(place, publication(repository="acme/api"))
    publish(place, publication())
    assert commit(place, address) == ["commits", "repositories"]
    assert shas(catalog) == []


def files(table: Table) -> int:
    """Return how many data files a table has."""
    return len(list(table.scan().plan_files()))


def test_months_are_found_by_their_time(place: Place, address: str, catalog: Catalog) -> None:
    """A query for a time reads only the files of its months, without naming a partition."""
    commit(place, address)
    scan = catalog.load_table("prodlens.commits").scan(row_filter="at >= '2026-06-01T00:00:00+00:00'")
    assert len(list(scan.plan_files())) == 1
    assert sorted(map(str, scan.to_arrow()["sha"].to_pylist())) == ["06a", "06x"]


def test_a_month_without_rows(tmp_path: Path, address: str, catalog: Catalog) -> None:
    """A compacted month without rows makes neither file nor snapshot, and takes away what the table had."""
    place = Place(tmp_path / "place")
    publish(place, publication("05a"))
    commit(place, address)
    pq.write_table(COMMITS.schema.empty_table(), tmp_path / "place/v1/commits/month=2026-05/acme.web.parquet")
    assert commit(place, address) == ["commits"]
    assert shas(catalog) == []
    assert commit(place, address) == []


@pytest.fixture
def ledger(tmp_path: Path) -> Place:
    """Give a compacted place with calls, vendors' days and pull requests of three repositories."""
    place = Place(tmp_path / "ledger")
    with ProdLensStore(":memory:") as store:
        store.insert_sessions(
            call(
                f"{4 + number % 3}-{1 + number % 28}", repo_slug=f"acme/r{number % 3}", tokens_in=number,
                total_tokens=number, cost_usd=None if number % 11 == 0 else number / 7 + 1e-9, cost_source="recorded",
            )
            for number in range(200)
        )  # fmt: skip
        store.insert_pull_requests([pull(1, "5-02"), pull(2, "6-03")])
        names, _ = stored_repositories(store)
        assert [each.failure for each in publish_repositories(store, place, names, Publishing(now=JULY))] == [""] * 4
    compact(place, JULY)
    return place


def test_every_engine_adds_up_to_what_is_published(
    ledger: Place, address: str, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pyiceberg, Polars and DuckDB have every row and every cent of the published place, in types of the document."""
    monkeypatch.setenv("POLARS_ICEBERG_PLANNER", "pyiceberg")  # its own is another package
    assert commit_to_iceberg(ledger, address, "prodlens").failures == []
    paths = [ledger.key(path) for path in published_paths(ledger, "calls")]
    rows = pa.concat_tables([pq.read_table(path) for path in paths])
    assert (rows.num_rows, pc.sum(rows["cost_usd"]).as_py()) == (200, Decimal("2574.1428573239"))
    table = catalog.load_table("prodlens.calls")
    found = table.scan().to_arrow()
    assert sorted(map(str, found.to_pylist())) == sorted(map(str, rows.to_pylist()))
    assert found.schema.field("at").type == pa.timestamp("us", "UTC")
    assert found.schema.field("cost_usd").type == pa.decimal128(20, 10)
    by_polars = pl.scan_iceberg(table.metadata_location, reader_override="native").select("cost_usd").collect()
    assert by_polars["cost_usd"].sum() == Decimal("2574.1428573239")
    data = [task.file.file_path.removeprefix("file://") for task in table.scan().plan_files()]
    with duckdb.connect() as connection:
        query = "SELECT sum(cost_usd), count(*), count(DISTINCT repository) FROM read_parquet(?)"
        assert connection.execute(query, [data]).fetchall() == [(Decimal("2574.1428573239"), 200, 3)]
    for name in ("pull_requests", "repositories"):
        expected = [
            row for path in published_paths(ledger, name) for row in pq.read_table(ledger.key(path)).to_pylist()
        ]
        assert catalog.load_table(f"prodlens.{name}").scan().to_arrow().sort_by("repository").to_pylist() == expected
        assert expected


def test_duckdb_reads_the_table(ledger: Place, address: str, catalog: Catalog) -> None:
    """DuckDB's own reader of Iceberg adds up to the same, where its extension is installed."""
    with duckdb.connect() as connection:
        try:
            connection.execute("LOAD iceberg")
        except duckdb.Error:
            pytest.skip("DuckDB's extension for Iceberg is not installed")
        assert commit_to_iceberg(ledger, address, "prodlens").failures == []
        query = "SELECT sum(cost_usd) FROM iceberg_scan(?)"
        location = catalog.load_table("prodlens.calls").metadata_location
        assert connection.execute(query, [location]).fetchall() == [(Decimal("2574.1428573239"),)]


def later_columns(table: PublishedTable) -> PublishedTable:
    """Return a table of a later version, with two columns more."""
    more = (
        PublishedColumn("note", pa.string(), "what a later version knows"),
        PublishedColumn("notes", pa.list_(pa.string()), "all of it"),
    )
    return table._replace(columns=(*table.columns, *more))


def test_columns_are_added(place: Place, address: str, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later version's columns are added by the commit that first has them; rows before it have none."""
    commit(place, address)
    later = later_columns(COMMITS)
    monkeypatch.setitem(PUBLISHED_TABLES, "commits", later)
    monkeypatch.setitem(sys.modules["prodlens.lake.compaction"].MONTHLY_TABLES, "commits", later)
    june = commits("06a").append_column("note", pa.array(["new"])).append_column("notes", pa.array([["a", None]]))
    pq.write_table(june, place.key("v1/commits/month=2026-06/acme.web.parquet"))
    assert commit(place, address) == ["commits"]
    rows = catalog.load_table("prodlens.commits").scan().to_arrow()
    assert {row["sha"]: (row["note"], row["notes"]) for row in rows.to_pylist()} == {
        "05a": (None, None), "05b": (None, None), "05x": (None, None), "06x": (None, None), "06a": ("new", ["a", None]),
    }  # fmt: skip
    assert commit(place, address) == []
    monkeypatch.undo()
    done = commit_to_iceberg(place, address, "prodlens")
    assert [str(failure) for failure in done.failures] == [
        (
            "the Iceberg table prodlens.commits has columns that this version does not know (note, notes); upgrade "
            "ProdLens, or drop the table, which is then made again"
        )
    ]


def altered(catalog: Catalog, how: str) -> None:
    """Make the table of commits one that ProdLens would not make."""
    if how == "foreign":
        location = catalog.load_table("prodlens.commits").location()
        catalog.drop_table("prodlens.commits")
        catalog.create_table("prodlens.commits", COMMITS.schema, location)
        return
    table = catalog.load_table("prodlens.commits")
    if how == "moved":
        with table.transaction() as transaction:
            transaction.set_properties({"prodlens.place": "s3://other/place"})
    elif how == "types":
        with table.update_schema(allow_incompatible_changes=True) as update:
            update.delete_column("parents")
        with table.update_schema() as update:
            update.add_column("parents", StringType())
    elif how == "unpartitioned":
        with table.update_spec() as spec:
            spec.remove_field("at_month")
    else:
        with table.update_spec() as spec:
            spec.remove_field("at_month")
        with table.update_spec() as spec:
            spec.add_field("at", MonthTransform(), "by_month")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("foreign", "is there and ProdLens did not make it; name a namespace of its own with --iceberg-namespace"),
        ("moved", "is a copy of s3://other/place, not of "),
        ("types", "have other types (parents); drop the table, which is then made again"),
        ("unpartitioned", "is not partitioned by months any more; drop the table"),
        ("another", "has files of another partitioning; drop the table"),
    ],
)
def test_a_table_that_is_not_as_it_was_made(place: Place, address: str, catalog: Catalog, how: str, said: str) -> None:
    """A table that is not ours to replace is named with what to do and left alone; the others are committed."""
    commit(place, address)
    altered(catalog, how)
    before = catalog.load_table("prodlens.commits").metadata_location
    publish(place, publication("05a", "06b"))
    compact(place, JULY)
    done = commit_to_iceberg(place, address, "prodlens")
    (failure,) = done.failures
    assert isinstance(failure, ConfigurationError)
    assert said in str(failure)
    assert "able prodlens.commits " in str(failure)
    assert done.tables == ["repositories"]
    assert catalog.load_table("prodlens.commits").metadata_location == before


def test_what_others_change_is_put_right(place: Place, address: str, catalog: Catalog) -> None:
    """Rows that another program added, took away or rolled back are as the place has them after the next commit."""
    commit(place, address)
    add(catalog.load_table("prodlens.commits"), place, "05z")
    assert shas(catalog) == sorted([*ALL, "05z"])
    assert commit(place, address) == ["commits"]
    assert shas(catalog) == ALL
    catalog.load_table("prodlens.commits").delete("at < '2026-06-01T00:00:00+00:00'")
    assert shas(catalog) == ["06a", "06x"]
    assert commit(place, address) == ["commits"]
    assert shas(catalog) == ALL
    table = catalog.load_table("prodlens.commits")
    table.manage_snapshots().rollback_to_snapshot(table.snapshots()[1].snapshot_id).commit()
    assert shas(catalog) == sorted([*ALL, "05z"])
    assert commit(place, address) == ["commits"]
    assert shas(catalog) == ALL


def add(table: Table, place: Place, sha: str) -> None:
    """Add a commit as another program does that has a Parquet file."""
    path = place.key(f"{sha}.parquet")
    pq.write_table(commits(sha), path)
    table.add_files([f"file://{path}"])


def test_a_damaged_file_leaves_its_month_alone(place: Place, address: str, catalog: Catalog, tmp_path: Path) -> None:
    """A month whose compacted file cannot be read stays as it was committed; other months go on."""
    commit(place, address)
    publish(place, publication("05c", "06c"))
    may, _ = compact(place, JULY).written
    (tmp_path / "place" / may).write_bytes(b"PAR1")
    done = commit_to_iceberg(place, address, "prodlens")
    assert done.tables == ["commits", "repositories"]
    (said,) = done.skipped
    assert said.startswith(f"commits of 2026-05 is not committed to Iceberg: {may} cannot be read (")
    assert shas(catalog) == ["05a", "05b", "05x", "06c", "06x"]
    (tmp_path / "place" / may).unlink()
    (said,) = commit_to_iceberg(place, address, "prodlens").skipped
    assert said == f"commits of 2026-05 is not committed to Iceberg: {may} is gone"


@pytest.mark.parametrize("at", [[datetime(2026, 4, 9, tzinfo=UTC)], [None]])
def test_rows_of_other_months(
    place: Place, address: str, catalog: Catalog, tmp_path: Path, at: list[datetime | None]
) -> None:
    """A file in the folder of another month, or without times, is named; other months go on, and no file stays."""
    commit(place, address)
    publish(place, publication("05a", "06c"))
    stray = commits("05s").set_column(2, COMMITS.schema.field("at"), pa.array(at, pa.timestamp("us", "UTC")))
    for name in ("acme.api", "acme.stray"):
        pq.write_table(stray, tmp_path / f"place/v1/commits/month=2026-05/{name}.parquet")
    for name in ("acme.web", "acme.api"):  # first among others, then alone
        compact(place, JULY)
        done = commit_to_iceberg(place, address, "prodlens")
        assert done.failures == []
        (said,) = done.skipped
        assert said.startswith("commits of 2026-05 is not committed to Iceberg: compacted/v1/commits/month=2026-05/")
        assert said.endswith(".parquet has rows of other months than its own")
        assert shas(catalog) == ["05a", "05b", "05x", "06c", "06x"]
        (tmp_path / f"place/v1/commits/month=2026-05/{name}.parquet").unlink()
    location = catalog.load_table("prodlens.commits").location().removeprefix("file://")
    assert len(Place(location).entries("data")) == 3


def test_a_bucket(s3: S3Server, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables of a place in a bucket are in the bucket, and are read from there."""
    place = Place(s3.address)
    settings = dict(each.split("=") for each in s3.address.partition("?")[2].split("&"))
    monkeypatch.setenv("PYICEBERG_CATALOG__DEFAULT__S3__ENDPOINT", f"http://{settings['endpoint_override']}")
    monkeypatch.setenv("PYICEBERG_CATALOG__DEFAULT__S3__REGION", settings["region"])
    monkeypatch.setattr("pyiceberg.catalog._ENV_CONFIG", Config())
    publish(place, publication("05a", "06a"))
    assert commit(place, address) == ["commits", "repositories"]
    assert commit(place, address) == []
    with load_catalog("default", uri=address) as found:
        assert shas(found) == ["05a", "06a"]
        assert found.load_table("prodlens.commits").location() == f"{place.shown}/iceberg/prodlens/commits"
    assert len(place.entries("iceberg/prodlens/commits/data")) == 2


def test_a_damaged_row_of_repositories(place: Place, address: str, catalog: Catalog, tmp_path: Path) -> None:
    """The table of repositories stays as it was, and is named without a month."""
    commit(place, address)
    (tmp_path / "place/v1/repositories/acme.api.parquet").write_bytes(b"PAR1")
    (said,) = commit_to_iceberg(place, address, "prodlens").skipped
    assert said.startswith("repositories is not committed to Iceberg: v1/repositories/acme.api.parquet cannot be read")
    assert len(catalog.load_table("prodlens.repositories").scan().to_arrow()) == 2


def test_rows_are_written_in_parts(
    place: Place, address: str, catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A month is written a row group at a time; where a later part is damaged, nothing of the file stays."""
    monkeypatch.setattr("prodlens.lake.compaction._ROW_GROUP_ROWS", 1)
    publish(place, publication("05a", "05b", "05c"))
    assert commit(place, address) == ["commits", "repositories"]
    assert shas(catalog) == ["05a", "05b", "05c", "05x", "06x"]
    table = catalog.load_table("prodlens.repositories")
    (task,) = table.scan().plan_files()
    assert pq.read_metadata(task.file.file_path.removeprefix("file://")).num_row_groups == 2
    (tmp_path / "place/v1/repositories/acme.web.parquet").write_bytes(b"PAR1")
    assert len(commit_to_iceberg(place, address, "prodlens").skipped) == 1
    assert len(Place(table.location().removeprefix("file://")).entries("data")) == 1


def test_a_month_that_is_not_compacted_again_yet_stays(place: Place, address: str, catalog: Catalog) -> None:
    """Without the list of compacted months nothing is taken out of the table."""
    commit(place, address)
    place.delete("compacted/v1/commits.json")
    assert commit_to_iceberg(place, address, "prodlens").tables == []
    assert shas(catalog) == ALL


def at_the_commit(monkeypatch: pytest.MonkeyPatch, do: Callable[[int], None]) -> None:
    """Let something happen just before each commit of commits; it is told how many there were."""
    real, met = SqlCatalog.commit_table, [0]

    def meddled(self: SqlCatalog, table: Table, *rest: Any) -> Any:
        if table.name()[-1] == "commits" and threading.current_thread() is threading.main_thread():
            met[0] += 1
            do(met[0])
        return real(self, table, *rest)

    monkeypatch.setattr(SqlCatalog, "commit_table", meddled)


def test_two_runs_commit_at_once(place: Place, address: str, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """When another run commits the same months first, this one sees it and adds nothing."""

    def first(number: int) -> None:
        if number == 1:
            with ThreadPoolExecutor(1) as other:
                done = other.submit(commit_to_iceberg, place, address, "prodlens").result()
                assert (done.failures, done.tables) == ([], ["commits", "repositories"])

    at_the_commit(monkeypatch, first)
    done = commit_to_iceberg(place, address, "prodlens")
    assert (done.failures, done.tables) == ([], [])
    assert shas(catalog) == ALL
    assert len(catalog.load_table("prodlens.commits").snapshots()) == 1
    location = catalog.load_table("prodlens.commits").location().removeprefix("file://")
    assert len(list(Place(location).entries("data"))) == 2


def test_another_program_commits_other_months(
    place: Place, address: str, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit of other rows does not hinder this one, which is made on top of it."""
    commit(place, address)
    publish(place, publication("05a", "06a"))
    compact(place, JULY)

    def first(number: int) -> None:
        if number == 1:
            with ThreadPoolExecutor(1) as other:
                other.submit(add_by_itself, address, place, "04a").result()

    at_the_commit(monkeypatch, first)
    assert commit_to_iceberg(place, address, "prodlens").tables == ["commits", "repositories"]
    assert shas(catalog) == ["04a", "05a", "05x", "06a", "06x"]


def add_by_itself(address: str, place: Place, sha: str) -> None:
    """Open the catalog and add a commit."""
    with load_catalog("default", uri=address) as other:
        add(other.load_table("prodlens.commits"), place, sha)


def test_commits_that_always_come_second_are_given_up(
    place: Place, address: str, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After several attempts the table is named; nothing of it is changed, and no file is left."""
    monkeypatch.setattr("pyiceberg.table.TableProperties.COMMIT_NUM_RETRIES_DEFAULT", 0)

    def refuse(_: int) -> None:
        raise CommitFailedException("somebody was faster")

    at_the_commit(monkeypatch, refuse)
    done = commit_to_iceberg(place, address, "prodlens")
    assert [str(failure) for failure in done.failures] == [
        "other programs keep committing to the Iceberg table prodlens.commits; compact again when they are done"
    ]
    assert done.tables == ["repositories"]
    assert shas(catalog) == []
    location = catalog.load_table("prodlens.commits").location().removeprefix("file://")
    assert list(Place(location).entries("data")) == []


PLACES = [
    ("done write", 1),  # one of two files
    ("about to commit", 1),  # every file of the first table, and no commit
    ("done commit", 1),  # the first table, and not the next
    pytest.param("done create", 1, marks=pytest.mark.long),  # a table, before its siblings
    pytest.param("done create", 4, marks=pytest.mark.long),
    pytest.param("about to write", 1, marks=pytest.mark.long),  # the end of a data file
    pytest.param("about to commit", 2, marks=pytest.mark.long),
    pytest.param("done commit", 2, marks=pytest.mark.long),
]


@pytest.fixture(scope="module")
def committing() -> Iterator[Forked]:
    """Start what kills itself at a named place."""
    with Forked("tests.lake.killed_iceberg") as program:
        yield program


@pytest.mark.parametrize(("action", "nth"), PLACES)
def test_killed_at_a_named_place(
    committing: Forked, place: Place, address: str, tmp_path: Path, action: str, nth: int
) -> None:
    """A commit that is killed loses and doubles nothing: the place is whole, and the next run ends it."""
    assert committing.run(tmp_path / "place", address, action, nth) == -9
    assert published_shas(place) == ALL
    commit(place, address)
    with load_catalog("default", uri=address) as catalog:
        assert shas(catalog) == ALL
        assert len(catalog.load_table("prodlens.commits").snapshots()) == 1
        assert len(catalog.load_table("prodlens.repositories").scan().to_arrow()) == 2
    assert commit(place, address) == []


def test_a_name_of_the_configuration(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalog is found by its name in the environment, with its own warehouse."""
    monkeypatch.setenv("PYICEBERG_CATALOG__COMPANY__URI", f"sqlite:///{tmp_path}/company.db")
    monkeypatch.setenv("PYICEBERG_CATALOG__COMPANY__WAREHOUSE", f"file://{tmp_path}/warehouse")
    monkeypatch.setattr("pyiceberg.catalog._ENV_CONFIG", Config())
    assert commit_to_iceberg(place, "company", "usage.prodlens").tables == ["commits", "repositories"]
    with load_catalog("company") as found:
        assert (
            found.load_table("usage.prodlens.commits").location()
            == f"file://{tmp_path}/warehouse/usage.prodlens/commits"
        )
    assert not (tmp_path / "place/iceberg").exists()


def test_the_warehouse_of_an_address(
    place: Place, address: str, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tables of an address are beside the published ones, if the configuration names no other warehouse."""
    commit(place, address)
    assert catalog.load_table("prodlens.calls").location() == f"file://{place.key('iceberg')}/prodlens/calls"
    monkeypatch.setenv("PYICEBERG_CATALOG__DEFAULT__WAREHOUSE", f"file://{place.key('elsewhere')}")
    monkeypatch.setattr("pyiceberg.catalog._ENV_CONFIG", Config())
    commit_to_iceberg(place, address, "other")
    assert catalog.load_table("other.calls").location() == f"file://{place.key('elsewhere')}/other/calls"


def test_a_catalog_that_is_not_there(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown name, an address that leads nowhere, and a broken configuration are errors that say what to do."""
    with pytest.raises(
        ConfigurationError, match="no Iceberg catalog 'nothing' is configured; set PYICEBERG_CATALOG__N"
    ):
        commit_to_iceberg(place, "nothing", "prodlens")
    nowhere = f"sqlite:///{tmp_path}/none/catalog.db"
    with pytest.raises(
        StorageError, match=r"cannot reach the Iceberg catalog sqlite.*unable to open.*; check its address"
    ):
        commit_to_iceberg(place, nowhere, "prodlens")
    with pytest.raises(StorageError, match="cannot reach the Iceberg catalog ftp://x: Could not infer"):
        commit_to_iceberg(place, "ftp://x", "prodlens")
    monkeypatch.setenv("PYICEBERG_HOME", str(tmp_path))
    (tmp_path / ".pyiceberg.yaml").write_text("catalog: [", encoding="utf-8")
    with pytest.raises(StorageError, match="cannot read the configuration of pyiceberg: "):
        commit_to_iceberg(place, nowhere, "prodlens")
    assert published_shas(place) == ALL


def test_no_right_to_write(place: Place, address: str, tmp_path: Path) -> None:
    """Where the warehouse refuses, each table says so; what is compacted is whole."""
    (tmp_path / "place" / "iceberg").write_text("in the way", encoding="utf-8")
    done = commit_to_iceberg(place, address, "prodlens")
    assert len(done.failures) == len(NAMES)
    assert all(isinstance(failure, StorageError) for failure in done.failures)
    said = str(done.failures[0])
    assert said.startswith("cannot commit to the Iceberg table prodlens.calls: ")
    assert said.endswith("; what is compacted is whole; mend this and compact again")
    assert published_shas(place) == ALL


def test_a_namespace_that_cannot_be_used(place: Place, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalog that refuses the namespace is reported once, not for each table."""

    def refuse(*_: object) -> None:
        raise PermissionError("you may not")

    monkeypatch.setattr(SqlCatalog, "create_namespace", refuse)
    with pytest.raises(
        StorageError, match=r"cannot use the namespace prodlens of the Iceberg catalog sqlite.*you may not"
    ):
        commit_to_iceberg(place, address, "prodlens")


def test_another_run_makes_the_table_first(
    place: Place, address: str, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that another run makes at the same moment is used."""
    real = SqlCatalog.create_table

    def twice(self: SqlCatalog, *args: Any, **options: Any) -> Table:
        real(self, *args, **options)
        return real(self, *args, **options)

    monkeypatch.setattr(SqlCatalog, "create_table", twice)
    assert commit(place, address) == ["commits", "repositories"]
    assert shas(catalog) == ALL


def test_mistakes_are_found_before_anything_is_done() -> None:
    """Credentials in an address, a bad namespace and a missing extra are said at once."""
    with pytest.raises(ConfigurationError) as told:
        check_iceberg("postgresql://me:secret@db/x", "a..b", find=lambda _: None)
    assert told.value.mistakes == (
        (
            "--iceberg: the address has credentials in it; leave it out and set PYICEBERG_CATALOG__NAME__URI, which "
            "--iceberg NAME reads"
        ),
        "--iceberg-namespace: not a name, or names with dots between them: 'a..b'",
        "--iceberg needs pyiceberg: pip install 'prodlens[iceberg]'",
    )
    with pytest.raises(ConfigurationError, match="--iceberg: name a catalog that pyiceberg is configured for, or give"):
        check_iceberg("", "prodlens")
    check_iceberg("postgresql://me@db/x", "a.b-c")
    check_iceberg("company", "prodlens")


def test_days_are_divided_by_months(tmp_path: Path, address: str, catalog: Catalog) -> None:
    """A table whose time is a day, not a moment, is divided and replaced by months as well, also in December."""
    days = PUBLISHED_TABLES["usage_days"]
    place = Place(tmp_path / "days")
    for keys in (("a", "b"), ("c",)):
        for day in (date(2025, 12, 31), date(2026, 1, 1)):
            rows = [
                dict.fromkeys(days.schema.names) | {"key": key, "day": day, "repository": "acme/web"} for key in keys
            ]
            path = tmp_path / f"days/v1/usage_days/month={day:%Y-%m}/acme.web.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(rows, days.schema), path)
        assert commit(place, address) == ["usage_days"]
    found = catalog.load_table("prodlens.usage_days").scan().to_arrow()
    assert sorted((row["key"], row["day"]) for row in found.to_pylist()) == [
        ("c", date(2025, 12, 31)),
        ("c", date(2026, 1, 1)),
    ]
