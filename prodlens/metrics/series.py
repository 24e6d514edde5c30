"""Daily and weekly series: each source over its observed span, with a zero on a day without activity."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from math import isfinite
from statistics import geometric_mean
from typing import TYPE_CHECKING, Any

from prodlens.metrics.usage import add, known_cost
from prodlens.timestamps import day_of, days_between, first_monday

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from prodlens.metrics.delivery import Delivery
    from prodlens.metrics.request import ReportRequest
    from prodlens.metrics.timeline import Timeline
    from prodlens.metrics.usage import Cell, EarlierCell, Usage

# Series whose days add up to weeks; the others are typical values of a day.
SUMMABLE = ("sessions", "tokens", "cost_usd", "commits", "merged_pull_requests", "reworked_pull_requests")
# Those of them that have no natural unit.
AMOUNTS = frozenset({"tokens", "cost_usd"})
_DAYS_A_WEEK = 7
# A merge within a minute of opening is taken as one of a minute, so that it has a logarithm.
SHORTEST_MERGE_HOURS = 1 / 60


@dataclass(frozen=True, slots=True)
class DailySeries:
    """One value a day from ``first`` on; None where a day has no value: no merge to time, or no call with a price."""

    name: str
    first: date
    values: tuple[float | None, ...]

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, offset: int) -> float | None:
        return self.values[offset]

    @property
    def last(self) -> date:
        """Last day of the series; before ``first`` when it is empty."""
        return self.first + timedelta(days=len(self.values) - 1)

    def at(self, day: date) -> float | None:
        """Return the value of a day, None when it was not observed."""
        offset = (day - self.first).days
        return self.values[offset] if 0 <= offset < len(self.values) else None

    def total(self, monday: date) -> float | None:
        """Return the sum over the week that begins on the day, None unless all of it was observed."""
        offset = (monday - self.first).days
        if offset < 0 or offset + _DAYS_A_WEEK > len(self.values):
            return None
        return known_sum(self.values[offset : offset + _DAYS_A_WEEK])


def known_sum(values: Sequence[float | None]) -> float | None:
    """Return the sum of the known values; None when nothing but zeros is known, or the sum is infinite.

    A week whose calls all lack a price did not cost 0 dollars, and a Sunday without calls does not change that.
    """
    known = [value for value in values if value is not None]
    if len(known) < len(values) and not any(known):
        return None
    total = sum(known)
    return total if isfinite(total) else None


@dataclass(frozen=True, slots=True)
class Observed:
    """First and last day on which a source was observed; None where it never was."""

    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class Reading:
    """How far a source was read, whether or not anything happened: ``since`` to ``through``, None where not known."""

    since: datetime | None = None
    through: datetime | None = None


def observed_days(moments: Iterable[datetime | None], reading: Reading, request: ReportRequest) -> Observed:
    """Return the span of days from the earliest to the latest of the moments, and those wholly read around it."""
    known = [moment for moment in moments if moment is not None]
    if not known:
        return Observed(None, None)
    days = [day_of(moment, request.zone) for moment in (min(known), max(known))]
    if reading.since is not None:
        # A day read from its middle on was not observed.
        days.append(day_of(reading.since - timedelta(microseconds=1), request.zone) + timedelta(days=1))
    if reading.through is not None:
        days.append(day_of(reading.through, request.zone) - timedelta(days=1))
    return Observed(min(days), max(days))


def daily_series(
    request: ReportRequest, timeline: Timeline, usage: Usage, delivery: Delivery, readings: Mapping[str, Reading]
) -> dict[str, DailySeries]:
    """Return every daily series by name, over the observed part of the history.

    ``readings`` says how far ``sessions``, ``commits`` and ``pull_requests`` were read. What bots did shows that a day
    was observed, and counts as no delivery.
    """
    nothing, people = Reading(), delivery.by_people()
    sessions = observed_days((usage.first, usage.last), readings.get("sessions", nothing), request)
    commits = observed_days((c.timestamp for c in delivery.commits), readings.get("commits", nothing), request)
    pulls = observed_days(delivery.pull_request_moments(), readings.get("pull_requests", nothing), request)
    counted: list[Cell | EarlierCell] = [*usage.earlier, *usage.cells]
    by_day: dict[date, list[Cell | EarlierCell]] = {}
    for cell in counted:
        by_day.setdefault(timeline.days[cell.segment], []).append(cell)
    counts: dict[str, tuple[Observed, Mapping[date, float | None]]] = {
        "sessions": (sessions, {day: sum(cell.calls for cell in cells) for day, cells in by_day.items()}),
        "tokens": (sessions, {day: int(add(cell.tokens for cell in cells)) for day, cells in by_day.items()}),
        "cost_usd": (sessions, {day: known_cost(cells) for day, cells in by_day.items()}),
        "commits": (commits, _count(request, (c.timestamp for c in people.commits))),
        "merged_pull_requests": (pulls, _count(request, (p.merged_at for p in people.pull_requests))),
        "reworked_pull_requests": (pulls, _count(request, (p.reworked_at for p in people.pull_requests))),
    }
    series = {name: _series(name, timeline, observed, values, 0) for name, (observed, values) in counts.items()}
    typical = _typical_merge_hours(request, people)
    return {**series, "merge_hours": _series("merge_hours", timeline, pulls, typical, None)}


def daily_table(series: Mapping[str, DailySeries]) -> dict[str, Any]:
    """Return the series as one table of columns over all days on which any source was observed."""
    observed = [one for one in series.values() if one.values]
    first = min((one.first for one in observed), default=None)
    days = [] if first is None else days_between(first, max(one.last for one in observed))
    columns = {name: [one.at(day) for day in days] for name, one in series.items()}
    return {"days": [day.isoformat() for day in days], **columns}


def whole_weeks(series: DailySeries, first: date, days: int) -> list[tuple[date, float]]:
    """Return (Monday, total) of every week from Monday to Sunday that lies in the days and was observed throughout."""
    monday = first_monday(first)
    weeks = (days - (monday - first).days) // _DAYS_A_WEEK
    totals = ((monday + timedelta(weeks=week), series.total(monday + timedelta(weeks=week))) for week in range(weeks))
    return [(week, total) for week, total in totals if total is not None]


def weekly_table(series: Mapping[str, DailySeries]) -> list[dict[str, Any]]:
    """Return the totals of every whole week on which any source was observed throughout, oldest first."""
    totals = {name: dict(whole_weeks(series[name], series[name].first, len(series[name].values))) for name in SUMMABLE}
    weeks = sorted({week for by_week in totals.values() for week in by_week})
    return [{"week": week.isoformat(), **{name: totals[name].get(week) for name in SUMMABLE}} for week in weeks]


def _count(request: ReportRequest, moments: Iterable[datetime | None]) -> dict[date, float | None]:
    return dict(Counter(day_of(moment, request.zone) for moment in moments if moment is not None))


def _typical_merge_hours(request: ReportRequest, delivery: Delivery) -> dict[date, float | None]:
    """Return the geometric mean of the hours to merge by day of merging: merge times are skewed."""
    hours: dict[date, list[float]] = {}
    for pull in delivery.pull_requests:
        if pull.merged_at is not None and pull.merge_hours is not None:
            merged_on = day_of(pull.merged_at, request.zone)
            hours.setdefault(merged_on, []).append(max(pull.merge_hours, SHORTEST_MERGE_HOURS))
    return {day: geometric_mean(values) for day, values in hours.items()}


def _series(
    name: str,
    timeline: Timeline,
    observed: Observed,
    values: Mapping[date, float | None],
    quiet: float | None,
) -> DailySeries:
    """Return the values over the observed part of the history; a day without any is ``quiet``."""
    if observed.first is None or observed.last is None:
        return DailySeries(name, timeline.first_day, ())
    first = max(observed.first, timeline.first_day)
    last = min(observed.last, timeline.last_day)
    return DailySeries(name, first, tuple(values.get(day, quiet) for day in days_between(first, last)))
