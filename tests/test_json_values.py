"""Reading single values of foreign JSON."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.json_values import (
    LARGEST_COUNT,
    LARGEST_WHOLE_NUMBER,
    LONGEST_TEXT,
    capped,
    clean_text,
    count,
    counts,
    finite_number,
    identifier,
    mapping,
    mappings,
    objects,
    sequence,
    truth,
    whole_number,
)

ANYTHING = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary(max_size=4)
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
)


@pytest.mark.parametrize(
    ("given", "number", "whole", "counted"),
    [
        (7, 7.0, 7, 7),
        ("7", 7.0, 7, 7),
        (7.9, 7.9, 7, 7),
        (-3, -3.0, -3, 0),
        (True, None, None, None),
        ("nan", None, None, None),
        (float("inf"), None, None, None),
        (2**54, 2.0**54, None, None),
        (10**400, None, None, None),
        ("x", None, None, None),
        (None, None, None, None),
    ],
)
def test_numbers(given: object, number: float | None, whole: int | None, counted: int | None) -> None:
    """A number is finite, no bool, also in text; a whole one can be stored exactly; a count is never negative."""
    assert finite_number(given) == number
    assert (whole_number(given), count(given)) == (whole, counted)


@given(ANYTHING)
def test_nothing_raises(value: Any) -> None:
    """Whatever a value is, reading it returns something of the right type."""
    assert isinstance(finite_number(value), float | None)
    assert abs(whole_number(value) or 0) <= LARGEST_WHOLE_NUMBER
    assert (count(value) or 0) >= 0
    assert clean_text(value) != ""
    assert (clean_text(value) or "").encode() is not None
    assert truth(value) in {True, False, None}
    assert isinstance(sequence(value), list)
    assert mapping(value) is not None


def test_objects_and_arrays_as_text() -> None:
    """An object or array written as JSON text is one; anything else is an empty one."""
    assert mapping('{"a": 1}') == mapping(MappingProxyType({"a": 1})) == {"a": 1}
    assert sequence("[1]") == sequence((1,)) == [1]
    assert mapping("{broken") == mapping("[1]") == mapping(None) == {}
    assert sequence("[broken") == sequence('{"a": 1}') == sequence(None) == []


def test_text_that_cannot_be_stored_is_mended() -> None:
    """Lone surrogates, which no database takes, are replaced; blanks around are dropped."""
    assert clean_text(" a\ud800b ") == "a?b"
    assert clean_text("  ") is None
    assert clean_text(1.5) == "1.5"
    assert clean_text(float("nan")) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (7, 7),
        (2**60, 2**60),
        (2**63, None),
        (0, None),
        (-7, None),
        (7.0, None),
        ("7", None),
        (True, None),
        (None, None),
    ],
)
def test_an_identifier_is_written_as_a_positive_whole_number(value: object, expected: int | None) -> None:
    """An id is a positive whole number; text, fractions and booleans are not ids."""
    assert identifier(value) == expected


def test_long_text_is_cut_to_one_length() -> None:
    """Text of 1,000 characters stays; longer text is its beginning and a digest, so that two texts stay two."""
    assert clean_text("x" * 1000) == "x" * 1000
    assert clean_text(" " + "x" * 1001) == "x" * 967 + "…28b9d3d3fa3ba9c8d5c6e62d8422ed7a"
    assert clean_text("x" * 1002) == "x" * 967 + "…d4e6820dc2a9d8fb50e542f7ce8978b1"


@given(st.text(min_size=LONGEST_TEXT - 2, max_size=LONGEST_TEXT + 40))
def test_cutting_twice_is_cutting_once(text: str) -> None:
    """Cut text has at most the length of the cap and is not cut again."""
    assert len(capped(text)) <= LONGEST_TEXT
    assert capped(capped(text)) == capped(text)


def test_several_values_at_once() -> None:
    """Counts and objects are read together as they are one by one; the elements of an array are objects."""
    assert counts(3, None, "7", -1, "x") == (3, None, 7, 0, None)
    assert mappings({"a": 1}, '{"b": 2}', None, 3) == ({"a": 1}, {"b": 2}, {}, {})
    assert objects([{"a": 1}, 2, '{"b": 2}']) == objects('[{"a": 1}, 2, {"b": 2}]') == [{"a": 1}, {}, {"b": 2}]
    assert objects(None) == objects({"a": 1}) == []


def test_a_count_beyond_all_that_can_be_is_unknown() -> None:
    """No call has more than 10^12 tokens or lines, and sums of what calls have must stay whole numbers of SQLite."""
    assert count(LARGEST_COUNT) == LARGEST_COUNT == 10**12
    assert count(LARGEST_COUNT + 1) is None
    assert count(f"{LARGEST_COUNT + 1}") is None
    assert count(0) == 0
