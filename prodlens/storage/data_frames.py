"""The store's tables as pandas data frames with fixed columns and dtypes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    import sqlite3

SESSION_DTYPES = {
    "session_id": "object",
    "developer_id": "object",
    "timestamp": "datetime64[ns, UTC]",
    "model": "object",
    "tokens_in": "int64",
    "tokens_out": "int64",
    "latency_ms": "float64",
    "status_code": "int64",
    "accepted_flag": "int64",
    "repo_slug": "object",
    "total_tokens": "int64",
    "cost_usd": "float64",
    "diff_ratio": "float64",
    "accepted_lines": "int64",
    "acceptance_known": "int64",
}
_PULL_REQUEST_DTYPES = {
    "id": "int64",
    "repo_slug": "object",
    "number": "int64",
    "title": "object",
    "author": "object",
    "author_type": "object",
    "state": "object",
    "created_at": "datetime64[ns, UTC]",
    "merged_at": "datetime64[ns, UTC]",
    "closed_at": "datetime64[ns, UTC]",
    "updated_at": "datetime64[ns, UTC]",
    "reopened": "bool",
    "reopened_at": "datetime64[ns, UTC]",
    "first_review_at": "datetime64[ns, UTC]",
    "additions": "float64",
    "deletions": "float64",
    "changed_files": "float64",
}
_COMMIT_DTYPES = {
    "sha": "object",
    "author": "object",
    "timestamp": "datetime64[ns, UTC]",
    "repo_slug": "object",
    "branch": "object",
}


def sessions_frame(conn: sqlite3.Connection) -> pd.DataFrame:
    """Return one row per call, oldest first; unknown whole numbers are 0, unknown numbers NaN."""
    return _frame(conn, "sessions", SESSION_DTYPES, "timestamp, id")


def pull_requests_frame(conn: sqlite3.Connection) -> pd.DataFrame:
    """Return one row per pull request, oldest first."""
    return _frame(conn, "pull_requests", _PULL_REQUEST_DTYPES, "created_at, id")


def commits_frame(conn: sqlite3.Connection) -> pd.DataFrame:
    """Return one row per commit, oldest first."""
    return _frame(conn, "commits", _COMMIT_DTYPES, "timestamp, id")


def _frame(conn: sqlite3.Connection, table: str, dtypes: dict[str, str], order: str) -> pd.DataFrame:
    rows = conn.execute(f"SELECT {', '.join(dtypes)} FROM {table} ORDER BY {order}").fetchall()
    columns = zip(*rows, strict=True) if rows else ([] for _ in dtypes)
    return pd.DataFrame(
        {name: _column(list(values), dtype) for (name, dtype), values in zip(dtypes.items(), columns, strict=True)}
    )


def _column(values: list[Any], dtype: str) -> pd.Series[Any]:
    if dtype.startswith("datetime64"):
        moments = pd.to_datetime(pd.Series(values, dtype="object"), utc=True, format="ISO8601")
        return moments.astype("datetime64[ns, UTC]")
    if dtype in {"int64", "bool"}:
        values = [0 if value is None else value for value in values]
    column: pd.Series[Any] = pd.Series(values, dtype=dtype)
    return column
