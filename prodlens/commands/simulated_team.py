"""A simulated team whose effects are known: calls, pull requests and commits of some weeks, the same for the same seed.

What a report on it should find: usage grows slowly over the weeks and follows the working week;
a day of unusually high use is followed by unusually many commits one day later, and by nothing else. One committer
uses no assistant, one model has no known price, and a part of the calls says nothing about acceptance.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Final

from prodlens.errors import UserError
from prodlens.schemas import RECORDED, CanonicalTrace
from prodlens.storage import SIMULATED_MARK

if TYPE_CHECKING:
    from prodlens.storage import ProdLensStore

DEMO_REPOSITORY: Final = "simulated/team"
DEMO_LAST_DAY: Final = date(2026, 6, 28)
DEMO_WEEKS: Final = 12

_WORKING_WEEK = (1.0, 1.1, 1.05, 1.0, 0.85, 0.12, 0.08)
_OBSERVERS = ("ada", "barbara", "edsger", "grace", "tony")  # those whose calls are traced
_COMMITTERS = (*_OBSERVERS, "linus")
_CALLS_A_DAY = 55.0
_COMMITS_A_DAY = 9.0
_PULL_REQUESTS_A_DAY = 2.6
_USAGE_TO_COMMITS = 0.9  # elasticity of the next day's commits to the day's unusual use
_STATUSES = (429, 500, 529)
_SHARE_FAILED, _SHARE_DECIDED = 0.025, 0.7  # of the calls; of the answers, those with a known decision
_SHARE_MERGED, _SHARE_REOPENED = 0.88, 0.05  # of the pull requests, in the end and on the way
_TITLES = (
    "Cache the price table between runs",
    "Retry a page that ends early",
    "Show the median with its interval",
    "Escape | and <b> in titles",
    "Split the importer in two",
    "Drop support for the old layout",
    "Speed up the daily aggregate",
    "Explain an empty report",
)


@dataclass(frozen=True, slots=True)
class _Model:
    """A model of the simulation: share of the calls, price in USD per million tokens, median latency, acceptance."""

    name: str
    share: float
    price_in: float | None
    price_out: float | None
    latency_ms: float
    acceptance: float


_MODELS = (
    _Model("claude-sonnet-4-5", 0.46, 3.0, 15.0, 5200.0, 0.71),
    _Model("gpt-5", 0.22, 1.25, 10.0, 7400.0, 0.66),
    _Model("claude-haiku-4-5", 0.20, 1.0, 5.0, 1900.0, 0.62),
    _Model("gemini-2.5-pro", 0.09, 1.25, 10.0, 6100.0, 0.60),
    _Model("in-house/coder-30b", 0.03, None, None, 2600.0, 0.52),
)


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a simulated team left behind; the mappings are what the store's insert methods take."""

    traces: list[CanonicalTrace]
    pull_requests: list[dict[str, Any]]
    commits: list[dict[str, Any]]


def simulate_team(
    *,
    seed: int = 1,
    last_day: date = DEMO_LAST_DAY,
    weeks: int = DEMO_WEEKS,
    repo: str = DEMO_REPOSITORY,
) -> Simulation:
    """Return the records of ``weeks`` whole weeks that end with ``last_day`` (UTC days)."""
    random = Random(seed)
    days = [last_day - timedelta(days=7 * weeks - 1 - offset) for offset in range(7 * weeks)]
    simulation = Simulation([], [], [])
    unusual = 0.0
    for index, day in enumerate(days):
        rhythm = _WORKING_WEEK[day.weekday()]
        _add_commits(simulation, random, day, repo, _COMMITS_A_DAY * rhythm * math.exp(_USAGE_TO_COMMITS * unusual))
        unusual = random.gauss(0.0, 0.45)
        growth = 0.75 + 0.5 * index / len(days)
        _add_calls(simulation, random, day, repo, _CALLS_A_DAY * rhythm * growth * math.exp(unusual))
        _add_pull_requests(simulation, random, day, last_day, repo)
    return simulation


def fill_store(store: ProdLensStore, simulation: Simulation, at: datetime) -> None:
    """Put a simulation into a store of its own and mark the store as simulated.

    Raises:
        UserError: The store holds records that are not simulated; nothing is written.
    """
    held = any(store.conn.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in ("sessions", "commits"))
    if held and not store.simulated:
        raise UserError(f"{store.path} holds real records; give the simulation a database of its own with --db")
    with store.transaction():
        store.set_note(SIMULATED_MARK, at.isoformat())
        store.insert_sessions(simulation.traces)
        store.insert_pull_requests(simulation.pull_requests)
        store.insert_commits(simulation.commits)


def _add_calls(simulation: Simulation, random: Random, day: date, repo: str, mean: float) -> None:
    for number in range(_poisson(random, mean)):
        developer = random.choices(_OBSERVERS, weights=(5, 4, 3, 3, 2))[0]
        model = random.choices(_MODELS, weights=[m.share for m in _MODELS])[0]
        simulation.traces.append(_call(random, _moment(random, day), developer, model, f"{day}-{number}", repo))


def _call(random: Random, at: datetime, developer: str, model: _Model, call_id: str, repo: str) -> CanonicalTrace:
    failed = random.random() < _SHARE_FAILED
    known = not failed and random.random() < _SHARE_DECIDED
    accepted = known and random.random() < model.acceptance
    cached = int(random.lognormvariate(10.9, 0.8))
    tokens_in = cached + int(random.lognormvariate(8.2, 0.9))
    tokens_out = 0 if failed else int(random.lognormvariate(6.6, 0.9))
    return CanonicalTrace(
        session_id=f"{developer}-{at:%Y%m%d}-{at.hour // 3}",
        developer_id=developer,
        timestamp=at,
        model=model.name,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        latency_ms=round(random.lognormvariate(math.log(model.latency_ms), 0.5)),
        status_code=random.choice(_STATUSES) if failed else 200,
        accepted_flag=accepted,
        repo_slug=repo,
        diff_ratio=round(random.betavariate(6, 2), 3) if accepted else None,
        accepted_lines=1 + int(random.expovariate(1 / 14)) if accepted else None,
        acceptance_known=known,
        cost_usd=_cost(model, tokens_in - cached, cached, tokens_out),
        cost_source=None if model.price_in is None else RECORDED,
        cache_read_tokens=cached,
        decision=("accept" if accepted else "reject") if known else None,
        source=SIMULATED_MARK,
        call_id=f"{SIMULATED_MARK}-{call_id}",
    )


def _cost(model: _Model, fresh: int, cached: int, tokens_out: int) -> float | None:
    """Return the cost in USD; a token read from the cache costs a tenth."""
    if model.price_in is None or model.price_out is None:
        return None
    return round(((fresh + cached / 10) * model.price_in + tokens_out * model.price_out) / 1e6, 6)


def _add_commits(simulation: Simulation, random: Random, day: date, repo: str, mean: float) -> None:
    for number in range(_poisson(random, mean)):
        sha = hashlib.sha1(f"{repo} {day} {number}".encode(), usedforsecurity=False).hexdigest()
        simulation.commits.append(
            {
                "sha": sha,
                "repo_slug": repo,
                "author": random.choices(_COMMITTERS, weights=(5, 4, 3, 3, 2, 2))[0],
                "author_is_login": True,
                "timestamp": _moment(random, day),
                "branch": "main",
            }
        )


def _add_pull_requests(simulation: Simulation, random: Random, day: date, last_day: date, repo: str) -> None:
    for _ in range(_poisson(random, _PULL_REQUESTS_A_DAY * _WORKING_WEEK[day.weekday()])):
        number = len(simulation.pull_requests) + 1
        simulation.pull_requests.append(_pull_request(random, _moment(random, day), number, last_day, repo))


def _pull_request(random: Random, created: datetime, number: int, last_day: date, repo: str) -> dict[str, Any]:
    end = created + timedelta(hours=random.lognormvariate(math.log(20), 1.2))
    ended = end.date() <= last_day
    merged = random.random() < _SHARE_MERGED
    reopened = random.random() < _SHARE_REOPENED
    return {
        "id": 900_000 + number,
        "repo_slug": repo,
        "number": number,
        "title": random.choice(_TITLES),
        "author": random.choices(_COMMITTERS, weights=(5, 4, 3, 3, 2, 2))[0],
        "author_type": "User",
        "state": "closed" if ended else "open",
        "created_at": created,
        "merged_at": end if ended and merged else None,
        "closed_at": end if ended else None,
        "updated_at": end if ended else created,
        "reopened": reopened and ended,
        "reopened_at": created + (end - created) / 2 if reopened and ended else None,
        "head_ref": f"change/{number}",
        "base_ref": "main",
    }


def _moment(random: Random, day: date) -> datetime:
    """Return a moment of the working day, 07:00 to 19:00 UTC."""
    return datetime.combine(day, time(7), UTC) + timedelta(seconds=random.randrange(12 * 3600))


def _poisson(random: Random, mean: float) -> int:
    """Draw from a Poisson distribution by counting arrivals in a unit of time."""
    count, elapsed = 0, random.expovariate(1.0)
    while elapsed < mean:
        count, elapsed = count + 1, elapsed + random.expovariate(1.0)
    return count
