"""The data that the stand-in serves: repositories as compact rows, and who may see them.

A folder of data holds one folder a repository, ``owner__name``, with these files of JSON lines, each optional:
``pulls.jsonl``, ``issue_events.jsonl``, ``commits.jsonl`` (newest first), ``pr_commits.jsonl``, ``reviews.jsonl``.
"""

from __future__ import annotations

import json
import threading
import time
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.github_server.artifact_host import ArtifactHost


@dataclass(slots=True)
class Repository:
    """One repository: rows by number or in the order of the log. Tests change them while the server runs."""

    slug: str
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    events: dict[int, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    commits: list[dict[str, Any]] = field(default_factory=list)
    pull_commits: dict[int, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    reviews: dict[int, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    notes: dict[str, str] = field(default_factory=dict)  # git notes for AI: text by the sha of the commit
    detached: list[dict[str, Any]] = field(default_factory=list)  # commits that no branch has, found by name alone
    default_branch: str = "main"
    private: bool = False
    permission_missing: str | None = None  # what x-accepted-github-permissions names

    @property
    def id(self) -> int:
        """A number of its own, which redirects of renamed repositories use."""
        return zlib.crc32(self.slug.encode())

    def add_pulls(self, rows: Iterable[dict[str, Any]]) -> None:
        """Add or replace pull requests."""
        self.pulls.update((row["number"], row) for row in rows)

    @classmethod
    def load(cls, folder: Path) -> Repository:
        """Read a repository's folder."""
        repository = cls(folder.name.replace("__", "/", 1))
        repository.add_pulls(_lines(folder / "pulls.jsonl"))
        repository.commits = list(_lines(folder / "commits.jsonl"))
        for name, rows in (
            ("issue_events", repository.events),
            ("pr_commits", repository.pull_commits),
            ("reviews", repository.reviews),
        ):
            for row in _lines(folder / f"{name}.jsonl"):
                rows[row["number"]].append(row)
        for pull in repository.pulls.values():
            base = (pull.get("base") or {}).get("repo") or {}
            repository.default_branch = base.get("default_branch") or repository.default_branch
        return repository


@dataclass(slots=True)
class Quota:
    """A rate limit: requests left until ``reset`` (Unix time)."""

    limit: int
    remaining: int
    reset: float

    def headers(self, resource: str) -> dict[str, str]:
        """Return the headers that every answer carries."""
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-used": str(self.limit - self.remaining),
            "x-ratelimit-reset": str(int(self.reset)),
            "x-ratelimit-resource": resource,
        }


@dataclass(slots=True)
class Comments:
    """The comments of every repository, oldest first.

    Attributes:
        login: Whom the token belongs to.
        read_only: Whether the token may not write, as for a pull request from a fork.
    """

    login: str = "github-actions[bot]"
    read_only: bool = False
    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, slug: str, number: int, body: str, login: str | None = None) -> dict[str, Any]:
        """Put a comment under an issue or pull request."""
        login, identity = login or self.login, len(self.rows) + 1
        row = {
            "id": identity,
            "html_url": f"https://github.com/{slug}/issues/{number}#issuecomment-{identity}",
            "slug": slug,
            "issue": number,
            "user": {"login": login, "type": "Bot" if login.endswith("[bot]") else "User"},
            "body": body,
        }
        self.rows.append(row)
        return row


@dataclass(slots=True)
class World:
    """Everything behind the server's routes.

    Attributes:
        repositories: By slug.
        tokens: Tokens that are known; None: every token is. Without a token only public repositories are seen.
        renamed: Old slug to new one.
        hourly_limit: Requests an hour with a token; None: a server without rate limits, which sends no such headers.
        graphql_most_ids: A GraphQL query for more nodes than this fails with 502, as a heavy one does.
        graphql_works: Whether there is a GraphQL endpoint.
        graphql_heavy: Ids of nodes that make every query for their commits fail with 502, alone too.
        graphql_failures: Type of the error that a node is answered with, by its id; empty: an error without a type.
        artifacts: Where artifacts are kept; None: the server has neither artifacts nor workflow runs.
        page_cap: Most rows a page, whatever is asked for.
        clock: Unix time.
        comments: Those of every repository, and who writes them.
    """

    repositories: dict[str, Repository] = field(default_factory=dict)
    tokens: set[str] | None = None
    renamed: dict[str, str] = field(default_factory=dict)
    hourly_limit: int | None = 5000
    anonymous_limit: int = 60
    graphql_most_ids: int = 100
    graphql_works: bool = True
    graphql_heavy: set[str] = field(default_factory=set)
    graphql_failures: dict[str, str] = field(default_factory=dict)
    artifacts: ArtifactHost | None = None
    page_cap: int = 100
    clock: Callable[[], float] = time.time
    comments: Comments = field(default_factory=Comments)
    quotas: dict[tuple[str | None, str], Quota] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def load(cls, folder: Path | str) -> World:
        """Read a folder of repositories, or one repository's folder."""
        folder = Path(folder)
        folders = [folder] if (folder / "pulls.jsonl").exists() else sorted(p for p in folder.iterdir() if p.is_dir())
        return cls(repositories={r.slug: r for r in map(Repository.load, folders)})

    def repository(self, slug: str) -> Repository | None:
        """Return a repository by slug, in any case of letters, or by ``repositories/ID``."""
        for repository in self.repositories.values():
            if slug.lower() in {repository.slug.lower(), str(repository.id)}:
                return repository
        return None

    def spend(self, token: str | None, resource: str) -> Quota | None:
        """Take one request from a quota; None where nothing is limited. ``remaining`` below 0: refuse."""
        if self.hourly_limit is None:
            return None
        with self.lock:
            limit = self.anonymous_limit if token is None else self.hourly_limit
            quota = self.quotas.get((token, resource))
            if quota is None or quota.reset <= self.clock():
                quota = self.quotas[token, resource] = Quota(limit, limit, self.clock() + 3600)
            quota.remaining -= 1
            return Quota(quota.limit, quota.remaining, quota.reset)

    def give_back(self, token: str | None, resource: str) -> None:
        """Return a request that costs nothing, as one answered 304."""
        with self.lock:
            if (token, resource) in self.quotas:
                self.quotas[token, resource].remaining += 1


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        with path.open(encoding="utf-8") as lines:
            yield from (json.loads(line) for line in lines if line.strip())
