"""The team's GitHub: its history as the rows that the tests' stand-in serves."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from examples.team.history import CLAUDE, CODEX, COPILOT, SLUG, PullRequest
from tests.github_server.world import Repository

if TYPE_CHECKING:
    from datetime import datetime

    from examples.team.history import History

_SIGNS = {
    CLAUDE: ("Claude", "noreply@anthropic.com"),
    CODEX: ("Codex", "noreply@openai.com"),
    COPILOT: ("Copilot", "198982749+Copilot@users.noreply.github.com"),
}
_UNSIGNED = ("aider (gpt-5)", "noreply@aider.chat")  # how the rest of the assistants sign


def served_repository(history: History) -> Repository:
    """Return the repository as GitHub has it at the end of the history."""
    repository = Repository(SLUG, private=True)
    for pull in history.pull_requests:
        add_pull_request(repository, pull)
    return repository


def add_pull_request(repository: Repository, pull: PullRequest) -> None:
    """Add a pull request with its commits, reviews and events, and its squash commit on the default branch."""
    place = {"full_name": repository.slug, "id": repository.id}
    ended = None if pull.ended is None else _written(pull.ended)
    user = {"login": pull.author.login, "id": pull.number, "type": "Bot" if pull.bot else "User"}
    repository.add_pulls(
        [
            {
                "id": 5000 + pull.number,
                "node_id": f"PR_{pull.number}",
                "number": pull.number,
                "state": "open" if ended is None else "closed",
                "title": pull.title,
                "user": user,
                "draft": False,
                "created_at": _written(pull.opened),
                "updated_at": ended or _written(pull.opened),
                "closed_at": ended,
                "merged_at": ended if pull.merged else None,
                "merge_commit_sha": _sha(pull, "squash") if pull.merged else None,
                "labels": [],
                "head": {"ref": pull.branch, "sha": _sha(pull, pull.commits - 1), "repo": place, "user": user},
                "base": {"ref": "main", "sha": _sha(pull, "base"), "repo": place},
                "additions": pull.additions,
                "deletions": pull.deletions,
                "changed_files": pull.files,
            }
        ]
    )
    step = (pull.opened - pull.begun) / pull.commits
    repository.pull_commits[pull.number] = [
        _commit(pull, _sha(pull, index), pull.begun + step * (index + 1), f"Step {index + 1}")
        for index in range(pull.commits)
    ]
    repository.reviews[pull.number] = _reviews(pull)
    repository.events[pull.number] = _events(pull)
    if pull.merged and pull.ended:
        repository.commits.append(_commit(pull, _sha(pull, "squash"), pull.ended, f"{pull.title} (#{pull.number})"))
        _chain(repository.commits)


def _commit(pull: PullRequest, sha: str, at: datetime, subject: str) -> dict[str, Any]:
    name, email = _SIGNS.get(pull.author.assistant, _UNSIGNED)
    return {
        "sha": sha,
        "parents": [],
        "author_name": pull.author.login.capitalize(),
        "author_login": pull.author.login,
        "author_date": _written(at),
        "committer_date": _written(at),
        "subject": subject,
        "trailers": [{"key": "Co-authored-by", "name": name, "tool_email": email}] if pull.signed else [],
    }


def _chain(commits: list[dict[str, Any]]) -> None:
    """Put the commits of the default branch in the order of its log, newest first, each on the one before."""
    commits.sort(key=lambda commit: (commit["committer_date"], commit["sha"]), reverse=True)
    for commit, parent in zip(commits, [*commits[1:], None], strict=True):
        commit["parents"] = [parent["sha"]] if parent else []


def _reviews(pull: PullRequest) -> list[dict[str, Any]]:
    if pull.bot or pull.ended is None:
        return []
    reviewer = {"login": "linus" if pull.author.login != "linus" else "ada", "type": "User"}
    states = [*(["CHANGES_REQUESTED"] if pull.sent_back else []), "APPROVED" if pull.merged else "COMMENTED"]
    step = (pull.ended - pull.opened) / (len(states) + 2)
    return [
        {"number": pull.number, "user": reviewer, "state": state, "submitted_at": _written(pull.opened + step * index)}
        for index, state in enumerate(states, start=1)
    ]


def _events(pull: PullRequest) -> list[dict[str, Any]]:
    if pull.reopened is None:
        return []
    moments = {"closed": pull.reopened - timedelta(minutes=20), "reopened": pull.reopened}
    return [
        {
            "id": pull.number * 10 + index,
            "number": pull.number,
            "event": kind,
            "created_at": _written(at),
            "actor": None,
        }
        for index, (kind, at) in enumerate(moments.items())
    ]


def _sha(pull: PullRequest, part: object) -> str:
    return hashlib.sha256(f"{pull.number} {part}".encode()).hexdigest()[:40]


def _written(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
