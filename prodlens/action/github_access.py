"""How a run reaches GitHub: its token, and a client that carries it."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from prodlens.github import GithubClient, RequestBudget, addresses

if TYPE_CHECKING:
    from prodlens.action.environment import LocalOptions, RunEnvironment
    from prodlens.action.settings import Settings

MOST_COMMENT_REQUESTS = 40  # the pull request, its commits, the pages of its comments, the writing
_GH_TIMEOUT_SECONDS = 10


def github_client(settings: Settings, environment: RunEnvironment, budget: RequestBudget | None = None) -> GithubClient:
    """Return a client with the run's token; without a budget, it has what a comment may spend."""
    return GithubClient(
        token=settings.token or environment.environ.get("GITHUB_TOKEN", ""),
        **addresses(environment.environ),
        budget=RequestBudget(limit=MOST_COMMENT_REQUESTS) if budget is None else budget,
    )


def token_at_hand(settings: Settings, options: LocalOptions, environment: RunEnvironment) -> str:
    """Return the token of the input, the environment or the GitHub CLI; empty without one, and offline."""
    if options.offline:
        return ""
    return settings.token or environment.environ.get("GITHUB_TOKEN", "") or _gh_token()


def _gh_token() -> str:
    """Return the token of the GitHub CLI if it is installed and logged in."""
    program = shutil.which("gh")
    if program is None:
        return ""
    try:
        answer = subprocess.run(  # noqa: S603 - a fixed command of the GitHub CLI
            [program, "auth", "token"], capture_output=True, text=True, timeout=_GH_TIMEOUT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
