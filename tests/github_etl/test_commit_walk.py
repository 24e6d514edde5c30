"""Whose history a walk through commits asks for, when it is over, and what it deletes: step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prodlens.github_etl.state import clone_mark
from tests.github_etl.walks import START, Walks
from tests.github_server.in_process import InProcessSession, Response
from tests.github_server.small import SLUG, at, commit, sha

if TYPE_CHECKING:
    from collections.abc import Iterator

# Of ten commits, four a page.
WHOLE_WALK = ["branch 1", "10 2", "10 3"]
NOTHING_NEW = ["branch 1 unchanged"]


@pytest.fixture
def walks() -> Iterator[Walks]:
    """Give a repository of ten commits in a line, the first without a parent, an hour apart; a page shows four."""
    made = Walks()
    made.repository.commits = line(10, 1)
    yield made
    made.store.close()


def line(newest: int, oldest: int, *, is_whole: bool = False) -> list[dict[str, Any]]:
    """Return commits in a line, newest first; the parent of the oldest is the number below it, or it has none."""
    first = oldest if is_whole else 1
    return [commit(n, *([n - 1] if n > first else [])) for n in range(newest, oldest - 1, -1)]


def missing(walks: Walks) -> list[tuple[Any, ...]]:
    """Return the commits that are still to be read."""
    return walks.rows("SELECT sha FROM missing_commits")


def edges(walks: Walks) -> set[tuple[int, int]]:
    """Return which commit leads to which, by number."""
    return {(int(one, 16), int(other, 16)) for one, other in walks.rows("SELECT sha, parent FROM commit_parents")}


def test_pages_after_the_first_are_those_of_its_newest_commit(walks: Walks) -> None:
    """A push does not move them; the walk's end stores the cursor, the ETag and what is covered."""
    assert walks.commits() == WHOLE_WALK
    assert walks.paths[0] == "/repos/octo/hello/commits?per_page=100"
    assert walks.shas() == list(range(1, 11))
    assert walks.run.written == {sha(n) for n in range(1, 11)}
    state = walks.state("commits")
    assert (state.covered_since, state.cursor, state.synced_at) == (
        "",
        "2026-05-01T10:00:00+00:00",
        "2026-06-01T00:00:00+00:00",
    )
    assert (state.walk_kind, state.walk_next, state.walk_head, state.stopped) == (None, None, None, None)
    assert edges(walks) == {(n, n - 1) for n in range(2, 11)}
    walks.now = START + 60
    assert walks.commits() == NOTHING_NEW
    assert walks.run.written == set()
    assert walks.state("commits").synced_at == "2026-06-01T00:01:00+00:00"


def test_news_end_where_known_commits_begin(walks: Walks) -> None:
    """Two new commits are on the first page, whose others are stored."""
    walks.commits()
    walks.repository.commits = [*line(12, 11), *walks.repository.commits]
    assert walks.commits() == ["branch 1"]
    assert walks.shas() == list(range(1, 13))
    assert walks.state("commits").cursor == "2026-05-01T12:00:00+00:00"


@pytest.mark.parametrize(("newest", "pages"), [(13, 1), (14, 1), (15, 2), (18, 2), (19, 3)])
def test_news_of_several_pages_go_on_while_a_parent_is_missing(walks: Walks, newest: int, pages: int) -> None:
    """A whole page of new commits is the last one if the parent of its oldest is stored."""
    walks.commits()
    walks.repository.commits = [*line(newest, 11), *walks.repository.commits]
    assert walks.commits() == ["branch 1", *(f"{newest} {page}" for page in range(2, pages + 1))]
    assert walks.shas() == list(range(1, newest + 1))
    assert missing(walks) == []


def test_a_branch_that_is_merged_late_is_read_from_its_head(walks: Walks) -> None:
    """Its old commits lie far down in the list: the history of the merge's parent is asked for, and no page between."""
    walks.commits()
    branch = [commit(101, 100, hours=3.6), commit(100, 3, hours=3.5)]
    merge = commit(200, 10, 101, hours=11)
    walks.repository.commits = [merge, *line(10, 4), *branch, *line(3, 1)]
    assert walks.commits() == ["branch 1", "101 1"]
    assert walks.shas() == [*range(1, 11), 100, 101, 200]
    assert walks.commits() == NOTHING_NEW


def test_a_long_branch_that_is_merged_late_needs_more_than_one_page(walks: Walks) -> None:
    """Page after page of its head's history is read until a page has a stored commit."""
    walks.commits()
    branch = [commit(n, n - 1 if n > 101 else 3, hours=3 + n / 1000) for n in range(106, 100, -1)]
    walks.repository.commits = [commit(200, 10, 106, hours=11), *line(10, 4), *branch, *line(3, 1)]
    assert walks.commits() == ["branch 1", "106 1", "106 2"]
    assert walks.shas() == [*range(1, 11), *range(101, 107), 200]
    assert missing(walks) == []


def test_two_branches_that_were_merged_late_are_read_one_after_the_other(walks: Walks) -> None:
    """The missing commit whose name sorts first is asked for first."""
    walks.commits()
    branches = [commit(121, 3, hours=3.6), commit(111, 3, hours=3.5)]
    merges = [commit(201, 200, 111, hours=12), commit(200, 10, 121, hours=11)]
    walks.repository.commits = [*merges, *line(10, 4), *branches, *line(3, 1)]
    assert walks.commits() == ["branch 1", "111 1", "121 1"]
    assert walks.shas() == [*range(1, 11), 111, 121, 200, 201]


@pytest.mark.parametrize(("budget", "rest"), [(1, ["101 1"]), (2, ["121 1"])])
def test_an_interrupted_search_for_missing_commits_goes_on(walks: Walks, budget: int, rest: list[str]) -> None:
    """The next run asks for the history that was to come next, then for news."""
    walks.commits()
    branches = [commit(121, 3, hours=3.6), commit(101, 3, hours=3.5)]
    walks.repository.commits = [
        commit(201, 200, 101, hours=12),
        commit(200, 10, 121, hours=11),
        *line(10, 4),
        *branches,
        *line(3, 1),
    ]
    assert walks.commits(budget=budget) == ["branch 1", "101 1"][:budget]
    assert walks.commits() == [*rest, *(["121 1"] if budget == 1 else []), *NOTHING_NEW]
    assert walks.shas() == [*range(1, 11), 101, 121, 200, 201]


@pytest.mark.parametrize("budget", [1, 2])
def test_an_interrupted_walk_goes_on_with_its_page(walks: Walks, budget: int) -> None:
    """A push in between changes none of the pages that are left; it is news afterwards."""
    assert walks.commits("2026-04-01T00:00:00+00:00", budget) == WHOLE_WALK[:budget]
    assert walks.state("commits").walk_head == sha(10)
    assert walks.shas() == list(range(11 - 4 * budget, 11))
    walks.repository.commits = [*line(11, 11), *walks.repository.commits]
    assert walks.commits("2026-04-01T00:00:00+00:00") == [*WHOLE_WALK[budget:], "branch 1"]
    assert walks.shas() == list(range(1, 12))


def test_what_a_forced_push_replaced_is_deleted(walks: Walks) -> None:
    """Commits that the branch's head does not lead to are gone, and what was noted of them too."""
    walks.commits()
    walks.repository.commits = [commit(20, 8, hours=20), *line(8, 1)]
    assert walks.commits() == ["branch 1"]
    assert walks.shas() == [*range(1, 9), 20]
    assert edges(walks) == {(20, 8), *((n, n - 1) for n in range(2, 9))}


def test_the_history_is_walked_only_where_a_commit_left_it(walks: Walks) -> None:
    """News on top of what is stored leave every commit in the branch, which is seen without a walk to its beginning."""
    walks.commits()
    statements: list[str] = []
    walks.store.conn.set_trace_callback(statements.append)
    walks.repository.commits = [*line(12, 11), *line(10, 1)]
    walks.commits()
    assert not any("RECURSIVE" in statement for statement in statements)
    walks.repository.commits = [commit(21, 11), *line(11, 1)]
    walks.commits()
    assert any("RECURSIVE" in statement for statement in statements)
    assert walks.shas() == [*range(1, 12), 21]


@pytest.mark.parametrize(("of_clone", "left"), [(False, [7, 20]), (True, [7])])
def test_a_callers_commits_stay_and_a_clones_do_not(walks: Walks, of_clone: bool, left: list[int]) -> None:
    """What a caller inserted is not GitHub's to delete; a clone's commits are GitHub's, and the note of it goes."""
    moment = {"timestamp": at(1)}
    walks.store.insert_commits(
        [{"sha": sha(20), "repo_slug": SLUG, **moment}, {"sha": sha(7), "repo_slug": "other/repo", **moment}]
    )
    walks.store.set_etag(clone_mark(SLUG), "x" if of_clone else None)
    walks.store.set_etag(clone_mark("other/repo"), "y")
    walks.repository.commits = line(3, 1)
    walks.commits()
    assert walks.shas() == sorted([1, 2, 3, *left])
    assert walks.store.get_etag(clone_mark(SLUG)) is None
    assert walks.store.get_etag(clone_mark("other/repo")) == "y"


def test_commits_of_others_are_not_known_ones(walks: Walks) -> None:
    """A walk does not end at commits that another repository, a caller or a clone has: GitHub's pages are read."""
    walks.commits()
    moment = {"timestamp": at(1)}
    walks.store.insert_commits(
        [
            {"sha": sha(15), "repo_slug": "other/repo", "from_github": True, **moment},
            {"sha": sha(14), "repo_slug": SLUG, **moment},
        ]
    )
    walks.repository.commits = [*line(18, 11), *walks.repository.commits]
    assert walks.commits() == ["branch 1", "18 2"]
    assert walks.shas() == [*range(1, 15), 15, 15, *range(16, 19)]


@pytest.mark.parametrize(
    ("since", "oldest", "pages"),
    [
        ("2026-05-01T05:00:00+00:00", 4, 7),
        ("2026-05-01T05:00:01+00:00", 5, 6),
        ("2026-05-01T10:00:00+00:00", 9, 2),
        ("2026-05-01T10:00:01+00:00", 10, 1),
    ],
)
def test_a_walk_since_a_moment_ends_at_the_first_page_that_is_older(since: str, oldest: int, pages: int) -> None:
    """A page that holds the very moment is not older; its parents are asked for by the list's next page alone."""
    walks = Walks(page_cap=1)
    walks.repository.commits = line(10, 1)
    assert walks.commits(since) == ["branch 1", *(f"10 {page}" for page in range(2, pages + 1))]
    assert walks.shas() == list(range(oldest, 11))
    assert missing(walks) == []
    assert walks.state("commits").covered_since == since
    assert walks.commits(since) == NOTHING_NEW
    walks.store.close()


def test_an_old_branch_below_the_moment_is_not_asked_for() -> None:
    """A walk since a moment ends with its first older page, though a merge above it names a parent still below."""
    walks = Walks(page_cap=1)
    merge, old = commit(6, 5, 100), commit(100, 3, hours=3.5)
    walks.repository.commits = [*line(10, 7), merge, *line(5, 4), old, *line(3, 1)]
    asked = walks.commits("2026-05-01T05:00:00+00:00")
    assert asked == ["branch 1", *(f"10 {page}" for page in range(2, 8))]
    assert walks.shas() == [4, 5, 6, 7, 8, 9, 10]
    assert missing(walks) == []
    walks.store.close()


def test_an_earlier_moment_is_filled_and_a_later_one_needs_nothing(walks: Walks) -> None:
    """Reaching further back reads all pages down to it again."""
    walks.commits("2026-05-01T09:00:00+00:00")
    assert walks.shas() == [3, 4, 5, 6, 7, 8, 9, 10]
    assert walks.commits("2026-05-01T09:00:01+00:00") == NOTHING_NEW
    assert walks.commits() == WHOLE_WALK
    assert walks.shas() == list(range(1, 11))
    assert walks.state("commits").covered_since == ""


def test_a_late_branch_is_followed_to_the_moment_and_no_further() -> None:
    """Its page that is wholly older than what is covered ends the search: its parents are not missing."""
    walks = Walks(page_cap=1)
    walks.repository.commits = line(10, 1)
    walks.commits("2026-05-01T05:00:00+00:00")
    branch = [commit(102, 101, hours=5), commit(101, 100, hours=3.6), commit(100, 3, hours=3.5)]
    walks.repository.commits = [commit(200, 10, 102, hours=11), *line(10, 5), *branch, *line(4, 1)]
    assert walks.commits("2026-05-01T05:00:00+00:00") == ["branch 1", "200 2", "102 1", "102 2"]
    assert walks.shas() == [*range(4, 11), 101, 102, 200]
    assert missing(walks) == []
    walks.store.close()


def test_an_empty_repository_has_no_commit(walks: Walks) -> None:
    """It is covered and current, and what was stored of it is gone; its first commit is news."""
    walks.commits()
    walks.repository.commits = []
    assert walks.commits("2026-05-01T09:00:00+00:00") == ["branch 1 409"]
    assert walks.shas() == []
    assert edges(walks) == set()
    state = walks.state("commits")
    assert (state.covered_since, state.synced_at, state.stopped) == ("", "2026-06-01T00:00:00+00:00", None)
    walks.repository.commits = line(2, 1)
    assert walks.commits() == ["branch 1"]
    assert walks.shas() == [1, 2]


def test_a_new_repository_that_is_empty_is_covered_since_the_moment(walks: Walks) -> None:
    """Nothing is left to be read since then."""
    walks.repository.commits = []
    assert walks.commits("2026-05-01T09:00:00+00:00") == ["branch 1 409"]
    state = walks.state("commits")
    assert (state.covered_since, state.synced_at, state.walk_kind) == (
        "2026-05-01T09:00:00+00:00",
        "2026-06-01T00:00:00+00:00",
        None,
    )


def test_parents_that_github_does_not_have_are_given_up(walks: Walks) -> None:
    """Each is asked for once, and the walk ends without them."""
    walks.commits()
    walks.repository.commits = [commit(300, 10, 998, 999, hours=11), *walks.repository.commits]
    assert walks.commits() == ["branch 1", "998 1 404", "999 1 404"]
    assert walks.shas() == [*range(1, 11), 300]
    assert missing(walks) == []
    state = walks.state("commits")
    assert (state.stopped, state.walk_next, state.cursor) == (None, None, "2026-05-01T11:00:00+00:00")


def test_a_missing_parent_without_a_time_is_asked_for_once(walks: Walks) -> None:
    """It cannot be stored, and what lies below it is known: the walk ends."""
    walks.commits()
    branch = commit(101, 3, committer_date="", author_date="")
    walks.repository.commits = [commit(200, 10, 101, hours=11), *line(10, 4), branch, *line(3, 1)]
    assert walks.commits() == ["branch 1", "101 1"]
    assert walks.shas() == [*range(1, 11), 200]
    assert missing(walks) == []


class OtherList(InProcessSession):
    """A server whose list of commits is another one."""

    body = b"[]"

    def get(self, url: str, **content: Any) -> Response:
        """Answer with the other list."""
        super().get(url, **content)
        return Response(200, {}, self.body)


@pytest.mark.parametrize("body", [b"[]", b'[{"commit": {}}, {"sha": 7}, null]'])
def test_a_list_without_a_commit_is_the_whole_list(walks: Walks, body: bytes) -> None:
    """What is not a commit is left out, and there is no head to pin further pages to."""
    session = walks.session = OtherList(walks.server)
    session.body = body
    assert walks.commits() == ["branch 1"]
    assert walks.shas() == []
    state = walks.state("commits")
    assert (state.covered_since, state.cursor, state.walk_head, state.stopped) == ("", None, None, None)


def test_a_history_that_is_replaced_during_a_walk_is_read_anew(walks: Walks, caplog: pytest.LogCaptureFixture) -> None:
    """Where GitHub no longer has the commit that the pages are of, the walk begins again with the new history.

    A parent that the old pages named is asked for in the end, since the new history could have held it too.
    """
    walks.during(2, then=lambda: setattr(walks.repository, "commits", line(36, 31, is_whole=True)))
    assert walks.commits() == ["branch 1", "10 2 404", "branch 1", "36 2", "6 1 404"]
    assert walks.shas() == list(range(31, 37))
    assert walks.state("commits").stopped is None
    assert caplog.messages == ["octo/hello: the history was replaced while it was read; it is read anew"]


def test_a_history_that_is_replaced_during_every_walk_is_left_for_the_next_run(walks: Walks) -> None:
    """After four walks the run ends and says so; the next one reads what is there then."""
    starts = iter((31, 41, 51, 61))

    def replaced() -> None:
        start = next(starts)
        walks.repository.commits = line(start + 5, start, is_whole=True)

    walks.during(2, 4, 6, 8, then=replaced)
    asked = walks.commits()
    assert asked == ["branch 1", "10 2 404", "branch 1", "36 2 404", "branch 1", "46 2 404", "branch 1", "56 2 404"]
    assert walks.state("commits").stopped == ("the default branch was replaced during every walk; the next run goes on")
    assert walks.commits() == ["branch 1", "66 2", "6 1 404", "32 1 404", "42 1 404", "52 1 404"]
    assert walks.shas() == list(range(61, 67))
    assert walks.state("commits").stopped is None


def test_commits_that_name_no_parents_are_those_of_the_lists_head(walks: Walks) -> None:
    """A list is a history: what no commit before it leads to is joined with the head, so that it is not deleted."""
    walks.repository.commits = [commit(3), commit(2), commit(1)]
    walks.commits()
    assert edges(walks) == {(3, 2), (3, 1)}
    assert walks.shas() == [1, 2, 3]


def test_the_head_of_a_missing_history_is_not_joined_with_another(walks: Walks) -> None:
    """What a stored commit names as its parent has its place already, on whichever page it comes."""
    walks.commits()
    walks.repository.commits = [commit(200, 10, 101, hours=11), *line(10, 4), commit(101, 3, hours=3.5), *line(3, 1)]
    walks.commits()
    assert edges(walks) == {(200, 10), (200, 101), (101, 3), *((n, n - 1) for n in range(2, 11))}


@pytest.mark.parametrize("branch", [None, "trunk"])
def test_commits_are_of_the_default_branch_that_is_known(walks: Walks, branch: str | None) -> None:
    """The list of pull requests tells its name; without one it is not known."""
    if branch is not None:
        rows = [("other/repo", "main"), (SLUG, branch)]
        walks.store.conn.executemany("INSERT INTO repositories (repo_slug, default_branch) VALUES (?, ?)", rows)
    walks.commits()
    assert walks.rows("SELECT DISTINCT branch FROM commits") == [(branch,)]
