"""Restoring the database from the newest artifact that can be trusted, and deciding when a new one is saved.

"There is no cache yet" and "the cache could not be read" are different. The second ends the run: a run that began anew
would save an empty cache over a good one.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from prodlens.action.artifacts.listing import (
    UnusableArtifactError,
    artifacts_named,
    download,
    is_on_branch,
    workflow_run,
)
from prodlens.action.cache import trust
from prodlens.action.cache.snapshot import names_people
from prodlens.action.cache.trust import TrustContext, distrust
from prodlens.errors import ConfigurationError, StorageError
from prodlens.files import Folder
from prodlens.github import ServerFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    import requests

    from prodlens.action.artifacts.listing import Artifact
    from prodlens.action.event import Mode
    from prodlens.github import GithubClient

_SIDE_FILES = ("-wal", "-shm", "-journal")
_REASONS_SAID = 10
_CHUNK_BYTES = 1024**2


class Restored(NamedTuple):
    """The outcome of restoring.

    Attributes:
        artifact: The artifact that was restored; None when no cache can be trusted.
        listed: Ids of all artifacts of the cache's name that were there, usable or not.
    """

    artifact: Artifact | None
    listed: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheLocation:
    """Where to look for a cache artifact, and which ones to trust.

    Attributes:
        client: Asks GitHub for the list, the runs and the addresses.
        session: Fetches bytes from another host, which gets no login.
        slug: The repository whose artifacts these are.
        name: What the artifacts are called.
        context: Where a cache must have been made.
        hides_people: Whether a cache that holds the real names of people may not be used.
    """

    client: GithubClient
    session: requests.Session
    slug: str
    name: str
    context: TrustContext
    hides_people: bool


def restore(location: CacheLocation, database: Path, warn: Callable[[str], None]) -> Restored:
    """Put the newest trusted cache in the database's place; whatever was there before is removed in any case.

    Args:
        location: Where to look.
        database: File of the database.
        warn: Told of each artifact that is passed over, and why.

    Raises:
        GithubError: GitHub or the host of the bytes failed, which says nothing about what is there.
        StorageError: The database's folder cannot be written, or the disk is full.
    """
    _clear(database)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            return _newest(location, Path(scratch), database, warn)
    except OSError as error:
        raise StorageError(f"the cache cannot be restored to {database}: {error.strerror or error}") from error


def why_not_saved(mode: Mode, restored: Artifact | None, now: datetime, *, changed: bool) -> str:
    """Return why the cache is not saved after a run; empty when it is.

    An unchanged cache is saved again only after half its retention period has passed, so that a quiet repository does
    not lose it.
    """
    if not mode.may_save_cache:
        return mode.why_not_saved
    if restored is None or restored.created_at is None:
        return "" if changed else "nothing was gathered"
    made, ends = restored.created_at, restored.expires_at
    if not changed and (ends is None or now - made < (ends - made) / 2):
        return f"nothing has changed since it was saved ({made:%Y-%m-%d %H:%M} UTC)"
    if mode.once_a_day and made.date() == now.date():
        return "pushes save it at most once a day, and it was already saved today"
    return ""


def make_context(
    client: GithubClient, slug: str, environ: Mapping[str, str], described: object, workflows: tuple[str, ...]
) -> TrustContext:
    """Return where a cache must have been made. GitHub is asked for what neither runner nor event says.

    Args:
        client: Asks GitHub.
        slug: The repository of the workflow.
        environ: The runner's environment.
        described: The repository as the event describes it; any JSON value.
        workflows: Paths of the workflow files that are trusted.

    Raises:
        GithubError: GitHub could not be asked or refused.
    """
    said: Mapping[str, Any] = described if isinstance(described, dict) else {}
    number, branch = environ.get("GITHUB_REPOSITORY_ID") or said.get("id"), said.get("default_branch")
    if not str(number).isdecimal() or not isinstance(branch, str) or not branch:
        body = client.get(f"repos/{slug}").json()
        said = body if isinstance(body, dict) else {}
        number, branch = said.get("id"), said.get("default_branch")
        if not isinstance(number, int) or not isinstance(branch, str):
            raise ServerFailedError(f"GitHub does not name the default branch of {slug}; try again later")
    return TrustContext(
        repository_id=int(str(number)),
        default_branch=branch,
        workflows=frozenset(workflows),
        digests=_gives_digests(environ.get("GITHUB_SERVER_URL", "")),
    )


def _gives_digests(server_url: str) -> bool:
    """Return whether artifacts have digests there: on github.com and its own domains for enterprises they do."""
    host = urlsplit(server_url).hostname
    return host is None or host == "github.com" or host.endswith(".ghe.com")


def _newest(location: CacheLocation, scratch: Path, database: Path, warn: Callable[[str], None]) -> Restored:
    passed_over = 0
    found = None
    listed = artifacts_named(location.client, location.slug, location.name)
    for artifact in listed:
        try:
            _fetch(location, artifact, scratch, database)
        except UnusableArtifactError as error:
            passed_over += 1
            if passed_over <= _REASONS_SAID:
                warn(f"the cache {artifact} is passed over: {error}")
        else:
            found = artifact
            break
    if passed_over > _REASONS_SAID:
        warn(f"{passed_over - _REASONS_SAID} more artifacts called {location.name!r} were passed over as caches")
    return Restored(found, frozenset(artifact.id for artifact in listed))


def _clear(database: Path) -> None:
    """Remove what lies in the database's place: a checkout can bring a file there, or a journal that SQLite replays."""
    folder = Folder(database.parent)
    try:
        folder.make()
        for suffix in ("", *_SIDE_FILES):
            folder.unlink(database.name + suffix)
        links = folder.links()
    except OSError as error:
        raise ConfigurationError(f"{database} cannot be replaced by the cache: {error.strerror}") from error
    if links:
        raise ConfigurationError(
            *(f"{folder.path / name} is a link, and a run writes there; remove it from the workspace" for name in links)
        )


def _fetch(location: CacheLocation, artifact: Artifact, scratch: Path, database: Path) -> None:
    reason = distrust(artifact, None, location.context)
    if reason is None and artifact.run_id is not None:
        run = workflow_run(location.client, location.slug, artifact.run_id)
        reason = distrust(artifact, run, location.context) or _off_branch(location, run)
    if reason is not None:
        raise UnusableArtifactError(reason)
    archive, unpacked = scratch / "archive", scratch / "database"
    most = trust.MAX_ARCHIVE_BYTES
    download(location.client, location.session, location.slug, artifact, archive, most_bytes=most)
    trust.unpack(archive, unpacked)
    trust.check_database(unpacked)
    if location.hides_people and names_people(unpacked):
        raise UnusableArtifactError(
            "it names people, and people must be left out now; delete it if others can download it"
        )
    trust.make_indexes(unpacked)
    with unpacked.open("rb") as stream:
        Folder.of(database).replace(database.name, iter(partial(stream.read, _CHUNK_BYTES), b""))


def _off_branch(location: CacheLocation, run: Mapping[str, Any]) -> str | None:
    """Return why a run was not on the default branch, whatever its ref was called. Schedules run nowhere else."""
    branch = location.context.default_branch
    if run.get("event") == "schedule" or is_on_branch(location.client, location.slug, branch, str(run.get("head_sha"))):
        return None
    return f"its run was of a commit that is not on {branch!r}"
