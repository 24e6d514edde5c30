"""Which pages of pull requests a walk asks for, when it counts, and what it deletes: step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.github_etl.walks import START, Walks
from tests.github_server.faults import Fault
from tests.github_server.in_process import InProcessSession, Response
from tests.github_server.small import at, pull, sha

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = 86_400.0
# Of ten pull requests, four a page: the walk, the question for news after it, and the count that proves it.
WHOLE_WALK = [
    "updated 1",
    "created 1",
    "updated 1 unchanged",
    "updated 2",
    "updated 3",
    "updated 1 unchanged",
    "created 1",
]


@pytest.fixture
def walks() -> Iterator[Walks]:
    """Give a repository without pull requests, of which a page shows four."""
    made = Walks()
    yield made
    made.store.close()


def opened(walks: Walks, *numbers: int, **changes: Any) -> None:
    """Let pull requests be there; each was changed an hour after the one before it."""
    walks.repository.add_pulls(pull(number, **changes) for number in numbers)


def gone(walks: Walks, *numbers: int) -> None:
    """Take pull requests away."""
    for number in numbers:
        del walks.repository.pulls[number]


def seen(walks: Walks) -> list[tuple[Any, ...]]:
    """Return what is noted of pages while a walk is not proven."""
    return walks.rows("SELECT id FROM seen_pull_requests ORDER BY id")


def test_one_page_is_the_whole_list(walks: Walks) -> None:
    """A list of one page needs no count: one request reads it, and one a day later says that nothing changed."""
    opened(walks, 1, 2, 3)
    assert walks.pulls() == ["updated 1"]
    assert walks.paths == ["/repos/octo/hello/pulls?state=all&sort=updated&direction=desc&per_page=100"]
    assert walks.run.written == {1001, 1002, 1003}
    state = walks.state("pull_requests")
    assert (state.covered_since, state.cursor, state.synced_at) == (
        "",
        "2026-05-02T03:00:00+00:00",
        "2026-06-01T00:00:00+00:00",
    )
    assert (state.total, state.newest, state.counted_at, state.walk_kind, state.walk_next) == (3, 3, None, None, None)
    walks.now = START + DAY
    assert walks.pulls() == ["updated 1 unchanged"]
    assert walks.run.written == set()
    assert walks.state("pull_requests").synced_at == "2026-06-02T00:00:00+00:00"


def test_what_vanishes_from_a_list_of_one_page_is_deleted(walks: Walks) -> None:
    """The page is proof by itself, and rows that a caller inserted are not GitHub's to delete."""
    opened(walks, 1, 2, 3)
    row = {"number": 900, "state": "open", "created_at": at(0), "updated_at": at(50)}
    walks.store.insert_pull_requests(
        [{"id": 5, "repo_slug": "octo/hello", **row}, {"id": 6, "repo_slug": "o/r", **row}]
    )
    walks.pulls()
    gone(walks, 2)
    assert walks.pulls() == ["updated 1"]
    assert walks.numbers() == [1, 3, 900, 900]
    assert walks.run.written == {1001, 1003}
    state = walks.state("pull_requests")
    assert (state.total, state.newest) == (2, 3)


def test_a_list_of_several_pages_is_counted_before_and_after(walks: Walks) -> None:
    """The first page is asked for again after the count and after the walk; the count asks for one row a page."""
    opened(walks, *range(1, 11))
    assert walks.pulls() == WHOLE_WALK
    assert walks.paths[1] == "/repos/octo/hello/pulls?state=all&sort=created&direction=desc&per_page=1"
    assert walks.paths[3].endswith("&page=2")
    assert walks.numbers() == list(range(1, 11))
    assert len(walks.run.written) == 10
    state = walks.state("pull_requests")
    assert (state.total, state.newest, state.counted_at) == (10, 10, "2026-06-01T00:00:00+00:00")
    assert (state.walk_kind, state.walk_next, state.seen_since, state.covered_since) == (None, None, None, "")
    assert seen(walks) == []


def test_without_news_a_list_is_counted_once_a_day(walks: Walks) -> None:
    """A second before a day has passed one request is enough; then what vanished below the first page is found."""
    opened(walks, *range(1, 11))
    walks.pulls()
    gone(walks, 2)
    walks.now = START + DAY - 1
    assert walks.pulls() == ["updated 1 unchanged"]
    assert walks.numbers() == list(range(1, 11))
    walks.now = START + DAY
    assert walks.pulls() == ["updated 1 unchanged", "created 1", *WHOLE_WALK]
    assert walks.numbers() == [1, 3, 4, 5, 6, 7, 8, 9, 10]
    state = walks.state("pull_requests")
    assert (state.total, state.counted_at) == (9, "2026-06-02T00:00:00+00:00")
    walks.now = START + 2 * DAY
    assert walks.pulls() == ["updated 1 unchanged", "created 1"]
    assert walks.state("pull_requests").counted_at == "2026-06-03T00:00:00+00:00"


def test_news_end_at_the_first_page_that_is_older(walks: Walks) -> None:
    """An update of two pages missed nothing if the count has grown by what was opened."""
    opened(walks, *range(1, 11))
    walks.pulls()
    opened(walks, 11)
    assert walks.pulls() == ["updated 1", "updated 2", "created 1"]
    assert walks.numbers() == list(range(1, 12))
    state = walks.state("pull_requests")
    assert (state.total, state.newest, state.cursor) == (11, 11, "2026-05-02T11:00:00+00:00")
    assert seen(walks) == []


def test_an_update_reads_five_minutes_below_the_cursor() -> None:
    """What changed five minutes before the cursor is read again, a second more is not: the count finds the rest."""
    walks = Walks(page_cap=1)
    opened(walks, 20, updated_at="2026-06-01T12:00:00Z")
    assert walks.pulls() == ["updated 1"]
    for number, clock in {25: "12:00:01", 21: "11:58:00", 22: "11:55:00", 23: "11:54:59", 24: "11:54:58"}.items():
        opened(walks, number, updated_at=f"2026-06-01T{clock}Z")
    update = ["updated 1", "updated 2", "updated 3", "updated 4", "updated 5", "updated 1 unchanged", "created 1"]
    again = ["updated 1", "created 1", "updated 1 unchanged", *(f"updated {page}" for page in range(2, 7))]
    assert walks.pulls() == [*update, *again, "updated 1 unchanged", "created 1"]
    assert walks.numbers() == [20, 21, 22, 23, 24, 25]
    walks.store.close()


def test_an_update_without_a_cursor_reads_everything(walks: Walks) -> None:
    """After a run that found an empty list there is no moment to stop at."""
    assert walks.pulls() == ["updated 1"]
    state = walks.state("pull_requests")
    assert (state.cursor, state.total, state.newest) == (None, 0, 0)
    opened(walks, *range(1, 11))
    assert walks.pulls() == ["updated 1", "updated 2", "updated 3", "updated 1 unchanged", "created 1"]
    assert walks.numbers() == list(range(1, 11))


@pytest.mark.parametrize(
    ("since", "pages"),
    [("2026-05-02T05:30:00+00:00", 3), ("2026-05-02T05:00:00+00:00", 4), ("2026-05-02T09:00:01+00:00", 2)],
)
def test_a_walk_since_a_moment_ends_at_the_first_page_that_is_older(walks: Walks, since: str, pages: int) -> None:
    """Of changes at 01:00 to 13:00 the third page's newest is of 05:00: that very moment needs a fourth page."""
    opened(walks, *range(1, 14))
    asked = walks.pulls(since)
    assert asked == [*WHOLE_WALK[:3], *(f"updated {page}" for page in range(2, pages + 1)), *WHOLE_WALK[-2:]]
    assert walks.state("pull_requests").covered_since == since


def test_only_what_changed_since_the_moment_is_deleted(walks: Walks) -> None:
    """What is older was not read again, so that nothing is known of it; a later moment reads as far as before."""
    opened(walks, *range(1, 13))
    walks.pulls("2026-05-02T06:00:00+00:00")
    gone(walks, 2, 6, 7)
    walks.now = START + DAY
    asked = walks.pulls("2026-05-02T09:00:00+00:00")
    assert asked == ["updated 1 unchanged", "created 1", *WHOLE_WALK]
    assert walks.numbers() == [1, 2, 3, 4, 5, 8, 9, 10, 11, 12]
    state = walks.state("pull_requests")
    assert (state.covered_since, state.total) == ("2026-05-02T06:00:00+00:00", 9)


def test_an_earlier_moment_is_filled(walks: Walks) -> None:
    """A moment before what is covered is walked to from the top; one after it asks for news alone."""
    opened(walks, *range(1, 11))
    walks.pulls("2026-05-02T09:00:00+00:00")
    assert walks.numbers() == [3, 4, 5, 6, 7, 8, 9, 10]
    assert walks.pulls("2026-05-02T10:00:00+00:00") == ["updated 1 unchanged"]
    assert walks.pulls() == WHOLE_WALK
    assert walks.numbers() == list(range(1, 11))


@pytest.mark.parametrize(
    ("budget", "stored", "rest"),
    [
        (1, 0, WHOLE_WALK),
        (2, 0, ["updated 1", *WHOLE_WALK[3:]]),
        (3, 4, WHOLE_WALK[3:]),
        (4, 8, WHOLE_WALK[4:]),
        (5, 10, WHOLE_WALK[5:]),
        (6, 10, WHOLE_WALK[5:]),
    ],
)
def test_an_interrupted_walk_goes_on_where_it_was(walks: Walks, budget: int, stored: int, rest: list[str]) -> None:
    """After any number of requests the next run asks for what is left, the count that proves the walk included."""
    opened(walks, *range(1, 11))
    assert walks.pulls("2026-05-01T00:00:00+00:00", budget) == WHOLE_WALK[:budget]
    state = walks.state("pull_requests")
    assert len(walks.numbers()) == stored
    assert state.stopped is not None
    assert budget > 4 or state.walk_since == "2026-05-01T00:00:00+00:00"
    assert (state.walk_next is None) == (budget == 1)
    assert state.synced_at == (None if budget < 5 else "2026-06-01T00:00:00+00:00")
    assert walks.pulls("2026-05-01T00:00:00+00:00") == rest
    assert walks.numbers() == list(range(1, 11))
    assert walks.state("pull_requests").total == 10


def test_a_wider_walk_that_is_cut_off_at_once_leaves_what_was_covered(walks: Walks) -> None:
    """Before the first page of a second walk nothing of its moment is noted."""
    opened(walks, *range(1, 11))
    walks.pulls("2026-05-02T09:00:00+00:00")
    walks.pulls(budget=1)
    state = walks.state("pull_requests")
    assert (state.covered_since, state.walk_since) == ("2026-05-02T09:00:00+00:00", None)


def test_a_change_during_the_count_is_read_from_the_new_first_page(walks: Walks) -> None:
    """The first page is asked for once more after the count; where it changed, the walk begins with that one."""
    opened(walks, *range(1, 11))
    walks.during(3, then=lambda: opened(walks, 3, updated_at=at(300), labels=["late"]))
    assert walks.pulls() == [entry if at_ != 2 else "updated 1" for at_, entry in enumerate(WHOLE_WALK)]
    assert walks.rows("SELECT labels FROM pull_requests WHERE number = 3") == [('["late"]',)]
    assert walks.numbers() == list(range(1, 11))


def test_one_that_vanishes_between_two_pages_is_noticed(walks: Walks) -> None:
    """It draws a row up to a page that was read: the count is smaller, and the walk begins again from the top."""
    opened(walks, *range(1, 11))
    walks.during(4, then=lambda: gone(walks, 10))
    news = ["updated 1", "created 1"]
    assert walks.pulls() == [*WHOLE_WALK[:5], *news, *WHOLE_WALK]
    assert walks.numbers() == list(range(1, 10))
    assert walks.run.written == set(range(1001, 1010))
    state = walks.state("pull_requests")
    assert (state.total, state.newest) == (9, 9)


def test_what_was_opened_since_the_last_page_is_read_before_the_proof(walks: Walks) -> None:
    """A newest number that no page brought is news, and not a sign that something is missing."""
    opened(walks, *range(1, 11))
    walks.during(7, then=lambda: opened(walks, 11))
    assert walks.pulls() == [*WHOLE_WALK, "updated 1", "updated 2", "created 1"]
    assert walks.numbers() == list(range(1, 12))


@pytest.mark.parametrize(("left", "newest"), [((4,), 4), ((), 0)])
def test_a_list_that_shrinks_to_one_row_is_counted_too(walks: Walks, left: tuple[int, ...], newest: int) -> None:
    """The count's only page is its last one, and an empty answer has none."""
    opened(walks, *range(1, 6))
    walks.during(2, then=lambda: gone(walks, *({1, 2, 3, 4, 5} - set(left))))
    assert walks.pulls() == ["updated 1", "created 1", "updated 1", "created 1"]
    state = walks.state("pull_requests")
    assert (state.total, state.newest) == (len(left), newest)
    assert walks.numbers() == list(left)


def test_what_is_opened_during_a_walk_is_counted_in(walks: Walks) -> None:
    """Between two counts the list grew by what was opened: nothing is missing."""
    opened(walks, *range(1, 11))
    walks.during(5, then=lambda: opened(walks, 11))
    assert walks.pulls() == [*WHOLE_WALK[:5], "updated 1", "updated 2", "created 1"]
    assert walks.numbers() == list(range(1, 12))


def test_a_list_that_changes_during_every_walk_is_left_for_the_next_run(walks: Walks) -> None:
    """After four walks without a proof the run ends and says so; what was read stays until a walk is proven."""
    walks.server.world.page_cap = 2
    opened(walks, *range(1, 7))
    vanishing = iter((1, 2, 3, 4))
    walks.during(7, 14, 20, 26, then=lambda: gone(walks, next(vanishing)))
    asked = walks.pulls()
    assert [place for place, entry in enumerate(asked, 1) if entry == "created 1"] == [2, 7, 9, 14, 16, 20, 22, 26]
    assert len(asked) == 26
    assert walks.state("pull_requests").stopped == (
        "GitHub's list of pull requests changed during every walk; the next run goes on"
    )
    assert walks.numbers() == [1, 2, 3, 4, 5, 6]
    assert walks.pulls() == ["updated 1 unchanged", "created 1", "updated 1"]
    assert walks.numbers() == [5, 6]
    assert walks.state("pull_requests").stopped is None


def of_repository(number: int) -> dict[str, Any]:
    """Return the base of a pull request of the repository with this number."""
    return {"ref": "main", "sha": sha(1), "repo": {"full_name": "octo/hello", "id": number}}


def test_another_repository_under_the_name_replaces_the_old_one(walks: Walks, caplog: pytest.LogCaptureFixture) -> None:
    """Every row of the old one that GitHub gave is deleted, and the new one is read as a new one is."""
    opened(walks, 1, 2, 3, base=of_repository(1))
    row = {"id": 5, "number": 900, "state": "open", "created_at": at(0), "repo_slug": "octo/hello"}
    walks.store.insert_pull_requests([row])
    walks.pulls("2026-05-01T00:00:00+00:00")
    gone(walks, 3)
    walks.repository.add_pulls(pull(number, id=2000 + number, base=of_repository(2)) for number in (1, 2))
    assert walks.pulls("2026-05-01T00:00:00+00:00") == ["updated 1", "updated 1"]
    assert walks.rows("SELECT id FROM pull_requests ORDER BY id") == [(5,), (2001,), (2002,)]
    state = walks.state("pull_requests")
    assert (state.covered_since, state.seen_since) == ("2026-05-01T00:00:00+00:00", None)
    assert seen(walks) == [(2001,), (2002,)]
    assert walks.rows("SELECT github_id, default_branch FROM repositories") == [(2, "main")]
    assert walks.state("pull_requests").cursor == "2026-05-02T02:00:00+00:00"
    assert caplog.messages == ["octo/hello is another repository than before under the same name; it is read anew"]


def test_a_page_that_does_not_describe_its_repository_changes_nothing_of_it(walks: Walks) -> None:
    """The repository's number and branch stay as they were where a page does not say them."""
    opened(walks, 1, base=of_repository(1))
    walks.pulls()
    gone(walks, 1)
    opened(walks, 2, base={"ref": "main", "sha": sha(1), "repo": None})
    assert walks.pulls() == ["updated 1"]
    assert walks.rows("SELECT repo_slug, github_id, default_branch FROM repositories") == [("octo/hello", 1, "main")]
    assert walks.numbers() == [2]


REPOSITORIES = "SELECT github_id, default_branch FROM repositories"


def test_number_and_branch_of_a_repository_are_noted_as_they_come(walks: Walks) -> None:
    """A number beside a known branch, and a branch beside a known number, leave the other one as it is."""
    walks.store.conn.execute("INSERT INTO repositories (repo_slug, default_branch) VALUES ('octo/hello', 'main')")
    walks.store.insert_commits([{"sha": "a", "from_github": True, "timestamp": at(1), "repo_slug": "octo/hello"}])
    walks.repository.default_branch = ""
    opened(walks, 1, base=of_repository(7))
    assert walks.pulls() == ["updated 1"]
    assert walks.rows(REPOSITORIES) == [(7, "main")]
    assert walks.rows("SELECT branch FROM commits") == [("main",)]
    walks.repository.default_branch = "trunk"
    opened(walks, 1, base=of_repository(0))
    assert walks.pulls() == ["updated 1"]
    assert walks.rows(REPOSITORIES) == [(7, "trunk")]


def test_another_repository_is_noticed_without_a_branch(walks: Walks) -> None:
    """Its number alone tells it from the one before."""
    walks.repository.default_branch = ""
    opened(walks, 1, base=of_repository(1))
    walks.pulls()
    assert walks.rows(REPOSITORIES) == [(1, None)]
    opened(walks, 1, id=2001, base=of_repository(2))
    assert walks.pulls() == ["updated 1", "updated 1"]
    assert walks.rows(REPOSITORIES) == [(2, None)]


def test_a_pull_request_that_is_listed_again_keeps_its_details(walks: Walks) -> None:
    """The list says nothing of reviews: what was read of them stays."""
    opened(walks, 1)
    walks.pulls()
    walks.store.conn.execute("UPDATE pull_requests SET details = 'graphql', review_count = 3")
    opened(walks, 2)
    walks.pulls()
    assert walks.rows("SELECT number, review_count FROM pull_requests ORDER BY number") == [(1, 3), (2, None)]


def test_the_default_branch_is_that_of_every_commit_from_github(walks: Walks) -> None:
    """Commits that GitHub listed are of the branch that is the default one now; a caller's keep what they say."""
    moment = {"timestamp": at(1), "repo_slug": "octo/hello"}
    walks.store.insert_commits(
        [
            {"sha": "a", "from_github": True, **moment},
            {"sha": "b", "from_github": True, "branch": "old", **moment},
            {"sha": "c", "branch": "mine", **moment},
            {"sha": "d", "from_github": True, "branch": "theirs", **moment, "repo_slug": "other/repo"},
        ]
    )
    opened(walks, 1)
    walks.pulls()
    branches = "SELECT sha, branch FROM commits ORDER BY sha"
    assert walks.rows(branches) == [("a", "main"), ("b", "main"), ("c", "mine"), ("d", "theirs")]
    walks.repository.default_branch = "trunk"
    walks.pulls()
    assert walks.rows(branches) == [("a", "trunk"), ("b", "trunk"), ("c", "mine"), ("d", "theirs")]


def test_a_number_belongs_to_one_pull_request(walks: Walks) -> None:
    """A stored one whose number another one has now is deleted, and nothing of another repository is."""
    row = {"number": 2, "state": "open", "created_at": at(0)}
    walks.store.insert_pull_requests(
        [
            {"id": 5, "repo_slug": "octo/hello", **row},
            {"id": 6, "repo_slug": "octo/hello", **row, "number": 7},
            {"id": 7, "repo_slug": "other/repo", **row},
        ]
    )
    opened(walks, 1, 2)
    walks.pulls()
    assert walks.rows("SELECT id FROM pull_requests ORDER BY id") == [(6,), (7,), (1001,), (1002,)]


def test_what_git_told_of_gives_way(walks: Walks) -> None:
    """Pull requests that were read from a clone are replaced by GitHub's list, whatever their numbers."""
    row = {"state": "closed", "merged_at": at(1), "repo_slug": "octo/hello", "details": "git"}
    walks.store.insert_pull_requests([{"id": -5, "number": 77, **row}])
    opened(walks, 1)
    walks.pulls()
    assert walks.numbers() == [1]


def test_a_pull_request_without_a_time_is_left_out(walks: Walks, caplog: pytest.LogCaptureFixture) -> None:
    """The others of its page are stored, the log says how many are not, and the list's count has them all."""
    opened(walks, 1, 3)
    opened(walks, 2, created_at=None)
    assert walks.pulls() == ["updated 1"]
    assert walks.numbers() == [1, 3]
    assert walks.state("pull_requests").total == 3
    assert caplog.messages == ["octo/hello: 1 listed pull requests without number or time are left out"]


class OtherCounts(InProcessSession):
    """A server whose count is of no use: it names no last page, or gives several rows a page, or no numbers."""

    without = ""

    def get(self, url: str, **content: Any) -> Response:
        """Answer the count in another way."""
        params = dict(content.pop("params", None) or {})
        is_count = params.get("sort") == "created"
        if is_count and self.without == "one row a page":
            params["per_page"] = "2"
        answer = super().get(url, params=params, **content)
        headers = dict(answer.headers)
        if self.without == "last page":
            headers["link"] = headers.get("link", "").replace('rel="last"', 'rel="other"')
        body = answer.content.replace(b'"number"', b'"n"') if is_count and self.without == "number" else answer.content
        return Response(answer.status_code, headers, body)


@pytest.mark.parametrize(
    ("without", "asked"),
    [
        ("last page", ["updated 1", "updated 2", "updated 3", "updated 1 unchanged"]),
        ("one row a page", WHOLE_WALK[:-1]),
        ("number", WHOLE_WALK[:-1]),
    ],
)
def test_a_list_that_is_not_counted_is_walked_all_the_same(walks: Walks, without: str, asked: list[str]) -> None:
    """Where GitHub does not say how many there are, nothing is proven and nothing is counted again."""
    session = walks.session = OtherCounts(walks.server)
    session.without = without
    opened(walks, *range(1, 11))
    assert walks.pulls() == asked
    state = walks.state("pull_requests")
    assert (state.total, state.newest, state.counted_at, state.walk_kind) == (None, None, None, None)
    assert walks.numbers() == list(range(1, 11))
    walks.now = START + DAY
    assert walks.pulls() == ["updated 1 unchanged"]


def test_a_count_that_fails_later_deletes_nothing(walks: Walks) -> None:
    """Where the proof cannot be had any more, what no page brought stays, and the walk is over."""
    session = walks.session = OtherCounts(walks.server)
    opened(walks, *range(1, 11))
    walks.pulls()
    gone(walks, 2)
    walks.now = START + DAY
    walks.during(8, then=lambda: setattr(session, "without", "one row a page"))
    assert walks.pulls() == ["updated 1 unchanged", "created 1", *WHOLE_WALK]
    state = walks.state("pull_requests")
    assert (state.total, state.counted_at, state.walk_kind, state.seen_since) == (None, None, None, None)
    assert walks.numbers() == list(range(1, 11))
    assert seen(walks) == []


def test_a_walk_from_the_top_that_cannot_be_gone_on_with_begins_again(walks: Walks) -> None:
    """Where its next page is gone, what it did not come to is read from the top."""
    opened(walks, *range(1, 11))
    walks.pulls()
    gone(walks, 2)
    walks.now = START + DAY
    assert walks.pulls(budget=6) == ["updated 1 unchanged", "created 1", *WHOLE_WALK[:4]]
    walks.server.faults.restart({1: Fault(status=404)})
    assert walks.pulls() == ["updated 3 404", *WHOLE_WALK]
    assert walks.numbers() == [1, 3, 4, 5, 6, 7, 8, 9, 10]
