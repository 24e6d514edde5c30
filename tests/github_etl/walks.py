"""Walks through GitHub's lists against a repository in memory: which pages were asked for, and what is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlsplit

from prodlens.github import GithubClient, RequestBudget
from prodlens.github_etl import commits, pull_requests
from prodlens.github_etl.state import WHOLE_HISTORY, StreamState
from prodlens.github_etl.stream import StreamRun
from prodlens.storage import ProdLensStore
from tests.github_server.faults import Fault, FaultPlan
from tests.github_server.in_process import InProcessSession
from tests.github_server.server import GithubServer
from tests.github_server.small import SLUG
from tests.github_server.world import Repository, World

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

START = 1_780_272_000.0  # 1 June 2026, 00:00 UTC


class Unserved(GithubServer):
    """The stand-in's routes, quotas and faults, without a socket."""

    def __init__(self, world: World) -> None:
        self.world, self.faults = world, FaultPlan()
        self.log: list[tuple[str, str, int]] = []
        self.url = self.graphql_url = "https://api.test"


class Walks:
    """A repository, a store, and the walks from one to the other; a clock that stands still but for ``now``."""

    def __init__(self, page_cap: int = 4) -> None:
        self.repository = Repository(SLUG)
        world = World(repositories={SLUG: self.repository}, page_cap=page_cap, hourly_limit=None)
        self.server = Unserved(world)
        self.session = InProcessSession(self.server)
        self.store = ProdLensStore(":memory:")
        self.now = START

    def pulls(self, since: str = WHOLE_HISTORY, budget: int | None = None) -> list[str]:
        """Walk through the pull requests; return the pages that were asked for."""
        self.run = self._run("pull_requests", "pulls", dict(pull_requests.QUESTION), budget)
        with self.run.recorded():
            pull_requests.walk_pull_requests(self.run, since)
        return [f"{query['sort']} {query.get('page', '1')}{told}" for query, told in self._asked()]

    def commits(self, since: str = WHOLE_HISTORY, budget: int | None = None) -> list[str]:
        """Walk through the commits; return whose histories were asked for, by number, and which pages of them."""
        self.run = self._run("commits", "commits", dict(commits.QUESTION), budget)
        with self.run.recorded():
            commits.walk_commits(self.run, since)
        heads = ((int(query.get("sha", "0"), 16), query.get("page", "1"), told) for query, told in self._asked())
        return [f"{head or 'branch'} {page}{told}" for head, page, told in heads]

    def during(self, *requests_: int, then: Callable[[], object]) -> None:
        """Let something happen before these requests of the next walk are answered."""
        self.server.faults.restart({number: Fault(then=then) for number in requests_})

    def state(self, stream: str) -> StreamState:
        """Return the stored state of a stream."""
        return StreamState.load(self.store.conn, SLUG, stream)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return what the store answers."""
        return [tuple(row) for row in self.store.conn.execute(query)]

    def numbers(self) -> list[int]:
        """Return the stored pull requests."""
        return [number for (number,) in self.rows("SELECT number FROM pull_requests ORDER BY number")]

    def shas(self) -> list[int]:
        """Return the stored commits by their number."""
        return sorted(int(sha, 16) for (sha,) in self.rows("SELECT sha FROM commits"))

    def _run(self, stream: str, path: str, question: dict[str, str], budget: int | None) -> StreamRun:
        client = GithubClient(
            cast("requests.Session", self.session),
            api_url=self.server.url,
            budget=RequestBudget(budget),
            patience_seconds=0.0,
        )
        return StreamRun(
            self.store, client, SLUG, f"/repos/{SLUG}/{path}", question, self.state(stream), lambda: self.now
        )

    def _asked(self) -> list[tuple[dict[str, str], str]]:
        told = {200: "", 304: " unchanged"}
        asked = [
            (dict(parse_qsl(urlsplit(path).query)), told.get(status, f" {status}"))
            for _, path, status in self.server.log
        ]
        self.paths = [path for _, path, _ in self.server.log]
        self.server.forget()
        return asked
