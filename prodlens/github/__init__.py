"""How GitHub is asked: one client, its answers and its errors.

The client loads requests, and so with its first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.github.answers import Answer, GraphqlAnswer, GraphqlFailure
from prodlens.github.errors import (
    AuthenticationError,
    BudgetSpentError,
    EmptyRepositoryError,
    GraphqlUnavailableError,
    NotFoundError,
    PermissionMissingError,
    RateLimitedError,
    ServerFailedError,
)
from prodlens.lazy_names import loader

if TYPE_CHECKING:
    from prodlens.github.client import (
        DEFAULT_API_URL,
        DEFAULT_GRAPHQL_URL,
        GithubClient,
        RequestBudget,
        addresses,
    )

_OF_THE_CLIENT = ("DEFAULT_API_URL", "DEFAULT_GRAPHQL_URL", "GithubClient", "RequestBudget", "addresses")

__all__ = [
    "DEFAULT_API_URL",
    "DEFAULT_GRAPHQL_URL",
    "Answer",
    "AuthenticationError",
    "BudgetSpentError",
    "EmptyRepositoryError",
    "GithubClient",
    "GraphqlAnswer",
    "GraphqlFailure",
    "GraphqlUnavailableError",
    "NotFoundError",
    "PermissionMissingError",
    "RateLimitedError",
    "RequestBudget",
    "ServerFailedError",
    "addresses",
]

__getattr__ = loader("prodlens.github", dict.fromkeys(_OF_THE_CLIENT, "prodlens.github.client"))
