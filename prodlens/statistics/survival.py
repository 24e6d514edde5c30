"""Time to merge, with the pull requests that are still open: Kaplan-Meier instead of the merged ones alone."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from prodlens.statistics.estimates import NOT_FINITE, BoolArray, FloatArray, Interval, finite, numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

FEWEST_EVENTS = 5

NOBODY = "nothing to follow"
NO_EVENT = "nothing was merged"
TOO_FEW_EVENTS = "fewer than 5 were merged"
NOT_REACHED = "fewer than half were merged: the median is not reached"
NEGATIVE_TIME = "a time is negative"
ONE_GROUP = "one of the groups is empty"

_HALF = 0.5
# S is a product of fractions: a step meant to lie on one half may miss it by rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The survival curve from one time on.

    Attributes:
        time: In the unit of the times given.
        survival: Share not merged after this time.
        interval: 95 % log-log interval of it; None where the share is 1 or 0.
        at_risk: How many were followed up to this time.
        events: How many were merged at it.
    """

    time: float
    survival: float
    interval: Interval | None
    at_risk: int
    events: int


@dataclass(frozen=True, slots=True)
class MedianSurvival:
    """A Kaplan-Meier curve and its median.

    Attributes:
        median: Time by which half are merged; None with a reason.
        interval: Its 95 % interval (Brookmeyer and Crowley); a bound not reached is None.
        n: Everything followed.
        events: How many of them were merged; the others were still open.
        curve: One point a distinct time, ascending.
        reason: Why the median is None.
    """

    median: float | None
    interval: Interval | None
    n: int
    events: int
    curve: tuple[CurvePoint, ...]
    reason: str | None


@dataclass(frozen=True, slots=True)
class LogRank:
    """Two-sided log-rank p-value of two groups' curves; a reason where it cannot be computed."""

    p: float | None
    reason: str | None


def kaplan_meier(
    times: Sequence[float] | FloatArray, merged: Sequence[bool] | BoolArray, *, fewest_events: int = FEWEST_EVENTS
) -> MedianSurvival:
    """Return curve and median of the time to merge, with what is still open counted as not yet merged.

    S(t) = product over event times <= t of (1 - d_i / n_i) with log-log intervals (``scipy.stats.ecdf`` on right
    censored data). The median is the smallest t with S(t) <= 0.5, and the midpoint to the next event where S lies on
    0.5 exactly, so that without open ones it is the ordinary median. Its interval holds the times at which the bands of
    S cross 0.5 (Brookmeyer and Crowley 1982).

    Args:
        times: From opening to merge or, for an open one, to the report; hours, not negative.
        merged: Whether each was merged (event) or is still open (censored).
        fewest_events: Below so many merges there is a curve and no median.

    Returns:
        No median when nothing was merged, too little was, or S stays above 0.5.
    """
    hours, happened = numbers(times), np.array(merged, dtype=np.bool_).reshape(-1)
    reason = _unusable(hours, happened)
    if reason is not None:
        return MedianSurvival(None, None, len(hours), int(happened.sum()), (), reason)
    curve = _curve(hours, happened)
    n, events = len(hours), int(happened.sum())
    if events < max(fewest_events, 1):
        return MedianSurvival(None, None, n, events, curve, TOO_FEW_EVENTS if events else NO_EVENT)
    interval = Interval(_crossing(curve, "low"), _crossing(curve, "high"))
    median = _median(curve)
    return MedianSurvival(median, interval, n, events, curve, NOT_REACHED if median is None else None)


def log_rank(
    times_a: Sequence[float], merged_a: Sequence[bool], times_b: Sequence[float], merged_b: Sequence[bool]
) -> LogRank:
    """Compare two periods' times to merge with open ones in play (``scipy.stats.logrank``, two-sided).

    Nothing for an empty group or when nothing was merged in either.
    """
    groups = [(numbers(t), np.array(m, dtype=np.bool_)) for t, m in ((times_a, merged_a), (times_b, merged_b))]
    for hours, happened in groups:
        reason = _unusable(hours, happened)
        if reason is not None:
            return LogRank(None, ONE_GROUP if reason == NOBODY else reason)
    if not any(happened.any() for _, happened in groups):
        return LogRank(None, NO_EVENT)
    from scipy import stats

    one, other = (stats.CensoredData.right_censored(hours, ~happened) for hours, happened in groups)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = finite(stats.logrank(one, other).pvalue)
    return LogRank(p, "the groups' events cannot be told apart" if p is None else None)


def _unusable(hours: FloatArray, happened: BoolArray) -> str | None:
    if len(hours) != len(happened):
        raise ValueError(f"{len(hours)} times for {len(happened)} outcomes")
    if not hours.size:
        return NOBODY
    if not np.isfinite(hours).all():
        return NOT_FINITE
    return NEGATIVE_TIME if hours.min() < 0 else None


def _curve(hours: FloatArray, happened: BoolArray) -> tuple[CurvePoint, ...]:
    from scipy import stats

    survival: Any = stats.ecdf(stats.CensoredData.right_censored(hours, ~happened)).sf
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        # scipy warns that the formula has no value at S = 0 and 1; there is no interval there below.
        warnings.simplefilter("ignore", RuntimeWarning)
        bands = survival.confidence_interval(0.95, method="log-log")
    ordered, times = np.sort(hours), survival.quantiles
    at_risk = len(hours) - np.searchsorted(ordered, times, side="left")
    events = np.searchsorted(np.sort(hours[happened]), times, side="right")
    events = np.diff(events, prepend=0)
    return tuple(
        CurvePoint(float(time), float(share), _band(float(share), low, high), int(risk), int(count))
        for time, share, low, high, risk, count in zip(
            times,
            survival.probabilities,
            bands.low.probabilities,
            bands.high.probabilities,
            at_risk,
            events,
            strict=True,
        )
    )


def _band(share: float, low: float, high: float) -> Interval | None:
    # At S = 1 nothing has happened yet, at S = 0 the log-log limits have no value.
    if not _ROUNDING < share < 1 - _ROUNDING:
        return None
    bounds = finite(low), finite(high)
    return None if None in bounds else Interval(*bounds)


def _median(curve: tuple[CurvePoint, ...]) -> float | None:
    steps = [point for point in curve if point.events]
    for number, point in enumerate(steps):
        if abs(point.survival - _HALF) <= _ROUNDING and number + 1 < len(steps):
            return (point.time + steps[number + 1].time) / 2
        if point.survival <= _HALF + _ROUNDING:
            return point.time
    return None


def _crossing(curve: tuple[CurvePoint, ...], bound: str) -> float | None:
    for point in curve:
        limit = None if point.interval is None else getattr(point.interval, bound)
        if limit is not None and limit <= _HALF:
            return point.time
    return None
