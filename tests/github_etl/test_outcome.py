"""What a sync reports when a stream fails, stops or is through."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prodlens.github import AuthenticationError, NotFoundError, ServerFailedError
from prodlens.github_etl import GithubETL, SyncOutcome
from prodlens.storage import ProdLensStore
from tests.github_etl.test_sync import TOKEN, Session
from tests.github_server.faults import SERVER_ERROR, Fault
from tests.github_server.server import GithubServer
from tests.github_server.small import SLUG, small_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server() -> Iterator[GithubServer]:
    """Serve the small repository."""
    with GithubServer(small_world(tokens={TOKEN})) as running:
        yield running


def outcome(server: GithubServer, folder: Path, slug: str = SLUG, token: str = TOKEN, budget: int = 99) -> SyncOutcome:
    """Sync both streams into a store in the folder."""
    urls = {"api_url": server.url, "graphql_url": server.graphql_url}
    with ProdLensStore(folder / "cache.db") as store:
        etl = GithubETL(store, Session(), budget=budget, patience_seconds=0.0, **urls)  # type: ignore[arg-type]  # get and post are enough
        return etl.sync(*slug.split("/"), token=token)


def test_a_whole_sync_has_nothing_to_say(server: GithubServer, tmp_path: Path) -> None:
    """Both streams are written; nothing is partial and there is no reason."""
    done = outcome(server, tmp_path, "Octo/Hello")
    assert (done.repo, dict(done.written)) == (SLUG, {"pull_requests": 14, "commits": 22})
    assert (done.partial, done.reason, done.exit_status) == (False, None, 0)


def test_one_that_fails_leaves_the_next_to_run(server: GithubServer, tmp_path: Path) -> None:
    """The failed stream's error and reason are kept; the state remembers them until the next run."""
    server.faults.restart(dict.fromkeys(range(1, 5), SERVER_ERROR))
    done = outcome(server, tmp_path)
    assert dict(done.written) == {"commits": 22}
    assert isinstance(done.failures["pull_requests"], ServerFailedError)
    assert (done.partial, done.exit_status) == (True, 1)
    assert str(done.reason).startswith("pull requests: GitHub failed at 127.0.0.1/repos/octo/hello/pulls (502)")
    assert [stream["failed"] for stream in done.state["streams"]] == [True, False]
    assert outcome(server, tmp_path).reason is None


def test_a_limit_is_not_a_failure(server: GithubServer, tmp_path: Path) -> None:
    """A spent budget makes the sync partial with a reason and leaves the exit status at 0."""
    done = outcome(server, tmp_path, budget=2)
    assert (done.partial, done.exit_status, dict(done.failures)) == (True, 0, {})
    assert done.reason == (
        "pull requests: the budget of 2 GitHub requests is spent; the next run goes on where this one stopped; "
        "commits: the budget of 2 GitHub requests is spent; the next run goes on where this one stopped"
    )


@pytest.mark.parametrize(
    ("slug", "token", "kind"), [(SLUG, "unknown", AuthenticationError), ("octo/missing", TOKEN, NotFoundError)]
)
def test_what_the_user_gave_wrongly_is_exit_status_2(
    server: GithubServer, tmp_path: Path, slug: str, token: str, kind: type[Exception]
) -> None:
    """A token that GitHub refuses and a repository that it does not have are the user's to mend."""
    done = outcome(server, tmp_path, slug, token)
    assert {type(error) for error in done.failures.values()} == {kind}
    assert done.exit_status == 2


def test_a_missing_permission_of_one_stream_is_its_own(server: GithubServer, tmp_path: Path) -> None:
    """A token that may not read pull requests still reads commits."""
    denied = Fault(status=403, headers={"x-accepted-github-permissions": "pull_requests=read"})
    server.faults.restart({1: denied})
    done = outcome(server, tmp_path)
    assert dict(done.written) == {"commits": 22}
    assert "grant it pull_requests=read" in str(done.reason)
