"""Options of the test run, and how Hypothesis looks for counterexamples.

The same examples every time, since a run that decides whether a change lands must not depend on chance;
``pytest --hypothesis-profile=explore`` looks for new ones.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.trace_project import TraceProject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trace_project import Opener

settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=1000)
# For mutants: what is not found quickly is a survivor, and a counterexample need not be small.
settings.register_profile(
    "mutants",
    deadline=None,
    derandomize=True,
    max_examples=20,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("steady")


# Files whose tests run the whole program several times each, or simulate: the layer that `make long` runs.
LONG = {
    "test_cache_runs.py",
    "test_faults.py",
    "test_github_fails.py",
    "test_known_truth.py",
    "test_published_runs.py",
    "test_trace_runs.py",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the long layer."""
    for item in items:
        if item.path.name in LONG:
            item.add_marker("long")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare ``--update-golden``, which rewrites the golden files from what the code now makes."""
    parser.addoption("--update-golden", action="store_true", help="rewrite golden files; then read the diff")


@pytest.fixture
def opened() -> Iterator[Opener]:
    """Give what opens projects and closes them all in the end."""
    with ExitStack() as stack:
        yield lambda folder: stack.enter_context(TraceProject(folder))
