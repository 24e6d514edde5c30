"""Merged pull requests a week before and after people began with an assistant, pooled over repositories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from prodlens.organisation import adoption_queries as queries
from prodlens.organisation.suppression import is_publishable
from prodlens.statistics.adoption import (
    FEWEST_WEEKS_EACH_SIDE,
    TOO_FEW_ADOPTERS,
    Adoption,
    Panel,
    adoption_effect,
    imputed_ratio,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from prodlens.organisation.adoption_queries import AdoptionTables, Weeks
    from prodlens.organisation.figures import Engine

FEWEST_WEEKS = 2 * FEWEST_WEEKS_EACH_SIDE
LARGEST_P = 0.05
TOO_SHORT = f"the period has fewer than {FEWEST_WEEKS} whole weeks"
NO_TRACES = "no calls of people were received"
NOBODY = "nobody who opens pull requests was seen where calls were received"
FEW_PEOPLE = "too few people began, or had not begun yet, in the weeks that can be compared"

Cell = tuple[str, str, int]  # person, repository and number of the week


@dataclass(frozen=True, slots=True)
class _Work:
    """What people were seen to do.

    Attributes:
        merged: Merged pull requests of every week in which a person was seen in a repository.
        spans: First and last week of each person in each repository.
    """

    merged: Mapping[Cell, int]
    spans: Mapping[tuple[str, str], tuple[int, int]]

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]]) -> _Work:
        """Take the rows of ``author_weeks``, in any order."""
        merged: dict[Cell, int] = {}
        spans: dict[tuple[str, str], tuple[int, int]] = {}
        for row in rows:
            name, place, week = row["author"], row["repository"], row["week"]
            merged[name, place, week] = row["merged"]
            first, last = spans.get((name, place), (week, week))
            spans[name, place] = min(first, week), max(last, week)
        return cls(merged, spans)

    def cells(self, people: Collection[str], since: Mapping[str, int], weeks: range) -> list[Cell]:
        """Return the weeks of people from first to last sight in each repository, from its first week with calls on."""
        return [
            (name, place, week)
            for (name, place), (first, last) in sorted(self.spans.items())
            if name in people and place in since
            for week in weeks
            if max(first, since[place]) <= week <= last
        ]


def beginning_figures(engine: Engine, tables: AdoptionTables | None, weeks: Weeks, fewest: int) -> dict[str, Any]:
    """Return how merged pull requests a week changed after people began, against those who had not begun.

    A person begins with the first of two weeks in a row with calls, provided that calls of the same source were
    received from the same repository before, from anybody. People have an effect in each of their repositories, weeks
    are those of each repository, and a person is one over all of them.

    Args:
        engine: What reads the tables.
        tables: The tables; None where there are too few weeks to ask.
        weeks: The weeks.
        fewest: How many people a figure needs on either side.
    """
    if tables is None:
        return _withheld(TOO_SHORT)
    received = engine.kept(queries.traced(tables, weeks))
    since = {row["repository"]: row["first"] for row in engine.rows(queries.first_weeks(received))}
    if not since:
        return _withheld(NO_TRACES)
    numbers = range(max(weeks.numbers.start, min(since.values())), weeks.numbers.stop)
    begun = {row["person"]: row for row in engine.rows(queries.beginnings(received))}
    work = _Work.of(engine.rows(queries.author_weeks(tables, weeks)))
    present = {name for name, _, _ in work.cells({name for name, _ in work.spans}, since, numbers)}
    groups: dict[str, set[str]] = {name: set() for name in ("began", "not_begun", "always", "sporadic")}
    for name in present:
        groups[_group(begun.get(name), numbers.start)].add(name)
    adopted = {name: begun[name]["begun"] for name in groups["began"]}
    cells = work.cells(groups["began"] | groups["not_begun"], since, numbers)
    nothing = Adoption(0, reason=TOO_FEW_ADOPTERS if present else NOBODY)
    found = adoption_effect(_panel(cells, work, adopted)) if cells else nothing
    counts = {name: len(own) if is_publishable(len(own), len(own), fewest) else None for name, own in groups.items()}
    base = {"since": weeks.monday(numbers.start).isoformat(), "weeks": len(numbers), **counts}
    if found.ratio is None or found.p is None:
        return _withheld(found.reason) | base
    if min(found.compared, found.others) < fewest:
        return _withheld(FEW_PEOPLE) | base
    seen = [cell for cell in cells if cell in work.merged]
    return base | _figures_of(found, imputed_ratio(_panel(seen, work, adopted)), fewest)


def _group(row: Mapping[str, Any] | None, first: int) -> str:
    """Return when a person began, in a word: ``sporadic`` is one without two weeks in a row."""
    if row is None:
        return "not_begun"
    if row["begun"] is None:
        return "sporadic"
    return "began" if row["begun"] > first and row["seen_before"] else "always"


def _panel(cells: list[Cell], work: _Work, adopted: Mapping[str, int]) -> Panel:
    return Panel(
        np.array([float(work.merged.get(cell, 0)) for cell in cells]),
        [name for name, _, _ in cells],
        [(place, week) for _, place, week in cells],
        np.array([week for _, _, week in cells], dtype=np.int64),
        adopted,
        [place for _, place, _ in cells],
    )


def _figures_of(found: Adoption, without_absences: float | None, fewest: int) -> dict[str, Any]:
    """Return the ratio with what a reader needs to judge it; all None if those who began were already changing."""
    trend = found.placebo_p is not None and found.placebo_p <= LARGEST_P
    bounds = found.interval
    ratio, p_value = found.ratio or 0.0, 1.0 if found.p is None else found.p
    judged = "cannot_answer" if p_value > LARGEST_P else "more" if ratio > 1 else "fewer"
    shown: dict[str, Any] = {
        "ratio": found.ratio,
        "interval": None if bounds is None else {"low": bounds.low, "high": bounds.high, "level": 0.95},
        "p_value": found.p,
        "minimum_detectable": found.detectable,
        "ratio_without_absences": without_absences,
    }
    return {
        "verdict": "already_changing" if trend else judged,
        "reason": None,
        **(dict.fromkeys(shown) if trend else shown),
        "placebo": {"ratio": found.placebo_ratio, "p_value": found.placebo_p},
        "by_week": [
            {"week": one.week, "ratio": None if trend and one.week >= 0 else one.ratio}
            for one in found.weeks
            if one.authors >= fewest
        ],
    }


def _withheld(reason: str | None) -> dict[str, Any]:
    counts = ("since", "weeks", "began", "not_begun", "always", "sporadic")
    figures = ("ratio", "interval", "p_value", "minimum_detectable", "ratio_without_absences", "placebo")
    return {**dict.fromkeys(counts), "verdict": "too_few", "reason": reason, **dict.fromkeys(figures), "by_week": []}
