"""The documented figures of a report, each by its plain formula; a figure with no data behind it is None."""

from __future__ import annotations

from datetime import timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from prodlens.metrics.estimates import interval
from prodlens.metrics.usage import totals
from prodlens.statistics.ratios import RatioInterval, interval_of_ratio
from prodlens.timestamps import day_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from prodlens.metrics.delivery import Delivery
    from prodlens.metrics.request import ReportRequest
    from prodlens.metrics.series import DailySeries
    from prodlens.metrics.timeline import Timeline, Window
    from prodlens.metrics.usage import Cell, Usage

DAYS_A_WEEK = 7


def ratio(part: float | None, whole: float) -> float | None:
    """Return part / whole, None when the whole is nothing or the part unknown."""
    return None if part is None or not whole else part / whole


def usage_figures(request: ReportRequest, usage: Usage, cells: Sequence[Cell]) -> dict[str, Any]:
    """Return the documented figures about calls.

    Args:
        request: Policy and threshold.
        usage: What was counted of the calls.
        cells: The cells of the window.
    """
    everything = totals(cells)
    accepted = totals(cell for cell in cells if cell.accepted)
    known = sum(cell.calls for cell in cells if cell.accepted is not None)
    return {
        "ai_interaction_velocity": _velocity(usage, everything.calls),
        "acceptance_rate": ratio(accepted.calls, known),
        "model_selection_accuracy": _policy_share(request.policy_models, cells),
        "error_rate": ratio(everything.errors, everything.known_statuses),
        "token_efficiency": {
            "tokens_per_accept": ratio(accepted.tokens, accepted.calls),
            "tokens_per_accepted_line": ratio(accepted.tokens_with_lines, accepted.accepted_lines),
            "accepted_sessions": accepted.calls,
            "total_tokens": accepted.tokens,
        },
        "acceptance_quality": {
            "avg_diff_ratio": ratio(everything.diff_ratio_sum, everything.diff_ratios),
            "share_above_threshold": ratio(everything.diff_ratios_above, everything.diff_ratios),
            "threshold": request.diff_threshold,
            "sample": everything.diff_ratios,
        },
    }


def delivery_figures(request: ReportRequest, timeline: Timeline, delivery: Delivery) -> dict[str, Any]:
    """Return the documented figures about pull requests and commits."""
    merged = delivery.merged(timeline.window)
    closed = delivery.closed(timeline.window)
    commits = delivery.committed(timeline.window)
    weeks = max(timeline.window.days / DAYS_A_WEEK, 1.0)
    return {
        "pr_throughput": {
            "weekly_merged_prs": len(merged) / weeks if delivery.pull_requests else None,
            "total_merged": len(merged),
        },
        "commit_frequency": {
            "daily_commits": ratio(len(commits), len({day_of(c.timestamp, request.zone) for c in commits})),
            "total_commits": len(commits),
        },
        "pr_merge_time_hours": sorted(pull.merge_hours for pull in merged if pull.merge_hours is not None),
        "rework_rate": ratio(sum(pull.reworked_at is not None for pull in closed), len(closed)),
    }


def rework_counts(delivery: Delivery, window: Window) -> dict[str, int]:
    """Return how many pull requests were closed in the window, how many of those had been reopened, and what is open.

    ``reopened_and_open`` were reopened in the window and not closed again before its end, so that ``rework_rate``,
    which is over closed ones, has no place for them.
    """
    closed = delivery.closed(window)
    still_open = [
        pull
        for pull in delivery.pull_requests
        if pull.reworked_at is not None
        and window.holds(pull.reworked_at)
        and (pull.closed_at is None or pull.closed_at >= window.end)
    ]
    return {
        "closed": len(closed),
        "reopened_and_closed": sum(pull.reworked_at is not None for pull in closed),
        "reopened_and_open": len(still_open),
    }


def bot_counts(bots: Delivery, window: Window) -> dict[str, int]:
    """Return what bots did in the window, which no figure of delivery counts."""
    return {
        "pull_requests_opened": len(bots.opened(window)),
        "pull_requests_merged": len(bots.merged(window)),
        "commits": len(bots.committed(window)),
    }


def cost_metrics(
    request: ReportRequest, timeline: Timeline, cost_usd: float | None, merged: int, daily: Mapping[str, DailySeries]
) -> dict[str, Any]:
    """Return what the calls of the window cost, in all and per merged pull request, with its interval by week."""
    per_merge = ratio(cost_usd, merged)
    found = RatioInterval(None, None)
    if per_merge is not None:
        weeks = _weeks_of_both(request, timeline, daily["cost_usd"], daily["merged_pull_requests"])
        found = interval_of_ratio(per_merge, [cost for cost, _ in weeks], [merges for _, merges in weeks])
    return {
        "total_session_cost_usd": cost_usd,
        "merged_pr_count": merged,
        "cost_per_merged_pr_usd": per_merge,
        "cost_per_merged_pr_interval": interval(found.interval),
        "cost_per_merged_pr_reason": found.reason,
    }


def _weeks_of_both(
    request: ReportRequest, timeline: Timeline, cost: DailySeries, merges: DailySeries
) -> list[tuple[float, float]]:
    """Return both totals of every seven days of the window, counted back from its last whole day that both have.

    A week whose calls all lack a price has no total, and a window with such a week no weeks.
    """
    first = max(day_of(timeline.window.start, request.zone), cost.first, merges.first)
    last = min(timeline.last_day, cost.last, merges.last)
    count = ((last - first).days + 1) // DAYS_A_WEEK
    starts = [last - timedelta(days=DAYS_A_WEEK * week - 1) for week in range(1, count + 1)]
    weeks = [(cost.total(start), merges.total(start)) for start in starts]
    known = [(above, below) for above, below in weeks if above is not None and below is not None]
    return known if len(known) == len(weeks) else []


def on_policy(model: str, policy: Iterable[str]) -> bool:
    """Tell whether a model is approved: named in the policy, or matched by one of its shell patterns."""
    return any(model == approved or fnmatchcase(model, approved) for approved in policy)


def _velocity(usage: Usage, calls: int) -> dict[str, Any]:
    per_hour = None
    if usage.window_first is not None and usage.window_last is not None:
        hours = (usage.window_last - usage.window_first).total_seconds() / 3600
        per_hour = calls / max(hours, 1.0)
    return {
        "median_latency_ms": usage.median_latency_ms,
        "sessions_per_hour": per_hour,
        "total_sessions": calls,
    }


def _policy_share(policy: frozenset[str] | None, cells: Sequence[Cell]) -> float | None:
    """Return the share of calls, of those whose model is known, that an approved model answered.

    A policy may name a model as the source does or as reports do.
    """
    if not policy:
        return None
    calls: dict[tuple[str, str], int] = {}
    for cell in cells:
        if cell.model is not None and cell.given_model is not None:
            names = cell.model, cell.given_model
            calls[names] = calls.get(names, 0) + cell.calls
    approved = sum(n for names, n in calls.items() if any(on_policy(name, policy) for name in names))
    return ratio(approved, sum(calls.values()))
