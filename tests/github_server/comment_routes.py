"""Routes of one pull request and of comments, as GitHub keeps them and refuses them."""

from __future__ import annotations

import json
from typing import Any

from tests.github_server import objects
from tests.github_server.http import Reply, Request, Route, paged, refused

LONGEST_BODY = 65_536
REFUSED = "Resource not accessible by integration"


def show_repository(request: Request, slug: str) -> Reply:
    """Serve what a repository is called and whether it is private."""
    repository = request.world.repository(slug)
    if repository is None:
        return refused(404, "Not Found")
    body = {"id": repository.id, "full_name": repository.slug, "private": repository.private}
    return Reply(body={**body, "default_branch": repository.default_branch})


def show_pull(request: Request, slug: str, number: str) -> Reply:
    """Serve one pull request with its size, which the list leaves out."""
    repository = request.world.repository(slug)
    row = repository.pulls.get(int(number)) if repository else None
    if repository is None or row is None:
        return refused(404, "Not Found")
    sizes = {name: row.get(name) or 0 for name in ("additions", "deletions", "changed_files")}
    commits = len(repository.pull_commits.get(int(number), ()))
    described = {**objects.pull(row, repository.default_branch), **sizes, "commits": commits, "body": row.get("body")}
    return Reply(body=described)


def list_pull_commits(request: Request, slug: str, number: str) -> Reply:
    """Serve the commits of one pull request, oldest first."""
    repository = request.world.repository(slug)
    if repository is None or int(number) not in repository.pulls:
        return refused(404, "Not Found")
    return paged(request, repository.pull_commits.get(int(number), []), objects.commit)


def list_comments(request: Request, slug: str, number: str) -> Reply:
    """Serve the comments under an issue or pull request, oldest first."""
    rows = [row for row in request.world.comments.rows if (row["slug"], row["issue"]) == (slug, int(number))]
    return paged(request, rows, dict)


def create_comment(request: Request, slug: str, number: str) -> Reply:
    """Write a comment, or refuse it."""
    text = _checked(request)
    if isinstance(text, Reply):
        return text
    return Reply(status=201, body=request.world.comments.add(slug, int(number), text))


def update_comment(request: Request, slug: str, identity: str) -> Reply:
    """Change a comment, or refuse it."""
    text = _checked(request)
    if isinstance(text, Reply):
        return text
    for row in request.world.comments.rows:
        if (row["slug"], row["id"]) == (slug, int(identity)):
            row["body"] = text
            return Reply(body=row)
    return refused(404, "Not Found")


def _checked(request: Request) -> str | Reply:
    if request.world.comments.read_only:
        return refused(403, REFUSED, x_accepted_github_permissions="issues=write; pull_requests=write")
    sent: dict[str, Any] = json.loads(request.body)
    text = sent.get("body")
    if not isinstance(text, str) or not text or len(text) > LONGEST_BODY:
        return refused(422, f"Validation Failed: body is too long (maximum is {LONGEST_BODY} characters)")
    return text


_SLUG = r"/repos/(?P<slug>[^/]+/[^/]+)"
ROUTES: tuple[Route, ...] = (
    ("GET", _SLUG, show_repository),
    ("GET", rf"{_SLUG}/pulls/(?P<number>\d+)", show_pull),
    ("GET", rf"{_SLUG}/pulls/(?P<number>\d+)/commits", list_pull_commits),
    ("GET", rf"{_SLUG}/issues/(?P<number>\d+)/comments", list_comments),
    ("POST", rf"{_SLUG}/issues/(?P<number>\d+)/comments", create_comment),
    ("PATCH", rf"{_SLUG}/issues/comments/(?P<identity>\d+)", update_comment),
)
