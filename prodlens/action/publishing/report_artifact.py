"""The report as an artifact of the run, so that summary and comment can link to its pages."""

from __future__ import annotations

import tempfile
import zipfile
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from prodlens.action import notices
from prodlens.action.artifacts.listing import REPORT_ARTIFACT
from prodlens.action.artifacts.upload import ArtifactService, ArtifactServiceError, NameTakenError
from prodlens.action.identity import report_identity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prodlens.action.artifacts.upload import Uploaded
    from prodlens.action.job import Job

_REPORT_FILES = ("report-html", "report-json", "report-csv")
_MOST_OF_ONE_JOB = 9  # reports of one run with one identity; a further one takes the place of the last


def upload_report(files: Mapping[str, str], job: Job) -> str:
    """Upload the report and return its address; empty when it was not uploaded."""
    return upload_files([files[name] for name in _REPORT_FILES], REPORT_ARTIFACT, job)


def upload_files(files: Sequence[str], artifact: str, job: Job) -> str:
    """Upload files as an artifact and return its address; empty when they were not uploaded.

    Nothing depends on the upload: a failure is a warning, and the files are in the workspace.
    """
    environment, settings = job.environment, job.settings
    if not environment.in_actions or job.options.offline:
        return ""
    service = ArtifactService.from_environment(environment.environ, mask=partial(notices.mask, environment))
    if service is None:
        return ""
    if settings.dry_run:
        notices.note(environment, f"Dry run: the report would be uploaded as artifact {artifact!r}.")
        return ""
    try:
        with tempfile.TemporaryDirectory() as scratch:
            archive = Path(scratch, "report.zip")
            _pack(files, archive)
            uploaded = _upload(service, archive, artifact, job)
    except (ArtifactServiceError, OSError) as error:
        notices.warning(environment, f"the report was not uploaded ({error}); it is in {settings.output_dir}")
        return ""
    environ = environment.environ
    run = f"{environ.get('GITHUB_SERVER_URL', '')}/{environ.get('GITHUB_REPOSITORY', '')}/actions/runs"
    return f"{run}/{environ.get('GITHUB_RUN_ID', '')}/artifacts/{uploaded.id}"


def _upload(service: ArtifactService, archive: Path, artifact: str, job: Job) -> Uploaded:
    """Upload under the first name that no other step, job or attempt of this run has taken; their links stay alive."""
    *names, last = _names(artifact, report_identity(job.environment.environ, job.settings.comment_key).name)
    now = job.environment.now
    for name in names:
        with suppress(NameTakenError):
            return service.upload(name, archive, now=now, retention_days=None, replaces=lambda _: False)
    return service.upload(last, archive, now=now, retention_days=None)


def _names(artifact: str, identity: str) -> list[str]:
    """Return the names that a report may have, in the order in which they are tried."""
    own = f"{artifact}-{identity}" if identity else artifact
    return [artifact, own, *(f"{own}-{number}" for number in range(2, _MOST_OF_ONE_JOB + 1))]


def _pack(files: Sequence[str], archive: Path) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in map(Path, files):
            packed.write(file, file.name)
