"""Does usage go with what happens some days later? Lagged correlations whose p-values keep what they promise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import special

from prodlens.statistics.daily_series import (
    Calendar,
    PreparedSeries,
    autocorrelations,
    calendar_basis,
    observed_basis,
    residual_maker,
)
from prodlens.statistics.estimates import (
    BoolArray,
    FloatArray,
    Interval,
    normal_quantile,
    t_quantile,
    two_sided_p,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

Method = Literal["pearson", "spearman"]
METHODS: tuple[Method, ...] = ("pearson", "spearman")

FEWEST_PAIRS = 8
FEWEST_PAIRS_WITH_GAPS = 12
FEWEST_DF = 4.0
LARGEST_LAG = 7
_LARGEST_CYCLE = 14
_CYCLES = np.arange(5, _LARGEST_CYCLE + 1)
_CLEAR_CYCLE = 4.5

TOO_FEW_PAIRS = "fewer than {fewest} pairs of days"
TOO_FEW_DF = "fewer than 4 degrees of freedom are left"
NO_VARIATION = "a series does not vary over the paired days"


@dataclass(frozen=True, slots=True)
class LagTest:
    """Usage on day t with the outcome on day t + lag.

    Attributes:
        lag: Days from usage to outcome; negative when the outcome comes first (placebo).
        method: ``pearson`` or ``spearman``.
        r: Correlation of what calendar, trend and the day before leave, -1 to 1.
        p: Two-sided p-value of r.
        df: Degrees of freedom of r, after what the calendar used up.
        interval: 95 % interval of r; None also where r is -1 or 1.
        pairs: Pairs of days behind r.
        count: Pairs of days on which both series were observed, before anything is modelled away.
        raw_r: Correlation of the values as observed, to describe, without a p-value.
        reason: Why r is None, None when it is not.
    """

    lag: int
    method: Method
    r: float | None
    p: float | None
    df: float | None
    interval: Interval | None
    pairs: int
    count: int
    raw_r: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Association:
    """All lags and methods of one usage series with one outcome series.

    Attributes:
        tests: By lag, then method.
        leftover: The guard's g: twice the sum of products of the series' autocorrelations; None where not defined.
        leftover_threshold: g above this lowers the degrees of freedom.
        leftover_cycle: Whether it did.
        cycle_days: Length of the cycle that both series share, where there is one; None where it is other memory.
    """

    tests: tuple[LagTest, ...]
    leftover: float | None = None
    leftover_threshold: float | None = None
    leftover_cycle: bool = False
    cycle_days: int | None = None


@dataclass(frozen=True, slots=True)
class _Pairing:
    """Days of x against days of y, one row a lag: where both have a value, x, and y that many days later."""

    both: BoolArray
    x: FloatArray
    y: FloatArray


def lags_for(days: int) -> range:
    """Return the lags worth testing in a series of so many days: 0 to min(7, days // 4)."""
    return range(min(LARGEST_LAG, days // 4) + 1)


def placebo_lags_for(days: int) -> range:
    """Return the lags at which the outcome comes first: -1 to -min(7, days // 4).

    A correlation as strong there as forwards speaks for a common cause or the reverse direction. Outside every family.
    """
    return range(-1, -min(LARGEST_LAG, days // 4) - 1, -1)


def common_days(x: Calendar, y: Calendar) -> int:
    """Return the number of days that both spans cover."""
    start, end = max(x.first, y.first), min(x.first.toordinal() + x.days, y.first.toordinal() + y.days)
    return max(0, end - start.toordinal())


def lagged_association(
    usage: PreparedSeries, outcome: PreparedSeries, lags: Sequence[int], methods: Sequence[Method] = METHODS
) -> Association:
    """Correlate usage on day t with the outcome on day t + lag, for every lag and method.

    Without gaps, r is the correlation of the prewhitened series, with df = tr(H) tr(T) / sum(H * T) - 1, at most
    pairs - 2, where H and T are the residual makers of the two series cut to the paired days: the first-order variance
    of r for projected noise. When both series still share a cycle (g > 4 sqrt(J) / (n - 1) with g = 2 sum rho_x(j)
    rho_y(j), j to J = min(14, n // 3)), df becomes (df + 1) / (1 + g) - 1 (Bartlett's formula).
    An outcome with missing days cannot be prewhitened; there r is that of the residuals, and H and T become
    M R(phi) M with R_ij = phi^|i - j|.
    p is that of Student's t, t = r sqrt(df / (1 - r^2)); the interval is Fisher's z with variance 1 / (df - 1), for
    Spearman (1 + r^2 / 2) / (df - 1) (Bonett and Wright 2000). Ties get average ranks.

    Args:
        usage: The series that comes first.
        outcome: The series that follows; its calendar may differ.
        lags: Days from usage to outcome; negative ones are the placebo.
        methods: Which correlations.

    Returns:
        One test a lag and method. A test has a reason and no r where a series cannot be used, where fewer than 8 pairs
        of days are left (12 with gaps), fewer than 4 degrees of freedom, or no variation.
    """
    tests = [_undone(test, usage.reason or outcome.reason or "") for test in _raw_tests(usage, outcome, lags, methods)]
    if usage.reason or outcome.reason:
        return Association(tuple(tests))
    if usage.whitened is None or outcome.whitened is None:
        return Association(tuple(_gap_tests(usage, outcome, tests, lags)))
    leftover, threshold = _leftover(usage.whitened, outcome.whitened, min(usage.calendar.days, outcome.calendar.days))
    cycle = leftover > threshold
    pairing = _pair(usage.whitened, outcome.whitened, _shifts(usage, outcome, lags))
    inflation = 1 + leftover if cycle else 1.0
    df = [(gapless_df(usage.calendar, outcome.calendar, lag) + 1) / inflation - 1 for lag in lags]
    done = _tests(tests, pairing, dict(zip(lags, df, strict=True)), FEWEST_PAIRS)
    cycle_days = shared_cycle_days(usage.whitened, outcome.whitened) if cycle else None
    return Association(tuple(done), leftover, threshold, cycle, cycle_days)


def critical_correlation(df: float, alpha: float = 0.05) -> float:
    """Return the |r| at which one two-sided test with ``df`` degrees of freedom gives p = alpha: t / sqrt(t^2 + df)."""
    t = t_quantile(df, 1 - alpha)
    return t / math.sqrt(t * t + df)


def detectable_correlation(df: float, tests: int = 1, power: float = 0.8, alpha: float = 0.05) -> float:
    """Return the true |r| that is found with this power: tanh((z_(1 - alpha / 2 tests) + z_power) / sqrt(df - 1)).

    Fisher's approximation, corrected for the number of tests as Bonferroni does. ``df`` must be above 1.
    """
    reach = special.ndtri(1 - alpha / (2 * tests)) + special.ndtri(power)
    return math.tanh(float(reach) / math.sqrt(df - 1))


def _undone(test: LagTest, reason: str) -> LagTest:
    return LagTest(test.lag, test.method, None, None, None, None, 0, test.count, test.raw_r, reason)


def _shifts(usage: PreparedSeries, outcome: PreparedSeries, lags: Sequence[int]) -> list[int]:
    # Whitening drops the first day of both series, so their distance stays what it is.
    apart = (usage.calendar.first - outcome.calendar.first).days
    return [apart + lag for lag in lags]


def _pair(x: FloatArray, y: FloatArray, shifts: Sequence[int]) -> _Pairing:
    at = np.arange(len(x)) + np.asarray(shifts, dtype=np.int64)[:, None]
    inside = (at >= 0) & (at < len(y))
    later = y[np.where(inside, at, 0)] if len(y) else np.zeros(at.shape)
    both = inside & ~np.isnan(x) & ~np.isnan(later)
    return _Pairing(both, np.where(both, x, 0.0), np.where(both, later, 0.0))


def _correlations(pairing: _Pairing, method: Method) -> FloatArray:
    """Correlate every row of the pairing; NaN where a side does not vary."""
    both, x, y = pairing.both, pairing.x, pairing.y
    if method == "spearman":
        x, y = _ranks(x, both), _ranks(y, both)
    n = np.maximum(both.sum(axis=1, keepdims=True), 1)
    dx = np.where(both, x - x.sum(axis=1, keepdims=True) / n, 0.0)
    dy = np.where(both, y - y.sum(axis=1, keepdims=True) / n, 0.0)
    # Each side at its own scale, so that neither huge nor tiny values leave the range of floats when squared.
    dx, dy = dx / _largest(dx, x), dy / _largest(dy, y)
    sizes = np.sqrt((dx * dx).sum(axis=1) * (dy * dy).sum(axis=1))
    r = np.divide((dx * dy).sum(axis=1), sizes, out=np.full(len(sizes), np.nan), where=sizes > 0)
    bounded: FloatArray = np.clip(r, -1.0, 1.0)
    return bounded


def _largest(deviations: FloatArray, values: FloatArray) -> FloatArray:
    largest = np.abs(deviations).max(axis=1, keepdims=True, initial=0.0)
    # Deviations as small as rounding errors count as zero: dividing by infinity makes them so.
    noise = 1e-13 * np.abs(values).max(axis=1, keepdims=True, initial=0.0)
    return np.where(largest > noise, largest, np.inf)


def _ranks(values: FloatArray, both: BoolArray) -> FloatArray:
    from scipy.stats import rankdata

    # Days that do not count rank above all that do, where they change no rank.
    ranks: FloatArray = rankdata(np.where(both, values, np.inf), axis=1)
    return np.where(both, ranks, 0.0)


def _raw_tests(
    usage: PreparedSeries, outcome: PreparedSeries, lags: Sequence[int], methods: Sequence[Method]
) -> list[LagTest]:
    raw_x = np.where(np.isfinite(usage.raw), usage.raw, np.nan)
    raw_y = np.where(np.isfinite(outcome.raw), outcome.raw, np.nan)
    pairing = _pair(raw_x, raw_y, _shifts(usage, outcome, lags))
    counts = pairing.both.sum(axis=1)
    by_method = {method: _correlations(pairing, method) for method in methods}
    return [
        LagTest(lag, method, None, None, None, None, 0, int(counts[row]), _number(by_method[method][row]), None)
        for row, lag in enumerate(lags)
        for method in methods
    ]


def _tests(tests: Sequence[LagTest], pairing: _Pairing, df: dict[int, float], fewest: int) -> list[LagTest]:
    counts = pairing.both.sum(axis=1)
    rows = {lag: row for row, lag in enumerate(df)}
    by_method = {method: _correlations(pairing, method) for method in {test.method for test in tests}}
    done = []
    for test in tests:
        row = rows[test.lag]
        done.append(_tested(test, float(by_method[test.method][row]), df[test.lag], int(counts[row]), fewest))
    return done


def _tested(test: LagTest, r: float, df: float, pairs: int, fewest: int) -> LagTest:
    reason = None
    if pairs < fewest:
        reason = TOO_FEW_PAIRS.format(fewest=fewest)
    elif math.isnan(r):
        reason = NO_VARIATION
    elif not df >= FEWEST_DF:
        reason = TOO_FEW_DF
    if reason is not None:
        return _undone(test, reason)
    interval, p = correlation_interval(r, df, test.method), correlation_p(r, df)
    return LagTest(test.lag, test.method, r, p, df, interval, pairs, test.count, test.raw_r, None)


def correlation_p(r: float, df: float) -> float:
    """Return the two-sided p-value of a correlation: Student's t at |r| sqrt(df / (1 - r^2)), 0 where |r| is 1."""
    return two_sided_p(math.inf if abs(r) >= 1 else r * math.sqrt(df / (1 - r * r)), df)


def correlation_interval(r: float, df: float, method: Method) -> Interval | None:
    """Return the 95 % interval tanh(atanh r +- z s): s^2 = 1 / (df - 1), times 1 + r^2 / 2 for Spearman.

    With independent days df is n - 2 (Fisher; Bonett and Wright 2000). None where |r| is 1 or df at most 1.
    """
    if abs(r) >= 1 or df <= 1:
        return None
    variance = (1 + r * r / 2 if method == "spearman" else 1.0) / (df - 1)
    reach = normal_quantile() * math.sqrt(variance)
    return Interval(math.tanh(math.atanh(r) - reach), math.tanh(math.atanh(r) + reach))


def _leftover(x: FloatArray, y: FloatArray, days: int) -> tuple[float, float]:
    lags = min(_LARGEST_CYCLE, days // 3)
    if lags < 1:
        return 0.0, math.inf
    shared = 2 * float(autocorrelations(x, lags) @ autocorrelations(y, lags))
    return shared, 4 * math.sqrt(lags) / (days - 1)


def shared_cycle_days(x: FloatArray, y: FloatArray) -> int | None:
    """Return the length of the cycle that two prewhitened series share, 5 to 14 days; None without one.

    At a length of d days, |sum x_t exp(-2 pi i t / d)|^2 / sum x_t^2 is about exponential with mean 1 in noise. Both
    series have to be above 4.5 at one length; the one at which the weaker is strongest is returned.
    ``docs/statistics.md`` has how often that happens with and without a cycle.
    """
    weaker = np.minimum(_periodogram(x), _periodogram(y))
    strongest = int(weaker.argmax())
    return int(_CYCLES[strongest]) if weaker[strongest] > _CLEAR_CYCLE else None


def _periodogram(values: FloatArray) -> FloatArray:
    waves = np.exp(-2j * np.pi * np.arange(len(values)) / _CYCLES[:, None])
    # Without BLAS, as in `_product`.
    power: FloatArray = np.abs(np.einsum("ij,j->i", waves, values)) ** 2 / float(values @ values)
    return power


@lru_cache(maxsize=1024)
def gapless_df(x: Calendar, y: Calendar, lag: int) -> float:
    """Return the degrees of freedom of a correlation of two gapless prewhitened series at a lag; negative without any.

    Depends on the two calendars and the lag alone, so that every pair of series over them shares it.
    """
    shift = (x.first - y.first).days + lag
    start, end = max(0, -shift), min(x.days - 1, y.days - 1 - shift)
    if end - start < 1:
        return -1.0
    head = residual_maker(x)[1:, 1:][start:end, start:end]
    tail = residual_maker(y)[1:, 1:][start + shift : end + shift, start + shift : end + shift]
    return effective_df(head, tail)


def effective_df(head: FloatArray, tail: FloatArray) -> float:
    """Return tr(H) tr(T) / sum(H * T) - 1, at most days - 2, of two residual covariances cut to the paired days.

    Below 0 where nothing is left: no test.
    """
    shared = float((head * tail).sum())
    if shared <= 0:
        return -1.0
    return min(float(head.trace()) * float(tail.trace()) / shared - 1, len(head) - 2)


def _gap_tests(
    usage: PreparedSeries, outcome: PreparedSeries, tests: Sequence[LagTest], lags: Sequence[int]
) -> list[LagTest]:
    pairing = _pair(usage.residuals, outcome.residuals, _shifts(usage, outcome, lags))
    head, tail = _covariance_of(usage), _covariance_of(outcome)
    df = {}
    for row, (lag, shift) in enumerate(zip(lags, _shifts(usage, outcome, lags), strict=True)):
        days = np.flatnonzero(pairing.both[row])
        df[lag] = effective_df(head[np.ix_(days, days)], tail[np.ix_(days + shift, days + shift)])
    return _tests(tests, pairing, df, FEWEST_PAIRS_WITH_GAPS)


def _covariance_of(series: PreparedSeries) -> FloatArray:
    return residual_covariance(series.calendar, series.observed.tobytes(), series.phi or 0.0)


@lru_cache(maxsize=32)
def residual_covariance(calendar: Calendar, observed: bytes, phi: float) -> FloatArray:
    """Return M R(phi) M over all days of a calendar, zero on days without a value (days x days, for unit variance).

    With M = I - U U' that is R - U U'R - R U U' + U (U'R U) U', for which narrow products suffice.

    Args:
        calendar: The days.
        observed: One byte a day, 0 on a day without a value; bytes, so that the result can be remembered.
        phi: Correlation of a day with the day before; R_ij = phi^|i - j|.
    """
    seen = np.frombuffer(observed, dtype=np.bool_)
    days = np.flatnonzero(seen)
    basis = calendar_basis(calendar) if seen.all() else observed_basis(calendar, seen)
    memory: FloatArray = np.power(phi, np.arange(calendar.days))[np.abs(days[:, None] - days[None, :])]
    explained = _product(memory, basis)
    crossed = _product(basis, explained.T)
    covariance = np.zeros((calendar.days, calendar.days))
    covariance[np.ix_(days, days)] = (
        memory - crossed - crossed.T + _product(_product(basis, _product(basis.T, explained)), basis.T)
    )
    covariance.setflags(write=False)
    return covariance


def _product(a: FloatArray, b: FloatArray) -> FloatArray:
    """Multiply matrices without BLAS, whose threads cost more here than they save: on a busy machine fifty times."""
    product: FloatArray = np.einsum("ij,jk->ik", a, b)
    return product


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
