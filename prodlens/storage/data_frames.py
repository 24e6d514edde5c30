"""The store's tables as pandas data frames with fixed columns and dtypes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from prodlens.schemas import CALL_COLUMNS, FLAG, INTEGER, MOMENT, NUMBER, SLUG, TEXT

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

_BATCH_ROWS = 2_000
_NANOSECONDS = pd.Timestamp.min.tz_localize("UTC"), pd.Timestamp.max.tz_localize("UTC")
_MOST_KNOWN = 100_000
_MOMENT = "datetime64[ns, UTC]"
_STORED_AS = {_MOMENT: "datetime64[ns]"}

_DTYPES = {MOMENT: _MOMENT, INTEGER: "int64", FLAG: "int64", NUMBER: "float64", TEXT: "object", SLUG: "object"}
_KINDS = {column.name: column.kind for column in CALL_COLUMNS}
# The documented columns in their documented order, ``acceptance_known`` after them.
SESSION_DTYPES = {
    name: _DTYPES[_KINDS[name]]
    for name in (
        "session_id",
        "developer_id",
        "timestamp",
        "model",
        "tokens_in",
        "tokens_out",
        "latency_ms",
        "status_code",
        "accepted_flag",
        "repo_slug",
        "total_tokens",
        "cost_usd",
        "diff_ratio",
        "accepted_lines",
        "acceptance_known",
    )
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
    return _frame(conn, "pull_requests", _PULL_REQUEST_DTYPES, "ifnull(created_at, merged_at), id")


def commits_frame(conn: sqlite3.Connection) -> pd.DataFrame:
    """Return one row per commit, oldest first."""
    return _frame(conn, "commits", _COMMIT_DTYPES, "timestamp, id")


def _frame(conn: sqlite3.Connection, table: str, dtypes: dict[str, str], order: str) -> pd.DataFrame:
    """Read a table batch by batch into columns of their final size, so that the rows are never all in memory."""
    with _one_state(conn):
        count = conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        columns = {name: np.empty(count, _STORED_AS.get(dtype, dtype)) for name, dtype in dtypes.items()}
        known: dict[str, dict[object, object]] = {name: {} for name in dtypes}
        cursor = conn.cursor()
        cursor.row_factory = None
        cursor.execute(f"SELECT {', '.join(dtypes)} FROM {table} ORDER BY {order}")
        first = 0
        while rows := cursor.fetchmany(_BATCH_ROWS):
            for (name, dtype), values in zip(dtypes.items(), zip(*rows, strict=True), strict=True):
                columns[name][first : first + len(rows)] = _converted(values, dtype, known[name])
            first += len(rows)
    return pd.DataFrame({name: _series(columns[name], dtype) for name, dtype in dtypes.items()}, copy=False)


def _converted(values: Sequence[Any], dtype: str, known: dict[object, object]) -> Any:
    """Return a batch of a column; of equal texts one is kept, and a moment beyond nanoseconds (after 2262) is NaT."""
    if dtype == _MOMENT:
        moments = pd.to_datetime(pd.Series(values, dtype="object"), utc=True, format="ISO8601", errors="coerce")
        return moments.where(moments.between(*_NANOSECONDS)).dt.tz_localize(None).to_numpy("datetime64[ns]")
    if dtype in {"int64", "bool"}:
        return [0 if value is None else value for value in values]
    if dtype == "object":
        if len(known) > _MOST_KNOWN:
            known.clear()
        return [known.setdefault(value, value) for value in values]
    return values


def _series(column: np.ndarray[Any, Any], dtype: str) -> pd.Series[Any]:
    series: pd.Series[Any] = pd.Series(column, dtype=column.dtype, copy=False)
    return series.dt.tz_localize("UTC") if dtype == _MOMENT else series


@contextmanager
def _one_state(conn: sqlite3.Connection) -> Iterator[None]:
    """Make several queries see one state of the database, whatever others write meanwhile."""
    if conn.in_transaction:
        yield
        return
    conn.execute("BEGIN")
    try:
        yield
    finally:
        conn.execute("COMMIT")
