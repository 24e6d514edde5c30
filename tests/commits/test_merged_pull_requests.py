"""Merged pull requests in the history of a clone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.commits.git_history import read_history
from prodlens.commits.merged_pull_requests import HistoryCommit, merged_pull_requests, message_worth_keeping
from tests.commits.test_git_history import git

if TYPE_CHECKING:
    from pathlib import Path

WEB, PERSON = "GitHub\0noreply@github.com", "Ada\0ada@example.org"
START = datetime(2026, 5, 1, tzinfo=UTC)


class History:
    """A history that grows commit by commit; a commit's time is its number in hours."""

    def __init__(self) -> None:
        self.commits: dict[str, HistoryCommit] = {}
        self.numbers = count(1)

    def add(self, message: str, *parents: str, author: str = "ada", committer: str = PERSON, **changes: Any) -> str:
        """Add a commit and return its sha."""
        number = next(self.numbers)
        sha, at = f"{number:040x}", START + timedelta(hours=number)
        commit = HistoryCommit(sha, parents, author, True, at, committer, message_worth_keeping(message), [])
        self.commits[sha] = commit._replace(**changes)
        return sha

    def found(self, head: str) -> list[tuple[int, str | None, str]]:
        """Return number, title and author of the pull requests, oldest first."""
        return [(pull.number, pull.title, pull.author) for pull in merged_pull_requests(self.commits, head)]


def test_a_merge_commit_is_a_pull_request_with_what_it_brought() -> None:
    """Number and branch stand in the subject, the title in the body; its commits were not there before."""
    made = History()
    root = made.add("First")
    one = made.add("One", root, author="eve")
    moved = made.add("On main", root)
    two = made.add("Merge branch 'main' into topic", one, moved)
    three = made.add("Three", two, author="eve")
    merge = made.add(
        "Merge pull request #7 from Octo/topic/x\n\n  Add the x \n\nMore", moved, three, author="maintainer"
    )
    [pull] = merged_pull_requests(made.commits, merge)
    assert (pull.number, pull.title, pull.author) == (7, "Add the x", "eve")
    assert (pull.head_owner, pull.head_branch, pull.head_sha) == ("Octo", "topic/x", three)
    assert pull.merged_at == START + timedelta(hours=6)
    assert sorted(commit.sha for commit in pull.commits) == sorted([one, two, three])


def test_a_squash_is_a_pull_request_by_the_number_at_the_end() -> None:
    """The last number in brackets at the end of the subject is the pull request's; what is before it is the title."""
    made = History()
    head = made.add("First")
    for subject in (
        "Add y (#8)",
        "Fix z (#3) (#9)  ",
        'Revert "Add y (#8)" (#10)',
        "(#11)",
        "See (#12) there",
        "(x#13)",
    ):
        head = made.add(f"{subject}\n\nText (#14)", head)
    assert made.found(head) == [(8, "Add y", "ada"), (9, "Fix z (#3)", "ada"), (10, 'Revert "Add y (#8)"', "ada")]


@pytest.mark.parametrize(
    "subject",
    [
        "Fix it (octo/other#12)",
        "Fix it (#0)",
        "Fix it (#007)",
        "Fix it (#12345678901)",
        "Fix it (GH-12)",
        'Revert "Fix it (#12)"',
        "Merge pull request #12 from octo",
        "Merge pull request #12 of octo/x",
        "Merge branch 'main' into x (12)",
    ],
)
def test_other_texts_are_no_pull_request(subject: str) -> None:
    """A number of another repository, of none, or quoted in a revert is not a merge."""
    made = History()
    assert made.found(made.add(subject, made.add("First"))) == []


def test_cherry_picks_repeats_and_what_was_merged_elsewhere_do_not_count() -> None:
    """A pick names its origin, of one number the older commit is it, and side branches are not the line."""
    made = History()
    root = made.add("First")
    picked = made.add("Fix (#5)\n\n(cherry picked from commit 1234)", root)
    first = made.add("Real (#6)", picked)
    again = made.add("Once more (#6)", first)
    side = made.add("Inner (#20)", root)
    inner = made.add("Merge pull request #21 from octo/inner\n\nInner", side, made.add("Work", root))
    release = made.add("Merge pull request #22 from octo/develop\n\nRelease 2", again, inner)
    flat = made.add("Merge pull request #23 from octo/flat\n\nRebased", release)
    assert made.found(flat) == [(6, "Real", "ada"), (22, "Release 2", "ada")]


def test_where_github_squashes_only_its_squashes_count() -> None:
    """GitHub signs its own; beside those, a number in brackets that a person pushed is an issue's."""
    made = History()
    pushed = made.add("Close it (#4)", made.add("First"))
    assert made.found(pushed) == [(4, "Close it", "ada")]
    head = made.add("Add (#5)", pushed, committer=WEB)
    assert made.found(head) == [(5, "Add", "ada")]
    enterprise = made.add("Add (#6)", head, committer="GitHub Enterprise\0noreply@ghe.example.com")
    assert [number for number, _, _ in made.found(enterprise)] == [5, 6]


def test_a_clone_that_lacks_commits_tells_of_no_first_one() -> None:
    """At the edge of a shallow clone a merge is known, and its commits are not."""
    made = History()
    merge = made.add("Merge pull request #7 from octo/x\n\nX", "f" * 40, made.add("Work", "e" * 40), author="merger")
    [pull] = merged_pull_requests(made.commits, merge)
    assert (pull.title, pull.author, pull.commits) == ("X", "merger", ())


def test_a_date_outside_the_calendar_is_no_merge() -> None:
    """Neither a merge nor a squash without a time can be placed."""
    made = History()
    root = made.add("First")
    squash = made.add("Add (#5)", root, committed_at=None)
    merge = made.add("Merge pull request #7 from octo/x\n", squash, made.add("W", root), committed_at=None)
    assert made.found(merge) == []


def test_a_merge_without_a_title_or_with_commits_by_nobody_alone() -> None:
    """A body can be empty, and a branch can bring merges of other branches only."""
    made = History()
    root = made.add("First")
    side = made.add("Merge branch 'a'", root, made.add("Merge branch 'b'", root, root))
    assert made.found(made.add("Merge pull request #7 from octo/x", root, side, author="m")) == [(7, None, "m")]


@given(st.lists(st.text(max_size=60), max_size=8))
def test_any_messages_are_survived(messages: list[str]) -> None:
    """Whatever messages say, each number is found at most once, and every title is bounded."""
    made = History()
    head = made.add("First")
    for number, message in enumerate(messages):
        head = made.add(f"{message} (#{1 + number % 3})", head)
    found = made.found(head)
    assert len({number for number, _, _ in found}) == len(found)
    assert all(title is not None and len(title) <= 500 for _, title, _ in found)


def test_a_real_clone_tells_of_merges_and_squashes(tmp_path: Path) -> None:
    """Git's own log gives commits, parents, committer and messages; nothing is read without being asked for."""
    folder = tmp_path / "clone"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "remote", "add", "origin", "git@github.com:octo/hello.git")
    git(folder, "commit", "-q", "--allow-empty", "-m", "First")
    git(folder, "checkout", "-q", "-b", "topic")
    git(folder, "commit", "-q", "--allow-empty", "-m", "Work", email="1+eve@users.noreply.github.com")
    git(folder, "checkout", "-q", "main")
    message = "Merge pull request #3 from octo/topic\n\nAdd work"
    git(folder, "merge", "-q", "--no-ff", "-m", message, "topic")
    git(folder, "commit", "-q", "--allow-empty", "-m", "Squashed (#4)")
    found = read_history(folder, pull_requests=True)
    assert [(pull.number, pull.title, pull.author, len(pull.commits)) for pull in found.pull_requests] == [
        (3, "Add work", "eve", 1),
        (4, "Squashed", "Alice Liddell", 0),
    ]
    assert read_history(folder).pull_requests == []
    assert read_history(folder, pull_requests=True, since=datetime(2026, 6, 1, tzinfo=UTC)).pull_requests == []
