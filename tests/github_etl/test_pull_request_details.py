"""Details of pull requests: what GitHub's GraphQL fails at is asked again, and never taken for a fact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from prodlens.github.errors import ServerFailedError
from prodlens.github_etl import sync_state
from prodlens.storage import ProdLensStore
from tests.github_etl.test_sync import assert_same_as_new, repository, rows_by_number, stored, sync
from tests.github_server.faults import SERVER_ERROR, Fault
from tests.github_server.server import GithubServer
from tests.github_server.small import SLUG, at, event, small_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server() -> Iterator[GithubServer]:
    """Serve the small repository on one page, so that requests by GraphQL are what costs."""
    with GithubServer(small_world(page_cap=100)) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    """Open a new store."""
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def asked(server: GithubServer) -> list[str]:
    """Return what was asked: ``graphql``, ``events`` or another last part of the path."""
    return [path.split("?")[0].rsplit("/", 1)[-1] for _, path, _ in server.log]


def pull_request_state(store: ProdLensStore) -> dict[str, Any]:
    """Return what is reported of the stream of pull requests."""
    streams: list[dict[str, Any]] = sync_state(store, SLUG)["streams"]
    return streams[0]


@pytest.mark.parametrize("kind", ["", "RESOURCE_LIMITS_EXCEEDED", "SERVICE_UNAVAILABLE"])
def test_a_node_that_failed_is_asked_for_again(server: GithubServer, store: ProdLensStore, kind: str) -> None:
    """Whether a pull request was reopened is not known from a null: it is read by events, and anew when it changes."""
    server.world.graphql_failures = {"PR_2": kind}
    sync(store, server)
    rows = rows_by_number(store)
    assert (rows[2]["reopened"], rows[2]["details"], rows[1]["details"]) == (True, "heavy", "graphql")
    assert not sync_state(store, SLUG)["partial"]
    server.forget()
    sync(store, server)
    assert asked(server) == ["pulls", "commits"]
    server.world.graphql_failures = {}
    repo = repository(server)
    repo.add_pulls([{**repo.pulls[2], "updated_at": at(400)}])
    sync(store, server)
    assert_same_as_new(store, server)


def test_a_node_that_is_gone_costs_no_other_request(server: GithubServer, store: ProdLensStore) -> None:
    """NOT_FOUND at a node's own path is a fact; the other details of the same response are used."""
    repository(server).pulls[3]["node_id"] = "PR_elsewhere"
    server.world.graphql_failures = {"PR_elsewhere": "NOT_FOUND"}
    sync(store, server)
    rows = rows_by_number(store)
    assert (rows[3]["details"], rows[4]["details"]) == ("unavailable", "graphql")
    assert asked(server).count("events") == 0
    assert not sync_state(store, SLUG)["partial"]


def test_a_node_that_the_token_may_not_read_stays_to_be_read(server: GithubServer, store: ProdLensStore) -> None:
    """FORBIDDEN, as single sign-on answers it, leaves the pull request unread: the sync is partial and says why."""
    server.world.graphql_failures = {"PR_2": "FORBIDDEN", "PR_4": "FORBIDDEN"}
    sync(store, server)
    assert [n for n, row in rows_by_number(store).items() if row["details"] is None] == [2, 4]
    state = pull_request_state(store)
    assert (state["partial"], state["failed"], state["to_backfill"]["details"]) == (True, False, 2)
    assert state["stopped"] == "GitHub does not let the token read some pull requests: FORBIDDEN"
    assert asked(server).count("events") == 0
    server.world.graphql_failures = {}
    sync(store, server)
    assert_same_as_new(store, server)


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"nodes": [None] * 14}},
        {"data": {"nodes": [None] * 14}, "errors": [{"message": "Something went wrong while executing your query."}]},
        {"data": None, "errors": [{"type": "RESOURCE_LIMITS_EXCEEDED", "message": "Resource use is too high"}]},
    ],
)
def test_a_response_without_its_parts_is_asked_again_in_smaller_ones(
    server: GithubServer, store: ProdLensStore, body: object
) -> None:
    """Nulls that nothing explains are not facts: fewer are asked for, and the end is as without them."""
    server.faults.restart({2: Fault(status=200, body=orjson.dumps(body))})
    sync(store, server)
    assert asked(server).count("events") == 0
    assert_same_as_new(store, server)


def test_a_null_field_beside_an_error_is_not_known(server: GithubServer, store: ProdLensStore) -> None:
    """A node whose reopenings are null under an error without a path is read again, not stored as never reopened."""
    row = repository(server).pulls[2]
    node = {"id": row["node_id"], "additions": 1, "deletions": 1, "changedFiles": 1, "author": None, "reviews": None}
    node |= {"timelineItems": None, "ready": {"nodes": []}, "commits": {"totalCount": 0, "nodes": []}}
    answer = {"data": {"nodes": [node] * 14}, "errors": [{"message": "Something went wrong"}]}
    server.faults.restart({2: Fault(status=200, body=orjson.dumps(answer))})
    sync(store, server)
    assert rows_by_number(store)[2]["reopened"] is True
    assert_same_as_new(store, server)


def test_heavy_pull_requests_are_read_by_events_once(server: GithubServer, store: ProdLensStore) -> None:
    """Several that GraphQL fails at alone end no run, and are asked for again only when they change."""
    server.world.graphql_heavy = {"PR_2", "PR_11", "PR_13", "PR_14"}
    sync(store, server)
    rows = rows_by_number(store)
    assert [n for n, row in rows.items() if row["details"] == "heavy"] == [2, 11, 13, 14]
    assert [n for n, row in rows.items() if row["reopened"]] == [2, 11]
    assert not sync_state(store, SLUG)["partial"]
    server.forget()
    sync(store, server)
    assert asked(server) == ["pulls", "commits"]
    server.world.graphql_heavy = set()
    repo = repository(server)
    repo.events[2].append(event(2, "reopened", 300))
    repo.add_pulls([{**repo.pulls[n], "updated_at": at(300)} for n in (2, 11, 13, 14)])
    sync(store, server)
    assert_same_as_new(store, server)


def test_graphql_that_fails_at_everything_blames_no_pull_request(server: GithubServer, store: ProdLensStore) -> None:
    """Nothing is remembered as too heavy when the lightest query fails too; the next run reads all of it."""
    server.faults.restart(dict.fromkeys(range(2, 20), SERVER_ERROR))
    with pytest.raises(ServerFailedError):
        sync(store, server)
    assert {row["details"] for row in store.fetch_pull_requests()} == {None}
    assert pull_request_state(store)["failed"]
    server.forget()
    sync(store, server)
    assert_same_as_new(store, server)


def test_further_commits_split_and_give_up_like_the_first(server: GithubServer, store: ProdLensStore) -> None:
    """A list of commits that goes on too heavily is left cut, and keeps no other list from being read to its end."""
    repo = repository(server)
    repo.pull_commits[13] = [{**row, "sha": f"{n + 9000:040x}"} for n, row in enumerate(repo.pull_commits[14][:60])]
    server.faults.restart({3: Fault(status=502), 4: Fault(status=502), 6: Fault(status=502)})
    sync(store, server)
    counts = dict(store.conn.execute("SELECT pull_request_id, count(*) FROM pull_request_commits GROUP BY 1"))
    assert (counts[1013], counts[1014]) == (60, 50)
    cut = orjson.loads(rows_by_number(store)[14]["truncated"])
    assert cut == {"reviews": "100", "heavy_commits": "50"}
    assert not sync_state(store, SLUG)["partial"]
    before = stored(store)
    server.forget()
    sync(store, server)
    assert (asked(server), stored(store)) == (["pulls", "commits"], before)


def test_what_an_older_version_read_is_read_again_once(server: GithubServer, store: ProdLensStore) -> None:
    """Reviews that were not asked for then are read in bulk without a change of the pull request, and only once."""
    sync(store, server)
    before = stored(store)
    columns = ("review_count", "changes_requested", "review_rounds", "ready_at")
    with store.transaction() as conn:
        conn.execute(f"UPDATE pull_requests SET {', '.join(f'{name} = NULL' for name in columns)}")
    server.forget()
    sync(store, server)
    assert asked(server) == ["pulls", *["graphql"] * 3, "commits"]  # two go on in the commits of pull request 14
    assert stored(store) == before
    server.forget()
    sync(store, server)
    assert asked(server) == ["pulls", "commits"]


def test_without_a_token_nothing_is_read_again_one_by_one(server: GithubServer, store: ProdLensStore) -> None:
    """Events tell nothing of reviews, so what an older version read by GraphQL stays as it is."""
    sync(store, server)
    with store.transaction() as conn:
        conn.execute("UPDATE pull_requests SET review_count = NULL")
    server.forget()
    sync(store, server, token=None)
    assert asked(server) == ["pulls", "commits"]
    assert not sync_state(store, SLUG)["partial"]
