"""Which merged pull requests were reverted, worked out from the stored pull requests and commits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from prodlens.commits import reverted_title

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from typing import Any

_MERGED = "FROM pull_requests WHERE ifnull(repo_slug, :repo) = :repo AND merged_at IS NOT NULL"
_REVERTS = """(reverts IS NOT NULL OR (title >= 'Revert "' AND title < 'Revert #'))"""  # by number or, maybe, by title
_REVERTING = f"SELECT title, reverts {_MERGED} AND {_REVERTS}"
# Of thousands those few that revert others or may be reverted, given what is reverted.
_TAKING_PART = (
    f"SELECT id, number, title, created_at, merged_at, merge_commit_sha, reverts {_MERGED} AND ({_REVERTS} "
    "OR number IN (SELECT value FROM json_each(:numbers)) OR title IN (SELECT value FROM json_each(:titles)) "
    "OR merge_commit_sha IN (SELECT value FROM json_each(:shas)) OR id IN (SELECT pull_request_id "
    "FROM pull_request_commits WHERE sha IN (SELECT value FROM json_each(:shas)))) ORDER BY merged_at, id"
)
# The commit of a pull request that has only one stands for it; one of several does not.
_ONLY_COMMITS = (
    "SELECT c.sha, c.pull_request_id FROM pull_request_commits c JOIN pull_requests p ON p.id = c.pull_request_id "
    "WHERE ifnull(p.repo_slug, :repo) = :repo AND p.merged_at IS NOT NULL AND p.commit_count = 1 "
    "AND c.sha IN (SELECT value FROM json_each(:shas))"
)
_REVERTING_COMMITS = (
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
    by_commits = [
        (sha, at)
        for at, shas in map(tuple, conn.execute(_REVERTING_COMMITS, {"repo": slug}))
        for sha in orjson.loads(shas)
    ]
    reverting = conn.execute(_REVERTING, {"repo": slug}).fetchall()
    if not by_commits and not reverting:
        return {}
    given = {
        "repo": slug,
        "shas": _json(sha for sha, _ in by_commits),
        "numbers": _json(row["reverts"] for row in reverting),
        "titles": _json(reverted_title(row["title"]) for row in reverting),
    }
    pulls = [dict(row) for row in conn.execute(_TAKING_PART, given)]
    reverted = _by_pull_requests(pulls)
    owners = dict(map(tuple, conn.execute(_ONLY_COMMITS, given)))
    owners |= {pull["merge_commit_sha"]: pull["id"] for pull in pulls}
    for sha, at in by_commits:
        if sha in owners:
            reverted.setdefault(owners[sha], at)
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


def _json(values: Iterable[Any]) -> str:
    return orjson.dumps([value for value in values if value is not None]).decode()
