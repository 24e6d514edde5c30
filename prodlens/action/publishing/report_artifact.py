"""The report as an artifact of the run, so that summary and comment can link to its pages."""

from __future__ import annotations

import tempfile
import zipfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from prodlens.action import notices
from prodlens.action.artifacts.listing import REPORT_ARTIFACT
from prodlens.action.artifacts.upload import ArtifactService, ArtifactServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prodlens.action.job import Job

_REPORT_FILES = ("report-html", "report-json", "report-csv")


def upload_report(files: Mapping[str, str], job: Job) -> str:
    """Upload the report and return its address; empty when it was not uploaded.

    Nothing depends on the upload: a failure is a warning, and the files are in the workspace.
    """
    environment, settings = job.environment, job.settings
    if not environment.in_actions or job.options.offline:
        return ""
    service = ArtifactService.from_environment(environment.environ, mask=partial(notices.mask, environment))
    if service is None:
        return ""
    if settings.dry_run:
        notices.note(environment, f"Dry run: the report would be uploaded as artifact {REPORT_ARTIFACT!r}.")
        return ""
    try:
        with tempfile.TemporaryDirectory() as scratch:
            archive = Path(scratch, "report.zip")
            _pack(files, archive)
            uploaded = service.upload(REPORT_ARTIFACT, archive, now=environment.now, retention_days=None)
    except (ArtifactServiceError, OSError) as error:
        notices.warning(environment, f"the report was not uploaded ({error}); it is in {settings.output_dir}")
        return ""
    environ = environment.environ
    run = f"{environ.get('GITHUB_SERVER_URL', '')}/{environ.get('GITHUB_REPOSITORY', '')}/actions/runs"
    return f"{run}/{environ.get('GITHUB_RUN_ID', '')}/artifacts/{uploaded.id}"


def _pack(files: Mapping[str, str], archive: Path) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in (Path(files[name]) for name in _REPORT_FILES):
            packed.write(file, file.name)
