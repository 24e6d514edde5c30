"""Options of the test run, and its layers: ``make test`` leaves the long one out, ``make long`` runs that and more."""

from __future__ import annotations

import gc
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.examples import register_profiles
from tests.trace_project import TraceProject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trace_project import Opener

register_profiles()

# Files whose tests run the whole program several times each, or simulate: the layer that `make long` runs.
LONG = {
    "test_cache_runs.py",
    "test_faults.py",
    "test_github_fails.py",
    "test_known_truth.py",
    "test_organisation_runs.py",
    "test_published_runs.py",
    "test_simulation.py",
    "test_trace_runs.py",
    "test_twelve_runs.py",
}
# What has more to do with --thorough: whole runs become programs of their own, and faults come at every place.
MORE_TO_DO = {"folder", "stride"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare ``--update-golden``, which rewrites the golden files from what the code now makes, and ``--thorough``."""
    parser.addoption("--update-golden", action="store_true", help="rewrite golden files; then read the diff")
    parser.addoption(
        "--thorough",
        action="store_true",
        help="try properties on many more examples and faults at every place, and start runs as programs of their own",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Load the profile with many examples when it is asked for."""
    if config.getoption("--thorough"):
        settings.load_profile("thorough")


def pytest_collection_finish() -> None:
    """Look for garbage less often, and never among what is there until the end; else it is a tenth of the work."""
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the long layer, and what ``--thorough`` has more of."""
    for item in items:
        if item.path.name in LONG:
            item.add_marker("long")
        elif MORE_TO_DO & set(getattr(item, "fixturenames", ())) or hasattr(getattr(item, "obj", None), "hypothesis"):
            item.add_marker("thorough")


@pytest.fixture
def stride(request: pytest.FixtureRequest) -> int:
    """Return how far apart the places are at which something goes wrong: one of five is tried, or every one."""
    return 1 if request.config.getoption("--thorough") else 5


@pytest.fixture
def opened() -> Iterator[Opener]:
    """Give what opens projects and closes them all in the end."""
    with ExitStack() as stack:
        yield lambda folder: stack.enter_context(TraceProject(folder))
