"""What a run says on GitHub: the comment on a pull request, the digest on an issue. Refused, it is left as a file.

Nothing here fails a run: who opened a pull request from a fork cannot help that their token may not write.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prodlens.action import notices
from prodlens.action.anonymize import AUTO, ON, Anonymizer, make_anonymizer
from prodlens.action.event import Mode, mode_of
from prodlens.action.publishing.comment import OFF, assemble, figures_fingerprint, post_comment
from prodlens.action.publishing.pull_request import PullRequestFacts, describe, facts_of, find_pull_request, read_facts
from prodlens.errors import GithubError, StorageError
from prodlens.github import GithubClient, RequestBudget, addresses
from prodlens.rendering import markdown_blocks
from prodlens.slugs import is_slug

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from prodlens.action.environment import RunEnvironment
    from prodlens.action.settings import Settings

COMMENT_FILE = "comment.md"
MOST_REQUESTS = 40  # a comment's own: the pull request, its commits, the pages of its comments, the writing


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is to be said, and where: ``number`` of a pull request or issue of ``repository``."""

    repository: str
    number: int
    head: str
    body: str


def read_event(world: RunEnvironment) -> tuple[Mode, Mapping[str, Any]]:
    """Return what the event lets this run do, and its payload; a payload that cannot be read is empty."""
    path = world.environ.get("GITHUB_EVENT_PATH", "")
    try:
        payload = json.loads(Path(path).read_bytes()) if path else {}
    except (OSError, ValueError):
        payload = {}
    mode = mode_of(world.environ.get("GITHUB_EVENT_NAME", ""), payload, world.environ.get("GITHUB_REF", ""))
    return mode, payload if isinstance(payload, dict) else {}


def anonymizer(settings: Settings, world: RunEnvironment, people: Mapping[str, str]) -> Anonymizer | None:
    """Return what every call goes through before it is stored; None at a desk, where nothing is published.

    Whether the repository is public is what the event says, else what GitHub says, else taken for yes.
    """
    if not world.in_actions and settings.anonymize != ON:
        return None
    public = _is_public(settings, world) if settings.anonymize == AUTO else None
    return make_anonymizer(settings.anonymize, public=public, key=settings.anonymize_key, people=people)


def prepare(
    reports: Sequence[Mapping[str, Any]],
    settings: Settings,
    world: RunEnvironment,
    connection: sqlite3.Connection,
    *,
    tail: str = "",
) -> Announcement | None:
    """Return the comment that this run owes; None when it owes none.

    On a pull request its own facts stand first; what GitHub would not tell is taken from the event.
    """
    repository = world.environ.get("GITHUB_REPOSITORY", "")
    mode, payload = read_event(world)
    if not world.in_actions or not is_slug(repository):
        return None
    if mode.about_pull_request:
        return _on_pull_request(reports, settings, world, connection, (mode, payload), tail)
    if settings.comment_issue is None or settings.comment == OFF:
        return None
    head = "### ProdLens\n\n" + "\n".join(_period(report) for report in reports)
    body = assemble(head, markdown_blocks(reports, kind="comment"), tail, _fingerprint(reports))
    return Announcement(repository, settings.comment_issue, head, body)


def publish_comment(announcement: Announcement, settings: Settings, world: RunEnvironment) -> str:
    """Write the comment, or say what would be written; returns its address, empty when it was not written.

    Raises:
        StorageError: The comment could be left neither on GitHub nor as a file.
    """
    place = f"{announcement.repository}#{announcement.number}"
    if settings.dry_run:
        _print(world, f"Dry run: this comment would be written on {place}:", announcement.body)
        return ""
    try:
        posted = post_comment(
            github_client(settings, world),
            announcement.repository,
            announcement.number,
            announcement.body,
            setting=settings.comment,
        )
    except GithubError as error:
        file = settings.output_dir / COMMENT_FILE
        _write(file, announcement.body)
        notices.warning(world, f"the comment on {place} was not written ({error}); it is in {file}")
        return ""
    notices.note(world, f"Comment on {place}: {posted.done}.")
    return posted.url


def _on_pull_request(
    reports: Sequence[Mapping[str, Any]],
    settings: Settings,
    world: RunEnvironment,
    connection: sqlite3.Connection,
    event: tuple[Mode, Mapping[str, Any]],
    tail: str,
) -> Announcement | None:
    mode, payload = event
    if settings.comment == OFF:
        return None
    repository, client = world.environ["GITHUB_REPOSITORY"], github_client(settings, world)
    try:
        number = mode.pull_request or (find_pull_request(client, repository, mode.head) if mode.head else None)
    except GithubError as error:
        notices.warning(world, f"the pull request of this run could not be looked up: {error}")
        return None
    if number is None:
        notices.note(world, "No pull request has the head that this run was started for, so there is no comment.")
        return None
    facts = _facts(client, connection, repository, number, payload.get("pull_request"), world)
    own = next((report for report in reports if report["metadata"]["repo"] == repository), None)
    head = describe(facts, own["pr_merge_time_hours"] if own else (), world.now)
    size = (facts.additions, facts.deletions, facts.commits, sorted(facts.evidence), facts.usage.calls)
    body = assemble(head, markdown_blocks(reports, kind="comment"), tail, _fingerprint(reports, size))
    return Announcement(repository, number, head, body)


def _facts(
    client: GithubClient,
    connection: sqlite3.Connection,
    repository: str,
    number: int,
    described: object,
    world: RunEnvironment,
) -> PullRequestFacts:
    try:
        return read_facts(client, connection, repository, number)
    except GithubError as error:
        notices.note(world, f"The pull request was not read from GitHub: {error}")
        pull = described if isinstance(described, dict) else {}
        return facts_of({**pull, "number": number}, (), connection, repository)


def _fingerprint(reports: Sequence[Mapping[str, Any]], *more: object) -> str:
    """Return what changes when a figure does; the passing of time alone, which moves rates a day, is none."""
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


def _is_public(settings: Settings, world: RunEnvironment) -> bool | None:
    _, payload = read_event(world)
    described, slug = payload.get("repository"), world.environ.get("GITHUB_REPOSITORY", "")
    if not isinstance(described, dict) and is_slug(slug):
        try:
            described = github_client(settings, world).get(f"repos/{slug}").json()
        except GithubError:
            return None
    private = described.get("private") if isinstance(described, dict) else None
    return not private if isinstance(private, bool) else None


def github_client(settings: Settings, world: RunEnvironment, budget: RequestBudget | None = None) -> GithubClient:
    """Return a client with the run's token; without a budget given, one with what a comment may spend."""
    return GithubClient(
        token=settings.token or world.environ.get("GITHUB_TOKEN", ""),
        **addresses(world.environ),
        budget=RequestBudget(limit=MOST_REQUESTS) if budget is None else budget,
    )


def _print(world: RunEnvironment, title: str, text: str) -> None:
    """Print text exactly; the runner carries out nothing of it."""
    stop = secrets.token_hex(16)
    before, after = (f"::stop-commands::{stop}\n", f"::{stop}::\n") if world.in_actions else ("", "")
    world.stdout.write(f"{title}\n{before}{text.rstrip()}\n{after}")


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"cannot write {file}: {error.strerror}") from error
