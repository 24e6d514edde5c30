"""The ways in which GitHub refuses or fails: one class per decision.

GithubError                      (``prodlens.errors``) anything below, or an answer nothing else fits
├── AuthenticationError          the token is wrong or expired: give another
├── PermissionMissingError       the token may not do this: grant what the text names
├── NotFoundError                not there, or not visible to this token
├── RateLimitedError             come back at ``reset_at``
├── BudgetSpentError             our own limit of requests is reached: go on in the next run
├── EmptyRepositoryError         there is no commit yet: nothing to read
├── ServerFailedError            GitHub failed or could not be reached: try again, or ask for less
└── GraphqlUnavailableError      GraphQL cannot be used here: ask REST instead
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.errors import GithubError

if TYPE_CHECKING:
    from datetime import datetime


class AuthenticationError(GithubError):
    """GitHub does not know the token."""

    exit_status = 2  # the user gave the token


class PermissionMissingError(GithubError):
    """The token is good, and may not do this."""


class NotFoundError(GithubError):
    """The thing is not there, or the token may not see it."""

    exit_status = 2  # the user named the repository


class RateLimitedError(GithubError):
    """GitHub wants no more requests before ``reset_at`` (UTC)."""

    def __init__(self, message: str, reset_at: datetime) -> None:
        super().__init__(message)
        self.reset_at = reset_at


class BudgetSpentError(GithubError):
    """The run's own limit of requests is reached."""


class EmptyRepositoryError(GithubError):
    """The repository has no commit yet."""


class ServerFailedError(GithubError):
    """GitHub failed, could not be reached, or answered something unreadable."""


class GraphqlUnavailableError(GithubError):
    """GraphQL is not there or does not know what was asked, as on an old server."""
