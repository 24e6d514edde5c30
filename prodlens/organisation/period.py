"""The days that an organisation's report is on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

_WHOLE_MONTHS = 2


@dataclass(frozen=True, slots=True)
class Period:
    """The days from ``since`` on and before ``until``, in UTC."""

    since: date
    until: date


def usual_start(until: date) -> date:
    """Return the first day of a period that has the month of its last day and two whole ones before it."""
    month = (until - timedelta(days=1)).replace(day=1)
    for _ in range(_WHOLE_MONTHS):
        month = (month - timedelta(days=1)).replace(day=1)
    return month
