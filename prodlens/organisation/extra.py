"""Whether the packages are there that read an organisation's tables: the extra ``prodlens[organisation]``."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_PACKAGES = ("ibis", "duckdb")


def has_extra(find: Callable[[str], object] = find_spec) -> bool:
    """Return whether Ibis and DuckDB can be imported, without importing them."""
    return all(find(name) for name in _PACKAGES)
