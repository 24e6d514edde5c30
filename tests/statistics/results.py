"""Whole results of the statistics, with every number compared to about nine digits."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import pytest


def plain(result: Any) -> Any:
    """Return a result as tuples, so that a test compares all its fields with literals in one line."""
    if isinstance(result, tuple):
        return tuple(plain(part) for part in result)
    if is_dataclass(result):
        return tuple(plain(getattr(result, field.name)) for field in fields(result))
    return result


def like(*values: Any) -> tuple[Any, ...]:
    """Return expected values that floats meet within rounding, however deep they stand."""
    return tuple(
        like(*value)
        if isinstance(value, tuple)
        else pytest.approx(value, rel=1e-9, abs=1e-12)
        if isinstance(value, float)
        else value
        for value in values
    )
