"""Git notes for AI as GraphQL shows them: a reference, its tree with a folder for each two first digits, and blobs."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

if TYPE_CHECKING:
    from tests.github_server.world import Repository


def repository(found: Repository) -> dict[str, Any]:
    """Return the fields of a repository that the queries use."""

    def ref(_info: object, qualifiedName: str) -> dict[str, Any] | None:  # noqa: N803 - GitHub's
        assert qualifiedName == "refs/notes/ai"
        return {"__typename": "Ref", "target": _target(found)} if found.notes else None

    def git_object(_info: object, oid: str, **_: object) -> dict[str, Any] | None:
        texts = {blob(text): text for text in found.notes.values()}
        if oid in texts and texts[oid].startswith("fails"):
            raise GraphQLError("Something went wrong", extensions={"type": "RESOURCE_LIMITS_EXCEEDED"})
        if oid in texts:
            return {"__typename": "Blob", "oid": oid, "text": None if texts[oid] == "binary" else texts[oid]}
        commits = [*found.commits, *(row for rows in found.pull_commits.values() for row in rows)]
        row = next((row for row in commits if row["sha"] == oid), None)
        return row and {"__typename": "Commit", "oid": oid, "additions": row.get("additions", 10)}

    return {"__typename": "Repository", "ref": ref, "object": git_object}


def blob(text: str) -> str:
    """Return git's name for a content."""
    data = text.encode()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def head(found: Repository) -> str:
    """Return a name that changes with the notes."""
    return blob(repr(sorted(found.notes.items())))


def _target(found: Repository) -> dict[str, Any]:
    folders: dict[str, list[dict[str, Any]]] = {}
    for sha, text in found.notes.items():
        entry = {"__typename": "TreeEntry", "name": sha[2:], "oid": blob(text), "size": len(text.encode())}
        folders.setdefault(sha[:2], []).append({**entry, "object": None})
    entries = [
        {
            "__typename": "TreeEntry",
            "name": name,
            "oid": blob(name),
            "size": 0,
            "object": {"__typename": "Tree", "oid": blob(name), "entries": inside},
        }
        for name, inside in folders.items()
    ]
    tree = {"__typename": "Tree", "oid": blob("tree"), "entries": entries}
    return {"__typename": "Commit", "oid": head(found), "tree": tree}
