"""Assisted and other pull requests of the same people: which are compared, how they differ, what could be found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.metrics.adoption import adoption_section
from prodlens.metrics.assisted_comparison import by_level, comparison, outcomes, sample_of
from prodlens.metrics.assisted_work import ASSISTED, NEARBY, OTHER, SIGNED, TRACED, UNKNOWN, read_work
from prodlens.metrics.timeline import Window
from prodlens.metrics.traced_people import read_traces
from prodlens.timestamps import day_start

if TYPE_CHECKING:
    import sqlite3

    from prodlens.metrics.assisted_work import Findings
    from prodlens.metrics.delivery import Delivery
    from prodlens.metrics.request import ReportRequest
    from prodlens.metrics.timeline import Timeline

_LEVELS = (
    ("traced", frozenset({TRACED})),
    ("signed", frozenset({SIGNED})),
    ("with_nearby_calls", ASSISTED | {NEARBY}),
)


def assisted_pull_requests(
    conn: sqlite3.Connection,
    request: ReportRequest,
    timeline: Timeline,
    people: Delivery,
    found: Findings,
    plausible: Window,
) -> dict[str, Any]:
    """Return the comparison of assisted and other pull requests, opened in the history that the report looks back at.

    Args:
        conn: Connection to the store.
        request: The repository.
        timeline: The report's days: the period begins with its history and ends with its window.
        people: Pull requests and commits that no bot made.
        found: What was found on pull requests.
        plausible: When something can have happened; pull requests with another moment are left out.
    """
    period = Window(min(day_start(timeline.first_day, request.zone), timeline.window.start), timeline.window.end)
    traces = read_traces(conn, request, period.end)
    work, excluded = read_work(conn, request, period, traces, found, plausible)
    traced = [one for one in work if one.author in traces.weeks]
    sample = sample_of(traced)
    levels = {level: sum(one.level == level for one in work) for level in (TRACED, SIGNED, NEARBY, OTHER, UNKNOWN)}
    return {
        "period": {"start": period.start.isoformat(), "end": period.end.isoformat()},
        "pull_requests": {
            "opened": len(work) + sum(excluded.values()),
            "assisted": levels[TRACED] + levels[SIGNED],
            **levels,
            "excluded": excluded,
        },
        "authors": {"all": len({one.author for one in work}), "in_traces": len({one.author for one in traced})},
        "comparison": comparison(sample),
        "by_evidence": by_level(traced, _LEVELS),
        "outcomes": outcomes(sample),
        "adoption": adoption_section(people, traces, period),
    }
