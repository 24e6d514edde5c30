"""Intervals of the documented shares, beside them: decisions and errors of one day go alike, so days are clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.metrics.estimates import proportion
from prodlens.statistics.proportions import against_target, binomial_test, clustered_wilson, wilson

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prodlens.metrics.delivery import Delivery
    from prodlens.metrics.request import ReportRequest
    from prodlens.metrics.timeline import Timeline, Window
    from prodlens.metrics.usage import Cell
    from prodlens.statistics.proportions import Proportion


def acceptance(timeline: Timeline, cells: Sequence[Cell]) -> Proportion:
    """Return the share of accepted calls, of those with known acceptance."""
    return _clustered(
        timeline,
        cells,
        lambda cell: cell.calls if cell.accepted else 0,
        lambda cell: 0 if cell.accepted is None else cell.calls,
    )


def errors(timeline: Timeline, cells: Sequence[Cell]) -> Proportion:
    """Return the share of calls with a status of 400 and above, of those with a known status."""
    return _clustered(timeline, cells, lambda cell: cell.errors, lambda cell: cell.known_statuses)


def above_threshold(timeline: Timeline, cells: Sequence[Cell]) -> Proportion:
    """Return the share of diff ratios at or above the threshold."""
    return _clustered(timeline, cells, lambda cell: cell.diff_ratios_above, lambda cell: cell.diff_ratios)


def rework(delivery: Delivery, window: Window) -> Proportion:
    """Return the share of pull requests closed in the window that were reopened."""
    closed = delivery.closed(window)
    return wilson(sum(pull.reworked_at is not None for pull in closed), len(closed))


def interval_sections(
    request: ReportRequest, timeline: Timeline, cells: Sequence[Cell], delivery: Delivery
) -> dict[str, Any]:
    """Return the report's sections on intervals of shares, by key."""
    quality = above_threshold(timeline, cells)
    return {
        "acceptance_rate_interval": proportion(acceptance(timeline, cells)),
        "error_rate_interval": proportion(errors(timeline, cells)),
        "rework_rate_interval": proportion(rework(delivery, timeline.window)),
        "acceptance_quality_interval": proportion(quality),
        "acceptance_target": _against(acceptance(timeline, cells), request.acceptance_target),
    }


def _against(found: Proportion, target: float | None) -> dict[str, Any] | None:
    """Return where the interval of acceptance lies against the team's target; no target, no test.

    The p-value assumes independent decisions, so it is given only where the days show no sign of anything else.
    """
    if target is None:
        return None
    independent = found.design_effect == 1
    p_value = binomial_test(found.k, found.n, target).p if independent else None
    return {"target": target, "verdict": against_target(found, target), "p_value": p_value, "reason": found.reason}


def _clustered(
    timeline: Timeline, cells: Sequence[Cell], part: Callable[[Cell], int], whole: Callable[[Cell], int]
) -> Proportion:
    days: dict[object, tuple[int, int]] = {}
    for cell in cells:
        k, n = days.get(timeline.days[cell.segment], (0, 0))
        days[timeline.days[cell.segment]] = k + part(cell), n + whole(cell)
    return clustered_wilson([k for k, _ in days.values()], [n for _, n in days.values()])
