"""The database kept between runs: restore it at the start, save it at the end."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from prodlens.action import notices
from prodlens.action.artifacts.upload import ArtifactService, ArtifactServiceError, new_session
from prodlens.action.cache import restore
from prodlens.action.cache.snapshot import content_digest, stored_digest, write_archive, write_copy
from prodlens.action.cache.trust import MEMBER
from prodlens.action.event import workflow_path
from prodlens.errors import ConfigurationError, StorageError
from prodlens.files import Folder
from prodlens.github import PermissionMissingError
from prodlens.slugs import is_slug

if TYPE_CHECKING:
    from datetime import datetime

    from prodlens.action.artifacts.listing import Artifact
    from prodlens.action.environment import RunEnvironment
    from prodlens.action.event import Event
    from prodlens.action.settings import Settings
    from prodlens.github import GithubClient
    from prodlens.storage import ProdLensStore

COPY_FOLDER = "saved"
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
    """The cache of a run. ``restored`` is the artifact that the run began with, None without a usable one."""

    def __init__(
        self,
        settings: Settings,
        environment: RunEnvironment,
        event: Event,
        restored: Artifact | None,
        *,
        hides_people: bool,
    ) -> None:
        self.restored = restored
        self._settings, self._environment, self._mode = settings, environment, event.mode
        self._hides_people = hides_people
        self._baseline = ""

    def opened(self, store: ProdLensStore) -> None:
        """Remember what the database holds before anything is gathered."""
        self._baseline = stored_digest(store.conn)

    def save(self, store: ProdLensStore, *, before: datetime) -> Saved:
        """Save the database for the next run, if this run may and anything has changed.

        Args:
            store: The database.
            before: Rows older than this are not saved.

        Raises:
            StorageError: The copy could not be written.
        """
        environment, name, mode = self._environment, self._settings.cache_artifact, self._mode
        changed = mode.may_save_cache and content_digest(store.conn) != self._baseline
        copy = store.path.parent / COPY_FOLDER / MEMBER
        reason = restore.why_not_saved(mode, self.restored, environment.now, changed=changed)
        if not reason:  # old rows that every run gathers and every copy leaves out are not a change
            named = not self._hides_people
            changed = write_copy(store.conn, copy, before=before, now=environment.now, named=named) != self._baseline
            reason = restore.why_not_saved(mode, self.restored, environment.now, changed=changed)
        if not reason and not self._settings.dry_run:
            return _upload_copy(copy, self._settings, environment)
        Folder(copy.parent).unlink(copy.name)
        said = f"Cache: not saved: {reason}." if reason else f"Dry run: the cache would be saved as artifact {name!r}."
        notices.note(environment, said)
        return NOT_SAVED


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
            "cache-artifact: the cache is read with a token; give one, or an empty cache-artifact for no cache"
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
    said = f"restored from {restored}" if restored else "none is there yet that can be used; this run begins anew"
    notices.note(environment, f"Cache: {said}.")
    if restored and restored.digest is None:
        notices.note(environment, _NO_DIGEST)
    return RunCache(settings, environment, event, restored, hides_people=hides_people)


def _upload_copy(copy: Path, settings: Settings, environment: RunEnvironment) -> Saved:
    service = ArtifactService.from_environment(environment.environ, mask=partial(notices.mask, environment))
    name = settings.cache_artifact
    if service is None:
        notices.note(
            environment, f"Cache: no artifact service here; upload {copy} as artifact {name!r} in a later step."
        )
        return Saved(file=str(copy))
    try:
        with tempfile.TemporaryDirectory() as scratch:
            archive = Path(scratch, "cache.zip")
            write_archive(copy, archive)
            uploaded = service.upload(name, archive, now=environment.now, retention_days=settings.cache_retention_days)
    except (ArtifactServiceError, StorageError, OSError) as error:
        notices.error(environment, f"the cache was not saved: {error}; the copy is in {copy}")
        return Saved(file=str(copy), failed=True)
    Folder(copy.parent).unlink(copy.name)
    notices.note(environment, f"Cache: saved as artifact {name!r} ({uploaded.id}, {uploaded.size_bytes:,} bytes).")
    return Saved()
