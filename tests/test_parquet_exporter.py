"""ParquetExporter against the files that it leaves."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from prodlens.aggregation import DailyAggregator, ParquetExporter
from prodlens.storage import ProdLensStore
from tests.metrics.situations import call, commit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store() -> Iterator[ProdLensStore]:
    """Open a store with calls of two repositories and of none on two days."""
    with ProdLensStore(":memory:") as opened:
        opened.insert_sessions(
            [
                call("5-01", repo_slug="acme/web"),
                call("5-01", repo_slug="acme/web"),
                call("5-02", repo_slug="acme/api"),
                call("5-02", repo_slug=None),
            ]
        )
        yield opened


def names(exporter: ParquetExporter) -> list[str]:
    """Return the partitions as paths below the folder."""
    return [path.relative_to(exporter.parquet_dir).as_posix() for path in exporter.list_partitions()]


def test_calls_are_exported_by_repository_and_day(store: ProdLensStore, tmp_path: Path) -> None:
    """Each repository and day is a file with the calls of it; exporting again doubles nothing."""
    exporter = ParquetExporter(tmp_path / "lake")
    assert exporter.list_partitions() == []
    for _ in range(2):
        assert exporter.export_sessions_by_date(store) == 4
        assert names(exporter) == [
            "acme-api/2026-05-02.parquet",
            "acme-web/2026-05-01.parquet",
            "unknown/2026-05-02.parquet",
        ]
        rows = pq.read_table(exporter.list_partitions()[1]).to_pylist()
        assert [(row["repo_slug"], row["event_date"]) for row in rows] == [("acme/web", "2026-05-01")] * 2
        assert len({row["trace_hash"] for row in rows}) == 2


@pytest.mark.parametrize(
    ("since", "repo", "count", "files"),
    [(date(2026, 5, 2), None, 2, 2), (None, "acme/web", 2, 1), (date(2026, 5, 2), "acme/web", 0, 0)],
)
def test_an_export_keeps_to_its_filters(
    store: ProdLensStore, tmp_path: Path, since: date | None, repo: str | None, count: int, files: int
) -> None:
    """Only days from ``since`` on and only the repository asked for are exported."""
    exporter = ParquetExporter(tmp_path)
    assert exporter.export_sessions_by_date(store, since=since, repo_filter=repo) == count
    assert len(exporter.list_partitions()) == files


def test_aggregates_have_a_file_each(store: ProdLensStore, tmp_path: Path) -> None:
    """The aggregates stored before are exported to the two documented files, and listed with the partitions."""
    store.insert_commits([commit("a", "5-03")])
    DailyAggregator(store).write_aggregates()
    exporter = ParquetExporter(tmp_path)
    assert exporter.export_aggregates_by_date(store) == 3
    sessions = pq.read_table(tmp_path / "_aggregates" / "daily_sessions.parquet").to_pylist()
    assert [(row["event_date"], row["session_count"]) for row in sessions] == [("2026-05-01", 2), ("2026-05-02", 2)]
    github = pq.read_table(tmp_path / "_aggregates" / "daily_github.parquet").to_pylist()
    assert [(row["event_date"], row["commit_count"]) for row in github] == [("2026-05-03", 1)]
    exporter.export_sessions_by_date(store, repo_filter="acme/web")
    assert names(exporter) == [
        "_aggregates/daily_github.parquet",
        "_aggregates/daily_sessions.parquet",
        "acme-web/2026-05-01.parquet",
    ]
    assert exporter.export_aggregates_by_date(store, since=date(2026, 5, 3)) == 1


def test_exported_aggregates_have_these_columns_and_types(store: ProdLensStore, tmp_path: Path) -> None:
    """Counts are whole numbers, what can be unknown is a null among doubles, and days are text."""
    store.insert_commits([commit("a", "5-03")])
    DailyAggregator(store).write_aggregates()
    ParquetExporter(tmp_path).export_aggregates_by_date(store)
    sessions = pq.read_table(tmp_path / "_aggregates" / "daily_sessions.parquet")
    assert {field.name: str(field.type) for field in sessions.schema} == {
        "event_date": "string",
        "developer_id": "string",
        "session_count": "int64",
        "total_tokens": "int64",
        "accepted_count": "int64",
        "error_count": "int64",
        "median_latency_ms": "double",
        "cost_usd": "double",
    }
    assert sessions.to_pylist()[0] == {
        "event_date": "2026-05-01",
        "developer_id": None,
        "session_count": 2,
        "total_tokens": 0,
        "accepted_count": 0,
        "error_count": 0,
        "median_latency_ms": None,
        "cost_usd": None,
    }
    github = pq.read_table(tmp_path / "_aggregates" / "daily_github.parquet")
    assert {field.name: str(field.type) for field in github.schema} == {
        "event_date": "string",
        "merged_pr_count": "int64",
        "commit_count": "int64",
        "reopened_pr_count": "int64",
        "avg_merge_hours": "double",
    }


def test_both_aggregates_begin_with_the_day_asked_for(store: ProdLensStore, tmp_path: Path) -> None:
    """Since 2 May there is one of two days of calls, and one of two days of commits."""
    store.insert_commits([commit("a", "5-01"), commit("b", "5-03")])
    DailyAggregator(store).write_aggregates()
    assert ParquetExporter(tmp_path).export_aggregates_by_date(store, since=date(2026, 5, 2)) == 2
    for name, day in (("daily_sessions", "2026-05-02"), ("daily_github", "2026-05-03")):
        rows = pq.read_table(tmp_path / "_aggregates" / f"{name}.parquet").to_pylist()
        assert [row["event_date"] for row in rows] == [day]


def test_an_export_that_finds_nothing_to_do_reads_no_call(store: ProdLensStore, tmp_path: Path) -> None:
    """The same export again looks at no partition; a changed call, a changed file or another export does."""
    exporter = ParquetExporter(tmp_path / "lake")
    asked: list[str] = []

    def export(**filters: Any) -> list[str]:
        asked.clear()
        store.conn.set_trace_callback(lambda query: asked.append(query) if "ORDER BY" in query else None)
        exporter.export_sessions_by_date(store, **filters)
        store.conn.set_trace_callback(None)
        return asked

    assert export()
    assert not export()
    store.insert_sessions([call("5-01", repo_slug="acme/web")])
    assert export()
    assert not export()
    path = exporter.list_partitions()[0]
    expected = path.read_bytes()
    path.unlink()
    assert export()
    assert path.read_bytes() == expected
    assert export(repo_filter="acme/web")
    assert not export(repo_filter="Acme/Web")
    assert export()
