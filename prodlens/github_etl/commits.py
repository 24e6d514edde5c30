"""The walk through the commits of a repository's default branch.

The history of a commit never changes, so a walk is pinned to the commit that the branch stands at when it begins: no
push, not even a forced one, moves the pages that follow. GitHub lists commits by date, but a branch that is merged
late brings commits with old dates, far down in the list. So an update is not over where known commits begin; it is
over when no stored commit has a parent that is not stored. What the stored parents do not join to the pinned commit is
no longer in the branch and is deleted.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from prodlens.github import EmptyRepositoryError, NotFoundError
from prodlens.github_etl.parsing import listed_commit, parent_shas
from prodlens.github_etl.state import clone_mark
from prodlens.github_etl.stream import REACH
from prodlens.json_values import clean_text
from prodlens.storage import marks, portions, put_listed_commits

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable

    from prodlens.github import Answer
    from prodlens.github_etl.stream import StreamRun

QUESTION = {"per_page": "100"}
_MOST_WALKS = 4
_LOG = logging.getLogger(__name__)


class _HistoryReplacedError(Exception):
    """GitHub no longer has the commit that the walk is pinned to."""


def walk_commits(run: StreamRun, since: str) -> None:
    """Store every commit of the default branch since the moment, going on with an interrupted walk.

    Afterwards the store holds those that the branch has, and none that only an earlier state of it had.

    Raises:
        GithubError: The walk could not be ended; every page that was read is stored.
    """
    for _ in range(_MOST_WALKS):
        try:
            _read_to_the_head(run, since)
        except EmptyRepositoryError:
            _store_empty(run, since)
        except _HistoryReplacedError:
            _LOG.warning("%s: the history was replaced while it was read; it is read anew", run.slug)
            run.state.forget_walk()
            continue
        return
    run.left_out = "the default branch was replaced during every walk; the next run goes on"


def _read_to_the_head(run: StreamRun, since: str) -> None:
    if (answer := run.resume()) is not None:
        _store_pages(run, answer)
    if not run.state.covers(since):
        started_at = run.now()
        first = run.client.get(run.path, params=run.question)
        run.start_walk(REACH, since, first, started_at)
        _store_pages(run, first)
    elif (answer := run.ask_for_news()) is not None:
        _store_pages(run, answer)


def _store_pages(run: StreamRun, first: Answer) -> None:
    """Store a page and what follows it to the walk's end: the rest of its list, then histories of missing commits."""
    answer: Answer | None = first
    listed_for = _pinned_to(run.state.walk_next)  # None: the first page, which says itself what to pin to
    while answer is not None:
        missing = _store_list(run, answer, listed_for)
        answer = None
        while missing is not None and answer is None:
            try:
                answer = run.client.get(run.path, params={**run.question, "sha": missing})
            except NotFoundError:
                missing = _give_up(run, missing)
        listed_for = missing


def _store_list(run: StreamRun, first: Answer, listed_for: str | None) -> str | None:
    """Store a list of commits as far as it is new; return a missing commit to go on with, None at the walk's end."""
    if listed_for is None:
        listed_for = run.state.walk_head = next((sha for sha in map(_sha, first.rows()) if sha), None)
    try:
        for page in run.client.pages_from(first, pinned={"sha": listed_for} if listed_for else None):
            goes_on, missing = _store_page(run, page, listed_for)
            if not goes_on:
                return missing
    except NotFoundError:
        raise _HistoryReplacedError from None
    return None


def _store_page(run: StreamRun, answer: Answer, listed_for: str | None) -> tuple[bool, str | None]:
    """Store a page and the state after it in one transaction.

    Returns:
        Whether the list's next page is wanted; else the missing commit whose history is, None at the walk's end.
    """
    items, floor = answer.rows(), run.floor
    with run.page() as conn:
        rows, parents = _read(conn, run.slug, items)
        too_old = {sha for sha, row in rows.items() if row["timestamp"] < floor}
        all_older = bool(rows) and len(too_old) == len(rows)
        wanted = {parent for sha, those in parents.items() if sha not in too_old for parent in those}
        stored, awaited = _stored(conn, run.slug, rows.keys() | wanted), _missing(conn, run.slug)
        _store_parents(conn, run.slug, parents, {listed_for, *awaited}, listed_for)
        put_listed_commits(conn, rows.values())
        still_missing = (awaited | (wanted - stored)) - rows.keys() - {listed_for}
        _note_missing(conn, run.slug, still_missing - awaited)
        _forget_missing(conn, run.slug, awaited - still_missing)
        run.see(row["timestamp"] for row in rows.values())
        missing = min(still_missing, default=None)
        if _wants_next_page(run, answer, missing, all_older=all_older, all_new=stored.isdisjoint(rows)):
            run.leave_walk_at(answer.next_url or "", {"sha": listed_for} if listed_for else None)
            goes_on = True
        else:
            missing = _leave_list(run, conn, None if run.state.walk_kind == REACH and all_older else missing)
            goes_on = False
    run.written.update(rows)
    return goes_on, missing


def _wants_next_page(run: StreamRun, answer: Answer, missing: str | None, *, all_older: bool, all_new: bool) -> bool:
    if answer.next_url is None or all_older:
        return False
    return run.state.walk_kind == REACH or (all_new and missing is not None)


def _leave_list(run: StreamRun, conn: sqlite3.Connection, missing: str | None) -> str | None:
    """Note that the walk goes on in the history of a missing commit, or has ended; return the commit."""
    if missing is not None:
        run.leave_walk_at(run.client.url(run.path, {**run.question, "sha": missing}))
        return missing
    conn.execute("DELETE FROM missing_commits WHERE repo_slug = ?", (run.slug,))  # they lie below what was asked for
    head = run.state.walk_head
    run.end_walk()
    from_clone = run.store.get_etag(clone_mark(run.slug)) is not None
    _delete_unreachable(conn, run.slug, head, and_of_clone=from_clone)
    run.store.set_etag(clone_mark(run.slug), None)
    return None


def _give_up(run: StreamRun, sha: str) -> str | None:
    """Go on without a commit that GitHub does not have; return another missing one, None at the walk's end."""
    with run.page() as conn:
        _forget_missing(conn, run.slug, [sha])
        return _leave_list(run, conn, _a_missing_commit(conn, run.slug))


def _store_empty(run: StreamRun, since: str) -> None:
    """Store that the repository has no commit."""
    with run.page() as conn:
        run.state.forget_walk()
        run.state.walk_kind, run.state.walk_since, run.state.walk_started_at = REACH, since, run.now()
        _leave_list(run, conn, None)


# Rows --------------------------------------------------------------------------------------------------------


def _read(
    conn: sqlite3.Connection, slug: str, items: list[dict[str, Any]]
) -> tuple[dict[str, dict[str, Any]], dict[str, list[str]]]:
    """Return the rows of a page's commits and the parents of all that have a name, both by sha.

    One without a readable time has no row.
    """
    found = conn.execute("SELECT default_branch FROM repositories WHERE repo_slug = ?", (slug,)).fetchone()
    branch = None if found is None else found[0]
    rows, parents = {}, {}
    for item in items:
        row = listed_commit(item, slug, branch)
        sha = _sha(item) if row is None else row["sha"]
        if sha is not None:
            parents[sha] = parent_shas(item)
        if row is not None:
            rows[row["sha"]] = row
    return rows, parents


def _sha(item: dict[str, Any]) -> str | None:
    return clean_text(item.get("sha"))


def _pinned_to(walk_next: str | None) -> str | None:
    return dict(parse_qsl(urlsplit(walk_next or "").query)).get("sha")


def _stored(conn: sqlite3.Connection, slug: str, shas: Collection[str]) -> set[str]:
    """Return which of the commits were read from GitHub before."""
    found: set[str] = set()
    for some in portions(sorted(shas)):
        query = f"SELECT sha FROM commits WHERE sha IN ({marks(some)}) AND ifnull(repo_slug, '') = ? AND from_github"
        found.update(row[0] for row in conn.execute(query, (*some, slug)))
    return found


def _store_parents(
    conn: sqlite3.Connection, slug: str, parents: dict[str, list[str]], reached: set[str | None], listed_for: str | None
) -> None:
    """Store the parents of a page's commits, and join those that nothing has reached with the list's head."""
    edges: list[tuple[str, str, str]] = []
    for sha, those in parents.items():
        if sha not in reached and listed_for is not None:
            edges.append((slug, listed_for, sha))
        reached.update(those)
        edges += [(slug, sha, parent) for parent in those]
    conn.executemany("INSERT OR IGNORE INTO commit_parents (repo_slug, sha, parent) VALUES (?, ?, ?)", edges)


def _delete_unreachable(conn: sqlite3.Connection, slug: str, head: str | None, *, and_of_clone: bool) -> None:
    """Delete the commits that are not in the history of the head, and what was noted of their parents.

    Commits that a caller stored are kept; a clone's are deleted as GitHub's are.
    """
    named = {"head": head, "slug": slug}
    is_loose = (
        "repo_slug = :slug AND sha IS NOT :head "
        "AND sha NOT IN (SELECT parent FROM commit_parents WHERE repo_slug = :slug)"
    )
    # No history has a circle. So where every commit but the head is the parent of another, the head leads to all.
    if conn.execute(f"SELECT 1 FROM commit_parents WHERE {is_loose} LIMIT 1", named).fetchone() is not None:
        conn.execute(
            "WITH RECURSIVE reachable (sha) AS (SELECT :head UNION "
            "SELECT p.parent FROM reachable r JOIN commit_parents p ON p.repo_slug = :slug AND p.sha = r.sha) "
            "DELETE FROM commit_parents WHERE repo_slug = :slug "
            "AND sha NOT IN (SELECT sha FROM reachable WHERE sha IS NOT NULL)",
            named,
        )
    # Whatever is left is reachable, so its parents and the head are all that is.
    conn.execute(f"DELETE FROM commits WHERE {is_loose} {'' if and_of_clone else 'AND from_github'}", named)


def _missing(conn: sqlite3.Connection, slug: str) -> set[str]:
    return {row[0] for row in conn.execute("SELECT sha FROM missing_commits WHERE repo_slug = ?", (slug,))}


def _a_missing_commit(conn: sqlite3.Connection, slug: str) -> str | None:
    query = "SELECT min(sha) FROM missing_commits WHERE repo_slug = ?"
    missing: str | None = conn.execute(query, (slug,)).fetchone()[0]
    return missing


def _note_missing(conn: sqlite3.Connection, slug: str, shas: Collection[str]) -> None:
    """Note parents that are not stored."""
    conn.executemany(
        "INSERT OR IGNORE INTO missing_commits (repo_slug, sha) VALUES (?, ?)", [(slug, sha) for sha in sorted(shas)]
    )


def _forget_missing(conn: sqlite3.Connection, slug: str, shas: Iterable[str]) -> None:
    conn.executemany("DELETE FROM missing_commits WHERE repo_slug = ? AND sha = ?", [(slug, sha) for sha in shas])
