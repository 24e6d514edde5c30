"""What outlives a run: the cache that it begins with and leaves to the next one, and the report as an artifact."""

from __future__ import annotations

import tempfile
import zipfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from prodlens.action import notices
from prodlens.action.artifacts.listing import REPORT_ARTIFACT
from prodlens.action.artifacts.upload import ArtifactService, ArtifactServiceError, new_session
from prodlens.action.cache import restore
from prodlens.action.cache.snapshot import content_digest, stored_digest, write_archive, write_copy
from prodlens.action.cache.trust import MEMBER
from prodlens.action.event import workflow_path
from prodlens.action.publishing.outputs import NOT_SAVED, Saved
from prodlens.action.publishing.publishing import read_event
from prodlens.errors import ConfigurationError, StorageError
from prodlens.github import PermissionMissingError
from prodlens.slugs import is_slug

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from prodlens.action.artifacts.listing import Artifact
    from prodlens.action.environment import RunEnvironment
    from prodlens.action.settings import Settings
    from prodlens.github import GithubClient
    from prodlens.storage import ProdLensStore

COPY_FOLDER = "saved"
_REPORT_FILES = ("report-html", "report-json", "report-csv")


class RunCache:
    """The cache of a run: ``restored`` is the artifact that it began with, None when there was none to be used."""

    def __init__(
        self, settings: Settings, world: RunEnvironment, restored: Artifact | None, *, hides_people: bool
    ) -> None:
        self.restored = restored
        self._settings, self._world, self._hides_people = settings, world, hides_people
        self._baseline = ""

    def opened(self, store: ProdLensStore) -> None:
        """Take note of what the database holds before anything is gathered."""
        self._baseline = stored_digest(store.conn)

    def save(self, store: ProdLensStore, *, before: datetime) -> Saved:
        """Save the database for the next run, if this one may and anything has changed.

        Args:
            store: The database.
            before: Rows older than this are not saved.

        Raises:
            StorageError: The copy could not be written.
        """
        world, name = self._world, self._settings.cache_artifact
        mode, _ = read_event(world)
        changed = mode.may_save_cache and content_digest(store.conn) != self._baseline
        copy = store.path.parent / COPY_FOLDER / MEMBER
        reason = restore.why_not_saved(mode, self.restored, world.now, changed=changed)
        if not reason:  # old rows that are gathered in every run and pruned from every copy are no news
            named = not self._hides_people
            changed = write_copy(store.conn, copy, before=before, now=world.now, named=named) != self._baseline
            reason = restore.why_not_saved(mode, self.restored, world.now, changed=changed)
        if not reason and not self._settings.dry_run:
            return _upload_copy(copy, self._settings, world)
        copy.unlink(missing_ok=True)
        said = f"Cache: not saved: {reason}." if reason else f"Dry run: the cache would be saved as artifact {name!r}."
        notices.note(world, said)
        return NOT_SAVED


def restore_cache(
    settings: Settings, world: RunEnvironment, client: GithubClient, database: Path, *, hides_people: bool
) -> RunCache:
    """Begin with the database that the newest trusted cache holds, or with none.

    Where people are hidden, a cache that names them is none: a repository that became public must not go on with it.

    Raises:
        ConfigurationError: The token may not read artifacts, or the workspace is not as it should be.
        GithubError: GitHub failed, so that nothing is known of the cache.
        StorageError: The disk is full, or the folder of the database cannot be written.
    """
    slug = world.environ.get("GITHUB_REPOSITORY", "")
    if not is_slug(slug) or not client.has_token:
        raise ConfigurationError(
            "cache-artifact: the cache is read with a token; give one, or an empty cache-artifact for no cache"
        )
    _, payload = read_event(world)
    workflows = settings.cache_workflows or (workflow_path(world.environ.get("GITHUB_WORKFLOW_REF", "")),)
    name = settings.cache_artifact
    try:
        context = restore.make_context(client, slug, world.environ, payload.get("repository"), workflows)
        with new_session() as session:
            shelf = restore.Shelf(
                client=client, session=session, slug=slug, name=name, context=context, hides_people=hides_people
            )
            restored = restore.restore(shelf, database, partial(notices.warning, world))
    except PermissionMissingError as error:
        raise ConfigurationError(f"cache-artifact: {error}; or give an empty cache-artifact for no cache") from error
    finally:
        client.close()
    said = f"restored from {restored}" if restored else "none is there yet that can be used; this run begins anew"
    notices.note(world, f"Cache: {said}.")
    return RunCache(settings, world, restored, hides_people=hides_people)


def upload_report(files: Mapping[str, str], settings: Settings, world: RunEnvironment) -> str:
    """Upload the report as an artifact and return its address; empty when it was not uploaded.

    Nothing depends on it: a failure is a warning, and the files are in the workspace.
    """
    service = _service(world)
    if service is None:
        return ""
    if settings.dry_run:
        notices.note(world, f"Dry run: the report would be uploaded as artifact {REPORT_ARTIFACT!r}.")
        return ""
    try:
        with tempfile.TemporaryDirectory() as scratch:
            archive = Path(scratch, "report.zip")
            with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
                for file in (Path(files[name]) for name in _REPORT_FILES):
                    packed.write(file, file.name)
            done = service.upload(REPORT_ARTIFACT, archive, now=world.now, retention_days=None)
    except (ArtifactServiceError, OSError) as error:
        notices.warning(world, f"the report was not uploaded ({error}); it is in {settings.output_dir}")
        return ""
    environ = world.environ
    run = f"{environ.get('GITHUB_SERVER_URL', '')}/{environ.get('GITHUB_REPOSITORY', '')}/actions/runs"
    return f"{run}/{environ.get('GITHUB_RUN_ID', '')}/artifacts/{done.id}"


def _upload_copy(copy: Path, settings: Settings, world: RunEnvironment) -> Saved:
    service, name = _service(world), settings.cache_artifact
    if service is None:
        notices.note(world, f"Cache: no artifact service here; upload {copy} as artifact {name!r} in a later step.")
        return Saved(file=str(copy))
    try:
        with tempfile.TemporaryDirectory() as scratch:
            archive = Path(scratch, "cache.zip")
            write_archive(copy, archive)
            done = service.upload(name, archive, now=world.now, retention_days=settings.cache_retention_days)
    except (ArtifactServiceError, StorageError, OSError) as error:
        notices.error(world, f"the cache was not saved: {error}; the copy is in {copy}")
        return Saved(file=str(copy), failed=True)
    copy.unlink()
    notices.note(world, f"Cache: saved as artifact {name!r} ({done.id}, {done.size_bytes:,} bytes).")
    return Saved()


def _service(world: RunEnvironment) -> ArtifactService | None:
    return ArtifactService.from_environment(world.environ, mask=partial(notices.mask, world))
