"""Moments as text."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from prodlens.timestamps import iso_utc, parse_timestamp


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
