"""What pull requests cost: every call belongs to one of them or to none, and the parts add up to the whole.

The balance covers the calls of the window. The cost of a pull request covers all of its calls up to the window's end,
since work on one that is merged in the window can have begun before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isclose, isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from prodlens.calls import model_name
from prodlens.commits import is_bot
from prodlens.evidence import CLOSED_AT, CONFIDENCES, claimed_calls
from prodlens.metrics.attributed_calls import UNKNOWN
from prodlens.metrics.estimates import interval
from prodlens.metrics.usage import add
from prodlens.schemas import DESK, WORKFLOW
from prodlens.slugs import one_spelling
from prodlens.statistics.quantiles import sample_quantile

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from prodlens.evidence import BranchUse
    from prodlens.metrics.attributed_calls import Part
    from prodlens.metrics.request import ReportRequest
    from prodlens.metrics.timeline import Window

_CENT = 0.01
_ORIGINS = (WORKFLOW, DESK, UNKNOWN)


class ModelCalls(NamedTuple):
    """Calls of one model; ``cost_usd`` is None where the cost of none of them is known, ``priced`` have one.

    ``first_at`` and ``last_at`` are their first and last time (ISO 8601, UTC).
    """

    model: str | None
    calls: int
    tokens: int
    cost_usd: float | None
    priced: int
    first_at: str
    last_at: str


@dataclass(frozen=True, slots=True)
class _PullRequest:
    title: str | None
    author: str | None
    author_type: str | None
    state: str
    merged_at: str | None
    ended_at: str | None
    reverted_at: str | None


def pull_request_costs(
    conn: sqlite3.Connection,
    request: ReportRequest,
    window: Window,
    total_cost_usd: float | None,
    parts: Iterable[Part],
    reverted: Mapping[int, str],
) -> dict[str, Any]:
    """Return what pull requests cost, and what of the window's cost belongs to none.

    Args:
        conn: Connection to the store.
        request: The repository, and whether calls that name none are covered.
        window: The window of the report.
        total_cost_usd: Cost of the window's calls, as the ledger has it.
        parts: The calls by pull request, as ``read_attributed_calls`` has them.
        reverted: When pull requests were reverted, by id.

    Raises:
        AssertionError: Attributed and unattributed cost do not add up to the total.
    """
    pulls = _pull_requests(conn, request.slug, reverted) if request.slug in request.covered else {}
    parts = list(parts)
    here = [part for part in parts if part.in_window]
    attributed = [part for part in here if part.number is not None]
    unattributed = [part for part in here if part.number is None]
    _assert_balance(total_cost_usd, (attributed, unattributed))
    bounds = window.start.isoformat(), window.end.isoformat()
    rows = _rows(parts, pulls, bounds)
    return {
        "total": _line(here),
        "attributed": _line(attributed),
        "unattributed": _line(unattributed),
        "by_confidence": {
            confidence: _line(part for part in attributed if part.confidence == confidence)
            for confidence in CONFIDENCES
        },
        "by_origin": {origin: _line(part for part in attributed if part.origin == origin) for origin in _ORIGINS},
        "merged": _merged(rows, {number for number, pull in pulls.items() if _is_merged(pull, bounds)}),
        "closed_unmerged": _sum_of(rows, (number for number, pull in pulls.items() if _is_unmerged(pull, bounds))),
        "reverted": _sum_of(rows, (number for number, pull in pulls.items() if _within(pull.reverted_at, bounds))),
        "pull_requests": rows,
    }


def calls_of_pull_request(
    conn: sqlite3.Connection,
    repo: str,
    number: int,
    unstored: BranchUse | None = None,
    *,
    unnamed: bool = True,
    by_person: bool = False,
    people: Mapping[str, str] | None = None,
) -> list[ModelCalls]:
    """Return the calls that belong to one pull request, by the model as it is stored, as the report attributes them.

    Args:
        conn: Connection to the store.
        repo: ``owner/name``.
        number: Number of the pull request.
        unstored: The pull request, which may not have been synced yet.
        unnamed: Whether calls that name no repository are the repository's.
        by_person: Whether calls without any other key go to the only pull request that their person had open.
        people: Login of each trace identity that is not a login itself.
    """
    claimed = claimed_calls(conn, repo, unstored, by_person=by_person, people=people)
    query = (
        "SELECT s.model, count(*), CAST(total(s.total_tokens) AS INTEGER), sum(s.cost_usd), count(s.cost_usd), "
        "min(s.timestamp), max(s.timestamp) "
        f"FROM sessions s NOT INDEXED {claimed.joins} WHERE {claimed.number} = :number "
        "AND (s.repo_slug = :repo OR :unnamed AND s.repo_slug IS NULL) GROUP BY s.model"
    )
    values = {"number": number, "repo": one_spelling(repo), "unnamed": unnamed}
    return [ModelCalls(*row) for row in conn.execute(query, values)]


def first_calls(parts: Iterable[Part]) -> dict[int, str]:
    """Return when the first call that surely belongs to each pull request was made (ISO 8601, UTC)."""
    return {number: first for number, own in _by_number(parts).items() if (first := _first(own)) is not None}


def _by_number(parts: Iterable[Part]) -> dict[int, list[Part]]:
    by_number: dict[int, list[Part]] = {}
    for part in parts:
        if part.number is not None:
            by_number.setdefault(part.number, []).append(part)
    return by_number


def _pull_requests(conn: sqlite3.Connection, repo: str, reverted: Mapping[int, str]) -> dict[int, _PullRequest]:
    """Return the pull requests of a repository by number; of several rows of one number the last counts."""
    query = (
        "SELECT id, number, title, author, author_type, "
        f"CASE WHEN merged_at IS NULL THEN state ELSE 'merged' END, merged_at, {CLOSED_AT} "
        "FROM pull_requests WHERE ifnull(repo_slug, :repo) = :repo AND number IS NOT NULL "
        "ORDER BY number, id"
    )
    rows = map(tuple, conn.execute(query, {"repo": repo}))
    return {number: _PullRequest(*(*rest, reverted.get(identity))) for identity, number, *rest in rows}


def _rows(parts: Iterable[Part], pulls: Mapping[int, _PullRequest], bounds: tuple[str, str]) -> list[dict[str, Any]]:
    """Return a row for each pull request that has calls, the most expensive first."""
    ended = {number for number, pull in pulls.items() if _within(pull.ended_at, bounds)}
    rows = [
        {
            "number": number,
            "title": pulls[number].title if number in pulls else None,
            "state": pulls[number].state if number in pulls else None,
            "reverted": number in pulls and pulls[number].reverted_at is not None,
            "in_period": number in ended or any(part.in_window for part in own),
            "models": _names({model for part in own for model in part.models}),
            "confidence": max((part.confidence or "" for part in own), key=CONFIDENCES.index),
            "first_call_at": _first(own),
            **_line(own),
            "workflow_cost_usd": _line(part for part in own if part.origin == WORKFLOW)["cost_usd"],
        }
        for number, own in _by_number(parts).items()
    ]
    return sorted(rows, key=lambda row: (-(row["cost_usd"] or 0.0), -row["sessions"], row["number"]))


def _names(models: Iterable[str | None]) -> list[str]:
    return sorted({model_name(model) for model in models if model is not None})


def _first(parts: Iterable[Part]) -> str | None:
    """Return the time of the first call that surely belongs: by any key but its person."""
    return min((part.first_at for part in parts if part.confidence != CONFIDENCES[-1]), default=None)


def _line(parts: Iterable[Part]) -> dict[str, Any]:
    parts = list(parts)
    calls, priced = sum(part.calls for part in parts), sum(part.priced for part in parts)
    return {
        "sessions": calls,
        "total_tokens": sum(part.tokens for part in parts),
        "cost_usd": _known(add(part.cost_usd for part in parts)) if priced else None,
        "unpriced_sessions": calls - priced,
    }


def _merged(rows: Iterable[Mapping[str, Any]], merged: set[int]) -> dict[str, Any]:
    """Return the distribution of cost over the pull requests merged in the window that have one."""
    costs = [row["cost_usd"] for row in rows if row["cost_usd"] is not None and row["number"] in merged]
    median, high = sample_quantile(costs, 0.5), sample_quantile(costs, 0.9)
    return {
        "pull_requests": len(merged),
        "with_cost": len(costs),
        "share_with_cost": len(costs) / len(merged) if merged else None,
        "cost_usd": _known(add(costs)) if costs else None,
        "median_usd": median.estimate,
        "median_interval": interval(median.interval),
        "percentile_90_usd": high.estimate,
        "percentile_90_interval": interval(high.interval),
    }


def _sum_of(rows: Iterable[Mapping[str, Any]], numbers: Iterable[int]) -> dict[str, Any]:
    wanted = set(numbers)
    costs = [row["cost_usd"] for row in rows if row["number"] in wanted and row["cost_usd"] is not None]
    return {"pull_requests": len(wanted), "with_cost": len(costs), "cost_usd": _known(add(costs)) if costs else None}


def _known(total: float) -> float | None:
    return total if isfinite(total) else None


def _within(moment: str | None, bounds: tuple[str, str]) -> bool:
    return moment is not None and bounds[0] <= moment < bounds[1]


def _is_merged(pull: _PullRequest, bounds: tuple[str, str]) -> bool:
    """Return whether a person's pull request was merged in the window; those of bots do not count."""
    return _within(pull.merged_at, bounds) and not is_bot(pull.author, pull.author_type)


def _is_unmerged(pull: _PullRequest, bounds: tuple[str, str]) -> bool:
    return pull.merged_at is None and _within(pull.ended_at, bounds)


def _assert_balance(total: float | None, parts: tuple[list[Part], ...]) -> None:
    added = add(part.cost_usd for some in parts for part in some)
    # Costs that add up to infinity are unknown, and cannot be held to anything.
    if isfinite(added) and not isclose(total or 0.0, added, rel_tol=1e-9, abs_tol=_CENT / 2):
        raise AssertionError(f"costs of pull requests do not balance: {added} is not the total of {total}")
