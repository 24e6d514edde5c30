"""The published tables of a run: its repositories' files at the place that the user named.

Pull requests publish nothing: their code is not the default branch's yet, and their traces may be anybody's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prodlens.action import notices
from prodlens.errors import ProdLensError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prodlens.action.job import Job
    from prodlens.lake import Place
    from prodlens.metrics import PublishedRepository

FAILED = 1


class PublishedTables(NamedTuple):
    """What went wrong, a line each, and the exit status that follows from it."""

    failures: tuple[str, ...] = ()
    exit_status: int = 0


def publish_tables(job: Job, missing: Mapping[str, Sequence[str]]) -> PublishedTables:
    """Publish the tables if the user asked for it; failures are returned, for the caller to report at the end.

    Args:
        job: The run.
        missing: By repository, what could not be read in this run, one sentence each.
    """
    settings, environment, mode = job.settings, job.environment, job.event.mode
    if not settings.publish_to:
        return PublishedTables()
    if environment.in_actions and not mode.may_save_cache:
        text = f"Tables: not published, for the same reason as the cache is not saved: {mode.why_not_saved}."
        notices.note(environment, text)
        return PublishedTables()
    from prodlens import lake
    from prodlens.metrics import Publishing, publish_repositories

    try:
        place = lake.Place(settings.publish_to)
        if settings.dry_run:
            notices.note(environment, f"Dry run: the tables would be published to {place.shown}.")
            return PublishedTables()
        publishing = Publishing(
            now=environment.now, team=settings.publish_team or None, people=job.people, missing=missing
        )
        with environment.progress("Publishing the tables"):
            outcomes = list(publish_repositories(job.store, place, job.repositories, publishing))
    except ProdLensError as error:
        return PublishedTables((f"the tables were not published: {error}",), error.exit_status)
    for outcome in outcomes:
        _say(outcome, place, job)
    failures = [f"the tables were not published: {each.failure}" for each in outcomes if each.failure]
    return PublishedTables(tuple(dict.fromkeys(failures)), FAILED if failures else 0)


def _say(outcome: PublishedRepository, place: Place, job: Job) -> None:
    for note in outcome.notes:
        notices.note(job.environment, f"Tables: {note}.")
    if (done := outcome.published) is not None:
        counts = f"{len(done.written)} files written, {done.unchanged} unchanged"
        notices.note(job.environment, f"Tables: {outcome.repository} is published to {place.shown}: {counts}.")
