"""GitHub failing from any request on, in the whole action: nothing is lost, and the next run makes it whole.

Made in the process of the tests, since there are some hundred runs.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from prodlens.action.cache.content import content_digests
from prodlens.github.client import GithubClient
from prodlens.github_etl.etl import GithubETL
from tests.action.runner import SCHEDULE
from tests.github_server.faults import (
    CUT,
    RATE_LIMIT,
    RESET,
    SECONDARY_LIMIT,
    SECONDARY_LIMIT_IN_200,
    SERVER_ERROR,
    WRONG_JSON,
    Fault,
)
from tests.github_server.small import SLUG, commit, pull

if TYPE_CHECKING:
    from tests.action.runner import Run, Runner


LIMIT = b'{"message": "API rate limit exceeded"}'
FAULTS = {
    "reset": RESET,
    "cut": CUT,
    "not JSON": WRONG_JSON,
    "500": Fault(status=500),
    "502": SERVER_ERROR,
    "403": Fault(status=403, body=b'{"message": "Resource not accessible by integration"}'),
    "429": Fault(status=429, body=LIMIT, headers={"retry-after": "3600"}),
    "rate limit": RATE_LIMIT,
    "secondary limit": SECONDARY_LIMIT,
    "secondary limit in 200": SECONDARY_LIMIT_IN_200,
}
LIMITS = {"429", "rate limit", "secondary limit", "secondary limit in 200"}  # an end for now and not a failure
TO_THE_CACHE = 3  # requests that a second run needs before it has its cache
GRAPHQL_ERRORS = (
    b'{"data": {"repository": null}, "errors": [{"type": "RESOURCE_LIMITS_EXCEEDED", "message": "too much"}]}'
)


@pytest.fixture
def impatient(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Return a runner whose runs are made in this process and wait for nothing."""
    for kind in (GithubClient, GithubETL):
        monkeypatch.setitem(kind.__init__.__kwdefaults__, "sleep", lambda _: None)  # type: ignore[arg-type]
    runner.in_process = True
    return runner


def content(runner: Runner) -> dict[str, str]:
    """Return the digests of what the last run left in the database."""
    with closing(sqlite3.connect(runner.workplace.folder / ".prod-lens/cache.db")) as conn:
        return content_digests(conn)


def clean_run(runner: Runner) -> None:
    """Make a run of which nothing goes wrong."""
    runner.server.faults.restart()
    done = runner.run("schedule", SCHEDULE)
    assert (done.returncode, done.outputs["partial"]) == (0, "false"), done.log


def assert_kept(runner: Runner, done: Run, saved_before: int, kind: str) -> None:
    """Check that a disturbed run left report, summary and cache, marked as partial, and ended as it should."""
    report = runner.workplace.report()
    assert done.outputs["partial"] == "true", done.log
    assert "partial" in done.summary
    assert done.returncode == (0 if kind in LIMITS else 1 if kind != "403" else done.returncode), done.log
    if done.returncode:
        assert report["data_quality"]["missing"]
        assert done.said("error")
    unchanged = "Cache: not saved: nothing" in done.log
    assert (len(runner.saved()) > saved_before) is not unchanged


@pytest.mark.parametrize("kind", FAULTS)
def test_github_fails_from_any_request_of_the_first_run_on(impatient: Runner, kind: str) -> None:
    """Wherever a first run is cut off from GitHub, it keeps what it has, and the next run makes it whole."""
    clean_run(impatient)
    requests, undisturbed = impatient.server.faults.count, content(impatient)
    for number in range(2, requests + 1):  # the first one asks for the cache
        impatient.host.artifacts.clear()
        impatient.server.faults.restart()
        impatient.server.faults.since = (number, FAULTS[kind])
        assert_kept(impatient, impatient.run("schedule", SCHEDULE), 0, kind)
        clean_run(impatient)
        assert content(impatient) == undisturbed, number


@pytest.mark.parametrize("kind", FAULTS)
def test_github_fails_from_any_request_of_the_second_run_on(impatient: Runner, kind: str) -> None:
    """Wherever a second run is cut off, its cache is kept or replaced by a better one, never lost or emptied."""
    clean_run(impatient)
    [first] = impatient.saved()
    repository = impatient.server.world.repositories[SLUG]
    repository.add_pulls([pull(15)])
    repository.commits.insert(0, commit(22, 21))
    clean_run(impatient)
    requests, undisturbed = impatient.server.faults.count, content(impatient)
    for number in range(1, requests + 1):
        impatient.host.artifacts = {first.id: first}
        impatient.server.faults.restart()
        impatient.server.faults.since = (number, FAULTS[kind])
        done = impatient.run("schedule", SCHEDULE)
        if number <= TO_THE_CACHE:
            assert done.returncode != 0, done.log
            assert impatient.saved() == [first]
        else:
            assert_kept(impatient, done, 1, kind)
        clean_run(impatient)
        assert content(impatient) == undisturbed, number


def test_graphql_answers_with_errors_alone(impatient: Runner) -> None:
    """Details that GraphQL gives no data for leave the report partial, and the next run reads them."""
    clean_run(impatient)
    undisturbed = content(impatient)
    impatient.host.artifacts.clear()
    impatient.server.faults.paths["/graphql"] = Fault(status=200, body=GRAPHQL_ERRORS)
    done = impatient.run("schedule", SCHEDULE)
    assert len(impatient.saved()) == 1
    assert impatient.workplace.report()["commit_frequency"]["total_commits"] > 0, done.log
    clean_run(impatient)
    assert content(impatient) == undisturbed
