"""A daily series made ready for association: transformed, calendar and trend removed, prewhitened.

Usage and output share weekdays, trends and memory of the day before; each alone makes two unrelated series correlate.
What is left after removing them is the part of a day that neither its weekday, the trend nor the day before explains.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from prodlens.statistics.estimates import NOT_FINITE, BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

CONSTANT = "the series does not vary"
ALL_CALENDAR = "weekday, trend and holidays explain the whole series"
EMPTY = "no day was observed"
NEGATIVE = "a count or amount is negative"

# With four weeks every weekday has been seen four times; before that only weekend or not can be told apart.
DAYS_FOR_WEEKDAYS = 28
# Two-week cycles, such as sprints: a wave once three of them were seen, each day of the fortnight from eight on.
DAYS_FOR_A_WAVE, DAYS_FOR_A_FORTNIGHT = 42, 112
_FORTNIGHT = 14
_SATURDAY = 5
_LARGEST_PHI = 0.95
# Variance that is left by rounding alone, as a share of the variance before.
_ROUNDING = 1e-16

Scale = Literal["count", "amount", "as_is"]


class Calendar(NamedTuple):
    """Consecutive calendar days from ``first`` on, and what is known of them.

    Attributes:
        first: The first day.
        days: How many days there are.
        holidays: Days on which nobody works; they have a level of their own in common.
        quiet: Days that are not to count, such as undeclared holidays; each has a level of its own.
        fortnight: Whether a two-week cycle is taken out, where there are days enough to know it.
    """

    first: date
    days: int
    holidays: frozenset[date] = frozenset()
    quiet: frozenset[date] = frozenset()
    fortnight: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class PreparedSeries:
    """One series in the forms that association needs.

    Attributes:
        calendar: The days it covers.
        raw: Values as observed, NaN on days without one.
        observed: True on days that have a value.
        residuals: Transformed values less calendar and trend; NaN on days without a value.
        phi: Lag-1 autocorrelation of the residuals, within 0.95 of zero; None when there is a reason.
        whitened: Residual less phi times the day before, from the second day on; None when days are missing.
        reason: Why nothing can be computed from it, None when something can.
    """

    calendar: Calendar
    raw: FloatArray
    observed: BoolArray
    residuals: FloatArray
    phi: float | None
    whitened: FloatArray | None
    reason: str | None

    @property
    def complete(self) -> bool:
        """Whether every day of the calendar has a value."""
        return bool(self.observed.all())


def log_counts(values: FloatArray) -> FloatArray:
    """Return log(1 + v) of counts (natural logarithm): a zero stays a zero, and bursts lose their leverage."""
    return np.log1p(values)


def log_amounts(values: FloatArray) -> FloatArray:
    """Return log(1 + v / median of the non-zero values) of tokens or money.

    Divided by a typical day first, since log(1 + tokens) would make every day without any a huge outlier, and
    log(1 + dollars) hardly a logarithm at all. All zeros stay zeros.
    """
    used = values[values > 0]
    if not used.size:
        return np.zeros_like(values)
    # log(1 + v / m) without the quotient, which a tiny median takes out of the range of numbers.
    with np.errstate(divide="ignore"):
        logarithms: FloatArray = np.logaddexp(0.0, np.log(values) - np.log(np.median(used)))
    return logarithms


_SCALES: dict[str, Callable[[FloatArray], FloatArray]] = {"count": log_counts, "amount": log_amounts}


@lru_cache(maxsize=64)
def calendar_basis(calendar: Calendar) -> FloatArray:
    """Return an orthonormal basis (days x rank) of intercept, weekdays, linear trend and what the calendar names.

    Six weekday dummies from 28 days on, one weekend dummy before; a holiday column when a holiday is in the calendar,
    and one for each quiet day. With a fortnight, a wave of 14 days from 42 days on; from 112 days on instead a column
    for every day of the second week.
    The basis comes from a singular value decomposition, because the columns can depend on each other (a weekday on
    which nothing is observed).
    """
    return _orthonormal(_calendar_columns(calendar, calendar.days))


def _calendar_columns(calendar: Calendar, known: int) -> FloatArray:
    """Return the columns (days x columns) of a calendar of which ``known`` days have a value."""
    days = np.arange(calendar.days)
    weekdays = (days + calendar.first.weekday()) % 7
    enough = calendar.days >= DAYS_FOR_WEEKDAYS
    columns: list[FloatArray | BoolArray] = [np.ones(calendar.days)]
    columns += [weekdays == day for day in range(1, 7)] if enough else [weekdays >= _SATURDAY]
    columns.append(np.linspace(-1, 1, calendar.days))
    off = days_of(calendar, calendar.holidays)
    if off.any():
        columns.append(off)
    columns += [days == day for day in np.flatnonzero(days_of(calendar, calendar.quiet))]
    if calendar.fortnight:
        columns += _fortnight_columns(days + calendar.first.toordinal(), known)
    return np.column_stack(columns).astype(np.float64)


def days_of(calendar: Calendar, named: frozenset[date]) -> BoolArray:
    """Tell which days of the calendar are named."""
    return np.array([calendar.first + timedelta(days=day) in named for day in range(calendar.days)], dtype=np.bool_)


def _fortnight_columns(days: IntArray, known: int) -> list[FloatArray | BoolArray]:
    """Return what a cycle of 14 days adds to the weekdays: nothing, its wave, or every day of the second week."""
    if known < DAYS_FOR_A_WAVE:
        return []
    if known < DAYS_FOR_A_FORTNIGHT:
        turn = 2 * np.pi / _FORTNIGHT * days
        return [np.sin(turn), np.cos(turn)]
    return [days % _FORTNIGHT == day for day in range(7)]


def _orthonormal(columns: FloatArray) -> FloatArray:
    left, sizes, _ = np.linalg.svd(columns, full_matrices=False)
    kept = sizes > sizes[0] * max(columns.shape) * np.finfo(np.float64).eps
    basis: FloatArray = left[:, kept]
    basis.setflags(write=False)
    return basis


@lru_cache(maxsize=64)
def residual_maker(calendar: Calendar) -> FloatArray:
    """Return M = I - U U' (days x days), which takes calendar and trend out of a series over the calendar."""
    basis = calendar_basis(calendar)
    maker: FloatArray = np.eye(calendar.days) - basis @ basis.T
    maker.setflags(write=False)
    return maker


def observed_basis(calendar: Calendar, observed: BoolArray) -> FloatArray:
    """Return the calendar's basis over the observed days alone (observed days x rank)."""
    return _orthonormal(_calendar_columns(calendar, int(observed.sum()))[observed])


def lag_one_autocorrelation(residuals: FloatArray) -> float:
    """Return the autocorrelation of residuals with those of the day before, clipped to +-0.95.

    Without gaps sum a_t a_(t-1) / sum a_t^2; with gaps (NaN) the mean of the products over the pairs of neighbouring
    days, over the mean square of the days, and 0 without such a pair. Residuals have mean 0: nothing is subtracted.
    """
    known = residuals[~np.isnan(residuals)]
    products = residuals[1:] * residuals[:-1]
    neighbours = products[~np.isnan(products)]
    if not neighbours.size:
        return 0.0
    phi = float(neighbours.sum()) / float(known @ known)
    if len(known) < len(residuals):
        phi *= len(known) / len(neighbours)
    return min(max(phi, -_LARGEST_PHI), _LARGEST_PHI)


def autocorrelations(values: FloatArray, lags: int) -> FloatArray:
    """Return sum a_t a_(t-j) / sum a_t^2 at lags j = 1 to ``lags`` of whitened residuals, whose mean is about 0."""
    return np.array([values[lag:] @ values[: len(values) - lag] for lag in range(1, lags + 1)]) / (values @ values)


def prepare_series(
    values: Sequence[float | None] | FloatArray, calendar: Calendar, scale: Scale = "count"
) -> PreparedSeries:
    """Make a daily series ready for association.

    Args:
        values: One value a day of the calendar. A day without activity is a 0 of a count or amount; None or NaN is a
            day without a value, as the merge time of a day without merges is.
        calendar: The days of the values.
        scale: ``count`` (log(1 + v)), ``amount`` (log(1 + v / median non-zero day)) or ``as_is`` (already on its
            modelling scale, such as mean log hours).

    Returns:
        The prepared series. Its ``reason`` says why nothing can be computed: no day observed, a negative or infinite
        value, a series that does not vary, or one that calendar and trend explain wholly.

    Raises:
        ValueError: There is not one value a day.

    Source: prewhitening before a cross-correlation is Box and Jenkins' and Haugh's (1976).
    """
    raw = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    if len(raw) != calendar.days:
        raise ValueError(f"{len(raw)} values for {calendar.days} days")
    observed = ~np.isnan(raw)
    reason = _unusable(raw[observed], scale)
    empty = np.full(calendar.days, np.nan)
    if reason is not None:
        return PreparedSeries(calendar, raw, observed, empty, None, None, reason)
    transformed = _SCALES[scale](raw[observed]) if scale in _SCALES else raw[observed]
    complete = bool(observed.all())
    basis = calendar_basis(calendar) if complete else observed_basis(calendar, observed)
    left = transformed - basis @ (basis.T @ transformed)
    spread = transformed - transformed.mean()
    if left @ left <= _ROUNDING * (spread @ spread):
        return PreparedSeries(calendar, raw, observed, empty, None, None, ALL_CALENDAR)
    # Rounding makes ties that calendar and trend leave exact again, so that ranks do not hang on the last bit.
    unit = float(np.abs(left).max())
    residuals = empty
    residuals[observed] = np.round(left / unit, 12) * unit
    phi = lag_one_autocorrelation(residuals)
    whitened = residuals[1:] - phi * residuals[:-1] if complete else None
    return PreparedSeries(calendar, raw, observed, residuals, phi, whitened, None)


def _unusable(values: FloatArray, scale: Scale) -> str | None:
    if not values.size:
        return EMPTY
    if not np.isfinite(values).all():
        return NOT_FINITE
    if scale != "as_is" and (values < 0).any():
        return NEGATIVE
    if (values == values[0]).all():
        return CONSTANT
    return None
