"""The walk through the commits of a repository's default branch.

GitHub lists them by date, but a branch that is merged late brings commits with old dates, far down in the list. So an
update is not over where known commits begin; it is over when no stored commit has a parent that is not stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from prodlens.github_client import EmptyRepositoryError, NotFoundError
from prodlens.github_records import listed_commit, parent_shas
from prodlens.github_tables import upsert_commits
from prodlens.sync_streams import REACH, WHOLE_HISTORY

if TYPE_CHECKING:
    import sqlite3

    from prodlens.github_client import Answer
    from prodlens.sync_streams import StreamRun

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
    with run.page() as conn:
        branch = conn.execute("SELECT default_branch FROM repositories WHERE repo_slug = ?", (run.slug,)).fetchone()
        listed = [(item, listed_commit(item, run.slug, branch and branch[0])) for item in answer.rows()]
        rows = {row["sha"]: row for _, row in listed if row is not None}
        known = _stored(conn, run.slug, set(rows))
        upsert_commits(conn, rows.values())
        floor = _floor(run)
        parents = {
            parent
            for item, row in listed
            if row is not None and row["timestamp"] >= floor
            for parent in parent_shas(item)
        }
        _note_missing(conn, run.slug, parents - rows.keys(), set(rows))
        run.see(row["timestamp"] for row in rows.values())
        if asked and asked not in rows:  # the answer brings us no further
            _forget_missing(conn, run.slug, asked)
        all_older = bool(rows) and all(row["timestamp"] < floor for row in rows.values())
        next_url = _next_page(run, conn, answer.next_url, all_older=all_older, all_new=not known)
        if next_url is None:
            conn.execute("DELETE FROM missing_commits WHERE repo_slug = ?", (run.slug,))
            run.end_walk()
        else:
            run.leave_walk_at(next_url)
    run.written.update(rows)
    return next_url


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
        if next_url is None:
            run.end_walk()
        else:
            run.leave_walk_at(next_url)
    return next_url


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


def _note_missing(conn: sqlite3.Connection, slug: str, parents: set[str], arrived: set[str]) -> None:
    missing = parents - _stored(conn, slug, parents)
    conn.executemany("INSERT OR IGNORE INTO missing_commits VALUES (?, ?)", [(slug, sha) for sha in sorted(missing)])
    conn.executemany("DELETE FROM missing_commits WHERE repo_slug = ? AND sha = ?", [(slug, sha) for sha in arrived])


def _forget_missing(conn: sqlite3.Connection, slug: str, sha: str) -> None:
    conn.execute("DELETE FROM missing_commits WHERE repo_slug = ? AND sha = ?", (slug, sha))
