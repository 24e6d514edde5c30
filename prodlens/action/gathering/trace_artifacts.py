"""Trace artifacts: found in a repository's list, fetched, and ingested once each.

An artifact's id is stored in one transaction with its rows. When a run is killed, or another run's cache takes the
place of its own, the next run therefore reads exactly what is missing.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import islice
from typing import TYPE_CHECKING

from prodlens.action.artifacts.ingested import (
    UNREACHABLE,
    keep_pages,
    known_artifacts,
    next_page,
    remember_artifact,
    unreachable_artifacts,
)
from prodlens.action.artifacts.listing import REPORT_ARTIFACT, UnusableArtifactError, artifact_pages, download
from prodlens.errors import StorageError
from prodlens.github import BudgetSpentError, RateLimitedError, ServerFailedError
from prodlens.timestamps import as_utc
from prodlens.trace_ingestion import ArchiveError, fault_note, file_sources, shown_name

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    import requests

    from prodlens.action.artifacts.listing import Artifact, Page
    from prodlens.github import GithubClient
    from prodlens.storage import ProdLensStore
    from prodlens.trace_ingestion import TraceIngestor

MAX_ARTIFACT_BYTES = 256 * 1024**2
MAX_UNPACKED_BYTES = 4 * 1024**3  # of everything in one artifact
MAX_PAGES = 10  # of one list, in one run
MAX_NOTES = 10
_NAMED_TOGETHER = 3
_LONGEST_IN_A_NOTE = 160
_WHOLE_LIST = ""  # no artifact has this name


def ingest_trace_artifacts(  # noqa: PLR0913 - what to read, how to reach it and where it goes, each by its name
    store: ProdLensStore,
    ingestor: TraceIngestor,
    client: GithubClient,
    slug: str,
    patterns: Iterable[str],
    *,
    session: requests.Session,
    repository_id: int | None,
    owner: str | None,
    now: datetime,
    scratch: Path,
    cache_name: str = "",
) -> list[str]:
    """Ingest the artifacts of these names that the repository's own runs made and that were not ingested before.

    Of each list, at most ``MAX_PAGES`` pages are read in a run: the first page, then those after the page where the
    last run ended. Expired artifacts are not mentioned, since nothing can be done about them.

    Args:
        store: What the ingestor stores into.
        ingestor: Reads the traces.
        client: Asks GitHub for lists and addresses.
        slug: The repository whose artifacts these are.
        patterns: Names, or shell patterns, in which upper and lower case differ.
        session: Fetches the bytes from another host, which gets no login.
        repository_id: GitHub's number of the repository; None where it is not known.
        owner: Repository of the calls that name none.
        now: The present moment.
        scratch: Folder for one download at a time.
        cache_name: Name of the cache artifact; patterns never match it, nor report artifacts.

    Returns:
        Sentences for the reader: what was passed over and why, and what is left to the next run.

    Raises:
        GithubError: GitHub or the host of the bytes failed or refused; what was ingested before is stored.
        StorageError: The store, the lake, the dead letters or the scratch folder cannot be written.
    """
    gathering = _Gathering(store, ingestor, client, session, slug, repository_id, owner, now, scratch)
    lists = _lists(patterns)
    try:
        found, next_pages = _listed(store.conn, client, slug, lists, cache_name)
        for artifact in gathering.chosen(found):
            gathering.take(artifact)
        gathering.raise_failure()
        with store.transaction() as conn:  # only now is everything that was listed dealt with
            keep_pages(conn, slug, next_pages)
        gathering.notes += [
            f"{slug}: the list of artifacts is longer than one run reads; the next run goes on at page {page}."
            for page in next_pages.values()
            if page > 1
        ]
    except (BudgetSpentError, RateLimitedError) as error:
        gathering.notes.append(f"{slug}: not every trace artifact was read, and the next run goes on: {error}.")
    ingestor.write_lake()
    return gathering.all_notes()


# Finding ----------------------------------------------------------------------------------------------------


def _lists(patterns: Iterable[str]) -> dict[str, list[str]]:
    """Return the lists to read, by the name that filters each, with the patterns to look for in it."""
    lists: dict[str, list[str]] = {}
    for pattern in dict.fromkeys(patterns):
        lists.setdefault(_WHOLE_LIST if set(pattern) & set("*?[") else pattern, []).append(pattern)
    return lists


def _listed(
    conn: sqlite3.Connection, client: GithubClient, slug: str, lists: dict[str, list[str]], cache_name: str
) -> tuple[dict[int, Artifact], dict[str, int]]:
    """Return the artifacts asked for, by id, and the page that each list goes on with in the next run."""
    found: dict[int, Artifact] = {}
    next_pages = {}
    for name, patterns in lists.items():
        pages = list(_pages(client, slug, name, next_page(conn, slug, name)))
        next_pages[name] = 1 if pages[-1].last else pages[-1].number + 1
        found |= {
            artifact.id: artifact
            for page in pages
            for artifact in page.artifacts
            if (artifact.name == name if name else _is_meant(artifact.name, patterns, cache_name))
        }
    return found, next_pages


def _is_meant(name: str, patterns: Iterable[str], cache_name: str) -> bool:
    """Return whether a pattern means the name. None means the name of a cache or a report."""
    own = name in {cache_name, REPORT_ARTIFACT} or name.startswith(f"{REPORT_ARTIFACT}-")
    return not own and any(fnmatchcase(name, pattern) for pattern in patterns)


def _pages(client: GithubClient, slug: str, name: str, start: int) -> Iterator[Page]:
    """Yield the first page of a list, where new artifacts appear, and then those from ``start`` on."""
    first = next(artifact_pages(client, slug, name=name or None))
    yield first
    if not first.last:
        yield from islice(artifact_pages(client, slug, name=name or None, first=max(start, 2)), MAX_PAGES - 1)


def _distrust(artifact: Artifact, repository_id: int | None) -> str | None:
    """Return why an artifact is not this repository's own, from what the list says of it; None when it is."""
    home, head = artifact.repository_id, artifact.head_repository_id
    rules = (
        (None in {artifact.run_id, home, head}, "it does not say which run made it"),
        (head != home, "a fork's code made it"),
        (repository_id is not None and home != repository_id, "it belongs to another repository"),
    )
    return next((reason for speaks_against, reason in rules if speaks_against), None)


# Ingesting --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Gathering:
    """Ingests one repository's artifacts and collects notes for the user."""

    store: ProdLensStore
    ingestor: TraceIngestor
    client: GithubClient
    session: requests.Session
    slug: str
    repository_id: int | None
    owner: str | None
    now: datetime
    scratch: Path
    notes: list[str] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
    dead: int = 0
    fetched: int = 0
    failure: ServerFailedError | None = None

    def chosen(self, found: dict[int, Artifact]) -> list[Artifact]:
        """Return the artifacts that are to be ingested, oldest first, so that every run does it in one order."""
        known = known_artifacts(self.store.conn)
        chosen, refused = [], dict[str, list[str]]()
        for number, artifact in sorted(found.items()):
            gone = artifact.expired or (artifact.expires_at is not None and artifact.expires_at <= as_utc(self.now))
            if number in known or gone:
                continue
            reason = _distrust(artifact, self.repository_id)
            if reason is None:
                chosen.append(artifact)
            else:
                refused.setdefault(reason, []).append(_label(artifact))
        for reason, labels in refused.items():
            more = f" and {len(labels) - _NAMED_TOGETHER} more" if len(labels) > _NAMED_TOGETHER else ""
            self._pass_over(f"Passed over, since {reason}: {', '.join(labels[:_NAMED_TOGETHER])}{more}.")
        return chosen

    def take(self, artifact: Artifact) -> None:
        """Fetch an artifact and ingest it, or note why not.

        Raises:
            GithubError: GitHub refused, or failed for the second time.
            StorageError: Something cannot be written.
        """
        try:
            with _room(self.scratch, artifact) as target:
                download(self.client, self.session, self.slug, artifact, target, most_bytes=MAX_ARTIFACT_BYTES)
                self.fetched += 1
                self._ingest(artifact, target)
        except UnusableArtifactError as error:
            again = "" if error.lasting else "; it is tried again"
            self._pass_over(f"{_label(artifact)} was passed over: {error}{again}.")
            if error.lasting:
                with self.store.transaction() as conn:
                    self._remember(conn, artifact, shown_name(str(error)))
        except ServerFailedError as error:
            self._cannot_fetch(artifact, error)

    def _cannot_fetch(self, artifact: Artifact, error: ServerFailedError) -> None:
        """Note a failed download: an artifact whose bytes are lost fails one run at most, and keeps no other out."""
        if artifact.id in unreachable_artifacts(self.store.conn):
            self._pass_over(f"{error}.")
            return
        with self.store.transaction() as conn:
            self._remember(conn, artifact, UNREACHABLE)
        if self.failure is not None:
            raise error
        self.failure = error

    def raise_failure(self) -> None:
        """Raise the failure of a download, unless other downloads went well: then it is only that artifact's.

        Raises:
            ServerFailedError: See above.
        """
        if self.failure is not None:
            if not self.fetched:
                raise self.failure
            self._pass_over(f"{self.failure}.")

    def all_notes(self) -> list[str]:
        """Return the notes for the user, with at most ``MAX_NOTES`` about artifacts that were passed over."""
        notes = list(self.notes)
        if self.dead:
            letters = self.ingestor.dead_letters.folder
            notes.append(
                f"{self.dead} line{'' if self.dead == 1 else 's'} of trace artifacts could not be used: "
                f"prod-lens dead-letters --dead-letter-dir {letters} says why."
            )
        notes += self.passed_over[:MAX_NOTES]
        if (more := len(self.passed_over) - MAX_NOTES) > 0:
            notes.append(f"… and {more} more passed over.")
        return notes

    def _ingest(self, artifact: Artifact, path: Path) -> None:
        sources = file_sources(
            path,
            f"{shown_name(artifact.name)} (artifact {artifact.id})",
            stem=f"artifact-{artifact.id}",
            whole_bytes=MAX_UNPACKED_BYTES,
            passed_over=lambda name, reason: self._pass_over(f"Passed over: {_quoted(name)}: {reason}."),
            written=artifact.created_at,
        )
        try:
            with self.store.transaction() as conn:
                done = self.ingestor.ingest_sources(sources, repo_slug=self.owner, now=self.now)
                self._remember(conn, artifact, None)
        except ArchiveError as error:
            raise UnusableArtifactError(str(error)) from None
        self.dead += sum(source.dead for source in done)
        if note := fault_note(done, self.ingestor.dead_letters.folder):
            self.notes.append(note)
        if not done:
            self._pass_over(f"{_label(artifact)} holds no traces.")

    def _remember(self, conn: sqlite3.Connection, artifact: Artifact, outcome: str | None) -> None:
        remember_artifact(conn, self.slug, artifact, shown_name(artifact.name), self.now, outcome)

    def _pass_over(self, note: str) -> None:
        self.passed_over.append(note)


@contextmanager
def _room(scratch: Path, artifact: Artifact) -> Iterator[Path]:
    """Give a file name for a download, and remove the file afterwards."""
    try:
        scratch.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cannot create the folder {scratch}: {error.strerror or error}") from error
    target = scratch / f"artifact-{artifact.id}"
    try:
        yield target
    finally:
        with suppress(OSError):
            target.unlink()


def _label(artifact: Artifact) -> str:
    return f"artifact {_quoted(artifact.name)} ({artifact.id})"


def _quoted(name: str) -> str:
    """Return a stranger's name for use in a sentence: quoted, and cut when it is long."""
    return repr(name if len(name) <= _LONGEST_IN_A_NOTE else f"{name[:_LONGEST_IN_A_NOTE]}…")
