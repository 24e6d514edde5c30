"""How much of the work carries a sign of AI: a lower bound, since most tools sign nothing and squashes lose trailers.

It needs no trace. Merge commits and accounts that are bots without being an assistant are left out of every count.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from prodlens.commits import is_bot
from prodlens.evidence import HIGH, Evidence, commit_evidence, noted_evidence
from prodlens.timestamps import day_of, first_monday, monday_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from prodlens.metrics.request import ReportRequest
    from prodlens.metrics.timeline import Timeline, Window


class _Work(NamedTuple):
    """A commit or a merged pull request, when it was made or merged, and the signs of AI on it."""

    at: datetime
    evidence: frozenset[Evidence]


def ai_share(
    conn: sqlite3.Connection,
    request: ReportRequest,
    timeline: Timeline,
    plausible: Window,
    signs: Mapping[int, frozenset[Evidence]],
) -> dict[str, Any]:
    """Return the share of commits and of merged pull requests with evidence of AI, by tool and by week.

    ``commits`` and ``merged_pull_requests`` cover the window, ``weekly`` the whole weeks of the history. Work with a
    time outside ``plausible`` is left out. ``marked_lines``: the lines that git notes mark as an agent's, of all that
    the commits with such a note add; None without one. ``signs`` are the evidence on pull requests, by number.
    """
    commits, pulls = (
        [work for work in works if plausible.holds(work.at)]
        for works in (_commits(conn, request.slug), _merged(conn, request.slug, signs))
    )
    return {
        "commits": {
            **_shares(commits, timeline.window),
            "marked_lines": _marked_lines(conn, request.slug, timeline.window),
        },
        "merged_pull_requests": _shares(pulls, timeline.window),
        "weekly": _weekly(request, timeline, commits, pulls),
    }


def _commits(conn: sqlite3.Connection, repo: str) -> list[_Work]:
    notes = noted_evidence(conn, repo)
    rows = conn.execute(
        "SELECT sha, author, trailers, min(timestamp) FROM commits WHERE ifnull(repo_slug, :repo) = :repo "
        "AND ifnull(parents, 1) < 2 GROUP BY sha",
        {"repo": repo},
    )
    found = (
        (author, at, commit_evidence({"author": author, "trailers": trailers}).union(notes.get(sha, ())))
        for sha, author, trailers, at in map(tuple, rows)
    )
    return [
        _Work(datetime.fromisoformat(at), evidence) for author, at, evidence in found if evidence or not is_bot(author)
    ]


def _marked_lines(conn: sqlite3.Connection, repo: str, window: Window) -> dict[str, Any] | None:
    """Count the lines of commits of the window that notes mark; merges, and commits whose lines are not known, are out.

    A note can mark more lines than its commit adds, where work was moved between commits; then all of these count.
    """
    rows = conn.execute(
        "SELECT min(c.timestamp), n.ai_lines, n.added_lines FROM ai_notes n JOIN commits c ON c.sha = n.sha "
        "AND ifnull(c.repo_slug, :repo) = :repo WHERE n.repo_slug = :repo AND n.ai_lines > 0 "
        "AND n.added_lines IS NOT NULL AND ifnull(c.parents, 1) < 2 GROUP BY n.sha",
        {"repo": repo},
    )
    inside = [(min(lines, added), added) for at, lines, added in rows if window.holds(datetime.fromisoformat(at))]
    marked, added = sum(lines for lines, _ in inside), sum(added for _, added in inside)
    return {"commits": len(inside), "marked": marked, "added": added, "share": marked / added} if added else None


def _merged(conn: sqlite3.Connection, repo: str, evidence: Mapping[int, frozenset[Evidence]]) -> list[_Work]:
    rows = conn.execute(
        "SELECT number, author, author_type, merged_at FROM pull_requests WHERE ifnull(repo_slug, :repo) = :repo "
        "AND merged_at IS NOT NULL AND number IS NOT NULL GROUP BY number",
        {"repo": repo},
    )
    return [
        _Work(datetime.fromisoformat(merged_at), evidence[number])
        for number, author, author_type, merged_at in map(tuple, rows)
        if evidence[number] or not is_bot(author, author_type)
    ]


def _shares(works: Iterable[_Work], window: Window) -> dict[str, Any]:
    inside = [work for work in works if window.holds(work.at)]
    signed = [work for work in inside if work.evidence]
    return {
        "total": len(inside),
        "with_evidence": len(signed),
        "high_confidence": sum(any(sign.confidence == HIGH for sign in work.evidence) for work in signed),
        "share": len(signed) / len(inside) if inside else None,
        "by_tool": _by_tool(signed),
    }


def _by_tool(signed: Sequence[_Work]) -> list[dict[str, Any]]:
    """Count each tool once for each piece of work; ``tool`` is None where no sign on it names one."""
    counts: dict[str | None, int] = {}
    for work in signed:
        tools: set[str | None] = {sign.tool for sign in work.evidence if sign.tool}
        for tool in tools or {None}:
            counts[tool] = counts.get(tool, 0) + 1
    rows = ({"tool": tool, "with_evidence": count} for tool, count in counts.items())
    return sorted(rows, key=lambda row: (-int(row["with_evidence"] or 0), str(row["tool"] or "~")))


def _weekly(
    request: ReportRequest, timeline: Timeline, commits: Sequence[_Work], pulls: Sequence[_Work]
) -> list[dict[str, Any]]:
    """Return the whole weeks from Monday that have work in them, oldest first."""
    first = first_monday(timeline.first_day)
    end = monday_of(timeline.last_day + timedelta(days=1))
    rows: dict[date, dict[str, Any]] = {}
    for name, works in (("commits", commits), ("merged_pull_requests", pulls)):
        for work in works:
            week = monday_of(day_of(work.at, request.zone))
            if first <= week < end:
                row = rows.get(week) or rows.setdefault(week, _empty_week(week))
                row[name] += 1
                row[f"{name}_with_evidence"] += bool(work.evidence)
    return [rows[week] for week in sorted(rows)]


def _empty_week(week: date) -> dict[str, Any]:
    names = ("commits", "merged_pull_requests")
    return {"week": week.isoformat(), **{f"{name}{end}": 0 for name in names for end in ("", "_with_evidence")}}
