"""Assisted pull requests against others of the same people, pooled over repositories."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from prodlens.organisation import queries
from prodlens.organisation.period import Period
from prodlens.organisation.suppression import is_publishable
from prodlens.statistics.pooled_contrast import pooled_contrast
from prodlens.statistics.pooled_cox import pooled_cox
from prodlens.statistics.unseen_cause import robustness_value
from prodlens.timestamps import as_utc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from prodlens.organisation.figures import Engine
    from prodlens.organisation.queries import Tables
    from prodlens.statistics.estimates import FloatArray
    from prodlens.statistics.within_author import Contrast

LONGEST = timedelta(weeks=26)
FEWEST_OF_A_KIND, FEWEST_EVENTS = 20, 5
AUTHORS_FOR_A_VERDICT, EFFECTIVE_AUTHORS_FOR_A_VERDICT = 8, 5.0
MOST_OPEN = 0.05
TIME_RATIO, HAZARD_RATIO = "time_ratio", "hazard_ratio"
TOO_FEW = "too few people with both kinds, or fewer than 20 pull requests of a kind"
ONE_DECIDES = "one person decides whether the difference is above or below 1"
_LARGEST_LOG = 300.0
_SHORTEST = timedelta(minutes=1)
_FIGURES = ("ratio", "interval", "p_value", "effective_authors", "minimum_detectable", "robustness_value")


@dataclass(frozen=True, slots=True)
class _Work:
    """A pull request as far as it was followed; ``hours`` is None where it was closed without a merge."""

    repository: str
    author: str
    week: int
    assisted: bool
    covariates: tuple[float, ...]
    hours: float | None
    merged: bool
    open: bool


@dataclass(frozen=True, slots=True)
class _Sample:
    """Pull requests, and what is held fixed."""

    work: Sequence[_Work]

    def where(self, wanted: Callable[[_Work], bool]) -> _Sample:
        """Return some of the pull requests."""
        return _Sample([one for one in self.work if wanted(one)])

    def of_both(self) -> _Sample:
        """Return the pull requests of those who have both kinds in a repository, in that repository."""
        kinds: dict[tuple[str, str], set[bool]] = {}
        for one in self.work:
            kinds.setdefault((one.author, one.repository), set()).add(one.assisted)
        return self.where(lambda one: len(kinds[one.author, one.repository]) > 1)

    @property
    def people(self) -> int:
        """How many authors there are."""
        return len({one.author for one in self.work})

    @property
    def kinds(self) -> dict[str, int]:
        """How many are assisted, and how many are not."""
        assisted = sum(one.assisted for one in self.work)
        return {"assisted": assisted, "other": len(self.work) - assisted}

    @property
    def share_open(self) -> float:
        """Share of the pull requests that were open at the end of what is known."""
        return sum(one.open for one in self.work) / len(self.work) if self.work else 0.0

    def share_closed(self, fewest: int) -> float | None:
        """Return the share that was closed without a merge; None if that would be a figure on too few people."""
        closed = self.where(lambda one: not one.merged)
        publishable = is_publishable(len(closed.work), closed.people, fewest) and self.work
        return len(closed.work) / len(self.work) if publishable else None

    @property
    def _labels(self) -> tuple[list[str], list[str], list[int], FloatArray]:
        work = self.work
        covariates = np.array([one.covariates for one in work]).reshape(-1, 4)
        return [one.author for one in work], [one.repository for one in work], [one.week for one in work], covariates

    @property
    def _assisted(self) -> FloatArray:
        return np.array([float(one.assisted) for one in self.work])

    def contrast(self, outcome: Iterable[float]) -> Contrast:
        """Return how an outcome differs between the kinds."""
        return pooled_contrast(np.array(list(outcome), dtype=np.float64), self._assisted, *self._labels)

    def by_hours(self) -> Contrast:
        """Return how log hours to merge differ between the kinds; for merged ones alone."""
        return self.contrast(math.log(one.hours or 1.0) for one in self.work)

    def by_hazard(self) -> Contrast:
        """Return the log hazard ratio of being merged between the kinds, with open ones censored."""
        hours = np.array([one.hours or 0.0 for one in self.work])
        merged = np.array([one.merged for one in self.work], dtype=np.bool_)
        return pooled_cox(hours, merged, self._assisted, *self._labels)


def comparison_figures(
    engine: Engine, tables: Tables, period: Period, read_until: Mapping[str, datetime], fewest: int
) -> dict[str, Any]:
    """Return how long assisted pull requests took from opening to merge against others, at the same size.

    Authors and weeks of each repository are held fixed. What was opened in the period counts, of a long one in its last
    26 weeks. Where 5 % and more are open, Cox's model carries the answer, which counts them until the repository was
    last read; else the contrast of log hours. Nothing is published if fewer people than ``fewest`` have both kinds, or
    if one person decides the direction.

    Args:
        engine: What reads the tables.
        tables: The tables.
        period: What is looked at; what came after its end is not known yet.
        read_until: Until when the pull requests of a repository are known, where that is before the end.
        fewest: How many people a figure needs.
    """
    last_weeks = Period(max(period.since, period.until - LONGEST), period.until)
    end = datetime.combine(period.until, time(), UTC)
    rows = engine.rows(queries.comparable(tables, last_weeks))
    found = (_work(row, min(end, read_until.get(row["repository"], end))) for row in rows)
    sample = _Sample([one for one in found if one is not None])
    people = sample.of_both()
    names = ("assisted", "other", "authors", "share_open", "measure", "check", "closed_unmerged")
    base: dict[str, Any] = {"since": last_weeks.since.isoformat(), **dict.fromkeys((*names, *_FIGURES))}
    base |= {"verdict": False, "reason": TOO_FEW}
    if people.people < fewest or min(people.kinds.values()) < FEWEST_OF_A_KIND:
        return base
    timed, followed = sample.where(lambda one: one.merged), sample.where(lambda one: one.hours is not None)
    still_open = followed.where(lambda one: one.open)
    censored = followed.share_open >= MOST_OPEN
    by_hours, by_hazard = timed.by_hours(), followed.by_hazard()
    head, check = (by_hazard, by_hours) if censored else (by_hours, by_hazard)
    base |= {**people.kinds, "authors": people.people}
    if is_publishable(len(still_open.work), still_open.people, fewest):
        base["share_open"] = followed.share_open
    if head.interval is None or head.one_author_decides or head.authors < fewest:
        few = ONE_DECIDES if head.one_author_decides else TOO_FEW
        return base | {"reason": head.reason or few}
    measures = (HAZARD_RATIO, TIME_RATIO) if censored else (TIME_RATIO, HAZARD_RATIO)
    return base | {
        "measure": measures[0],
        **_figures_of(head),
        "robustness_value": robustness_value(by_hours.partial_r2) if by_hours.error is not None else None,
        "check": _check(check, measures[1], fewest),
        "closed_unmerged": _closed_unmerged(sample, fewest),
        "reason": None,
    }


def _work(row: Mapping[str, Any], end: datetime) -> _Work | None:
    """Return a pull request as it was known at the end; None where it took less than a minute or was opened later."""
    opened, merged, closed = (
        None if row[name] is None else as_utc(row[name]) for name in ("opened_at", "merged_at", "closed_at")
    )
    ended = merged or closed
    if opened is None or opened >= end or (ended is not None and ended - opened < _SHORTEST):
        return None
    is_merged = merged is not None and merged < end
    is_open = not is_merged and (ended is None or ended >= end)
    until = merged if is_merged else end if is_open else None
    return _Work(
        repository=row["repository"],
        author=row["author"].casefold(),
        week=(opened.date().toordinal() - 1) // 7,  # the first day of all was a Monday
        assisted=bool(row["assisted"]),
        covariates=(
            math.log1p(row["lines"]),
            math.log(max(row["files"], 1)),
            float(row["draft"]),
            float(row["draft_unknown"]),
        ),
        hours=None if until is None else max(until - opened, _SHORTEST) / timedelta(hours=1),
        merged=is_merged,
        open=is_open,
    )


def _figures_of(found: Contrast) -> dict[str, Any]:
    """Return the ratio with what a reader needs to judge it: interval, p-value, and whether it supports a verdict."""
    enough = found.authors >= AUTHORS_FOR_A_VERDICT and found.effective_authors >= EFFECTIVE_AUTHORS_FOR_A_VERDICT
    return {
        "ratio": _exponential(found.beta),
        "interval": _interval(found, _exponential),
        "p_value": found.p,
        "effective_authors": found.effective_authors,
        "minimum_detectable": _exponential(found.detectable),
        "verdict": enough,
    }


def _check(found: Contrast, measure: str, fewest: int) -> dict[str, Any] | None:
    """Return what the other model says, where it says something that rests on enough people."""
    if found.interval is None or found.one_author_decides or found.authors < fewest:
        return None
    return {"measure": measure, "ratio": _exponential(found.beta), "interval": _interval(found, _exponential)}


def _closed_unmerged(sample: _Sample, fewest: int) -> dict[str, Any] | None:
    """Return which share of either kind was closed without a merge, and the difference within authors.

    None where fewer people than ``fewest``, or five pull requests, were closed or were merged.
    """
    ended = sample.where(lambda one: not one.open)
    both = ended.of_both()
    closed, merged = both.where(lambda one: not one.merged), both.where(lambda one: one.merged)
    few = min(closed.people, merged.people) < fewest or min(len(closed.work), len(merged.work)) < FEWEST_EVENTS
    if few:
        return None
    found = ended.contrast(float(not one.merged) for one in ended.work)
    if found.interval is None or found.one_author_decides or found.authors < fewest:
        return None
    assisted, other = both.where(lambda one: one.assisted), both.where(lambda one: not one.assisted)
    return {
        "assisted": assisted.share_closed(fewest),
        "other": other.share_closed(fewest),
        "difference": found.beta,
        "interval": _interval(found, lambda value: value),
    }


def _interval(found: Contrast, scale: Callable[[float | None], float | None]) -> dict[str, Any]:
    ends = found.interval
    low, high = (None, None) if ends is None else (scale(ends.low), scale(ends.high))
    return {"low": low, "high": high, "level": 0.95}


def _exponential(value: float | None) -> float | None:
    return math.exp(value) if value is not None and abs(value) < _LARGEST_LOG else None
