"""The window of a report and its history, cut into segments that never cross a day, a window or a period."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from prodlens.errors import ConfigurationError
from prodlens.metrics.request import moment_of
from prodlens.timestamps import day_of, day_start, day_starts, days_between

if TYPE_CHECKING:
    from datetime import date, datetime

    from prodlens.metrics.request import ReportRequest


@dataclass(frozen=True, slots=True)
class Window:
    """Half-open stretch of time ``[start, end)`` in UTC."""

    start: datetime
    end: datetime

    @property
    def days(self) -> float:
        """Length in days of 24 hours."""
        return (self.end - self.start) / timedelta(days=1)

    def within(self, other: Window) -> Window:
        """Return the part that both windows share; one without length where they share nothing."""
        start = max(self.start, other.start)
        return Window(start, max(start, min(self.end, other.end)))

    def holds(self, moment: datetime) -> bool:
        """Tell whether the moment lies inside."""
        return self.start <= moment < self.end


@dataclass(frozen=True, slots=True)
class Timeline:
    """Window, the equally long period before it, and all days that the report looks at.

    Attributes:
        window: What totals and tables cover.
        previous: The period of the same length that ends where the window starts.
        first_day: First day that associations, weeks and charts may look at.
        last_day: Last day that they may look at; before ``first_day`` when there are no such days.
        bounds: Start of every segment, then the end of the last, in UTC.
        days: Calendar day of every segment.
    """

    window: Window
    previous: Window
    first_day: date
    last_day: date
    bounds: tuple[datetime, ...]
    days: tuple[date, ...]

    def segments(self, window: Window) -> range:
        """Return the numbers of the segments inside a window whose ends are bounds."""
        return range(bisect_right(self.bounds, window.start) - 1, bisect_right(self.bounds, window.end) - 1)


def build_timeline(
    request: ReportRequest, last_observed: datetime | None, first_call: datetime | None = None
) -> Timeline:
    """Cut time as the request needs it.

    Args:
        request: What the report is asked for.
        first_call: Before it no call has to be counted by day: time is cut at the ends of the periods alone.
        last_observed: Last moment at which anything was observed; ends the window when the request does not.

    Raises:
        ConfigurationError: ``until`` is not after ``since``.
    """
    zone = request.zone
    window = _window(request, last_observed)
    start, end = window.start.astimezone(zone), window.end.astimezone(zone)
    previous = Window(
        (start - (end.replace(tzinfo=None) - start.replace(tzinfo=None))).astimezone(window.start.tzinfo), window.start
    )
    last_day = day_of(window.end - timedelta(microseconds=1), zone)
    first_day = last_day - timedelta(days=request.history_days - 1)
    first_cut = min(first_day, day_of(previous.start, zone))
    if first_call is not None:
        first_cut = max(first_cut, day_of(first_call, zone))
    starts = day_starts(days_between(first_cut, day_of(window.end, zone)), zone)
    marks = {previous.start, window.start, window.end, *starts}
    bounds = tuple(sorted(mark for mark in marks if mark <= window.end))
    if request.report_time is not None:
        last_day = min(last_day, day_of(request.report_time, zone) - timedelta(days=1))
    return Timeline(window, previous, first_day, last_day, bounds, tuple(day_of(mark, zone) for mark in bounds[:-1]))


def _window(request: ReportRequest, last_observed: datetime | None) -> Window:
    start = moment_of(request.since, request.zone)
    if request.until is not None:
        end = moment_of(request.until, request.zone)
        if end <= start:
            raise ConfigurationError(f"until ({request.until}) must be after since ({request.since})")
    elif last_observed is None:
        end = start
    else:
        end = day_start(day_of(last_observed, request.zone) + timedelta(days=1), request.zone)
    if request.report_time is not None:
        end = min(end, moment_of(request.report_time, request.zone))
    return Window(start, max(start, end))
