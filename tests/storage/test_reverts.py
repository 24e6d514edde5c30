"""Which pull requests were reverted, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prodlens.storage import ProdLensStore, delete_commits_but, mark_reverted

if TYPE_CHECKING:
    from collections.abc import Iterator

SLUG = "acme/web"
SHA = [f"{number:040x}" for number in range(30)]


@pytest.fixture
def store() -> Iterator[ProdLensStore]:
    """Open a new store."""
    with ProdLensStore(":memory:") as opened:
        yield opened


def day(number: int) -> str:
    """Return noon of a day in May."""
    return f"2026-05-{number:02}T12:00:00+00:00"


def pull(number: int, opened: int, merged: int | None = None, **changes: Any) -> dict[str, Any]:
    """Return a pull request with days of May."""
    row = {"id": 100 + number, "number": number, "repo_slug": SLUG, "title": f"Change {number}", "state": "closed"}
    times = {"created_at": day(opened), "merged_at": merged and day(merged), "merge_commit_sha": SHA[number]}
    return {**row, **times, **changes}


def reverted(store: ProdLensStore) -> dict[int, str]:
    """Mark, and return when each pull request was reverted."""
    with store.transaction() as conn:
        mark_reverted(conn, SLUG)
    return {row["number"]: row["reverted_at"] for row in store.fetch_pull_requests() if row["reverted_at"]}


def commit(number: int, on: int, *shas: str) -> dict[str, Any]:
    """Return a commit that reverts others."""
    return {"sha": SHA[number], "repo_slug": SLUG, "timestamp": day(on), "reverts": list(shas) or None}


def test_a_number_is_better_than_a_title(store: ProdLensStore) -> None:
    """The pull request that the body names is meant, whatever the title says, and its first merged revert counts."""
    store.insert_pull_requests(
        [
            pull(1, 1, 2),
            pull(2, 1, 2),
            pull(3, 4, 5, title='Revert "Change 2"', reverts=1, node_id="x"),
            pull(4, 4, 6, reverts=1, node_id="y"),
            pull(5, 4, None, reverts=2, node_id="z"),
            pull(6, 4, 7, reverts=6, node_id="w"),
            pull(7, 4, 7, reverts=99, node_id="v"),
        ]
    )
    assert reverted(store) == {1: day(5)}


def test_of_equal_titles_the_last_merged_before_is_meant(store: ProdLensStore) -> None:
    """One merged after the revert was opened cannot be what it reverts; a revert can be reverted itself."""
    store.insert_pull_requests(
        [
            pull(1, 1, 2, title="Bump"),
            pull(2, 2, 4, title="Bump"),
            pull(3, 2, 9, title="Bump"),
            pull(4, 5, 6, title='Revert "Bump"'),
            pull(5, 7, 8, title='Revert "Revert "Bump""'),
            pull(6, 7, 8, title='Revert "Nothing here"'),
        ]
    )
    assert reverted(store) == {2: day(6), 4: day(8)}


def test_commits_revert_what_was_merged(store: ProdLensStore) -> None:
    """A merge commit stands for its pull request, and so does an only commit; one of several commits does not."""
    store.insert_pull_requests(
        [pull(1, 1, 2), pull(2, 1, 3, commit_count=1), pull(3, 1, 3, commit_count=2), pull(4, 1, 3), pull(5, 4, 9)]
    )
    query = "INSERT INTO pull_request_commits VALUES (?, ?, 'a', 1, ?, '[]')"
    with store.transaction() as conn:
        conn.executemany(query, [(102, SHA[21], day(2)), (103, SHA[22], day(2)), (103, SHA[23], day(2))])
    store.insert_commits([commit(10, 5, SHA[1], SHA[22]), commit(11, 4, SHA[1]), commit(12, 6, SHA[21])])
    store.insert_commits([commit(13, 1, SHA[4])])  # dated before the merge that it reverts
    assert reverted(store) == {1: day(4), 2: day(6), 4: day(3)}


def test_a_merged_revert_is_better_than_its_commit(store: ProdLensStore) -> None:
    """The commit was made before its pull request was merged; what counts is the merge."""
    store.insert_pull_requests([pull(1, 1, 2), pull(2, 4, 6, reverts=1, node_id="x")])
    store.insert_commits([commit(10, 4, SHA[1])])
    assert reverted(store) == {1: day(6)}


def test_what_is_no_longer_reverted_is_unmarked(store: ProdLensStore) -> None:
    """A revert that left the branch is forgotten; marking twice changes nothing, and other repositories stay."""
    other = pull(1, 1, 2, id=900, repo_slug="acme/other")
    store.insert_pull_requests([pull(1, 1, 2), other])
    store.insert_commits([commit(10, 4, SHA[1])])
    assert reverted(store) == {1: day(4)}
    before = store.conn.total_changes
    assert reverted(store) == {1: day(4)}
    assert store.conn.total_changes == before
    with store.transaction() as conn:
        delete_commits_but(conn, SLUG, [], since=day(1))
    assert reverted(store) == {}


def test_the_list_of_github_says_what_is_reverted(store: ProdLensStore) -> None:
    """A body that was edited no longer reverts; a caller's row, which has no node id, says nothing of it."""
    store.insert_pull_requests([pull(1, 1, 2), pull(2, 4, 6, reverts=1, node_id="x")])
    store.insert_pull_requests([pull(2, 4, 6)])
    assert reverted(store) == {1: day(6)}
    store.insert_pull_requests([pull(2, 4, 6, node_id="x")])
    assert reverted(store) == {}
