"""Calls of one window, counted in SQLite by developer, model and decision: what one person does goes alike."""

from __future__ import annotations

from contextlib import suppress
from sqlite3 import OperationalError
from typing import TYPE_CHECKING, NamedTuple

from prodlens.calls import model_name

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from prodlens.metrics.timeline import Window

# Made by the first report, as the index of the other counts is; the one that it replaces had no counts in it.
_INDEXES = (
    "DROP INDEX IF EXISTS sessions_report_people",
    """CREATE INDEX IF NOT EXISTS sessions_report_developers ON sessions (
        repo_slug, developer_id, model, acceptance_known, accepted_flag, timestamp, status_code, diff_ratio,
        latency_ms)""",
)
_QUERY = """
SELECT developer_id, model, acceptance_known, accepted_flag, count(*),
    count(status_code), count(*) FILTER (WHERE status_code >= 400),
    count(diff_ratio), count(*) FILTER (WHERE diff_ratio >= :threshold),
    count(latency_ms), count(*) FILTER (WHERE latency_ms <= :median)
FROM sessions WHERE repo_slug IS :repo AND timestamp >= :start AND timestamp < :end
GROUP BY developer_id, model, acceptance_known, accepted_flag"""


class DeveloperCell(NamedTuple):
    """The calls of one developer, model and decision; the counts are called as those of a ``Cell`` are.

    ``developer`` is None for calls that name nobody, ``up_to_median`` counts known latencies up to the median of all.
    """

    developer: str | None
    model: str | None
    accepted: bool | None
    calls: int
    known_statuses: int
    errors: int
    diff_ratios: int
    diff_ratios_above: int
    latencies: int
    up_to_median: int


def make_developer_index(conn: sqlite3.Connection) -> None:
    """Make the index that the counts are read from; a read-only store is reported on without it, only slower."""
    with suppress(OperationalError):
        for statement in _INDEXES:
            conn.execute(statement)


def read_developers(
    conn: sqlite3.Connection,
    repos: Sequence[str | None],
    window: Window,
    threshold: float,
    median_latency_ms: float | None,
) -> tuple[DeveloperCell, ...]:
    """Count the calls of the repositories in a window.

    Args:
        conn: The store's connection.
        repos: Slugs; None stands for the calls that name no repository.
        window: The window.
        threshold: Diff ratio from which on ``diff_ratios_above`` counts.
        median_latency_ms: What ``up_to_median`` counts to; None where no latency is known.
    """
    values = {
        "threshold": threshold,
        "median": median_latency_ms,
        "start": window.start.isoformat(),
        "end": window.end.isoformat(),
    }
    return tuple(
        DeveloperCell(developer, None if model is None else model_name(model), bool(flag) if known else None, *measures)
        for slug in repos
        for developer, model, known, flag, *measures in map(tuple, conn.execute(_QUERY, values | {"repo": slug}))
    )
