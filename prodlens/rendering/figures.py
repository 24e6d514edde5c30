"""The headline figures of a report, each with its interval, what it is counted from and how it changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from prodlens.rendering import formatting
from prodlens.rendering.changes_section import change_texts
from prodlens.rendering.cost_sections import cost_label
from prodlens.rendering.document import Figure
from prodlens.rendering.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_DAYS_A_WEEK, _HOURS_A_DAY = 7, 24


def headline_figures(report: Mapping[str, Any]) -> tuple[Figure, ...]:
    """Return the figures that a reader looks for first; one that is not asked for is left out."""
    velocity, costs = report["ai_interaction_velocity"], report["cost_metrics"]
    throughput, commits = report["pr_throughput"], report["commit_frequency"]
    calls, changes = velocity["total_sessions"], change_texts(report)
    figures = [
        _plain("Model calls", calls, formatting.count, _calls_basis(velocity), changes.get("sessions", "")),
        _share(report, "acceptance_rate", "Accepted suggestions", "with known acceptance", changes),
        _share(report, "error_rate", "Failed calls", "with known status", changes),
        _latency(report),
        _cost(report, costs, changes.get("cost_usd", "")),
        *_forecast(report["forecast"], calls),
        _cost_per_merge(costs),
        _plain(
            "Merged pull requests",
            throughput["total_merged"] if throughput["weekly_merged_prs"] is not None else None,
            formatting.count,
            _merged_basis(report),
            changes.get("merged_pull_requests", ""),
        ),
        _merge_time(report["merge_time"], changes.get("merge_time", "")),
        *_lead_time(report["lead_time"]),
        _rework(report, changes),
        _plain(
            "Commits",
            commits["total_commits"] if commits["daily_commits"] is not None else None,
            formatting.count,
            _joined(
                _per(commits["daily_commits"], "a day with commits", "no commits in the window"),
                _by_bots(report["bots"]["commits"], "more"),
            ),
            changes.get("commits", ""),
        ),
    ]
    if report["model_selection_accuracy"] is not None:
        share = report["model_selection_accuracy"]
        figures.append(
            _plain("Calls to approved models", share, formatting.percent, f"of {formatting.count(calls)} calls")
        )
    return tuple(figures)


def _plain(label: str, value: float | None, form: Callable[[float], str], basis: str = "", change: str = "") -> Figure:
    return Figure(label, formatting.optional(value, form), "", basis, change, known=value is not None)


def _share(report: Mapping[str, Any], key: str, label: str, of: str, changes: Mapping[str, str]) -> Figure:
    found = report[f"{key}_interval"]
    value, n = report[key], found.get("n", 0)
    basis = f"{formatting.count(found['k'])} of {formatting.count(n)} {of}" if n else f"none {of}"
    reason = found.get("reason")
    if reason and value is not None:
        basis = f"{basis}; no interval: {reason}"
    return Figure(
        label,
        formatting.optional(value, formatting.percent),
        formatting.interval(found, formatting.percent),
        basis,
        changes.get(key, ""),
        known=value is not None,
    )


def _cost(report: Mapping[str, Any], costs: Mapping[str, Any], change: str) -> Figure:
    unpriced = sum(row["unpriced_sessions"] for row in report["cost_by_model"])
    priced = report["ai_interaction_velocity"]["total_sessions"] - unpriced
    basis = f"{formatting.count(priced)} priced calls, {formatting.count(unpriced)} without a price"
    total = costs["total_session_cost_usd"]
    return _plain(cost_label(report), total, formatting.usd, basis, change)


def _forecast(found: Mapping[str, Any], calls: int) -> Iterator[Figure]:
    """Yield what the month is likely to cost; nothing where there are no calls to forecast from."""
    if not calls:
        return
    cost, left = found["month_cost_usd"], found["days_left"]
    basis = found["reason"] or "the whole month"
    if cost["estimate"] is not None and left:
        spent = formatting.optional(found["spent_usd"], formatting.usd, "cost not known")
        basis = f"{spent} through {found['through'] or 'now'}, {counted(left, 'day')} to come"
    yield Figure(
        f"{'Forecast' if left else 'Cost'} of {date.fromisoformat(found['month'] + '-01'):%B %Y}",
        formatting.optional(cost["estimate"], formatting.usd),
        formatting.interval(cost, formatting.usd) if left else "",
        basis,
        known=cost["estimate"] is not None,
    )


def _cost_per_merge(costs: Mapping[str, Any]) -> Figure:
    basis = f"all costs over {formatting.count(costs['merged_pr_count'])} merged"
    reason = costs["cost_per_merged_pr_reason"]
    basis = f"{basis}; no interval: {reason}" if reason else basis
    figure = _plain("Cost per merged pull request", costs["cost_per_merged_pr_usd"], formatting.usd, basis)
    return replace(figure, interval=formatting.interval(costs["cost_per_merged_pr_interval"], formatting.usd))


def _merge_time(found: Mapping[str, Any], change: str) -> Figure:
    value = found["median_hours"]
    basis = f"{formatting.count(found['merged'])} merged of {formatting.count(found['opened'])} opened"
    if found["reason"]:
        basis = f"{basis}; {found['reason']}"
    return Figure(
        "Median time to merge",
        formatting.optional(value, formatting.hours),
        formatting.interval(found["interval"], formatting.hours),
        basis,
        change,
        known=value is not None,
    )


def _lead_time(found: Mapping[str, Any]) -> Iterator[Figure]:
    """Yield the time from first commit to merge; nothing where no commits of pull requests are known."""
    if found["median_hours"] is not None:
        yield Figure(
            "Median time from first commit to merge",
            formatting.hours(found["median_hours"]),
            formatting.interval(found["interval"], formatting.hours),
            f"{formatting.count(found['with_first_commit'])} of {formatting.count(found['merged'])} merged with known "
            "commits",
        )


def _rework(report: Mapping[str, Any], changes: Mapping[str, str]) -> Figure:
    figure = _share(report, "rework_rate", "Reopened pull requests", "closed", changes)
    still_open = report["rework"]["reopened_and_open"]
    return replace(figure, basis=_joined(figure.basis, f"{still_open:,} reopened and still open" if still_open else ""))


def _merged_basis(report: Mapping[str, Any]) -> str:
    """Return merges a week, from a window of a week on, and what bots merged beside them."""
    weekly = report["pr_throughput"]["weekly_merged_prs"]
    if weekly is None:
        return "no pull requests synced"
    rate = f"{formatting.number(weekly)} a week" if report["metadata"]["window"]["days"] >= _DAYS_A_WEEK else ""
    bots = report["bots"]
    waiting = _by_bots(bots["pull_requests_opened"], "opened") if not bots["pull_requests_merged"] else ""
    read = report["lead_time"]["read_from_git"]
    from_git = f"{read:,} read from git" if read else ""
    return _joined(rate, from_git, _by_bots(bots["pull_requests_merged"], "more"), waiting)


def _by_bots(number: int, what: str) -> str:
    return f"{number:,} {what} by bots" if number else ""


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _calls_basis(velocity: Mapping[str, Any]) -> str:
    """Return calls an hour, from first to last call; below a day of them a rate would say nothing."""
    per_hour, calls = velocity["sessions_per_hour"], velocity["total_sessions"]
    if not calls:
        return "no calls in the window"
    if per_hour is None or calls < _HOURS_A_DAY * per_hour:
        return ""
    return f"{formatting.number(per_hour)} an hour, nights included"


def _latency(report: Mapping[str, Any]) -> Figure:
    median, calls = (report["ai_interaction_velocity"][name] for name in ("median_latency_ms", "total_sessions"))
    known = calls - report["data_quality"]["unknown"]["latency"]
    basis = f"{counted(known, 'call')} with known latency"
    bounds = formatting.interval(report["median_latency_interval"], formatting.milliseconds)
    return replace(_plain("Median latency", median, formatting.milliseconds, basis), interval=bounds)


def _per(rate: float | None, unit: str, otherwise: str) -> str:
    return otherwise if rate is None else f"{formatting.number(rate)} {unit}"
