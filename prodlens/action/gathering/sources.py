"""What a run gathers into the store, and what it did not have: traces, commits, pull requests.

Every ``gather_`` function returns notes for the reader: what was missing and what to do about it.
"""

from __future__ import annotations

import glob
import shutil
import subprocess
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from prodlens.commits import GitHistoryError, origin_slug, read_history
from prodlens.errors import ConfigurationError, GithubError, InputNotFoundError
from prodlens.github import GithubClient, PermissionMissingError, addresses
from prodlens.slugs import is_slug, split_slug
from prodlens.storage import SIMULATED_MARK
from prodlens.timestamps import day_of, day_start

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from prodlens.action.anonymize import Anonymizer
    from prodlens.action.environment import LocalOptions, RunEnvironment
    from prodlens.action.settings import Settings
    from prodlens.github import RequestBudget
    from prodlens.storage import ProdLensStore
    from prodlens.trace_ingestion import TraceIngestor

_GH_TIMEOUT_SECONDS = 10
_NOT_LOGGED_IN = (
    "No GitHub token, so no pull requests were read: set GITHUB_TOKEN or run `gh auth login`; "
    "with --offline nothing is asked of GitHub."
)
_TRACE_FOLDERS = (".claude/projects", ".codex/sessions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run: what it was asked, where it works, and the repositories it reports on."""

    store: ProdLensStore
    settings: Settings
    desk: LocalOptions
    world: RunEnvironment
    repositories: tuple[str, ...]
    people: Mapping[str, str]
    token: str = field(repr=False)
    budget: RequestBudget
    prepare: Anonymizer | None = None

    @property
    def simulated(self) -> bool:
        """Whether the store holds a simulated team, to which nothing real is added."""
        return self.store.get_last_checkpoint(SIMULATED_MARK) is not None

    @property
    def history_start(self) -> datetime:
        """The moment from which on commits and pull requests are gathered: that of the window and of the history."""
        zone = self.settings.timezone
        first = day_of(self.world.now, zone) - timedelta(days=self.settings.history_days)
        return day_start(min(first, self.settings.since), zone)

    @property
    def kept_since(self) -> datetime:
        """The moment from which on rows stay in the cache; nothing that is gathered is dropped again."""
        zone = self.settings.timezone
        oldest = day_start(day_of(self.world.now, zone) - timedelta(days=self.settings.keep_days), zone)
        return min(oldest, self.history_start)

    @property
    def owner(self) -> str | None:
        """The repository of calls that name none: the only one reported on."""
        return self.repositories[0] if len(self.repositories) == 1 else None


def named_repositories(settings: Settings, desk: LocalOptions) -> tuple[str, ...]:
    """Return the repositories to report on: those named, else the clone's own.

    Raises:
        ConfigurationError: None was named and the clone names none either.
    """
    if settings.repository:
        return settings.repository
    try:
        return (origin_slug(desk.clone or Path()),)
    except GitHistoryError as error:
        raise ConfigurationError(
            f"repository: {error} (run this inside a clone of it, or say --repository owner/name)"
        ) from error


def gather_trace_artifacts(job: Job) -> list[str]:
    """Ingest the trace artifacts of the workflow's repository, at a desk of those reported on; each artifact once.

    Raises:
        ConfigurationError: On the runner: the token may not list artifacts.
        GithubError: On the runner: GitHub refused or failed for good; what was ingested is stored.
    """
    if not job.settings.trace_artifacts or not job.token or job.simulated:
        return []
    environ = job.world.environ
    own = environ.get("GITHUB_REPOSITORY", "") if job.world.in_actions else ""
    notes = []
    for slug in (own,) if is_slug(own) else job.repositories:
        try:
            notes += _ingest_artifacts(job, slug)
        except GithubError as error:
            if not job.world.in_actions:
                notes.append(f"{slug}: trace artifacts were not read: {error}")
            elif isinstance(error, PermissionMissingError):
                raise ConfigurationError(f"trace-artifacts: {error}; or give an empty trace-artifacts") from error
            else:
                raise
    return notes


def gather_traces(job: Job) -> list[str]:
    """Ingest ``trace-paths``; calls that name no repository belong to the only one reported on.

    Raises:
        InputNotFoundError: A path without wildcards is not there; nothing was ingested.
    """
    patterns = [pattern for pattern in job.settings.trace_paths if _names_something(pattern)]
    if not patterns:
        return [] if job.simulated or _needs_no_paths(job) else [_no_traces(job)]
    ingestor = _ingestor(job)
    done = []
    for pattern in patterns:
        with job.world.progress(f"Reading {pattern}"):
            done += ingestor.ingest([pattern], repo_slug=job.owner, now=job.world.now)
    if not done:
        return [_no_traces(job)]
    if dead := sum(source.dead for source in done):
        letters = ingestor.dead_letters.folder
        return [f"{dead} lines could not be used: prod-lens dead-letters --dead-letter-dir {letters} says why."]
    return []


def gather_commits(job: Job) -> list[str]:
    """Read the commits of the repository that the clone is of; the others' come from GitHub."""
    if job.simulated:
        return ["This database holds a simulated team; nothing real was added to it."]
    slug = cloned_repository(job)
    if slug is None:
        return []
    mark = f"git:{slug}:{job.history_start.date()}"
    with job.world.progress("Reading the history of the clone"):
        history = read_history(
            job.desk.clone or Path(), repo_slug=slug, since=job.history_start, known_head=job.store.get_etag(mark)
        )
        with job.store.transaction():
            job.store.insert_commits(history.commits)
            job.store.set_etag(mark, history.head)
    if history.shallow:
        return ["The clone is shallow, so older commits are missing: `git fetch --unshallow` brings them."]
    return []


def cloned_repository(job: Job) -> str | None:
    """Return the repository whose commits the clone gives: the one it is said to be of, else its origin's if asked for.

    A clone named with ``--clone`` is of the only repository reported on when its origin names none.
    """
    try:
        slug = origin_slug(job.desk.clone or Path())
    except GitHistoryError:
        return job.repositories[0] if job.desk.clone and len(job.repositories) == 1 else None
    return slug if slug in job.repositories else None


def gather_pull_requests(job: Job) -> list[str]:
    """Sync pull requests, and the commits that no clone gives, when a token is at hand.

    Raises:
        GithubError: GitHub refused or failed for good; what was read is stored.
    """
    if job.desk.offline or job.simulated:
        return []
    if not job.token:
        return [_NOT_LOGGED_IN]
    from prodlens.github_etl import GithubETL, sync_state

    etl = GithubETL(
        job.store,
        **addresses(job.world.environ),
        budget=job.budget,
    )
    cloned = cloned_repository(job)
    notes = []
    for slug in job.repositories:
        with job.world.progress(f"Syncing {slug} with GitHub"):
            etl.sync_pull_requests(*split_slug(slug), token=job.token, since=job.history_start)
            if slug != cloned:
                etl.sync_commits(*split_slug(slug), token=job.token, since=job.history_start)
        if sync_state(job.store, slug)["partial"]:
            notes.append(f"{slug}: the sync with GitHub stopped before it had everything; the next run goes on there.")
    return notes


def token_at_hand(settings: Settings, desk: LocalOptions, world: RunEnvironment) -> str:
    """Return the token of the input, the environment or the GitHub CLI; empty when there is none, and offline."""
    if desk.offline:
        return ""
    return settings.token or world.environ.get("GITHUB_TOKEN", "") or _gh_token()


def _ingest_artifacts(job: Job, slug: str) -> list[str]:
    from prodlens.action.artifacts.upload import new_session
    from prodlens.action.gathering.trace_artifacts import ingest_trace_artifacts

    environ = job.world.environ
    number = environ.get("GITHUB_REPOSITORY_ID", "") if job.world.in_actions else ""
    client = GithubClient(token=job.token, **addresses(environ), budget=job.budget)
    with (
        job.world.progress(f"Reading the trace artifacts of {slug}"),
        tempfile.TemporaryDirectory() as scratch,
        new_session() as session,
        closing(client),
    ):
        return ingest_trace_artifacts(
            job.store,
            _ingestor(job),
            client,
            slug,
            job.settings.trace_artifacts,
            session=session,
            repository_id=int(number) if number.isdecimal() else None,
            owner=job.owner,
            now=job.world.now,
            scratch=Path(scratch),
            cache_name=job.settings.cache_artifact,
        )


def _ingestor(job: Job) -> TraceIngestor:
    from prodlens.trace_ingestion import TraceIngestor

    folder = job.desk.database.parent
    return TraceIngestor(
        job.store,
        dead_letter_dir=folder / "dead-letter",
        parquet_dir=folder / "parquet",
        people={} if job.prepare else job.people,  # the anonymizer joins people before it hides them
        prepare=job.prepare,
    )


def _needs_no_paths(job: Job) -> bool:
    """Whether a run on the runner has calls without ``trace-paths``: from artifacts, its own or an earlier run's."""
    has_calls = "SELECT 1 FROM sessions LIMIT 1"
    return job.world.in_actions and job.store.conn.execute(has_calls).fetchone() is not None


def _names_something(pattern: str) -> bool:
    if glob.has_magic(pattern):
        return next(glob.iglob(pattern, recursive=True), None) is not None  # noqa: PTH207 - absolute patterns too
    if not Path(pattern).exists():
        raise InputNotFoundError(f"trace-paths: no such file or folder: {pattern}")
    return True


def _no_traces(job: Job) -> str:
    if job.settings.trace_paths:
        return f"No trace files in {', '.join(job.settings.trace_paths)}: no calls were added."
    home = job.world.environ.get("HOME")
    here = [str(Path(home, folder)) for folder in _TRACE_FOLDERS if home and Path(home, folder).is_dir()]
    if here and not job.world.in_actions:
        return f"No traces were named; this machine has some: --trace-paths {' --trace-paths '.join(here)}"
    artifacts = " or ".join(job.settings.trace_artifacts)
    return (
        "No traces were named: give files, folders or globs of LiteLLM, OpenTelemetry, Claude Code or Codex logs "
        f"with trace-paths{f', or upload them as an artifact called {artifacts}' if artifacts else ''}."
    )


def _gh_token() -> str:
    """Return the token of the GitHub CLI, where it is installed and logged in."""
    program = shutil.which("gh")
    if program is None:
        return ""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command of the GitHub CLI
            [program, "auth", "token"], capture_output=True, text=True, timeout=_GH_TIMEOUT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
