"""A fault at every request of a sync: whatever it is, a run without one ends as if it had never been there."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import orjson
import pytest

from prodlens.github_etl import GithubETL, SyncOutcome, sync_state
from prodlens.storage import ProdLensStore
from tests.github_etl.test_sync import TOKEN, stored
from tests.github_server.faults import (
    CUT,
    PAGE,
    RATE_LIMIT,
    RESET,
    SECONDARY_LIMIT,
    SECONDARY_LIMIT_IN_200,
    SERVER_ERROR,
    WRONG_JSON,
    Fault,
)
from tests.github_server.in_process import InProcessSession
from tests.github_server.server import GithubServer
from tests.github_server.small import SLUG, at, commit, pull, small_repository, small_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.github_server.world import Repository


def graphql(**answer: object) -> Fault:
    """Return a GraphQL response."""
    return Fault(status=200, body=orjson.dumps(answer))


# Each once, and as often as the client repeats a read.
FAULTS = {
    "reset": RESET,
    "cut": CUT,
    "half a JSON": WRONG_JSON,
    "page": PAGE,
    "500": Fault(status=500),
    "502": SERVER_ERROR,
    "403": Fault(status=403),
    "429": Fault(status=429, headers={"retry-after": "600"}),
    "used-up quota": RATE_LIMIT,
    "secondary limit": SECONDARY_LIMIT,
    "secondary limit in 200": SECONDARY_LIMIT_IN_200,
}
NULLS = {"nodes": [None] * 14}
GRAPHQL_FAULTS = {
    "nulls": graphql(data=NULLS),
    "nulls and a timeout": graphql(data=NULLS, errors=[{"message": "Something went wrong while executing your query"}]),
    "nulls and a limit of resources": graphql(data=NULLS, errors=[{"type": "RESOURCE_LIMITS_EXCEEDED"}]),
    "nulls that may not be read": graphql(data=NULLS, errors=[{"type": "FORBIDDEN", "message": "SAML enforcement"}]),
    "no data": graphql(data=None, errors=[{"message": "timeout"}]),
    "rate limit": graphql(data=NULLS, errors=[{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]),
    "secondary limit": SECONDARY_LIMIT_IN_200,
}
TIMES = (1, 4)


def short_repository() -> Repository:
    """Return a repository of three pages of pull requests and of commits."""
    repository = small_repository()
    repository.pulls = {
        number: row for number, row in repository.pulls.items() if number in {1, 2, 3, 9, 11, 12, 13, 14}
    }
    repository.commits = repository.commits[-9:]
    return repository


def news(repository: Repository) -> None:
    """Merge a pull request, and take one and some commits away."""
    repository.add_pulls(
        [pull(15, updated_at=at(200), merged_at=at(200)), {**repository.pulls[9], "updated_at": at(199)}]
    )
    del repository.pulls[3]
    repository.pull_commits[15] = [commit(100, 2, hours=2.5)]
    repository.commits = [commit(200, 6, 100), commit(100, 2, hours=2.5), *repository.commits[2:]]
    repository.commits.sort(key=lambda row: row["committer_date"], reverse=True)


def sync(database: Path, server: GithubServer) -> SyncOutcome:
    """Sync once, without any waiting."""
    urls = {"api_url": server.url, "graphql_url": server.graphql_url}
    with ProdLensStore(database) as store:
        etl = GithubETL(store, InProcessSession(server), patience_seconds=0.0, **urls)  # type: ignore[arg-type]  # get and post are enough
        return etl.sync(*SLUG.split("/"), token=TOKEN)


def contents(database: Path) -> object:
    """Return what is stored, and whether something is left to read."""
    with ProdLensStore(database) as store:
        return stored(store), sync_state(store, SLUG)["partial"]


def facts(database: Path) -> object:
    """Return what is known without GraphQL too: pull requests, whether they were reopened, and commits."""
    with ProdLensStore(database) as store:
        pulls = {(row["number"], row["state"], row["reopened"]) for row in store.fetch_pull_requests()}
        return pulls, {row["sha"] for row in store.fetch_commits()}


class Undisturbed:
    """A sync without faults: the database before it, what it stored, and which requests it needed."""

    def __init__(self, server: GithubServer, folder: Path, *, second: bool) -> None:
        self.server = server
        self.before, after = folder / "before.db", folder / "after.db"
        repository = short_repository()
        self.server.world.repositories[SLUG] = repository
        if second:
            sync(self.before, self.server)
            news(repository)
            self.server.forget()
            shutil.copy(self.before, after)
        else:
            ProdLensStore(self.before).close()
        sync(after, self.server)
        self.expected, self.facts = contents(after), facts(after)
        self.posts = [method == "POST" for method, _, _ in self.server.log]


@pytest.fixture(scope="module", params=[False, True], ids=["first run", "second run"])
def undisturbed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Undisturbed]:
    """Sync once without faults."""
    with GithubServer(small_world()) as server:
        yield Undisturbed(server, tmp_path_factory.mktemp("undisturbed"), second=request.param)


@pytest.mark.parametrize("times", TIMES, ids=["once", "four times"])
@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_at_any_request(undisturbed: Undisturbed, tmp_path: Path, kind: str, times: int) -> None:
    """The run after a disturbed one leaves what an undisturbed one does; a disturbed run that is not whole says so."""
    for n in range(1, len(undisturbed.posts) + 1):
        disturb(undisturbed, tmp_path / f"{n}.db", dict.fromkeys(range(n, n + times), FAULTS[kind]))


@pytest.mark.parametrize("kind", GRAPHQL_FAULTS)
def test_a_fault_at_any_graphql_request(undisturbed: Undisturbed, tmp_path: Path, kind: str) -> None:
    """The same for responses of status 200 that hold less than was asked for, at one request and at all of a run."""
    for n in (n for n, is_post in enumerate(undisturbed.posts, start=1) if is_post):
        disturb(undisturbed, tmp_path / f"{n}.db", {n: GRAPHQL_FAULTS[kind]})
    undisturbed.server.faults.paths = {"/graphql": GRAPHQL_FAULTS[kind]}
    disturb(undisturbed, tmp_path / "all.db", {})


def disturb(undisturbed: Undisturbed, database: Path, faults: dict[int, Fault]) -> None:
    """Sync with faults and then without, and compare."""
    shutil.copy(undisturbed.before, database)
    undisturbed.server.faults.restart(faults)
    outcome = sync(database, undisturbed.server)
    undisturbed.server.faults.restart()
    undisturbed.server.faults.paths = {}
    assert outcome.partial or facts(database) == undisturbed.facts, f"after faults at {list(faults)}"
    assert outcome.partial == (outcome.reason is not None)
    sync(database, undisturbed.server)
    assert contents(database) == undisturbed.expected, f"after faults at {list(faults)}"
