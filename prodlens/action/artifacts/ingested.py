"""Which trace artifacts were ingested, and where the walk over a long list of artifacts goes on.

Both are rows of the database, so that they are kept in the cache with what the artifacts brought.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.timestamps import as_utc

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from datetime import datetime

    from prodlens.action.artifacts.listing import Artifact


UNREACHABLE = "its bytes could not be fetched"  # an outcome that is not final: the artifact is tried again


def known_artifacts(conn: sqlite3.Connection) -> set[int]:
    """Return the ids of the artifacts that need not be looked at again."""
    query = "SELECT artifact_id FROM trace_artifacts WHERE outcome IS NOT ?"
    return {row[0] for row in conn.execute(query, (UNREACHABLE,))}


def unreachable_artifacts(conn: sqlite3.Connection) -> set[int]:
    """Return the ids of the artifacts whose bytes an earlier run could not fetch, and said so."""
    return {row[0] for row in conn.execute("SELECT artifact_id FROM trace_artifacts WHERE outcome = ?", (UNREACHABLE,))}


def remember_artifact(
    conn: sqlite3.Connection, slug: str, artifact: Artifact, name: str, now: datetime, outcome: str | None
) -> None:
    """Note that an artifact was dealt with, in the transaction of the rows that it brought.

    Args:
        conn: Connection to the database.
        slug: The repository of the artifact.
        artifact: The artifact.
        name: Its name, fit to be shown.
        now: The present moment.
        outcome: Why it cannot be used; None when it was ingested.
    """
    expires_at = None if artifact.expires_at is None else artifact.expires_at.isoformat()
    row = (artifact.id, slug, name, as_utc(now).isoformat(), expires_at, outcome)
    conn.execute("INSERT OR REPLACE INTO trace_artifacts VALUES (?, ?, ?, ?, ?, ?)", row)


def forget_expired(conn: sqlite3.Connection, now: datetime) -> int:
    """Forget the artifacts that have expired, which no list offers again; returns how many there were."""
    moment = as_utc(now).isoformat()
    return conn.execute("DELETE FROM trace_artifacts WHERE expires_at <= ?", (moment,)).rowcount


# A negative page says that the list was read to its end before. Only the first walk has to come to its end run by run;
# where a later one stands is not worth saving a cache for.


def next_page(conn: sqlite3.Connection, slug: str, name: str) -> int:
    """Return the page, from 1, that the walk over a list goes on with; ``name`` is the list's filter."""
    return abs(_stored_page(conn, slug, name)) or 1


def keep_pages(conn: sqlite3.Connection, slug: str, next_pages: Mapping[str, int]) -> None:
    """Note the page that the walk over each list goes on with, by the name that filters the list; 1: the walk ended."""
    for name, page in next_pages.items():
        ended = page == 1 or _stored_page(conn, slug, name) < 0
        row = (slug, name, -page if ended else page)
        conn.execute("INSERT OR REPLACE INTO artifact_walks (repo_slug, name, next_page) VALUES (?, ?, ?)", row)


def _stored_page(conn: sqlite3.Connection, slug: str, name: str) -> int:
    query = "SELECT next_page FROM artifact_walks WHERE repo_slug = ? AND name = ?"
    row = conn.execute(query, (slug, name)).fetchone()
    return 0 if row is None else int(row[0])
