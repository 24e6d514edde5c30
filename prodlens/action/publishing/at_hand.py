"""The pull request at hand: which one a run is about, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prodlens.action import notices
from prodlens.action.github_access import github_client
from prodlens.action.inputs import COMMENT_AUTO
from prodlens.action.publishing.pull_request import PullRequestFacts, facts_of, find_pull_request, read_facts
from prodlens.errors import GithubError
from prodlens.json_values import mapping
from prodlens.rendering import usd
from prodlens.slugs import is_slug, same_repository

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prodlens.action.job import Job
    from prodlens.action.settings import Settings
    from prodlens.github import GithubClient


@dataclass(frozen=True, slots=True)
class PullRequestAtHand:
    """The pull request that a run is about, and the repository it belongs to."""

    repository: str
    facts: PullRequestFacts

    def report_of(self, reports: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
        """Return the report on its repository; None if the run reports on other repositories only."""
        return next((one for one in reports if same_repository(one["metadata"]["repo"], self.repository)), None)

    def figures(self) -> dict[str, Any]:
        """Return what its repository's report says of it, under ``pull_request``."""
        usage = self.facts.usage
        return {
            "number": self.facts.number,
            "sessions": usage.calls,
            "total_tokens": usage.tokens,
            "cost_usd": usage.cost_usd,
            "unpriced_sessions": usage.unpriced_calls,
            "evidence": [
                {"tool": sign.tool or None, "kind": sign.kind, "confidence": sign.confidence}
                for sign in sorted(self.facts.evidence)
            ],
        }


def pull_request_at_hand(job: Job) -> PullRequestAtHand | None:
    """Return the pull request of this run; None where it has none, or GitHub does not tell which.

    What GitHub does not tell of it is taken from the event.
    """
    environment, mode = job.environment, job.event.mode
    repository = environment.environ.get("GITHUB_REPOSITORY", "")
    if not environment.in_actions or not is_slug(repository) or not mode.about_pull_request:
        return None
    client = github_client(job.settings, environment)
    try:
        number = mode.pull_request or (find_pull_request(client, repository, mode.head) if mode.head else None)
    except GithubError as error:
        notices.warning(environment, f"the pull request of this run could not be looked up: {error}")
        return None
    if number is None:
        notices.note(environment, "No pull request has the head that this run was started for, so there is no comment.")
        return None
    return PullRequestAtHand(repository, _facts(job, client, repository, number))


def why_silent(settings: Settings, facts: PullRequestFacts) -> str:
    """Return why ``comment: auto`` writes nothing about a pull request; empty when it writes.

    An unknown cost is not below a threshold, unless no call could have one.
    """
    usage, threshold = facts.usage, settings.comment_threshold_usd
    if settings.comment != COMMENT_AUTO:
        return ""
    if not usage.calls and not facts.evidence:
        return "neither a model call nor a sign of AI is known of it, and comment is auto"
    if threshold is None or (usage.cost_usd is None and usage.calls):
        return ""
    if usage.cost_usd is None:
        return f"no model call is known of it, and comment-threshold-usd is {usd(threshold)}"
    if usage.cost_usd < threshold:
        return f"its known cost of {usd(usage.cost_usd)} is below comment-threshold-usd ({usd(threshold)})"
    return ""


def _facts(job: Job, client: GithubClient, repository: str, number: int) -> PullRequestFacts:
    attribution = {
        "unnamed": job.owner is not None,  # beside several repositories such calls are shown apart
        "by_person": job.settings.attribute_by_person,
        "people": job.people,
    }
    try:
        return read_facts(client, job.store.conn, repository, number, **attribution)
    except GithubError as error:
        notices.note(job.environment, f"The pull request was not read from GitHub: {error}")
        described = mapping(job.event.payload.get("pull_request"))
        return facts_of({**described, "number": number}, (), job.store.conn, repository, **attribution)
