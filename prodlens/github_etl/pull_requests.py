"""The walk through a repository's pull requests: most recently changed first, down to what is stored.

GitHub lists them in pages that move while they are read. One that changes moves to the top and pushes the rest down,
so a row may come twice; the one that moved is on the first page, which is asked for again. One that vanishes draws the
rest up, so the first row of the next page may come on no page at all. No page shows that, but a count does: how many
pull requests there are, and which is the newest, is asked before a walk and after it. Where the numbers differ by more
than what was opened in between, the walk begins again from the top. What a whole walk did not bring is gone.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from prodlens.github_etl.clone_pull_requests import forget_pull_requests_from_git
from prodlens.github_etl.parsing import listed_pull_request, listed_repository
from prodlens.github_etl.state import WHOLE_HISTORY
from prodlens.github_etl.stream import REACH, UPDATE
from prodlens.json_values import whole_number
from prodlens.storage import delete_pull_requests, marks, portions, put_listed_pull_requests
from prodlens.timestamps import parse_timestamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from prodlens.github import Answer
    from prodlens.github_etl.stream import StreamRun

PAGE_SIZE = 100
# The list has no ``since``.
QUESTION = {"state": "all", "sort": "updated", "direction": "desc", "per_page": str(PAGE_SIZE)}
# One row a page, the newest: the number of the last page is the number of pull requests.
COUNT_QUESTION = {"state": "all", "sort": "created", "direction": "desc", "per_page": "1"}
COUNT = "count"  # the kind of a walk that has read its pages and is not proven yet
# Many rows can share one second, and a replica can lag: what changed shortly before the cursor is read again.
_OVERLAP = timedelta(minutes=5)
_COUNTED_ANEW_AFTER = timedelta(days=1)
_PROVEN, _BEHIND, _MISSING = "nothing is missing", "some were opened since", "some vanished, and others with them"
_MOST_WALKS = 4
_MOST_ROUNDS = 10
_CHANGING = "GitHub's list of pull requests changed during every walk; the next run goes on"
# Rows that a caller inserted are not GitHub's to delete.
_FROM_GITHUB = "(node_id IS NOT NULL OR details IS NOT NULL)"
_LOG = logging.getLogger(__name__)


class _AnotherRepositoryError(Exception):
    """The name belongs to another repository than the stored rows; these were deleted."""


@dataclass(frozen=True, slots=True)
class _Count:
    """How many pull requests GitHub has, and the number of the newest."""

    total: int
    newest: int


def walk_pull_requests(run: StreamRun, since: str) -> None:
    """Store every pull request changed since the moment (``WHOLE_HISTORY``: all), going on with an interrupted walk.

    Afterwards the store holds those changed since then that GitHub has, and no others of the repository.

    Raises:
        GithubError: The walk could not be ended; every page that was read is stored.
    """
    from_the_top = False
    for _ in range(_MOST_WALKS):
        try:
            _read_news(run, since, from_the_top=from_the_top)
            outcome = _prove(run)
            if outcome == _PROVEN:
                return
            from_the_top = outcome == _MISSING
        except _AnotherRepositoryError:
            _LOG.warning("%s is another repository than before under the same name; it is read anew", run.slug)
    run.left_out = _CHANGING


def _read_news(run: StreamRun, since: str, *, from_the_top: bool) -> None:
    """Walk until the list is stored as it was at the last request; ``from_the_top``: all that is covered once more."""
    if run.state.walk_kind != COUNT:
        was_reaching = run.state.walk_kind == REACH
        if (answer := run.resume()) is not None:
            _store_pages(run, answer)
        elif was_reaching:  # its next page is gone, and what it was to cover is not
            from_the_top = True
    for _ in range(_MOST_ROUNDS):
        reaching = from_the_top or not run.state.covers(since)
        answer = _first_page_of_all(run, since) if reaching else run.ask_for_news()
        from_the_top = False
        if answer is None:
            return
        pages = _store_pages(run, answer)
        if pages == 1 or (pages == 2 and not reaching):  # noqa: PLR2004 - an update ends on an older page
            return


def _first_page_of_all(run: StreamRun, since: str) -> Answer:
    """Begin to ``REACH`` the moment and what was covered before; count before the first page where there are several.

    The page is asked for once more after the count, so that nothing can vanish from it unnoticed between the two.
    """
    state, started_at = run.state, run.now()
    reach = since if state.covered_since is None else min(since, state.covered_since)
    if state.covered_since is None:
        state.walk_since = reach  # shown also when a limit ends the run before the first page is stored
    first = run.client.get(run.path, params=run.question)
    if first.next_url is None or first.last_page is None:
        run.start_walk(REACH, reach, first, started_at)
        _note_count(run, None)
        return first
    counted = _counted(run)
    with run.page() as conn:
        run.start_walk(REACH, reach, first, started_at)
        run.leave_walk_at(run.conditional_url)
        _note_count(run, counted)
        _forget_seen(conn, run.slug)
        state.seen_since = None
    again = run.client.get(run.path, params=run.question, etag=first.etag)
    if again.unchanged:
        return first
    state.walk_etag = again.etag
    return again


def _store_pages(run: StreamRun, first: Answer) -> int:
    """Store a page and those after it to the walk's end; return how many were read."""
    starts_here = run.state.walk_next is None
    read = 0
    for answer in run.client.pages_from(first):
        read += 1
        if _store_page(run, answer, is_whole_list=starts_here and read == 1 and answer.next_url is None):
            break
    return read


def _store_page(run: StreamRun, answer: Answer, *, is_whole_list: bool) -> bool:
    """Store a page and the state after it in one transaction; return whether the walk has ended."""
    items = answer.rows()
    rows = [row for row in (listed_pull_request(item, run.slug) for item in items) if row is not None]
    if len(rows) < len(items):
        _LOG.warning(
            "%s: %d listed pull requests without number or time are left out", run.slug, len(items) - len(rows)
        )
    _note_repository(run, items)
    with run.page() as conn:
        forget_pull_requests_from_git(conn, run.slug)
        _delete_of_reused_numbers(conn, run.slug, rows)
        put_listed_pull_requests(conn, rows)
        if is_whole_list:
            _forget_seen(conn, run.slug)
        conn.executemany(
            "INSERT OR IGNORE INTO seen_pull_requests (repo_slug, id) VALUES (?, ?)",
            [(run.slug, row["id"]) for row in rows],
        )
        moments = [row["updated_at"] for row in rows]
        run.see(moments)
        next_url = answer.next_url
        ended = next_url is None or bool(moments and max(moments) < _stop_moment(run))
        if is_whole_list:
            _end_with_whole_list(run, conn, items)
        elif ended:
            _end_to_be_proven(run)
        elif next_url is not None:
            run.leave_walk_at(next_url)
    run.written.update(row["id"] for row in rows)
    return ended


def _end_with_whole_list(run: StreamRun, conn: sqlite3.Connection, items: list[dict[str, Any]]) -> None:
    """End a walk whose one page was the whole list: it is proof by itself."""
    numbers = [number for item in items if (number := whole_number(item.get("number"))) is not None]
    run.end_walk()
    _note_count(run, _Count(len(items), max(numbers, default=0)))
    run.state.counted_at = None  # whatever vanishes changes this page
    _delete_unseen(run, conn, WHOLE_HISTORY)


def _end_to_be_proven(run: StreamRun) -> None:
    """End a walk of several pages; where GitHub counts its pages, the count that proves it is still to be asked."""
    state = run.state
    if state.walk_kind == REACH:
        state.seen_since = run.floor
    run.end_walk()
    if state.total is not None:
        state.walk_kind, state.walk_next = COUNT, run.path


# Proof -------------------------------------------------------------------------------------------------------


def _prove(run: StreamRun) -> str:
    """Count again, and delete what vanished; return whether the walks since the last count missed something.

    Without news nothing is counted, but once a day: what vanishes below the first page leaves no other trace.
    """
    state = run.state
    if state.walk_kind != COUNT and not _is_due(run):
        return _PROVEN
    counted = _counted(run)
    if counted is None or state.total is None or state.newest is None:
        return _end_proof(run, counted)
    query = (
        "SELECT count(*), max(number) FROM pull_requests JOIN seen_pull_requests USING (repo_slug, id) "
        "WHERE repo_slug = ? AND number > ?"
    )
    opened, newest = run.store.conn.execute(query, (run.slug, state.newest)).fetchone()
    if counted.newest > (newest or state.newest):
        return _BEHIND
    return _end_proof(run, counted) if counted.total == state.total + opened else _MISSING


def _end_proof(run: StreamRun, counted: _Count | None) -> str:
    """Note the count, and delete what a whole walk did not bring."""
    run.state.forget_walk()
    _note_count(run, counted)
    with run.page() as conn:
        if run.state.seen_since is not None and counted is not None:
            _delete_unseen(run, conn, run.state.seen_since)
        _forget_seen(conn, run.slug)
        run.state.seen_since = None
    return _PROVEN


def _counted(run: StreamRun) -> _Count | None:
    """Ask how many pull requests there are; None where GitHub does not say."""
    answer = run.client.get(run.path, params=COUNT_QUESTION)
    rows = answer.rows()
    numbers = [whole_number(row.get("number")) for row in rows]
    total = answer.last_page if answer.next_url is not None else len(rows)
    if total is None or len(rows) > 1 or None in numbers:
        return None
    return _Count(total, max((number for number in numbers if number is not None), default=0))


def _note_count(run: StreamRun, counted: _Count | None) -> None:
    state = run.state
    state.total, state.newest = (None, None) if counted is None else (counted.total, counted.newest)
    state.counted_at = None if counted is None else run.now()


def _is_due(run: StreamRun) -> bool:
    """Tell whether a list of several pages was last counted a day ago."""
    if run.state.counted_at is None:
        return False
    counted_at, now = parse_timestamp(run.state.counted_at), parse_timestamp(run.now())
    return counted_at is not None and now is not None and now - counted_at >= _COUNTED_ANEW_AFTER


# Rows --------------------------------------------------------------------------------------------------------


def _note_repository(run: StreamRun, items: list[dict[str, Any]]) -> None:
    """Note the repository's number and default branch, the branch on stored commits too.

    Raises:
        _AnotherRepositoryError: The number is another one than before; every row of the old repository is deleted.
    """
    number, branch = listed_repository(items)
    query = "SELECT github_id, default_branch FROM repositories WHERE repo_slug = ?"
    known = run.store.conn.execute(query, (run.slug,)).fetchone() or (None, None)
    if number is not None and known[0] is not None and number != known[0]:
        _forget_repository(run)
        raise _AnotherRepositoryError
    if (number or known[0], branch or known[1]) == tuple(known):
        return
    with run.store.transaction() as conn:
        conn.execute(
            "INSERT OR REPLACE INTO repositories (repo_slug, github_id, default_branch) VALUES (?, ?, ?)",
            (run.slug, number or known[0], branch or known[1]),
        )
        conn.execute(
            "UPDATE commits SET branch = ? WHERE repo_slug = ? AND from_github AND branch IS NOT ?",
            (branch or known[1], run.slug, branch or known[1]),
        )


def _forget_repository(run: StreamRun) -> None:
    """Delete what is stored of a repository whose name belongs to another one now, and begin as with a new one."""
    run.state.forget_walk()
    run.state.covered_since = run.state.cursor = run.state.seen_since = None
    with run.page() as conn:
        query = f"SELECT id FROM pull_requests WHERE repo_slug = ? AND {_FROM_GITHUB}"
        delete_pull_requests(conn, [row[0] for row in conn.execute(query, (run.slug,))])
        conn.execute("DELETE FROM repositories WHERE repo_slug = ?", (run.slug,))


def _delete_of_reused_numbers(conn: sqlite3.Connection, slug: str, rows: Iterable[dict[str, Any]]) -> None:
    """Delete stored pull requests whose number belongs to another one now."""
    owners = {row["number"]: row["id"] for row in rows}
    stale: list[int] = []
    for numbers in portions(list(owners)):
        query = f"SELECT id, number FROM pull_requests WHERE repo_slug = ? AND number IN ({marks(numbers)})"
        stale += [row[0] for row in conn.execute(query, (slug, *numbers)) if owners[row[1]] != row[0]]
    delete_pull_requests(conn, stale)


def _delete_unseen(run: StreamRun, conn: sqlite3.Connection, since: str) -> None:
    """Delete the pull requests changed since the moment that no page brought: GitHub has them no more."""
    query = (
        f"SELECT id FROM pull_requests WHERE repo_slug = ? AND updated_at >= ? AND {_FROM_GITHUB} "
        "AND id NOT IN (SELECT id FROM seen_pull_requests WHERE repo_slug = ?)"
    )
    gone = [row[0] for row in conn.execute(query, (run.slug, since, run.slug))]
    delete_pull_requests(conn, gone)
    run.written.difference_update(gone)


def _forget_seen(conn: sqlite3.Connection, slug: str) -> None:
    conn.execute("DELETE FROM seen_pull_requests WHERE repo_slug = ?", (slug,))


def _stop_moment(run: StreamRun) -> str:
    """Return the moment at which the walk may stop: at the first page that is wholly older."""
    if run.state.walk_kind != UPDATE:
        return run.floor
    cursor = parse_timestamp(run.state.cursor)
    return WHOLE_HISTORY if cursor is None else (cursor - _OVERLAP).isoformat()
