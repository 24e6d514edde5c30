"""What answers the expressions, and what it says when it cannot."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import duckdb
import pytest

from prodlens.errors import ConfigurationError, StorageError
from prodlens.organisation import Period, answer, connected, organisation_report
from prodlens.organisation.engines import _for_hadoop
from tests.organisation.published import NOW, call, moment, publish, pull, repository

if TYPE_CHECKING:
    from pathlib import Path

MAY = Period(moment("5-01").date(), moment("6-01").date())


def test_an_unknown_engine_is_refused() -> None:
    """A text that is neither a name nor an address is an error, which says what is expected."""
    with pytest.raises(ConfigurationError, match="not an engine: 'hive'"):
        connected("hive")


def test_an_address_that_cannot_be_connected_to_is_refused() -> None:
    """The message names the kind of database and not the address, which may hold a password."""
    with pytest.raises(ConfigurationError, match="cannot connect to nobody") as caught:
        connected("nobody://user:secret@host/db")
    assert "secret" not in str(caught.value)


def test_spark_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pyspark the extra is named."""
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(ConfigurationError, match=r"install prodlens\[spark\]"):
        connected("spark")


def test_a_database_without_the_columns_is_an_error_that_names_them(tmp_path: Path) -> None:
    """A table of somebody else's is not taken for a published one."""
    with duckdb.connect(str(tmp_path / "tables.duckdb")) as made:
        made.execute("CREATE TABLE repositories AS SELECT 'acme/web' AS repository")
    with pytest.raises(StorageError, match=r"repositories has no column commits_partial, .*, team"):
        organisation_report(connected(f"duckdb://{tmp_path}/tables.duckdb"), "", MAY, now=NOW)


def test_a_database_with_the_tables_is_asked_by_its_address(tmp_path: Path) -> None:
    """An address of Ibis is connected to, and its tables are asked by their names."""
    place = publish(
        tmp_path / "place",
        calls=[call("5-02", who, 2) for who in "abcde"],
        pull_requests=[pull(1, "5-02", "a", 3)],
        repositories=[repository()],
    )
    with duckdb.connect(str(tmp_path / "tables.duckdb")) as made:
        for name in ("calls", "pull_requests", "repositories"):
            made.execute(f"CREATE TABLE {name} AS FROM read_parquet('{place}/v1/{name}/**/*.parquet')")
    engine = connected(f"duckdb://{tmp_path}/tables.duckdb")
    found = organisation_report(engine, "", MAY, now=NOW)
    assert found["cost"]["cost_usd"] == 10.0


def test_a_place_with_an_address_is_read_through_its_file_system(tmp_path: Path) -> None:
    """What DuckDB cannot open by itself is read by pyarrow, with the same figures; an empty place too."""
    publish(tmp_path, calls=[call("5-02", who, 2) for who in "abcde"], repositories=[repository()])
    address = f"file://{tmp_path}"
    by_path = organisation_report(connected("duckdb"), str(tmp_path), MAY, now=NOW)
    assert organisation_report(connected("duckdb"), address, MAY, now=NOW) == by_path
    assert by_path["cost"]["cost_usd"] == 10.0
    empty = organisation_report(connected("duckdb"), f"{address}/nothing", MAY, now=NOW)
    assert empty["cost"]["cost_usd"] is None


def test_hadoop_has_a_name_of_its_own_for_s3() -> None:
    """Spark reads buckets of S3 under ``s3a``; every other address stays."""
    assert _for_hadoop("s3://bucket/x.parquet") == "s3a://bucket/x.parquet"
    assert _for_hadoop("gs://bucket/x.parquet") == "gs://bucket/x.parquet"


def test_a_query_names_the_tables(tmp_path: Path) -> None:
    """Every published table is there under its name, with files or without."""
    publish(tmp_path, calls=[call("5-02", "ann", 2), call("5-03", "bea", 3)])
    names, rows = answer("SELECT count(*) AS calls, sum(cost_usd)::DOUBLE AS usd FROM calls", str(tmp_path))
    assert (names, rows) == (["calls", "usd"], [(2, 5.0)])
    assert answer("SELECT count(*) FROM evidence", str(tmp_path))[1] == [(0,)]


def test_a_wrong_query_is_the_user_s_mistake(tmp_path: Path) -> None:
    """What DuckDB says of a query is passed on."""
    with pytest.raises(ConfigurationError, match="nobody"):
        answer("SELECT * FROM nobody", str(tmp_path))
