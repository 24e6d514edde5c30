"""Pull requests and commits of a run: from the clone where it has them all, else from GitHub."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from prodlens.action.gathering.outcome import Failure
from prodlens.commits import GitHistoryError, origin_slug
from prodlens.github import addresses
from prodlens.github_etl import COMMITS, PULL_REQUESTS, take_commits_from_clone
from prodlens.slugs import split_slug

if TYPE_CHECKING:
    from prodlens.action.gathering.outcome import Gathered
    from prodlens.action.job import Job

_NOT_LOGGED_IN = (
    "No GitHub token, so no pull requests were read: set GITHUB_TOKEN or run `gh auth login`; "
    "with --offline nothing is asked of GitHub."
)
_FROM_GIT = (
    "{}: merged pull requests were read from the clone's merge commits and squashes. When they were opened is not "
    "known, and those that are open or were never merged are missing; with a token GitHub tells them."
)

_NO_CLONE = (
    "No clone of {} was read, so commits and merged pull requests are missing: {}. "
    "If a folder here is its clone, name it with --clone."
)


def gather_delivery(job: Job, gathered: Gathered) -> None:
    """Sync pull requests from GitHub when there is a token, then commits from the clone or else from GitHub.

    A stream that fails for good is noted and leaves the others to run.
    """
    cloned = cloned_repository(job, gathered)
    asks = bool(job.token) and not job.options.offline
    for slug in job.repositories:
        if asks:
            _sync(job, gathered, slug, PULL_REQUESTS)  # first, since it tells which the default branch is
        taken = slug == cloned and _take_from_clone(job, gathered, slug, only_if_whole=asks)
        if asks and not taken:
            _sync(job, gathered, slug, COMMITS)
    if not asks and not job.options.offline and not any(slug == cloned for slug in job.repositories):
        gathered.notes.append(_NOT_LOGGED_IN)


def cloned_repository(job: Job, gathered: Gathered) -> str | None:
    """Return the repository whose commits the clone may give, or None.

    That is the repository of the clone's ``origin`` if it is reported on. A clone named with ``--clone`` whose origin
    names none is of the only repository reported on. A clone that is not read is noted, with the reason.
    """
    folder = job.options.clone or Path()
    reported = ", ".join(job.repositories)
    try:
        slug = origin_slug(folder)
    except GitHistoryError as error:
        if job.options.clone and len(job.repositories) == 1:
            return job.repositories[0]
        if job.options.offline:
            gathered.notes.append(_NO_CLONE.format(reported, error))
        return None
    if slug in job.repositories:
        return slug
    if job.options.clone or not job.environment.in_actions:
        gathered.notes.append(f"The clone in {folder.resolve()} is of {slug}, not of {reported}: it was not read.")
    return None


def _take_from_clone(job: Job, gathered: Gathered, slug: str, *, only_if_whole: bool) -> bool:
    """Read the commits of a clone; return whether it stands in for GitHub.

    Raises:
        GitHistoryError: The clone cannot be read, and there is no other place for the commits.
    """
    try:
        with job.environment.progress("Reading the history of the clone"):
            reading = take_commits_from_clone(
                job.store,
                job.options.clone or Path(),
                slug,
                since=job.history_start,
                only_if_whole=only_if_whole,
                pull_requests=not only_if_whole,
            )
    except GitHistoryError as error:
        if not only_if_whole:
            raise
        gathered.notes.append(f"{slug}: the clone was not read, and its commits come from GitHub: {error}.")
        return False
    gathered.notes += reading.notes
    if reading.has_pull_requests:
        gathered.notes.append(_FROM_GIT.format(slug))
    elif not only_if_whole and not job.options.offline:
        gathered.notes.append(_NOT_LOGGED_IN)
    return reading.taken


def _sync(job: Job, gathered: Gathered, slug: str, stream: str) -> None:
    """Sync one stream of a repository with GitHub, and note why it is not whole."""
    from prodlens.github_etl import GithubETL

    etl = GithubETL(job.store, **addresses(job.environment.environ), budget=job.budget)
    with job.environment.progress(f"Syncing the {stream.replace('_', ' ')} of {slug} with GitHub"):
        outcome = etl.sync(*split_slug(slug), token=job.token, since=job.history_start, streams=(stream,))
    gathered.failures += [Failure(stream.replace("_", " "), error, slug) for error in outcome.failures.values()]
    if not outcome.failures and outcome.partial and not any(slug in note for note in gathered.notes):
        gathered.notes.append(
            f"{slug}: the sync with GitHub stopped before it had everything; the next run goes on there."
        )
