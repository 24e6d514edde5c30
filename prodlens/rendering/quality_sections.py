"""What the report covers and how far its figures can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.rendering import formatting
from prodlens.rendering.document import Data, Section, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNKNOWN = ("acceptance", "status", "latency", "model", "price")
_ASSUMED = {
    "price_without_modifier": "Calls priced without a speed, tier or searches known to change the price",
    "price_of_maker": "Calls priced as by the model's maker",
    "time_of_file": "Calls with the time of their file",
}
_INGESTED = {
    "dead_letters": "Unusable records, kept as dead letters",
    "latency_withheld": "Calls whose latency is withheld",
}


_IMPLAUSIBLE = {
    "sessions": "Calls with a time that cannot be true, in no figure",
    "pull_requests": "Pull requests with a time that cannot be true, in no figure",
    "commits": "Commits with a time that cannot be true, in no figure",
}


def coverage_section(report: Mapping[str, Any]) -> Section:
    """Return who and what the traces cover, which comes before any figure."""
    coverage, traces = report["coverage"], report["data_quality"]["traces"]
    people = coverage["active_people"]
    share = coverage["share_seen"]
    seen = f"{formatting.count(coverage['seen_in_traces'])} of {formatting.count(people)}"
    rows = [
        (
            "Active committers and pull request authors seen in the traces",
            f"{seen} ({formatting.percent(share)})" if share is not None else "nobody was active in the window",
        ),
        ("People in the traces", formatting.count(coverage["developers_in_traces"])),
        ("Days of traces", _trace_days(traces)),
        ("Newest trace", _newest(traces)),
        ("Synced with GitHub", _synced(report["data_quality"].get("sync", {}))),
    ]
    if read := report["lead_time"]["read_from_git"]:
        text = f"{formatting.count(read)}; when they were opened is not known, nor what is open or was never merged"
        rows.append(("Merged pull requests read from git alone", text))
    return Section("coverage", "What this covers", table=Table(("Coverage", "Seen"), tuple(rows), "ll"))


def quality_section(report: Mapping[str, Any]) -> Section:
    """Return what is unknown in the traces and what was left out of them."""
    quality = report["data_quality"]
    unknown = quality["unknown"]
    calls = unknown["sessions"]
    assumed = quality.get("assumed") or {}
    rows = [(f"Calls with unknown {label}", _of(unknown[label], calls)) for label in _UNKNOWN if unknown[label]]
    if calls:
        counts = {
            "Tokens without a price": unknown["tokens_without_price"],
            **{text: assumed.get(name) for name, text in _ASSUMED.items()},
            "Longest run of days without a call": quality["traces"]["longest_gap_days"],
        }
        rows += [(text, formatting.count(number)) for text, number in counts.items() if number]
    implausible = quality["implausible"]
    rows += [(text, formatting.count(implausible[name])) for name, text in _IMPLAUSIBLE.items() if implausible[name]]
    rows += _ingested(quality.get("ingestion") or {})
    if not rows:
        sentence = "Nothing is unknown of these calls." if calls else "No calls in the window."
        return Section("quality", "Data quality", (sentence,))
    return Section("quality", "Data quality", table=Table(("What", "Count"), tuple(rows), "lr"))


def _ingested(ingestion: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = [(label, formatting.count(ingestion[name])) for name, label in _INGESTED.items() if ingestion.get(name)]
    skipped = ingestion.get("skipped_by_kind") or {}
    return [*rows, *((f"Left out, no model call: {kind}", formatting.count(n)) for kind, n in skipped.items())]


def streams_section(report: Mapping[str, Any]) -> Section | None:
    """Return the state of every stream of the sync; None before any sync."""
    streams = (report["data_quality"].get("sync") or {}).get("streams") or ()
    if not streams:
        return None
    rows = tuple(
        (
            Data(stream["stream"]),
            formatting.optional(stream["rows"], formatting.count, ""),
            (stream["synced_at"] or "never")[:16].replace("T", " "),
            "stopped early" if stream["partial"] else "complete",
            Data(stream["stopped"]) if stream["stopped"] else "",
        )
        for stream in streams
    )
    header = ("Stream", "Rows", "Synced at (UTC)", "State", "Stopped by")
    return Section("sync", "Sync with GitHub", table=Table(header, rows, "lrlll"), folded=True)


def _trace_days(traces: Mapping[str, Any]) -> str:
    if traces["first_day"] is None or traces["last_day"] is None:
        return "no traces"
    return (
        f"{traces['first_day']} to {traces['last_day']}, calls on {formatting.count(traces['days_with_sessions'])} of "
        f"{formatting.count(traces['days'])} days"
    )


def _newest(traces: Mapping[str, Any]) -> str:
    if traces["newest_at"] is None:
        return "no traces"
    newest = f"{traces['newest_at'][:16].replace('T', ' ')} UTC"
    age = traces["age_days"]
    return newest if age is None else f"{newest}, {formatting.hours(age * 24)} before the report"


def _synced(sync: Mapping[str, Any]) -> str:
    at = sync.get("last_synced_at")
    if at is None:
        return "never"
    return f"{at[:16].replace('T', ' ')} UTC{', partial' if sync.get('partial') else ''}"


def _of(part: int, whole: int) -> str:
    return f"{formatting.count(part)} of {formatting.count(whole)}"
