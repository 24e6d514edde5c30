"""One published place, read by pandas, pyarrow, DuckDB and Polars: every sum is the ledger's, to the cent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from prodlens.lake import Place, compact, published_files, published_paths
from prodlens.metrics import Publishing, ledger, publish_repositories, stored_repositories
from prodlens.storage import ProdLensStore
from tests.metrics.situations import call, pull

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.lake.s3_server import S3Server

NOW = datetime(2026, 7, 1, tzinfo=UTC)


class Sums:
    """What a table of calls adds up to, by an engine."""

    def __init__(self, calls: int, cost: Any, unpriced: int, tokens: int, may: int) -> None:
        self.found = (calls, round(Decimal(str(cost)), 2), unpriced, tokens, may)


def by_pandas(files: list[str]) -> Sums:
    """Read with pandas."""
    frame = pd.concat([pd.read_parquet(file) for file in files])
    months = frame["at"].dt.month
    cost = sum(frame["cost_usd"].dropna(), Decimal(0))
    return Sums(
        len(frame), cost, int(frame["cost_usd"].isna().sum()), int(frame["tokens_in"].sum()), int((months == 5).sum())
    )


def by_pyarrow(files: list[str]) -> Sums:
    """Read with pyarrow."""
    table: Any = ds.dataset(files, format="parquet").to_table()
    days: Any = table["day"]
    may = pc.month(days).to_pylist().count(5)
    return Sums(
        table.num_rows, pc.sum(table["cost_usd"]).as_py(), table["cost_usd"].null_count,
        pc.sum(table["tokens_in"]).as_py(), may,
    )  # fmt: skip


def by_duckdb(files: list[str]) -> Sums:
    """Read with DuckDB."""
    query = (
        "SELECT count(*), sum(cost_usd), count(*) FILTER (WHERE cost_usd IS NULL), sum(tokens_in), "
        "count(*) FILTER (WHERE month(day) = 5) FROM read_parquet(?)"
    )
    with duckdb.connect() as connection:
        found = connection.execute(query, [files]).fetchall()
    return Sums(*found[0])


def by_polars(files: list[str]) -> Sums:
    """Read with Polars."""
    frame = pl.read_parquet(files)
    return Sums(
        frame.height, frame["cost_usd"].sum(), frame["cost_usd"].null_count(), int(frame["tokens_in"].sum()),
        frame.filter(pl.col("day").dt.month() == 5).height,
    )  # fmt: skip


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Any, ...]]:
    """Publish calls of twelve repositories in three months, and return the place and what the ledger says."""
    folder = tmp_path_factory.mktemp("place")
    with ProdLensStore(":memory:") as store:
        store.insert_sessions(
            call(
                f"{4 + number % 3}-{1 + number % 28}", repo_slug=f"acme/r{number % 12}", tokens_in=number,
                total_tokens=number, cost_usd=None if number % 11 == 0 else number / 7 + 1e-9, cost_source="recorded",
            )
            for number in range(500)
        )  # fmt: skip
        names, _ = stored_repositories(store)
        assert len(names) == 12
        outcomes = list(publish_repositories(store, Place(folder), names, Publishing(now=NOW)))
        assert [outcome.failure for outcome in outcomes] == [""] * 12
        whole = ledger(store.conn).total
    expected = (whole.calls, round(Decimal(str(whole.cost_usd)), 2), whole.unpriced_calls, whole.tokens, 167)
    assert expected == (500, Decimal("16195.00"), 46, 124750, 167)
    return folder, expected


ENGINES = [by_pandas, by_pyarrow, by_duckdb, by_polars]


@pytest.mark.parametrize("read", ENGINES, ids=lambda read: read.__name__)
def test_every_engine_adds_up_to_the_ledger(
    published: tuple[Path, tuple[Any, ...]], read: Callable[[list[str]], Sums], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls, costs, unpriced calls, tokens and calls of May are equal, before and after compaction."""
    folder, expected = published
    files = published_files(folder, "calls")
    assert read(files).found == expected
    assert read([str(file) for file in sorted(folder.glob("v1/calls/*/*.parquet"))]).found == expected
    monkeypatch.setattr("prodlens.lake.compaction.QUIET", timedelta(0))
    compact(Place(folder), NOW)
    assert len(published_files(folder, "calls")) == 3
    assert read(published_files(folder, "calls")).found == expected


def test_the_month_of_a_path_is_a_column_for_engines(published: tuple[Path, tuple[Any, ...]]) -> None:
    """Engines that read ``month=`` from paths, as Hive does, can leave months out by it."""
    folder, _ = published
    pattern = f"{folder}/v1/calls/*/*.parquet"
    with duckdb.connect() as connection:
        query = "SELECT count(*) FROM read_parquet(?, hive_partitioning = true) WHERE month = '2026-05'"
        assert connection.execute(query, [pattern]).fetchall() == [(167,)]
    dataset = ds.dataset(folder / "v1" / "calls", format="parquet", partitioning="hive")
    assert dataset.count_rows(filter=ds.field("month") == "2026-05") == 167


def test_four_weeks_open_two_months(published: tuple[Path, tuple[Any, ...]]) -> None:
    """A reader that says which months it wants gets the files of those alone."""
    folder, _ = published
    paths = published_paths(Place(folder), "calls", "2026-05", "2026-06")
    assert {path.rpartition("/")[0][-7:] for path in paths} == {"2026-05", "2026-06"}


def test_a_bucket_is_read_as_a_folder_is(s3: S3Server) -> None:
    """What is published to S3 is read from there by pyarrow, and adds up to the ledger."""
    place = Place(s3.address)
    with ProdLensStore(":memory:") as store:
        store.insert_sessions([call("5-01", cost_usd=1.25), call("6-01", cost_usd=2.5), call("6-02")])
        store.insert_pull_requests([pull(1, "5-02")])
        [outcome] = publish_repositories(store, place, ["acme/web"], Publishing(now=NOW))
        assert outcome.failure == ""
    keys = [place.key(path) for path in published_paths(place, "calls")]
    costs = [cost for key in keys for cost in pq.read_table(key, filesystem=place.filesystem)["cost_usd"].to_pylist()]
    assert costs == [Decimal("1.25"), Decimal("2.5"), None]
    assert len(published_paths(place, "pull_requests")) == 1
