"""DailyAggregator: what happened on each day (UTC); ParquetExporter: calls and aggregates as Parquet files."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from math import fsum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prodlens.errors import StorageError
from prodlens.files import DEFAULT_LAKE
from prodlens.metrics import read_delivery
from prodlens.slugs import one_spelling
from prodlens.storage import CALLS_CHANGED

if TYPE_CHECKING:
    from datetime import date, datetime

    import pyarrow as pa

    from prodlens.storage import ProdLensStore

# The median is the mean of the middle call and the one after it, which are the same call where the count is odd.
# 9e999 is SQLite's infinity: values that add up to it are unknown.
_SESSIONS = """
WITH ranked AS (
  SELECT event_date, latency_ms,
    row_number() OVER (PARTITION BY event_date ORDER BY latency_ms) AS place,
    count(*) OVER (PARTITION BY event_date) AS known
  FROM sessions WHERE latency_ms IS NOT NULL AND (:day IS NULL OR event_date = :day)
), medians AS (
  SELECT event_date, nullif(avg(latency_ms), 9e999) AS median_latency_ms FROM ranked
  WHERE place IN ((known + 1) / 2, (known + 2) / 2) GROUP BY event_date
), days AS (
  SELECT event_date, count(*) AS session_count, CAST(total(total_tokens) AS INTEGER) AS total_tokens,
    sum(acceptance_known AND accepted_flag) AS accepted_count,
    count(*) FILTER (WHERE status_code >= 400) AS error_count, nullif(sum(cost_usd), 9e999) AS cost_usd
  FROM sessions WHERE :day IS NULL OR event_date = :day GROUP BY event_date
)
SELECT event_date, session_count, total_tokens, accepted_count, error_count, median_latency_ms, cost_usd
FROM days LEFT JOIN medians USING (event_date) ORDER BY event_date
"""
_SESSION_TYPES = {
    "event_date": "string",
    "developer_id": "string",
    "session_count": "int64",
    "total_tokens": "int64",
    "accepted_count": "int64",
    "error_count": "int64",
    "median_latency_ms": "double",
    "cost_usd": "double",
}
_GITHUB_TYPES = {
    "event_date": "string",
    "merged_pr_count": "int64",
    "commit_count": "int64",
    "reopened_pr_count": "int64",
    "avg_merge_hours": "double",
}


class DailyAggregator:
    """Computes one row of figures a day, over every repository, from what a store holds."""

    def __init__(self, store: ProdLensStore) -> None:
        """Aggregate this store; nothing is read yet."""
        self.store = store

    def aggregate_sessions(self, event_date: date | None = None) -> dict[str, Any]:
        """Return the figures of calls by ISO day, oldest first; with a day given, of that day alone.

        Days without calls are left out. ``median_latency_ms`` (milliseconds) and ``cost_usd`` are over the known
        values, and None without one; ``accepted_count`` counts known acceptances, ``error_count`` statuses of
        400 and above.
        """
        rows = self.store.conn.execute(_SESSIONS, {"day": _iso(event_date)})
        return {row["event_date"]: dict(row) for row in rows}

    def aggregate_github(self, event_date: date | None = None) -> dict[str, Any]:
        """Return the figures of pull requests and commits by ISO day, oldest first; with a day given, of that alone.

        ``merged_pr_count`` and ``avg_merge_hours`` (opening to merge, where known) are of those merged that day;
        ``reopened_pr_count`` counts those first reopened that day. What bots did is in none of it. Days without any of
        it are left out.
        """
        delivery = read_delivery(self.store.conn).by_people()
        merge_hours: dict[str, list[float | None]] = {}
        for pull in delivery.pull_requests:
            if pull.merged_at is not None:
                merge_hours.setdefault(_day(pull.merged_at), []).append(pull.merge_hours)
        commits = [_day(commit.timestamp) for commit in delivery.commits]
        reopened = [_day(pull.reworked_at) for pull in delivery.pull_requests if pull.reworked_at is not None]
        counted = Counter(commits), Counter(reopened)
        days = sorted({*merge_hours, *commits, *reopened})
        return {
            day: _github_day(day, merge_hours.get(day, []), counted[0][day], counted[1][day])
            for day in days
            if event_date is None or day == _iso(event_date)
        }

    def write_aggregates(self) -> tuple[int, int]:
        """Compute every day and store the rows for everybody, in one transaction.

        Returns:
            (rows of daily session metrics written, rows of daily GitHub metrics written)
        """
        with self.store.transaction():
            sessions = self.store.insert_daily_session_metrics(self.aggregate_sessions().values())
            github = self.store.insert_daily_github_metrics(self.aggregate_github().values())
        return sessions, github


def _github_day(day: str, merge_hours: list[float | None], commits: int, reopened: int) -> dict[str, Any]:
    known = [hours for hours in merge_hours if hours is not None]
    return {
        "event_date": day,
        "merged_pr_count": len(merge_hours),
        "commit_count": commits,
        "reopened_pr_count": reopened,
        "avg_merge_hours": fsum(known) / len(known) if known else None,
    }


def _day(moment: datetime) -> str:
    return moment.date().isoformat()


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()[:10]


class ParquetExporter:
    """Writes what a store holds to the lake; exporting twice leaves the same files."""

    def __init__(self, parquet_dir: Path | str = DEFAULT_LAKE) -> None:
        """Export below this folder; it is made when something is written."""
        self.parquet_dir = Path(parquet_dir)

    def export_sessions_by_date(
        self, store: ProdLensStore, since: date | None = None, repo_filter: str | None = None
    ) -> int:
        """Write the calls of a store, a file for each repository and day.

        Where neither the calls nor the files have changed since the same export, nothing is read or written.

        Args:
            store: Where the calls are.
            since: First day (UTC) to export.
            repo_filter: Slug of the only repository to export.

        Returns:
            Number of calls exported.

        Raises:
            StorageError: A file cannot be written.
        """
        from prodlens.lake import Lake, stored_partitions

        first, repo = _iso(since) or "", repo_filter and one_spelling(repo_filter)
        lake = Lake(self.parquet_dir)
        # Read before the calls are: what changes meanwhile is exported the next time.
        asked = f"{store.get_note(CALLS_CHANGED)} {first} {repo or ''}"
        mark = f"exported:{self.parquet_dir.absolute()}"
        if store.get_note(mark) != f"{asked} {lake.state()}":
            lake.sync(store.conn, stored_partitions(store.conn, first, repo_filter))
            with suppress(StorageError):  # a database that may only be read is exported whole each time
                store.set_note(mark, f"{asked} {lake.state()}")
        query = "SELECT count(*) FROM sessions WHERE event_date >= :first AND (:repo IS NULL OR repo_slug = :repo)"
        return int(store.conn.execute(query, {"first": first, "repo": repo}).fetchone()[0])

    def export_aggregates_by_date(self, store: ProdLensStore, since: date | None = None) -> int:
        """Write the daily aggregates that ``write_aggregates`` stored, a file for calls and one for GitHub.

        Returns:
            Number of rows exported, of both together.

        Raises:
            StorageError: A file cannot be written.
        """
        from prodlens.lake import AGGREGATES_FOLDER, Lake

        lake = Lake(self.parquet_dir)
        sessions, github = store.fetch_daily_session_metrics(since), store.fetch_daily_github_metrics(since)
        lake.write(f"{AGGREGATES_FOLDER}/daily_sessions.parquet", _table(sessions, _SESSION_TYPES))
        lake.write(f"{AGGREGATES_FOLDER}/daily_github.parquet", _table(github, _GITHUB_TYPES))
        return len(sessions) + len(github)

    def list_partitions(self) -> list[Path]:
        """Return every exported Parquet file, sorted: a partition for each repository and day, and the aggregates."""
        from prodlens.lake import Lake

        return Lake(self.parquet_dir).exported()


def _table(rows: list[dict[str, Any]], types: dict[str, str]) -> pa.Table:
    import pyarrow as pa

    known: dict[str, pa.DataType] = {"string": pa.string(), "int64": pa.int64(), "double": pa.float64()}
    schema = pa.schema([(name, known[alias]) for name, alias in types.items()])
    return pa.Table.from_pylist([{name: row[name] for name in types} for row in rows], schema=schema)
