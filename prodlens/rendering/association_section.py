"""How days of use and of delivery move together: a description, folded away, which answers no question of benefit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.rendering import charts, formatting
from prodlens.rendering.document import Section, Table
from prodlens.rendering.wording import CAVEAT, association_numbers, counted, report_association_sentences
from prodlens.statistics.sample_sizes import FEWEST_DAYS_FOR_Q

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SERIES_NAMES = {
    "sessions": "model calls",
    "tokens": "tokens",
    "cost_usd": "cost",
    "commits": "commits",
    "merged_pull_requests": "merged pull requests",
    "reworked_pull_requests": "reopened pull requests",
    "merge_hours": "time to merge",
}
_OUTCOMES = ("commits", "merged_pull_requests", "reworked_pull_requests")
_TITLE = "How days move together"
_HEADER = ("Lag in days", "Correlation", "95% interval", "q", "Without adjustment", "Pairs of days")


def association_section(report: Mapping[str, Any]) -> Section:
    """Return the headline association and its lag profile, placebo lags included; its table is for the page alone."""
    forward = _headline_tests(report["associations"].get("tests", ()))
    placebo = _headline_tests(report["placebo"])
    chart = charts.lag_chart([*placebo, *forward], "Model calls and commits, by lag")
    sentences = (CAVEAT, *_looks_back(report), *_words(report))
    if chart is None:
        return Section("association", _TITLE, sentences, folded=True)
    adjusted = report["multiple_comparison_adjustment"]["adjusted"] if _shows_q(report) else {}
    rows = tuple(_row(test, adjusted.get(test["label"])) for test in sorted([*placebo, *forward], key=_lag))
    return Section(
        "association",
        _TITLE,
        sentences,
        charts=(chart,),
        table=Table(_HEADER, rows, "rrrrrr"),
        folded=True,
        long_table=True,
    )


def _shows_q(report: Mapping[str, Any]) -> bool:
    """Tell whether there are days enough for q-values; below, they stand in the JSON alone."""
    return association_numbers(report).days >= FEWEST_DAYS_FOR_Q


def _words(report: Mapping[str, Any]) -> list[str]:
    """Return what may be said about use and each outcome of the primary family, a paragraph each, commits first."""
    said: dict[str, list[str]] = {}
    for outcome in _OUTCOMES:
        paragraph = " ".join(report_association_sentences(report, outcome, SERIES_NAMES))
        said.setdefault(paragraph, []).append(SERIES_NAMES[outcome])
    return [f"{_capitalised(', '.join(outcomes))}: {paragraph}" for paragraph, outcomes in said.items()]


def _looks_back(report: Mapping[str, Any]) -> list[str]:
    """Return which days are looked at, and how many of them are taken as days off."""
    history, quiet = report["metadata"]["history_days"], len(report["associations"].get("quiet_days", ()))
    whole = f"Looks at all stored history of the last {counted(history, 'day')} of the report, not at its window alone."
    if not quiet:
        return [whole]
    days, as_off = counted(quiet, "working day"), "is left out as a day" if quiet == 1 else "are left out as days"
    return [whole, f"{days} on which almost nothing was used, committed or merged {as_off} off."]


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def every_test_section(report: Mapping[str, Any]) -> Section | None:
    """Return every test that could be computed, as an exploratory table; None without any."""
    tests = [test for test in report["associations"].get("tests", ()) if test["r"] is not None]
    if not tests:
        return None
    shows_q = _shows_q(report)
    rows = tuple(
        (
            SERIES_NAMES.get(test["usage"], test["usage"]),
            SERIES_NAMES.get(test["outcome"], test["outcome"]),
            test["method"].capitalize(),
            str(test["lag_days"]),
            formatting.correlation(test["r"]),
            formatting.interval(test["interval"], formatting.correlation),
            formatting.optional(test["q"] if shows_q else None, formatting.probability, "too few days"),
            formatting.count(test["count"]),
        )
        for test in tests
    )
    header = ("Use", "Outcome", "Method", "Lag", "Correlation", "95% interval", "q", "Pairs of days")
    sentence = f"Exploratory: {counted(len(tests), 'test')}, adjusted together; the headline has a family of its own."
    table = Table(header, rows, "lllrrrrr")
    return Section("tests", "Every test", (sentence,), table=table, folded=True, long_table=True)


def _headline_tests(tests: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    chosen = ("sessions", "commits", "spearman")
    return [
        test for test in tests if (test["usage"], test["outcome"], test["method"]) == chosen and test["r"] is not None
    ]


def _row(test: Mapping[str, Any], q: float | None) -> tuple[str, ...]:
    placebo = test["lag_days"] < 0
    return (
        formatting.count(test["lag_days"]),
        formatting.correlation(test["r"]),
        formatting.interval(test["interval"], formatting.correlation),
        "placebo" if placebo else formatting.optional(q, formatting.probability, "too few days"),
        formatting.optional(test["raw_r"], formatting.correlation, ""),
        formatting.count(test["count"]),
    )


def _lag(test: Mapping[str, Any]) -> int:
    return int(test["lag_days"])
