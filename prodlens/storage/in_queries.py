"""Looking rows up by many values: a placeholder for each, in portions that every build of SQLite takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Value = TypeVar("Value")
_MOST_VALUES = 500


def portions(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    """Yield the values in their order, as many at a time as one query asks for."""
    for start in range(0, len(values), _MOST_VALUES):
        yield values[start : start + _MOST_VALUES]


def marks(values: Sequence[object]) -> str:
    """Return a placeholder for each value, as they stand between the brackets of ``IN`` or ``VALUES``."""
    return ", ".join("?" * len(values))
