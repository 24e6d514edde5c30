"""ProdLensStore: calls, pull requests, commits, daily metrics and sync state in one SQLite file."""

from __future__ import annotations

import secrets
import sqlite3
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from prodlens.errors import UnusableStoreError
from prodlens.storage.call_rows import session_values
from prodlens.storage.call_upsert import put_calls
from prodlens.storage.connection import connect, outside_errors, raise_as_ours
from prodlens.storage.delivery_rows import upsert_commits, upsert_pull_requests
from prodlens.storage.migrations import migrations, step_from
from prodlens.storage.notes import IDENTITY, read_note, write_note
from prodlens.storage.row_conversion import session_row
from prodlens.timestamps import as_utc, parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date, datetime

    import pandas as pd

    from prodlens.schemas import CanonicalTrace

APPLICATION_ID = 0x50724C6E  # "PrLn", so that file(1) and the cache check can tell whose database it is
SCHEMA_VERSION = migrations()[-1][0]
SIMULATED_MARK = "simulated"  # a note of this name marks a store that holds nothing real
_BATCH_ROWS = 5_000
# One statement, so that no other process can be half-way with the schema between its parts.
_OWNER = (
    "SELECT user_version, application_id, (SELECT count(*) FROM sqlite_schema) "
    "FROM pragma_user_version, pragma_application_id"
)
_SESSION_METRICS = (
    "event_date",
    "developer_id",
    "session_count",
    "total_tokens",
    "accepted_count",
    "error_count",
    "median_latency_ms",
    "cost_usd",
)
_GITHUB_METRICS = ("event_date", "merged_pr_count", "commit_count", "reopened_pr_count", "avg_merge_hours")


class ProdLensStore:
    """Storage for sessions, pull requests, commits and aggregates; a context manager that closes itself.

    Every insert is one transaction of its own, or a part of the one opened with ``transaction``.
    """

    def __init__(self, path: Path | str) -> None:
        """Create or open the database at the path, parent folders included, and bring its schema up to date.

        Raises:
            UnusableStoreError: The file is not SQLite, not ProdLens's, or from a newer version.
            StorageError: The file cannot be opened or written.
        """
        self.path = Path(path)
        self.conn = connect(self.path)
        try:
            with outside_errors(self.path):
                self._migrate()
        except BaseException:
            self.conn.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database; closing twice does nothing."""
        self.conn.close()

    @property
    def simulated(self) -> bool:
        """Whether the store holds a simulated team, which every report on it has to say."""
        return self.get_note(SIMULATED_MARK) is not None

    @property
    def identity(self) -> str:
        """What tells the database and its copies from every other one; the first question for it decides it."""
        with self.transaction() as conn:
            if (known := read_note(conn, IDENTITY)) is None:
                known = secrets.token_hex(16)
                write_note(conn, IDENTITY, known)
        return known

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Make everything inside one transaction, rolled back when the block raises; blocks nest as savepoints.

        Raises:
            StorageError: SQLite could not write.
        """
        if self.conn.in_transaction:
            begin, commit, rollback = "SAVEPOINT inner", "RELEASE inner", "ROLLBACK TO inner; RELEASE inner"
        else:
            begin, commit, rollback = "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"
        try:
            self.conn.execute(begin)
            try:
                yield self.conn
                self.conn.execute(commit)
            except BaseException:
                if self.conn.in_transaction:  # SQLite has already rolled back when the disk is full
                    for statement in rollback.split(";"):
                        self.conn.execute(statement)
                raise
        except sqlite3.DatabaseError as error:
            raise_as_ours(error, self.path)

    # Sessions -----------------------------------------------------------------------------------------------

    def insert_sessions(self, sessions: Iterable[CanonicalTrace | Mapping[str, object]]) -> int:
        """Insert calls, or merge them into those whose ``trace_hash`` is stored; nothing is priced here.

        Returns:
            Number of rows inserted or updated.

        Raises:
            RecordError: A mapping has no readable timestamp; nothing of this call is stored.
        """
        count = 0
        with self.transaction() as conn:
            rows = (session_values(session_row(session)) for session in sessions)
            while batch := list(islice(rows, _BATCH_ROWS)):
                put_calls(conn, batch)
                count += len(batch)
        return count

    def fetch_sessions(self) -> list[sqlite3.Row]:
        """Return every stored call, oldest first, as rows that read like mappings."""
        return self.conn.execute("SELECT * FROM sessions ORDER BY timestamp, id").fetchall()

    def sessions_dataframe(self) -> pd.DataFrame:
        """Return every stored call with exactly the documented columns and dtypes, ``acceptance_known`` after them."""
        from prodlens.storage.data_frames import sessions_frame

        return sessions_frame(self.conn)

    # Pull requests and commits ------------------------------------------------------------------------------

    def insert_pull_requests(self, pull_requests: Iterable[Mapping[str, object]]) -> int:
        """Insert pull requests, or update those whose ``id`` is stored; returns the number of rows.

        Raises:
            RecordError: A mapping lacks a readable id or ``created_at``; nothing of this call is stored.
        """
        with self.transaction() as conn:
            return upsert_pull_requests(conn, pull_requests)

    def fetch_pull_requests(self) -> list[dict[str, Any]]:
        """Return every stored pull request, oldest first; ``reopened`` is a bool."""
        rows = self.conn.execute("SELECT * FROM pull_requests ORDER BY ifnull(created_at, merged_at), id")
        return [{**dict(row), "reopened": bool(row["reopened"])} for row in rows]

    def pull_requests_dataframe(self) -> pd.DataFrame:
        """Return every stored pull request; times are ``datetime64[ns, UTC]``, ``reopened`` is bool."""
        from prodlens.storage.data_frames import pull_requests_frame

        return pull_requests_frame(self.conn)

    def insert_commits(self, commits: Iterable[Mapping[str, object]]) -> int:
        """Insert commits, or update those stored; a login is never overwritten by a bare name.

        Returns:
            Number of rows inserted or updated.

        Raises:
            RecordError: A mapping lacks a sha or a readable timestamp; nothing of this call is stored.
        """
        with self.transaction() as conn:
            return upsert_commits(conn, commits)

    def fetch_commits(self) -> list[dict[str, Any]]:
        """Return every stored commit, oldest first."""
        return [dict(row) for row in self.conn.execute("SELECT * FROM commits ORDER BY timestamp, id")]

    def commits_dataframe(self) -> pd.DataFrame:
        """Return every stored commit; ``timestamp`` is ``datetime64[ns, UTC]``."""
        from prodlens.storage.data_frames import commits_frame

        return commits_frame(self.conn)

    # Checkpoints and ETags ----------------------------------------------------------------------------------

    def get_last_checkpoint(self, job_name: str) -> datetime | None:
        """Return the moment (UTC) of the job's last checkpoint, or None."""
        row = self.conn.execute(
            "SELECT checkpoint_timestamp FROM checkpoints WHERE job_name = ?", (job_name,)
        ).fetchone()
        return None if row is None else parse_timestamp(row[0])

    def set_checkpoint(self, job_name: str, checkpoint_timestamp: datetime) -> None:
        """Record that the job has done everything up to the moment; a naive one is UTC."""
        with self.transaction() as conn:
            conn.execute(
                "INSERT OR REPLACE INTO checkpoints VALUES (?, ?)", (job_name, as_utc(checkpoint_timestamp).isoformat())
            )

    def get_etag(self, endpoint: str) -> str | None:
        """Return the ETag stored for the endpoint, or None."""
        row = self.conn.execute("SELECT etag FROM etags WHERE endpoint = ?", (endpoint,)).fetchone()
        return None if row is None else str(row[0])

    def set_etag(self, endpoint: str, etag: str | None) -> None:
        """Store the ETag of the endpoint; None forgets it."""
        with self.transaction() as conn:
            if etag is None:
                conn.execute("DELETE FROM etags WHERE endpoint = ?", (endpoint,))
            else:
                conn.execute("INSERT OR REPLACE INTO etags VALUES (?, ?)", (endpoint, etag))

    # Notes --------------------------------------------------------------------------------------------------

    def get_note(self, name: str) -> str | None:
        """Return what the store says of itself under this name, None where it says nothing."""
        return read_note(self.conn, name)

    def set_note(self, name: str, value: str | None) -> None:
        """Write a note of the store on itself; None removes it."""
        with self.transaction() as conn:
            write_note(conn, name, value)

    # Daily metrics ------------------------------------------------------------------------------------------

    def insert_daily_session_metrics(self, metrics: Iterable[Mapping[str, object]]) -> int:
        """Insert or replace daily aggregates, keyed by (``event_date``, ``developer_id``); returns the rows."""
        rows = (_metric_row(m, _SESSION_METRICS) for m in metrics)
        return self._upsert("daily_session_metrics", _SESSION_METRICS, rows, "event_date, ifnull(developer_id, '')")

    def insert_daily_github_metrics(self, metrics: Iterable[Mapping[str, object]]) -> int:
        """Insert or replace daily GitHub aggregates, keyed by ``event_date``; returns the rows."""
        rows = (_metric_row(m, _GITHUB_METRICS) for m in metrics)
        return self._upsert("daily_github_metrics", _GITHUB_METRICS, rows, "event_date")

    def fetch_daily_session_metrics(self, since: date | None = None) -> list[dict[str, Any]]:
        """Return the daily session aggregates from the day on, oldest first."""
        return self._fetch_daily("daily_session_metrics", since)

    def fetch_daily_github_metrics(self, since: date | None = None) -> list[dict[str, Any]]:
        """Return the daily GitHub aggregates from the day on, oldest first."""
        return self._fetch_daily("daily_github_metrics", since)

    # ---------------------------------------------------------------------------------------------------------

    def _fetch_daily(self, table: str, since: date | None) -> list[dict[str, Any]]:
        first = "" if since is None else since.isoformat()[:10]
        query = f"SELECT * FROM {table} WHERE event_date >= ? ORDER BY event_date, rowid"
        return [dict(row) for row in self.conn.execute(query, (first,))]

    def _upsert(
        self,
        table: str,
        columns: Iterable[str],
        rows: Iterable[Mapping[str, Any]],
        key: str,
    ) -> int:
        columns = tuple(columns)
        assignments = ", ".join(f"{column} = excluded.{column}" for column in columns if column != key)
        statement = (
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(f':{column}' for column in columns)}) "
            f"ON CONFLICT ({key}) DO UPDATE SET {assignments}"
        )
        with self.transaction() as conn:
            return max(conn.executemany(statement, rows).rowcount, 0)

    def _migrate(self) -> None:
        while (version := self._checked_version()) < SCHEMA_VERSION:
            # executescript would commit first: the statements and their record belong in one transaction.
            with self.transaction() as conn:
                if self._checked_version() != version:  # another process was faster
                    continue
                number, statements = step_from(version)
                for statement in statements:
                    conn.execute(statement)
                conn.execute(f"PRAGMA user_version = {number}")
                conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")

    def _checked_version(self) -> int:
        version, application, tables = self.conn.execute(_OWNER).fetchone()
        if application != APPLICATION_ID and (tables or application):
            raise UnusableStoreError(f"{self.path} is a database of another program; choose another file with --db")
        if version > SCHEMA_VERSION:
            raise UnusableStoreError(
                f"{self.path} has schema version {version}, this ProdLens knows up to {SCHEMA_VERSION}; "
                "upgrade ProdLens or choose another file with --db"
            )
        return int(version)


def _metric_row(metric: Mapping[str, object], columns: Iterable[str]) -> dict[str, object]:
    counts = {"session_count", "total_tokens", "accepted_count", "error_count"}
    counts |= {"merged_pr_count", "commit_count", "reopened_pr_count"}
    row = {column: metric.get(column) for column in columns}
    row["event_date"] = str(metric["event_date"])[:10]
    return {column: 0 if value is None and column in counts else value for column, value in row.items()}
