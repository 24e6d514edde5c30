"""Which merged pull requests were reverted, worked out from the stored pull requests and commits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from prodlens.commits import reverted_title

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

_MERGED = (
    "SELECT id, number, title, created_at, merged_at, merge_commit_sha, reverts FROM pull_requests "
    "WHERE ifnull(repo_slug, :repo) = :repo AND merged_at IS NOT NULL ORDER BY merged_at, id"
)
# The commit of a pull request that has only one stands for it; one of several does not.
_ONLY_COMMITS = (
    "SELECT c.sha, c.pull_request_id FROM pull_request_commits c JOIN pull_requests p ON p.id = c.pull_request_id "
    "WHERE ifnull(p.repo_slug, :repo) = :repo AND p.merged_at IS NOT NULL AND p.commit_count = 1"
)
_REVERTING = (
    "SELECT timestamp, reverts FROM commits WHERE ifnull(repo_slug, :repo) = :repo AND reverts IS NOT NULL "
    "ORDER BY timestamp, sha"
)


def mark_reverted(conn: sqlite3.Connection, slug: str) -> None:
    """Write ``reverted_at`` of every merged pull request of the repository anew, from what is stored now."""
    times = revert_times(conn, slug)
    query = "SELECT id, reverted_at FROM pull_requests WHERE repo_slug = ? AND reverted_at IS NOT NULL"
    stored = dict(map(tuple, conn.execute(query, (slug,))))
    changed = sorted(identity for identity in times.keys() | stored if times.get(identity) != stored.get(identity))
    conn.executemany(
        "UPDATE pull_requests SET reverted_at = ? WHERE id = ? AND repo_slug = ?",
        [(times.get(identity), identity, slug) for identity in changed],
    )


def revert_times(conn: sqlite3.Connection, slug: str) -> dict[int, str]:
    """Return when each merged pull request of the repository was first reverted (ISO 8601, UTC), by its id.

    A pull request names what it reverts by number, or else by title: then it is the last one with that title that was
    merged before it was opened. A commit names a merge or squash commit, or the only commit of a pull request.
    """
    repo = {"repo": slug}
    pulls = [dict(row) for row in conn.execute(_MERGED, repo)]
    reverted = _by_pull_requests(pulls)
    owners = dict(map(tuple, conn.execute(_ONLY_COMMITS, repo)))
    owners |= {pull["merge_commit_sha"]: pull["id"] for pull in pulls}
    for identity, at in _by_commits(conn.execute(_REVERTING, repo), owners):
        reverted.setdefault(identity, at)
    merged_at = {pull["id"]: pull["merged_at"] for pull in pulls}
    return {
        identity: max(at, merged_at[identity]) for identity, at in reverted.items()
    }  # a commit's clock can be wrong


def _by_pull_requests(pulls: Sequence[dict[str, Any]]) -> dict[int, str]:
    """Return when each pull request was first reverted by another, by id. They come in the order of merges."""
    by_number: dict[int | None, int] = {pull["number"]: pull["id"] for pull in pulls if pull["number"] is not None}
    by_title: dict[str | None, list[dict[str, Any]]] = {}
    reverted: dict[int, str] = {}
    for pull in pulls:
        by_title.setdefault(pull["title"], []).append(pull)
    for pull in pulls:
        target = by_number.get(pull["reverts"])
        title = None if pull["reverts"] is not None else reverted_title(pull["title"])
        if title is not None:
            opened = pull["created_at"] or pull["merged_at"]
            before = [other["id"] for other in by_title.get(title, ()) if other["merged_at"] <= opened]
            target = before[-1] if before else None
        if target is not None and target != pull["id"]:
            reverted.setdefault(target, pull["merged_at"])
    return reverted


def _by_commits(rows: Iterable[sqlite3.Row], owners: Mapping[str, int]) -> Iterator[tuple[int, str]]:
    for timestamp, reverts in map(tuple, rows):
        for sha in orjson.loads(reverts):
            if sha in owners:
                yield owners[sha], timestamp
