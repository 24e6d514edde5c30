"""How far each stream of a repository is synced: the stored state, and what is reported of it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from prodlens.slugs import one_spelling
from prodlens.storage import marks

if TYPE_CHECKING:
    import sqlite3

    from prodlens.storage import ProdLensStore

PULL_REQUESTS, COMMITS = "pull_requests", "commits"
STREAMS = (PULL_REQUESTS, COMMITS)
WHOLE_HISTORY = ""  # sorts before every moment

# Rows whose details are older than themselves.
STALE_DETAILS = "(details IS NULL OR details_for < updated_at)"
# Rows that a token can read better: they were read without one, or by a version that did not ask for reviews.
READ_WITH_LESS = "(details = 'events' OR (details = 'graphql' AND review_count IS NULL))"
CUT_COMMITS = "merged_at IS NOT NULL AND json_extract(truncated, '$.commits') IS NOT NULL"


def clone_mark(slug: str) -> str:
    """Return the name of the note that commits of a repository come from a clone, kept beside the ETags."""
    return f"git:{slug}"


@dataclass(slots=True)
class StreamState:
    """A row of ``sync_streams``; the migrations say what the columns mean."""

    repo_slug: str
    stream: str
    covered_since: str | None = None
    cursor: str | None = None
    synced_at: str | None = None
    last_run_at: str | None = None
    last_requests: int = 0
    requests: int = 0
    stopped: str | None = None
    walk_next: str | None = None
    walk_kind: str | None = None
    walk_since: str | None = None
    walk_top: str | None = None
    walk_etag: str | None = None
    walk_started_at: str | None = None
    failed: int = 0
    walk_head: str | None = None
    total: int | None = None
    newest: int | None = None
    counted_at: str | None = None
    seen_since: str | None = None

    @classmethod
    def load(cls, conn: sqlite3.Connection, slug: str, stream: str) -> StreamState:
        """Return the stored state, or that of a stream never synced."""
        query = f"SELECT {', '.join(_COLUMNS)} FROM sync_streams WHERE repo_slug = ? AND stream = ?"
        row = conn.execute(query, (slug, stream)).fetchone()
        return cls(slug, stream) if row is None else cls(*row)

    def save(self, conn: sqlite3.Connection) -> None:
        """Store the state, as a part of the transaction of the rows that it stands for."""
        values = [getattr(self, column) for column in _COLUMNS]
        conn.execute(f"INSERT OR REPLACE INTO sync_streams ({', '.join(_COLUMNS)}) VALUES ({_PLACEHOLDERS})", values)

    def covers(self, since: str) -> bool:
        """Tell whether everything since the moment was read once; nothing is before the first walk has ended."""
        return self.covered_since is not None and self.covered_since <= since

    def forget_walk(self) -> None:
        """Forget the walk, whether it ended or is not to be gone on with."""
        self.walk_next = self.walk_kind = self.walk_since = self.walk_top = None
        self.walk_etag = self.walk_started_at = self.walk_head = None


_COLUMNS = tuple(column.name for column in fields(StreamState))
_PLACEHOLDERS = marks(_COLUMNS)


def sync_state(store: ProdLensStore, repo: str) -> dict[str, Any]:
    """Return how far a repository is synced, as plain data.

    Returns:
        ``partial``: something of what was asked for is still to be read; ``last_synced_at``: everything until then is
        stored, ISO 8601 UTC or None; ``streams``: one mapping each with ``stream``, ``rows``, ``cursor``, ``since``
        (None: the whole history), ``synced_at``, ``last_run_at``, ``last_requests``, ``requests``, ``stopped`` (why
        the last run ended early), ``failed`` (whether that was an error and not a limit), ``to_backfill`` (None when
        nothing is left to read, else ``pages``: whether a walk has pages left, ``from``: the moment it goes down to,
        None for the beginning, ``details``: how many pull requests lack them) and ``partial``. A stream never synced
        is left out.
    """
    slug = one_spelling(repo)
    streams = [
        _stream_state(store.conn, state)
        for state in (StreamState.load(store.conn, slug, stream) for stream in STREAMS)
        if state.last_run_at is not None
    ]
    moments = [stream["synced_at"] for stream in streams]
    return {
        "repo": slug,
        "partial": any(stream["partial"] for stream in streams),
        "last_synced_at": min(moments) if moments and all(moments) else None,
        "streams": streams,
    }


def synced_repositories(store: ProdLensStore) -> list[str]:
    """Return the repositories that were ever synced, in order."""
    return [row[0] for row in store.conn.execute("SELECT DISTINCT repo_slug FROM sync_streams ORDER BY repo_slug")]


def _stream_state(conn: sqlite3.Connection, state: StreamState) -> dict[str, Any]:
    rows, details = _row_counts(conn, state)
    walking = state.walk_next is not None or state.covered_since is None
    return {
        "stream": state.stream,
        "rows": rows,
        "cursor": state.cursor,
        "since": state.covered_since or None,
        "synced_at": state.synced_at,
        "last_run_at": state.last_run_at,
        "last_requests": state.last_requests,
        "requests": state.requests,
        "stopped": state.stopped,
        "failed": bool(state.failed),
        "to_backfill": (
            {"pages": walking, "from": state.walk_since or None, "details": details} if walking or details else None
        ),
        "partial": bool(walking or details or state.stopped),
    }


def _row_counts(conn: sqlite3.Connection, state: StreamState) -> tuple[int, int]:
    """Return the number of rows of a stream and how many of them lack details."""
    pending = f"count(*) FILTER (WHERE {STALE_DETAILS} OR {CUT_COMMITS})" if state.stream == PULL_REQUESTS else "0"
    query = f"SELECT count(*), {pending} FROM {state.stream} WHERE repo_slug = ?"
    rows, details = conn.execute(query, (state.repo_slug,)).fetchone()
    return rows, details
