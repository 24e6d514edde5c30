"""How far the figures can be trusted: who and what the traces and the sync cover, and what is unknown in them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from prodlens.calls import MAKERS_PRICE, WITHOUT_MODIFIER
from prodlens.commits import is_bot
from prodlens.metrics.headline import ratio
from prodlens.metrics.usage import totals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from prodlens.metrics.delivery import Delivery
    from prodlens.metrics.request import ReportRequest
    from prodlens.metrics.series import DailySeries
    from prodlens.metrics.timeline import Timeline
    from prodlens.metrics.usage import Cell, Usage

_STREAM_KEYS = ("stream", "rows", "since", "synced_at", "partial", "stopped")
_INGESTION_KEYS = ("last_ingested_at", "sources", "entries", "dead_letters", "latency_withheld")


def coverage(request: ReportRequest, timeline: Timeline, usage: Usage, delivery: Delivery) -> dict[str, Any]:
    """Return how many of the people who committed or opened pull requests in the window are seen in its traces.

    People are matched by login, whatever its case, after ``request.people`` has named those who are called otherwise
    in traces. Bots are left out. No name leaves this function.
    """
    logins = {name.casefold(): login.casefold() for name, login in request.people}
    traced = {logins.get(name.casefold(), name.casefold()) for name in usage.developers}
    committers = _people(logins, (commit.author for commit in delivery.committed(timeline.window)))
    read_from_git = [pull for pull in delivery.merged(timeline.window) if pull.is_from_git]
    pulls = [*delivery.opened(timeline.window), *read_from_git]
    authors = _people(logins, (None if pull.is_bot else pull.author for pull in pulls))
    active = committers | authors
    return {
        "developers_in_traces": len(usage.developers),
        "active_people": len(active),
        "active_committers": len(committers),
        "active_pull_request_authors": len(authors),
        "seen_in_traces": len(active & traced),
        "share_seen": ratio(len(active & traced), len(active)),
    }


def data_quality(
    request: ReportRequest,
    usage: Usage,
    cells: Sequence[Cell],
    daily: Mapping[str, DailySeries],
    readings: tuple[Mapping[str, Any], Mapping[str, Any]],
    to_know: tuple[Mapping[str, int], int] = ({}, 0),
    implausible: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Return what is known of traces and sync and what is missing in them, over the window unless said otherwise.

    ``readings`` are the states of the sync and of the ingestion, ``to_know`` the calls by their caveats on a price and
    the number of those with an estimated time, ``implausible`` what has a time that cannot be true, by kind.
    """
    sync, ingestion = readings
    caveats, estimated = to_know
    everything = totals(cells)
    latencies = sum(len(values) for values in usage.latencies_ms.values())
    return {
        "traces": _traces(request, usage, daily["sessions"]),
        "unknown": {
            "sessions": everything.calls,
            "acceptance": sum(cell.calls for cell in cells if cell.accepted is None),
            "status": everything.calls - everything.known_statuses,
            "latency": everything.calls - latencies,
            "model": sum(cell.calls for cell in cells if cell.model is None),
            "price": everything.calls - everything.priced_calls,
            "tokens_without_price": everything.unpriced_tokens,
        },
        "implausible": dict(implausible or {}),
        "assumed": {
            "price_without_modifier": caveats.get(WITHOUT_MODIFIER, 0),
            "price_of_maker": caveats.get(MAKERS_PRICE, 0),
            "time_of_file": estimated,
        },
        "sync": {
            "partial": sync["partial"],
            "last_synced_at": sync["last_synced_at"],
            "streams": [{name: stream[name] for name in _STREAM_KEYS} for stream in sync["streams"]],
        },
        "ingestion": {
            **{name: ingestion[name] for name in _INGESTION_KEYS},
            "skipped": sum(ingestion["skipped"].values()),
            "skipped_by_kind": ingestion["skipped"],
        },
    }


def _traces(request: ReportRequest, usage: Usage, sessions: DailySeries) -> dict[str, Any]:
    """Return age, span and gaps of the traces, over the whole observed history."""
    age = None
    if usage.last is not None and request.report_time is not None:
        age = (request.report_time - usage.last) / timedelta(days=1)
    return {
        "newest_at": None if usage.last is None else usage.last.isoformat(),
        "age_days": age,
        "first_day": sessions.first.isoformat() if sessions.values else None,
        "last_day": sessions.last.isoformat() if sessions.values else None,
        "days": len(sessions.values),
        "days_with_sessions": sum(bool(value) for value in sessions.values),
        "longest_gap_days": _longest_gap(sessions.values),
    }


def _longest_gap(values: Iterable[float | None]) -> int:
    """Return the length of the longest run of zeros."""
    longest = run = 0
    for value in values:
        run = 0 if value else run + 1
        longest = max(longest, run)
    return longest


def _people(logins: Mapping[str, str], names: Iterable[str | None]) -> set[str]:
    people = {name.casefold() for name in names if name is not None}
    return {logins.get(name, name) for name in people if not is_bot(name)}
