"""Options of the test run, and how Hypothesis looks for counterexamples.

The same examples every time, since a run that decides whether a change lands must not depend on chance;
``pytest --hypothesis-profile=explore`` looks for new ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import settings

if TYPE_CHECKING:
    import pytest

settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("steady")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare ``--update-golden``, which rewrites the golden files from what the code now makes."""
    parser.addoption("--update-golden", action="store_true", help="rewrite golden files; then read the diff")
