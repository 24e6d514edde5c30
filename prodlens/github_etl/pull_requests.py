"""The walk through a repository's pull requests: most recently changed first, down to what is stored."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from prodlens.github_etl.parsing import default_branch, listed_pull_request
from prodlens.github_etl.stream import REACH, WHOLE_HISTORY
from prodlens.storage import upsert_pull_requests
from prodlens.timestamps import parse_timestamp

if TYPE_CHECKING:
    import sqlite3

    from prodlens.github import Answer
    from prodlens.github_etl.stream import StreamRun

PAGE_SIZE = 100
# The list has no ``since``.
QUESTION = {"state": "all", "sort": "updated", "direction": "desc", "per_page": str(PAGE_SIZE)}
# Many rows can share one second, and a replica can lag: what changed shortly before the cursor is read again.
_OVERLAP = timedelta(minutes=5)
_LOG = logging.getLogger(__name__)


def walk_pull_requests(run: StreamRun, since: str) -> None:
    """Store every pull request changed since the moment (``WHOLE_HISTORY``: all), going on with an interrupted walk.

    Raises:
        GithubError: The walk could not be ended; every page that was read is stored.
    """
    if (answer := run.resume()) is not None:
        _walk(run, answer)
    if (answer := run.ask_for_news(since)) is not None:
        _walk(run, answer)
    if (covered := run.lies_below(since)) is not None:
        answer = _page_below(run, covered)
        run.start_walk(REACH, since)
        _walk(run, answer)


def _page_below(run: StreamRun, covered: str) -> Answer:
    """Return the page on which what is covered ends; the number of stored rows tells which."""
    query = "SELECT count(*) FROM pull_requests WHERE repo_slug = ? AND updated_at >= ?"
    above = run.store.conn.execute(query, (run.slug, covered)).fetchone()[0]
    page = max(1, above // PAGE_SIZE)
    answer = run.client.get(run.path, params={**run.question, "page": str(page)})
    first = next(iter(answer.rows()), None)
    row = listed_pull_request(first, run.slug) if first else None
    if page > 1 and (row is None or row["updated_at"] < covered):  # some are gone from the list: look from its top
        answer = run.client.get(run.path, params=run.question)
    return answer


def _walk(run: StreamRun, answer: Answer) -> None:
    next_url = _store_page(run, answer)
    while next_url is not None:
        next_url = _store_page(run, run.client.get(next_url))


def _store_page(run: StreamRun, answer: Answer) -> str | None:
    """Store a page and the state after it in one transaction; returns the next page, None at the walk's end."""
    items = answer.rows()
    rows = [row for row in (listed_pull_request(item, run.slug) for item in items) if row is not None]
    if len(rows) < len(items):
        _LOG.warning(
            "%s: %d listed pull requests without number or time are left out", run.slug, len(items) - len(rows)
        )
    next_url = answer.next_url
    with run.page() as conn:
        upsert_pull_requests(conn, rows)
        if branch := default_branch(items):
            _note_default_branch(conn, run.slug, branch)
        moments = [row["updated_at"] for row in rows]
        run.see(moments)
        stop = _stop_moment(run)
        if next_url is None or (moments and max(moments) < stop):
            run.end_walk()
            next_url = None
        else:
            run.leave_walk_at(next_url)
    run.written.update(row["id"] for row in rows)
    return next_url


def _note_default_branch(conn: sqlite3.Connection, slug: str, branch: str) -> None:
    """Note the branch, also on commits that were stored before any pull request named it."""
    known = conn.execute("SELECT default_branch FROM repositories WHERE repo_slug = ?", (slug,)).fetchone()
    if known is None or known[0] != branch:
        conn.execute("INSERT OR REPLACE INTO repositories VALUES (?, ?)", (slug, branch))
        conn.execute("UPDATE commits SET branch = ? WHERE repo_slug = ? AND branch IS NULL", (branch, slug))


def _stop_moment(run: StreamRun) -> str:
    """Return the moment at which the walk may stop: at the first page that is wholly older."""
    if run.state.walk_kind == REACH:
        return run.state.walk_since or WHOLE_HISTORY
    cursor = parse_timestamp(run.state.cursor)
    return WHOLE_HISTORY if cursor is None else (cursor - _OVERLAP).isoformat()
