"""The pull request that each stored call belongs to, as parts of a query: report, comment and evidence all use it.

The claims on calls are written to temporary tables first, and each call is looked up in them while the calls are read.
A key without claims costs nothing.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from prodlens.evidence.call_attribution import (
    BEGINNING,
    ELSEWHERE,
    NEVER,
    BranchUse,
    Link,
    branch_claims,
    commit_claims,
    link_claims,
    person_claims,
)
from prodlens.evidence.signs import HIGH
from prodlens.slugs import one_spelling

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prodlens.evidence.call_attribution import Claim

_CACHE_KIB = 32 * 1024
# The calls that name a branch or a pull request: most stores have none, or hardly any other.
_NAMING = "branch IS NOT NULL OR pull_request IS NOT NULL"
_INDEX = f"CREATE INDEX IF NOT EXISTS sessions_report_naming ON sessions (branch, pull_request) WHERE {_NAMING}"
# A closed pull request whose closing was not recorded was closed, at the latest, when it last changed.
CLOSED_AT = "coalesce(closed_at, merged_at, CASE WHEN state = 'closed' THEN coalesce(updated_at, created_at) END)"
# Kinds of claims, strongest first, and what of a call they are looked up by. A session's links to other repositories
# count for the calls that name no repository: they are theirs. A call that a stronger key has claimed is not looked up.
_LINK, _LOOSE_LINK, _COMMIT, _BRANCH, _PERSON = "link", "loose link", "commit", "branch", "person"
_LOOKED_UP_BY = {
    _LINK: "CASE WHEN s.repo_slug IS NOT NULL THEN s.session_id END",
    _LOOSE_LINK: "CASE WHEN s.repo_slug IS NULL THEN s.session_id END",
    _COMMIT: "s.commit_sha",
    _BRANCH: "s.branch",
    _PERSON: "lower(s.developer_id)",
}


@dataclass(frozen=True, slots=True)
class ClaimedCalls:
    """Parts of a query over ``sessions s``; they hold until claims are written again through the same connection.

    Attributes:
        joins: What follows ``FROM sessions s``; it neither repeats a call nor leaves one out.
        number: Number of the call's pull request, NULL where it belongs to none.
        confidence: How sure that is, one of ``CONFIDENCES``; meaningless where the number is NULL.
        any: False where it is known, without reading the calls, that not one belongs to a pull request.
    """

    joins: str
    number: str
    confidence: str
    any: bool = True


def claimed_calls(
    conn: sqlite3.Connection,
    repo: str,
    unstored: BranchUse | None = None,
    *,
    by_person: bool = False,
    people: Mapping[str, str] | None = None,
) -> ClaimedCalls:
    """Write the claims on the calls of a repository, and return query parts that find each call's pull request.

    Args:
        conn: Connection to the store; nothing but temporary tables and an index is written.
        repo: ``owner/name``.
        unstored: A pull request that may not have been synced yet; where it is stored, what is stored counts.
        by_person: Whether calls without any other key go to the only pull request that their person had open.
        people: Login of each trace identity that is not a login itself.
    """
    repo = one_spelling(repo)
    uses = {use.number: use for use in _uses(conn, repo)}
    if unstored is not None:
        uses.setdefault(unstored.number, unstored)
    links = [Link(*row) for row in conn.execute("SELECT * FROM session_links")]
    naming = _has_naming_calls(conn)
    conn.execute(f"PRAGMA temp.cache_size = -{_CACHE_KIB}")  # they are looked up for every call
    conn.execute("SAVEPOINT claims")  # so that the rows are one transaction, and not one each
    try:
        in_worktrees = _write_worktrees(conn)
        on_branches = naming or in_worktrees
        claims = {
            _LINK: link_claims((link for link in links if link.repo == repo), repo),
            _LOOSE_LINK: link_claims(links, repo),
            _COMMIT: commit_claims(_commits(conn, repo, uses)),
            _BRANCH: branch_claims(uses.values(), repo, _default_branch(conn, repo)) if on_branches else [],
            _PERSON: [*_of_identities(person_claims(uses.values()), people or {})] if by_person else [],
        }
        _write(conn, claims)
    finally:
        conn.execute("RELEASE claims")
    kinds = [kind for kind, some in claims.items() if some]
    return _query_parts(kinds, in_worktrees=in_worktrees, any_call=naming or bool(kinds))


def _has_naming_calls(conn: sqlite3.Connection) -> bool:
    """Tell whether any call names a branch or a pull request, by an index of those calls alone."""
    with suppress(sqlite3.OperationalError):  # a read-only store is asked without it, only slower
        conn.execute(_INDEX)
    return bool(conn.execute(f"SELECT EXISTS (SELECT 1 FROM sessions WHERE {_NAMING})").fetchone()[0])


def _query_parts(kinds: list[str], *, in_worktrees: bool, any_call: bool) -> ClaimedCalls:
    """Return the parts of a query that looks up these kinds of claims, strongest first."""
    joins, numbers = "", ["s.pull_request"]
    confidences = [f"WHEN s.pull_request IS NOT NULL THEN '{HIGH}'"]
    for place, kind in enumerate(kinds):
        name, key = f"c{place}", _LOOKED_UP_BY[kind]
        free = " AND ".join(f"{number} IS NULL" for number in numbers)
        if kind == _BRANCH and in_worktrees:
            key = "ifnull(w.branch, s.branch)"
            joins += _joined("session_branch", "w", f"w.session_id = CASE WHEN {free} THEN s.session_id END")
        found = f"{{name}}.kind = '{kind}' AND {{name}}.key = CASE WHEN {free} THEN {key} END"
        if kind == _PERSON:  # who has hundreds of stretches of time: without this, all after the call's are read
            first = f"SELECT min(f.until) FROM temp.call_claim f WHERE {found.format(name='f')}"
            found += f" AND {{name}}.until = ({first} AND f.until >= s.timestamp)"
        joins += _joined("call_claim", name, found.format(name=name))
        numbers.append(f"{name}.number")
        confidences.append(f"WHEN {name}.number IS NOT NULL THEN {name}.confidence")
    number = f"nullif(coalesce({', '.join([*numbers, 'NULL'])}), {ELSEWHERE})"
    return ClaimedCalls(joins, number, f"CASE {' '.join(confidences)} END", any_call)


def _joined(table: str, name: str, found: str) -> str:
    """Return the join of a temporary table of ranges of time."""
    return f"LEFT JOIN temp.{table} {name} ON {found} AND s.timestamp > {name}.after AND s.timestamp <= {name}.until "


def _write(conn: sqlite3.Connection, claims: Mapping[str, list[Claim]]) -> None:
    conn.execute("DROP TABLE IF EXISTS temp.call_claim")
    conn.execute(
        "CREATE TEMP TABLE call_claim (kind, key, after, until, number, confidence, PRIMARY KEY (kind, key, until)) "
        "WITHOUT ROWID"
    )
    rows = (
        (kind, claim.key, claim.after, claim.until, claim.number, claim.confidence)
        for kind, some in claims.items()
        for claim in some
    )
    conn.executemany("INSERT INTO temp.call_claim VALUES (?, ?, ?, ?, ?, ?)", rows)


def _write_worktrees(conn: sqlite3.Connection) -> bool:
    """Write when each session was on another branch than its lines name; returns whether any was."""
    states = conn.execute(
        "SELECT session_id, since, max(branch) FROM session_branches GROUP BY session_id, since ORDER BY 1, 2"
    ).fetchall()
    if not states:
        return False
    conn.execute("DROP TABLE IF EXISTS temp.session_branch")
    conn.execute(
        "CREATE TEMP TABLE session_branch (session_id, after, until, branch, PRIMARY KEY (session_id, until)) "
        "WITHOUT ROWID"
    )
    rows = (
        (session, since, following[1] if following[0] == session else NEVER, branch)
        for (session, since, branch), following in pairwise([*map(tuple, states), (None, BEGINNING, "")])
        if branch
    )
    conn.executemany("INSERT INTO temp.session_branch VALUES (?, ?, ?, ?)", rows)
    return True


def _uses(conn: sqlite3.Connection, repo: str) -> Iterator[BranchUse]:
    query = (
        f"SELECT number, ifnull(head_ref, ''), head_repo, base_ref, created_at, {CLOSED_AT}, author FROM pull_requests "
        "WHERE ifnull(repo_slug, :repo) = :repo AND number IS NOT NULL ORDER BY number, id"
    )
    return (BranchUse(*row) for row in conn.execute(query, {"repo": repo}))


def _default_branch(conn: sqlite3.Connection, repo: str) -> str | None:
    row = conn.execute("SELECT default_branch FROM repositories WHERE repo_slug = ?", (repo,)).fetchone()
    return row[0] if row else None


def _commits(conn: sqlite3.Connection, repo: str, uses: Mapping[int, BranchUse]) -> Iterator[tuple[str, BranchUse]]:
    """Yield the commits that calls name, each with the pull requests that it is a part of.

    A merge commit is left out: it is where the work that comes next begins.
    """
    own = "number IS NOT NULL AND ifnull(repo_slug, :repo) = :repo"
    query = (
        "WITH named AS (SELECT DISTINCT commit_sha AS sha FROM sessions WHERE commit_sha IS NOT NULL) "
        f"SELECT head_sha, number FROM pull_requests WHERE {own} AND head_sha IN (SELECT sha FROM named) "
        "UNION SELECT c.sha, p.number FROM pull_request_commits c JOIN pull_requests p ON p.id = c.pull_request_id "
        f"WHERE {own} AND c.sha IN (SELECT sha FROM named)"
    )
    return ((sha, uses[number]) for sha, number in conn.execute(query, {"repo": repo}))


def _of_identities(claims: list[Claim], people: Mapping[str, str]) -> Iterator[Claim]:
    """Yield claims under each name that a person has in traces; a name is one person's."""
    logins = {identity.lower(): login.lower() for identity, login in people.items()}
    names: dict[str, list[str]] = {}
    for identity, login in logins.items():
        names.setdefault(login, []).append(identity)
    for claim in claims:
        own = [] if claim.key in logins else [claim.key]
        for name in own + names.get(claim.key, []):
            yield claim._replace(key=name)
