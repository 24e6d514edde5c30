"""One bucket, read by the organisation's report, by queries, and by engines by themselves: every sum is the ledger's.

The server is moto's, on loopback. What needs the network to be installed says so in its skip.
"""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb
import pandas as pd
import polars as pl
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pytest

from prodlens.lake import Place, compact, published_paths
from prodlens.metrics import Publishing, ledger, publish_repositories, stored_repositories
from prodlens.organisation import Period, answer, connected, organisation_report
from prodlens.storage import ProdLensStore
from tests.metrics.situations import call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.lake.s3_server import S3Server

NOW = datetime(2026, 7, 1, tzinfo=UTC)
SPRING = Period(date(2026, 4, 1), date(2026, 7, 1))
SUMS = "count(*), sum(cost_usd), count(*) - count(cost_usd), sum(tokens_in)"


class Sums(NamedTuple):
    """Calls, their cost to the cent, how many have none, and input tokens."""

    calls: int
    cost: Decimal
    unpriced: int
    tokens: int

    @classmethod
    def of(cls, calls: Any, cost: Any, unpriced: Any, tokens: Any) -> Sums:
        """Take what an engine says."""
        return cls(int(calls), round(Decimal(str(cost)), 2), int(unpriced), int(tokens))


class Bucket(NamedTuple):
    """A published place in a bucket, where its server listens, and what the ledger says."""

    address: str
    endpoint: str
    expected: Sums

    @property
    def place(self) -> Place:
        """The place."""
        return Place(self.address)

    @property
    def keys(self) -> list[str]:
        """The files of calls, in the file system of the place."""
        return [self.place.key(path) for path in published_paths(self.place, "calls")]

    @property
    def urls(self) -> list[str]:
        """The same as addresses."""
        return [f"s3://{key}" for key in self.keys]


@pytest.fixture(scope="module", params=["as published", "compacted"])
def bucket(shared_s3: S3Server, request: pytest.FixtureRequest) -> Iterator[Bucket]:
    """Publish calls of twelve repositories in three months to a bucket."""
    with shared_s3.place_of(f"readers {request.param}") as server, ProdLensStore(":memory:") as store:
        store.insert_sessions(
            call(
                f"{4 + number % 3}-{1 + number % 28}", repo_slug=f"acme/r{number % 12}", tokens_in=number,
                total_tokens=number, cost_usd=None if number % 11 == 0 else number / 7 + 1e-9, cost_source="recorded",
                developer_id=f"dev{number % 17}",
            )
            for number in range(500)
        )  # fmt: skip
        names, _ = stored_repositories(store)
        place = Place(server.address)
        outcomes = list(publish_repositories(store, place, names, Publishing(now=NOW)))
        assert [outcome.failure for outcome in outcomes] == [""] * 12
        if request.param == "compacted":
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("prodlens.lake.compaction.QUIET", timedelta(0))
                assert len(compact(place, NOW).written) == 3
        whole = ledger(store.conn).total
        expected = Sums.of(whole.calls, whole.cost_usd, whole.unpriced_calls, whole.tokens)
        assert expected == Sums(500, Decimal("16195.00"), 46, 124750)
        endpoint = server.address.partition("endpoint_override=")[2].partition("&")[0]
        found = Bucket(server.address, endpoint, expected)
        assert len(found.keys) == (3 if request.param == "compacted" else 12)
        yield found


def by_report(bucket: Bucket) -> Sums:
    """Read by the organisation's report, on DuckDB."""
    cost = organisation_report(connected("duckdb"), bucket.address, SPRING, now=NOW)["cost"]
    unpriced = sum(month["unpriced_calls"] for month in cost["months"])
    assert len(cost["months"]) == 3
    return Sums.of(cost["calls"], cost["cost_usd"], unpriced, cost["tokens"])


def by_answer(bucket: Bucket) -> Sums:
    """Read by a query."""
    _, rows = answer(f"SELECT {SUMS} FROM calls", bucket.address)
    return Sums.of(*rows[0])


def by_command(bucket: Bucket) -> Sums:
    """Read by ``prod-lens sql``, as a program that has its credentials from the environment."""
    command = [sys.executable, "-m", "prodlens.cli", "sql", f"SELECT {SUMS} FROM calls", "--from", bucket.address]
    done = subprocess.run([*command, "--format", "csv"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return Sums.of(*list(csv.reader(io.StringIO(done.stdout)))[1])


def by_pyarrow(bucket: Bucket) -> Sums:
    """Read by a dataset of pyarrow."""
    table: Any = ds.dataset(bucket.keys, format="parquet", filesystem=bucket.place.filesystem).to_table()
    cost = table["cost_usd"]
    return Sums.of(table.num_rows, pc.sum(cost).as_py(), cost.null_count, pc.sum(table["tokens_in"]).as_py())


def by_pandas(bucket: Bucket) -> Sums:
    """Read by pandas, through pyarrow's file system."""
    system: Any = bucket.place.filesystem
    frame = pd.concat([pd.read_parquet(key, filesystem=system) for key in bucket.keys])
    cost = sum(frame["cost_usd"].dropna(), Decimal(0))
    return Sums.of(len(frame), cost, frame["cost_usd"].isna().sum(), frame["tokens_in"].sum())


def by_polars(bucket: Bucket) -> Sums:
    """Read by Polars, which has an object store of its own."""
    options = {
        "aws_endpoint_url": f"http://{bucket.endpoint}",
        "aws_allow_http": "true",
        "aws_region": "us-east-1",
        "aws_access_key_id": os.environ["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": os.environ["AWS_SECRET_ACCESS_KEY"],
    }
    frame = pl.scan_parquet(bucket.urls, storage_options=options).collect()
    cost = frame["cost_usd"]
    return Sums.of(frame.height, cost.sum(), cost.null_count(), frame["tokens_in"].sum())


def by_duckdb_on_pyarrow(bucket: Bucket) -> Sums:
    """Read by DuckDB alone, from a dataset of pyarrow, which needs no extension."""
    calls = ds.dataset(bucket.keys, format="parquet", filesystem=bucket.place.filesystem)
    with duckdb.connect() as connection:
        connection.register("calls", calls)  # what a query takes from the variables around it, said openly
        return Sums.of(*connection.execute(f"SELECT {SUMS} FROM calls").fetchall()[0])


def by_duckdb_httpfs(bucket: Bucket) -> Sums:
    """Read by DuckDB alone with its extension for buckets, as docs/sql.md says."""
    with duckdb.connect() as connection:
        connection.execute("SET autoinstall_known_extensions = false")
        try:
            connection.execute("LOAD httpfs")
        except duckdb.Error as error:
            pytest.skip(f"DuckDB's extension httpfs has to be installed over the network: {str(error)[:100]}")
        connection.execute(
            f"CREATE SECRET (TYPE s3, KEY_ID 'test', SECRET 'test', REGION 'us-east-1', ENDPOINT '{bucket.endpoint}', "
            "USE_SSL false, URL_STYLE 'path')"
        )
        return Sums.of(*connection.execute(f"SELECT {SUMS} FROM read_parquet(?)", [bucket.urls]).fetchall()[0])


READERS = [
    by_report, by_answer, by_command, by_pyarrow, by_pandas, by_polars, by_duckdb_on_pyarrow, by_duckdb_httpfs,
]  # fmt: skip


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
def test_every_reader_of_a_bucket_adds_up_to_the_ledger(bucket: Bucket, read: Callable[[Bucket], Sums]) -> None:
    """Calls, cost to the cent, unpriced calls and tokens are those of the store, as published and compacted."""
    assert read(bucket) == bucket.expected
