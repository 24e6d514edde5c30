"""What a commit message, and the title and the body of a pull request, say that they revert."""

from __future__ import annotations

import re

from prodlens.slugs import same_repository

# What `git revert` writes; the sentence goes on for a merge commit (", reversing changes made to ...").
_COMMIT = re.compile(r"^This reverts commit (?P<sha>[0-9a-f]{64}|[0-9a-f]{40})\b", re.MULTILINE)
# What GitHub's button writes.
_TITLE = re.compile(r'Revert "(?P<title>.+)"')
_BODY = re.compile(
    r"^Reverts (?P<slug>[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100})?#(?P<number>\d{1,9})\.?[ \t\r]*$", re.MULTILINE
)
_MOST_COMMITS = 50
_LONGEST_TEXT = 20_000


def reverted_commits(message: object) -> list[str]:
    """Return the shas of the commits that a message says its commit reverts, each once, in its order."""
    if not isinstance(message, str) or "This reverts commit" not in message:
        return []
    found = (match["sha"] for match in _COMMIT.finditer(message[:_LONGEST_TEXT]))
    return list(dict.fromkeys(found))[:_MOST_COMMITS]


def reverted_title(title: str | None) -> str | None:
    """Return the title of what a pull request of this title reverts; None where it is not a revert."""
    found = _TITLE.fullmatch(title or "")
    return found["title"] if found else None


def reverted_pull_request(body: object, repo: str) -> int | None:
    """Return the number of the pull request that one with this body reverts, None without one of the repository."""
    found = _BODY.search(body[:_LONGEST_TEXT]) if isinstance(body, str) else None
    if found is None or (found["slug"] is not None and not same_repository(found["slug"], repo)):
        return None
    return int(found["number"])
