"""Daily series on their modelling scales."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from prodlens.statistics.daily_series import (
    Calendar,
    Scale,
    _calendar_columns,
    autocorrelations,
    calendar_basis,
    lag_one_autocorrelation,
    log_amounts,
    observed_basis,
    prepare_series,
    residual_maker,
)
from prodlens.statistics.estimates import numbers
from tests.statistics.results import like


def test_amounts_in_units_of_a_typical_day() -> None:
    """Half, one and two typical days are log 1.5, log 2 and log 3; nothing stays nothing."""
    scaled = log_amounts(np.array([0.0, 1.0, 2.0, 4.0]))
    assert tuple(scaled.tolist()) == like(0.0, 0.4054651081081644, 0.6931471805599453, 1.0986122886681098)


def test_the_calendar_of_a_short_span() -> None:
    """Nine days from a Thursday on have an intercept, a weekend, a trend from -1 to 1, and the holiday on Tuesday."""
    thursday = Calendar(date(2026, 1, 1), 9, frozenset({date(2026, 1, 6)}))
    intercept, weekend, trend, holiday = _calendar_columns(thursday, 9).T.tolist()
    assert intercept == [1.0] * 9
    assert weekend == [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert trend == [-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0]
    assert holiday == [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]


def test_from_28_days_on_every_weekday_has_a_column() -> None:
    """27 days have one weekend column, 28 have six weekdays beside Monday, and no holiday has no column."""
    assert _calendar_columns(Calendar(date(2026, 1, 1), 27), 27).shape == (27, 3)
    columns = _calendar_columns(Calendar(date(2026, 1, 1), 28), 28).T
    assert [column.nonzero()[0].tolist() for column in columns[1:7]] == [
        [5, 12, 19, 26],
        [6, 13, 20, 27],
        [0, 7, 14, 21],
        [1, 8, 15, 22],
        [2, 9, 16, 23],
        [3, 10, 17, 24],
    ]
    assert len(columns) == 8


def test_every_quiet_day_has_a_column_of_its_own() -> None:
    """Two quiet days in the span have a column each, after the trend and the holidays; one outside has none."""
    quiet = frozenset({date(2026, 1, 2), date(2026, 1, 5), date(2026, 2, 1)})
    span = Calendar(date(2026, 1, 1), 9, frozenset({date(2026, 1, 6)}), quiet)
    columns = _calendar_columns(span, 9).T
    assert columns.shape == (6, 9)
    assert [column.nonzero()[0].tolist() for column in columns[3:]] == [[5], [1], [4]]


def test_what_a_fortnight_adds() -> None:
    """Nothing below 42 days that are known, a wave below 112, and then a column for each day of one of two weeks."""
    span = Calendar(date(2026, 1, 5), 112, fortnight=True)
    assert _calendar_columns(span, 41).shape == (112, 8)
    wave = _calendar_columns(span, 42).T[8:]
    assert _calendar_columns(span, 111).shape == (112, 10)
    assert wave.shape == (2, 112)
    assert wave[:, 14].tolist() == pytest.approx(wave[:, 0].tolist())
    assert wave[:, 7].tolist() == pytest.approx((-wave[:, 0]).tolist())
    assert (wave**2).sum(axis=0).tolist() == pytest.approx([1.0] * 112)
    days = _calendar_columns(span, 112).T[8:]
    assert [column.nonzero()[0].tolist() for column in days] == [
        list(range(first, 112, 14)) for first in (13, 0, 1, 2, 3, 4, 5)
    ]


def test_a_fortnight_is_the_same_from_every_start() -> None:
    """Two series that begin on different days have the same cycle on the days they share."""
    early, late = Calendar(date(2026, 1, 5), 130, fortnight=True), Calendar(date(2026, 1, 10), 125, fortnight=True)
    assert (_calendar_columns(early, 130)[5:, 8:] == _calendar_columns(late, 125)[:, 8:]).all()


def test_a_fortnight_is_taken_out_where_it_was_observed_often_enough() -> None:
    """Of 120 days, 111 with a value have weekdays, trend and a wave (10); 112 have every day of two weeks (15)."""
    span = Calendar(date(2026, 1, 5), 120, fortnight=True)
    observed = np.ones(120, dtype=np.bool_)
    observed[[3, 17, 31, 45, 59, 73, 87, 101]] = False
    assert observed_basis(span, observed).shape == (112, 15)
    observed[2] = False
    assert observed_basis(span, observed).shape == (111, 10)
    assert calendar_basis(span).shape == (120, 15)


def test_what_is_remembered_cannot_be_changed() -> None:
    """Bases are shared by every series over a span, so that they are read-only."""
    span = Calendar(date(2026, 1, 5), 30)
    assert not calendar_basis(span).flags.writeable
    assert not residual_maker(span).flags.writeable


def test_numbers_are_one_row_of_floats() -> None:
    """Whole numbers become floats, and a column becomes a row."""
    assert numbers([1, 2]).dtype == np.float64
    assert numbers(np.array([[1.0], [2.0]])).shape == (2,)


def test_memory_of_the_day_before() -> None:
    """The sum of products of neighbours over that of squares, clipped to 0.95; with gaps means of both; else 0."""
    assert lag_one_autocorrelation(np.array([1.0, 1.0, -1.0, -1.0])) == pytest.approx(1 / 4)
    assert lag_one_autocorrelation(np.array([1.0, 1.0, np.nan, -2.0, -1.0])) == pytest.approx((3 / 2) / (7 / 4))
    assert lag_one_autocorrelation(np.array([1.0, np.nan, -1.0])) == 0.0
    assert lag_one_autocorrelation(np.array([2.0, 2.0, np.nan, np.nan])) == 0.95
    assert lag_one_autocorrelation(np.array([2.0, -2.0, np.nan, np.nan])) == -0.95


def test_autocorrelations_at_every_lag() -> None:
    """Lags 1 to 3 of 1, 2, 0, -3: products 2, -6 and -3 over squares of 14."""
    found = autocorrelations(np.array([1.0, 2.0, 0.0, -3.0]), 3)
    assert tuple(found.tolist()) == like(2 / 14, -6 / 14, -3 / 14)


def test_amounts_of_nothing_stay_nothing() -> None:
    """All zeros have no typical day and stay zeros."""
    assert log_amounts(np.zeros(3)).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("values", "scale", "reason"),
    [
        ([None, None], "count", "no day was observed"),
        ([1.0, -1.0], "count", "a count or amount is negative"),
        ([1.0, -1.0], "amount", "a count or amount is negative"),
        ([2.0, 2.0], "as_is", "the series does not vary"),
        ([1.0, -1.0], "as_is", "weekday, trend and holidays explain the whole series"),
    ],
)
def test_why_a_series_cannot_be_used(values: list[float | None], scale: Scale, reason: str) -> None:
    """Each reason has its own words, and what cannot be used has neither memory nor whitened days."""
    series = prepare_series(values, Calendar(date(2026, 1, 5), 2), scale)
    assert (series.reason, series.phi, series.whitened) == (reason, None, None)
    assert series.observed.tolist() == [value is not None for value in values]
    assert np.isnan(series.residuals).all()


def test_what_a_trend_leaves_by_hand() -> None:
    """Of 0, 3, 0 and -3 from a Monday on, a trend takes 1.8, 0.6, -0.6 and -1.8; what is left is in the same unit."""
    series = prepare_series([0, 3, 0, -3], Calendar(date(2026, 1, 5), 4), "as_is")
    assert series.raw.dtype == np.float64
    assert tuple(series.residuals.tolist()) == like(-1.8, 2.4, 0.6, -1.2)
    assert series.phi == pytest.approx((-1.8 * 2.4 + 2.4 * 0.6 - 0.6 * 1.2) / (1.8**2 + 2.4**2 + 0.6**2 + 1.2**2))


def test_a_high_level_hides_no_change() -> None:
    """A change of one in a billion is more than rounding."""
    values = [1e9 + (-1) ** day for day in range(14)]
    series = prepare_series(values, Calendar(date(2026, 1, 5), 14), "as_is")
    assert series.reason is None
    assert np.abs(series.residuals).max() == pytest.approx(1.1, abs=0.2)


def test_columns_that_say_the_same_are_one_direction() -> None:
    """Where every Tuesday is a holiday, and where no Tuesday is, five weeks have eight directions."""
    tuesdays = frozenset(date(2026, 1, day) for day in (6, 13, 20, 27)) | {date(2026, 2, 3)}
    assert calendar_basis(Calendar(date(2026, 1, 5), 35, tuesdays)).shape == (35, 8)
    assert calendar_basis(Calendar(date(2026, 1, 5), 35)).shape == (35, 8)


def test_a_quiet_day_explains_itself() -> None:
    """A quiet day leaves nothing of its own, however far it lies from the others, and changes no other day."""
    values = [float(day * day % 11) for day in range(30)]
    plain = prepare_series(values, Calendar(date(2026, 1, 5), 30, quiet=frozenset({date(2026, 1, 15)})))
    values[10] = 1e6
    changed = prepare_series(values, Calendar(date(2026, 1, 5), 30, quiet=frozenset({date(2026, 1, 15)})))
    assert plain.residuals[10] == 0.0
    assert changed.residuals.tolist() == pytest.approx(plain.residuals.tolist(), abs=1e-9)
