"""The window against the period before it, and the last whole week against the weeks before."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from prodlens.metrics import proportions
from prodlens.metrics.estimates import comparison, interval
from prodlens.metrics.merge_time import follow_up
from prodlens.metrics.series import AMOUNTS, SHORTEST_MERGE_HOURS, SUMMABLE, known_sum, whole_weeks
from prodlens.statistics.effect_sizes import hodges_lehmann_ratio
from prodlens.statistics.multiplicity import adjust_family
from prodlens.statistics.periods import compare_weeks, week_over_week
from prodlens.statistics.proportions import newcombe_difference
from prodlens.statistics.survival import log_rank
from prodlens.timestamps import day_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from prodlens.metrics.delivery import Delivery
    from prodlens.metrics.request import ReportRequest
    from prodlens.metrics.series import DailySeries
    from prodlens.metrics.timeline import Timeline, Window
    from prodlens.metrics.usage import Usage
    from prodlens.statistics.periods import Change
    from prodlens.statistics.proportions import Proportion


def periods_section(
    request: ReportRequest, timeline: Timeline, usage: Usage, delivery: Delivery, daily: Mapping[str, DailySeries]
) -> dict[str, Any]:
    """Return what changed from the period before, every p-value adjusted within this section's own family."""
    first = day_of(timeline.window.start, request.zone)
    days = max((timeline.last_day - first).days + 1, 0)
    later, earlier = (first, days), (first - timedelta(days=days), days)
    figures = [compare_totals(daily[name], later, earlier) for name in SUMMABLE]
    weeks = [_last_week(daily[name]) for name in SUMMABLE]
    merge_time = _merge_time(timeline, delivery)
    _adjust([*(figure["change"] for figure in figures), *weeks, merge_time])
    return {
        "this": _dates(later),
        "previous": _dates(earlier),
        "figures": figures,
        "week_over_week": weeks,
        "shares": _shares(timeline, usage, delivery),
        "merge_time": merge_time,
    }


def _dates(period: tuple[date, int]) -> dict[str, Any]:
    first, days = period
    return {"first_day": first.isoformat(), "days": days}


def compare_totals(series: DailySeries, later: tuple[date, int], earlier: tuple[date, int]) -> dict[str, Any]:
    """Compare what two periods, each (first day, days), had a day, by how much stretches of seven days vary.

    Totals are over the observed days of each period.
    """
    weeks = [_sevens(series, *period) for period in (later, earlier)]
    this, previous = _total(series, later), _total(series, earlier)
    means = (this["total"] / this["days"], previous["total"] / previous["days"]) if _both(this, previous) else None
    found = compare_weeks(*weeks, means=means)
    return {
        "name": series.name,
        "this": this,
        "previous": previous,
        "change": {**_change(found), "weeks": len(weeks[0]), "weeks_before": len(weeks[1])},
    }


def _sevens(series: DailySeries, first: date, days: int) -> list[float]:
    """Return the totals of the stretches of seven days that end with the period, each observed throughout."""
    starts = (first + timedelta(days=days - 7 * (number + 1)) for number in range(days // 7))
    return [total for total in map(series.total, starts) if total is not None]


def _both(this: Mapping[str, Any], previous: Mapping[str, Any]) -> bool:
    return bool(this["total"] and previous["total"])


def _total(series: DailySeries, period: tuple[date, int]) -> dict[str, Any]:
    first, days = period
    start = (first - series.first).days
    values = series.values[max(start, 0) : max(start + days, 0)]
    return {"total": known_sum(values) if values else None, "days": len(values)}


def _last_week(series: DailySeries) -> dict[str, Any]:
    """Compare the last whole week with the one before, by the size of the changes between earlier weeks."""
    weeks = whole_weeks(series, series.first, len(series.values))
    found = week_over_week([total for _, total in weeks], counts=series.name not in AMOUNTS)
    return {
        "name": series.name,
        "week": weeks[-1][0].isoformat() if weeks else None,
        "weeks": len(weeks),
        "before": found.before,
        "after": found.after,
        **_change(found),
    }


def _change(found: Change) -> dict[str, Any]:
    return {
        "ratio": found.ratio,
        "interval": interval(found.interval),
        "p_value": found.p,
        "q": None,
        "df": found.df,
        "reason": found.reason,
    }


def _merge_time(timeline: Timeline, delivery: Delivery) -> dict[str, Any]:
    """Compare the hours to merge of what was merged in the periods, and what was opened in them by log-rank."""
    merged = [_merged_hours(delivery, window) for window in (timeline.window, timeline.previous)]
    found = hodges_lehmann_ratio(*merged)
    followed = [follow_up(delivery.opened(window), window.end)[:2] for window in (timeline.window, timeline.previous)]
    test = log_rank(*followed[0], *followed[1])
    return {
        "ratio": found.ratio,
        "interval": interval(found.interval),
        "p_value": found.p,
        "q": None,
        "merged": found.n_a,
        "merged_before": found.n_b,
        "reason": found.reason,
        "log_rank_p_value": test.p,
    }


def _merged_hours(delivery: Delivery, window: Window) -> list[float]:
    hours = (pull.merge_hours for pull in delivery.merged(window))
    return [max(value, SHORTEST_MERGE_HOURS) for value in hours if value is not None]


def _shares(timeline: Timeline, usage: Usage, delivery: Delivery) -> list[dict[str, Any]]:
    """Return acceptance, errors and rework of both periods with the interval of their difference."""
    this, previous = usage.cells, usage.earlier_in(timeline.segments(timeline.previous))
    acceptance, errors = (
        (share(timeline, this, usage.people), share(timeline, previous, usage.people_before))
        for share in (proportions.acceptance, proportions.errors)
    )
    rework = (proportions.rework(delivery, window) for window in (timeline.window, timeline.previous))
    pairs = {"acceptance_rate": acceptance, "error_rate": errors, "rework_rate": rework}
    return [_share(name, *(share.found for share in pair)) for name, pair in pairs.items()]


def _share(name: str, this: Proportion, previous: Proportion) -> dict[str, Any]:
    return {
        "name": name,
        "this": this.share,
        "n": this.n,
        "previous": previous.share,
        "n_before": previous.n,
        "difference": comparison(newcombe_difference(this, previous)),
    }


def _adjust(rows: list[dict[str, Any]]) -> None:
    for row, q in zip(rows, adjust_family([row["p_value"] for row in rows]).q, strict=True):
        row["q"] = q
