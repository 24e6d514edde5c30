"""The steps of a run: fill the store, then write one report per repository."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.action import notices
from prodlens.action.cache.run_cache import NOT_SAVED, RunCache, restore_cache
from prodlens.action.event import read_event
from prodlens.action.gathering import sources
from prodlens.action.github_access import github_client, token_at_hand
from prodlens.action.job import Job, chosen_anonymizer
from prodlens.action.publishing import outputs, publishing
from prodlens.action.publishing.at_hand import pull_request_at_hand
from prodlens.action.publishing.local_page import show_pull_request
from prodlens.action.publishing.organisation import report_on_organisation
from prodlens.action.publishing.report_artifact import upload_report
from prodlens.action.publishing.tables import publish_tables
from prodlens.action.workspace import check_workspace
from prodlens.calls import Prices, read_prices
from prodlens.errors import StorageError
from prodlens.files import STATE_FOLDER, Folder
from prodlens.github import RequestBudget
from prodlens.metrics import ReportGenerator, check_gates, gate_rows
from prodlens.organisation import read_teams
from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import read_people

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from prodlens.action.environment import LocalOptions, RunEnvironment
    from prodlens.action.event import Event
    from prodlens.action.gathering.outcome import Gathered
    from prodlens.action.publishing.at_hand import PullRequestAtHand
    from prodlens.action.settings import Settings

FAILED = 1
NO_REPOSITORY = "no repository"
_IGNORED = ".gitignore"


def run(settings: Settings, options: LocalOptions, environment: RunEnvironment) -> int:
    """Restore, gather, save, report, publish; returns the exit status.

    A source that fails for good does not end the run: the cache is saved, the report is written from what is there and
    says what is missing, and only then the exit status tells of the failure. A local run that is asked for one pull
    request prints that instead of the report.

    Raises:
        UserError: The repository, a path or the database is not what was said.
        OutsideError: GitHub failed before the cache was restored, or the disk failed.
    """
    check_workspace(settings, options)
    event = read_event(environment.environ)
    repositories = sources.named_repositories(settings, options)
    people = read_people(settings.people) if settings.people else {}
    prices = Prices(read_prices(settings.prices)) if settings.prices else Prices()
    teams = _teams(settings)
    anonymize = chosen_anonymizer(settings, environment, event, people)
    budget = RequestBudget(limit=settings.github_budget)
    hides_people = anonymize is not None and anonymize.everybody
    if not environment.in_actions:
        _keep_out_of_git(options.database.parent)
    cache = _restored(settings, options, environment, event, budget, hides_people=hides_people)
    with ProdLensStore(options.database) as store:
        job = Job(
            store=store,
            settings=settings,
            options=options,
            environment=environment,
            event=event,
            repositories=repositories,
            people=people,
            token=token_at_hand(settings, options, environment),
            budget=budget,
            anonymize=anonymize,
            prices=prices,
        )
        if cache:
            cache.opened(store)
        gathered = sources.gather(job)
        if options.pull_request is not None:
            show_pull_request(job, options.pull_request)
            return _ended(gathered, environment)
        if settings.publish_to:
            _ = store.identity  # decided before the cache is saved, so that the next run publishes as the same database
        saved = cache.save(store, before=job.kept_since) if cache else NOT_SAVED  # first, whatever comes after it
        with environment.progress("Computing the report"):
            reports = _reports(job, gathered)
        at_hand = pull_request_at_hand(job)
        if at_hand and (own := at_hand.report_of(reports)):
            own["pull_request"] = at_hand.figures()
        gate = _gate(settings, reports, environment)
        published, summary_bytes = _publish(job, reports, at_hand)
        tables = publish_tables(job, {slug: gathered.missing(slug) for slug in job.repositories})
        organisation = report_on_organisation(job, teams, summary_bytes=summary_bytes)
    cached = {"cache-restored": str(bool(cache and cache.restored)).lower(), "cache-file": saved.file}
    outputs.set_outputs({**published, **cached, "gate": gate, **organisation.outputs}, environment)
    page = published["report-html"]
    status = _ended(gathered, environment, f"The report is in {page}, and beside it as JSON, Markdown and CSV.")
    for line in (*tables.failures, *organisation.failures):
        notices.error(environment, line)
    return max(status, tables.exit_status, organisation.exit_status, FAILED if gate == "fail" or saved.failed else 0)


def _teams(settings: Settings) -> Mapping[str, tuple[str, ...]]:
    path = settings.organisation_teams
    return {} if path is None else read_teams(path, "organisation-teams", of_checkout=True)


def _ended(gathered: Gathered, environment: RunEnvironment, *more: str) -> int:
    """Say what the reader should know of the sources, and in a local run some more; returns the exit status."""
    for note in (*gathered.notes, *(() if environment.in_actions else more)):
        notices.note(environment, note)
    for failure in gathered.failures:
        for line in failure.lines:
            notices.error(environment, line)
    return gathered.exit_status


def _keep_out_of_git(folder: Path) -> None:
    """Let git pass over the program's own folder, which a local run makes in a clone of somebody else's project.

    Raises:
        StorageError: The folder cannot be written.
    """
    place = Folder(folder)
    try:
        if folder == STATE_FOLDER and place.entry(_IGNORED) is None:
            place.replace(_IGNORED, b"*\n")
    except OSError as error:
        raise StorageError(
            f"cannot write to the folder {folder}: {error.strerror}; name other places with --db and --output-dir"
        ) from error


def _restored(
    settings: Settings,
    options: LocalOptions,
    environment: RunEnvironment,
    event: Event,
    budget: RequestBudget,
    *,
    hides_people: bool,
) -> RunCache | None:
    """Return the restored cache; None for a local run, offline, or without a name for it: the file stays in place."""
    if not environment.in_actions or options.offline or not settings.cache_artifact:
        return None
    client = github_client(settings, environment, budget)
    return restore_cache(settings, environment, event, client, options.database, hides_people=hides_people)


def _publish(
    job: Job, reports: Sequence[dict[str, Any]], at_hand: PullRequestAtHand | None
) -> tuple[dict[str, str], int]:
    """Write files, summary and comment; returns the outputs that say where they are, and the bytes of the summary."""
    files = outputs.write_reports(reports, job)
    report_url = upload_report(files, job)
    link = f"[The whole report, with charts]({report_url})" if report_url else ""
    announcement = publishing.compose_comment(job, reports, at_hand, tail=link)
    head = announcement.head if announcement else ""
    summary_bytes = outputs.write_summary(reports, job, head=head, tail=link)
    comment_url = publishing.publish_comment(announcement, job) if announcement else ""
    addresses = {"report-url": report_url, "comment-url": comment_url}
    return {**outputs.figures(reports), **files, **addresses}, summary_bytes


def _reports(job: Job, gathered: Gathered) -> list[dict[str, Any]]:
    """Report on each repository; with several, calls that name no repository are one more report, counted once."""
    if len(job.repositories) == 1:
        reports = [_report(job, job.repositories[0])]
    else:
        reports = [_report(job, slug, "without") for slug in job.repositories]
        unnamed = _report(job, NO_REPOSITORY, "only")
        reports += [unnamed] if unnamed["ai_interaction_velocity"]["total_sessions"] else []
    for report in reports:
        report["data_quality"]["missing"] = gathered.missing(report["metadata"]["repo"])
    return reports


def _report(job: Job, slug: str, unnamed: str = "with") -> dict[str, Any]:
    settings = job.settings
    return ReportGenerator(job.store).generate_report(
        repo=slug,
        since=settings.since,
        until=settings.until,
        lag_days=settings.lag_days,
        policy_models=set(settings.policy_models) or None,
        timezone=settings.timezone.key,
        report_time=job.environment.now,
        history_days=settings.history_days,
        holidays=settings.holidays,
        acceptance_target=settings.acceptance_target,
        diff_threshold=settings.diff_threshold,
        plan_cost_usd_per_month=settings.plan_cost_usd_per_month,
        people=job.people,
        unnamed=unnamed,
        attribute_by_person=settings.attribute_by_person,
    )


def _gate(settings: Settings, reports: Sequence[dict[str, Any]], environment: RunEnvironment) -> str:
    """Hold every condition against every report and note it there; say which failed, return pass, fail or none."""
    if not settings.fail_if:
        return "none"
    gate = "pass"
    for report in reports:
        results = check_gates(settings.fail_if, report)
        report["gates"] = gate_rows(results)
        for result in results:
            if result.failed:
                gate = "fail"
                notices.error(environment, f"{report['metadata']['repo']}: {result.gate} holds ({result.value:g})")
    return gate
