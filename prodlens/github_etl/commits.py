"""The walk through the commits of a repository's default branch.

GitHub lists them by date, but a branch that is merged late brings commits with old dates, far down in the list. So an
update is not over where known commits begin; it is over when no stored commit has a parent that is not stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from prodlens.github import EmptyRepositoryError, NotFoundError
from prodlens.github_etl.parsing import listed_commit, parent_shas
from prodlens.github_etl.stream import REACH, WHOLE_HISTORY
from prodlens.storage import upsert_commits

if TYPE_CHECKING:
    import sqlite3

    from prodlens.github import Answer
    from prodlens.github_etl.stream import StreamRun

QUESTION = {"per_page": "100"}


def walk_commits(run: StreamRun, since: str) -> None:
    """Store every commit of the default branch since the moment, going on with an interrupted walk.

    Raises:
        GithubError: The walk could not be ended; every page that was read is stored.
    """
    try:
        if (answer := run.resume()) is not None:
            _walk(run, answer)
        if (answer := run.ask_for_news(since)) is not None:
            _walk(run, answer)
    except EmptyRepositoryError:
        with run.page():
            run.start_walk(REACH, since)
            run.end_walk()
            run.is_current(run.now())
        return
    if (covered := run.lies_below(since)) is not None:
        answer = run.client.get(run.path, params={**run.question, "until": covered})
        run.start_walk(REACH, since)
        _walk(run, answer)


def _walk(run: StreamRun, answer: Answer) -> None:
    next_url = _store_page(run, answer, None)
    while next_url is not None:
        sha = dict(parse_qsl(urlsplit(next_url).query)).get("sha")
        try:
            answer = run.client.get(next_url)
        except NotFoundError:
            if sha is None:
                raise
            next_url = _give_up(run, sha)
        else:
            next_url = _store_page(run, answer, sha)


def _store_page(run: StreamRun, answer: Answer, asked: str | None) -> str | None:
    """Store a page and the state after it in one transaction; returns the next page, None at the walk's end."""
    items, floor = answer.rows(), _floor(run)
    rows, parents = _read(run, items, floor)
    all_older = bool(rows) and all(row["timestamp"] < floor for row in rows.values())
    with run.page() as conn:
        stored = _stored(conn, run.slug, rows.keys() | parents)
        upsert_commits(conn, rows.values())
        _note_missing(conn, run.slug, parents - rows.keys() - stored)
        if asked and asked not in rows:  # the answer brings us no further
            _forget_missing(conn, run.slug, asked)
        run.see(row["timestamp"] for row in rows.values())
        all_new = stored.isdisjoint(rows)
        next_url = _next_page(run, conn, answer.next_url, all_older=all_older, all_new=all_new)
        _leave_at(run, conn, next_url)
    run.written.update(rows)
    return next_url


def _read(run: StreamRun, items: list[dict[str, Any]], floor: str) -> tuple[dict[str, dict[str, Any]], set[str]]:
    """Return a page's rows by sha, and the parents of those that are not below the floor."""
    query = "SELECT default_branch FROM repositories WHERE repo_slug = ?"
    found = run.store.conn.execute(query, (run.slug,)).fetchone()
    branch = None if found is None else found[0]
    rows, parents = {}, set()
    for item in items:
        row = listed_commit(item, run.slug, branch)
        if row is not None:
            rows[row["sha"]] = row
            if row["timestamp"] >= floor:
                parents.update(parent_shas(item))
    return rows, parents


def _next_page(
    run: StreamRun, conn: sqlite3.Connection, listed_next: str | None, *, all_older: bool, all_new: bool
) -> str | None:
    """Return the page to read next: the listed one while all is new, else the history of a commit still missing."""
    if run.state.walk_kind == REACH:
        if all_older:
            return None
        if listed_next is not None:
            return listed_next
    missing = conn.execute("SELECT min(sha) FROM missing_commits WHERE repo_slug = ?", (run.slug,)).fetchone()[0]
    if missing is None:
        return None
    if listed_next is not None and all_new and not all_older:
        return listed_next
    return run.client.url(run.path, {**run.question, "sha": missing})


def _give_up(run: StreamRun, sha: str) -> str | None:
    """Go on without a commit that GitHub no longer has; returns the next page, None at the walk's end."""
    with run.page() as conn:
        _forget_missing(conn, run.slug, sha)
        next_url = _next_page(run, conn, None, all_older=False, all_new=False)
        _leave_at(run, conn, next_url)
    return next_url


def _leave_at(run: StreamRun, conn: sqlite3.Connection, next_url: str | None) -> None:
    """Note where the walk goes on, or that it has ended; what it did not find lies below what was asked for."""
    if next_url is not None:
        run.leave_walk_at(next_url)
        return
    conn.execute("DELETE FROM missing_commits WHERE repo_slug = ?", (run.slug,))
    run.end_walk()


def _floor(run: StreamRun) -> str:
    """Return the moment below which commits are of no interest to the walk."""
    if run.state.walk_kind == REACH:
        return run.state.walk_since or WHOLE_HISTORY
    return run.state.covered_since or WHOLE_HISTORY


def _stored(conn: sqlite3.Connection, slug: str, shas: set[str]) -> set[str]:
    """Return which of the commits were read from GitHub before."""
    marks = ", ".join("?" * len(shas))
    query = f"SELECT sha FROM commits WHERE sha IN ({marks}) AND ifnull(repo_slug, '') = ? AND from_github"
    return {row[0] for row in conn.execute(query, (*shas, slug))}


def _note_missing(conn: sqlite3.Connection, slug: str, parents: set[str]) -> None:
    """Note parents that are not stored, and forget those that are by now."""
    conn.executemany("INSERT OR IGNORE INTO missing_commits VALUES (?, ?)", [(slug, sha) for sha in sorted(parents)])
    waiting = [row[0] for row in conn.execute("SELECT sha FROM missing_commits WHERE repo_slug = ?", (slug,))]
    for sha in _stored(conn, slug, set(waiting)):
        _forget_missing(conn, slug, sha)


def _forget_missing(conn: sqlite3.Connection, slug: str, sha: str) -> None:
    conn.execute("DELETE FROM missing_commits WHERE repo_slug = ? AND sha = ?", (slug, sha))
