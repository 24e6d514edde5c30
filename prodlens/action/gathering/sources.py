"""Everything a run takes into the store: trace artifacts, trace files, commits and pull requests.

A source that fails does not keep the others from being read.
"""

from __future__ import annotations

import glob
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from prodlens.action.gathering import delivery
from prodlens.action.gathering.outcome import Failure, Gathered
from prodlens.action.gathering.own_sessions import find_sessions, unreadable_sessions
from prodlens.commits import GitHistoryError, committer_here, origin_slug
from prodlens.errors import ConfigurationError, GithubError
from prodlens.github import GithubClient, PermissionMissingError, addresses
from prodlens.slugs import is_slug

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prodlens.action.environment import LocalOptions
    from prodlens.action.job import Job
    from prodlens.action.settings import Settings
    from prodlens.trace_ingestion import Ingestion, TraceIngestor


def named_repositories(settings: Settings, options: LocalOptions) -> tuple[str, ...]:
    """Return the repositories to report on: those named, else the clone's own.

    Raises:
        ConfigurationError: No repository was named, and the clone names none either.
    """
    if settings.repository:
        return settings.repository
    try:
        return (origin_slug(options.clone or Path()),)
    except GitHistoryError as error:
        raise ConfigurationError(
            f"repository: {error} (run this inside a clone of your repository, or name it: --repository owner/name)"
        ) from error


def gather(job: Job) -> Gathered:
    """Fill the store from every source. A simulated team's store is left as it is.

    Raises:
        StorageError: The store, the lake or the dead letters cannot be written.
    """
    if job.store.simulated:
        return Gathered(notes=["This database holds a simulated team; nothing real was added to it."])
    gathered = Gathered()
    try:
        gathered.notes += gather_trace_artifacts(job)
    except (GithubError, ConfigurationError) as error:
        gathered.failures.append(Failure("trace artifacts", error))
    gathered.notes += gather_traces(job)
    delivery.gather_delivery(job, gathered)
    return gathered


def gather_trace_artifacts(job: Job) -> list[str]:
    """Ingest each trace artifact once: from the workflow's repository on a runner, else from the reported ones.

    Raises:
        ConfigurationError: On a runner: the token may not list artifacts.
        GithubError: On a runner: GitHub refused or failed for good; what was ingested is stored.
    """
    if not job.settings.trace_artifacts or not job.token:
        return []
    in_actions = job.environment.in_actions
    own = job.environment.environ.get("GITHUB_REPOSITORY", "") if in_actions else ""
    notes = []
    for slug in (own,) if is_slug(own) else job.repositories:
        try:
            notes += _ingest_artifacts(job, slug)
        except PermissionMissingError as error:
            if in_actions:
                raise ConfigurationError(f"trace-artifacts: {error}; or give an empty trace-artifacts") from error
            notes.append(f"{slug}: trace artifacts were not read: {error}")
        except GithubError as error:
            if in_actions:
                raise
            notes.append(f"{slug}: trace artifacts were not read: {error}")
    return notes


def gather_traces(job: Job) -> list[str]:
    """Ingest ``trace-paths``, and without any, in a local run, what the tools of this machine keep.

    Calls that name no repository belong to the only one reported on.
    """
    patterns = job.settings.trace_paths
    if not patterns and not job.environment.in_actions:
        return _gather_own_sessions(job)
    if not patterns:
        return [] if _has_calls(job) else [_no_traces(job)]
    ingestor = _ingestor(job, in_workflow=job.environment.in_actions)
    ingested, notes = [], []
    for pattern in patterns:
        if not _matches(pattern):
            notes.append(f"No trace files in {pattern}: no calls were added from there.")
            continue
        with job.environment.progress(f"Reading {pattern}"):
            ingested += ingestor.ingest([pattern], repo_slug=job.owner, now=job.environment.now)
    if not ingested and not notes:
        notes.append(f"No trace files in {', '.join(patterns)}: no calls were added.")
    return [*notes, *_unusable(ingested, ingestor)]


def _gather_own_sessions(job: Job) -> list[str]:
    """Ingest the sessions of this repository that the tools of this machine keep, and say which were left out."""
    environ = job.environment.environ
    with job.environment.progress("Looking for sessions of this repository"):
        found = find_sessions(environ, job.options.clone or Path(), job.repositories)
    ingestor, ingested, person = _ingestor(job, in_workflow=False), [], _user(job)
    for kept in found:
        for slug, paths in kept.own.items():
            with job.environment.progress(f"Reading the sessions of {kept.tool}"):
                ingested += ingestor.ingest(paths, repo_slug=slug, now=job.environment.now, person=person)
    notes = [kept.sentence for kept in found] + unreadable_sessions(environ)
    if not ingested and not _has_calls(job):
        notes.append(_no_traces(job))
    return [*notes, *_unusable(ingested, ingestor)]


def _user(job: Job) -> str | None:
    """Return who works on this machine, as the clone's commits name them; None where that is unknown or not wanted."""
    found = committer_here(job.options.clone or Path())
    if found is None or job.anonymize is not None:
        return None
    name, address = found
    return job.people.get(address, name)


def _unusable(ingested: Sequence[Ingestion], ingestor: TraceIngestor) -> list[str]:
    """Return what there is to say of records that could not be used."""
    from prodlens.trace_ingestion import fault_note

    notes = []
    if dead := sum(source.dead for source in ingested):
        letters = ingestor.dead_letters.folder
        told = "1 line" if dead == 1 else f"{dead} lines"
        notes.append(f"{told} could not be used: prod-lens dead-letters --dead-letter-dir {letters} says why.")
    if note := fault_note(ingested, ingestor.dead_letters.folder):
        notes.append(note)
    return notes


def _ingest_artifacts(job: Job, slug: str) -> list[str]:
    from prodlens.action.artifacts.upload import new_session
    from prodlens.action.gathering.trace_artifacts import ingest_trace_artifacts

    environ = job.environment.environ
    number = environ.get("GITHUB_REPOSITORY_ID", "") if job.environment.in_actions else ""
    client = GithubClient(token=job.token, **addresses(environ), budget=job.budget)
    with (
        job.environment.progress(f"Reading the trace artifacts of {slug}"),
        tempfile.TemporaryDirectory() as scratch,
        new_session() as session,
        closing(client),
    ):
        return ingest_trace_artifacts(
            job.store,
            _ingestor(job, in_workflow=True),
            client,
            slug,
            job.settings.trace_artifacts,
            session=session,
            repository_id=int(number) if number.isdecimal() else None,
            owner=job.owner,
            now=job.environment.now,
            scratch=Path(scratch),
            cache_name=job.settings.cache_artifact,
        )


def _ingestor(job: Job, *, in_workflow: bool) -> TraceIngestor:
    from prodlens.trace_ingestion import TraceIngestor

    folder = job.options.database.parent
    return TraceIngestor(
        job.store,
        dead_letter_dir=folder / "dead-letter",
        parquet_dir=folder / "parquet",
        people={} if job.anonymize else job.people,  # the anonymizer joins people before it hides them
        anonymize=job.anonymize,
        prices=job.prices,
        in_workflow=in_workflow,
    )


def _has_calls(job: Job) -> bool:
    """Return whether there are calls without ``trace-paths``: from artifacts, or of an earlier run."""
    return job.store.conn.execute("SELECT 1 FROM sessions LIMIT 1").fetchone() is not None


def _matches(pattern: str) -> bool:
    """Return whether a path or a match of it is there. Some Pythons let `folder/**` match without the folder."""
    matches = glob.iglob(pattern, recursive=True)  # noqa: PTH207 - absolute patterns too
    return Path(pattern).exists() or any(Path(match).exists() for match in matches)


def _no_traces(job: Job) -> str:
    artifacts = " or ".join(job.settings.trace_artifacts)
    here = "" if job.environment.in_actions else "No tool that is read keeps a session of this repository here. "
    return (
        f"{here}No traces were named: give files, folders or globs of LiteLLM, OpenTelemetry, Claude Code or Codex "
        f"logs with trace-paths{f', or upload them as an artifact called {artifacts}' if artifacts else ''}."
    )
