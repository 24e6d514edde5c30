"""Daily series on their modelling scales."""

from __future__ import annotations

from datetime import date

import numpy as np

from prodlens.statistics.daily_series import Calendar, _calendar_columns, calendar_basis, log_amounts, residual_maker
from prodlens.statistics.estimates import numbers
from tests.statistics.results import like


def test_amounts_in_units_of_a_typical_day() -> None:
    """Half, one and two typical days are log 1.5, log 2 and log 3; nothing stays nothing."""
    scaled = log_amounts(np.array([0.0, 1.0, 2.0, 4.0]))
    assert tuple(scaled.tolist()) == like(0.0, 0.4054651081081644, 0.6931471805599453, 1.0986122886681098)


def test_the_calendar_of_a_short_span() -> None:
    """Nine days from a Thursday on have an intercept, a weekend, a trend from -1 to 1, and the holiday on Tuesday."""
    thursday = Calendar(date(2026, 1, 1), 9, frozenset({date(2026, 1, 6)}))
    intercept, weekend, trend, holiday = _calendar_columns(thursday).T.tolist()
    assert intercept == [1.0] * 9
    assert weekend == [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert trend == [-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0]
    assert holiday == [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]


def test_from_28_days_on_every_weekday_has_a_column() -> None:
    """27 days have one weekend column, 28 have six weekdays beside Monday, and no holiday has no column."""
    assert _calendar_columns(Calendar(date(2026, 1, 1), 27)).shape == (27, 3)
    columns = _calendar_columns(Calendar(date(2026, 1, 1), 28)).T
    assert [column.nonzero()[0].tolist() for column in columns[1:7]] == [
        [5, 12, 19, 26],
        [6, 13, 20, 27],
        [0, 7, 14, 21],
        [1, 8, 15, 22],
        [2, 9, 16, 23],
        [3, 10, 17, 24],
    ]
    assert len(columns) == 8


def test_what_is_remembered_cannot_be_changed() -> None:
    """Bases are shared by every series over a span, so that they are read-only."""
    span = Calendar(date(2026, 1, 5), 30)
    assert not calendar_basis(span).flags.writeable
    assert not residual_maker(span).flags.writeable


def test_numbers_are_one_row_of_floats() -> None:
    """Whole numbers become floats, and a column becomes a row."""
    assert numbers([1, 2]).dtype == np.float64
    assert numbers(np.array([[1.0], [2.0]])).shape == (2,)
