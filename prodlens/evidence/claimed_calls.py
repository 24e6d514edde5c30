"""The pull request that each stored call belongs to, as parts of a query: report, comment and evidence ask this alone.

What claims calls is written to a temporary table first, and a call is looked up in it while the calls are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prodlens.evidence.call_attribution import BranchUse, branch_claims
from prodlens.slugs import one_spelling

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

# A closed pull request whose closing was not recorded was closed, at the latest, when it last changed.
CLOSED_AT = "coalesce(closed_at, merged_at, CASE WHEN state = 'closed' THEN coalesce(updated_at, created_at) END)"
_BRANCH = "branch"


@dataclass(frozen=True, slots=True)
class ClaimedCalls:
    """Parts of a query over ``sessions s``; they hold until claims are written again through the same connection.

    Attributes:
        joins: What follows ``FROM sessions s``; it neither repeats a call nor leaves one out.
        number: Number of the call's pull request, NULL where it belongs to none.
        confidence: How sure that is, one of ``CONFIDENCES``; meaningless where the number is NULL.
    """

    joins: str
    number: str
    confidence: str


def claimed_calls(conn: sqlite3.Connection, repo: str, unstored: BranchUse | None = None) -> ClaimedCalls:
    """Write down what claims the calls of a repository, and return how a query finds the pull request of each.

    Args:
        conn: Connection to the store; nothing but a temporary table is written.
        repo: ``owner/name``.
        unstored: A pull request that may not have been synced yet; where it is stored, what is stored counts.
    """
    repo = one_spelling(repo)
    default = conn.execute("SELECT default_branch FROM repositories WHERE repo_slug = ?", (repo,)).fetchone()
    uses = list(_uses(conn, repo))
    if unstored is not None and unstored.number not in {use.number for use in uses}:
        uses.append(unstored)
    claims = branch_claims((use for use in uses if use.head), repo, default[0] if default else None)
    conn.execute("DROP TABLE IF EXISTS temp.call_claim")
    conn.execute("CREATE TEMP TABLE call_claim (kind, key, after, until, number, PRIMARY KEY (kind, key, until))")
    rows = ((_BRANCH, claim.branch, claim.after, claim.until, claim.number) for claim in claims)
    conn.executemany("INSERT INTO temp.call_claim VALUES (?, ?, ?, ?, ?)", rows)
    return ClaimedCalls(
        joins=f"LEFT JOIN temp.call_claim b ON s.pull_request IS NULL AND b.kind = '{_BRANCH}' AND b.key = s.branch "
        "AND s.timestamp > b.after AND s.timestamp <= b.until",
        number="ifnull(s.pull_request, b.number)",
        confidence="CASE WHEN s.pull_request IS NULL THEN 'medium' ELSE 'high' END",
    )


def _uses(conn: sqlite3.Connection, repo: str) -> Iterator[BranchUse]:
    query = (
        f"SELECT number, ifnull(head_ref, ''), head_repo, base_ref, created_at, {CLOSED_AT} FROM pull_requests "
        "WHERE ifnull(repo_slug, :repo) = :repo AND number IS NOT NULL ORDER BY number, id"
    )
    latest = {row[0]: BranchUse(*row) for row in map(tuple, conn.execute(query, {"repo": repo}))}
    yield from latest.values()
