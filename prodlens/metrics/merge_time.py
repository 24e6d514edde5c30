"""How long pull requests take to merge, those still open included."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from prodlens.metrics.estimates import interval
from prodlens.statistics.quantiles import sample_quantile
from prodlens.statistics.survival import kaplan_meier

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from prodlens.metrics.delivery import Delivery, PullRequest
    from prodlens.metrics.timeline import Window
    from prodlens.statistics.survival import CurvePoint

# A chart shows no more, and a list shows fewer merges than a median needs.
_MOST_POINTS = 200


def follow_up(pulls: Sequence[PullRequest], end: datetime) -> tuple[list[float], list[bool], int]:
    """Return hours followed, whether each was merged by then, and how many were closed unmerged.

    Merged: to the merge. Open: to ``end``, beyond which nothing is known. Closed without a merge is an end of its own
    kind: following it as if it might still merge would call it slow, so it is counted and left out.
    """
    hours, merged, closed = [], [], 0
    for pull in pulls:
        is_merged = pull.merged_at is not None and pull.merged_at < end
        if not is_merged and pull.closed_at is not None and pull.closed_at < end:
            closed += 1
            continue
        until = pull.merged_at if is_merged and pull.merged_at is not None else end
        hours.append(max((until - (pull.created_at or until)) / timedelta(hours=1), 0.0))
        merged.append(is_merged)
    return hours, merged, closed


def merge_time_section(delivery: Delivery, window: Window) -> dict[str, Any]:
    """Return the Kaplan-Meier estimate of the hours to merge of pull requests opened in the window."""
    opened = delivery.opened(window)
    hours, merged, closed = follow_up(opened, window.end)
    found = kaplan_meier(hours, merged)
    return {
        "opened": len(opened),
        "merged": found.events,
        "open": found.n - found.events,
        "closed_unmerged": closed,
        "median_hours": found.median,
        "interval": interval(found.interval),
        "reason": found.reason,
        "curve": [_point(point) for point in _thinned(found.curve)],
    }


def lead_time_section(delivery: Delivery, window: Window) -> dict[str, Any]:
    """Return how long it took from the first commit to the merge, over pull requests merged in the window.

    Those whose commits are not known, such as squashes read from git, are counted and left out.
    """
    merged = delivery.merged(window)
    hours = [pull.lead_hours for pull in merged if pull.lead_hours is not None]
    median = sample_quantile(hours, 0.5)
    return {
        "merged": len(merged),
        "with_first_commit": len(hours),
        "median_hours": median.estimate,
        "interval": interval(median.interval),
        "read_from_git": sum(pull.is_from_git for pull in merged),
    }


def _point(point: CurvePoint) -> dict[str, Any]:
    bounds = interval(point.interval) or {"low": None, "high": None}
    return {
        "hours": point.time,
        "share_unmerged": point.survival,
        "low": bounds["low"],
        "high": bounds["high"],
        "at_risk": point.at_risk,
    }


def _thinned(curve: Sequence[CurvePoint]) -> list[CurvePoint]:
    """Return at most so many points as a chart can show, the last among them."""
    step = -(-len(curve) // _MOST_POINTS) or 1
    return [*curve[:-1:step], *curve[-1:]]
