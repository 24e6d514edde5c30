"""A small repository with everything in it that trips a sync: compact rows, made up here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.github_server.world import Repository, World

SLUG = "octo/hello"
START = datetime(2026, 5, 1, tzinfo=UTC)


def at(hours: float) -> str:
    """Return the moment so many hours after the start, as GitHub writes it."""
    return (START + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def pull(number: int, **changes: Any) -> dict[str, Any]:
    """Return a pull request merged a day after its creation, changed as asked."""
    row: dict[str, Any] = {
        "id": 1000 + number,
        "node_id": f"PR_{number}",
        "number": number,
        "state": "closed",
        "title": f"Change {number}",
        "user": {"login": f"dev{number % 3}", "id": number % 3, "type": "User"},
        "draft": False,
        "created_at": at(number),
        "updated_at": at(number + 24),
        "closed_at": at(number + 24),
        "merged_at": at(number + 24),
        "merge_commit_sha": f"{number:040x}",
        "labels": ["bug"] if number % 2 else [],
        "head": {"ref": f"topic-{number}", "sha": f"{number + 500:040x}", "repo": {"full_name": SLUG, "id": 1}},
        "base": {"ref": "main", "sha": f"{number + 900:040x}", "repo": {"full_name": SLUG, "id": 1}},
        "additions": number * 10,
        "deletions": number,
        "changed_files": 1,
    }
    return {**row, **changes}


def event(number: int, kind: str, hours: float) -> dict[str, Any]:
    """Return an event whose actor is gone."""
    return {"id": number * 100 + int(hours), "number": number, "event": kind, "created_at": at(hours), "actor": None}


def commit(index: int, *parents: int, hours: float | None = None, **changes: Any) -> dict[str, Any]:
    """Return a commit; its time is its index in hours unless said otherwise."""
    moment = at(index if hours is None else hours)
    row: dict[str, Any] = {
        "sha": sha(index),
        "parents": [sha(parent) for parent in parents],
        "author_name": "Dev One",
        "author_login": "dev1" if index % 2 else None,
        "author_date": at(index + 1),
        "committer_date": moment,
        "subject": f"Commit {index}",
    }
    return {**row, **changes}


def sha(index: int) -> str:
    """Return a commit's name."""
    return f"{index:040x}"


def review(number: int, login: str, hours: float, kind: str = "User", **changes: Any) -> dict[str, Any]:
    """Return a submitted review, a comment on the head commit unless said otherwise."""
    row = {"number": number, "user": {"login": login, "type": kind}, "submitted_at": at(hours), "state": "COMMENTED"}
    return {**row, "commit_id": f"{number + 500:040x}", **changes}


def small_repository() -> Repository:
    """Return 14 pull requests and 22 commits."""
    repository = Repository(SLUG)
    repository.add_pulls(pull(number) for number in range(1, 15))
    same_second = {"updated_at": at(40)}
    repository.add_pulls(pull(number, **same_second) for number in range(3, 9))
    repository.add_pulls(
        [
            pull(9, state="open", closed_at=None, merged_at=None, draft=True),
            pull(10, state="closed", merged_at=None, user={"login": "ghost", "id": 10137}),
            pull(11, state="open", closed_at=None, merged_at=None),
            pull(12, head={"ref": "gone", "sha": sha(77), "repo": None, "user": None}),
            pull(14, labels=[f"label-{n}" for n in range(35)]),
            pull(13, user={"login": "dependabot[bot]", "id": 9, "type": "Bot"}, body=f"Reverts {SLUG}#4\r\n\nSorry"),
        ]
    )
    repository.events.update(
        {
            1: [event(1, kind, hours) for kind, hours in (("ready_for_review", 2), ("convert_to_draft", 3))],
            2: [event(2, "closed", 20), event(2, "reopened", 21), event(2, "merged", 26)],
            11: [event(11, kind, hours) for hours, kind in enumerate(["closed", "reopened"] * 2, start=12)],
        }
    )
    repository.reviews.update(
        {
            1: [
                review(1, "dev1", 3),
                review(1, "lint[bot]", 4, "Bot", state="CHANGES_REQUESTED"),
                review(1, "dev2", 5, state="CHANGES_REQUESTED", commit_id=sha(70)),
                review(1, "dev0", 6, state="APPROVED"),
            ],
            14: [review(14, "dev2", n) for n in range(125)],  # its own author's
        }
    )
    trailer = [{"key": "Co-authored-by", "name": "Claude", "tool_email": "noreply@anthropic.com"}]
    repository.pull_commits.update({n: [commit(5000 + n, 1, trailers=trailer)] for n in range(1, 15)})
    repository.pull_commits[14] = [commit(6000 + n, 1) for n in range(170)]
    repository.commits = [commit(index, *([index - 1] if index else [])) for index in range(21, -1, -1)]
    repository.commits[3]["trailers"] = trailer
    repository.commits[2]["message"] = f'Revert "Change 5"\n\nThis reverts commit {sha(5)}.'
    return repository


def small_world(**settings: Any) -> World:
    """Return the small repository on a server with short pages."""
    return World(repositories={SLUG: small_repository()}, **{"page_cap": 4, **settings})
