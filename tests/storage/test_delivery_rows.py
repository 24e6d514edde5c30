"""Pull requests and commits into their tables, from a caller and from GitHub's lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.github_etl.parsing import listed_commit, listed_pull_request
from prodlens.storage import ProdLensStore, put_listed_commits, put_listed_pull_requests
from tests.github_server import objects
from tests.github_server.small import SLUG, at, commit, pull, small_repository

if TYPE_CHECKING:
    from collections.abc import Iterable

# What a second listing may say of a pull request that is stored, with and without its name in GraphQL.
CHANGES: tuple[dict[str, Any], ...] = (
    {"state": "open", "closed_at": None, "merged_at": None, "draft": True, "body": "Reverts #2"},
    {"title": None, "labels": [], "body": "Made-with: Cursor", "user": None},
    {"node_id": None, "body": None, "updated_at": at(99)},
)


def pulls(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return pull requests as GitHub's list is read."""
    found = (listed_pull_request(objects.pull(row, "main"), SLUG) for row in rows)
    return [row for row in found if row is not None]


def commits(rows: Iterable[dict[str, Any]], branch: str | None) -> list[dict[str, Any]]:
    """Return commits as GitHub's list is read."""
    found = (listed_commit(objects.commit(row), SLUG, branch) for row in rows)
    return [row for row in found if row is not None]


def test_what_github_lists_is_stored_as_what_a_caller_inserts() -> None:
    """Rows of a page, new ones and those that change stored ones, become the same rows as by way of the converters."""
    repository = small_repository()
    details = [{"id": 1003, "state": "closed", "created_at": at(3), "reopened": True, "details": "graphql"}]
    known = [{"sha": f"{5:040x}", "author": "Name", "timestamp": at(5), "repo_slug": SLUG, "reverts": ["a" * 40]}]
    changed = [pull(number, **changes) for number in (1, 3, 9) for changes in CHANGES]
    pages = [
        (repository.pulls.values(), repository.commits, None),
        (changed, [commit(5, 4, author_login=None)], "main"),
    ]
    with ProdLensStore(":memory:") as listed, ProdLensStore(":memory:") as inserted:
        for store in (listed, inserted):
            store.insert_pull_requests(details)
            store.insert_commits(known)
        for pull_rows, commit_rows, branch in pages:
            put_listed_pull_requests(listed.conn, pulls(pull_rows))
            put_listed_commits(listed.conn, commits(commit_rows, branch))
            inserted.insert_pull_requests(pulls(pull_rows))
            inserted.insert_commits(commits(commit_rows, branch))
        assert listed.fetch_pull_requests() == inserted.fetch_pull_requests()
        assert listed.fetch_commits() == inserted.fetch_commits()
        assert (len(listed.fetch_pull_requests()), len(listed.fetch_commits())) == (14, 22)
