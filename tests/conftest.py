"""Options of the test run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare ``--update-golden``, which rewrites the golden files from what the code now makes."""
    parser.addoption("--update-golden", action="store_true", help="rewrite golden files; then read the diff")
