"""Calls by the pull request that they belong to, counted in one pass that every section of a report shares."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from prodlens.evidence import LOW, claimed_calls
from prodlens.metrics.usage import add
from prodlens.schemas import DESK, WORKFLOW

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping

    from prodlens.metrics.request import ReportRequest
    from prodlens.metrics.timeline import Window
    from prodlens.metrics.usage import Totals

UNKNOWN = "unknown"
_BEFORE, _INSIDE, _AFTER = 0, 1, 2
_ORIGIN = f"CASE WHEN s.origin IN ('{WORKFLOW}', '{DESK}') THEN s.origin ELSE '{UNKNOWN}' END"
_PLACE = f"CASE WHEN s.timestamp < :start THEN {_BEFORE} WHEN s.timestamp < :end THEN {_INSIDE} ELSE {_AFTER} END"


class Part(NamedTuple):
    """Calls of one model that belong to one pull request with one confidence; ``number`` None: to none."""

    number: int | None
    confidence: str | None
    origin: str
    in_window: bool
    model: str | None
    calls: int
    tokens: int
    cost_usd: float
    priced: int
    first_at: str


@dataclass(frozen=True, slots=True)
class AttributedCalls:
    """The calls of a repository by the pull request that they belong to.

    Attributes:
        parts: The covered calls: those of pull requests up to the window's end, and the others of the window.
        traced: For each pull request, how many calls a key of their own joins to it, and not their person alone:
            whenever they were made, and those too that name no repository.
    """

    parts: tuple[Part, ...]
    traced: Mapping[int, int]


class _Key(NamedTuple):
    """What the calls of one group have in common."""

    number: int | None
    confidence: str | None
    origin: str
    model: str | None
    place: int
    repo: str | None


class _Sums:
    """What the calls of one group add up to; the known costs are added at the end, so that they are rounded once."""

    __slots__ = ("calls", "costs", "first_at", "tokens")

    def __init__(self, first_at: str) -> None:
        self.calls, self.tokens, self.costs, self.first_at = 0, 0, array("d"), first_at


def read_attributed_calls(
    conn: sqlite3.Connection, request: ReportRequest, window: Window, whole: Totals | None = None
) -> AttributedCalls:
    """Return the calls of a repository by pull request, from one pass over the table, which no index shortens.

    Where not one of them can belong to a pull request, the table is not read.

    Args:
        conn: Connection to the store.
        request: The repository, which calls are covered, and whether they are attributed by person.
        window: The window of the report.
        whole: What the covered calls of the window add up to; None where only pull requests are asked for.
    """
    claimed = claimed_calls(conn, request.slug, by_person=request.attribute_by_person, people=dict(request.people))
    if not claimed.any:
        return AttributedCalls(tuple(_unattributed(whole)), {})
    rows = conn.cursor()
    rows.row_factory = None  # bare tuples: a third faster over a million rows
    rows.execute(
        f"""
        SELECT {claimed.number} AS owner, {claimed.confidence}, {_ORIGIN}, s.model, {_PLACE} AS place, s.repo_slug,
            CAST(s.total_tokens AS INTEGER), CAST(s.cost_usd AS REAL), s.timestamp
        FROM sessions s NOT INDEXED {claimed.joins}
        WHERE (s.repo_slug = :repo OR s.repo_slug IS NULL) AND (place = {_INSIDE} OR owner IS NOT NULL)""",
        {"start": window.start.isoformat(), "end": window.end.isoformat(), "repo": request.slug},
    )
    groups = _grouped(rows)
    traced: Counter[int] = Counter()
    for key, sums in groups.items():
        if key.number is not None and key.confidence != LOW:
            traced[key.number] += sums.calls
    return AttributedCalls(tuple(_parts(groups, request)), traced)


def _unattributed(whole: Totals | None) -> Iterator[Part]:
    """Yield the window's calls, where all of them belong to no pull request."""
    if whole is not None and whole.calls:
        cost = inf if whole.cost_usd is None else whole.cost_usd  # not known: no call has one, or it leaves all numbers
        yield Part(None, None, UNKNOWN, True, None, whole.calls, whole.tokens, cost, whole.priced_calls, "")


def _grouped(rows: Iterable[tuple[Any, ...]]) -> dict[_Key, _Sums]:
    """Add up rows of a key, tokens, cost and time.

    SQLite would sort every call to group them, at several times the cost and memory.
    """
    groups: dict[tuple[Any, ...], _Sums] = {}
    for row in rows:
        key = row[:6]
        sums = groups.get(key)
        if sums is None:
            sums = groups[key] = _Sums(row[8])
        sums.calls += 1
        sums.tokens += row[6]
        if row[7] is not None:
            sums.costs.append(row[7])
        sums.first_at = min(sums.first_at, row[8])
    return {_Key(*key): sums for key, sums in groups.items()}


def _parts(groups: Mapping[_Key, _Sums], request: ReportRequest) -> Iterator[Part]:
    """Yield the covered calls; where the repository itself is not covered, they belong to no pull request."""
    is_own = request.slug in request.covered
    for key, sums in groups.items():
        number = key.number if is_own else None
        in_window = key.place == _INSIDE
        if key.repo in request.covered and (in_window or (number is not None and key.place == _BEFORE)):
            amounts = sums.calls, sums.tokens, add(sums.costs), len(sums.costs)
            yield Part(number, key.confidence, key.origin, in_window, key.model, *amounts, sums.first_at)
