"""Calls by the pull request that they belong to, counted in one pass that every section of a report shares."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from prodlens.evidence import HIGH, LOW, MEDIUM, claimed_calls
from prodlens.metrics.usage import add
from prodlens.schemas import DESK, WORKFLOW

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from prodlens.metrics.request import ReportRequest
    from prodlens.metrics.timeline import Window
    from prodlens.metrics.usage import Totals

UNKNOWN = "unknown"
_BEFORE, _INSIDE, _AFTER = 0, 1, 2
# Confidence, origin and whether a call names no repository, as one small number: a text costs more for each call.
_CONFIDENCES = (HIGH, MEDIUM, LOW, None)
_ORIGINS = (WORKFLOW, DESK, UNKNOWN)
_UNNAMED = 16
_GROUP = f"""CASE {{confidence}} WHEN '{HIGH}' THEN 0 WHEN '{MEDIUM}' THEN 1 WHEN '{LOW}' THEN 2 ELSE 3 END
    + CASE s.origin WHEN '{WORKFLOW}' THEN 0 WHEN '{DESK}' THEN 4 ELSE 8 END + {_UNNAMED} * (s.repo_slug IS NULL)"""
_PLACE = f"CASE WHEN s.timestamp < :start THEN {_BEFORE} WHEN s.timestamp < :end THEN {_INSIDE} ELSE {_AFTER} END"


class Part(NamedTuple):
    """Calls that belong to one pull request with one confidence; ``number`` None: to none."""

    number: int | None
    confidence: str | None
    origin: str
    in_window: bool
    models: AbstractSet[str | None]
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
        traced: For each pull request, how many calls belong to it by another key than their person, whenever they were
            made; calls that name no repository are included.
    """

    parts: tuple[Part, ...]
    traced: Mapping[int, int]


class _Sums:
    """What the calls of one group add up to; the known costs are added at the end, so that they are rounded once."""

    __slots__ = ("calls", "costs", "first_at", "models", "tokens")

    def __init__(self, first_at: str) -> None:
        self.calls, self.tokens, self.costs, self.first_at = 0, 0, array("d"), first_at
        self.models: set[str | None] = set()


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
        SELECT {claimed.number} AS owner, {_GROUP.format(confidence=claimed.confidence)}, {_PLACE} AS place,
            s.model, CAST(s.total_tokens AS INTEGER), CAST(s.cost_usd AS REAL), s.timestamp
        FROM sessions s NOT INDEXED {claimed.joins}
        WHERE (s.repo_slug = :repo OR s.repo_slug IS NULL) AND (place = {_INSIDE} OR owner IS NOT NULL)""",
        {"start": window.start.isoformat(), "end": window.end.isoformat(), "repo": request.slug},
    )
    groups = _grouped(rows)
    traced: Counter[int] = Counter()
    for (number, group, _), sums in groups.items():
        if number is not None and _CONFIDENCES[group % 4] != LOW:
            traced[number] += sums.calls
    return AttributedCalls(tuple(_parts(groups, request)), traced)


def _unattributed(whole: Totals | None) -> Iterator[Part]:
    """Yield the window's calls, where all of them belong to no pull request."""
    if whole is not None and whole.calls:
        cost = inf if whole.cost_usd is None else whole.cost_usd  # not known: no call has one, or it leaves all numbers
        yield Part(None, None, UNKNOWN, True, frozenset(), whole.calls, whole.tokens, cost, whole.priced_calls, "")


def _grouped(rows: Iterable[tuple[Any, ...]]) -> dict[tuple[int | None, int, int], _Sums]:
    """Add up rows of pull request, group and place, model, tokens, cost and time, by the first three.

    SQLite would sort every call to group them, at several times the cost.
    """
    groups: dict[tuple[int | None, int, int], _Sums] = {}
    for number, group, place, model, tokens, cost, at in rows:
        key = number, group, place
        sums = groups.get(key)
        if sums is None:
            sums = groups[key] = _Sums(at)
        sums.calls += 1
        sums.tokens += tokens
        sums.models.add(model)
        if cost is not None:
            sums.costs.append(cost)
        sums.first_at = min(sums.first_at, at)
    return groups


def _parts(groups: Mapping[tuple[int | None, int, int], _Sums], request: ReportRequest) -> Iterator[Part]:
    """Yield the covered calls; where the repository itself is not covered, they belong to no pull request."""
    covers_own, covers_unnamed = request.slug in request.covered, None in request.covered
    for (found, group, place), sums in groups.items():
        number = found if covers_own else None
        is_covered = covers_unnamed if group >= _UNNAMED else covers_own
        if is_covered and (place == _INSIDE or (number is not None and place == _BEFORE)):
            confidence, origin = _CONFIDENCES[group % 4], _ORIGINS[group % _UNNAMED // 4]
            amounts = sums.calls, sums.tokens, add(sums.costs), len(sums.costs)
            yield Part(number, confidence, origin, place == _INSIDE, sums.models, *amounts, sums.first_at)
