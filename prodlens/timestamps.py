"""What a moment and a day are: every time is UTC, a day is a calendar day of one time zone."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

# Unix times are told apart by magnitude: seconds until the year 5138, then milli-, micro- and nanoseconds.
_SECONDS_LIMIT = 1e11
_MILLISECONDS_LIMIT = 1e14
_MICROSECONDS_LIMIT = 1e17

# The first moment that can be true, and by how much a clock can be ahead of ours.
EARLIEST = datetime(2005, 1, 1, tzinfo=UTC)
MOST_AHEAD = timedelta(days=2)

_WHOLE_SECOND = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:Z|\+00:00)")
_LONG_FRACTION = re.compile(r"([.,]\d{6})\d+")
_OFFSET_AND_Z = re.compile(r"([+-]\d{2}:?\d{2})Z$", re.IGNORECASE)


def as_utc(moment: datetime) -> datetime:
    """Return the moment in UTC; a naive one is taken as UTC."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def latest_plausible(now: datetime) -> datetime:
    """Return the last moment that can be true at ``now``; a naive one is taken as UTC."""
    return min(as_utc(now), datetime.max.replace(tzinfo=UTC) - MOST_AHEAD) + MOST_AHEAD


def is_plausible(at: datetime, now: datetime) -> bool:
    """Return whether a moment can be true: from 2005 to two days after ``now``, both included.

    Clocks that were never set and dates made up by a script are outside. Such a record is stored and counted as
    implausible; it takes part in no window, span or "last observed day".
    """
    return EARLIEST <= as_utc(at) <= latest_plausible(now)


def parse_timestamp(value: object) -> datetime | None:
    """Read a moment from ISO 8601 text or a Unix time; None when it is neither.

    Accepted: any offset, ``Z``, none (UTC), a blank for the ``T``, an offset followed by a ``Z``, more than six
    fractional digits; seconds, milliseconds, microseconds and nanoseconds as int, float or text.
    """
    if isinstance(value, datetime):
        return _guarded_utc(value)
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return _from_unix(value)
    if isinstance(value, str):
        return _from_text(value.strip())
    return None


def _from_text(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return _guarded_utc(datetime.fromisoformat(text))
    except ValueError:
        pass
    try:
        return _from_unix(float(text) if not text.lstrip("+-").isdigit() else int(text))
    except ValueError:
        pass
    try:
        return _guarded_utc(datetime.fromisoformat(_OFFSET_AND_Z.sub(r"\1", _LONG_FRACTION.sub(r"\1", text))))
    except ValueError:
        return None


def _from_unix(value: float) -> datetime | None:
    if not math.isfinite(value):
        return None
    size = abs(value)
    if size >= _MICROSECONDS_LIMIT:
        value /= 1_000_000_000
    elif size >= _MILLISECONDS_LIMIT:
        value /= 1_000_000
    elif size >= _SECONDS_LIMIT:
        value /= 1_000
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _guarded_utc(moment: datetime) -> datetime | None:
    try:
        return as_utc(moment)
    except OverflowError:  # the first or last day of the calendar, moved out of it by its offset
        return None


def iso_utc(value: object) -> str | None:
    """Return the moment as ISO 8601 text in UTC (``2026-05-01T10:00:00+00:00``), None when unreadable."""
    if isinstance(value, str) and value.endswith(("Z", "+00:00")) and _WHOLE_SECOND.fullmatch(value):
        try:  # what GitHub and the store write, without making the same text again
            datetime.fromisoformat(value)
        except ValueError:
            return None
        return value if value[-1] == "0" else f"{value[:-1]}+00:00"
    moment = parse_timestamp(value)
    return None if moment is None else moment.isoformat()


def days_between(first: date, last: date) -> list[date]:
    """Return every calendar day from ``first`` to ``last``, both included."""
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


@cache
def monday_of(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def first_monday(day: date) -> date:
    """Return the first Monday from a day on: the day itself where it is one."""
    return day + timedelta(days=-day.weekday() % 7)


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """Return the moment in UTC at which the day begins in the time zone."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def day_starts(days: Iterable[date], zone: ZoneInfo) -> list[datetime]:
    """Return the moments in UTC at which days begin in the time zone, in the order of the days."""
    return [day_start(day, zone) for day in days]


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """Return the calendar day of the moment in the time zone."""
    return (moment if moment.tzinfo is not None else as_utc(moment)).astimezone(zone).date()
