"""Public names that load with their first use."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from prodlens.lazy_names import loader

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Register a package whose one lazy name stands in the standard library; returns the names it is asked for."""
    package, found = ModuleType("lazy_package"), []
    load: Callable[[str], object] = loader("lazy_package", {"OrderedDict": "collections"})

    def noted(name: str) -> object:
        found.append(name)
        return load(name)

    package.__dict__["__getattr__"] = noted
    monkeypatch.setitem(sys.modules, "lazy_package", package)
    return found


def test_a_name_is_looked_for_once(asked: list[str]) -> None:
    """The first use finds a name in its module; from then on the package has it."""
    package = sys.modules["lazy_package"]
    assert package.OrderedDict is package.OrderedDict
    assert asked == ["OrderedDict"]


def test_an_unknown_name_is_an_attribute_error(asked: list[str]) -> None:
    """A name that is not public is not found, and the error names package and name."""
    with pytest.raises(AttributeError, match="module 'lazy_package' has no attribute 'Missing'"):
        _ = sys.modules["lazy_package"].Missing
    assert asked == ["Missing"]
