"""Routes of a repository: pull requests, events, commits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.github_server import objects
from tests.github_server.http import Reply, Request, Route, paged, refused

if TYPE_CHECKING:
    from tests.github_server.world import Repository

_REPOSITORY = r"(?:/repos/(?P<slug>[^/]+/[^/]+)|/repositories/(?P<number>\d+))"


def _found(request: Request, slug: str | None, number: str | None) -> Repository | Reply:
    """Return the repository, or the refusal or redirect that GitHub would answer."""
    world = request.world
    if slug in world.renamed:
        target = world.repository(world.renamed[slug])
        assert target is not None
        rest = request.path.split("/", 4)[4]
        query = "&".join(f"{key}={value}" for key, value in request.query.items())
        location = f"{request.base}/repositories/{target.id}/{rest}?{query}"
        return Reply(status=301, body={"message": "Moved Permanently", "url": location}, headers={"location": location})
    repository = world.repository(slug or number or "")
    if repository is None or (repository.private and request.token is None):
        return refused(404, "Not Found")
    if repository.permission_missing:
        return refused(
            403,
            "Resource not accessible by integration",
            x_accepted_github_permissions=repository.permission_missing,
        )
    return repository


def list_pulls(request: Request, slug: str | None, number: str | None) -> Reply:
    """Serve the list of pull requests with its filters and orders."""
    repository = _found(request, slug, number)
    if isinstance(repository, Reply):
        return repository
    state = request.query.get("state", "open")
    key = {"updated": "updated_at"}.get(request.query.get("sort", "created"), "created_at")
    descending = request.query.get("direction", "desc") == "desc"
    rows = [row for row in repository.pulls.values() if state in {"all", row["state"]}]
    if head := request.query.get("head"):
        rows = [row for row in rows if head == f"{(row['head'].get('user') or {}).get('login')}:{row['head']['ref']}"]
    rows.sort(key=lambda row: (row[key], row["number"]), reverse=descending)
    return paged(request, rows, lambda row: objects.pull(row, repository.default_branch))


def list_events(request: Request, slug: str | None, number: str | None, issue: str) -> Reply:
    """Serve the events of one issue or pull request, oldest first."""
    repository = _found(request, slug, number)
    if isinstance(repository, Reply):
        return repository
    if int(issue) not in repository.pulls:
        return refused(404, "Not Found")
    return paged(request, repository.events.get(int(issue), []), objects.event)


def list_commits(request: Request, slug: str | None, number: str | None) -> Reply:
    """Serve the log of the default branch or from a commit on, newest first."""
    repository = _found(request, slug, number)
    if isinstance(repository, Reply):
        return repository
    if not repository.commits:
        return refused(409, "Git Repository is empty.")
    rows = repository.commits
    if sha := request.query.get("sha"):
        rows = reachable(rows if any(row["sha"] == sha for row in rows) else [*repository.detached, *rows], sha)
        if not rows:
            return refused(404, f"No commit found for SHA: {sha}")
    since, until = request.query.get("since", ""), request.query.get("until", "9")
    rows = [row for row in rows if since[:19] <= row["committer_date"][:19] <= until[:19]]
    return paged(request, rows, objects.commit)


def reachable(rows: list[dict[str, Any]], sha: str) -> list[dict[str, Any]]:
    """Return the history of a commit in the order of the log."""
    parents = {row["sha"]: row["parents"] for row in rows}
    found, waiting = set(), [sha]
    while waiting:
        name = waiting.pop()
        if name in parents and name not in found:
            found.add(name)
            waiting += parents[name]
    return [row for row in rows if row["sha"] in found]


ROUTES: tuple[Route, ...] = (
    ("GET", rf"{_REPOSITORY}/pulls", list_pulls),
    ("GET", rf"{_REPOSITORY}/issues/(?P<issue>\d+)/events", list_events),
    ("GET", rf"{_REPOSITORY}/commits", list_commits),
)
