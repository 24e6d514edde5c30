"""The rows behind each chart, read from a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.rendering import formatting
from prodlens.rendering.document import Chart
from prodlens.rendering.escaping import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

NO_MODEL = "(no model named)"
_HOURS_A_DAY = 24
_WEEKLY: tuple[tuple[str, str, str, str, Callable[[float], str]], ...] = (
    ("weekly-usage", "sessions", "Model calls a week", "calls", formatting.count),
    ("weekly-cost", "cost_usd", "Cost a week", "US dollars", formatting.usd),
    ("weekly-merges", "merged_pull_requests", "Merged pull requests a week", "pull requests", formatting.count),
)


def weekly_charts(weeks: Sequence[Mapping[str, Any]]) -> tuple[Chart, ...]:
    """Return usage, cost and merges of whole weeks; a week in which a source was not observed has no bar."""
    return tuple(
        Chart(name, title, f"Bar chart: {title.lower()}, one bar a week.", unit, _week_rows(weeks, column, form))
        for name, column, title, unit, form in _WEEKLY
        if any(week.get(column) is not None for week in weeks)
    )


def _week_rows(
    weeks: Sequence[Mapping[str, Any]], column: str, form: Callable[[float], str]
) -> tuple[dict[str, Any], ...]:
    return tuple(
        {
            "week": week["week"],
            "value": week.get(column),
            "label": formatting.optional(week.get(column), form, "not observed"),
        }
        for week in weeks
    )


def lag_chart(tests: Sequence[Mapping[str, Any]], title: str) -> Chart | None:
    """Return the correlation at every lag with its interval, the placebo lags to the left; None without any."""
    rows = tuple(
        {
            "lag": test["lag_days"],
            "r": test["r"],
            "low": (test["interval"] or {}).get("low"),
            "high": (test["interval"] or {}).get("high"),
            "kind": "use first" if test["lag_days"] >= 0 else "outcome first (placebo)",
            "label": formatting.correlation(test["r"]),
            "interval": formatting.interval(test["interval"], formatting.correlation),
            "pairs": formatting.count(test["count"]),
        }
        for test in sorted(tests, key=lambda test: test["lag_days"])
        if test["r"] is not None
    )
    description = (
        "Correlation of use with outcome at each lag in days, with 95% intervals; negative lags are a placebo."
    )
    return Chart("lags", title, description, "correlation", rows) if rows else None


def survival_chart(curve: Sequence[Mapping[str, Any]]) -> Chart | None:
    """Return the share of pull requests not merged yet over the days since opening; None without a curve."""
    if not curve:
        return None
    opening = {"hours": 0.0, "share_unmerged": 1.0, "low": 1.0, "high": 1.0}
    rows = tuple(
        {
            "days": point["hours"] / _HOURS_A_DAY,
            "open_share": point["share_unmerged"],
            "low": point["low"],
            "high": point["high"],
            "after": formatting.hours(point["hours"]),
            "label": formatting.percent(point["share_unmerged"]),
            "interval": formatting.interval(point, formatting.percent) if point is not opening else "",
        }
        for point in (opening, *curve)
        if point["share_unmerged"] is not None
    )
    description = "Step curve: the share of pull requests that is not merged yet, by days since opening."
    return Chart("survival", "How long pull requests wait for their merge", description, "share", rows)


def model_chart(models: Sequence[Mapping[str, Any]]) -> Chart | None:
    """Return the cost of each priced model, dearest first; None when none has a price."""
    rows = tuple(
        {
            "model": visible(NO_MODEL if row["model"] is None else row["model"], longest=48),
            "cost_usd": row["cost_usd"],
            "label": formatting.usd(row["cost_usd"]),
            "calls": formatting.count(row["sessions"]),
        }
        for row in models
        if row["cost_usd"] is not None
    )
    return (
        Chart("models", "Cost in US dollars", "Bar chart: cost in US dollars, one bar a model.", "US dollars", rows)
        if rows
        else None
    )
