"""Pull requests and commits of a run: from the clone where it has them all, else from GitHub."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from prodlens.action.gathering.outcome import Failure
from prodlens.commits import GitHistoryError, origin_slug, read_history
from prodlens.github import addresses
from prodlens.slugs import split_slug

if TYPE_CHECKING:
    from prodlens.action.gathering.outcome import Gathered
    from prodlens.action.job import Job

_NOT_LOGGED_IN = (
    "No GitHub token, so no pull requests were read: set GITHUB_TOKEN or run `gh auth login`; "
    "with --offline nothing is asked of GitHub."
)

_SHALLOW = "The clone is shallow, so older commits are missing: `git fetch --unshallow` brings them."


def gather_commits(job: Job, gathered: Gathered) -> None:
    """Read the commits of the repository that the clone is of; the others' come from GitHub."""
    slug = cloned_repository(job)
    if slug is None:
        return
    mark = f"git:{slug}:{job.history_start.date()}"
    with job.environment.progress("Reading the history of the clone"):
        history = read_history(
            job.options.clone or Path(), repo_slug=slug, since=job.history_start, known_head=job.store.get_etag(mark)
        )
        with job.store.transaction():
            job.store.insert_commits(history.commits)
            job.store.set_etag(mark, history.head)
    if history.shallow:
        gathered.notes.append(
            "The clone is shallow, so older commits are missing: `git fetch --unshallow` brings them."
        )


def cloned_repository(job: Job) -> str | None:
    """Return the repository whose commits the clone gives, or None.

    That is the repository of the clone's ``origin`` if it is reported on. A clone named with ``--clone`` whose origin
    names none is of the only repository reported on.
    """
    try:
        slug = origin_slug(job.options.clone or Path())
    except GitHistoryError:
        return job.repositories[0] if job.options.clone and len(job.repositories) == 1 else None
    return slug if slug in job.repositories else None


def gather_from_github(job: Job, gathered: Gathered) -> None:
    """Sync pull requests, and the commits that no clone gives, when there is a token.

    A stream that fails for good is noted and leaves the others to run.
    """
    if job.options.offline:
        return
    if not job.token:
        gathered.notes.append(_NOT_LOGGED_IN)
        return
    from prodlens.github_etl import COMMITS, PULL_REQUESTS, GithubETL

    etl = GithubETL(job.store, **addresses(job.environment.environ), budget=job.budget)
    cloned = cloned_repository(job)
    for slug in job.repositories:
        streams = (PULL_REQUESTS,) if slug == cloned else (PULL_REQUESTS, COMMITS)
        with job.environment.progress(f"Syncing {slug} with GitHub"):
            outcome = etl.sync(*split_slug(slug), token=job.token, since=job.history_start, streams=streams)
        gathered.failures += [
            Failure(stream.replace("_", " "), error, slug) for stream, error in outcome.failures.items()
        ]
        if outcome.partial and not outcome.failures:
            gathered.notes.append(
                f"{slug}: the sync with GitHub stopped before it had everything; the next run goes on there."
            )
