"""REST objects from compact rows. What a row does not hold is filled in from the official schema, empty."""

from __future__ import annotations

from typing import Any

from tests.github_server.descriptions import completed


def user(row: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return a user, null for one who is gone."""
    if row is None:
        return None
    return completed("simple-user", {"login": row["login"], "id": row.get("id", 0), "type": row.get("type", "User")})


def pull(row: dict[str, Any], default_branch: str) -> dict[str, Any]:
    """Return a pull request as the list has it."""
    number = row["number"]
    values = {name: row.get(name) for name in ("id", "node_id", "number", "state", "title", "draft")}
    values |= {name: row.get(name) for name in ("created_at", "updated_at", "closed_at", "merged_at")}
    values |= {
        "merge_commit_sha": row.get("merge_commit_sha"),
        "body": row.get("body"),
        "locked": bool(row.get("locked")),
        "user": user(row["user"]),
        "labels": [{**_LABEL, "name": name} for name in row.get("labels", ())],
        "author_association": row.get("author_association", "NONE"),
        "head": _side(row["head"], default_branch),
        "base": _side(row["base"], default_branch),
        "url": f"https://api.github.com/pulls/{number}",
    }
    return completed("pull-request-simple", values)


_LABEL = {"id": 0, "node_id": "", "url": "", "description": "", "color": "ededed", "default": False}


def _side(row: dict[str, Any], default_branch: str) -> dict[str, Any]:
    where = row.get("repo")
    repository = where and completed(
        "repository",
        {
            "id": where.get("id", 0),
            "full_name": where["full_name"],
            "name": where["full_name"].partition("/")[2],
            "owner": user(row.get("user")) or completed("simple-user", {}),
            "default_branch": where.get("default_branch") or default_branch,
        },
    )
    return {
        "label": row.get("label") or "",
        "ref": row["ref"],
        "sha": row["sha"],
        "user": user(row.get("user")) or completed("simple-user", {}),
        "repo": repository,
    }


def event(row: dict[str, Any]) -> dict[str, Any]:
    """Return an event of an issue; a null actor is one whose account is gone."""
    return {
        "id": row["id"],
        "node_id": "",
        "url": f"https://api.github.com/issues/events/{row['id']}",
        "actor": user(row.get("actor")),
        "event": row["event"],
        "commit_id": row.get("commit_id"),
        "commit_url": None,
        "created_at": row["created_at"],
        "performed_via_github_app": None,
        "state_reason": None,
    }


def message(row: dict[str, Any]) -> str:
    """Return a commit's message, its trailers put back."""
    if "message" in row:
        return str(row["message"])
    lines = [
        f"{t['key']}: {t['name']}" + (f" <{t['tool_email']}>" if t.get("tool_email") else "")
        for t in row.get("trailers", ())
    ]
    return "\n".join([row.get("subject", ""), *(["", *lines] if lines else [])])


def commit(row: dict[str, Any]) -> dict[str, Any]:
    """Return a commit as the list has it."""
    sha = row["sha"]
    return completed(
        "commit",
        {
            "sha": sha,
            "url": f"https://api.github.com/commits/{sha}",
            "commit": {
                "url": "",
                "message": message(row),
                "comment_count": 0,
                "tree": {"sha": "", "url": ""},
                "author": {"name": row["author_name"], "date": row["author_date"]},
                "committer": {"name": row.get("committer_name", ""), "date": row["committer_date"]},
            },
            "author": user({"login": row["author_login"]}) if row.get("author_login") else None,
            "committer": None,
            "parents": [{"sha": parent, "url": ""} for parent in row["parents"]],
        },
    )
