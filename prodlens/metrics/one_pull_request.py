"""One pull request by itself: what its calls cost, the signs of AI on it, and its timeline."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from prodlens.calls import model_name
from prodlens.evidence import explained_evidence
from prodlens.metrics.pull_request_costs import calls_of_pull_request
from prodlens.metrics.usage import add
from prodlens.slugs import one_spelling
from prodlens.storage import revert_times

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from prodlens.evidence import Evidence
    from prodlens.metrics.pull_request_costs import ModelCalls

# What happened, in the words of the page, and the column that has its time.
_MOMENTS = {
    "opened": "created_at",
    "marked ready for review": "ready_at",
    "first review": "first_review_at",
    "reopened": "reopened_at",
    "merged": "merged_at",
    "closed": "closed_at",
}
_COMMITS = "SELECT min(timestamp), max(timestamp) FROM pull_request_commits WHERE pull_request_id = ?"


def described_pull_request(
    conn: sqlite3.Connection,
    repo: str,
    number: int,
    *,
    people: Mapping[str, str] | None = None,
    by_person: bool = False,
) -> dict[str, Any] | None:
    """Return what is stored of one pull request, as plain data; None where neither it nor a call of it is known.

    Calls belong to it as in the report, whenever they were made.

    Args:
        conn: Connection to the store.
        repo: ``owner/name``.
        number: Number of the pull request.
        people: Login of each trace identity that is not a login itself.
        by_person: Whether calls without any other key go to the only pull request that their person had open.
    """
    slug = one_spelling(repo)
    pull = _stored(conn, slug, number)
    calls = calls_of_pull_request(conn, slug, number, by_person=by_person, people=people)
    if not pull and not calls:
        return None
    return {
        "repo": slug,
        "number": number,
        "title": pull.get("title"),
        "author": pull.get("author"),
        "state": "merged" if pull.get("merged_at") else pull.get("state"),
        "branch": pull.get("head_ref"),
        "sessions": sum(line.calls for line in calls),
        "cost_usd": _cost(calls),
        "unpriced_sessions": sum(line.calls - line.priced for line in calls),
        "models": _models(calls),
        "evidence": [_sign(sign) for sign in explained_evidence(conn, slug).get(number, ()) if sign.kind != "trace"],
        "timeline": sorted(_timeline(conn, slug, pull, calls), key=lambda event: event["at"]),
    }


def _stored(conn: sqlite3.Connection, slug: str, number: int) -> dict[str, Any]:
    """Return the row of a pull request, of several the last; empty where it is not stored."""
    query = "SELECT * FROM pull_requests WHERE ifnull(repo_slug, :slug) = :slug AND number = :number ORDER BY id DESC"
    row = conn.execute(query, {"slug": slug, "number": number}).fetchone()
    return {} if row is None else dict(row)


def _models(calls: Sequence[ModelCalls]) -> list[dict[str, Any]]:
    """Return a line for each model, the most expensive first; calls of one model under several names are one line."""
    named: dict[str | None, list[ModelCalls]] = {}
    for line in calls:
        named.setdefault(model_name(line.model) if line.model else None, []).append(line)
    lines = [
        {
            "model": name,
            "sessions": sum(line.calls for line in own),
            "total_tokens": sum(line.tokens for line in own),
            "cost_usd": _cost(own),
        }
        for name, own in named.items()
    ]
    return sorted(lines, key=lambda line: (-(line["cost_usd"] or 0.0), -line["sessions"], line["model"] or ""))


def _cost(calls: Iterable[ModelCalls]) -> float | None:
    """Return the sum of the known costs; None without one, or where they add up to infinity."""
    known = [line.cost_usd for line in calls if line.cost_usd is not None]
    total = add(known)
    return total if known and isfinite(total) else None


def _sign(sign: Evidence) -> dict[str, str | None]:
    return {
        "kind": sign.kind,
        "tool": sign.tool or None,
        "model": sign.model or None,
        "confidence": sign.confidence,
        "rests_on": sign.basis,
    }


def _timeline(
    conn: sqlite3.Connection, slug: str, pull: Mapping[str, Any], calls: Sequence[ModelCalls]
) -> Iterator[dict[str, str]]:
    """Yield what happened and when (ISO 8601, UTC), as far as it is known."""
    moments = {what: pull.get(column) for what, column in _MOMENTS.items()}
    if moments["merged"]:
        del moments["closed"]  # a merge closes it
    if pull:
        first, last = conn.execute(_COMMITS, (pull["id"],)).fetchone()
        moments |= {"first commit": first, "last commit": last, "reverted": revert_times(conn, slug).get(pull["id"])}
    if calls:
        moments |= {
            "first model call": min(line.first_at for line in calls),
            "last model call": max(line.last_at for line in calls),
        }
    yield from ({"what": what, "at": moment} for what, moment in moments.items() if moment)
