"""What is read from GitHub's objects, as literal values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prodlens.github_etl.parsing import (
    end_cursor,
    events_details,
    has_next,
    listed_commit,
    listed_pull_request,
    listed_repository,
    node_commits,
    node_details,
    parent_shas,
    reviews_by_others,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


REOPENINGS = ("2026-05-03T09:00:00Z", "2026-05-02T08:00:00Z", "2026-05-04T10:00:00Z")
FIRST = "2026-05-02T08:00:00+00:00"


def test_the_first_of_several_reopenings_counts() -> None:
    """Events in any order, and GraphQL nodes in any order, give the earliest reopening."""
    events = [{"event": "reopened", "created_at": at} for at in REOPENINGS]
    closed = {"event": "closed", "created_at": "2026-05-01T08:00:00Z"}
    assert events_details([closed, *events]) == {"reopened": True, "reopened_at": FIRST, "details": "events"}
    node = node_details({"timelineItems": {"nodes": [{"createdAt": at} for at in REOPENINGS]}})
    assert (node["reopened"], node["reopened_at"]) == (True, FIRST)


def test_a_reopening_without_a_readable_time_is_one_without_a_day() -> None:
    """It was reopened, on a day that is not known; a readable reopening beside it gives the day."""
    unread = {"event": "reopened", "created_at": None}
    assert events_details([unread]) == {"reopened": True, "reopened_at": None, "details": "events"}
    read = {"event": "reopened", "created_at": "2026-05-02T08:00:00Z"}
    assert events_details([unread, read])["reopened_at"] == FIRST
    assert events_details([{"event": "closed"}]) == {"reopened": False, "reopened_at": None, "details": "events"}


LISTED = {
    "id": 1001,
    "number": 7,
    "title": " Add a cache ",
    "user": {"login": "alice", "type": "User"},
    "state": "closed",
    "draft": False,
    "created_at": "2026-05-01T10:00:00Z",
    "merged_at": "2026-05-02T11:00:00Z",
    "closed_at": "2026-05-02T11:00:01Z",
    "updated_at": "2026-05-03T12:00:00Z",
    "labels": [{"name": "bug"}, "fast", {"name": None}, 7],
    "head": {"ref": "topic", "sha": "a1", "repo": {"full_name": "fork/web"}},
    "base": {"ref": "main", "repo": {"default_branch": "trunk"}},
    "merge_commit_sha": "c3",
    "node_id": "PR_7",
    "body": "Reverts Acme/Web#3\r\n\r\nMade-with: Cursor",
}


def part(row: Mapping[str, Any] | None, *names: str) -> list[Any]:
    """Return some values of a row that must be there."""
    assert row is not None
    return [row[name] for name in names]


def test_every_field_of_a_listed_pull_request() -> None:
    """Each column is read from its own place, times in UTC, text without blanks around it."""
    row = listed_pull_request(LISTED, "acme/web")
    expected = {
        "id": 1001,
        "repo_slug": "acme/web",
        "number": 7,
        "title": "Add a cache",
        "author": "alice",
        "author_type": "User",
        "state": "closed",
        "draft": False,
        "created_at": "2026-05-01T10:00:00+00:00",
        "merged_at": "2026-05-02T11:00:00+00:00",
        "closed_at": "2026-05-02T11:00:01+00:00",
        "updated_at": "2026-05-03T12:00:00+00:00",
        "labels": ["bug", "fast"],
        "head_ref": "topic",
        "head_sha": "a1",
        "head_repo": "fork/web",
        "base_ref": "main",
        "merge_commit_sha": "c3",
        "node_id": "PR_7",
        "reverts": 3,
        "body_signs": [["Cursor", "medium", "", "the description has a line made-with"]],
    }
    assert row is not None
    assert {name: row[name] for name in expected} == expected


def test_what_a_listed_pull_request_may_lack() -> None:
    """Number and opening time are needed; everything else has its own answer when it is absent or null."""
    least = {"number": 7, "created_at": "2026-05-01T10:00:00Z"}
    opened = "2026-05-01T10:00:00+00:00"
    row = listed_pull_request(least, "acme/web")
    names = ("id", "author", "author_type", "state", "draft", "closed_at", "updated_at", "labels", "head_repo")
    assert part(row, *names) == [7, None, None, "open", None, None, opened, None, None]
    assert listed_pull_request({"number": 7}, "acme/web") is None
    assert listed_pull_request({"created_at": "2026-05-01T10:00:00Z"}, "acme/web") is None
    assert part(listed_pull_request({**least, "user": None, "labels": None}, "s"), "author", "labels") == ["ghost", []]
    assert part(listed_pull_request({**least, "draft": "yes"}, "s"), "draft") == [None]
    assert part(listed_pull_request({**least, "draft": True, "id": 0}, "s"), "draft", "id") == [True, 0]


@pytest.mark.parametrize(
    ("changes", "state", "closed_at", "updated_at"),
    [
        ({"closed_at": "2026-05-02T10:00:00Z"}, "closed", "2026-05-02T10:00:00+00:00", "2026-05-02T10:00:00+00:00"),
        ({"merged_at": "2026-05-03T10:00:00Z"}, "closed", None, "2026-05-03T10:00:00+00:00"),
        (
            {"closed_at": "2026-05-02T10:00:00Z", "merged_at": "2026-05-03T10:00:00Z"},
            "closed",
            "2026-05-02T10:00:00+00:00",
            "2026-05-02T10:00:00+00:00",
        ),
        ({"state": "open", "closed_at": "2026-05-02T10:00:00Z"}, "open", None, "2026-05-02T10:00:00+00:00"),
    ],
)
def test_state_and_times_that_are_not_said(
    changes: dict[str, str], state: str, closed_at: str | None, updated_at: str
) -> None:
    """A closing or a merge makes it closed, an open one has no closing time, and the last change is what is known."""
    row = listed_pull_request({"number": 7, "created_at": "2026-05-01T10:00:00Z", **changes}, "acme/web")
    assert part(row, "state", "closed_at", "updated_at") == [state, closed_at, updated_at]


def test_number_and_default_branch_are_the_first_that_are_named() -> None:
    """Pull requests whose base repository is gone, or says only one of the two, leave it to the next ones."""
    gone = {"base": {"repo": None}}
    numbered = {"base": {"repo": {"id": 77, "default_branch": " "}}}
    named = {"base": {"repo": {"id": 0, "default_branch": "trunk"}}}
    later = {"base": {"repo": {"id": 88, "default_branch": "main"}}}
    assert listed_repository([gone, numbered, named, later]) == (77, "trunk")
    assert listed_repository([gone, {"base": None}, {}]) == (None, None)


def test_every_field_of_a_listed_commit() -> None:
    """The time is the committer's, the author the login where there is one, and the parents are counted."""
    item = {
        "sha": "a1",
        "commit": {
            "author": {"name": "Alice Smith", "date": "2026-05-01T10:00:00Z"},
            "committer": {"date": "2026-05-02T11:00:00Z"},
            "message": f"Subject\n\nThis reverts commit {'b' * 40}.\n\nCo-authored-by: Claude <noreply@anthropic.com>",
        },
        "author": {"login": "alice"},
        "parents": [{"sha": "b2"}, {"sha": None}, {"sha": "c3"}],
    }
    row = listed_commit(item, "acme/web", "main")
    expected = {
        "sha": "a1",
        "repo_slug": "acme/web",
        "author": "alice",
        "author_is_login": True,
        "timestamp": "2026-05-02T11:00:00+00:00",
        "branch": "main",
        "parents": 3,
        "trailers": [["Co-authored-by", "Claude <noreply@anthropic.com>"]],
        "reverts": ["b" * 40],
        "from_github": True,
    }
    assert row is not None
    assert {name: row[name] for name in expected} == expected
    assert parent_shas(item) == ["b2", "c3"]


def test_what_a_listed_commit_may_lack() -> None:
    """The author's date stands in for the committer's, the name for the login; sha and time are needed."""
    detail = {"author": {"name": "Alice Smith", "date": "2026-05-01T10:00:00Z"}}
    row = listed_commit({"sha": "a1", "commit": detail}, "acme/web", None)
    names = ("author", "author_is_login", "timestamp", "branch", "parents", "trailers", "reverts")
    assert part(row, *names) == ["Alice Smith", False, "2026-05-01T10:00:00+00:00", None, None, [], None]
    assert listed_commit({"commit": detail}, "acme/web", None) is None
    assert listed_commit({"sha": "a1", "commit": {}}, "acme/web", None) is None
    assert parent_shas({"sha": "a1"}) == []


def test_every_field_of_a_graphql_node() -> None:
    """Counts, the first reopening and the first review of somebody else; lists that were cut say where they go on."""
    node: dict[str, Any] = {
        "author": {"login": "alice"},
        "timelineItems": {"nodes": [{"createdAt": "2026-05-02T08:00:00Z"}, None]},
        "ready": {"nodes": [{"createdAt": "2026-05-02T07:00:00Z"}]},
        "reviews": {
            "nodes": [
                {"author": {"login": "alice"}, "submittedAt": "2026-05-02T08:30:00Z", "state": "COMMENTED"},
                {"author": {"login": "bob"}, "submittedAt": "2026-05-02T09:00:00Z", "state": "COMMENTED"},
            ]
        },
        "additions": 30,
        "deletions": 3,
        "changedFiles": 2,
        "commits": {"totalCount": 120, "pageInfo": {"hasNextPage": True, "endCursor": "100"}},
    }
    details = node_details(node)
    expected = {
        "reopened": True,
        "reopened_at": "2026-05-02T08:00:00+00:00",
        "ready_at": "2026-05-02T07:00:00+00:00",
        "first_review_at": "2026-05-02T09:00:00+00:00",
        "review_count": 1,
        "changes_requested": 0,
        "review_rounds": 0,
        "additions": 30,
        "deletions": 3,
        "changed_files": 2,
        "commit_count": 120,
        "details": "graphql",
        "truncated": {"commits": "100"},
    }
    assert {name: details[name] for name in expected} == expected
    cut = {"pageInfo": {"hasNextPage": True, "endCursor": "20"}}
    assert node_details({**node, "commits": {}, "reviews": cut})["truncated"] == {"reviews": "20"}
    reviewed = {**node["reviews"], **cut}
    assert node_details({**node, "commits": {}, "reviews": reviewed})["truncated"] == {"reviews": "20"}
    assert node_details({**node, "commits": {}})["truncated"] is None
    empty = node_details({})
    assert part(empty, "reopened", "reopened_at", "first_review_at", "commit_count") == [False, None, None, None]
    assert part(empty, "ready_at", "review_count", "changes_requested", "review_rounds") == [None, 0, 0, 0]


def review(login: str | None, day: int | None, kind: str = "User", **content: Any) -> dict[str, Any]:
    """Return a review of that day in May."""
    author = None if login is None else {"login": login, "__typename": kind}
    return {"author": author, "submittedAt": day and f"2026-05-0{day}T08:00:00Z", **content}


def test_reviews_are_of_other_people() -> None:
    """Reviews of the author, of bots by type or name, and without a time do not count; a deleted account's does."""
    passed_over = [review("alice", 1), review("lint[bot]", 1), review("ci", 1, "Bot"), review("bob", None)]
    assert reviews_by_others(passed_over, "alice") == []
    counted = [review("bob", 4), review("carol", 3), review(None, 5)]
    assert reviews_by_others([*passed_over, *counted], "alice") == counted
    assert reviews_by_others([review(None, 2)], None) == [review(None, 2)]
    node = {"author": {"login": "alice"}, "reviews": {"nodes": [*passed_over, *counted]}}
    assert part(node_details(node), "first_review_at", "review_count") == ["2026-05-03T08:00:00+00:00", 3]


def test_rounds_are_commits_that_somebody_gave_a_verdict_on() -> None:
    """Verdicts on one commit are a round, in whatever order; comments, bots and the author begin none."""

    def rounds(*reviews: dict[str, Any]) -> list[Any]:
        node = {"author": {"login": "alice"}, "reviews": {"nodes": list(reviews)}}
        return part(node_details(node), "review_count", "changes_requested", "review_rounds")

    def verdict(login: str, state: str, sha: str | None) -> dict[str, Any]:
        return review(login, 2, state=state, commit=sha and {"oid": sha})

    asked, approved = verdict("bob", "CHANGES_REQUESTED", "a1"), verdict("bob", "APPROVED", "b2")
    assert rounds(asked, approved) == [2, 1, 2]
    assert rounds(asked, verdict("carol", "CHANGES_REQUESTED", "a1"), approved, asked) == [4, 3, 2]
    assert rounds(verdict("bob", "DISMISSED", "a1"), approved) == [2, 0, 2]
    assert rounds(verdict("bob", "COMMENTED", "a1"), approved) == [2, 0, 1]
    assert rounds(verdict("alice", "CHANGES_REQUESTED", "a1"), verdict("x[bot]", "CHANGES_REQUESTED", "b2")) == [0] * 3
    # A commit that GitHub no longer has is one round with every other verdict.
    assert rounds(verdict("bob", "CHANGES_REQUESTED", None), verdict("bob", "APPROVED", None)) == [2, 1, 1]
    assert rounds(verdict("bob", "CHANGES_REQUESTED", None), approved) == [2, 1, 1]


def test_every_field_of_a_pull_requests_commit() -> None:
    """A commit needs an oid and a time; its author is the login, or else the name."""
    commits = [
        {
            "oid": "a1",
            "committedDate": "2026-05-01T10:00:00Z",
            "author": {"name": "Alice Smith", "user": {"login": "alice"}},
            "message": "Subject\n\nAssisted-by: Codex",
        },
        {"oid": "b2", "committedDate": "2026-05-01T11:00:00Z", "author": {"name": "Bob", "user": None}},
        {"oid": "c3"},
        {"committedDate": "2026-05-01T10:00:00Z"},
    ]
    rows = node_commits({"commits": {"nodes": [{"commit": commit} for commit in commits]}}, 1001)
    assert [part(row, "pull_request_id", "sha", "author", "author_is_login", "timestamp") for row in rows] == [
        [1001, "a1", "alice", 1, "2026-05-01T10:00:00+00:00"],
        [1001, "b2", "Bob", 0, "2026-05-01T11:00:00+00:00"],
    ]
    assert [row["trailers"] for row in rows] == [[["Assisted-by", "Codex"]], []]
    assert node_commits({}, 1001) == []


def test_only_true_says_that_a_list_goes_on() -> None:
    """A page without the information, or with another value, is the last one."""
    assert has_next({"pageInfo": {"hasNextPage": True}})
    assert not has_next({"pageInfo": {"hasNextPage": "true"}})
    assert not has_next(None)
    assert (end_cursor({"pageInfo": {"endCursor": "x"}}), end_cursor(None)) == ("x", None)
