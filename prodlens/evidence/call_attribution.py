"""Which call belongs to which pull request, by the strongest of these keys.

A number that the call names is certain. A session that was linked to a pull request is nearly so: what it did after the
link is work on it, and what it did before is likely to have led to it. A commit that only one pull request has, and a
branch, are likely: a branch's name can be used again, and then each pull request has the calls between the end of the
one before it and its own end. A base branch belongs to nobody: everything is merged into it. That somebody had one pull
request open at the time is weak, and counts only where it is asked for.

Every key gives claims, which are ranges of time; no two claims of one kind on one key overlap, so a call is attributed
once.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from prodlens.commits import is_bot
from prodlens.evidence.signs import HIGH, LOW, MEDIUM
from prodlens.slugs import same_repository

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Before and after every moment that a store can hold, as text that sorts as time does.
BEGINNING, NEVER = "", "~"
# Stands for the number of a pull request of another repository.
ELSEWHERE = 0


@dataclass(frozen=True, slots=True)
class BranchUse:
    """A pull request's use of a branch.

    Attributes:
        number: Number of the pull request.
        head: Name of the branch that it was made from.
        head_repo: Repository of that branch; None where it is gone or not known.
        base: Name of the branch that it is merged into.
        opened_at: When it was opened, ISO 8601 in UTC; None where it is not known.
        ended_at: When it was merged or closed; None while it is open.
        author: Login of its author.
    """

    number: int
    head: str
    head_repo: str | None
    base: str | None
    opened_at: str | None
    ended_at: str | None
    author: str | None = None


class Link(NamedTuple):
    """A session was linked to a pull request; the moment is ISO 8601 in UTC."""

    session: str
    at: str
    repo: str
    number: int


class Claim(NamedTuple):
    """Calls with ``key`` after ``after`` and up to ``until`` belong to pull request ``number``."""

    key: str
    after: str
    until: str
    number: int
    confidence: str = MEDIUM


def link_claims(links: Iterable[Link], repo: str) -> list[Claim]:
    """Return which pull requests the calls of linked sessions belong to; the keys are sessions.

    Calls between two links belong to the second one, and calls after the last link to that. What was done on a pull
    request that the session had already been linked to is certain; what came before its first link is likely.

    Args:
        links: Links of sessions, in any order, each as often as it comes.
        repo: The repository as links name it; a link to another one's pull request claims calls as ``ELSEWHERE``.
    """
    by_session: defaultdict[str, set[Link]] = defaultdict(set)
    for link in links:
        by_session[link.session].add(link)
    return [claim for session in sorted(by_session) for claim in _of_session(sorted(by_session[session]), repo)]


def _of_session(links: list[Link], repo: str) -> Iterator[Claim]:
    after, linked, claim = BEGINNING, set[tuple[str, int]](), None
    for link in links:
        target = (link.repo, link.number)
        number = link.number if link.repo == repo else ELSEWHERE
        confidence = HIGH if target in linked else MEDIUM
        linked.add(target)
        if link.at > after:
            claim = Claim(link.session, after, link.at, number, confidence)
            yield claim
            after = link.at
    last = links[-1]
    yield Claim(last.session, after, NEVER, last.number if last.repo == repo else ELSEWHERE, HIGH)


def branch_claims(uses: Iterable[BranchUse], repo: str, default_branch: str | None = None) -> list[Claim]:
    """Return which pull request the calls on each branch belong to.

    Args:
        uses: Pull requests of the repository, in any order.
        repo: ``owner/name``; branches of other repositories are left out, whose names say nothing about this one.
        default_branch: Name of the branch that everything is merged into, where it is known.
    """
    uses = list(uses)
    bases = {use.base for use in uses} | {default_branch, ""}
    by_branch: dict[str, list[BranchUse]] = {}
    for use in uses:
        if use.head not in bases and (use.head_repo is None or same_repository(use.head_repo, repo)):
            by_branch.setdefault(use.head, []).append(use)
    return [claim for branch in sorted(by_branch) for claim in _claims(branch, _sure(by_branch[branch]))]


def _sure(uses: list[BranchUse]) -> list[BranchUse]:
    """Return the uses of the repository's own branch, or all where not one is known to be its own."""
    return [use for use in uses if use.head_repo is not None] or uses


def _claims(branch: str, uses: list[BranchUse]) -> list[Claim]:
    claims: list[Claim] = []
    after = BEGINNING
    for use in sorted(uses, key=lambda use: (use.ended_at or NEVER, use.opened_at or BEGINNING, use.number)):
        until = use.ended_at or NEVER
        if until > after or not claims:
            claims.append(Claim(branch, after, until, use.number))
            after = until
    return claims


def commit_claims(owners: Iterable[tuple[str, BranchUse]]) -> list[Claim]:
    """Return which pull request the calls on each commit belong to: its only one, until that has ended.

    What starts from a commit after the merge is new work, also where the merge left the commit as it was.

    Args:
        owners: Commits and the pull requests that they are a part of, in any order.
    """
    by_sha: defaultdict[str, dict[int, BranchUse]] = defaultdict(dict)
    for sha, use in owners:
        by_sha[sha][use.number] = use
    own = ((sha, next(iter(uses.values()))) for sha, uses in sorted(by_sha.items()) if len(uses) == 1)
    return [Claim(sha, BEGINNING, use.ended_at or NEVER, use.number) for sha, use in own]


def person_claims(uses: Iterable[BranchUse]) -> list[Claim]:
    """Return to which pull request the calls of each person belong, while exactly one of theirs is open, by login.

    Args:
        uses: Pull requests of the repository, in any order; those of bots and those without an opening claim nothing.
    """
    by_author: defaultdict[str, list[BranchUse]] = defaultdict(list)
    for use in uses:
        if use.author and use.opened_at and not is_bot(use.author):
            by_author[use.author.lower()].append(use)
    return [claim for author in sorted(by_author) for claim in _while_alone(author, by_author[author])]


def _while_alone(author: str, uses: list[BranchUse]) -> Iterator[Claim]:
    changes = [(use.opened_at or BEGINNING, True, use.number) for use in uses]
    changes += [(use.ended_at or NEVER, False, use.number) for use in uses]
    is_open: set[int] = set()
    after = BEGINNING
    for at, opens, number in sorted(changes):
        if len(is_open) == 1 and at > after:
            yield Claim(author, after, at, next(iter(is_open)), LOW)
        after = at
        if opens:
            is_open.add(number)
        else:
            is_open.discard(number)
