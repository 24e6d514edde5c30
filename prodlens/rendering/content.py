"""From a report to what is said about it, in the order in which a reader needs it: coverage first, details last."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from prodlens.rendering import charts, formatting
from prodlens.rendering.ai_share_section import ai_share_section
from prodlens.rendering.assisted_section import assisted_section
from prodlens.rendering.association_section import association_section, every_test_section
from prodlens.rendering.changes_section import changes_section
from prodlens.rendering.cost_sections import cost_section, ledger_section, vendor_section
from prodlens.rendering.document import Data, Document, Section, Table
from prodlens.rendering.figures import headline_figures
from prodlens.rendering.pull_request_section import pull_request_section
from prodlens.rendering.quality_sections import coverage_section, quality_section, streams_section
from prodlens.rendering.short_section import short_section, stale_days
from prodlens.rendering.what_to_change_section import cache_by_tool_section, what_to_change_section
from prodlens.rendering.wording import counted, merge_time_sentence, ratio_sentence, target_sentence
from prodlens.statistics.sample_sizes import FEWEST_DEVELOPERS
from prodlens.timestamps import day_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prodlens.rendering.document import Figure

_WEEKS_SHOWN = 12
_MODELS_SENTENCE = "No ranking: tasks were not assigned to models at random."


def build_document(report: Mapping[str, Any]) -> Document:
    """Return everything that a report says, for any renderer."""
    metadata = report["metadata"]
    simulated = bool(metadata.get("simulated"))
    sections = (
        short_section(report),
        coverage_section(report),
        _figures_section(report),
        pull_request_section(report),
        ai_share_section(report),
        changes_section(report),
        _weekly_section(report),
        _merge_time_section(report),
        assisted_section(report),
        association_section(report),
        cost_section(report),
        cache_by_tool_section(report),
        what_to_change_section(report),
        ledger_section(report),
        vendor_section(report),
        quality_section(report),
        streams_section(report),
        _decisions_section(report),
        _models_section(report),
        every_test_section(report),
        _settings_section(metadata),
    )
    return Document(
        repo=Data(metadata["repo"]),
        window=_window(metadata),
        notices=tuple(_notices(report, simulated=simulated)),
        sections=tuple(section.without_empty_columns() for section in sections if section is not None),
        simulated=simulated,
    )


def _figures_section(report: Mapping[str, Any]) -> Section:
    figures = headline_figures(report)
    known = tuple(figure for figure in figures if figure.known)
    changed = any(figure.change for figure in known)
    sentences = ["Changes are against the period before, with their 95% intervals."] if changed else []
    after = (*_not_known(figures), *_target(report), *_clusters(report))
    return Section("figures", "Headline figures", tuple(sentences), figures=known, after=after)


def _not_known(figures: Sequence[Figure]) -> Iterator[str]:
    """Yield, in one sentence, the figures that there are not enough data for, and why."""
    missing = [
        f"{figure.label[0].lower()}{figure.label[1:]} ({figure.basis})" for figure in figures if not figure.known
    ]
    if missing:
        yield f"Not enough data for: {'; '.join(missing)}."


def _clusters(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the intervals of shares of calls take to vary, where there are any."""
    found = (
        report["acceptance_rate_interval"] if report["acceptance_rate"] is not None else report["error_rate_interval"]
    )
    if not found["n"]:
        return
    if found["cluster"] == "developer":
        yield f"Intervals of figures on calls allow for what differs between {counted(found['people'], 'developer')}."
    else:
        yield (
            "Intervals of figures on calls allow for what differs between days. Fewer than "
            f"{FEWEST_DEVELOPERS} developers are named: if developers differ, these intervals are too narrow."
        )


def _target(report: Mapping[str, Any]) -> Iterator[str]:
    target = report["acceptance_target"]
    if target is not None:
        sentence = target_sentence(target["verdict"], target["target"])
        p_value = target["p_value"]
        decided = counted(report["acceptance_rate_interval"]["n"], "decision")
        yield f"Acceptance: {sentence}" + (
            "" if p_value is None else f" Binomial test of {decided}: p {formatting.equal(p_value)}."
        )


def _window(metadata: Mapping[str, Any]) -> str:
    """Return first and last day of the window, both included, as they are called in its time zone."""
    window, zone = metadata["window"], ZoneInfo(metadata["timezone"])
    start, end = (datetime.fromisoformat(window[name]) for name in ("start", "end"))
    first, last = day_of(start, zone), day_of(max(end - timedelta(microseconds=1), start), zone)
    days = formatting.count(window["days"]) if window["days"] >= 1 else formatting.number(window["days"])
    noun = "day" if days == "1" else "days"
    return f"{first} to {last} ({days} {noun}, {metadata['timezone']} time)"


def _notices(report: Mapping[str, Any], *, simulated: bool) -> list[str]:
    notices = list(_gate_verdict(report.get("gates") or ()))
    if simulated:
        notices.append("Simulated data: no figure on this page is about a real team.")
    age = stale_days(report)
    if age is not None:
        notices.append(
            f"Old data: the newest trace is {counted(age, 'day')} older than this report. Figures on calls say nothing "
            "about the time since."
        )
    missing = report["data_quality"].get("missing") or ()
    notices += [f"This report is partial: {sentence}." for sentence in missing]
    if report["data_quality"].get("sync", {}).get("partial") and not missing:
        notices.append(
            "The sync with GitHub is partial: it stopped at its budget or a rate limit. Pull requests and commits are "
            "missing until the next run goes on where it stopped."
        )
    return notices


def _gate_verdict(gates: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what the conditions of ``fail-if`` came to; nothing without conditions."""
    failed = [
        f"{gate['condition']} (it is {formatting.optional(gate['value'], formatting.number)})"
        for gate in gates
        if gate["failed"]
    ]
    if failed:
        yield f"Gate failed: {'; '.join(failed)}."
    elif gates:
        yield f"Gate passed: {counted(len(gates), 'condition')} checked."


def _weekly_section(report: Mapping[str, Any]) -> Section | None:
    weeks = report["weekly"]
    if not weeks:
        return None
    rows = tuple(
        (
            week["week"],
            *(
                formatting.optional(week.get(column), form, "not observed")
                for column, form in (
                    ("sessions", formatting.count),
                    ("cost_usd", formatting.usd),
                    ("commits", formatting.count),
                    ("merged_pull_requests", formatting.count),
                    ("reworked_pull_requests", formatting.count),
                )
            ),
        )
        for week in weeks[-_WEEKS_SHOWN:]
    )
    header = ("Week from", "Model calls", "Cost", "Commits", "Merged", "Reopened")
    sentences = ("Whole weeks from Monday. A week in which a source was not observed throughout has no figure for it.",)
    return Section(
        "weeks", "Week by week", sentences, charts=charts.weekly_charts(weeks), table=Table(header, rows, "lrrrrr")
    )


def _merge_time_section(report: Mapping[str, Any]) -> Section | None:
    found = report["merge_time"]
    chart = charts.survival_chart(found["curve"])
    if chart is None:
        return None
    rows = tuple((row["after"], row["label"], row["interval"]) for row in _thinned(chart.rows))
    table = Table(("After", "Not merged yet", "95% interval"), rows, "rrr")
    opened, merged, still_open, closed = (
        formatting.count(found[name]) for name in ("opened", "merged", "open", "closed_unmerged")
    )
    sentence = (
        f"Opened in the window: {opened}. Merged: {merged}. Still open, which counts as not merged yet: {still_open}. "
        f"Closed without a merge, which the curve leaves out: {closed}."
    )
    words = (_median(found), sentence, _against_before(report["periods"]["merge_time"]))
    return Section("merge-time", "Time to merge", tuple(filter(None, words)), charts=(chart,), table=table)


def _median(found: Mapping[str, Any]) -> str:
    bounds = found["interval"] or {"low": None, "high": None}
    return merge_time_sentence(
        found["median_hours"], bounds["low"], bounds["high"], found["merged"], found["merged"] + found["open"]
    )


def _against_before(change: Mapping[str, Any]) -> str:
    """Return how merge times compare with the period before: of merged ones, and with open ones by log-rank."""
    bounds = change["interval"] or {"low": None, "high": None}
    sentence = ratio_sentence(change["ratio"], bounds["low"], bounds["high"])
    if not change["merged_before"]:
        return ""
    p_value = change["log_rank_p_value"]
    test = "" if p_value is None else f" Log-rank test, with those still open: p {formatting.equal(p_value)}."
    merged, before = (formatting.count(change[name]) for name in ("merged", "merged_before"))
    return f"{sentence} Merged: {merged}, before: {before}.{test}"


def _thinned(rows: Sequence[Mapping[str, Any]], most: int = 12) -> Sequence[Mapping[str, Any]]:
    """Return at most so many rows, evenly chosen, the last one always."""
    if len(rows) <= most:
        return rows
    return [rows[round(step * (len(rows) - 1) / (most - 1))] for step in range(most)]


def _models_section(report: Mapping[str, Any]) -> Section | None:
    models = (report.get("effect_sizes") or {}).get("models") or ()
    if not models:
        return None
    rows = tuple(
        (
            Data(row["model"]),
            formatting.optional(row["acceptance_rate"], formatting.percent),
            formatting.interval(row["interval"], formatting.percent) or (row["interval"] or {}).get("reason") or "",
            f"{formatting.count(row['interval']['k'])} of {formatting.count(row['interval']['n'])}",
            _difference(row["difference"]),
        )
        for row in models
    )
    header = ("Model", "Accepted", "95% interval", "From", "Difference from the first")
    sentences = [_MODELS_SENTENCE]
    if any(row["interval"]["cluster"] != "developer" for row in models):
        sentences.append(
            f"Where fewer than {FEWEST_DEVELOPERS} developers decided on a model, its interval and its difference "
            "cannot tell the model from the people who use it."
        )
    return Section("models", "Acceptance by model", tuple(sentences), table=Table(header, rows, "lrrll"), folded=True)


def _decisions_section(report: Mapping[str, Any]) -> Section | None:
    """Return how the latencies of accepted and rejected calls differ; None without any of one kind."""
    found = report["effect_sizes"]["latency"]
    if not found["accepted_sessions"] or not found["rejected_sessions"]:
        return None
    rows = tuple(
        (
            label,
            formatting.optional(found[name], formatting.correlation),
            formatting.interval(found[f"{name}_interval"], formatting.correlation) or found["reason"] or "",
        )
        for label, name in (
            ("Longer less shorter, of all pairs (Cliff's delta)", "cliffs_delta"),
            ("Difference of log latencies in standard deviations (Hedges' g)", "hedges_g_log"),
        )
    )
    accepted, rejected = (
        f"{counted(found[f'{kind}_sessions'], f'{kind} call')}, median "
        f"{formatting.optional(found[f'median_{kind}_ms'], formatting.milliseconds)}"
        for kind in ("accepted", "rejected")
    )
    sentence = (
        f"Latency of {accepted}, against {rejected}. Above 0, accepted calls took longer. Calls count as independent."
    )
    table = Table(("Effect", "Estimate", "95% interval"), rows, "lrr")
    return Section("decisions", "Accepted against rejected calls", (sentence,), table=table, folded=True)


def _difference(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ""
    if found["estimate"] is None:
        return found["reason"] or formatting.NO_DATA
    bounds = formatting.points_interval(found["interval"])
    return f"{formatting.points(found['estimate'])} ({bounds})" if bounds else formatting.points(found["estimate"])


def _settings_section(metadata: Mapping[str, Any]) -> Section:
    rows = tuple(
        (name.replace("_", " "), Data(_setting(value)))
        for name, value in metadata.items()
        if name not in {"window", "repo", "simulated"} and value not in (None, [], "")
    )
    return Section("settings", "Settings", table=Table(("Setting", "Value"), rows, "ll"), folded=True)


def _setting(value: object) -> str:
    return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)
