"""Calls of one window, counted by developer, model and decision, since one person's decisions are alike."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from prodlens.calls import model_name
from prodlens.metrics.call_parts import PART

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from prodlens.metrics.timeline import Window

# Each part's calls of the window are one range of the index, in which developers come mixed. To count them as they come
# takes less time than to make an index in which they stand together, and nothing is sorted. What is known of a call is
# one number, since each further column costs time: behind its part, to base 3, whether it failed, was above the
# threshold, and was as fast as the median (0 not known, 1 no, 2 yes).
_QUERY = f"""
SELECT ((p.id * 3 + ifnull(1 + (s.status_code >= 400), 0)) * 3 + ifnull(1 + (s.diff_ratio >= :threshold), 0)) * 3
    + ifnull(1 + (s.latency_ms <= :median), 0), s.developer_id
FROM temp.report_part p CROSS JOIN sessions s ON {PART} AND s.timestamp >= :start AND s.timestamp < :end"""

_PARTS = "SELECT id, repo_slug, model, CASE WHEN known THEN flag END FROM temp.report_part ORDER BY id"


class DeveloperCell(NamedTuple):
    """The calls of one developer, model and decision; the counts have the names that they have in ``Cell``.

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


def read_developers(
    conn: sqlite3.Connection, window: Window, threshold: float, median_latency_ms: float | None
) -> tuple[DeveloperCell, ...]:
    """Count the calls of a window, of the repositories that the parts were listed of.

    Args:
        conn: The store's connection, with ``fill_parts`` done.
        window: The window.
        threshold: Diff ratio from which on ``diff_ratios_above`` counts.
        median_latency_ms: What ``up_to_median`` counts to; None where no latency is known.

    Returns:
        Whatever has calls, by repository, developer and part.
    """
    values = {
        "threshold": threshold,
        "median": 0.0 if median_latency_ms is None else median_latency_ms,  # latencies are above 0
        "start": window.start.isoformat(),
        "end": window.end.isoformat(),
    }
    rows = conn.cursor()
    rows.row_factory = None  # bare tuples can be counted
    counts = _measures(Counter(rows.execute(_QUERY, values)))
    places: dict[str | None, int] = {}
    parts = {
        part: (places.setdefault(slug, len(places)), None if model is None else model_name(model), decision)
        for part, slug, model, decision in conn.execute(_PARTS)
    }
    order = sorted(counts, key=lambda key: (parts[key[0]][0], key[1] is not None, str(key[1]), key[0]))
    return tuple(
        DeveloperCell(developer, model, None if decision is None else bool(decision), *counts[part, developer])
        for part, developer in order
        for _, model, decision in [parts[part]]
    )


def _measures(counted: Mapping[tuple[int, str | None], int]) -> dict[tuple[int, str | None], list[int]]:
    """Return the measures of a ``DeveloperCell`` of each part and developer."""
    measures: dict[tuple[int, str | None], list[int]] = {}
    for (number, developer), calls in counted.items():
        part, failed, above, fast = number // 27, number // 9 % 3, number // 3 % 3, number % 3
        signs = (1, *(sign >= answer for sign in (failed, above, fast) for answer in (1, 2)))
        known = measures.get((part, developer), [0] * len(signs))
        measures[part, developer] = [count + calls * sign for count, sign in zip(known, signs, strict=True)]
    return measures
