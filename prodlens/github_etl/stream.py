"""One run of one stream: its requests, the transactions of its pages, and the walk that the next run goes on with."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from prodlens.errors import GithubError
from prodlens.github import BudgetSpentError, NotFoundError, RateLimitedError
from prodlens.github_etl.state import WHOLE_HISTORY, StreamState
from prodlens.timestamps import parse_timestamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from prodlens.github import Answer, GithubClient
    from prodlens.storage import ProdLensStore

UPDATE, REACH = "update", "reach"


@dataclass(slots=True)
class StreamRun:
    """One run of one stream: what it works with, its state, and the keys of the rows it wrote.

    ``path`` and ``question`` are the list's first page, most recent first. The question names no moment, so its ETag
    stays the same while there is no news. ``left_out`` says what the run could not read although nothing failed.
    """

    store: ProdLensStore
    client: GithubClient
    slug: str
    path: str
    question: Mapping[str, str]
    state: StreamState
    clock: Callable[[], float]
    written: set[Any] = field(default_factory=set)
    left_out: str | None = None
    _counted: int = 0

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Record the run; a spent budget or a rate limit ends it cleanly, any other error leaves it."""
        self._counted = self.client.budget.spent
        self.state.last_run_at, self.state.last_requests = self.now(), 0
        # Stored with the first page. It remains only if the process dies before the run's end overwrites it.
        self.state.stopped, self.state.failed = "the run was interrupted", 0
        try:
            yield
        except (BudgetSpentError, RateLimitedError) as error:
            self._end(str(error))
        except GithubError as error:
            self._end(str(error), failed=True)
            raise
        else:
            self._end(self.left_out)
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

    def start_walk(self, kind: str, since: str | None, first: Answer, started_at: str) -> None:
        """Begin to read pages: an ``UPDATE`` down to the cursor, or as far as it takes to ``REACH`` a moment.

        The state is stored with the walk's first page.

        Raises:
            ServerFailedError: The page is not a list; the state is as it was.
        """
        first.rows()
        self.state.forget_walk()
        self.state.walk_kind, self.state.walk_since = kind, since
        self.state.walk_etag, self.state.walk_started_at = first.etag, started_at

    def leave_walk_at(self, next_url: str, params: Mapping[str, str] | None = None) -> None:
        """Note the page that the walk goes on with, and the parameters that its link does not name."""
        parts, home = urlsplit(next_url), urlsplit(self.client.api_url)
        query = urlencode({**(params or {}), **dict(parse_qsl(parts.query))})
        same_host = (parts.scheme, parts.netloc) == (home.scheme, home.netloc)
        self.state.walk_next = f"{parts.path}?{query}" if same_host else parts._replace(query=query).geturl()

    def resume(self) -> Answer | None:
        """Return the page that an interrupted walk goes on with; None without such a walk."""
        if self.state.walk_next is None:
            return None
        try:
            return self.client.get(urljoin(self.client.api_url, self.state.walk_next))
        except NotFoundError:  # the pages are no longer what they were: start afresh
            self.state.forget_walk()
            return None

    def ask_for_news(self) -> Answer | None:
        """Begin an ``UPDATE`` and return its first page; None when nothing changed."""
        started_at = self.now()
        answer = self.client.get(self.path, params=self.question, etag=self.store.get_etag(self.conditional_url))
        if answer.unchanged:
            self.note_current(started_at)
            return None
        self.start_walk(UPDATE, None, answer, started_at)
        return answer

    @property
    def conditional_url(self) -> str:
        """The URL of the first page: what its ETag is stored under."""
        return self.client.url(self.path, self.question)

    @property
    def floor(self) -> str:
        """The moment below which the walk wants nothing: where it is to reach, or for an update what is covered."""
        since = self.state.walk_since if self.state.walk_kind == REACH else self.state.covered_since
        return since or WHOLE_HISTORY

    def end_walk(self) -> None:
        """Note what the ended walk covers, its ETag included: everything that it stands for is stored now."""
        state = self.state
        if state.walk_kind == REACH:
            state.covered_since = self.floor if state.covered_since is None else min(state.covered_since, self.floor)
        state.cursor = max(filter(None, (state.cursor, state.walk_top)), default=None)
        if state.walk_started_at is not None:
            self.note_current(state.walk_started_at)
        self.store.set_etag(self.conditional_url, state.walk_etag)
        state.forget_walk()

    def see(self, moments: Iterable[str]) -> None:
        """Note the moments of a page's rows: the newest one becomes the cursor when the walk ends."""
        self.state.walk_top = max(filter(None, (self.state.walk_top, *moments)), default=None)

    def note_current(self, moment: str) -> None:
        """Note that everything until the moment is stored."""
        self.state.synced_at = max(self.state.synced_at or moment, moment)
        at = parse_timestamp(self.state.synced_at)
        if at is not None:
            self.store.set_checkpoint(f"github_sync:{self.slug}:{self.state.stream}", at)

    def _end(self, stopped: str | None, *, failed: bool = False) -> None:
        self.state.stopped, self.state.failed = stopped, int(failed)
        with self.page():
            pass
