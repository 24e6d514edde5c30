"""The report on the whole organisation, which a run makes on request after its own report.

If it fails, the run's own report is already there. Runs on pull requests do not make it: the pull request could change
the file of the teams, and the figures are those of other repositories.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from prodlens.action import notices
from prodlens.action.artifacts.listing import REPORT_ARTIFACT
from prodlens.action.publishing import outputs
from prodlens.action.publishing.extra import extra_at_hand
from prodlens.action.publishing.report_artifact import upload_files
from prodlens.errors import ProdLensError
from prodlens.rendering import markdown_blocks, render_terminal, write_report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prodlens.action.job import Job

FAILED = 1
_FORMATS = {
    "organisation-json": ".json",
    "organisation-markdown": ".md",
    "organisation-html": ".html",
    "organisation-csv": ".csv",
}
_NOTHING = {**dict.fromkeys(_FORMATS, ""), "organisation-url": ""}
_ARTIFACT = f"{REPORT_ARTIFACT}-organisation"
_UPLOADED = ("organisation-html", "organisation-json", "organisation-csv")


class OrganisationReported(NamedTuple):
    """What became of the report on the organisation.

    Attributes:
        outputs: The outputs that say where it is; empty texts where there is none.
        failures: What went wrong, in lines.
        exit_status: What the run therefore ends with.
    """

    outputs: Mapping[str, str] = _NOTHING
    failures: tuple[str, ...] = ()
    exit_status: int = 0


def report_on_organisation(
    job: Job, teams: Mapping[str, tuple[str, ...]], *, summary_bytes: int
) -> OrganisationReported:
    """Report on everything at the place that the user named; failures are returned, for the caller to report.

    Args:
        job: The run, which has published its own tables by now.
        teams: Patterns of each team's repositories.
        summary_bytes: What the run has written to the job summary.
    """
    settings, environment, mode = job.settings, job.environment, job.event.mode
    if not settings.organisation_from:
        return OrganisationReported()
    if environment.in_actions and not mode.may_save_cache:
        text = f"Organisation: no report, for the same reason as the cache is not saved: {mode.why_not_saved}."
        notices.note(environment, text)
        return OrganisationReported()
    try:
        with extra_at_hand(environment), environment.progress("Computing the report on the organisation"):
            report = _made(job, teams)
        files = _written(report, job)
        url = upload_files([files[name] for name in _UPLOADED], _ARTIFACT, job)
        link = [f"[The whole report on the organisation]({url})"] if url else []
        outputs.add_to_summary([*link, *markdown_blocks(report, kind="summary")], job, already=summary_bytes)
    except (ProdLensError, ImportError, OSError) as error:
        status = error.exit_status if isinstance(error, ProdLensError) else FAILED
        lines = tuple(f"no report on the organisation was made: {line}" for line in str(error).splitlines())
        return OrganisationReported(failures=lines, exit_status=status)
    _say(report, job)
    return OrganisationReported({**files, "organisation-url": url})


def _made(job: Job, teams: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    from prodlens.organisation import DUCKDB, Period, connected, organisation_report, usual_start

    now, settings = job.environment.now, job.settings
    today = now.date()
    return organisation_report(
        connected(DUCKDB),
        settings.organisation_from,
        Period(usual_start(today), today),
        now=now,
        teams=teams,
        fewest_people=settings.organisation_people_at_least,
    )


def _written(report: Mapping[str, Any], job: Job) -> dict[str, str]:
    folder = job.settings.output_dir
    files = {name: folder / f"organisation{suffix}" for name, suffix in _FORMATS.items()}
    for file in files.values():
        write_report(report, file, folder=folder)
    job.environment.stdout.write(render_terminal(report, width=job.environment.width))
    return {name: str(file) for name, file in files.items()}


def _say(report: Mapping[str, Any], job: Job) -> None:
    found = report["repositories"]
    damaged = sum(one["problem"] in {"damaged", "stray"} for one in found["attention"])
    left = f"; files that could not be used: {damaged}, named there first" if damaged else ""
    page = job.settings.output_dir / "organisation.html"
    notices.note(job.environment, f"Organisation: {found['count']} repositories are reported on in {page}{left}.")
