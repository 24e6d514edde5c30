"""Which call belongs to which pull request: by the number that it names, or by the branch that it was made on.

A number is certain. A branch is likely: a name can be used again, and then each pull request has the calls between the
end of the one before it and its own end. A base branch belongs to nobody: everything is merged into it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prodlens.slugs import same_repository

if TYPE_CHECKING:
    from collections.abc import Iterable

# Before and after every moment that a store can hold, as text that sorts as time does.
BEGINNING, NEVER = "", "~"


@dataclass(frozen=True, slots=True)
class BranchUse:
    """A pull request's use of a branch.

    Attributes:
        number: Number of the pull request.
        head: Name of the branch that it was made from.
        head_repo: Repository of that branch; None where it is gone or not known.
        base: Name of the branch that it is merged into.
        opened_at: When it was opened, ISO 8601 in UTC.
        ended_at: When it was merged or closed; None while it is open.
    """

    number: int
    head: str
    head_repo: str | None
    base: str | None
    opened_at: str
    ended_at: str | None


@dataclass(frozen=True, slots=True)
class BranchClaim:
    """Calls on ``branch`` after ``after`` and up to ``until`` belong to pull request ``number``."""

    branch: str
    after: str
    until: str
    number: int


def branch_claims(uses: Iterable[BranchUse], repo: str, default_branch: str | None = None) -> list[BranchClaim]:
    """Return which pull request the calls on each branch belong to; no two claims on a branch overlap.

    Args:
        uses: Pull requests of the repository, in any order.
        repo: ``owner/name``; branches of other repositories are left out, whose names say nothing about this one.
        default_branch: Name of the branch that everything is merged into, where it is known.
    """
    uses = list(uses)
    bases = {use.base for use in uses} | {default_branch}
    by_branch: dict[str, list[BranchUse]] = {}
    for use in uses:
        if use.head not in bases and (use.head_repo is None or same_repository(use.head_repo, repo)):
            by_branch.setdefault(use.head, []).append(use)
    return [claim for branch in sorted(by_branch) for claim in _claims(branch, _sure(by_branch[branch]))]


def _sure(uses: list[BranchUse]) -> list[BranchUse]:
    """Return the uses of the repository's own branch, or all where not one is known to be its own."""
    return [use for use in uses if use.head_repo is not None] or uses


def _claims(branch: str, uses: list[BranchUse]) -> list[BranchClaim]:
    claims: list[BranchClaim] = []
    after = BEGINNING
    for use in sorted(uses, key=lambda use: (use.ended_at or NEVER, use.opened_at, use.number)):
        until = use.ended_at or NEVER
        if until > after or not claims:
            claims.append(BranchClaim(branch, after, until, use.number))
            after = until
    return claims
