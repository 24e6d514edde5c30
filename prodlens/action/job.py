"""One run: what it was asked to do, what it works with, and whether it hides the people in the traces."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from prodlens.action.anonymize import AUTO, ON, make_anonymizer
from prodlens.action.github_access import github_client
from prodlens.calls import Prices
from prodlens.errors import GithubError
from prodlens.slugs import is_slug
from prodlens.timestamps import day_of, day_start

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from prodlens.action.anonymize import Anonymizer
    from prodlens.action.environment import LocalOptions, RunEnvironment
    from prodlens.action.event import Event
    from prodlens.action.settings import Settings
    from prodlens.github import RequestBudget
    from prodlens.storage import ProdLensStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run.

    Attributes:
        store: The open database.
        settings: What was asked for.
        options: Options of a local run.
        environment: Variables, streams and clock.
        event: What started the run.
        repositories: The repositories to report on.
        people: Trace identity to GitHub login.
        token: GitHub token; empty when there is none.
        budget: API requests that the run may still send.
        anonymize: Applied to every call before it is stored; None keeps calls as they are.
        prices: What calls without a recorded cost cost.
    """

    store: ProdLensStore
    settings: Settings
    options: LocalOptions
    environment: RunEnvironment
    event: Event
    repositories: tuple[str, ...]
    people: Mapping[str, str]
    token: str = field(repr=False)
    budget: RequestBudget
    anonymize: Anonymizer | None = None
    prices: Prices = field(default_factory=Prices)

    @property
    def history_start(self) -> datetime:
        """The moment from which commits and pull requests are gathered: the earlier start of window and history."""
        zone = self.settings.timezone
        first = day_of(self.environment.now, zone) - timedelta(days=self.settings.history_days)
        return day_start(min(first, self.settings.since), zone)

    @property
    def kept_since(self) -> datetime:
        """The moment from which rows stay in the cache. Rows that this run gathers are always kept."""
        zone = self.settings.timezone
        oldest = day_start(day_of(self.environment.now, zone) - timedelta(days=self.settings.keep_days), zone)
        return min(oldest, self.history_start)

    @property
    def owner(self) -> str | None:
        """The repository of calls that name none; None when the report is on several."""
        return self.repositories[0] if len(self.repositories) == 1 else None


def chosen_anonymizer(
    settings: Settings, environment: RunEnvironment, event: Event, people: Mapping[str, str]
) -> Anonymizer | None:
    """Return the anonymizer applied to every call before storage; None for a local run, which publishes nothing.

    With ``auto``, whether the repository is public comes from the event, else from GitHub; unknown counts as public.
    """
    if not environment.in_actions and settings.anonymize != ON:
        return None
    public = _is_public(settings, environment, event) if settings.anonymize == AUTO else None
    return make_anonymizer(settings.anonymize, public=public, key=settings.anonymize_key, people=people)


def _is_public(settings: Settings, environment: RunEnvironment, event: Event) -> bool | None:
    described: object = event.repository
    slug = environment.environ.get("GITHUB_REPOSITORY", "")
    if not described and is_slug(slug):
        try:
            described = github_client(settings, environment).get(f"repos/{slug}").json()
        except GithubError:
            return None
    private = described.get("private") if isinstance(described, dict) else None
    return not private if isinstance(private, bool) else None
