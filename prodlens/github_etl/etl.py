"""GithubETL: a repository's pull requests and commits, from GitHub into the store.

Every page is one transaction of its rows, the cursor and, with the last one, the ETag. So a run may be killed, limited,
out of budget or offline at any point: the next one goes on there, and ends with the rows of an undisturbed sync.
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from prodlens.errors import GithubError
from prodlens.github import DEFAULT_API_URL, DEFAULT_GRAPHQL_URL, GithubClient, RequestBudget
from prodlens.github_etl import commits, pull_requests
from prodlens.github_etl.github_notes import read_notes
from prodlens.github_etl.outcome import SyncOutcome
from prodlens.github_etl.pull_request_details import read_details
from prodlens.github_etl.state import (
    COMMITS,
    PULL_REQUESTS,
    STREAMS,
    WHOLE_HISTORY,
    StreamState,
    sync_state,
    synced_repositories,
)
from prodlens.github_etl.stream import StreamRun
from prodlens.slugs import checked_slug
from prodlens.storage import mark_reverted
from prodlens.timestamps import as_utc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import requests

    from prodlens.storage import ProdLensStore

__all__ = ["GithubETL", "SyncOutcome", "sync_state", "synced_repositories"]


class GithubETL:
    """Synchronizes GitHub repositories into a store.

    A given session is used for everything, and of it only ``get`` and ``post`` (url, headers=, params=, json=,
    timeout=). ``budget`` is the most requests that this object sends, or a budget that it shares with others;
    ``patience_seconds`` the longest wait for a rate limit. A sync that would pass either stops cleanly: what it has is
    stored, ``sync_state`` says ``partial``, and the next run goes on there.
    """

    def __init__(  # noqa: PLR0913 - settings and effects, each by its name
        self,
        store: ProdLensStore,
        session: requests.Session | None = None,
        *,
        api_url: str = DEFAULT_API_URL,
        graphql_url: str = DEFAULT_GRAPHQL_URL,
        budget: RequestBudget | int | None = None,
        patience_seconds: float = 60.0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.store = store
        self._session = session
        self._urls = {"api_url": api_url, "graphql_url": graphql_url}
        self._budget = budget if isinstance(budget, RequestBudget) else RequestBudget(limit=budget)
        self._patience = patience_seconds
        self._clock, self._sleep = clock, sleep

    @property
    def requests(self) -> int:
        """Number of requests sent so far."""
        return self._budget.spent

    def sync(
        self,
        owner: str,
        repo: str,
        *,
        token: str | None = None,
        since: datetime | None = None,
        streams: Sequence[str] = STREAMS,
    ) -> SyncOutcome:
        """Sync the streams (``pull_requests``, ``commits``) one after the other; one that fails leaves the next to run.

        Raises:
            InvalidSlugError: Owner or name is not one.
            ConfigurationError: The token holds what no token can.
            StorageError: The store could not be written.
        """
        syncs = {PULL_REQUESTS: self.sync_pull_requests, COMMITS: self.sync_commits}
        written, failures = {}, {}
        for stream in streams:
            try:
                written[stream] = syncs[stream](owner, repo, token=token, since=since)
            except GithubError as error:
                failures[stream] = error
        slug = checked_slug(f"{owner}/{repo}")
        return SyncOutcome(repo=slug, written=written, failures=failures, state=sync_state(self.store, slug))

    def sync_pull_requests(
        self, owner: str, repo: str, *, token: str | None = None, since: datetime | None = None
    ) -> int:
        """Store the pull requests of every state changed since the moment (None: all), and their details.

        Those that GitHub no longer has are deleted.

        Returns:
            Number of pull requests inserted or updated; 0 when GitHub says that nothing changed.

        Raises:
            InvalidSlugError: Owner or name is not one.
            ConfigurationError: The token holds what no token can.
            GithubError: GitHub refused or failed for good; every page that was read is stored.
            StorageError: The store could not be written.
        """
        run = self._run(owner, repo, PULL_REQUESTS, "pulls", pull_requests.QUESTION, token)
        with run.recorded():
            pull_requests.walk_pull_requests(run, _moment(since))
            read_details(run)
            _mark_reverted(run)
            read_notes(run)
        return len(run.written)

    def sync_commits(self, owner: str, repo: str, *, token: str | None = None, since: datetime | None = None) -> int:
        """Store the commits of the default branch since the moment (None: all); those that left it are deleted.

        Returns:
            Number of commits inserted or updated; 0 when GitHub says that nothing changed.

        Raises:
            GithubError: As ``sync_pull_requests``, and the others that it raises.
        """
        run = self._run(owner, repo, COMMITS, "commits", commits.QUESTION, token)
        with run.recorded():
            commits.walk_commits(run, _moment(since))
            _mark_reverted(run)
            read_notes(run)
        return len(run.written)

    def _run(
        self, owner: str, repo: str, stream: str, path: str, question: Mapping[str, str], token: str | None
    ) -> StreamRun:
        slug = checked_slug(f"{owner}/{repo}")
        client = GithubClient(
            self._session,
            token=token,
            budget=self._budget,
            patience_seconds=self._patience,
            clock=self._clock,
            sleep=self._sleep,
            **self._urls,
        )
        return StreamRun(
            store=self.store,
            client=client,
            slug=slug,
            path=f"/repos/{owner}/{repo}/{path}",
            question=question,
            state=StreamState.load(self.store.conn, slug, stream),
            clock=self._clock,
        )


def _mark_reverted(run: StreamRun) -> None:
    with run.page() as conn:
        mark_reverted(conn, run.slug)


def _moment(since: datetime | date | None) -> str:
    if since is None:
        return WHOLE_HISTORY
    if not isinstance(since, datetime):
        since = datetime(since.year, since.month, since.day, tzinfo=UTC)
    return as_utc(since).isoformat()
