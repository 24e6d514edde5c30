"""Stores of teams whose truth is known: who used an assistant for what, and what that changed.

The models are those of the specification: log hours to merge with a standard deviation of 1.2 beyond size, effects
that differ between authors, a share of assisted work of each author's own; weekly counts that come in bursts and
remember the week before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import gamma, norm

if TYPE_CHECKING:
    from prodlens.storage import ProdLensStore

REPO = "acme/web"
START = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday


@dataclass(frozen=True, kw_only=True)
class Team:
    """What is true of a team's pull requests.

    Attributes:
        authors: How many there are.
        weeks: How many weeks they open pull requests in.
        each: Pull requests of an author.
        ratio: How many times as long assisted ones take, at the same size.
        chooses: How much the log odds of assistance fall with a standard deviation of size.
        size_effect: How much log hours rise with a standard deviation of size.
        share_open: Share that is still open at the end, whatever their kind.
        reworked: Shares of other and of assisted ones that changes are requested on.
    """

    authors: int = 15
    weeks: int = 12
    each: int = 18
    ratio: float = 1.0
    chooses: float = 0.0
    size_effect: float = 0.5
    share_open: float = 0.0
    reworked: tuple[float, float] = (0.1, 0.1)


Rows = list[dict[str, Any]]


def fill(store: ProdLensStore, team: Team, seed: int) -> None:
    """Put the team's pull requests and calls into a store."""
    pulls, calls = team_rows(team, seed)
    store.insert_sessions(calls)
    store.insert_pull_requests(pulls)


def team_rows(team: Team, seed: int) -> tuple[Rows, Rows]:
    """Return the team's pull requests and calls.

    Every author has a call a week on a branch of nobody's, so that traces were being received; an assisted pull request
    has one on its branch before it was opened.
    """
    rng = np.random.default_rng(seed)
    pulls, calls = [], [_call(name, week, "elsewhere") for name in range(team.authors) for week in range(team.weeks)]
    week_effect = rng.normal(0, 0.3, team.weeks)
    number = 0
    for author in range(team.authors):
        own, effect = rng.normal(0, 1), math.log(team.ratio) + rng.normal(0, 0.2)
        share = rng.beta(1.5, 2)
        for _ in range(team.each):
            number += 1
            size, week = rng.normal(), int(rng.integers(team.weeks))
            odds = math.log(share / (1 - share)) - team.chooses * size
            assisted = bool(rng.random() < 1 / (1 + math.exp(-odds)))
            hours = own + week_effect[week] + effect * assisted + team.size_effect * size + rng.normal(0, 1.2)
            opened = START + timedelta(weeks=week, days=float(rng.uniform(1, 6)))
            is_open = bool(rng.random() < team.share_open)
            pulls.append(_pull(number, author, opened, 10 * math.exp(hours), size, is_open=is_open))
            pulls[-1]["changes_requested"] = int(rng.random() < team.reworked[assisted])
            if assisted:
                calls.append(_call(author, week, f"branch-{number}", at=opened - timedelta(hours=1)))
    return pulls, calls


def _pull(number: int, author: int, opened: datetime, hours: float, size: float, *, is_open: bool) -> dict[str, Any]:
    merged = opened + timedelta(hours=max(hours, 0.05))
    lines = round(math.exp(4 + size)) + 2
    return {
        "id": number,
        "number": number,
        "repo_slug": REPO,
        "title": f"Change {number}",
        "author": f"dev{author}",
        "state": "open" if is_open else "closed",
        "draft": False,
        "created_at": opened,
        **({} if is_open else {"merged_at": merged, "closed_at": merged}),
        "first_review_at": opened + timedelta(hours=max(hours, 0.05) / 2),
        "additions": lines // 2,
        "deletions": lines - lines // 2,
        "changed_files": 1 + lines // 40,
        "head_ref": f"branch-{number}",
        "base_ref": "main",
    }


def _call(author: int, week: int, branch: str | None, at: datetime | None = None) -> dict[str, Any]:
    moment = at or START + timedelta(weeks=week, hours=9)
    return {
        "timestamp": moment,
        "trace_hash": f"{author}-{week}-{branch}-{moment.timestamp()}",
        "developer_id": f"dev{author}",
        "repo_slug": REPO,
        "branch": branch,
        "source": "litellm",
        "total_tokens": 1,
    }


@dataclass(frozen=True, kw_only=True)
class Starters:
    """What is true of a team some of whom begin in the middle of the time.

    Attributes:
        authors: How many there are.
        weeks: How many weeks are looked at.
        ratio: How many times as many pull requests a week those merge who have begun.
        before: The same in the four weeks before the beginning.
    """

    authors: int = 15
    weeks: int = 12
    ratio: float = 1.0
    before: float = 1.0


def fill_starters(store: ProdLensStore, team: Starters, seed: int) -> None:
    """Put the team's pull requests and calls into a store."""
    pulls, calls = starter_rows(team, seed)
    store.insert_sessions(calls)
    store.insert_pull_requests(pulls)


def starter_rows(team: Starters, seed: int) -> tuple[Rows, Rows]:
    """Return weekly merged pull requests: negative binomial (size 3), with a memory of 0.3.

    Three quarters begin, spread over the time; one who is not of the team has calls from the first week on, so that
    telemetry was running.
    """
    rng = np.random.default_rng(seed)
    pulls, calls, number = [], [_call(999, week, None) for week in range(team.weeks)], 0
    season = np.exp(rng.normal(0, 0.15, team.weeks))
    for author in range(team.authors):
        own = math.exp(rng.normal(math.log(1.5), 0.5))
        begun = int(rng.integers(2, team.weeks - 1)) if rng.random() < 0.75 else team.weeks
        noise = rng.normal()
        for week in range(team.weeks):
            noise = 0.3 * noise + math.sqrt(1 - 0.09) * rng.normal() if week else noise
            burst = float(gamma.ppf(norm.cdf(noise), 3, scale=1 / 3))
            change = team.ratio if week >= begun else team.before if week >= begun - 4 else 1.0
            for _ in range(int(rng.poisson(own * season[week] * burst * change))):
                number += 1
                opened = START + timedelta(weeks=week, days=float(rng.uniform(0, 6)))
                pulls.append(_pull(number, author, opened, 2.0, 0.0, is_open=False))
            if week >= begun:
                calls.append(_call(author, week, None))
        # Present in the first and in the last week, whatever was merged.
        for week in (0, team.weeks - 1):
            number += 1
            opened = START + timedelta(weeks=week, days=1)
            pulls.append(
                _pull(number, author, opened, 2.0, 0.0, is_open=False)
                | {"merged_at": None, "state": "open", "closed_at": None}
            )
    return pulls, calls
