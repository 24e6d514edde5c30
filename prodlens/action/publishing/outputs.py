"""What a run leaves in its workspace and on the runner: the rendered reports, the job summary, the outputs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from prodlens.action import notices
from prodlens.errors import StorageError
from prodlens.files import append_as_given
from prodlens.rendering import SUMMARY_LIMIT_BYTES, fitted, markdown_blocks, render_terminal, write_report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prodlens.action.environment import RunEnvironment
    from prodlens.action.job import Job

OUTPUTS = {
    "report-json": "Path of report.json in the workspace",
    "report-markdown": "Path of report.md in the workspace",
    "report-html": "Path of report.html in the workspace",
    "report-csv": "Path of report.csv in the workspace",
    "sessions": "Model calls in the window",
    "merged-prs": "Pull requests merged in the window",
    "cost-usd": "Cost of the calls in the window in US dollars; empty without a known cost",
    "pull-request-cost-usd": "Known cost of the calls that belong to this run's pull request; empty without one",
    "ai-share": "Share of merged pull requests with a sign of AI, 0 to 1, a lower bound; empty without a merged one",
    "acceptance-rate": "Share of decided suggestions that were accepted, 0 to 1; empty without decisions",
    "error-rate": "Share of calls with a known status that failed, 0 to 1; empty without a known status",
    "cache-restored": "true when the run began with the cache of an earlier one, else false",
    "cache-file": "Path of the saved database if it could not be uploaded from inside the run; else empty",
    "report-url": "Address of the uploaded report; empty when it was not uploaded",
    "partial": "true when the sync with GitHub stopped before it had everything, or a source failed; else false",
    "gate": "Result of fail-if: pass or fail; none without conditions",
    "organisation-json": "Path of organisation.json, the report on the organisation; empty without one",
    "organisation-markdown": "Path of organisation.md; empty without that report",
    "organisation-html": "Path of organisation.html; empty without that report",
    "organisation-csv": "Path of organisation.csv; empty without that report",
    "organisation-url": "Address of the uploaded report on the organisation; empty when it was not uploaded",
    "comment-url": "Address of the comment on the pull request or issue; empty when none was written",
}


_FORMATS = {"report-json": ".json", "report-markdown": ".md", "report-html": ".html", "report-csv": ".csv"}


def write_reports(reports: Sequence[Mapping[str, Any]], job: Job) -> dict[str, str]:
    """Write the reports, one per repository, as files and print them; returns the files by the name of their output.

    Raises:
        StorageError: The output folder cannot be written.
    """
    content = _content(reports)
    files = {name: job.settings.output_dir / f"report{suffix}" for name, suffix in _FORMATS.items()}
    for file in files.values():
        write_report(content, file, folder=job.settings.output_dir)
    job.environment.show(render_terminal(content, width=job.environment.width))
    return {name: str(file) for name, file in files.items()}


def write_summary(reports: Sequence[Mapping[str, Any]], job: Job, *, head: str = "", tail: str = "") -> int:
    """Add the reports to the job summary, if there is one and it is wanted; returns how many bytes were written.

    Args:
        reports: One report per repository.
        job: The run.
        head: What stands before them, as Markdown: the pull request's own facts.
        tail: What stands right after the head, as Markdown: where the whole report is.

    Raises:
        StorageError: The summary cannot be written.
    """
    blocks = [block for block in (head, tail) if block]
    return add_to_summary([*blocks, *markdown_blocks(_content(reports), kind="summary")], job)


def add_to_summary(blocks: Sequence[str], job: Job, *, already: int = 0) -> int:
    """Add blocks of Markdown to the job summary, if there is one and it is wanted; returns how many bytes were written.

    Args:
        blocks: The blocks; those that do not fit are left out, and it is said that they are.
        job: The run.
        already: What this run has written to it, in bytes.

    Raises:
        StorageError: The summary cannot be written.
    """
    summary = job.environment.environ.get("GITHUB_STEP_SUMMARY")
    if not (job.settings.summary and summary):
        return 0
    text = fitted(blocks, SUMMARY_LIMIT_BYTES - already)
    _append(Path(summary), text)
    return len(text.encode())


def set_outputs(outputs: Mapping[str, str], environment: RunEnvironment) -> None:
    """Hand the outputs to the runner; a local run has none."""
    for name, text in outputs.items():
        notices.set_output(environment, name, text)


def figures(reports: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the headline figures as outputs.

    A figure without data is an empty string. Over several reports, counts and costs add up, and a rate is empty: the
    mean of rates is not the rate of all.
    """
    costs = [report["cost_metrics"]["total_session_cost_usd"] for report in reports]
    known = [cost for cost in costs if cost is not None]
    return {
        "sessions": str(sum(report["ai_interaction_velocity"]["total_sessions"] for report in reports)),
        "merged-prs": str(sum(report["pr_throughput"]["total_merged"] for report in reports)),
        "cost-usd": f"{sum(known):.6f}" if known else "",
        "pull-request-cost-usd": _cost_of_pull_request(reports),
        "ai-share": _number(reports[0]["ai_share"]["merged_pull_requests"]["share"]) if len(reports) == 1 else "",
        "acceptance-rate": _rate(reports, "acceptance_rate"),
        "error-rate": _rate(reports, "error_rate"),
        "partial": str(any(_is_partial(report["data_quality"]) for report in reports)).lower(),
    }


def _is_partial(quality: Mapping[str, Any]) -> bool:
    return bool(quality["sync"]["partial"] or quality.get("missing"))


def _content(reports: Sequence[Mapping[str, Any]]) -> Any:
    return reports[0] if len(reports) == 1 else reports


def _rate(reports: Sequence[Mapping[str, Any]], name: str) -> str:
    return _number(reports[0][name]) if len(reports) == 1 else ""


def _cost_of_pull_request(reports: Sequence[Mapping[str, Any]]) -> str:
    return next((_number(report["pull_request"]["cost_usd"]) for report in reports if "pull_request" in report), "")


def _number(figure: float | None) -> str:
    return "" if figure is None else f"{figure:.6f}"


def _append(path: Path, text: str) -> None:
    try:
        append_as_given(path, text.encode())
    except OSError as error:
        raise StorageError(f"cannot write the job summary {path}: {error.strerror}") from error
