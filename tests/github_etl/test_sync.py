"""GithubETL against the stand-in: what is stored, what it costs, and what any interruption leaves."""

from __future__ import annotations

import json
import re
import statistics
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import requests

from prodlens.errors import GithubError
from prodlens.github_etl import GithubETL, sync_state
from prodlens.storage import ProdLensStore
from tests.github_server.faults import CUT, RATE_LIMIT, SERVER_ERROR, WRONG_JSON, Fault
from tests.github_server.server import GithubServer
from tests.github_server.small import SLUG, at, commit, event, pull, sha, small_repository, small_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.github_server.world import Repository

TOKEN = "ghs_secretsecretsecret"


@pytest.fixture
def server() -> Iterator[GithubServer]:
    """Serve the small repository."""
    with GithubServer(small_world()) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    """Open a new store."""
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


class Session:
    """A session without retries, which can be killed before or after its nth request."""

    def __init__(self, before: int = 0, after: int = 0) -> None:
        self.before, self.after, self.count = before, after, 0

    def get(self, url: str, **content: Any) -> requests.Response:
        """Read."""
        return self._send(requests.get, url, content)

    def post(self, url: str, **content: Any) -> requests.Response:
        """Ask GraphQL."""
        return self._send(requests.post, url, content)

    def _send(self, call: Callable[..., requests.Response], url: str, content: dict[str, Any]) -> requests.Response:
        self.count += 1
        if self.count == self.before:
            raise KeyboardInterrupt
        answer = call(url, **content)
        if self.count == self.after:
            raise KeyboardInterrupt
        return answer


def sync(
    store: ProdLensStore,
    server: GithubServer,
    token: str | None = TOKEN,
    since: datetime | None = None,
    **settings: Any,
) -> tuple[int, int]:
    """Sync both streams and return what they returned."""
    urls = {"api_url": server.url, "graphql_url": server.graphql_url}
    etl = GithubETL(store, **{"session": Session(), **urls, "patience_seconds": 0.0, **settings})
    owner, name = SLUG.split("/")
    return (
        etl.sync_pull_requests(owner, name, token=token, since=since),
        etl.sync_commits(owner, name, token=token, since=since),
    )


def repository(server: GithubServer) -> Repository:
    """Return the served repository."""
    return server.world.repositories[SLUG]


def stored(store: ProdLensStore) -> dict[str, list[tuple[Any, ...]]]:
    """Return everything that a sync stores but times of runs and counts of requests."""
    queries = {
        "pull_requests": "SELECT * FROM pull_requests ORDER BY id",
        "commits": "SELECT sha, repo_slug, author, author_is_login, timestamp, branch, parents, trailers FROM commits "
        "ORDER BY sha",
        "pull_request_commits": "SELECT * FROM pull_request_commits ORDER BY 1, 2",
        "sync_streams": "SELECT repo_slug, stream, covered_since, cursor, walk_next FROM sync_streams ORDER BY stream",
        "etags": "SELECT * FROM etags ORDER BY endpoint",
        "missing_commits": "SELECT * FROM missing_commits",
    }
    return {name: [tuple(row) for row in store.conn.execute(query)] for name, query in queries.items()}


def rows_by_number(store: ProdLensStore) -> dict[int, dict[str, Any]]:
    """Return the stored pull requests."""
    return {row["number"]: row for row in store.fetch_pull_requests()}


def test_everything_is_stored(server: GithubServer, store: ProdLensStore) -> None:
    """Every pull request and commit is there, with what list and details say of it."""
    assert sync(store, server) == (14, 22)
    rows = rows_by_number(store)
    assert [n for n, row in rows.items() if row["state"] == "open"] == [9, 11]
    assert [n for n, row in rows.items() if row["reopened"]] == [2, 11]
    assert (rows[2]["reopened_at"], rows[11]["reopened_at"]) == tuple(
        datetime.fromisoformat(at(hours)).isoformat() for hours in (21, 13)
    )
    # Reviews of the author (dev1) and of a bot do not count. Pull request 14 has more than one response holds.
    assert rows[1]["first_review_at"] == "2026-05-01T05:00:00+00:00"
    assert rows[14]["truncated"] == '{"reviews":"100"}'
    names = ("review_count", "changes_requested", "review_rounds", "ready_at")
    assert [rows[1][name] for name in names] == [2, 1, 2, "2026-05-01T02:00:00+00:00"]
    assert [rows[14][name] for name in names] == [0, 0, 0, None]
    # Pull request 13 says that it reverts 4; a commit reverts what 5 was squashed to, and is older than that merge.
    reverted = {n: row["reverted_at"] for n, row in rows.items() if row["reverted_at"]}
    assert reverted == {4: "2026-05-02T13:00:00+00:00", 5: "2026-05-02T05:00:00+00:00"}
    assert len(json.loads(rows[14]["labels"])) == 35
    assert (rows[10]["author"], rows[12]["head_repo"], rows[13]["author_type"]) == ("ghost", None, "Bot")
    assert (rows[3]["additions"], rows[3]["deletions"], rows[3]["changed_files"]) == (30, 3, 1)
    hours = [24.0] * len([row for row in rows.values() if row["merged_at"]])
    lasted = [
        (datetime.fromisoformat(r["merged_at"]) - datetime.fromisoformat(r["created_at"])).total_seconds() / 3600
        for r in rows.values()
        if r["merged_at"]
    ]
    assert (statistics.median(lasted), len(lasted)) == (24.0, len(hours))
    commits = {row["sha"]: row for row in store.fetch_commits()}
    assert (commits[sha(3)]["author"], commits[sha(2)]["author"]) == ("dev1", "Dev One")
    assert (commits[sha(18)]["trailers"], commits[sha(18)]["branch"]) == (
        '[["Co-authored-by","Claude <noreply@anthropic.com>"]]',
        "main",
    )
    assert commits[sha(5)]["timestamp"] == "2026-05-01T05:00:00+00:00"  # the committer's date, not the author's


def test_commits_of_merged_pull_requests_are_stored(server: GithubServer, store: ProdLensStore) -> None:
    """A pull request with more commits than an answer holds has them all; one that was not merged has none."""
    sync(store, server)
    query = "SELECT pull_request_id, count(*) FROM pull_request_commits GROUP BY 1"
    counts = dict(store.conn.execute(query).fetchall())
    assert counts == {**{1000 + n: 1 for n in range(1, 14) if n not in {9, 10, 11}}, 1014: 170}
    trailers = store.conn.execute("SELECT trailers FROM pull_request_commits WHERE pull_request_id = 1001").fetchone()
    assert trailers[0] == '[["Co-authored-by","Claude <noreply@anthropic.com>"]]'


def test_without_a_token_reopened_comes_from_events(server: GithubServer, store: ProdLensStore) -> None:
    """One request a pull request tells the same about reopening; a token later brings the rest."""
    sync(store, server, token=None)
    assert [n for n, row in rows_by_number(store).items() if row["reopened"]] == [2, 11]
    assert not sync_state(store, SLUG)["partial"]
    sync(store, server)
    with ProdLensStore(store.path.with_name("other.db")) as other:
        sync(other, server)
        assert stored(store) == stored(other)


def test_no_news_cost_two_requests(server: GithubServer, store: ProdLensStore) -> None:
    """A run without news asks twice, is answered 304 twice, returns 0 and counts as current."""
    sync(store, server)
    before = stored(store)
    server.forget()
    assert sync(store, server) == (0, 0)
    assert [status for _, _, status in server.log] == [304, 304]
    assert stored(store) == before
    assert not any("since" in path for _, path, _ in server.log)


def test_one_merged_pull_request_costs_at_most_five_requests(store: ProdLensStore) -> None:
    """News of one pull request and its commits, one of them old, are read without reading anything else again."""
    with GithubServer(small_world(page_cap=100)) as server:
        sync(store, server)
        merge(repository(server))
        server.forget()
        assert sync(store, server)[0] > 0
        assert len(server.log) <= 5
        assert_same_as_new(store, server)


def merge(repo: Repository) -> None:
    """Merge a pull request whose branch began long ago: old commits come in far down the list."""
    repo.add_pulls([pull(15, created_at=at(90), updated_at=at(200), merged_at=at(200), closed_at=at(200))])
    old = [commit(101, 100, hours=2.6), commit(100, 2, hours=2.5)]
    repo.commits[-3:-3] = old
    repo.commits[:0] = [commit(200, 21, 101)]
    repo.pull_commits[15] = old


def assert_same_as_new(store: ProdLensStore, server: GithubServer) -> None:
    """The store holds what a new one would after one undisturbed sync."""
    with ProdLensStore(store.path.with_name("undisturbed.db")) as other:
        sync(other, server)
        assert stored(store) == stored(other)
    assert not sync_state(store, SLUG)["partial"]


@pytest.mark.parametrize("token", [TOKEN, None])
def test_commits_of_a_late_merge_are_found(server: GithubServer, store: ProdLensStore, token: str | None) -> None:
    """A branch merged late brings commits older than everything that the last run saw: none is missed."""
    sync(store, server, token)
    merge(repository(server))
    sync(store, server, token)
    assert {sha(100), sha(101), sha(200)} <= {row["sha"] for row in store.fetch_commits()}
    if token:
        assert_same_as_new(store, server)


def test_a_merged_pull_request_that_changes_later_is_read_again(server: GithubServer, store: ProdLensStore) -> None:
    """A late review and a label on a merged pull request arrive with the list's next page."""
    sync(store, server)
    repo = repository(server)
    repo.pulls[4] = {**repo.pulls[4], "labels": ["late"], "updated_at": at(300)}
    repo.reviews[4] = [{"number": 4, "user": {"login": "dev2"}, "submitted_at": at(299)}]
    sync(store, server)
    row = rows_by_number(store)[4]
    assert (row["labels"], row["first_review_at"]) == ('["late"]', "2026-05-13T11:00:00+00:00")
    assert_same_as_new(store, server)


def test_one_that_is_open_again_loses_its_closing_time(server: GithubServer, store: ProdLensStore) -> None:
    """A closed pull request that is opened again is open, without closing time, and reopened."""
    sync(store, server)
    repo = repository(server)
    repo.pulls[10] = {**repo.pulls[10], "state": "open", "closed_at": None, "updated_at": at(300)}
    repo.events[10] = [event(10, "closed", 34), event(10, "reopened", 299)]
    sync(store, server)
    row = rows_by_number(store)[10]
    assert (row["state"], row["closed_at"], row["reopened"]) == ("open", None, True)
    assert_same_as_new(store, server)


def test_a_wider_window_is_filled(server: GithubServer, store: ProdLensStore) -> None:
    """After a sync since a day, one since an earlier day or since ever reads what lies between."""
    sync(store, server, since=datetime(2026, 5, 2, 15, tzinfo=UTC))
    assert len(rows_by_number(store)) < 14
    assert len(store.fetch_commits()) < 22
    assert sync_state(store, SLUG)["streams"][0]["since"] == "2026-05-02T15:00:00+00:00"
    sync(store, server, since=datetime(2026, 5, 1, 10, tzinfo=UTC))
    sync(store, server)
    assert_same_as_new(store, server)


def test_hundreds_in_one_second_are_all_read(store: ProdLensStore) -> None:
    """More rows than a page share one updated_at second, and one of them changes nothing but itself."""
    world = small_world(page_cap=20)
    repo = world.repositories[SLUG]
    repo.add_pulls(pull(number, updated_at=at(500)) for number in range(20, 320))
    with GithubServer(world) as server:
        sync(store, server)
        assert len(rows_by_number(store)) == 314
        repo.add_pulls(pull(number, updated_at=at(500)) for number in range(320, 330))
        sync(store, server)
        assert_same_as_new(store, server)


def test_rows_of_the_five_minutes_before_the_cursor_are_read_again(store: ProdLensStore) -> None:
    """An update reads on to the first row that lies more than five minutes below the cursor; a count finds the rest."""
    world = small_world(page_cap=1)
    repo = world.repositories[SLUG]
    repo.add_pulls([pull(20, updated_at="2026-06-01T12:00:00Z")])
    late = {25: "12:00:01", 21: "11:58:00", 22: "11:55:00", 23: "11:54:59", 24: "11:54:58"}
    with GithubServer(world) as server:
        sync(store, server)
        assert sync_state(store, SLUG)["streams"][0]["cursor"] == "2026-06-01T12:00:00+00:00"
        repo.add_pulls(pull(number, updated_at=f"2026-06-01T{clock}Z") for number, clock in late.items())
        server.forget()
        sync(store, server)
    asked = [path for _, path, _ in server.log if "/pulls" in path]
    update = asked[: next(n for n, path in enumerate(asked) if "sort=created" in path)]
    # Page by page 25, 20, 21, 22 and 23; the first page once more, since so long an update may have missed a change.
    assert [path.partition("&page=")[2] for path in update] == ["", "2", "3", "4", "5", ""]
    assert late.keys() <= rows_by_number(store).keys()


@pytest.mark.parametrize(
    "faults",
    [dict.fromkeys(range(2, 6), SERVER_ERROR), dict.fromkeys(range(1, 5), CUT)],
    ids=["second page fails", "first page is cut"],
)
def test_the_etag_of_an_update_is_stored_when_its_last_page_is(
    server: GithubServer, store: ProdLensStore, faults: dict[int, Fault]
) -> None:
    """While an update's pages are not all stored, its first page's ETag is not: the next run is not told 304."""
    sync(store, server)
    before = stored(store)["etags"]
    assert len(before) == 2
    repository(server).add_pulls(pull(number, updated_at=at(300 + number)) for number in range(20, 26))
    server.faults.restart(faults)
    with pytest.raises(GithubError):
        sync(store, server)
    assert stored(store)["etags"] == before
    sync(store, server)
    assert stored(store)["etags"] != before
    assert_same_as_new(store, server)


def test_a_renamed_repository_is_followed(server: GithubServer, store: ProdLensStore) -> None:
    """The old name is redirected; rows keep the name that was asked for."""
    server.world.renamed["old/name"] = SLUG
    etl = GithubETL(store, api_url=server.url, graphql_url=server.graphql_url)
    assert etl.sync_pull_requests("old", "name", token=TOKEN) == 14
    assert {row["repo_slug"] for row in store.fetch_pull_requests()} == {"old/name"}
    assert etl.requests == len(server.log)


@pytest.mark.parametrize("limit", [2, 3])
def test_a_budget_stops_cleanly_and_the_next_run_goes_on(
    server: GithubServer, store: ProdLensStore, limit: int
) -> None:
    """With any budget a run spends no more, says partial, and runs enough of them end as one without."""
    for _ in range(60):
        server.forget()
        sync(store, server, budget=limit)
        assert len(server.log) <= limit
        if not sync_state(store, SLUG)["partial"] and len(sync_state(store, SLUG)["streams"]) == 2:
            break
    assert_same_as_new(store, server)


def test_the_rate_limit_stops_cleanly(store: ProdLensStore) -> None:
    """Used up in the middle, the limit ends the run without an error; an hour later the next one goes on."""
    now = [1_800_000_000.0]
    world = small_world(hourly_limit=5, clock=lambda: now[0])
    with GithubServer(world) as server:
        for _ in range(10):
            sync(store, server, clock=lambda: now[0])
            state = sync_state(store, SLUG)
            if not state["partial"]:
                break
            assert any("rate limit" in (s["stopped"] or "") for s in state["streams"])
            now[0] += 3601
        world.hourly_limit = 5000
        world.quotas.clear()
        assert_same_as_new(store, server)


def test_a_short_rate_limit_is_waited_out(server: GithubServer, store: ProdLensStore) -> None:
    """A limit that ends within the patience costs a wait of just that long."""
    server.world.clock = lambda: 1_000_000.0
    waited: list[float] = []
    server.faults.restart({2: Fault(status=429, headers={"retry-after": "7"}), 4: RATE_LIMIT_SOON})
    sync(store, server, patience_seconds=60.0, sleep=waited.append, clock=lambda: 1_000_000.0)
    assert waited == [7.0, 20.0]
    assert_same_as_new(store, server)


RATE_LIMIT_SOON = Fault(status=403, headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1000020"})


def test_a_graphql_page_that_is_too_heavy_is_made_smaller(store: ProdLensStore) -> None:
    """Where GraphQL fails with 502 for many pull requests at once, fewer are asked for."""
    with GithubServer(small_world(graphql_most_ids=5)) as server:
        sync(store, server)
        server.world.graphql_most_ids = 100
        assert_same_as_new(store, server)


def test_without_graphql_events_are_read(store: ProdLensStore) -> None:
    """A server without GraphQL is asked for events instead, token or not."""
    with GithubServer(small_world(graphql_works=False, hourly_limit=None)) as server:
        sync(store, server)
    assert [n for n, row in rows_by_number(store).items() if row["reopened"]] == [2, 11]
    assert not sync_state(store, SLUG)["partial"]


def test_an_empty_repository_is_no_error(store: ProdLensStore) -> None:
    """Without a pull request or a commit there is nothing to store, and nothing is partial."""
    world = small_world()
    world.repositories[SLUG] = type(small_repository())(SLUG)
    with GithubServer(world) as server:
        assert sync(store, server) == (0, 0)
        assert not sync_state(store, SLUG)["partial"]
        repository(server).commits = [commit(1)]
        assert sync(store, server) == (0, 1)


def test_a_forced_push_is_survived(server: GithubServer, store: ProdLensStore) -> None:
    """Commits that a forced push removed in the middle of a run are given up; the rest is read."""
    sync(store, server)
    repo = repository(server)
    repo.commits[:0] = [commit(300, 21, 999)]  # a parent that GitHub no longer lists
    sync(store, server)
    assert sha(300) in {row["sha"] for row in store.fetch_commits()}
    assert not sync_state(store, SLUG)["partial"]


KINDS: dict[str, Fault] = {"error": SERVER_ERROR, "cut": CUT, "wrong JSON": WRONG_JSON, "limit": RATE_LIMIT}


@pytest.mark.parametrize("kind", [*KINDS, "killed before", "killed after"])
def test_a_fault_at_any_request_changes_nothing_in_the_end(tmp_path: Path, kind: str, stride: int) -> None:
    """Whatever happens at whichever request, runs repeated until one is through leave the same rows."""
    with GithubServer(small_world()) as server:
        with ProdLensStore(tmp_path / "undisturbed.db") as store:
            sync(store, server)
            expected = stored(store)
        requests_needed = len(server.log)
        assert requests_needed >= 10
        for n in range(1 + len(kind) % stride, requests_needed + 1, stride):  # kinds begin at places of their own
            server.faults.restart({n: KINDS[kind]} if kind in KINDS else {})
            before, after = (n if kind == when else 0 for when in ("killed before", "killed after"))
            with ProdLensStore(tmp_path / f"{n}.db") as store:
                until_through(store, server, Session(before, after))
                assert stored(store) == expected, f"after a fault at request {n}"
            assert TOKEN.encode() not in b"".join(p.read_bytes() for p in tmp_path.glob(f"{n}.db*"))


def until_through(store: ProdLensStore, server: GithubServer, session: Session) -> None:
    """Sync again until nothing stops it."""
    for _ in range(5):
        try:
            sync(store, server, session=session)
        except GithubError as error:
            told = repr(error) + str(error.__cause__)
            if TOKEN in told or not sync_state(store, SLUG)["partial"]:
                raise
        except KeyboardInterrupt:
            continue
        else:
            state = sync_state(store, SLUG)
            if not state["partial"] and len(state["streams"]) == 2:
                return
    raise AssertionError(f"still partial: {sync_state(store, SLUG)}")


def test_pages_of_commits_are_those_of_the_first_pages_head(server: GithubServer, store: ProdLensStore) -> None:
    """After the first page every page names the commit whose history it is, so that no push moves it."""
    sync(store, server)
    pages = [path for _, path, _ in server.log if "/commits?" in path]
    assert "sha=" not in pages[0]
    assert [f"sha={sha(21)}" in path for path in pages[1:]] == [True] * 5


@pytest.mark.parametrize("number", [2, None], ids=["with its number", "without"])
def test_a_repository_made_anew_leaves_nothing(server: GithubServer, store: ProdLensStore, number: int | None) -> None:
    """As many pull requests with the same numbers, of another repository under the name, replace the old ones."""
    sync(store, server)
    repo = repository(server)
    base = {"ref": "main", "sha": sha(1), "repo": {"full_name": SLUG, "id": number}}
    repo.add_pulls(
        {**row, "id": 5000 + n, "node_id": f"PR_new_{n}", "base": base, "updated_at": at(900 + n)}
        for n, row in list(repo.pulls.items())
    )
    repo.events.clear()
    repo.commits = [commit(900, 899), commit(899)]
    sync(store, server)
    assert {row["id"] for row in store.fetch_pull_requests()} == set(range(5001, 5015))
    assert not any(row["reopened"] for row in store.fetch_pull_requests())
    assert {row["sha"] for row in store.fetch_commits()} == {sha(899), sha(900)}
    assert not sync_state(store, SLUG)["partial"]


def test_a_vanished_pull_request_takes_no_other_with_it(server: GithubServer, store: ProdLensStore) -> None:
    """One that vanishes between two pages draws the next page's first row up: it is found all the same, at once."""
    repo = repository(server)
    order = sorted(repo.pulls.values(), key=lambda row: (row["updated_at"], row["number"]), reverse=True)
    gone, drawn_up = order[0]["number"], order[4]["number"]
    server.faults.restart({4: Fault(then=lambda: repo.pulls.pop(gone, None))})  # before the second page of four rows
    sync(store, server)
    assert drawn_up in rows_by_number(store)
    assert rows_by_number(store).keys() == repo.pulls.keys()
    assert not sync_state(store, SLUG)["partial"]


WHOLE_TABLE = re.compile(r"SCAN (pull_requests|commits)\b|SEARCH (pull_requests|commits) .*\(repo_slug=\?\)")


def statements_over_the_repository(path: Path, pages: int) -> int:
    """Return how many statements of a first sync visit every stored pull request or commit of the repository."""
    world = small_world()
    world.repositories[SLUG].add_pulls([pull(1000 + n, updated_at=at(600 + n)) for n in range(4 * pages)])
    statements: list[str] = []
    with GithubServer(world) as running, ProdLensStore(path) as store:
        store.conn.set_trace_callback(statements.append)
        sync(store, running)
        store.conn.set_trace_callback(None)
        asked = [text for text in statements if text.startswith(("SELECT", "DELETE FROM", "UPDATE"))]
        plans = [[row[3] for row in store.conn.execute(f"EXPLAIN QUERY PLAN {text}")] for text in asked]
    return sum(any(WHOLE_TABLE.match(step) for step in plan) for plan in plans)


def test_a_page_costs_the_same_however_much_is_stored(tmp_path: Path) -> None:
    """Statements that visit every row of the repository belong to a sync, and not to each of its pages."""
    few = statements_over_the_repository(tmp_path / "few.db", 2)
    assert statements_over_the_repository(tmp_path / "many.db", 7) == few
