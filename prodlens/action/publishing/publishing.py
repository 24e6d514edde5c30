"""What a run writes on GitHub: the comment on a pull request, or the digest on an issue.

Nothing here fails a run: a pull request from a fork has a read-only token, and that is not its author's fault. A
comment that GitHub refuses is left as a file.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from prodlens.action import notices
from prodlens.action.github_access import github_client
from prodlens.action.identity import report_identity
from prodlens.action.inputs import COMMENT_OFF
from prodlens.action.publishing.at_hand import why_silent
from prodlens.action.publishing.comment import assemble, figures_fingerprint, post_comment
from prodlens.action.publishing.pull_request import describe
from prodlens.errors import GithubError, StorageError
from prodlens.files import Folder
from prodlens.rendering import markdown_blocks
from prodlens.slugs import is_slug

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from prodlens.action.environment import RunEnvironment
    from prodlens.action.job import Job
    from prodlens.action.publishing.at_hand import PullRequestAtHand

COMMENT_FILE = "comment.md"


@dataclass(frozen=True, slots=True)
class Announcement:
    """A comment for pull request or issue ``number`` of ``repository``.

    ``silent`` is the reason why it is not written; empty if it is.
    """

    repository: str
    number: int
    head: str
    body: str
    silent: str = ""


def compose_comment(
    job: Job, reports: Sequence[dict[str, Any]], at_hand: PullRequestAtHand | None = None, *, tail: str = ""
) -> Announcement | None:
    """Return the comment that this run is to write; None if it writes none.

    On a pull request its own facts come first.

    Args:
        job: The run.
        reports: One report per repository.
        at_hand: The pull request that the run is about, if it is about one that is known.
        tail: What stands below the figures, as Markdown: where the whole report is.
    """
    environment, settings = job.environment, job.settings
    repository = environment.environ.get("GITHUB_REPOSITORY", "")
    if not environment.in_actions or not is_slug(repository) or settings.comment == COMMENT_OFF:
        return None
    if job.event.mode.about_pull_request:
        return None if at_hand is None else _on_pull_request(job, reports, at_hand, tail)
    if settings.comment_issue is None:
        return None
    head = "### ProdLens\n\n" + "\n".join(_period(report) for report in reports)
    return _announcement(job, reports, (repository, settings.comment_issue), head, tail, _fingerprint(reports))


def publish_comment(announcement: Announcement, job: Job) -> str:
    """Write the comment, or say what would be written or why nothing is; returns its address, empty without one.

    Raises:
        StorageError: GitHub refused the comment, and it could not be written to a file either.
    """
    environment, settings = job.environment, job.settings
    place = f"{announcement.repository}#{announcement.number}"
    if announcement.silent:
        notices.note(environment, f"No comment on {place}: {announcement.silent}.")
        return ""
    if settings.dry_run:
        _print(environment, f"Dry run: this comment would be written on {place}:", announcement.body)
        return ""
    try:
        posted = post_comment(
            github_client(settings, environment),
            announcement.repository,
            announcement.number,
            announcement.body,
            setting=settings.comment,
        )
    except GithubError as error:
        file = settings.output_dir / COMMENT_FILE
        _write(file, announcement.body)
        notices.warning(environment, f"the comment on {place} was not written ({error}); it is in {file}")
        return ""
    notices.note(environment, f"Comment on {place}: {posted.done}.")
    return posted.url


def _on_pull_request(
    job: Job, reports: Sequence[dict[str, Any]], at_hand: PullRequestAtHand, tail: str
) -> Announcement:
    facts, own = at_hand.facts, at_hand.report_of(reports)
    hours, costs = (own["pr_merge_time_hours"], own["pull_request_costs"]["merged"]) if own else ((), None)
    head = describe(facts, hours, job.environment.now, costs)
    size = (
        facts.additions,
        facts.deletions,
        facts.commits,
        sorted(facts.evidence),
        facts.usage.calls,
        facts.usage.cost_usd,
    )
    place = (at_hand.repository, facts.number)
    announcement = _announcement(job, reports, place, head, tail, _fingerprint(reports, size))
    return replace(announcement, silent=why_silent(job.settings, facts))


def _announcement(
    job: Job, reports: Sequence[Mapping[str, Any]], place: tuple[str, int], head: str, tail: str, fingerprint: str
) -> Announcement:
    key = report_identity(job.environment.environ, job.settings.comment_key).digest(*place)
    blocks = markdown_blocks(reports, kind="comment")
    return Announcement(*place, head, assemble(head, blocks, tail, fingerprint, key))


def _fingerprint(reports: Sequence[Mapping[str, Any]], *more: object) -> str:
    """Return a text that changes when a figure does, but not with time alone, which moves the rates per day."""
    figures = [
        (
            report["metadata"]["repo"],
            report["ai_interaction_velocity"]["total_sessions"],
            report["acceptance_rate"],
            report["error_rate"],
            report["rework_rate"],
            report["pr_throughput"]["total_merged"],
            report["commit_frequency"]["total_commits"],
            report["cost_metrics"]["total_session_cost_usd"],
        )
        for report in reports
    ]
    return figures_fingerprint(figures, *more)


def _period(report: Mapping[str, Any]) -> str:
    data = report["metadata"]
    return f"- `{data['repo']}`, {str(data['since'])[:10]} to {str(data.get('until') or 'now')[:10]}"


def _print(environment: RunEnvironment, title: str, text: str) -> None:
    """Print text as it is; the runner obeys no command in it."""
    stop = secrets.token_hex(16)
    before, after = (f"::stop-commands::{stop}\n", f"::{stop}::\n") if environment.in_actions else ("", "")
    environment.show(f"{title}\n{before}{text.rstrip()}\n{after}")


def _write(file: Path, text: str) -> None:
    try:
        Folder(file.parent).replace(file.name, text.encode())
    except OSError as error:
        raise StorageError(f"cannot write {file}: {error.strerror}") from error
