"""Pull requests and commits of one repository, with the moments that the report counts by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from prodlens.commits import is_bot
from prodlens.evidence import CLOSED_AT
from prodlens.slugs import one_spelling

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from prodlens.metrics.timeline import Window

# Reworked on the day of the first reopening; where that is not known, on the day of closing.
_REWORKED_AT = f"CASE WHEN reopened THEN coalesce(reopened_at, {CLOSED_AT}, updated_at, created_at) END"

_FIRST_COMMIT_AT = "(SELECT min(timestamp) FROM pull_request_commits c WHERE c.pull_request_id = p.id)"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """One pull request; the times are None where the thing has not happened.

    One that was read from git has no ``created_at``, and whether it was reopened is not known. ``first_commit_at`` is
    known of merged ones whose commits are.
    """

    author: str | None
    is_bot: bool
    created_at: datetime | None
    merged_at: datetime | None
    closed_at: datetime | None
    reworked_at: datetime | None
    first_commit_at: datetime | None = None

    @property
    def merge_hours(self) -> float | None:
        """Hours from opening to merge, None when it is not merged or its opening is not known."""
        return _hours(self.created_at, self.merged_at)

    @property
    def lead_hours(self) -> float | None:
        """Hours from its first commit to its merge, None when either is not known."""
        return _hours(self.first_commit_at, self.merged_at)

    @property
    def is_from_git(self) -> bool:
        """Whether it was read from git, and not from GitHub."""
        return self.created_at is None

    def moments(self) -> Iterator[datetime]:
        """Yield every moment at which it was seen to do something."""
        yield from (at for at in (self.created_at, self.merged_at, self.closed_at, self.reworked_at) if at is not None)


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit: who and when (committer date)."""

    author: str | None
    timestamp: datetime

    @property
    def is_bot(self) -> bool:
        """Whether a bot made it."""
        return is_bot(self.author)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is stored of a repository's pull requests and commits, oldest first."""

    pull_requests: tuple[PullRequest, ...]
    commits: tuple[Commit, ...]

    def by_people(self) -> Delivery:
        """Return the pull requests and commits that no bot made, which figures of delivery are about."""
        return Delivery(
            tuple(pull for pull in self.pull_requests if not pull.is_bot),
            tuple(commit for commit in self.commits if not commit.is_bot),
        )

    def by_bots(self) -> Delivery:
        """Return the pull requests and commits that bots made."""
        return Delivery(
            tuple(pull for pull in self.pull_requests if pull.is_bot),
            tuple(commit for commit in self.commits if commit.is_bot),
        )

    def within(self, plausible: Window) -> tuple[Delivery, Delivery]:
        """Return what has plausible moments alone, and the rest, which takes part in no figure."""
        fine = [all(plausible.holds(moment) for moment in pull.moments()) for pull in self.pull_requests]
        dated = [plausible.holds(commit.timestamp) for commit in self.commits]
        inside, outside = (
            Delivery(
                tuple(pull for pull, kept in zip(self.pull_requests, fine, strict=True) if kept is wanted),
                tuple(commit for commit, kept in zip(self.commits, dated, strict=True) if kept is wanted),
            )
            for wanted in (True, False)
        )
        return inside, outside

    def pull_request_moments(self) -> Iterator[datetime]:
        """Yield every moment at which a pull request was seen to do something."""
        for pull in self.pull_requests:
            yield from pull.moments()

    def merged(self, window: Window) -> list[PullRequest]:
        """Return the pull requests merged in the window."""
        return [pull for pull in self.pull_requests if pull.merged_at is not None and window.holds(pull.merged_at)]

    def closed(self, window: Window) -> list[PullRequest]:
        """Return the pull requests closed in the window, merged or not, but for those that git alone told of.

        A history has the merged ones alone, and does not know which were reopened.
        """
        return [
            pull
            for pull in self.pull_requests
            if pull.closed_at is not None and window.holds(pull.closed_at) and not pull.is_from_git
        ]

    def opened(self, window: Window) -> list[PullRequest]:
        """Return the pull requests opened in the window."""
        return [pull for pull in self.pull_requests if pull.created_at is not None and window.holds(pull.created_at)]

    def committed(self, window: Window) -> list[Commit]:
        """Return the commits made in the window."""
        return [commit for commit in self.commits if window.holds(commit.timestamp)]


def read_delivery(conn: sqlite3.Connection, repo: str | None = None) -> Delivery:
    """Read the pull requests and commits of the repository and those that name none; without a repository, all."""
    covered = "(:repo IS NULL OR repo_slug = :repo OR repo_slug IS NULL)"
    named = {"repo": repo and one_spelling(repo)}
    pulls = conn.execute(
        f"SELECT author, author_type, created_at, merged_at, {CLOSED_AT}, {_REWORKED_AT}, {_FIRST_COMMIT_AT} "
        f"FROM pull_requests p WHERE {covered} ORDER BY ifnull(created_at, merged_at), id",
        named,
    )
    # A commit may be stored twice, with its repository and without: it is one commit.
    commits = conn.execute(
        f"SELECT author, min(timestamp) FROM commits WHERE {covered} GROUP BY sha ORDER BY 2, sha", named
    )
    return Delivery(
        pull_requests=tuple(
            PullRequest(author, is_bot(author, account_type), *(_moment(at) for at in times))
            for author, account_type, *times in pulls
        ),
        commits=tuple(Commit(author, datetime.fromisoformat(at)) for author, at in commits),
    )


def _hours(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else max((end - start) / timedelta(hours=1), 0.0)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
