"""Moments as text."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.timestamps import first_monday, is_plausible, iso_utc, latest_plausible, monday_of, parse_timestamp


def _written(moment: datetime, suffix: str) -> str:
    return moment.replace(microsecond=0, tzinfo=None).isoformat() + suffix


@given(st.datetimes(), st.sampled_from(["Z", "+00:00"]))
def test_a_whole_second_is_the_same_text_by_the_short_way(moment: datetime, suffix: str) -> None:
    """What GitHub and the store write comes out as parsing and formatting it would."""
    text = _written(moment, suffix)
    parsed = parse_timestamp(text)
    assert parsed is not None
    assert iso_utc(text) == parsed.isoformat() == moment.replace(microsecond=0, tzinfo=UTC).isoformat()


@given(st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|\+00:00)\n?", fullmatch=True))
def test_what_is_no_moment_is_none_by_either_way(text: str) -> None:
    """Text of the right shape that names no moment is unreadable."""
    parsed = parse_timestamp(text)
    assert iso_utc(text) == (None if parsed is None else parsed.isoformat())


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2004-12-31T23:59:59.999999+00:00", False),
        ("2005-01-01T00:00:00+00:00", True),
        ("2005-01-01T00:59:59+01:00", False),
        ("2026-05-03T12:00:00+00:00", True),
        ("2026-05-03T12:00:00.000001+00:00", False),
        ("2026-05-03T13:00:00+01:00", True),
        ("9999-12-31T23:59:59+00:00", False),
        ("0001-01-01T00:00:00+00:00", False),
    ],
)
def test_moments_that_can_be_true(at: str, expected: bool) -> None:
    """A moment can be true from 2005 on and until two days after now, both ends included, whatever its time zone."""
    now = datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert is_plausible(datetime.fromisoformat(at), now) is expected
    assert is_plausible(datetime.fromisoformat(at), now.replace(tzinfo=None)) is expected


def test_the_last_moment_that_can_be_true() -> None:
    """It is two days after now, and at the end of the calendar it is the calendar's last moment."""
    assert latest_plausible(datetime(2026, 5, 1, 12, tzinfo=UTC)) == datetime(2026, 5, 3, 12, tzinfo=UTC)
    assert latest_plausible(datetime.max.replace(tzinfo=UTC)) == datetime.max.replace(tzinfo=UTC)


def test_a_week_begins_on_monday() -> None:
    """The Monday of a week is its first day; the first Monday from a day on is that day itself or comes after it."""
    assert monday_of(date(2026, 11, 23)) == first_monday(date(2026, 11, 23)) == date(2026, 11, 23)
    assert monday_of(date(2026, 11, 29)) == date(2026, 11, 23)
    assert first_monday(date(2026, 11, 29)) == date(2026, 11, 30)
    assert first_monday(date(2026, 11, 24)) == date(2026, 11, 30)
