"""Which rows of a database are published as a repository's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Scope:
    """Which rows of a database are published as a repository's.

    Attributes:
        repository: ``owner/name``.
        earliest: The first moment that can be true, ISO 8601 in UTC.
        latest: The last.
        takes_unnamed: Whether rows that name no repository are published in its files.
        is_alone: Whether it is the only repository of the database, so that those rows are its own.
    """

    repository: str
    earliest: str
    latest: str
    takes_unnamed: bool
    is_alone: bool

    @cached_property
    def values(self) -> dict[str, object]:
        """What queries bind."""
        return {
            "repo": self.repository,
            "earliest": self.earliest,
            "latest": self.latest,
            "takes_unnamed": self.takes_unnamed,
            "is_alone": self.is_alone,
        }
