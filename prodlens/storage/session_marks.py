"""What sessions say of themselves beside their calls: pull requests that they were linked to, branches worked on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.slugs import one_spelling
from prodlens.timestamps import as_utc

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from prodlens.schemas import SessionBranch, SessionLink


def put_session_marks(
    conn: sqlite3.Connection, links: Iterable[SessionLink], branches: Iterable[SessionBranch]
) -> None:
    """Keep links and branches of sessions, each once, inside the caller's transaction."""
    conn.executemany(
        "INSERT OR IGNORE INTO session_links VALUES (?, ?, ?, ?)",
        [
            (link.session_id, as_utc(link.linked_at).isoformat(), one_spelling(link.repo_slug), link.pull_request)
            for link in links
        ],
    )
    conn.executemany(
        "INSERT OR IGNORE INTO session_branches VALUES (?, ?, ?)",
        [(mark.session_id, as_utc(mark.since).isoformat(), mark.branch or "") for mark in branches],
    )
