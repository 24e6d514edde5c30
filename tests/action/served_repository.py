"""A repository with artifacts, as the tests of the action meet it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prodlens.action.artifacts.upload import ArtifactService, new_session
from prodlens.action.cache.trust import TrustContext
from prodlens.github.client import GithubClient
from tests.github_server.artifact_host import ArtifactHost, workflow_run
from tests.github_server.server import GithubServer
from tests.github_server.world import Repository, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SLUG = "octo/repo"


@dataclass
class Served:
    """A repository, its artifacts and everything that reads and writes them."""

    server: GithubServer
    host: ArtifactHost
    session: requests.Session

    @property
    def repository(self) -> Repository:
        """The repository."""
        return self.server.world.repositories[SLUG]

    @property
    def client(self) -> GithubClient:
        """A client with the workflow's token, which waits for nothing."""
        return GithubClient(token="t", api_url=self.server.url, patience_seconds=0)

    @property
    def context(self) -> TrustContext:
        """Where a cache must have been made: on main, by weekly.yml."""
        return TrustContext(
            repository_id=self.repository.id,
            default_branch="main",
            workflows=frozenset({".github/workflows/weekly.yml"}),
        )

    def run(self, number: int, **changes: Any) -> dict[str, Any]:
        """Return a run of this repository that is trusted unless changed."""
        return workflow_run(number, SLUG, self.repository.id, **changes)

    def service(self, run: dict[str, Any]) -> ArtifactService:
        """Return the artifact service as a job of the run gets it."""
        environ = {"ACTIONS_RESULTS_URL": self.host.url, "ACTIONS_RUNTIME_TOKEN": self.host.start_run(run)}
        service = ArtifactService.from_environment(environ, pause_seconds=0.001)
        assert service is not None
        return service


@contextmanager
def served_repository() -> Iterator[Served]:
    """Start a server with one repository, and the hosts of its artifacts, at a clock that stands still."""
    with ArtifactHost() as host:
        host.now = lambda: NOW
        world = World(repositories={SLUG: Repository(SLUG)}, artifacts=host)
        with GithubServer(world) as server:
            yield Served(server, host, new_session(0.001))
