"""The SQL of the tables that GitHub fills: pull requests and commits, their rows written and deleted."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from prodlens.schemas import PULL_REQUEST_COLUMNS, names_of
from prodlens.storage.in_queries import marks, portions
from prodlens.storage.row_conversion import COMMIT_COLUMNS, commit_row, json_text, pull_request_row

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Mapping, Sequence


def upsert_pull_requests(conn: sqlite3.Connection, pull_requests: Iterable[Mapping[str, object]]) -> int:
    """Insert pull requests or update them by ``id``; what a mapping does not say is kept. Returns the rows.

    Raises:
        RecordError: A mapping lacks a readable id or ``created_at``.
    """
    rows = (_pull_request_values(pull_request_row(pull_request)) for pull_request in pull_requests)
    return max(conn.executemany(_PULL_REQUEST_UPSERT, rows).rowcount, 0)


def put_listed_pull_requests(conn: sqlite3.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write the pull requests of a page as ``upsert_pull_requests`` does, without converting what needs no conversion.

    A row has the columns that GitHub's list tells, each in the form that is stored; lists become JSON here.
    """
    conn.executemany(
        _LISTED_UPSERT,
        [
            _listed_values({**row, "labels": json_text(row["labels"]), "body_signs": json_text(row["body_signs"])})
            for row in rows
        ],
    )


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
    return max(conn.executemany(_COMMIT_UPSERT, (_commit_values(commit_row(commit)) for commit in commits)).rowcount, 0)


def put_listed_commits(conn: sqlite3.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write the commits of a page as ``upsert_commits`` does, without converting what needs no conversion.

    A row has every column in the form that is stored; lists become JSON here.
    """
    conn.executemany(
        _COMMIT_UPSERT,
        [
            _commit_values({**row, "trailers": json_text(row["trailers"]), "reverts": json_text(row["reverts"])})
            for row in rows
        ],
    )


def _upsert(table: str, columns: tuple[str, ...], key: str, values: dict[str, str], updates: dict[str, str]) -> str:
    """Return the statement for rows of these columns in their order; a sequence is bound far faster than a mapping."""
    given = ", ".join(values.get(column, "?") for column in columns)
    assignments = ", ".join(
        f"{column} = {updates.get(column, f'coalesce(excluded.{column}, {table}.{column})')}"
        for column in columns
        if column != key
    )
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({given}) ON CONFLICT ({key}) DO UPDATE SET {assignments}"
    )


_PULL_REQUEST_NAMES = names_of(PULL_REQUEST_COLUMNS)
# What only the details tell, or a report works out.
_NOT_LISTED = {
    *("reopened", "reopened_at", "first_review_at", "additions", "deletions", "changed_files", "commit_count"),
    *("review_count", "changes_requested", "review_rounds", "ready_at", "reverted_at"),
    *("details", "details_for", "truncated"),
}
_LISTED_NAMES = tuple(name for name in _PULL_REQUEST_NAMES if name not in _NOT_LISTED)
_LISTED_UPDATES = {
    "closed_at": (  # one that is open again was never closed for good
        "CASE excluded.state WHEN 'open' THEN NULL ELSE coalesce(excluded.closed_at, pull_requests.closed_at) END"
    ),
    # GitHub's list always says it; nobody else does.
    **{
        name: f"CASE WHEN excluded.node_id IS NULL THEN pull_requests.{name} ELSE excluded.{name} END"
        for name in ("reverts", "body_signs")
    },
}
_LISTED_UPSERT = _upsert("pull_requests", _LISTED_NAMES, "id", {}, _LISTED_UPDATES)
_PULL_REQUEST_UPSERT = _upsert(
    "pull_requests",
    _PULL_REQUEST_NAMES,
    "id",
    {"reopened": "ifnull(?, 0)"},
    {
        **_LISTED_UPDATES,
        "reopened": "coalesce(?, pull_requests.reopened)",
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
_pull_request_values = itemgetter(*_PULL_REQUEST_NAMES, "reopened")  # which the update asks for too
_listed_values = itemgetter(*_LISTED_NAMES)
_commit_values = itemgetter(*COMMIT_COLUMNS)
