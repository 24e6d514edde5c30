"""Daily and weekly series: each source over its observed span, with a zero on a day without activity."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from prodlens.report.usage import totals
from prodlens.timestamps import day_of, days_between

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from prodlens.delivery import Delivery
    from prodlens.report.request import ReportRequest
    from prodlens.report.timeline import Timeline
    from prodlens.report.usage import Cell, Usage

USAGE_SERIES = ("sessions", "tokens", "cost_usd")
OUTCOME_SERIES = ("commits", "merged_pull_requests", "reworked_pull_requests")
# Counts of whole things; the other series are amounts.
_DAYS_A_WEEK = 7


@dataclass(frozen=True, slots=True)
class DailySeries:
    """One value a day from ``first`` on, without holes."""

    name: str
    first: date
    values: tuple[float, ...]

    @property
    def last(self) -> date:
        """Last day of the series; before ``first`` when it is empty."""
        return self.first + timedelta(days=len(self.values) - 1)

    def at(self, day: date) -> float | None:
        """Return the value of a day, None when it was not observed."""
        offset = (day - self.first).days
        return self.values[offset] if 0 <= offset < len(self.values) else None

    def over(self, first: date, days: int) -> tuple[float, ...] | None:
        """Return the values of ``days`` days from ``first`` on, None unless all were observed."""
        offset = (first - self.first).days
        return self.values[offset : offset + days] if offset >= 0 and offset + days <= len(self.values) else None


@dataclass(frozen=True, slots=True)
class Observed:
    """First and last day on which a source was observed; None where it never was."""

    first: date | None
    last: date | None


def observed_days(moments: Iterable[datetime | None], request: ReportRequest) -> Observed:
    """Return the span of days from the earliest to the latest of the moments."""
    days = [day_of(moment, request.zone) for moment in moments if moment is not None]
    return Observed(min(days, default=None), max(days, default=None))


def daily_series(
    request: ReportRequest, timeline: Timeline, usage: Usage, delivery: Delivery
) -> dict[str, DailySeries]:
    """Return every daily series by name, over the observed part of the history."""
    sessions = observed_days((usage.first, usage.last), request)
    commits = observed_days((c.timestamp for c in delivery.commits), request)
    pulls = observed_days(delivery.pull_request_moments(), request)
    by_day: dict[date, list[Cell]] = {}
    for cell in usage.cells:
        by_day.setdefault(timeline.days[cell.segment], []).append(cell)
    day_totals = {day: totals(cells) for day, cells in by_day.items()}
    counts: dict[str, tuple[Observed, Mapping[date, float]]] = {
        "sessions": (sessions, {day: total.calls for day, total in day_totals.items()}),
        "tokens": (sessions, {day: total.tokens for day, total in day_totals.items()}),
        "cost_usd": (sessions, {day: total.cost_usd or 0.0 for day, total in day_totals.items()}),
        "commits": (commits, _count(request, (c.timestamp for c in delivery.commits))),
        "merged_pull_requests": (pulls, _count(request, (p.merged_at for p in delivery.pull_requests))),
        "reworked_pull_requests": (pulls, _count(request, (p.reworked_at for p in delivery.pull_requests))),
    }
    return {name: _series(name, timeline, observed, values) for name, (observed, values) in counts.items()}


def daily_table(series: Mapping[str, DailySeries]) -> dict[str, Any]:
    """Return the series as one table of columns over all days on which any source was observed."""
    observed = [one for one in series.values() if one.values]
    first = min((one.first for one in observed), default=None)
    days = [] if first is None else list(days_between(first, max(one.last for one in observed)))
    columns = {name: [one.at(day) for day in days] for name, one in series.items()}
    return {"days": [day.isoformat() for day in days], **columns}


def weekly_table(series: Mapping[str, DailySeries]) -> list[dict[str, Any]]:
    """Return the totals of every whole week (from Monday) on which any source was observed throughout, oldest first."""
    observed = [one for one in series.values() if one.values]
    if not observed:
        return []
    first = min(one.first for one in observed)
    monday = first + timedelta(days=-first.weekday() % _DAYS_A_WEEK)
    last = max(one.last for one in observed)
    weeks = range((last - monday).days // _DAYS_A_WEEK + 1)
    rows = [_week(monday + timedelta(weeks=number), series) for number in weeks]
    return [row for row in rows if any(row[name] is not None for name in series)]


def _week(monday: date, series: Mapping[str, DailySeries]) -> dict[str, Any]:
    row: dict[str, Any] = {"week": monday.isoformat()}
    for name, one in series.items():
        values = one.over(monday, _DAYS_A_WEEK)
        row[name] = None if values is None else sum(values)
    return row


def _count(request: ReportRequest, moments: Iterable[datetime | None]) -> Counter[date]:
    return Counter(day_of(moment, request.zone) for moment in moments if moment is not None)


def _series(name: str, timeline: Timeline, observed: Observed, values: Mapping[date, float]) -> DailySeries:
    if observed.first is None or observed.last is None:
        return DailySeries(name, timeline.first_day, ())
    first = max(observed.first, timeline.first_day)
    last = min(observed.last, timeline.last_day)
    return DailySeries(name, first, tuple(values.get(day, 0) for day in days_between(first, last)))
