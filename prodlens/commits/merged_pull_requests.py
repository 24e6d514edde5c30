"""Pull requests that a default branch says were merged into it: merge commits and squashes on its own line.

The line of a branch are its newest commit, that one's first parent and so on. On it stand GitHub's merge commits
(``Merge pull request #7 from octo/feature``) and squashes (``Add the feature (#7)``), which each stand for one pull
request; what is merged below them is not the branch's own. A release that brings many merges at once is one.

A text in brackets can also be an issue's number in a commit that somebody pushed. GitHub signs what it merges itself as
the committer ``GitHub``; where a history has such squashes, only those count. A commit that says it was cherry-picked
is not a merge, and of two commits with one number the older one is it.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

_MERGE = re.compile(r"Merge pull request #(?P<number>[1-9]\d{0,8}) from (?P<owner>[^/\s]{1,100})/(?P<branch>\S{1,250})")
_SQUASH = re.compile(r"\(#(?P<number>[1-9]\d{0,8})\)$")
_CHERRY_PICK = "(cherry picked from commit "
_LONGEST_TITLE, _LONGEST_SUBJECT = 500, 2_000
_LONGEST_MESSAGE = 20_000
_WEB_COMMITTER = re.compile(r"GitHub(?: Enterprise)?\0noreply@.+", re.IGNORECASE)


class HistoryCommit(NamedTuple):
    """What is looked at of a commit.

    ``committer`` is name, NUL and address. ``committed_at`` is None for a date outside the calendar, and ``message`` is
    empty where it cannot be that of a merged pull request.
    """

    sha: str
    parents: tuple[str, ...]
    author: str
    author_is_login: bool
    committed_at: datetime | None
    committer: str
    message: str
    trailers: list[list[str]]


@dataclass(frozen=True, slots=True)
class MergedPullRequest:
    """A pull request that a default branch says was merged.

    Attributes:
        number: Its number.
        title: Its title; None where the merge commit does not have it.
        author: Who wrote most of its commits: a login, or the bare name.
        merged_at: When its merge or squash was committed.
        sha: The merge or squash commit.
        head_owner: Owner of the repository that it came from; None for a squash.
        head_branch: Branch that it came from; None for a squash.
        head_sha: Last commit of that branch; None for a squash.
        commits: The commits that a merge brought, newest first; empty where they are not all known, and for a squash.
    """

    number: int
    title: str | None
    author: str
    merged_at: datetime
    sha: str
    head_owner: str | None = None
    head_branch: str | None = None
    head_sha: str | None = None
    commits: tuple[HistoryCommit, ...] = ()


def message_worth_keeping(message: str) -> str:
    """Return the beginning of a message that may be that of a merged pull request, of any other an empty text."""
    subject = message.partition("\n")[0]
    return message[:_LONGEST_MESSAGE] if "(#" in subject or subject.startswith("Merge pull request") else ""


def merged_pull_requests(commits: Mapping[str, HistoryCommit], head: str) -> list[MergedPullRequest]:
    """Return the pull requests that a branch says were merged into it, oldest first.

    Args:
        commits: Every commit of the branch's history that is there, by sha.
        head: The sha that the branch stands at.
    """
    line = list(_line(commits, head))[::-1]
    squashes = [commit for commit in line if len(commit.parents) == 1 and _squash(commit)]
    web_only = any(_WEB_COMMITTER.fullmatch(commit.committer) for commit in squashes)
    seen: set[str] = set()
    found: dict[int, MergedPullRequest] = {}
    for commit in line:
        seen.add(commit.sha)
        brought = _brought(commits, commit, seen)
        pull = _from_merge(commit, brought) if len(commit.parents) > 1 else _from_squash(commit, web_only=web_only)
        if pull is not None:
            found.setdefault(pull.number, pull)
    return list(found.values())


def _line(commits: Mapping[str, HistoryCommit], head: str) -> Iterator[HistoryCommit]:
    sha: str | None = head
    while sha is not None and (commit := commits.get(sha)) is not None:
        yield commit
        sha = commit.parents[0] if commit.parents else None


def _brought(commits: Mapping[str, HistoryCommit], merge: HistoryCommit, seen: set[str]) -> list[HistoryCommit] | None:
    """Return the commits that a merge brought, which are seen from now on; None where the clone lacks some."""
    brought, is_whole = [], True
    waiting = list(merge.parents[1:])
    while waiting:
        sha = waiting.pop()
        if sha in seen:
            continue
        seen.add(sha)
        commit = commits.get(sha)
        if commit is None:
            is_whole = False
            continue
        brought.append(commit)
        waiting += commit.parents
    return brought if is_whole else None


def _from_merge(commit: HistoryCommit, brought: Sequence[HistoryCommit] | None) -> MergedPullRequest | None:
    match = _MERGE.fullmatch(_subject(commit))
    if match is None or commit.committed_at is None:
        return None
    lines = commit.message.partition("\n")[2].splitlines()
    title = next((line.strip() for line in lines if line.strip()), None)
    return MergedPullRequest(
        number=int(match["number"]),
        title=title and title[:_LONGEST_TITLE],
        author=_author(brought or ()) or commit.author,
        merged_at=commit.committed_at,
        sha=commit.sha,
        head_owner=match["owner"],
        head_branch=match["branch"],
        head_sha=commit.parents[1],
        commits=tuple(brought or ()),
    )


def _from_squash(commit: HistoryCommit, *, web_only: bool) -> MergedPullRequest | None:
    match = _squash(commit)
    if match is None or commit.committed_at is None:
        return None
    if web_only and not _WEB_COMMITTER.fullmatch(commit.committer):
        return None
    return MergedPullRequest(
        number=int(match["number"]),
        title=_subject(commit)[: match.start()].rstrip()[:_LONGEST_TITLE],
        author=commit.author,
        merged_at=commit.committed_at,
        sha=commit.sha,
    )


def _squash(commit: HistoryCommit) -> re.Match[str] | None:
    if _CHERRY_PICK in commit.message:
        return None
    found = _SQUASH.search(_subject(commit))
    return found if found and found.start() else None


def _subject(commit: HistoryCommit) -> str:
    return commit.message.partition("\n")[0][:_LONGEST_SUBJECT].rstrip()


def _author(commits: Iterable[HistoryCommit]) -> str:
    """Return who wrote most of the commits, merges of other branches into theirs aside."""
    by_author = Counter(commit.author for commit in commits if len(commit.parents) == 1)
    return min(by_author, key=lambda name: (-by_author[name], name), default="")
