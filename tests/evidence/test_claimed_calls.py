"""The pull request of each stored call, asked of the database: which key decides, from when and until when."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.evidence import BranchUse, claimed_calls
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REPO = "acme/web"
Owner = tuple[int, str] | None


def day(number: int) -> str:
    """Return noon of a day in May, as the store keeps it."""
    return f"2026-05-{number:02}T12:00:00+00:00"


class Team:
    """A store with pull requests and calls, each call by a name of its own."""

    def __init__(self) -> None:
        self.store = ProdLensStore(":memory:")

    def pull(self, number: int, **changes: Any) -> None:
        """Store a pull request that was opened on the 2nd and merged on the 10th, from a branch of its own."""
        row = {
            "id": 100 + number,
            "number": number,
            "state": "closed",
            "author": "ada",
            "repo_slug": REPO,
            "head_ref": f"topic-{number}",
            "head_repo": REPO,
            "base_ref": "main",
            "created_at": day(2),
            "merged_at": day(10),
            "closed_at": day(10),
            "updated_at": day(20),
        }
        self.store.insert_pull_requests([row | changes])

    def call(self, name: str, on: int = 5, **changes: Any) -> None:
        """Store a call of a day that names the repository."""
        row = {"trace_hash": name, "timestamp": day(on), "model": "m", "tokens_in": 1, "tokens_out": 1}
        self.store.insert_sessions([{**row, "repo_slug": REPO, "session_id": f"of {name}", **changes}])

    def execute(self, query: str, *rows: tuple[Any, ...]) -> None:
        """Store rows of another table."""
        with self.store.transaction() as conn:
            conn.executemany(query, rows)

    def link(self, *links: tuple[str, int, str, int]) -> None:
        """Link sessions on days to pull requests."""
        rows = [(session, day(on), repo, number) for session, on, repo, number in links]
        self.execute("INSERT INTO session_links VALUES (?, ?, ?, ?)", *rows)

    def owners(self, repo: str = REPO, **options: Any) -> dict[str, Owner]:
        """Return number and confidence of each call of the repository, None where it belongs to none."""
        found = claimed_calls(self.store.conn, repo, **options)
        query = (
            f"SELECT s.trace_hash, {found.number}, {found.confidence} FROM sessions s {found.joins} "
            "WHERE ifnull(s.repo_slug, ?) = ? ORDER BY 1"
        )
        rows = self.store.conn.execute(query, (repo.lower(), repo.lower())).fetchall()
        assert len({row[0] for row in rows}) == len(rows)
        return {row[0]: None if row[1] is None else (row[1], row[2]) for row in rows}


@pytest.fixture
def team() -> Iterator[Team]:
    """Open an empty store."""
    made = Team()
    yield made
    made.store.close()


def test_nothing_claims_a_call_that_names_nothing(team: Team) -> None:
    """Every call is in the answer once, with or without pull requests."""
    team.call("a")
    assert team.owners() == {"a": None}
    team.pull(1)
    assert team.owners() == {"a": None}


def test_the_strongest_key_decides(team: Team) -> None:
    """A number, then a link, then a commit, then a branch, then the person: each where no stronger one claims."""
    for number in (1, 2, 3):
        team.pull(number)
    team.pull(4, author="eve")
    team.execute("INSERT INTO pull_request_commits VALUES (?, ?, 'x', 1, ?, '[]')", (102, "c2", day(3)))
    team.link(("s", 9, REPO, 1))
    keys: dict[str, Any] = {"developer_id": "Eve"}
    further: dict[str, dict[str, Any]] = {
        "5 by person": {},
        "4 by branch": {"branch": "topic-3"},
        "3 by commit": {"commit_sha": "c2"},
        "2 by link": {"session_id": "s"},
        "1 by number": {"pull_request": 3},
    }
    for name, key in further.items():
        keys |= key
        team.call(name, **keys)
    assert team.owners(by_person=True) == {
        "1 by number": (3, "high"),
        "2 by link": (1, "medium"),
        "3 by commit": (2, "medium"),
        "4 by branch": (3, "medium"),
        "5 by person": (4, "low"),
    }
    assert team.owners()["5 by person"] is None


def test_ranges_begin_after_and_end_with_their_moment(team: Team) -> None:
    """A call of the moment of the merge still belongs to the branch's first pull request, a later one to the next."""
    team.pull(1, head_ref="topic")
    team.pull(2, head_ref="topic", merged_at=None, closed_at=None, state="open")
    team.call("at the merge", 10, branch="topic")
    team.call("later", branch="topic", timestamp="2026-05-10T12:00:00.000001+00:00")
    assert team.owners() == {"at the merge": (1, "medium"), "later": (2, "medium")}


def test_a_commit_is_that_of_the_head_or_of_the_branch(team: Team) -> None:
    """A merge commit is where new work begins, and a commit of two pull requests is neither one's."""
    team.pull(1, head_sha="h1", merge_commit_sha="m1")
    team.pull(2, head_sha="both")
    team.pull(3, repo_slug="other/repo", head_sha="h3")
    commits = [(101, "b1"), (101, "both"), (103, "b3")]
    team.execute(
        "INSERT INTO pull_request_commits VALUES (?, ?, 'x', 1, ?, '[]')", *((*one, day(3)) for one in commits)
    )
    for sha in ("h1", "m1", "b1", "both", "h3", "b3", "unknown"):
        team.call(sha, commit_sha=sha)
    team.call("too late", 11, commit_sha="h1")
    found = {name: owner for name, owner in team.owners().items() if owner}
    assert found == {"h1": (1, "medium"), "b1": (1, "medium")}


def test_base_and_default_branches_belong_to_nobody(team: Team) -> None:
    """What is merged into is not worked on, as a base or by the name that GitHub gives the default branch."""
    team.pull(1, head_ref="main")
    team.pull(2, head_ref="trunk")
    team.pull(3, head_ref=None)
    for branch in ("main", "trunk", ""):
        team.call(f"on {branch}", branch=branch or None)
    assert team.owners() == {"on ": None, "on main": None, "on trunk": (2, "medium")}
    columns = "INSERT INTO repositories (repo_slug, default_branch) VALUES (?, ?)"
    team.execute(columns, ("other/repo", "x"), (REPO, "trunk"))
    assert team.owners() == {"on ": None, "on main": None, "on trunk": None}


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        ({"merged_at": None}, 10),
        ({"closed_at": None}, 10),
        ({"closed_at": None, "merged_at": None}, 20),
        ({"closed_at": None, "merged_at": None, "state": "open"}, 30),
        ({"closed_at": day(12)}, 12),
    ],
)
def test_when_a_pull_request_ended(team: Team, changes: dict[str, Any], end: int) -> None:
    """With its closing, else its merge, else, where it is closed, with its last change; an open one has not ended."""
    team.pull(1, **changes)
    for on in range(9, 31):
        team.call(f"{on:02}", on, branch="topic-1")
    assert [int(name) for name, owner in team.owners().items() if owner] == list(range(9, end + 1))


def test_links_to_other_repositories(team: Team) -> None:
    """They claim what names no repository for nobody here, and nothing of what names this one."""
    team.link(("s", 4, REPO, 1), ("s", 8, "acme/api", 7))
    team.call("here before", 3, session_id="s")
    team.call("here between", 6, session_id="s")
    team.call("here after", 9, session_id="s")
    team.call("anywhere before", 3, session_id="s", repo_slug=None)
    team.call("anywhere between", 6, session_id="s", repo_slug=None, branch="topic-2")
    team.call("anywhere after", 9, session_id="s", repo_slug=None, branch="topic-2")
    team.call("branch", 9, session_id="t", repo_slug=None, branch="topic-2")
    team.pull(2)
    assert team.owners("Acme/Web") == {
        "anywhere after": None,
        "anywhere before": (1, "medium"),
        "anywhere between": None,
        "branch": (2, "medium"),
        "here after": (1, "high"),
        "here before": (1, "medium"),
        "here between": (1, "high"),
    }


def test_a_session_in_a_worktree_is_on_the_branch_that_it_went_to(team: Team) -> None:
    """From the moment after it went there until it came back, whatever the calls name; other sessions are not moved."""
    for number in (1, 2, 3):
        team.pull(number)
    states = [("s", day(4), "topic-2"), ("s", day(6), ""), ("s", day(8), "topic-3"), ("t", day(5), "topic-1")]
    team.execute("INSERT INTO session_branches VALUES (?, ?, ?)", *states)
    for on in range(3, 11):
        team.call(f"s {on:02}", on, session_id="s", branch="topic-1")
    team.call("t", 9, session_id="t")
    team.call("u", 9, session_id="u", branch="topic-1")
    team.link(("v", 4, REPO, 3))
    team.call("v", 9, session_id="v", branch="topic-1")
    owners = {name: owner and owner[0] for name, owner in team.owners().items()}
    assert owners == {
        "s 03": 1,
        "s 04": 1,
        "s 05": 2,
        "s 06": 2,
        "s 07": 1,
        "s 08": 1,
        "s 09": 3,
        "s 10": 3,
        "t": 1,
        "u": 1,
        "v": 3,
    }


def test_of_two_branches_at_one_moment_the_later_name_counts(team: Team) -> None:
    """Two lines of one moment that disagree give the same answer in any order."""
    team.pull(1)
    team.pull(2)
    states = [("s", day(4), "topic-1"), ("s", day(4), "topic-2")]
    team.execute("INSERT INTO session_branches VALUES (?, ?, ?)", *states)
    team.call("a", 5, session_id="s")
    assert team.owners() == {"a": (2, "medium")}


def test_a_pull_request_that_is_not_stored_yet(team: Team) -> None:
    """It has the calls of its branch; once it is stored, what is stored counts."""
    unstored = BranchUse(9, "topic-9", REPO, "main", day(2), None)
    team.call("a", 15, branch="topic-9")
    assert team.owners() == {"a": None}
    assert team.owners(unstored=unstored) == {"a": (9, "medium")}
    team.pull(9)
    assert team.owners(unstored=unstored) == {"a": None}


def test_the_names_of_a_person(team: Team) -> None:
    """Calls under any name that is the login's count, in any case of letters; a name that is another's does not."""
    team.pull(1, author="Ada")
    team.pull(2, author="eve")
    names = ("ADA", "ada@example.org", "a.l", "EVE", "bob")
    for name in names:
        team.call(name, developer_id=name)
    people = {"Ada@example.org": "ada", "A.L": "ADA", "eve": "bob"}
    owners = team.owners(by_person=True, people=people)
    assert owners == {"ADA": (1, "low"), "a.l": (1, "low"), "ada@example.org": (1, "low"), "EVE": None, "bob": None}
    plain = team.owners(by_person=True)
    assert {name for name, owner in plain.items() if owner} == {"ADA", "EVE"}


def test_claims_are_written_anew_each_time(team: Team) -> None:
    """A second question through one connection is answered by what is stored then, of whichever repository."""
    team.pull(1)
    team.call("a", branch="topic-1")
    assert team.owners() == {"a": (1, "medium")}
    team.store.conn.execute("DELETE FROM pull_requests")
    assert team.owners() == {"a": None}
    team.pull(5, repo_slug="other/repo", head_repo="other/repo", head_ref="topic-1")
    assert team.owners() == {"a": None}
    team.call("b", branch="topic-1", repo_slug="other/repo")
    assert team.owners("other/repo") == {"b": (5, "medium")}
    assert not team.store.conn.in_transaction


def test_a_pull_request_without_repository_or_number(team: Team) -> None:
    """One that names no repository is every repository's; one without a number claims nothing."""
    team.pull(1, repo_slug=None)
    team.pull(7)
    team.store.conn.execute("UPDATE pull_requests SET number = NULL WHERE number = 7")
    team.call("a", branch="topic-1")
    team.call("b", branch="topic-7")
    assert team.owners() == {"a": (1, "medium"), "b": None}


def test_whether_any_call_can_belong_to_a_pull_request(team: Team) -> None:
    """Without a claim, and without a call that names a branch or a number, no call has to be read to know."""
    team.pull(1)
    team.call("a")
    assert not claimed_calls(team.store.conn, REPO).any
    assert claimed_calls(team.store.conn, REPO, by_person=True).any
    team.call("b", pull_request=7)
    assert claimed_calls(team.store.conn, "other/repo").any
    team.store.conn.execute("DELETE FROM sessions")
    assert not claimed_calls(team.store.conn, REPO).any
    team.link(("s", 4, REPO, 1))
    assert claimed_calls(team.store.conn, REPO).any


def test_a_store_that_cannot_be_written_is_asked_too(tmp_path: Path) -> None:
    """The index that would be made is for speed alone."""
    with ProdLensStore(tmp_path / "cache.db") as store:
        call = {"timestamp": day(5), "model": "m", "repo_slug": REPO, "pull_request": 7}
        store.insert_sessions([call])
    with closing(sqlite3.connect(f"file:{tmp_path / 'cache.db'}?mode=ro", uri=True)) as conn:
        found = claimed_calls(conn, REPO)
        assert found.any
        assert conn.execute(f"SELECT {found.number} FROM sessions s {found.joins}").fetchall() == [(7,)]
