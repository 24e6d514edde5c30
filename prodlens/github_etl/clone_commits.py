"""Commits from a clone, in the place of those that GitHub would list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prodlens.commits import USUAL_BRANCHES, read_history
from prodlens.github_etl.ai_notes import take_notes_from_clone
from prodlens.github_etl.clone_pull_requests import put_pull_requests_from_git
from prodlens.github_etl.state import COMMITS, clone_mark
from prodlens.slugs import one_spelling
from prodlens.storage import delete_commits_but, mark_reverted
from prodlens.timestamps import as_utc

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime
    from pathlib import Path

    from prodlens.storage import ProdLensStore


_PULL_REQUESTS_TOO = "pull-requests"  # in the mark of a reading that told of them


@dataclass(frozen=True, slots=True, kw_only=True)
class CloneReading:
    """What a clone gave: whether it stands in for GitHub, what to know of it, whether it told of pull requests."""

    taken: bool
    notes: tuple[str, ...] = ()
    has_pull_requests: bool = False


def take_commits_from_clone(
    store: ProdLensStore,
    folder: Path | str,
    slug: str,
    *,
    since: datetime,
    only_if_whole: bool = False,
    pull_requests: bool = False,
) -> CloneReading:
    """Store the commits of a clone's default branch since a moment, in the place of all others of the repository.

    What the clone's notes at ``refs/notes/ai`` say of them is stored too.

    Commits that an earlier reading or GitHub brought and that the branch no longer has are deleted, as after ``git
    commit --amend``. The next sync with GitHub reads its commits from the beginning.

    Args:
        store: Where to.
        folder: A folder of the clone.
        slug: The repository that it is of.
        since: Older commits are left out.
        only_if_whole: Leave the store as it is when the clone lacks a part of the default branch, or may be on another
            one, since GitHub can be asked instead.
        pull_requests: Whether to store the merged pull requests too that the history tells of; GitHub's go before them.

    Raises:
        GitHistoryError: The clone cannot be read.
        StorageError: The store cannot be written.
    """
    slug, start = one_spelling(slug), as_utc(since).isoformat()
    mark = clone_mark(slug)
    head, read_since, extent = [*(store.get_etag(mark) or "").split(" "), "", ""][:3]
    is_covered = bool(read_since) and read_since <= start and (extent == _PULL_REQUESTS_TOO or not pull_requests)
    history = read_history(
        folder,
        repo_slug=slug,
        since=since,
        known_head=head if is_covered else None,
        default_branch=known_default_branch(store, slug),
        pull_requests=pull_requests,
    )
    notes = []
    if history.shallow:
        notes.append("The clone is shallow, so older commits are missing: `git fetch --unshallow` brings them.")
    if not history.is_default and history.branch not in USUAL_BRANCHES:
        notes.append(
            f"The clone does not say which its default branch is: commits were read from {history.branch or 'HEAD'}. "
            "`git remote set-head origin --auto` tells it."
        )
    if history.undated:
        notes.append(f"{history.undated} commits with a date outside the calendar were left out.")
    if only_if_whole and not history.whole:
        return CloneReading(taken=False)
    if history.shallow or not is_covered or history.head != head:
        with store.transaction() as conn:
            store.insert_commits(history.commits)
            delete_commits_but(conn, slug, [commit["sha"] for commit in history.commits], since=start)
            forget_github_commits(conn, slug)
            if pull_requests:
                put_pull_requests_from_git(conn, slug, history.pull_requests, history.branch, since=start)
            mark_reverted(conn, slug)
            store.set_etag(mark, f"{history.head} {start}{f' {_PULL_REQUESTS_TOO}' if pull_requests else ''}")
    take_notes_from_clone(store, folder, slug, shallow=history.shallow)
    query = "SELECT 1 FROM pull_requests WHERE repo_slug = ? AND id < 0 LIMIT 1"
    told = pull_requests and store.conn.execute(query, (slug,)).fetchone() is not None
    return CloneReading(taken=True, notes=tuple(notes), has_pull_requests=told)


def known_default_branch(store: ProdLensStore, slug: str) -> str | None:
    """Return the default branch as the last sync with GitHub saw it; None without one."""
    query = "SELECT default_branch FROM repositories WHERE repo_slug = ?"
    row = store.conn.execute(query, (one_spelling(slug),)).fetchone()
    return None if row is None else row[0]


def forget_github_commits(conn: sqlite3.Connection, slug: str) -> None:
    """Forget how far the commits are synced with GitHub, since others have taken their place."""
    conn.execute("DELETE FROM sync_streams WHERE repo_slug = ? AND stream = ?", (slug, COMMITS))
    for table in ("missing_commits", "commit_parents"):
        conn.execute(f"DELETE FROM {table} WHERE repo_slug = ?", (slug,))
