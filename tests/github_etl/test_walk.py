"""The way of a pull request: from a page of GitHub to its row, each step once and without wandering between modules."""

from __future__ import annotations

from prodlens.github_etl import GithubETL
from prodlens.storage import ProdLensStore
from tests.github_server.server import GithubServer
from tests.github_server.small import SLUG, commit, pull
from tests.github_server.world import Repository, World
from tests.moves import Walk

# The steps that docs/architecture.md names.
STEPS = (
    "prodlens.github_etl.pull_requests.walk_pull_requests",
    "prodlens.github_etl.parsing.listed_pull_request",
    "prodlens.storage.delivery_rows.put_listed_pull_requests",
    "prodlens.github_etl.pull_request_details.read_details",
    "prodlens.github_etl.parsing.node_details",
    "prodlens.github_etl.parsing.node_commits",
    "prodlens.storage.reverts.mark_reverted",
    "prodlens.github_etl.github_notes.read_notes",
)
# Modules, and calls from one of them to another: 26 and 190 before GitHub's objects were read in place.
MOST_MODULES, MOST_MOVES = 25, 140


def walked() -> Walk:
    """Return the walk of one pull request into an empty store, by REST and GraphQL."""
    repository = Repository(SLUG, pull_commits={1: [commit(5, 1)]})
    repository.add_pulls([pull(1)])
    walk = Walk()
    with GithubServer(World(repositories={SLUG: repository})) as server, ProdLensStore(":memory:") as store:
        etl = GithubETL(store, api_url=server.url, graphql_url=server.graphql_url)
        with walk.noted():
            stored = etl.sync_pull_requests("octo", "hello", token="a-token")
        (row,) = store.fetch_pull_requests()
        assert (stored, etl.requests, row["details"], row["commit_count"]) == (1, 2, "graphql", 1)
    return walk


def test_a_pull_request_takes_its_steps_once() -> None:
    """A pull request is listed, stored, read in detail and stored again, in this order."""
    walked()  # what is loaded once is loaded then
    walk = walked()
    assert [name for name in walk.entered if name in STEPS] == list(STEPS)
    assert {name: walk.entered[name] for name in STEPS} == dict.fromkeys(STEPS, 1)
    assert len(walk.modules) <= MOST_MODULES
    assert walk.moves <= MOST_MOVES
