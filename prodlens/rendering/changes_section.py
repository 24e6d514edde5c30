"""What changed from the period before: totals, shares and merge time, each with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.rendering import formatting
from prodlens.rendering.document import Section, Table
from prodlens.rendering.wording import WeekChange, counted, week_sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_FIGURES: dict[str, tuple[str, Callable[[float], str]]] = {
    "sessions": ("Model calls", formatting.count),
    "tokens": ("Tokens", formatting.count),
    "cost_usd": ("Cost", formatting.usd),
    "commits": ("Commits", formatting.count),
    "merged_pull_requests": ("Merged pull requests", formatting.count),
    "reworked_pull_requests": ("Pull requests reopened", formatting.count),
}
_SHARES = {
    "acceptance_rate": "Accepted suggestions",
    "error_rate": "Failed calls",
    "rework_rate": "Reopened, of those closed",
}
_WEEKLY = ("sessions", "cost_usd", "commits", "merged_pull_requests")
_HEADER = ("Figure", "This period", "Before", "Change", "95% interval", "q")


def changes_section(report: Mapping[str, Any]) -> Section | None:
    """Return both periods side by side; None when nothing was observed in the one before."""
    periods = report["periods"]
    rows = [*_totals(periods), *_shares(periods), *_merge_time(periods)]
    if not any(before for _, _, before, *_ in rows):
        return None
    this, before = periods["this"], periods["previous"]
    sentence = (
        f"{counted(this['days'], 'day')} from {this['first_day']} against "
        f"{counted(before['days'], 'day')} from {before['first_day']}. Changes are of what a day had, "
        "by the usual ups and downs between stretches of seven days."
    )
    table = Table(_HEADER, tuple(rows), "lrrrrr")
    return Section("changes", "What changed", (sentence,), table=table, after=tuple(_last_weeks(periods)))


def _last_weeks(periods: Mapping[str, Any]) -> Iterator[str]:
    """Yield how the last whole week compares with the one before, for figures that have both."""
    found: dict[str, list[WeekChange]] = {}
    for week in periods["week_over_week"]:
        if week["name"] in _WEEKLY and week["before"] is not None and week["after"] is not None:
            bounds = week["interval"]
            interval = None if bounds is None else (bounds["low"], bounds["high"])
            label, form = _FIGURES[week["name"]]
            change = WeekChange(label, form(week["before"]), form(week["after"]), interval, week["q"])
            found.setdefault(week["week"], []).append(change)
    for monday, changes in found.items():
        yield from week_sentences(monday, changes)


def change_texts(report: Mapping[str, Any]) -> dict[str, str]:
    """Return how each headline figure changed, by its name: the estimate with its interval, or both totals."""
    periods = report["periods"]
    texts = {}
    for label, row in zip(
        [
            *(figure["name"] for figure in periods["figures"]),
            *(share["name"] for share in periods["shares"]),
            "merge_time",
        ],
        [*_totals(periods), *_shares(periods), *_merge_time(periods)],
        strict=True,
    ):
        _, _, before, change, bounds, _ = row
        if change and bounds:
            texts[label] = f"{change} ({bounds})"
        elif before:
            texts[label] = f"{before} before"
    return texts


def _totals(periods: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for figure in periods["figures"]:
        label, form = _FIGURES.get(figure["name"], (figure["name"].replace("_", " "), formatting.number))
        change = figure["change"]
        yield (
            label,
            _total(figure["this"], periods["this"]["days"], form),
            _total(figure["previous"], periods["previous"]["days"], form),
            formatting.optional(change["ratio"] if change["interval"] else None, formatting.ratio, ""),
            formatting.interval(change["interval"], formatting.factor),
            formatting.optional(change["q"], formatting.probability, ""),
        )


def _total(period: Mapping[str, Any], days: int, form: Callable[[float], str]) -> str:
    """Return a total, with the days behind it when not all of the period was observed; nothing when none was."""
    if not period["days"]:
        return ""
    total = formatting.optional(period["total"], form)
    return total if period["days"] == days else f"{total} in {formatting.count(period['days'])} days"


def _shares(periods: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for share in periods["shares"]:
        difference = share["difference"]
        bounds = difference["interval"]
        yield (
            _SHARES.get(share["name"], share["name"].replace("_", " ")),
            _counted(share["this"], share["n"]),
            _counted(share["previous"], share["n_before"]),
            formatting.optional(difference["estimate"] if bounds else None, formatting.points, ""),
            formatting.points_interval(bounds),
            "",
        )


def _counted(share: float | None, n: int) -> str:
    return "" if share is None else f"{formatting.percent(share)} of {formatting.count(n)}"


def _merge_time(periods: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    change = periods["merge_time"]
    merged, before = change["merged"], change["merged_before"]
    yield (
        "Time to merge",
        f"{formatting.count(merged)} merged",
        f"{formatting.count(before)} merged" if before else "",
        formatting.optional(change["ratio"] if change["interval"] else None, formatting.ratio, ""),
        formatting.interval(change["interval"], formatting.factor),
        formatting.optional(change["q"], formatting.probability, ""),
    )
