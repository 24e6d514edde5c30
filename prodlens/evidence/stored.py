"""Evidence on what is stored: every pull request of a repository, with its commits and its traced calls."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from prodlens.evidence.claimed_calls import claimed_calls
from prodlens.evidence.signatures import signatures
from prodlens.evidence.signs import CONFIDENCES, HIGH, Evidence, commit_signs, pull_request_signs
from prodlens.slugs import one_spelling

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping

_MOST_REMEMBERED = 20_000
_SHORT_SHA = 10
# The merge or squash commit and the head commit, where the default branch has them, and the commits of the branch.
_COMMITS = (
    "SELECT p.number, c.author, c.trailers FROM pull_requests p "
    "JOIN commits c ON c.sha IN (p.merge_commit_sha, p.head_sha) AND ifnull(c.repo_slug, :slug) = :slug "
    "WHERE ifnull(p.repo_slug, :slug) = :slug AND p.number IS NOT NULL UNION ALL "
    "SELECT p.number, c.author, c.trailers FROM pull_requests p "
    "JOIN pull_request_commits c ON c.pull_request_id = p.id "
    "WHERE ifnull(p.repo_slug, :slug) = :slug AND p.number IS NOT NULL"
)
_NOTES = (
    "SELECT p.number, n.sha FROM ai_notes n JOIN pull_requests p ON n.sha IN (p.merge_commit_sha, p.head_sha) "
    "WHERE n.repo_slug = :slug AND n.ai_lines > 0 AND ifnull(p.repo_slug, :slug) = :slug AND p.number IS NOT NULL "
    "UNION SELECT p.number, n.sha FROM ai_notes n JOIN pull_request_commits c ON c.sha = n.sha "
    "JOIN pull_requests p ON p.id = c.pull_request_id "
    "WHERE n.repo_slug = :slug AND n.ai_lines > 0 AND ifnull(p.repo_slug, :slug) = :slug AND p.number IS NOT NULL"
)


def stored_evidence(
    connection: sqlite3.Connection, repo_slug: str, traced_calls: Mapping[int, int] | None = None
) -> dict[int, frozenset[Evidence]]:
    """Return the evidence on every stored pull request of a repository, by number, those without any included.

    Read are the pull request, what its description said, its merge or squash commit, its head commit, the commits of
    its branch where it was merged, the git notes of all these, and the traced calls that belong to it.

    Args:
        connection: Connection to the store.
        repo_slug: ``owner/name``.
        traced_calls: Number of traced calls by pull request, where they were counted before; else they are now.
    """
    explained = explained_evidence(connection, repo_slug, traced_calls)
    return {number: frozenset(signs) for number, signs in explained.items()}


def explained_evidence(
    connection: sqlite3.Connection, repo_slug: str, traced_calls: Mapping[int, int] | None = None
) -> dict[int, tuple[Evidence, ...]]:
    """Return every sign on every stored pull request, by number, also those that differ only in what they rest on.

    The strongest stand first; see ``stored_evidence``.
    """
    repo_slug = one_spelling(repo_slug)
    calls = _traced_calls(connection, repo_slug) if traced_calls is None else traced_calls
    query = "SELECT * FROM pull_requests WHERE ifnull(repo_slug, :slug) = :slug AND number IS NOT NULL"
    found: dict[int, list[Evidence]] = {}
    for row in map(dict, connection.execute(query, {"slug": repo_slug})):
        signs = pull_request_signs(row, calls.get(row["number"], 0))
        found.setdefault(row["number"], []).extend(signs)
    for number, author, trailers in map(tuple, connection.execute(_COMMITS, {"slug": repo_slug})):
        found[number] += _signs_on(author, trailers)
    notes = noted_evidence(connection, repo_slug)
    for number, sha in map(tuple, connection.execute(_NOTES, {"slug": repo_slug})):
        found[number] += notes[sha]
    return {number: tuple(in_order(signs)) for number, signs in found.items()}


def explained_commits(connection: sqlite3.Connection, repo_slug: str) -> dict[str, tuple[Evidence, ...]]:
    """Return every sign on the stored commits of a repository that have any, by sha, newest first."""
    repo_slug = one_spelling(repo_slug)
    query = (
        "SELECT sha, author, trailers, min(timestamp) FROM commits WHERE ifnull(repo_slug, :slug) = :slug "
        "GROUP BY sha ORDER BY 4 DESC, sha"
    )
    notes = noted_evidence(connection, repo_slug)
    found = {
        sha: tuple(in_order((*_signs_on(author, trailers), *notes.get(sha, ()))))
        for sha, author, trailers, _ in map(tuple, connection.execute(query, {"slug": repo_slug}))
    }
    return {sha: signs for sha, signs in found.items() if signs}


def noted_evidence(connection: sqlite3.Connection, repo_slug: str) -> dict[str, tuple[Evidence, ...]]:
    """Return what git notes say of commits of a repository, by sha: a sign for each agent that wrote lines of one."""
    query = "SELECT sha, added_lines, agents FROM ai_notes WHERE repo_slug = ? AND ai_lines > 0"
    rows = map(tuple, connection.execute(query, (one_spelling(repo_slug),)))
    return {sha: tuple(_note_signs(sha, added, agents)) for sha, added, agents in rows}


def _note_signs(sha: str, added: int | None, agents: str) -> Iterator[Evidence]:
    for tool, model, lines in orjson.loads(agents):
        known = signatures().agents.get(tool.lower(), tool)
        of_all = f"{lines} lines" if added is None else f"{min(lines, added)} of {added} added lines"
        basis = f"a git note on {sha[:_SHORT_SHA]} marks {of_all} as its own"
        yield Evidence(known, "note", HIGH, model, basis)


def in_order(signs: Iterable[Evidence]) -> Iterator[Evidence]:
    """Yield each sign once, the strongest first."""
    different = {(sign, sign.model, sign.basis): sign for sign in signs}
    yield from sorted(
        different.values(), key=lambda sign: (CONFIDENCES.index(sign.confidence), sign.kind, sign.tool, sign.basis)
    )


@lru_cache(maxsize=_MOST_REMEMBERED)
def _signs_on(author: str | None, trailers: str | None) -> tuple[Evidence, ...]:
    """Return the signs on a commit; most commits of a repository have few different authors and trailers."""
    commit: dict[str, Any] = {"author": author, "trailers": trailers}
    return tuple(commit_signs(commit))


def _traced_calls(connection: sqlite3.Connection, repo_slug: str) -> dict[int, int]:
    """Return the number of calls of each pull request that has some."""
    claimed = claimed_calls(connection, repo_slug)
    if not claimed.any:
        return {}
    query = (
        f"SELECT {claimed.number} AS owner, count(*) FROM sessions s {claimed.joins} "
        "WHERE ifnull(s.repo_slug, :slug) = :slug GROUP BY 1 HAVING owner IS NOT NULL"
    )
    return dict(map(tuple, connection.execute(query, {"slug": repo_slug})))
