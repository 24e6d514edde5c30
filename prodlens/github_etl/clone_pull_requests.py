"""Merged pull requests that were read from git: they stand in for GitHub's until those come.

Their ids are negative, since GitHub's are positive; they have no opening time, and whether they were reopened is not
known. Those that were closed without a merge, or are open, leave no trace in a history.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson

from prodlens.slugs import split_slug
from prodlens.storage import delete_pull_requests, upsert_pull_requests

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from prodlens.commits import MergedPullRequest

READ_FROM_GIT = "git"  # what their column ``details`` says
_ID_BYTES = 7


def put_pull_requests_from_git(
    conn: sqlite3.Connection, slug: str, pulls: Iterable[MergedPullRequest], branch: str | None, *, since: str
) -> int:
    """Store merged pull requests in the place of those that git told of before, inside the caller's transaction.

    Args:
        conn: Connection to the store.
        slug: The repository, in the spelling of the store.
        pulls: Pull requests merged since ``since``; one that GitHub told of is left as it is.
        branch: The branch that they were merged into.
        since: A moment, ISO 8601 in UTC; earlier ones stay.

    Returns:
        Number of pull requests stored.
    """
    query = "SELECT number FROM pull_requests WHERE repo_slug = ? AND id >= 0"
    of_github = {row[0] for row in conn.execute(query, (slug,))}
    news = [pull for pull in pulls if pull.number not in of_github]
    query = "SELECT id FROM pull_requests WHERE repo_slug = ? AND id < 0 AND merged_at >= ?"
    delete_pull_requests(conn, [row[0] for row in conn.execute(query, (slug, since))])
    upsert_pull_requests(conn, [_row(slug, pull, branch) for pull in news])
    conn.executemany(
        "INSERT OR REPLACE INTO pull_request_commits "
        "(pull_request_id, sha, author, author_is_login, timestamp, trailers) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                _identity(slug, pull.number),
                commit.sha,
                commit.author,
                int(commit.author_is_login),
                commit.committed_at.isoformat(),
                orjson.dumps(commit.trailers).decode(),
            )
            for pull in news
            for commit in pull.commits
            if commit.committed_at is not None
        ],
    )
    return len(news)


def forget_pull_requests_from_git(conn: sqlite3.Connection, slug: str) -> None:
    """Delete what git told of, since GitHub tells more, inside the caller's transaction."""
    query = "SELECT id FROM pull_requests WHERE id < 0 AND +repo_slug = ?"  # by the few ids, not by the repository
    delete_pull_requests(conn, [row[0] for row in conn.execute(query, (slug,))])


def _row(slug: str, pull: MergedPullRequest, branch: str | None) -> dict[str, Any]:
    owner, name = split_slug(slug)
    home = slug if (pull.head_owner or "").lower() == owner.lower() else f"{pull.head_owner}/{name}"
    return {
        "id": _identity(slug, pull.number),
        "repo_slug": slug,
        "number": pull.number,
        "title": pull.title,
        "author": pull.author,
        "state": "closed",
        "merged_at": pull.merged_at,
        "closed_at": pull.merged_at,
        "head_ref": pull.head_branch,
        "head_sha": pull.head_sha,
        "head_repo": home if pull.head_owner else None,
        "base_ref": branch,
        "merge_commit_sha": pull.sha,
        "commit_count": len(pull.commits) or None,
        "details": READ_FROM_GIT,
    }


def _identity(slug: str, number: int) -> int:
    """Return the id of a pull request that GitHub did not give one: the same one each time, and negative."""
    digest = hashlib.sha256(f"{slug}#{number}".encode()).digest()
    return -1 - int.from_bytes(digest[:_ID_BYTES])
