"""The road of a run: traces, commits and pull requests into the store, a report a repository out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.action import notices
from prodlens.action.gathering import sources
from prodlens.action.publishing import outputs, publishing
from prodlens.action.publishing.outputs import NOT_SAVED
from prodlens.github import RequestBudget
from prodlens.metrics import ReportGenerator, check_gates
from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import read_people

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prodlens.action.cache.run_cache import RunCache
    from prodlens.action.environment import LocalOptions, RunEnvironment
    from prodlens.action.settings import Settings

FAILED = 1
NO_REPOSITORY = "no repository"


def run(settings: Settings, desk: LocalOptions, world: RunEnvironment) -> int:
    """Restore, gather, report, publish, save; returns the exit status.

    Raises:
        UserError: The repository, a path or the database is not what was said.
        OutsideError: GitHub or the disk failed for good.
    """
    repositories = sources.named_repositories(settings, desk)
    people = read_people(settings.people) if settings.people else {}
    prepare = publishing.anonymizer(settings, world, people)
    budget = RequestBudget(limit=settings.github_budget)
    hides_people = prepare is not None and prepare.everybody
    cache = _restored(settings, desk, world, budget, hides_people=hides_people)
    with ProdLensStore(desk.database) as store:
        job = sources.Job(
            store=store,
            settings=settings,
            desk=desk,
            world=world,
            repositories=repositories,
            people=people,
            token=sources.token_at_hand(settings, desk, world),
            budget=budget,
            prepare=prepare,
        )
        if cache:
            cache.opened(store)
        notes = _gather(job)
        with world.progress("Computing the report"):
            reports = _reports(job)
        gate = _gate(settings, reports, world)
        made = _publish(job, reports)
        saved = cache.save(store, before=job.kept_since) if cache else NOT_SAVED
    cached = {"cache-restored": str(bool(cache and cache.restored)).lower(), "cache-file": saved.file}
    outputs.set_outputs({**made, **cached, "gate": gate}, world)
    for note in notes:
        notices.note(world, note)
    return FAILED if gate == "fail" or saved.failed else 0


def _restored(
    settings: Settings, desk: LocalOptions, world: RunEnvironment, budget: RequestBudget, *, hides_people: bool
) -> RunCache | None:
    """Return the restored cache; None at a desk, offline, or without a name for it: the file stays where it is."""
    if not world.in_actions or desk.offline or not settings.cache_artifact:
        return None
    from prodlens.action.cache.run_cache import restore_cache

    client = publishing.github_client(settings, world, budget)
    return restore_cache(settings, world, client, desk.database, hides_people=hides_people)


def _gather(job: sources.Job) -> list[str]:
    """Fill the store from every source; returns what the reader should know of it."""
    notes = sources.gather_trace_artifacts(job)
    notes += sources.gather_traces(job)
    notes += sources.gather_commits(job)
    return notes + sources.gather_pull_requests(job)


def _publish(job: sources.Job, reports: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Leave the reports wherever they belong; returns the outputs that say where."""
    settings, world = job.settings, job.world
    files = outputs.write_reports(reports, settings, world)
    report_url = _uploaded(files, job)
    link = f"[The whole report, with charts]({report_url})" if report_url else ""
    announcement = publishing.prepare(reports, settings, world, job.store.conn, tail=link)
    outputs.write_summary(reports, settings, world, head=announcement.head if announcement else "", tail=link)
    comment_url = publishing.publish_comment(announcement, settings, world) if announcement else ""
    return {**outputs.figures(reports), **files, "report-url": report_url, "comment-url": comment_url}


def _uploaded(files: Mapping[str, str], job: sources.Job) -> str:
    if not job.world.in_actions or job.desk.offline:
        return ""
    from prodlens.action.cache.run_cache import upload_report

    return upload_report(files, job.settings, job.world)


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


def _gate(settings: Settings, reports: Sequence[dict[str, Any]], world: RunEnvironment) -> str:
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
