"""The road of a run: traces, commits and pull requests into the store, a report a repository out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.action import notices, outputs, publishing, sources
from prodlens.gates import check_gates
from prodlens.metrics import ReportGenerator
from prodlens.people import read_people
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prodlens.action.desk import World
    from prodlens.action.program import Desk
    from prodlens.action.settings import Settings

GATE_FAILED = 1
NO_REPOSITORY = "no repository"


def run(settings: Settings, desk: Desk, world: World) -> int:
    """Gather, report, publish; returns the exit status.

    Raises:
        UserError: The repository, a path or the database is not what was said.
        OutsideError: GitHub or the disk failed for good.
    """
    repositories = sources.named_repositories(settings, desk)
    people = read_people(settings.people) if settings.people else {}
    prepare = publishing.anonymizer(settings, world, people)
    with ProdLensStore(desk.database) as store:
        job = sources.Job(
            store=store,
            settings=settings,
            desk=desk,
            world=world,
            repositories=repositories,
            people=people,
            prepare=prepare,
        )
        notes = [*sources.gather_traces(job), *sources.gather_commits(job), *sources.gather_pull_requests(job)]
        with world.progress("Computing the report"):
            reports = _reports(job)
        announcement = publishing.prepare(reports, settings, world, store.conn)
    gate = _gate(settings, reports, world)
    made = outputs.publish(reports, settings, world, gate, head=announcement.head if announcement else "")
    url = publishing.publish_comment(announcement, settings, world) if announcement else ""
    outputs.set_outputs({**made, "comment-url": url}, world)
    for note in notes:
        notices.note(world, note)
    return GATE_FAILED if gate == "fail" else 0


def _reports(job: sources.Job) -> list[dict[str, Any]]:
    """Report on each repository; with several, calls that name none appear once, on their own."""
    if len(job.repositories) == 1:
        return [_report(job, job.repositories[0])]
    reports = [_report(job, slug, "without") for slug in job.repositories]
    unnamed = _report(job, NO_REPOSITORY, "only")
    return [*reports, unnamed] if unnamed["ai_interaction_velocity"]["total_sessions"] else reports


def _report(job: sources.Job, slug: str, unnamed: str = "with") -> dict[str, Any]:
    settings = job.settings
    report = ReportGenerator(job.store).generate_report(
        repo=slug,
        since=settings.since,
        until=settings.until,
        lag_days=settings.lag_days,
        policy_models=set(settings.policy_models) or None,
        timezone=settings.timezone.key,
        report_time=job.world.now,
        history_days=settings.history_days,
        holidays=settings.holidays,
        acceptance_target=settings.acceptance_target,
        diff_threshold=settings.diff_threshold,
        plan_cost_usd_per_month=settings.plan_cost_usd_per_month,
        people=job.people,
        unnamed=unnamed,
    )
    if job.simulated:
        report["metadata"]["simulated"] = True
    return report


def _gate(settings: Settings, reports: Sequence[dict[str, Any]], world: World) -> str:
    """Hold every condition against every report; says which failed and returns pass, fail or none."""
    if not settings.fail_if:
        return "none"
    gate = "pass"
    for report in reports:
        for result in check_gates(settings.fail_if, report):
            if result.failed:
                gate = "fail"
                notices.error(world, f"{report['metadata']['repo']}: {result.gate} holds ({result.value:g})")
    return gate
