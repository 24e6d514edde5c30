"""What a run has to say about its sources: notes, and what failed for good."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from prodlens.errors import ProdLensError


class Failure(NamedTuple):
    """A source that failed for good. What was read of it before is stored.

    Attributes:
        source: What could not be read, for the reader.
        error: Why.
        repository: The repository whose report lacks something; None when every report does.
    """

    source: str
    error: ProdLensError
    repository: str | None = None

    @property
    def lines(self) -> list[str]:
        """The failure in lines for the log."""
        first, *more = str(self.error).splitlines() or [""]
        place = f"{self.repository}: " if self.repository else ""
        return [f"{place}{self.source} could not be read to the end: {first}", *more]


@dataclass(slots=True)
class Gathered:
    """The outcome of gathering.

    Attributes:
        notes: What was missing and what to do about it, one sentence each.
        failures: Sources that failed for good.
    """

    notes: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    @property
    def exit_status(self) -> int:
        """What the gravest failure asks for; 0 without one."""
        return max((failure.error.exit_status for failure in self.failures), default=0)

    def missing(self, repository: str) -> list[str]:
        """Return what is missing in the report on a repository and why, one sentence each."""
        return [
            " ".join(failure.lines)
            for failure in self.failures
            if failure.repository is None or failure.repository == repository
        ]
