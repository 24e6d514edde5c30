"""Merged pull requests a week before and after authors began with an assistant, against those who had not begun."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from prodlens.metrics.estimates import interval
from prodlens.statistics.adoption import Adoption, Panel, adoption_effect
from prodlens.timestamps import first_monday, monday_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from prodlens.metrics.delivery import Delivery
    from prodlens.metrics.timeline import Window
    from prodlens.metrics.traced_people import Traces

_WEEK = timedelta(weeks=1)
LARGEST_P = 0.05
NO_TRACES = "no traces"


def adoption_section(people: Delivery, traces: Traces, period: Window) -> dict[str, Any]:
    """Return how merged pull requests a week changed after authors began.

    An author begins with the first of two weeks in a row with calls, provided that calls of the same tool were received
    from anybody before. Weeks before the first call of all are left out, since nobody could be seen then.

    Args:
        people: What was delivered, without bots.
        traces: Who was seen in which week.
        period: What is looked at; its whole weeks from Monday (UTC) count.
    """
    weeks = _weeks(traces, period)
    presence = _presence(people)
    active = _active(presence)
    openers = {pull.author.casefold() for pull in people.pull_requests if pull.author is not None}
    authors = {name for name in openers if weeks and name in active and active[name][1] >= weeks[0]}
    begun = {name: traces.beginning(name) for name in authors}
    seen_before = {
        name: week
        for name, week in begun.items()
        if week is not None and week > weeks[0] and traces.seen_before(name, week)
    }
    sporadic = {name for name in authors if begun[name] is None and traces.weeks.get(name)}
    always = {name for name, week in begun.items() if week is not None and name not in seen_before}
    kept = authors - sporadic - always
    cells = [cell for name in sorted(kept) for cell in _cells(name, active[name], weeks)]
    merged = _merged(people)
    found = _effect(cells, merged, seen_before, weeks)
    with_presence = _effect([one for one in cells if one in presence], merged, seen_before, weeks)
    trend = found.placebo_p is not None and found.placebo_p <= LARGEST_P
    return {
        "first_week": weeks[0].isoformat() if weeks else None,
        "weeks": len(weeks),
        "authors": len(kept),
        "began": len(seen_before),
        "adopters": found.adopters,
        "always": len(always),
        "sporadic": len(sporadic),
        "began_by_week": _began_by_week(seen_before, weeks),
        "verdict": _verdict(found, trend=trend),
        "reason": found.reason,
        "ratio": None if trend else found.ratio,
        "interval": None if trend else interval(found.interval),
        "p_value": None if trend else found.p,
        "minimum_detectable": None if trend else found.detectable,
        "ratio_without_absences": None if trend else with_presence.ratio,
        "placebo": {"ratio": found.placebo_ratio, "p_value": found.placebo_p},
        "by_week": [
            {"week": one.week, "ratio": None if trend and one.week >= 0 else one.ratio, "authors": one.authors}
            for one in found.weeks
        ],
    }


def _verdict(found: Adoption, *, trend: bool) -> str:
    """Return ``too_few``, ``already_changing``, ``more``, ``fewer`` or ``cannot_answer``."""
    if found.ratio is None or found.p is None:
        return "too_few"
    if trend:
        return "already_changing"
    if found.p > LARGEST_P:
        return "cannot_answer"
    return "more" if found.ratio > 1 else "fewer"


def _effect(
    cells: list[tuple[str, date]],
    merged: Mapping[tuple[str, date], int],
    begun: Mapping[str, date],
    weeks: list[date],
) -> Adoption:
    if not cells:
        return Adoption(0, reason=NO_TRACES)
    number = {week: at for at, week in enumerate(weeks)}
    panel = Panel(
        np.array([float(merged.get(cell, 0)) for cell in cells]),
        [name for name, _ in cells],
        [week for _, week in cells],
        np.array([number[week] for _, week in cells], dtype=np.int64),
        {name: (week - weeks[0]) // _WEEK for name, week in begun.items()},
    )
    return adoption_effect(panel)


def _weeks(traces: Traces, period: Window) -> list[date]:
    """Return the Mondays of the whole weeks of the period from the first call of all on."""
    if not traces.first_week_of_tool:
        return []
    start, end = (_day(moment) for moment in (period.start, period.end))
    first = max(first_monday(start), min(traces.first_week_of_tool.values()))
    return [first + at * _WEEK for at in range(max((end - first) // _WEEK, 0))]


def _active(presence: AbstractSet[tuple[str, date]]) -> dict[str, tuple[date, date]]:
    """Return first and last week in which each author was seen to open, merge or commit."""
    spans: dict[str, tuple[date, date]] = {}
    for name, week in presence:
        first, last = spans.get(name, (week, week))
        spans[name] = min(first, week), max(last, week)
    return spans


def _presence(people: Delivery) -> set[tuple[str, date]]:
    return set(_signs_of_presence(people))


def _signs_of_presence(people: Delivery) -> Iterator[tuple[str, date]]:
    for pull in people.pull_requests:
        if pull.author is not None:
            moments = (pull.created_at, pull.merged_at)
            yield from ((pull.author.casefold(), monday_of(_day(at))) for at in moments if at is not None)
    for commit in people.commits:
        if commit.author is not None:
            yield commit.author.casefold(), monday_of(_day(commit.timestamp))


def _cells(name: str, span: tuple[date, date], weeks: list[date]) -> Iterator[tuple[str, date]]:
    return ((name, week) for week in weeks if span[0] <= week <= span[1])


def _merged(people: Delivery) -> Counter[tuple[str, date]]:
    return Counter(
        (pull.author.casefold(), monday_of(_day(pull.merged_at)))
        for pull in people.pull_requests
        if pull.author is not None and pull.merged_at is not None
    )


def _began_by_week(begun: Mapping[str, date], weeks: list[date]) -> list[dict[str, Any]]:
    counts = Counter(begun.values())
    return [{"week": week.isoformat(), "authors": counts[week]} for week in weeks if counts[week]]


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()
