"""What the team did: its people, their pull requests and their sessions with assistants, from one seed.

The truth behind it, which no report is told: an assisted pull request takes 0.8 times as long to merge as another one
of the same size and author, and is sent back a little more often. Everything else is chance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Final
from uuid import UUID

SLUG: Final = "acme/shop"
WEEKS: Final = 12
SEED: Final = 7
CLAUDE, CODEX, PROXY, COPILOT, NOTHING = "claude-code", "codex", "litellm", "copilot", ""

_FIRST_NUMBER = 101
_PULL_REQUESTS_A_DAY = 0.42  # of each person
_ASSISTED_TAKES = 0.8
_VERBS = (
    "Cache",
    "Check",
    "Document",
    "Log",
    "Mock",
    "Paginate",
    "Rename",
    "Retry",
    "Simplify",
    "Speed up",
    "Split",
    "Test",
)
_THINGS = (
    "the price list",
    "the checkout form",
    "refunds",
    "the order search",
    "stock levels",
    "webhook deliveries",
    "the invoice export",
    "login tokens",
    "the basket",
    "address checks",
    "currency rounding",
    "the nightly import",
    "image thumbnails",
    "gift cards",
    "the tax table",
    "customer notes",
    "shipping labels",
    "the admin menu",
    "e-mail templates",
    "rate limits",
    "the audit log",
    "feature switches",
    "discount codes",
    "the returns page",
    "product reviews",
    "the wish list",
    "size charts",
    "supplier feeds",
    "the cookie banner",
    "opening hours",
    "the store finder",
    "bulk edits",
    "loyalty points",
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the team: the login, the assistant, and how much of the work it takes part in."""

    login: str
    assistant: str
    share: float

    @property
    def email(self) -> str:
        """Return the address that the assistants know."""
        return f"{self.login}@example.com"


PEOPLE: Final = (
    Person("ada", CLAUDE, 0.6),
    Person("barbara", CLAUDE, 0.45),
    Person("edsger", CLAUDE, 0.35),
    Person("frances", CLAUDE, 0.55),
    Person("grace", CLAUDE, 0.5),
    Person("hedy", PROXY, 0.4),
    Person("john", PROXY, 0.5),
    Person("karen", PROXY, 0.6),
    Person("margaret", PROXY, 0.4),
    Person("niklaus", CODEX, 0.5),
    Person("tony", COPILOT, 0.6),
    Person("linus", NOTHING, 0.0),
)


@dataclass(slots=True, kw_only=True)
class PullRequest:
    """A pull request; ``ended`` is None while it is open, ``signed`` says whether its commits name the assistant."""

    title: str
    author: Person
    assisted: bool
    signed: bool
    begun: datetime
    opened: datetime
    ended: datetime | None
    merged: bool
    additions: int
    deletions: int
    files: int
    commits: int
    reopened: datetime | None = None
    bot: bool = False
    number: int = 0  # given in the order of opening, as GitHub does

    @property
    def branch(self) -> str:
        """Return the name of its branch."""
        return f"{'renovate' if self.bot else self.author.login}/{self.number}"

    @property
    def sent_back(self) -> bool:
        """Return whether its reviewer asked for changes before approving it."""
        return (self.number * 7919 + self.additions) % 20 < (6 if self.assisted else 4)


@dataclass(frozen=True, slots=True)
class Call:
    """One model call; ``decision`` is what became of the edit that it proposed, empty without one."""

    id: str
    at: datetime
    model: str
    fresh: int
    cached: int
    written: int
    out: int
    latency_ms: int
    failed: bool
    decision: str
    lines: int


@dataclass(frozen=True, slots=True)
class Session:
    """The calls of one sitting of a person with the assistant, on one branch."""

    id: UUID
    person: Person
    branch: str
    number: int | None  # of the pull request, where the session is about one
    calls: tuple[Call, ...]


@dataclass(slots=True)
class History:
    """Everything that happened from ``start`` (a Monday) to ``end`` (the Monday twelve weeks later)."""

    start: datetime
    end: datetime
    pull_requests: list[PullRequest] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)

    @property
    def newest(self) -> PullRequest:
        """Return the newest open pull request that an assistant took part in and that costs are known of."""
        open_ones = [pull for pull in self.pull_requests if pull.ended is None and pull.assisted]
        return next(pull for pull in reversed(open_ones) if pull.author.assistant in {CLAUDE, PROXY})


def make_history(today: date, seed: int = SEED) -> History:
    """Return the twelve whole weeks before ``today``'s week (UTC): the same story every week."""
    monday = datetime.combine(today - timedelta(days=today.weekday()), time(), UTC)
    history = History(monday - timedelta(weeks=WEEKS), monday)
    random = Random(seed)
    titles = [f"{verb} {thing}" for verb in _VERBS for thing in _THINGS]
    random.shuffle(titles)
    for offset in range(7 * WEEKS):
        day = history.start + timedelta(days=offset)
        if day.weekday() < 5:
            _add_day(history, random, day, titles)
    _add_revert(history)
    history.pull_requests.sort(key=lambda pull: pull.opened)
    for number, pull in enumerate(history.pull_requests, start=_FIRST_NUMBER):
        pull.number = number
        if pull.assisted and pull.author.assistant in _MODELS:
            history.sessions += _sessions_of(random, pull, history.end)
    return history


def _add_day(history: History, random: Random, day: datetime, titles: list[str]) -> None:
    mood = math.exp(random.gauss(0, 0.3))
    for person in PEOPLE:
        if random.random() < _PULL_REQUESTS_A_DAY * mood:
            history.pull_requests.append(_pull_request(random, person, day, history, titles.pop()))
        if person.assistant in _MODELS and random.random() < 0.4:
            history.sessions.append(_session(random, person, "main", None, _moment(random, day), random.randint(2, 6)))
    if day.weekday() == 0:
        history.pull_requests.append(_by_a_bot(random, day))


def _pull_request(random: Random, person: Person, day: datetime, history: History, title: str) -> PullRequest:
    assisted = random.random() < person.share
    size = random.gauss(4.2, 1.0)
    opened = _moment(random, day)
    hours = math.exp(random.gauss(math.log(20), 0.9) + 0.3 * (size - 4.2)) * (_ASSISTED_TAKES if assisted else 1)
    ended = opened + timedelta(hours=hours)
    over = ended < history.end
    reopened = over and random.random() < (0.08 if assisted else 0.05)
    return PullRequest(
        title=title,
        author=person,
        assisted=assisted,
        signed=assisted and random.random() < (0.9 if person.assistant == COPILOT else 0.6),
        begun=max(opened - timedelta(hours=random.uniform(2, 30)), history.start),
        opened=opened,
        ended=ended if over else None,
        merged=over and random.random() < 0.92,
        additions=int(math.exp(size)) + 1,
        deletions=int(math.exp(size - random.uniform(0.5, 2))),
        files=1 + int(random.expovariate(1 / 3)),
        commits=random.randint(1, 4),
        reopened=opened + (ended - opened) / 2 if reopened else None,
    )


def _by_a_bot(random: Random, day: datetime) -> PullRequest:
    opened = day + timedelta(hours=4)
    return PullRequest(
        title=f"Update the dependencies of {day:%d %B}",
        author=Person("renovate[bot]", NOTHING, 0),
        assisted=False,
        signed=False,
        begun=opened,
        opened=opened,
        ended=opened + timedelta(minutes=random.randint(5, 40)),
        merged=True,
        additions=12,
        deletions=12,
        files=1,
        commits=1,
        bot=True,
    )


def _add_revert(history: History) -> None:
    """Take back one assisted pull request of the last four weeks, two days after it was merged."""
    late = history.end - timedelta(weeks=3)
    taken_back, ended = next(
        (p, p.ended) for p in history.pull_requests if p.assisted and p.merged and p.ended and p.opened > late
    )
    opened = ended + timedelta(days=2)
    history.pull_requests.append(
        PullRequest(
            title=f'Revert "{taken_back.title}"',
            author=PEOPLE[-1],
            assisted=False,
            signed=False,
            begun=opened,
            opened=opened,
            ended=opened + timedelta(hours=1),
            merged=True,
            additions=taken_back.deletions,
            deletions=taken_back.additions,
            files=taken_back.files,
            commits=1,
        )
    )


# Sessions ---------------------------------------------------------------------------------------------------------

# The models of each assistant that leaves calls behind, with their weights.
_MODELS: dict[str, dict[str, float]] = {
    CLAUDE: {"claude-sonnet-4-5": 0.8, "claude-haiku-4-5": 0.2},
    CODEX: {"gpt-5-codex": 1.0},
    PROXY: {"gpt-5": 0.6, "claude-sonnet-4-5": 0.3, "in-house/coder-30b": 0.1},
}


def _sessions_of(random: Random, pull: PullRequest, end: datetime) -> list[Session]:
    """Return one to three sittings on a pull request's branch: before it was opened, and while it was reviewed."""
    last = min(pull.ended or end, end) - timedelta(hours=1)
    moments = [pull.begun, pull.opened - timedelta(hours=1), pull.opened + (last - pull.opened) / 2]
    count = random.randint(1, len(moments))
    return [
        _session(random, pull.author, pull.branch, pull.number, moment, 3 + int(random.expovariate(1 / 9)))
        for moment in moments[:count]
    ]


def _session(random: Random, person: Person, branch: str, number: int | None, at: datetime, count: int) -> Session:
    calls = []
    models = _MODELS[person.assistant]
    context = random.randint(15_000, 40_000)  # instructions and tools, cached by an earlier session
    for _ in range(min(count, 40)):
        at += timedelta(seconds=random.uniform(20, 150))
        model = random.choices(list(models), weights=list(models.values()))[0]
        written = int(random.lognormvariate(8.6, 0.8))
        calls.append(_call(random, at, model, cached=context, written=written))
        context = min(context + written, 180_000)
    return Session(UUID(int=random.getrandbits(128), version=4), person, branch, number, tuple(calls))


def _call(random: Random, at: datetime, model: str, *, cached: int, written: int) -> Call:
    failed = random.random() < 0.025
    proposes = not failed and random.random() < 0.45
    return Call(
        id=f"{random.getrandbits(96):024x}",
        at=at,
        model=model,
        fresh=random.randint(20, 900),
        cached=cached,
        written=0 if failed else written,
        out=0 if failed else int(random.lognormvariate(6.8, 0.8)),
        latency_ms=int(random.lognormvariate(8.6, 0.5)),
        failed=failed,
        decision=("accept" if random.random() < 0.74 else "reject") if proposes else "",
        lines=1 + int(random.expovariate(1 / 11)),
    )


def _moment(random: Random, day: datetime) -> datetime:
    """Return a moment of the working day, 08:00 to 17:00 UTC."""
    return day + timedelta(seconds=random.randrange(8 * 3600, 17 * 3600))
