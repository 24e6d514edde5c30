"""The database kept between runs: restore it at the start, save it at the end."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from prodlens.action import notices
from prodlens.action.artifacts.upload import ArtifactService, ArtifactServiceError, NameTakenError, new_session
from prodlens.action.cache import restore
from prodlens.action.cache.content import ContentWatch
from prodlens.action.cache.snapshot import write_archive, write_copy
from prodlens.action.cache.trust import MEMBER
from prodlens.action.event import workflow_path
from prodlens.errors import ConfigurationError, StorageError
from prodlens.files import Folder
from prodlens.github import PermissionMissingError
from prodlens.slugs import is_slug

if TYPE_CHECKING:
    from datetime import datetime

    from prodlens.action.environment import RunEnvironment
    from prodlens.action.event import Event
    from prodlens.action.settings import Settings
    from prodlens.github import GithubClient
    from prodlens.storage import ProdLensStore

COPY_FOLDER = "saved"
_APART = "give each its own cache-artifact, or let one wait for the other"
_NO_DIGEST = (
    "Cache: this server gives no digests of artifacts, so the cache is trusted by its run, workflow and branch, "
    "and by the checks of the file itself."
)


class Saved(NamedTuple):
    """The outcome of saving: ``file`` is the copy left in the workspace, ``failed`` says that the upload failed."""

    file: str = ""
    failed: bool = False


NOT_SAVED = Saved()


class RunCache:
    """The cache of a run. ``restored`` is the artifact that the run began with, None without a usable one.

    An artifact that another job or step of the run saved meanwhile is left alone: what it gathered would be lost.
    """

    def __init__(
        self,
        settings: Settings,
        environment: RunEnvironment,
        event: Event,
        restored: restore.Restored,
        *,
        hides_people: bool,
    ) -> None:
        self.restored, self._listed = restored
        self._settings, self._environment, self._mode = settings, environment, event.mode
        self._hides_people = hides_people
        self._watch: ContentWatch | None = None

    def opened(self, store: ProdLensStore) -> None:
        """Remember what the database holds before anything is gathered."""
        self._watch = ContentWatch(store.conn) if self._mode.may_save_cache else None

    def save(self, store: ProdLensStore, *, before: datetime) -> Saved:
        """Save the database for the next run, if this run may and anything has changed.

        Args:
            store: The database.
            before: Rows older than this are not saved.

        Raises:
            StorageError: The copy could not be written.
        """
        environment, name = self._environment, self._settings.cache_artifact
        copy = store.path.parent / COPY_FOLDER / MEMBER
        reason = self._copied(store, copy, before)
        if not reason and not self._settings.dry_run:
            return _upload_copy(copy, self._settings, environment, self._listed)
        Folder(copy.parent).unlink(copy.name)
        said = f"Cache: not saved: {reason}." if reason else f"Dry run: the cache would be saved as artifact {name!r}."
        notices.note(environment, said)
        return NOT_SAVED

    def _copied(self, store: ProdLensStore, copy: Path, before: datetime) -> str:
        """Write the copy that is saved; returns why nothing is saved, with or without a copy, and empty when it is."""
        now, named = self._environment.now, not self._hides_people
        why_not = partial(restore.why_not_saved, self._mode, self.restored, now)
        if self._watch is None:
            return why_not(changed=False)
        baseline = self._watch.baseline
        with self._watch.last_look() as digests:
            reason = why_not(changed=digests != baseline)
            if not reason:  # old rows that every run gathers and every copy leaves out are not a change
                copied = write_copy(store.conn, copy, before=before, now=now, named=named, digests=digests)
                reason = why_not(changed=copied != baseline)
        return reason


def restore_cache(
    settings: Settings,
    environment: RunEnvironment,
    event: Event,
    client: GithubClient,
    database: Path,
    *,
    hides_people: bool,
) -> RunCache:
    """Put the newest trusted cache in the database's place, or leave that place empty.

    When people are hidden, a cache that names them is not used: a repository that became public must not go on with it.

    Raises:
        ConfigurationError: The token may not read artifacts, or the workspace is not as it should be.
        GithubError: GitHub failed, so nothing is known of the cache.
        StorageError: The disk is full, or the folder of the database cannot be written.
    """
    slug = environment.environ.get("GITHUB_REPOSITORY", "")
    if not is_slug(slug) or not client.has_token:
        raise ConfigurationError(
            "cache-artifact: reading the cache needs a token; give one, or an empty cache-artifact for no cache"
        )
    workflows = settings.cache_workflows or (workflow_path(environment.environ.get("GITHUB_WORKFLOW_REF", "")),)
    try:
        context = restore.make_context(client, slug, environment.environ, event.repository, workflows)
        with new_session() as session:
            location = restore.CacheLocation(
                client=client,
                session=session,
                slug=slug,
                name=settings.cache_artifact,
                context=context,
                hides_people=hides_people,
            )
            restored = restore.restore(location, database, partial(notices.warning, environment))
    except PermissionMissingError as error:
        raise ConfigurationError(f"cache-artifact: {error}; or give an empty cache-artifact for no cache") from error
    finally:
        client.close()
    artifact = restored.artifact
    said = f"restored from {artifact}" if artifact else "there is no usable one yet; this run begins anew"
    notices.note(environment, f"Cache: {said}.")
    if artifact and artifact.digest is None:
        notices.note(environment, _NO_DIGEST)
    return RunCache(settings, environment, event, restored, hides_people=hides_people)


def _upload_copy(copy: Path, settings: Settings, environment: RunEnvironment, listed: frozenset[int]) -> Saved:
    service = ArtifactService.from_environment(environment.environ, mask=partial(notices.mask, environment))
    name = settings.cache_artifact
    if service is None:
        said = f"Cache: no artifact service here; upload {copy} as artifact {name!r} in a later step."
        notices.note(environment, said)
        return Saved(file=str(copy))
    try:
        with tempfile.TemporaryDirectory() as scratch:
            archive = Path(scratch, "cache.zip")
            write_archive(copy, archive)
            uploaded = service.upload(
                name,
                archive,
                now=environment.now,
                retention_days=settings.cache_retention_days,
                replaces=listed.issuperset,
            )
    except NameTakenError:
        return _failed(copy, environment, f"another job of this run saved artifact {name!r} meanwhile; {_APART}")
    except (ArtifactServiceError, StorageError, OSError) as error:
        return _failed(copy, environment, str(error))
    Folder(copy.parent).unlink(copy.name)
    notices.note(environment, f"Cache: saved as artifact {name!r} ({uploaded.id}, {uploaded.size_bytes:,} bytes).")
    return Saved()


def _failed(copy: Path, environment: RunEnvironment, reason: str) -> Saved:
    notices.error(environment, f"the cache was not saved: {reason}; the copy is in {copy}")
    return Saved(file=str(copy), failed=True)
