"""One run of one stream, step by step: what each step leaves in the stored state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prodlens.errors import GithubError
from prodlens.github import BudgetSpentError, GithubClient, RequestBudget, ServerFailedError
from prodlens.github_etl import sync_state
from prodlens.github_etl.state import StreamState, synced_repositories
from prodlens.github_etl.stream import REACH, UPDATE, StreamRun
from prodlens.storage import ProdLensStore
from tests.github_etl.test_etl import Response, Session

if TYPE_CHECKING:
    from collections.abc import Iterator

MAY, JUNE, JULY = (f"2026-0{month}-01T00:00:00+00:00" for month in (5, 6, 7))
CLOCK = 1_780_272_000.0  # 1 June 2026, 00:00 UTC
LIST = "https://api.github.com/repos/a/b/pulls?state=all"


@pytest.fixture
def store() -> Iterator[ProdLensStore]:
    """Open an empty store in memory."""
    with ProdLensStore(":memory:") as opened:
        yield opened


def run_of(store: ProdLensStore, answers: dict[str, Response] | None = None, **state: Any) -> StreamRun:
    """Return a run of the pull requests of a/b with this state, which meets these answers."""
    client = GithubClient(Session(answers or {}), budget=RequestBudget(spent=3))  # type: ignore[arg-type] # a small fake
    known = StreamState("a/b", "pull_requests", **state)
    return StreamRun(store, client, "a/b", "repos/a/b/pulls", {"state": "all"}, known, lambda: CLOCK)


def saved(store: ProdLensStore) -> StreamState:
    """Return the state as the store has it."""
    return StreamState.load(store.conn, "a/b", "pull_requests")


def test_a_state_is_stored_whole(store: ProdLensStore) -> None:
    """Every column comes back as it was; a stream that was never synced has none."""
    assert saved(store) == StreamState("a/b", "pull_requests")
    values = {name: f"value of {name}" for name in StreamState.__slots__}
    numbers = {"last_requests": 3, "requests": 4, "failed": 1, "total": 5, "newest": 6}
    state = StreamState(**{**values, **numbers, "repo_slug": "a/b", "stream": "pull_requests"})  # type: ignore[arg-type] # mixed
    with store.transaction() as conn:
        state.save(conn)
    assert saved(store) == state
    assert synced_repositories(store) == ["a/b"]


def test_a_page_counts_its_requests_once(store: ProdLensStore) -> None:
    """What was spent since the last page is added to the run's and the stream's requests."""
    run = run_of(store, requests=10)
    with run.recorded():
        run.client.budget.spend(2)
        with run.page():
            pass
        assert (saved(store).last_requests, saved(store).requests) == (2, 12)
        assert saved(store).stopped == "the run was interrupted"
        run.client.budget.spend(1)
    state = saved(store)
    assert (state.last_requests, state.requests, state.stopped, state.failed) == (3, 13, None, 0)
    assert state.last_run_at == JUNE


@pytest.mark.parametrize(
    ("error", "raised", "failed"),
    [(BudgetSpentError("the budget is spent"), False, 0), (ServerFailedError("GitHub failed"), True, 1)],
)
def test_how_a_run_ends(store: ProdLensStore, error: GithubError, raised: bool, failed: int) -> None:
    """A spent budget ends the run cleanly; any other error leaves it; both stay in the state."""

    def work() -> None:
        run = run_of(store, last_requests=7)
        with run.recorded():
            raise error

    if raised:
        with pytest.raises(GithubError):
            work()
    else:
        work()
    assert (saved(store).stopped, saved(store).failed, saved(store).last_requests) == (str(error), failed, 0)


def test_what_a_run_left_out_is_told(store: ProdLensStore) -> None:
    """A run that ends by itself keeps what it could not read; it is not failed."""
    run = run_of(store)
    with run.recorded():
        run.left_out = "the details of one pull request"
    assert (saved(store).stopped, saved(store).failed) == ("the details of one pull request", 0)


@pytest.mark.parametrize(
    ("next_url", "params", "kept"),
    [
        ("https://api.github.com/repos/a/b/pulls?page=2", None, "/repos/a/b/pulls?page=2"),
        ("https://api.github.com/repos/a/b/pulls?page=2", {"per_page": "100"}, "/repos/a/b/pulls?per_page=100&page=2"),
        ("https://api.github.com/repos/a/b/pulls?page=2", {"page": "1"}, "/repos/a/b/pulls?page=2"),
        ("https://other.test/p?page=2", {"x": "1"}, "https://other.test/p?x=1&page=2"),
        ("http://api.github.com/p?page=2", None, "http://api.github.com/p?page=2"),
    ],
)
def test_where_a_walk_is_left(store: ProdLensStore, next_url: str, params: dict[str, str] | None, kept: str) -> None:
    """A page of the same host is kept as a path, another one whole; the link's own parameters win."""
    run = run_of(store)
    run.leave_walk_at(next_url, params)
    assert run.state.walk_next == kept


def test_an_interrupted_walk_goes_on_with_its_page(store: ProdLensStore) -> None:
    """The page is asked for on the API's host; one that is gone ends the walk, and without a walk nothing is asked."""
    run = run_of(
        store, {"/pulls?page=2": Response([{"number": 1}])}, walk_next="/repos/a/b/pulls?page=2", walk_kind=UPDATE
    )
    answer = run.resume()
    assert answer is not None
    assert (answer.url, run.state.walk_kind) == ("https://api.github.com/repos/a/b/pulls?page=2", UPDATE)
    gone = run_of(store, walk_next="/gone", walk_kind=UPDATE)
    assert (gone.resume(), gone.state.walk_next, gone.state.walk_kind) == (None, None, None)
    idle = run_of(store)
    assert idle.resume() is None
    assert idle.client.budget.spent == 3


def test_a_walk_goes_on_below_the_path_of_an_enterprise_api(store: ProdLensStore) -> None:
    """The kept path begins at the host, as the API's own path does."""
    run = run_of(store, {"/pulls?page=2": Response([])})
    run.client.api_url = "https://ghe.test/api/v3"
    run.leave_walk_at("https://ghe.test/api/v3/repos/a/b/pulls?page=2")
    assert run.state.walk_next == "/api/v3/repos/a/b/pulls?page=2"
    answer = run.resume()
    assert answer is not None
    assert answer.url == "https://ghe.test/api/v3/repos/a/b/pulls?page=2"


def test_a_forgotten_walk_leaves_nothing(store: ProdLensStore) -> None:
    """Every column of a walk is empty, and nothing else is."""
    walk: dict[str, Any] = dict.fromkeys(
        ["walk_next", "walk_kind", "walk_since", "walk_top", "walk_etag", "walk_started_at"], "x"
    )
    run = run_of(store, **walk, walk_head="x", cursor=JUNE)
    run.state.forget_walk()
    assert run.state == StreamState("a/b", "pull_requests", cursor=JUNE)
    run.see([])
    assert run.state.walk_top is None


def test_news_begin_an_update(store: ProdLensStore) -> None:
    """A changed list begins a walk with its ETag; the stored ETag is the old one until the walk has ended."""
    store.set_etag(LIST, '"old"')
    answers = {"repos/a/b/pulls": Response([{"number": 1}], headers={"etag": '"new"'})}
    run = run_of(store, answers, covered_since=MAY, walk_top="stale", walk_since=MAY)
    assert run.ask_for_news() is not None
    state = run.state
    assert (state.walk_kind, state.walk_since, state.walk_etag) == (UPDATE, None, '"new"')
    assert (state.walk_started_at, state.walk_top, state.synced_at) == (JUNE, None, None)
    assert store.get_etag(LIST) == '"old"'
    ((url, headers, params),) = run.client._session.asked
    assert (url, params) == ("https://api.github.com/repos/a/b/pulls", {"state": "all"})
    assert headers["If-None-Match"] == '"old"'
    run.end_walk()
    assert (store.get_etag(LIST), run.state.synced_at, run.state.covered_since) == ('"new"', JUNE, MAY)


def test_no_news_make_the_stream_current(store: ProdLensStore) -> None:
    """A 304 begins nothing: everything until the question is stored."""
    store.set_etag(LIST, '"1"')
    run = run_of(store, {"repos/a/b/pulls": Response([], headers={"ETag": '"1"'})}, synced_at=MAY)
    assert run.ask_for_news() is None
    assert (run.state.synced_at, run.state.walk_kind) == (JUNE, None)
    checkpoint = store.get_last_checkpoint("github_sync:a/b:pull_requests")
    assert checkpoint is not None
    assert checkpoint.isoformat() == JUNE


def test_a_page_that_is_not_a_list_begins_nothing(store: ProdLensStore) -> None:
    """The state is as it was before the answer."""
    run = run_of(store, {"repos/a/b/pulls": Response({"message": "no"})}, walk_top=MAY)
    with pytest.raises(ServerFailedError, match="not a list"):
        run.ask_for_news()
    assert (run.state.walk_top, run.state.walk_kind) == (MAY, None)


def test_the_newest_moment_seen_becomes_the_cursor(store: ProdLensStore) -> None:
    """Pages in any order, empty ones too, leave the newest moment; an older walk never lowers the cursor."""
    run = run_of(store, cursor=JUNE)
    run.see([MAY, JULY])
    run.see([JUNE])
    run.see([])
    assert [run.state.walk_top] == [JULY]
    run.end_walk()
    assert [run.state.cursor, run.state.walk_top] == [JULY, None]
    run.see([MAY])
    run.end_walk()
    assert run.state.cursor == JULY
    empty = run_of(store)
    empty.end_walk()
    assert (empty.state.cursor, empty.state.covered_since, empty.state.synced_at) == (None, None, None)


@pytest.mark.parametrize(
    ("before", "since", "after"),
    [(None, JUNE, JUNE), (JULY, JUNE, JUNE), (JUNE, JULY, JUNE), (JUNE, None, ""), (None, None, "")],
)
def test_what_a_walk_covers_is_never_less_than_before(
    store: ProdLensStore, before: str | None, since: str | None, after: str
) -> None:
    """A walk that reaches further back widens what is covered; one that does not leaves it."""
    run = run_of(store, covered_since=before, walk_kind=REACH, walk_since=since)
    assert run.floor == (since or "")
    run.end_walk()
    assert run.state.covered_since == after
    assert run.floor == after
    assert [run.state.covers(moment) for moment in ("", MAY, JULY)] == [after == "", after == "", True]


def test_an_update_covers_nothing_new(store: ProdLensStore) -> None:
    """Its floor is what is covered, and its end leaves that as it was."""
    run = run_of(store, covered_since=JUNE, walk_kind=UPDATE, walk_since=MAY)
    assert run.floor == JUNE
    run.end_walk()
    assert run.state.covered_since == JUNE
    assert not run_of(store).state.covers(JULY)


def test_being_current_never_goes_back(store: ProdLensStore) -> None:
    """The later of two moments stands, in the state and as the checkpoint."""
    run = run_of(store)
    run.note_current(JUNE)
    run.note_current(MAY)
    checkpoint = store.get_last_checkpoint("github_sync:a/b:pull_requests")
    assert checkpoint is not None
    assert (run.state.synced_at, checkpoint.isoformat()) == (JUNE, JUNE)


def put(store: ProdLensStore, stream: str, **state: Any) -> None:
    """Store the state of a stream."""
    with store.transaction() as conn:
        StreamState("a/b", stream, **state).save(conn)


def test_what_is_told_of_two_streams(store: ProdLensStore) -> None:
    """A whole stream and an interrupted one: the repository is partial, and current since the earlier moment."""
    assert sync_state(store, "a/b") == {"repo": "a/b", "partial": False, "last_synced_at": None, "streams": []}
    put(
        store,
        "pull_requests",
        covered_since="",
        cursor=JUNE,
        synced_at=JULY,
        last_run_at=JULY,
        last_requests=2,
        requests=9,
    )
    put(
        store,
        "commits",
        covered_since=MAY,
        synced_at=JUNE,
        last_run_at=JUNE,
        walk_next="/p",
        walk_since=MAY,
        stopped="why",
        failed=1,
    )
    store.insert_commits([{"sha": "a", "timestamp": MAY, "repo_slug": "a/b"}])
    told = sync_state(store, "A/B")
    assert (told["repo"], told["partial"], told["last_synced_at"]) == ("a/b", True, JUNE)
    whole, cut = told["streams"]
    assert whole == {
        "stream": "pull_requests",
        "rows": 0,
        "cursor": JUNE,
        "since": None,
        "synced_at": JULY,
        "last_run_at": JULY,
        "last_requests": 2,
        "requests": 9,
        "stopped": None,
        "failed": False,
        "to_backfill": None,
        "partial": False,
    }
    assert (cut["rows"], cut["since"], cut["stopped"], cut["failed"], cut["partial"]) == (1, MAY, "why", True, True)
    assert cut["to_backfill"] == {"pages": True, "from": MAY, "details": 0}


def test_what_is_still_to_be_read(store: ProdLensStore) -> None:
    """A stream without an ended walk, one with a reason, and one whose pull requests lack details are partial."""
    put(store, "pull_requests", last_run_at=JULY)
    assert sync_state(store, "a/b")["streams"][0]["to_backfill"] == {"pages": True, "from": None, "details": 0}
    put(store, "pull_requests", last_run_at=JULY, covered_since="", stopped="a limit", synced_at=JULY)
    told = sync_state(store, "a/b")
    assert (told["partial"], told["streams"][0]["to_backfill"], told["last_synced_at"]) == (True, None, JULY)
    put(store, "pull_requests", last_run_at=JULY, covered_since="", synced_at=JULY)
    store.insert_pull_requests(
        [{"id": 1, "number": 1, "state": "open", "created_at": MAY, "updated_at": MAY, "repo_slug": "a/b"}]
    )
    told = sync_state(store, "a/b")
    assert told["streams"][0]["to_backfill"] == {"pages": False, "from": None, "details": 1}
    assert told["streams"][0]["partial"]
    put(store, "commits", last_run_at=JULY, covered_since="")
    assert sync_state(store, "a/b")["last_synced_at"] is None
