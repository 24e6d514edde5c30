"""How far each stream of a repository is synced: the state that the next run goes on from, and what it says."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from prodlens.errors import GithubError
from prodlens.github import BudgetSpentError, NotFoundError, RateLimitedError
from prodlens.timestamps import parse_timestamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from prodlens.github import Answer, GithubClient
    from prodlens.storage import ProdLensStore

PULL_REQUESTS, COMMITS = "pull_requests", "commits"
STREAMS = (PULL_REQUESTS, COMMITS)
WHOLE_HISTORY = ""  # sorts before every moment
UPDATE, REACH = "update", "reach"

# Rows whose details are older than themselves, or were read without a token and can be read better with one.
STALE_DETAILS = "(details IS NULL OR details_for < updated_at)"
CUT_COMMITS = "merged_at IS NOT NULL AND json_extract(truncated, '$.commits') IS NOT NULL"


@dataclass(slots=True)
class StreamState:
    """A row of ``sync_streams``; see there for the meaning of the columns."""

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

    @classmethod
    def load(cls, conn: sqlite3.Connection, slug: str, stream: str) -> StreamState:
        """Return the stored state, or that of a stream never synced."""
        query = f"SELECT {', '.join(_COLUMNS)} FROM sync_streams WHERE repo_slug = ? AND stream = ?"
        row = conn.execute(query, (slug, stream)).fetchone()
        return cls(slug, stream) if row is None else cls(*row)

    def save(self, conn: sqlite3.Connection) -> None:
        """Store the state, as a part of the transaction of the rows that it stands for."""
        values = tuple(getattr(self, column) for column in _COLUMNS)
        conn.execute(f"INSERT OR REPLACE INTO sync_streams VALUES ({', '.join('?' * len(values))})", values)


_COLUMNS = tuple(column.name for column in fields(StreamState))


@dataclass(slots=True)
class StreamRun:
    """One run of one stream: what it works with, its state, and the keys of the rows it wrote.

    ``path`` and ``question`` are the list's first page, most recent first. The question names no moment, so its ETag
    stays the same while there is no news.
    """

    store: ProdLensStore
    client: GithubClient
    slug: str
    path: str
    question: Mapping[str, str]
    state: StreamState
    clock: Callable[[], float]
    written: set[Any] = field(default_factory=set)
    _counted: int = 0

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Record the run; a spent budget or a rate limit ends it cleanly, any other error leaves it."""
        self._counted = self.client.budget.spent
        self.state.last_run_at, self.state.last_requests = self.now(), 0
        self.state.stopped = "the run was interrupted"  # stays in the store only when nobody lives to change it
        try:
            yield
        except (BudgetSpentError, RateLimitedError) as error:
            self._end(str(error))
        except GithubError as error:
            self._end(str(error))
            raise
        else:
            self._end(None)
        finally:
            self.client.close()

    @contextmanager
    def page(self) -> Iterator[sqlite3.Connection]:
        """Make what is written inside, and the state after it, one transaction."""
        with self.store.transaction() as conn:
            yield conn
            spent = self.client.budget.spent - self._counted
            self._counted += spent
            self.state.requests += spent
            self.state.last_requests += spent
            self.state.save(conn)

    def now(self) -> str:
        """Return the moment in UTC."""
        return datetime.fromtimestamp(self.clock(), UTC).isoformat()

    # Walks ---------------------------------------------------------------------------------------------------

    def start_walk(self, kind: str, since: str | None) -> None:
        """Begin to read pages: an ``UPDATE`` down to the cursor, or as far as it takes to ``REACH`` a moment.

        The state is stored with the walk's first page. Such a walk alone says nothing about what is new.
        """
        self.drop_walk()
        self.state.walk_kind, self.state.walk_since = kind, since

    def leave_walk_at(self, next_url: str) -> None:
        """Note the page that the walk goes on with."""
        parts, home = urlsplit(next_url), urlsplit(self.client.api_url)
        same_host = (parts.scheme, parts.netloc) == (home.scheme, home.netloc)
        self.state.walk_next = f"{parts.path}?{parts.query}" if same_host else next_url

    def resume(self) -> Answer | None:
        """Return the page that an interrupted walk goes on with, None when there is no such walk."""
        if self.state.walk_next is None:
            return None
        try:
            return self.client.get(urljoin(self.client.api_url, self.state.walk_next))
        except NotFoundError:  # the pages are no longer what they were: start afresh
            self.drop_walk()
            return None

    def ask_for_news(self, since: str) -> Answer | None:
        """Begin a walk and return its first page; None when nothing changed.

        Until a first walk has ended, it is to ``REACH`` the moment ``since``; after that it is an ``UPDATE``.
        """
        first = self.state.covered_since is None
        etag = None if first else self.store.get_etag(self.conditional_url)
        started_at = self.now()
        answer = self.client.get(self.path, params=self.question, etag=etag)
        if answer.unchanged:
            self.is_current(started_at)
            return None
        self.start_walk(REACH if first else UPDATE, since if first else None)
        self.state.walk_etag, self.state.walk_started_at = answer.etag, started_at
        return answer

    @property
    def conditional_url(self) -> str:
        """The URL of the first page: what its ETag is stored under."""
        return self.client.url(self.path, self.question)

    def end_walk(self) -> None:
        """Note what the ended walk covers, its ETag included: everything that it stands for is stored now."""
        state = self.state
        if state.walk_kind == REACH:
            reached = state.walk_since or WHOLE_HISTORY
            state.covered_since = reached if state.covered_since is None else min(state.covered_since, reached)
        state.cursor = max(filter(None, (state.cursor, state.walk_top)), default=None)
        if state.walk_started_at is not None:
            self.is_current(state.walk_started_at)
        if state.walk_etag is not None:
            self.store.set_etag(self.conditional_url, state.walk_etag)
        self.drop_walk()

    def lies_below(self, since: str) -> str | None:
        """Return the moment that is covered, when ``since`` lies before it; None when nothing is left to reach."""
        covered = self.state.covered_since
        return covered if covered is not None and since < covered else None

    def see(self, moments: Iterable[str]) -> None:
        """Note the moments of a page's rows: the newest one becomes the cursor when the walk ends."""
        self.state.walk_top = max(filter(None, (self.state.walk_top, *moments)), default=None)

    def drop_walk(self) -> None:
        """Forget the walk, ended or not to be gone on with."""
        state = self.state
        state.walk_next = state.walk_kind = state.walk_since = state.walk_top = None
        state.walk_etag = state.walk_started_at = None

    def is_current(self, moment: str) -> None:
        """Note that everything until the moment is stored."""
        self.state.synced_at = max(self.state.synced_at or moment, moment)
        at = parse_timestamp(self.state.synced_at)
        if at is not None:
            self.store.set_checkpoint(f"github_sync:{self.slug}:{self.state.stream}", at)

    def _end(self, stopped: str | None) -> None:
        self.state.stopped = stopped
        with self.page():
            pass


def sync_state(store: ProdLensStore, repo: str) -> dict[str, Any]:
    """Return how far a repository is synced, as plain data.

    Returns:
        ``partial``: something of what was asked for is still to be read; ``last_synced_at``: everything until then is
        stored, ISO 8601 UTC or None; ``streams``: one mapping each with ``stream``, ``rows``, ``cursor``, ``since``
        (None: the whole history), ``synced_at``, ``last_run_at``, ``last_requests``, ``requests``, ``stopped`` (why
        the last run ended early), ``to_backfill`` (None when nothing is left to read, else ``pages``: whether a walk
        has pages left, ``from``: the moment it goes down to, None for the beginning, ``details``: how many pull
        requests lack them) and ``partial``. A stream never synced is left out.
    """
    streams = [
        _stream_state(store.conn, state)
        for state in (StreamState.load(store.conn, repo, stream) for stream in STREAMS)
        if state.last_run_at is not None
    ]
    moments = [stream["synced_at"] for stream in streams]
    return {
        "repo": repo,
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
