"""The SQL of the tables that GitHub fills: pull requests and commits, their rows written and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.schemas import PULL_REQUEST_COLUMNS, names_of
from prodlens.storage.in_queries import marks, portions
from prodlens.storage.row_conversion import COMMIT_COLUMNS, commit_row, pull_request_row

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Mapping, Sequence


def upsert_pull_requests(conn: sqlite3.Connection, pull_requests: Iterable[Mapping[str, object]]) -> int:
    """Insert pull requests or update them by ``id``; what a mapping does not say is kept. Returns the rows.

    Raises:
        RecordError: A mapping lacks a readable id or ``created_at``.
    """
    return max(conn.executemany(_PULL_REQUEST_UPSERT, (pull_request_row(p) for p in pull_requests)).rowcount, 0)


def delete_pull_requests(conn: sqlite3.Connection, ids: Sequence[int]) -> None:
    """Delete pull requests and what hangs on them."""
    for some in portions(ids):
        conn.execute(f"DELETE FROM pull_request_commits WHERE pull_request_id IN ({marks(some)})", some)
        conn.execute(f"DELETE FROM pull_requests WHERE id IN ({marks(some)})", some)


def delete_commits_but(conn: sqlite3.Connection, slug: str, shas: Collection[str], *, since: str) -> None:
    """Delete the commits of a repository from a moment on (ISO 8601, UTC), but for those named."""
    query = "SELECT sha FROM commits WHERE repo_slug = ? AND timestamp >= ?"
    gone = sorted({row[0] for row in conn.execute(query, (slug, since))}.difference(shas))
    for some in portions(gone):
        conn.execute(f"DELETE FROM commits WHERE repo_slug = ? AND sha IN ({marks(some)})", (slug, *some))


def upsert_commits(conn: sqlite3.Connection, commits: Iterable[Mapping[str, object]]) -> int:
    """Insert commits or update them by sha and repository. Returns the rows.

    Raises:
        RecordError: A mapping lacks a sha or a readable timestamp.
    """
    return max(conn.executemany(_COMMIT_UPSERT, (commit_row(c) for c in commits)).rowcount, 0)


def _upsert(table: str, columns: tuple[str, ...], key: str, values: dict[str, str], updates: dict[str, str]) -> str:
    given = ", ".join(values.get(column, f":{column}") for column in columns)
    assignments = ", ".join(
        f"{column} = {updates.get(column, f'coalesce(excluded.{column}, {table}.{column})')}"
        for column in columns
        if column != key
    )
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({given}) ON CONFLICT ({key}) DO UPDATE SET {assignments}"
    )


_PULL_REQUEST_UPSERT = _upsert(
    "pull_requests",
    names_of(PULL_REQUEST_COLUMNS),
    "id",
    {"reopened": "ifnull(:reopened, 0)"},
    {
        "reopened": "coalesce(:reopened, pull_requests.reopened)",
        "closed_at": (  # one that is open again was never closed for good
            "CASE excluded.state WHEN 'open' THEN NULL ELSE coalesce(excluded.closed_at, pull_requests.closed_at) END"
        ),
        # GitHub's list always says it; nobody else does.
        **{
            name: f"CASE WHEN excluded.node_id IS NULL THEN pull_requests.{name} ELSE excluded.{name} END"
            for name in ("reverts", "body_signs")
        },
        "truncated": "CASE WHEN excluded.details IS NULL THEN pull_requests.truncated ELSE excluded.truncated END",
    },
)
_COMMIT_UPSERT = _upsert(
    "commits",
    COMMIT_COLUMNS,
    "sha, ifnull(repo_slug, '')",
    {},
    {
        "author": (  # a login is never overwritten by a bare name
            "CASE WHEN commits.author_is_login AND NOT excluded.author_is_login THEN commits.author "
            "ELSE coalesce(excluded.author, commits.author) END"
        ),
        "author_is_login": "max(commits.author_is_login, excluded.author_is_login)",
        "from_github": "max(commits.from_github, excluded.from_github)",
    },
)
