"""What the calendar month is likely to cost: what its calls have cost so far, and a forecast of the days to come."""

from __future__ import annotations

from calendar import monthrange
from datetime import timedelta
from math import isfinite
from typing import TYPE_CHECKING, Any

from prodlens.metrics.series import known_sum
from prodlens.statistics.estimates import TOO_LARGE
from prodlens.statistics.forecast import MOST_WEEKS, Forecast, forecast_sum
from prodlens.statistics.sample_sizes import MOST_DAYS_WITHOUT_TRACES
from prodlens.timestamps import day_of, days_between

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from prodlens.metrics.request import ReportRequest
    from prodlens.metrics.series import DailySeries
    from prodlens.metrics.timeline import Timeline

_DAYS_A_WEEK = 7
_UNPRICED = "calls without a known price, and no others"


def forecast_section(request: ReportRequest, timeline: Timeline, cost: DailySeries) -> dict[str, Any]:
    """Return the forecast of the month in which the report is made, or in which its window ends if that was earlier.

    Args:
        request: Report time and time zone.
        timeline: The window.
        cost: Cost in US dollars a day, as far as it was observed.

    Returns:
        ``month_cost_usd`` has ``low``, ``estimate``, ``high`` and ``level``, all None with a ``reason``. The running
        day is one of the ``days_left``. Calls without a known price are left out.
    """
    today = _reference_day(request, timeline, cost)
    first = today.replace(day=1)
    last = first.replace(day=monthrange(first.year, first.month)[1])
    observed = days_between(max(first, cost.first), min(cost.last, last))
    spent = known_sum([cost.at(day) for day in observed])
    left = days_between(max(first, cost.last + timedelta(days=1)), last)
    found = _forecast(cost, today, left)
    if found.reason is None and first < timeline.first_day:
        found = Forecast(None, None, found.weeks, "history-days does not reach back to the first of the month")
    if found.reason is None and spent is None:
        found = Forecast(None, None, found.weeks, _UNPRICED)
    if found.estimate is not None and not isfinite((spent or 0.0) + found.estimate):
        found = Forecast(None, None, found.weeks, TOO_LARGE)
    low, estimate, high = _bounds(found, spent)
    return {
        "month": f"{first:%Y-%m}",
        "through": cost.last.isoformat() if cost.values else None,
        "spent_usd": spent if cost.values else None,
        "days_left": len(left),
        "weeks": found.weeks,
        "month_cost_usd": {
            "low": low,
            "estimate": estimate,
            "high": high,
            "level": None if low is None or found.interval is None else found.interval.level,
        },
        "reason": found.reason,
    }


def _reference_day(request: ReportRequest, timeline: Timeline, cost: DailySeries) -> date:
    """Return the day from which the report looks: today, or the last day of a window that ended before."""
    days = [] if request.report_time is None else [day_of(request.report_time, request.zone)]
    if request.until is not None:
        days.append(day_of(timeline.window.end - timedelta(microseconds=1), request.zone))
    return min(days, default=cost.last)


def _forecast(cost: DailySeries, today: date, left: Sequence[date]) -> Forecast:
    if not cost.values:
        return Forecast(None, None, 0, "no traces")
    unseen = (today - cost.last).days - 1
    if left and unseen > MOST_DAYS_WITHOUT_TRACES:
        return Forecast(None, None, 0, f"the traces end {unseen} days before the report")
    recent = cost.values[-min(len(cost.values) // _DAYS_A_WEEK, MOST_WEEKS) * _DAYS_A_WEEK :]
    weeks = [recent[start : start + _DAYS_A_WEEK] for start in range(0, len(recent), _DAYS_A_WEEK)]
    if left and any(known_sum(week) is None for week in weeks):
        return Forecast(None, None, len(weeks), _UNPRICED)
    return forecast_sum([value or 0.0 for value in recent], [(day - cost.last).days for day in left])


def _bounds(found: Forecast, spent: float | None) -> tuple[float | None, float | None, float | None]:
    """Return low, estimate and high of the whole month; what was spent cannot become less."""
    if found.estimate is None or spent is None:
        return None, None, None
    estimate = spent + found.estimate
    if found.interval is None or found.interval.low is None or found.interval.high is None:
        return None, estimate, None
    return spent + found.interval.low, estimate, spent + found.interval.high
