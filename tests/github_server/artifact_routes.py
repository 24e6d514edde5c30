"""Routes of artifacts and workflow runs; the bytes are at another host, which ``ArtifactHost`` is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.github_server.http import Reply, Request, Route, conditional, refused

if TYPE_CHECKING:
    from tests.github_server.artifact_host import ArtifactHost, StoredArtifact

_ACTIONS = r"/repos/(?P<slug>[^/]+/[^/]+)/actions"


def _described(request: Request, artifact: StoredArtifact) -> dict[str, Any]:
    url = f"{request.base}/repos/{artifact.run['repository']['full_name']}/actions/artifacts/{artifact.id}"
    run = artifact.run
    return {
        "id": artifact.id,
        "node_id": f"A_{artifact.id}",
        "name": artifact.name,
        "size_in_bytes": len(artifact.content),
        "url": url,
        "archive_download_url": f"{url}/zip",
        "expired": artifact.expires_at <= _host(request).now(),
        "created_at": artifact.created_at.isoformat().replace("+00:00", "Z"),
        "expires_at": artifact.expires_at.isoformat().replace("+00:00", "Z"),
        "updated_at": artifact.created_at.isoformat().replace("+00:00", "Z"),
        "digest": artifact.digest,
        "workflow_run": {
            "id": run["id"],
            "repository_id": run["repository"]["id"],
            "head_repository_id": run["head_repository"]["id"],
            "head_branch": run["head_branch"],
            "head_sha": run["head_sha"],
        },
    }


def _host(request: Request) -> ArtifactHost:
    assert request.world.artifacts is not None
    return request.world.artifacts


def _refusal(request: Request, slug: str) -> Reply | None:
    repository = request.world.repository(slug)
    if repository is None or request.world.artifacts is None:
        return refused(404, "Not Found")
    if repository.permission_missing:
        missing = repository.permission_missing
        return refused(403, "Resource not accessible by integration", x_accepted_github_permissions=missing)
    return None


def _of_repository(request: Request, slug: str) -> list[StoredArtifact]:
    artifacts = _host(request).artifacts.values()
    mine = [a for a in artifacts if a.finalized and a.run["repository"]["full_name"].lower() == slug.lower()]
    name = request.query.get("name")
    return sorted((a for a in mine if name in {None, a.name}), key=lambda a: -a.id)


def _page(request: Request, artifacts: list[StoredArtifact]) -> Reply:
    size = min(max(request.number("per_page", 30), 1), 100)
    page = max(request.number("page", 1), 1)
    shown = artifacts[(page - 1) * size : page * size]
    query = "&".join(f"{key}={value}" for key, value in {**request.query, "page": page + 1}.items())
    more = page * size < len(artifacts)
    link = {"link": f'<{request.base}{request.path}?{query}>; rel="next"'} if more else {}
    body = {"total_count": len(artifacts), "artifacts": [_described(request, a) for a in shown]}
    return conditional(request, Reply(body=body, headers=link))


def list_artifacts(request: Request, slug: str) -> Reply:
    """Serve a repository's artifacts, newest first, filtered by exact name."""
    return _refusal(request, slug) or _page(request, _of_repository(request, slug))


def list_run_artifacts(request: Request, slug: str, run: str) -> Reply:
    """Serve the artifacts of one run."""
    refusal = _refusal(request, slug)
    return refusal or _page(request, [a for a in _of_repository(request, slug) if a.run["id"] == int(run)])


def download(request: Request, slug: str, artifact: str) -> Reply:
    """Send the client to the blob host, or say that the artifact is gone."""
    if refusal := _refusal(request, slug):
        return refusal
    if request.token is None:
        return refused(401, "Requires authentication")
    found = [a for a in _of_repository(request, slug) if a.id == int(artifact)]
    if not found:
        return refused(404, "Not Found")
    if found[0].expires_at <= _host(request).now():
        return refused(410, "Artifact has expired")
    return Reply(status=302, headers={"location": _host(request).signed_url(found[0])})


def get_run(request: Request, slug: str, run: str) -> Reply:
    """Serve one workflow run."""
    if refusal := _refusal(request, slug):
        return refusal
    found = _host(request).runs.get(int(run))
    return refused(404, "Not Found") if found is None else Reply(body=found)


def compare(request: Request, slug: str, base: str, head: str) -> Reply:
    """Say whether the commit of a run is on the default branch."""
    if refusal := _refusal(request, slug):
        return refusal
    repository = request.world.repository(slug)
    known = {run["head_sha"] for run in _host(request).runs.values()}
    if repository is None or base != repository.default_branch or head not in known:
        return refused(404, "Not Found")
    return Reply(
        body={"status": "diverged" if head in _host(request).off_branch else "behind", "commits": [], "files": []}
    )


ROUTES: tuple[Route, ...] = (
    ("GET", rf"{_ACTIONS}/artifacts", list_artifacts),
    ("GET", rf"{_ACTIONS}/artifacts/(?P<artifact>\d+)/zip", download),
    ("GET", rf"{_ACTIONS}/runs/(?P<run>\d+)", get_run),
    ("GET", rf"{_ACTIONS}/runs/(?P<run>\d+)/artifacts", list_run_artifacts),
    ("GET", r"/repos/(?P<slug>[^/]+/[^/]+)/compare/(?P<base>.+)\.\.\.(?P<head>.+)", compare),
)
