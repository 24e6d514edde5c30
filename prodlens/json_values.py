"""Reading single values out of JSON that somebody else wrote: what does not fit is None, and nothing raises."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import orjson

from prodlens.files import digest

# The largest whole number that every JSON reader keeps exactly; SQLite could not store one above 2^63 either.
LARGEST_WHOLE_NUMBER = 2**53
_LARGEST_STORED = 2**63 - 1  # a whole number of SQLite
# US dollars. No bill is larger; one record that says so would drown what all the others cost.
LARGEST_AMOUNT = 1e12
# Tokens, lines and files. Nothing has as many, and a sum over millions of calls stays below 2^63.
LARGEST_COUNT = 10**12

# Names, ids, branches and reasons are far shorter; whatever is longer was not written by a tool that means well.
LONGEST_TEXT = 1_000

_NOTHING: dict[str, Any] = {}
_TRUE_WORDS = frozenset({"true", "1", "yes"})
_FALSE_WORDS = frozenset({"false", "0", "no"})


def finite_number(value: object) -> float | None:
    """Return a finite number, also one written as text; a bool is not a number."""
    if type(value) is float:
        return value if math.isfinite(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def amount(value: object) -> float | None:
    """Return an amount of US dollars that can be true: not negative, and at most ``LARGEST_AMOUNT``."""
    number = finite_number(value)
    return number if number is not None and 0 <= number <= LARGEST_AMOUNT else None


def whole_number(value: object) -> int | None:
    """Return a number without its fraction; None beyond what JSON readers keep exactly."""
    if type(value) is int and -LARGEST_WHOLE_NUMBER <= value <= LARGEST_WHOLE_NUMBER:
        return value
    number = finite_number(value)
    return None if number is None or abs(number) > LARGEST_WHOLE_NUMBER else int(number)


def identifier(value: object) -> int | None:
    """Return an id: a positive whole number that is written as one and can be stored, never text or a bool."""
    return value if type(value) is int and 0 < value <= _LARGEST_STORED else None


def count(value: object) -> int | None:
    """Return a whole number of at most ``LARGEST_COUNT``; a negative one gives 0."""
    if type(value) is int and 0 <= value <= LARGEST_COUNT:
        return value
    number = whole_number(value)
    return None if number is None or number > LARGEST_COUNT else max(number, 0)


def counts(*values: object) -> tuple[int | None, ...]:
    """Return each of several values as ``count`` does."""
    return tuple([None if value is None else count(value) for value in values])


def capped(text: str) -> str:
    """Return text of at most ``LONGEST_TEXT`` characters.

    Longer text becomes its beginning and a digest of the whole, so that two names or ids stay two.
    """
    if len(text) <= LONGEST_TEXT:
        return text
    mark = digest(text.encode(errors="surrogatepass"))
    return f"{text[: LONGEST_TEXT - len(mark) - 1]}…{mark}"


def clean_text(value: object) -> str | None:
    """Return stripped, non-empty text, ``capped``; numbers are converted, anything else gives None."""
    if isinstance(value, str):
        text = value.strip()
        if len(text) > LONGEST_TEXT:
            text = capped(text)
        # Lone surrogates cannot be stored; they only reach us through Python mappings, never through orjson.
        return (text if text.isascii() else text.encode(errors="replace").decode()) or None
    if value is None or isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return str(value)


def truth(value: object) -> bool | None:
    """Return what a bool, a number or one of ``true``, ``1``, ``yes``, ``false``, ``0``, ``no`` says."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        word = value.strip().lower()
        return True if word in _TRUE_WORDS else False if word in _FALSE_WORDS else None
    number = finite_number(value)
    return None if number is None else number != 0


def mapping(value: object) -> Mapping[str, Any]:
    """Return a JSON object, also one written as text; an empty one for any other value."""
    if value is None:
        return _NOTHING
    if type(value) is dict or isinstance(value, Mapping):  # nearly always a dict, which the first tells far faster
        return value
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        try:
            value = orjson.loads(value)
        except ValueError:
            return _NOTHING
        return value if isinstance(value, dict) else _NOTHING
    return _NOTHING


def mappings(*values: object) -> tuple[Mapping[str, Any], ...]:
    """Return each of several values as ``mapping`` does."""
    return tuple(map(mapping, values))


def sequence(value: object) -> list[Any]:
    """Return a JSON array, also one written as text; an empty one for any other value."""
    if isinstance(value, str) and value.lstrip()[:1] == "[":
        try:
            value = orjson.loads(value)
        except ValueError:
            return []
    return list(value) if isinstance(value, list | tuple) else []


def objects(value: object) -> list[Mapping[str, Any]]:
    """Return the elements of a JSON array, each as ``mapping`` does."""
    return [] if value is None else [mapping(element) for element in sequence(value)]
