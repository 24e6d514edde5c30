"""Calls of one window, counted in SQLite by developer, model and decision: what one person does goes alike."""

from __future__ import annotations

from contextlib import suppress
from sqlite3 import OperationalError
from typing import TYPE_CHECKING, NamedTuple

from prodlens.calls import model_name
from prodlens.metrics.call_parts import PART, distinct

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
# Each developer's calls of each part are one range of the index: what lies outside of the window is not read. The plus
# keeps SQLite from an index of its own on the parts, whose order would have to be sorted.
_QUERY = f"""
SELECT d.name, p.model, p.known, p.flag, count(*),
    count(s.status_code), count(*) FILTER (WHERE s.status_code >= 400),
    count(s.diff_ratio), count(*) FILTER (WHERE s.diff_ratio >= :threshold),
    count(s.latency_ms), count(*) FILTER (WHERE s.latency_ms <= :median)
FROM temp.report_developer d CROSS JOIN temp.report_part p CROSS JOIN sessions s
ON +p.repo_slug IS d.repo_slug AND {PART} AND s.developer_id IS d.name AND s.timestamp >= :start AND s.timestamp < :end
GROUP BY d.id, p.id"""


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


def fill_developers(conn: sqlite3.Connection, repos: Sequence[str | None]) -> None:
    """List every (repository, developer) that has calls in ``temp.report_developer``, by skipping through the index."""
    rows = [(slug, name) for slug in repos for name in distinct(conn, "developer_id", slug)]
    conn.execute("DROP TABLE IF EXISTS temp.report_developer")
    conn.execute("CREATE TEMP TABLE report_developer (id INTEGER PRIMARY KEY, repo_slug TEXT, name TEXT)")
    conn.executemany("INSERT INTO temp.report_developer (repo_slug, name) VALUES (?, ?)", rows)


def read_developers(
    conn: sqlite3.Connection, window: Window, threshold: float, median_latency_ms: float | None
) -> tuple[DeveloperCell, ...]:
    """Count the calls of a window, of the repositories that the parts and the developers were listed of.

    Args:
        conn: The store's connection, with ``fill_parts`` and ``fill_developers`` done.
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
        for developer, model, known, flag, *measures in map(tuple, conn.execute(_QUERY, values))
    )
