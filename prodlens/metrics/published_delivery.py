"""Rows of the published tables on delivery: pull requests, commits, the signs of AI on both, and what each cost."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from prodlens.commits import is_bot, reverted_title
from prodlens.evidence import CLOSED_AT, CONFIDENCES, commit_evidence, noted_evidence, stored_evidence
from prodlens.metrics.assisted_work import ASSISTED, OTHER, read_levels
from prodlens.metrics.published_calls import columns_of
from prodlens.metrics.request import ReportRequest
from prodlens.metrics.traced_people import read_traces
from prodlens.storage import revert_times
from prodlens.timestamps import EARLIEST

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

    from prodlens.evidence import Evidence
    from prodlens.metrics.published_scope import Scope

_WHOLE_NUMBER = pa.decimal128(30, 0)  # more digits than sums of 64 bits have
# The columns of calls that make up the cost of a pull request, and how each is summed up.
_COST_SUMS: Any = [
    ("cost_usd", "sum"), ([], "count_all"), ("cost_usd", "count"), ("tokens", "sum"),
    ("pull_request_confidence", "distinct"), ("model", "distinct"), ("at", "min"), ("at", "max"),
]  # fmt: skip
_Columns = dict[str, list[Any]]
_ASSISTED = {**dict.fromkeys(ASSISTED, True), OTHER: False}  # everything else is unknown
_PULL_GIVEN = (
    *("author", "author_type", "draft", "first_review_at", "merged_at", "additions", "deletions", "changed_files"),
    *("reopened", "reopened_at", "ready_at", "changes_requested", "review_rounds"),
)


class PullRequestCost(NamedTuple):
    """What the calls of one pull request add up to."""

    cost_usd: Decimal | None
    calls: int
    priced: int
    tokens: int
    confidences: list[str]
    models: list[str]
    first: datetime
    last: datetime


def costs_of(calls: pa.Table) -> dict[int, PullRequestCost]:
    """Return what each pull request cost, of published calls; those that belong to none are left out."""
    own: Any = calls.filter(pc.is_valid(calls["pull_request"]))
    counts = [pc.fill_null(own[name], 0).cast(_WHOLE_NUMBER) for name in ("tokens_in", "tokens_out")]
    grouped = own.append_column("tokens", pc.add(*counts)).group_by("pull_request", use_threads=False)
    added = grouped.aggregate(_COST_SUMS)
    return {
        row["pull_request"]: PullRequestCost(
            row["cost_usd_sum"], row["count_all"], row["cost_usd_count"], int(row["tokens_sum"]),
            row["pull_request_confidence_distinct"], sorted(row["model_distinct"]),
            row["at_min"], row["at_max"],
        )
        for row in added.to_pylist()
    }  # fmt: skip


def pull_request_columns(
    conn: sqlite3.Connection,
    scope: Scope,
    costs: Mapping[int, PullRequestCost],
    people: Mapping[str, str],
) -> tuple[_Columns, _Columns]:
    """Return the columns of ``pull_requests``, and those of ``evidence`` on them.

    Args:
        conn: Connection to the store.
        scope: The repository.
        costs: What each pull request cost.
        people: Login of each trace identity that is not a login itself.
    """
    selected = {
        "number": "number",
        "opened_at": "created_at",
        "state": "CASE WHEN merged_at IS NULL THEN state ELSE 'merged' END",
        "closed_at": CLOSED_AT,
        "commits": "commit_count",
        "into_default_branch": "base_ref = (SELECT default_branch FROM repositories WHERE repo_slug = :repo)",
        "reviews": "review_count",
        "reverts": "reverts",
        "title": "title",
        "id": "id",
        **{name: name for name in _PULL_GIVEN},
    }
    query = (
        f"SELECT {', '.join(selected.values())} FROM pull_requests "
        "WHERE (repo_slug = :repo OR :takes_unnamed AND repo_slug IS NULL) AND number IS NOT NULL "
        "AND created_at >= :earliest AND created_at <= :latest "
        "GROUP BY number HAVING id = max(id)"
    )
    columns: dict[str, Any] = columns_of(conn, query, tuple(selected), scope.values)
    evidence = stored_evidence(conn, scope.repository)
    signs = [evidence.get(number, frozenset()) for number in columns["number"]]
    columns["repository"] = [scope.repository] * len(signs)
    columns["is_bot"] = list(map(is_bot, columns["author"], columns["author_type"]))
    columns["reverted_at"] = list(map(revert_times(conn, scope.repository).get, columns.pop("id")))
    columns["reverted"] = [at is not None for at in columns["reverted_at"]]
    reverts = zip(columns.pop("title"), columns.pop("reverts"), strict=True)
    columns["is_revert"] = [number is not None or reverted_title(title) is not None for title, number in reverts]
    levels = _levels(conn, scope, costs, people, evidence)
    columns["assistance"] = [levels.get(number) for number in columns["number"]]
    columns["assisted"] = [_ASSISTED.get(level or "") for level in columns["assistance"]]
    columns["assisted_confidence"] = [highest_confidence(own) for own in signs]
    columns["cost_usd"] = [costs[number].cost_usd if number in costs else None for number in columns["number"]]
    subjects = zip(columns["number"], columns["opened_at"], signs, strict=True)
    return columns, _evidence(scope, "pull_request", subjects)


def commit_columns(conn: sqlite3.Connection, scope: Scope) -> tuple[_Columns, _Columns]:
    """Return the columns of ``commits``, and those of ``evidence`` on them; a commit that is stored twice is one."""
    selected = {"sha": "sha", "at": "min(timestamp)", "author": "author", "parents": "parents", "trailers": "trailers"}
    query = (
        f"SELECT {', '.join(selected.values())} FROM commits "
        "WHERE (repo_slug = :repo OR :takes_unnamed AND repo_slug IS NULL) "
        "AND timestamp >= :earliest AND timestamp <= :latest GROUP BY sha"
    )
    columns: dict[str, Any] = columns_of(conn, query, tuple(selected), scope.values)
    made = zip(columns["sha"], columns["author"], columns.pop("trailers"), strict=True)
    notes = noted_evidence(conn, scope.repository)
    signs = [
        commit_evidence({"author": author, "trailers": trailers}).union(notes.get(sha, ()))
        for sha, author, trailers in made
    ]
    columns["repository"] = [scope.repository] * len(signs)
    columns["day"] = [at[:10] for at in columns["at"]]
    columns["is_bot"] = list(map(is_bot, columns["author"]))
    columns["assisted"] = [True if own else None for own in signs]
    columns["assisted_confidence"] = [highest_confidence(own) for own in signs]
    return columns, _evidence(scope, "commit", zip(columns["sha"], columns["at"], signs, strict=True))


def cost_columns(scope: Scope, costs: Mapping[int, PullRequestCost], opened: Mapping[int, str]) -> _Columns:
    """Return the columns of ``pull_request_costs``; ``opened`` says when each pull request was opened, where known."""
    rows = sorted(costs.items())
    first = [cost.first.isoformat() for _, cost in rows]
    return {
        "repository": [scope.repository] * len(rows),
        "number": [number for number, _ in rows],
        "at": [opened.get(number, at) for (number, _), at in zip(rows, first, strict=True)],
        "cost_usd": [cost.cost_usd for _, cost in rows],
        "calls": [cost.calls for _, cost in rows],
        "unpriced_calls": [cost.calls - cost.priced for _, cost in rows],
        "tokens": [cost.tokens for _, cost in rows],
        "confidence": [max(cost.confidences, key=CONFIDENCES.index) for _, cost in rows],
        "models": [cost.models for _, cost in rows],
        "first_call_at": first,
        "last_call_at": [cost.last.isoformat() for _, cost in rows],
    }


def _levels(
    conn: sqlite3.Connection,
    scope: Scope,
    costs: Mapping[int, PullRequestCost],
    people: Mapping[str, str],
    evidence: Mapping[int, frozenset[Evidence]],
) -> dict[int, str | None]:
    """Return the kind of each pull request (``traced``, ``other``, …), as the report's comparison has it."""
    unnamed = "with" if scope.takes_unnamed else "without"
    request = ReportRequest(repo=scope.repository, since=EARLIEST, people=tuple(people.items()), unnamed=unnamed)
    traces = read_traces(conn, request, datetime.fromisoformat(scope.latest))
    first = {number: cost.first.isoformat() for number, cost in costs.items()}
    return read_levels(conn, request, traces, first, evidence)


def highest_confidence(signs: Iterable[Evidence]) -> str | None:
    """Return the highest confidence among signs of AI, None without any."""
    return min((sign.confidence for sign in signs), key=CONFIDENCES.index, default=None)


def _evidence(scope: Scope, subject: str, subjects: Iterable[tuple[Any, Any, Iterable[Evidence]]]) -> _Columns:
    # Signs that differ only in what they rest on are one row.
    rows = [
        (key, at, sign)
        for key, at, signs in subjects
        for sign in sorted({(sign.kind, sign.tool, sign.confidence) for sign in signs})
    ]
    return {
        "repository": [scope.repository] * len(rows),
        "subject": [subject] * len(rows),
        "key": [str(key) for key, _, _ in rows],
        "at": [at for _, at, _ in rows],
        "kind": [kind for _, _, (kind, _, _) in rows],
        "tool": [tool or None for _, _, (_, tool, _) in rows],
        "confidence": [confidence for _, _, (_, _, confidence) in rows],
    }
