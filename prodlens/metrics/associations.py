"""Does usage go with delivery some days later? Lagged associations of daily series, and what chance makes of them.

The primary family is declared here, before any data is seen: sessions, by Spearman, against commits, merged and
reworked pull requests, at every lag. All tests together are exploratory and adjusted as a family of their own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from prodlens.metrics.estimates import interval
from prodlens.statistics.association import (
    common_days,
    critical_correlation,
    detectable_correlation,
    lagged_association,
    lags_for,
    placebo_lags_for,
)
from prodlens.statistics.daily_series import Calendar, Scale, prepare_series
from prodlens.statistics.multiplicity import adjust_family
from prodlens.statistics.quiet_days import quiet_days
from prodlens.statistics.sample_sizes import FEWEST_ACTIVE_DAYS, FEWEST_DAYS, sample_strength

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from prodlens.metrics.request import ReportRequest
    from prodlens.metrics.series import DailySeries
    from prodlens.statistics.association import LagTest, Method
    from prodlens.statistics.daily_series import PreparedSeries

USAGE = ("sessions", "tokens", "cost_usd")
OUTCOMES = ("commits", "merged_pull_requests", "reworked_pull_requests", "merge_hours")
PRIMARY_USAGE, PRIMARY_METHOD = "sessions", "spearman"
PRIMARY_OUTCOMES = ("commits", "merged_pull_requests", "reworked_pull_requests")
# What shows that nearly nobody worked on a day, use first.
_ACTIVITY = ("sessions", "commits", "merged_pull_requests")
_SCALES: dict[str, Scale] = {"tokens": "amount", "cost_usd": "amount", "merge_hours": "as_is"}


@dataclass(frozen=True, slots=True)
class Tested:
    """One usage series with one outcome at one lag by one method, and the q-values that it has."""

    usage: str
    outcome: str
    found: LagTest
    leftover_cycle: bool
    cycle_days: int | None = None
    q: float | None = None
    q_by: float | None = None

    @property
    def label(self) -> str:
        """Name of the test in the report."""
        return f"{self.usage}:{self.outcome}:{self.found.lag}:{self.found.method}"

    @property
    def is_primary(self) -> bool:
        """Whether the test belongs to the family declared beforehand."""
        named = (self.usage, self.found.method) == (PRIMARY_USAGE, PRIMARY_METHOD)
        return named and self.outcome in PRIMARY_OUTCOMES


def association_sections(request: ReportRequest, daily: Mapping[str, DailySeries]) -> dict[str, Any]:
    """Return the report's sections on association, by key."""
    quiet = _quiet_days([daily[name] for name in _ACTIVITY], request.holidays)
    prepared = {name: _prepare(daily[name], request.holidays, quiet) for name in (*USAGE, *OUTCOMES)}
    forward: list[Tested] = []
    placebo: list[Tested] = []
    for usage in USAGE:
        for outcome in OUTCOMES:
            days = common_days(prepared[usage].calendar, prepared[outcome].calendar)
            lags = sorted({*placebo_lags_for(days), *lags_for(days), request.lag_days})
            tests = _tests(daily[usage], daily[outcome], prepared, lags)
            forward += [test for test in tests if test.found.lag >= 0]
            placebo += [test for test in tests if test.found.lag < 0]
    exploratory = _adjusted(forward)
    primary = _adjusted([test for test in forward if test.is_primary])
    return {
        "ai_outcome_association": _headline(request, daily, primary, exploratory),
        "multiple_comparison_adjustment": {
            "method": "benjamini-hochberg",
            "adjusted": {test.label: test.q for test in primary if test.q is not None},
            "adjusted_by": {test.label: test.q_by for test in primary if test.q_by is not None},
            "family": _family(primary),
        },
        "associations": {
            "family": _family(exploratory),
            "quiet_days": sorted(day.isoformat() for day in quiet),
            "outcomes": [_outcome_row(request, daily, outcome, primary) for outcome in PRIMARY_OUTCOMES],
            "tests": [_row(test) for test in exploratory],
        },
        "placebo": [_placebo_row(test) for test in placebo],
    }


def correlate_days(usage: DailySeries, outcome: DailySeries, lag_days: int) -> dict[str, Any]:
    """Return the documented correlations of two daily series at one lag, as ``{pearson, spearman}``."""
    quiet = _quiet_days([usage, outcome], frozenset())
    prepared = {series.name: _prepare(series, frozenset(), quiet) for series in (usage, outcome)}
    tests = _tests(usage, outcome, prepared, [lag_days])
    return {test.found.method: _documented(usage, outcome, test) for test in tests}


def _quiet_days(activity: Sequence[DailySeries], holidays: frozenset[date]) -> frozenset[date]:
    """Return the working days on which nearly nobody worked, as use, the first series, and output show together."""
    if not activity[0].values:
        return frozenset()
    observed = [series for series in activity if series.values]
    first, last = min(series.first for series in observed), max(series.last for series in observed)
    calendar = Calendar(first, (last - first).days + 1, holidays)
    rows = np.full((len(observed), calendar.days), np.nan)
    for row, series in zip(rows, observed, strict=True):
        at = (series.first - first).days
        row[at : at + len(series)] = np.array(series.values, dtype=np.float64)
    return quiet_days(calendar, list(rows))


def _prepare(series: DailySeries, holidays: frozenset[date], quiet: frozenset[date]) -> PreparedSeries:
    values = series.values
    if series.name == "merge_hours":
        # Merge times are skewed: the typical day is a geometric mean, and its logarithm is what is modelled.
        values = tuple(None if value is None else math.log(value) for value in values)
    calendar = Calendar(series.first, len(values), holidays, quiet, fortnight=True)
    return prepare_series(values, calendar, _SCALES.get(series.name, "count"))


def _tests(
    usage: DailySeries, outcome: DailySeries, prepared: Mapping[str, PreparedSeries], lags: Sequence[int]
) -> list[Tested]:
    found = lagged_association(prepared[usage.name], prepared[outcome.name], lags)
    reason = _too_few(usage, outcome)
    return [
        Tested(
            usage.name,
            outcome.name,
            test if reason is None else _withheld(test, reason),
            found.leftover_cycle,
            found.cycle_days,
        )
        for test in found.tests
    ]


def _too_few(usage: DailySeries, outcome: DailySeries) -> str | None:
    """Say why two series are too short or too quiet to speak of association, None when they are not."""
    both = [day for day in _days(usage) if 0 <= (day - outcome.first).days < len(outcome)]
    used, done = (sum(bool(series.at(day)) for day in both) for series in (usage, outcome))
    if sample_strength(len(both), used, done) != "none":
        return None
    return (
        f"not enough data: {len(both)} days ({used} with {usage.name}, {done} with {outcome.name}); at least "
        f"{FEWEST_DAYS} days, {FEWEST_ACTIVE_DAYS} with each, are needed"
    )


def _withheld(test: LagTest, reason: str) -> LagTest:
    return replace(test, r=None, p=None, df=None, interval=None, reason=reason)


def _adjusted(tests: Sequence[Tested]) -> list[Tested]:
    """Return the tests with the q-values that they have as one family."""
    family = adjust_family([test.found.p for test in tests])
    return [replace(test, q=q, q_by=q_by) for test, q, q_by in zip(tests, family.q, family.q_by, strict=True)]


def _family(tests: Sequence[Tested]) -> dict[str, Any]:
    computed = sum(test.q is not None for test in tests)
    return {
        "usage": sorted({test.usage for test in tests}),
        "outcomes": sorted({test.outcome for test in tests}),
        "methods": sorted({test.found.method for test in tests}),
        "lags": sorted({test.found.lag for test in tests}),
        "computed": computed,
        "not_computed": len(tests) - computed,
    }


def _row(test: Tested) -> dict[str, Any]:
    found = test.found
    return {
        "label": test.label,
        "usage": test.usage,
        "outcome": test.outcome,
        "lag_days": found.lag,
        "method": found.method,
        "primary": test.is_primary,
        "r": found.r,
        "p_value": found.p,
        "count": found.count,
        "df": found.df,
        "interval": interval(found.interval),
        "q": test.q,
        "q_by": test.q_by,
        "raw_r": found.raw_r,
        "leftover_cycle": test.leftover_cycle,
        "reason": found.reason,
    }


def _outcome_row(
    request: ReportRequest, daily: Mapping[str, DailySeries], outcome: str, primary: Sequence[Tested]
) -> dict[str, Any]:
    """Return which days stand behind one outcome of the primary family, and what they could have shown."""
    usage, done = daily[PRIMARY_USAGE], daily[outcome]
    days = [day for day in _days(usage) if done.at(day) is not None]
    tests = [test for test in primary if test.outcome == outcome]
    # At the headline lag, where it could be tested; the lags differ little.
    known = sorted(tests, key=lambda test: test.found.lag != request.lag_days)
    df = next((test.found.df for test in known if test.found.df is not None), None)
    return {
        "outcome": outcome,
        "first_day": days[0].isoformat() if days else None,
        "last_day": days[-1].isoformat() if days else None,
        "days": len(days),
        "usage_days": sum(bool(usage.at(day)) for day in days),
        "outcome_days": sum(bool(done.at(day)) for day in days),
        **_limits(df, primary),
        "shared_cycle_days": next((test.cycle_days for test in tests if test.cycle_days is not None), None),
    }


def _limits(df: float | None, primary: Sequence[Tested]) -> dict[str, float | None]:
    """Return the correlations that these data could have shown, without which a null result cannot be judged."""
    if df is None:
        return {"critical_r": None, "detectable_r": None}
    tests = max(_family(primary)["computed"], 1)
    return {"critical_r": critical_correlation(df), "detectable_r": detectable_correlation(df, tests)}


def _days(series: DailySeries) -> Iterator[date]:
    return (series.first + timedelta(days=offset) for offset in range(len(series)))


def _placebo_row(test: Tested) -> dict[str, Any]:
    """Return a test in which the outcome comes first: no q-value, and no part in any family."""
    kept = ("label", "usage", "outcome", "lag_days", "method", "r", "count", "interval", "raw_r", "reason")
    row = _row(test)
    return {name: row[name] for name in kept}


def _headline(
    request: ReportRequest, daily: Mapping[str, DailySeries], primary: Sequence[Tested], exploratory: Sequence[Tested]
) -> dict[str, Any]:
    usage, outcome = daily["sessions"], daily["commits"]
    chosen: dict[str, Any] = {}
    # The primary test last, so that its q is the one that stands.
    for test in (*exploratory, *primary):
        if (test.usage, test.outcome, test.found.lag) == (usage.name, outcome.name, request.lag_days):
            chosen[test.found.method] = _documented(usage, outcome, test)
    return {**chosen, "lag_days": request.lag_days, **_limits(chosen[PRIMARY_METHOD]["df"], primary)}


def _documented(usage: DailySeries, outcome: DailySeries, test: Tested) -> dict[str, Any]:
    """Return a correlation under the documented keys.

    Where calendar, trend and memory could be taken out, r and p are those of what is left (``basis`` is ``adjusted``).
    Where there is too little for that, they are the plain correlation's (``raw``), which has no interval and no q.
    """
    found = test.found
    r, p_value, basis = found.r, found.p, "adjusted"
    if r is None:
        r, p_value = _plain(usage, outcome, found.lag, found.method)
        basis = "raw"
    return {
        "r": r,
        "p_value": p_value,
        "count": found.count,
        "basis": None if r is None else basis,
        "interval": interval(found.interval),
        "df": found.df,
        "q": test.q,
        "raw_r": found.raw_r,
        "reason": found.reason,
    }


def _plain(
    usage: DailySeries, outcome: DailySeries, lag_days: int, method: Method
) -> tuple[float | None, float | None]:
    """Return r and p of the values as they are; None where not defined (below 2 pairs for r, 3 for p; no change)."""
    values = [(usage.at(day), outcome.at(day + timedelta(days=lag_days))) for day in _days(usage)]
    x = [use for use, done in values if use is not None and done is not None]
    y = [done for use, done in values if use is not None and done is not None]
    if len(set(x)) < 2 or len(set(y)) < 2:  # noqa: PLR2004 - one value does not vary
        return None, None
    from scipy import stats

    result: Any = stats.pearsonr(x, y) if method == "pearson" else stats.spearmanr(x, y)
    return float(result.statistic), None if len(x) == 2 else float(result.pvalue)  # noqa: PLR2004 - two points fit any line
