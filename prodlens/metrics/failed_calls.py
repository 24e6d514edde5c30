"""What failed calls cost: calls whose status says that they failed, and that have a cost all the same."""

from __future__ import annotations

from contextlib import suppress
from sqlite3 import OperationalError
from typing import TYPE_CHECKING, Any

from prodlens.metrics.usage import add, finite_costs

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from prodlens.metrics.timeline import Window

# Made by the first report; only failed calls are in it.
_INDEX = """CREATE INDEX IF NOT EXISTS sessions_report_failed ON sessions (repo_slug, timestamp, total_tokens, cost_usd)
    WHERE status_code >= 400"""
_QUERY = """
SELECT count(*), total(total_tokens), total(cost_usd), count(cost_usd) FROM sessions
WHERE repo_slug IS ? AND timestamp >= ? AND timestamp < ? AND status_code >= 400"""


def failed_calls(conn: sqlite3.Connection, repos: Sequence[str | None], window: Window) -> dict[str, Any]:
    """Return calls of the window with a status of 400 and above: how many, their tokens and the sum of known costs."""
    with suppress(OperationalError):  # a read-only store is reported on too, only slower
        conn.execute(_INDEX)
    bounds = window.start.isoformat(), window.end.isoformat()
    rows = [tuple(conn.execute(_QUERY, (slug, *bounds)).fetchone()) for slug in repos]
    calls, priced = sum(row[0] for row in rows), sum(row[3] for row in rows)
    return {
        "sessions": calls,
        "total_tokens": sum(int(row[1]) for row in rows),
        "cost_usd": finite_costs(add(row[2] for row in rows), 0.0, 0.0, 0.0)[0] if priced else None,
        "unpriced_sessions": calls - priced,
    }
