"""Which pull requests are assisted, which are not, and of which nobody can tell.

Assisted: a traced call belongs to it and came before it was opened, or it carries a sign of AI. Other: neither, and its
author's calls were being received in that week. Everything else is unknown, and takes no part in a comparison.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from prodlens.commits import is_bot, reverted_title
from prodlens.evidence import CLOSED_AT
from prodlens.timestamps import monday_of, parse_timestamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from prodlens.evidence import Evidence
    from prodlens.metrics.request import ReportRequest
    from prodlens.metrics.timeline import Window
    from prodlens.metrics.traced_people import Traces

TRACED, SIGNED, NEARBY, OTHER, UNKNOWN = "traced", "signed", "nearby", "other", "unknown"
ASSISTED = frozenset({TRACED, SIGNED})
EXCLUSIONS = ("bots", "other_base", "under_a_minute", "reverts", "calls_after_opening")
_ISSUE = re.compile(r"(\d{1,9})(?:-|$)")
_SHORTEST = timedelta(minutes=1)
_LONGEST_BRANCH_DAYS = 60
_REVERTED_WITHIN = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A pull request that can take part.

    Attributes:
        author: Login in lower case.
        level: ``traced``, ``signed``, ``nearby``, ``other`` or ``unknown``.
        opened_at: When it was opened.
        hours: From opening to the merge, or to the end of what is known of an open one; None when closed unmerged.
        merged: Whether it was merged.
        open: Whether it was open at the end of what is known.
        size: Lines added and deleted; None where not known.
        files: Files changed; None where not known.
        draft: Whether it is or was a draft; None where not known.
        review_hours: From opening to the first review; None without one.
        reworked: Reopened, or changes were requested; None where not known or still open.
        reverted: Reverted within 14 days of the merge; None where that time is not over, or it was not merged.
        rounds: Rounds of review; None where not known.
        week: Monday (UTC) of the week in which it was opened.
        issue: Number of the issue that its branch is named for, as GitHub names it: ``12-what-it-is-about``.
    """

    author: str
    level: str
    opened_at: datetime
    hours: float | None
    merged: bool
    open: bool
    size: int | None
    files: int | None
    draft: bool | None
    review_hours: float | None
    reworked: bool | None
    reverted: bool | None
    rounds: int | None
    week: date
    issue: int | None


class Findings(NamedTuple):
    """What was found on pull requests.

    Attributes:
        first_calls: For those that traced calls belong to, by number, when the first was made (ISO 8601, UTC).
        signs: Evidence of AI by number.
        reverted: When they were first reverted (ISO 8601, UTC), by id.
    """

    first_calls: Mapping[int, str]
    signs: Mapping[int, AbstractSet[Evidence]]
    reverted: Mapping[int, str]


def read_work(
    conn: sqlite3.Connection,
    request: ReportRequest,
    period: Window,
    traces: Traces,
    found: Findings,
    plausible: Window | None = None,
) -> tuple[list[Work], dict[str, int]]:
    """Return the pull requests opened in the period that can take part, and how many are left out for what reason.

    Args:
        conn: Connection to the store.
        request: The repository.
        period: When they were opened; what came after its end is not known yet.
        traces: Who was seen when.
        found: What was found on pull requests.
        plausible: Pull requests with a moment outside are left out, and counted nowhere.
    """
    if request.slug not in request.covered:
        return [], dict.fromkeys(EXCLUSIONS, 0)
    rows = [row for row in _rows(conn, request.slug) if plausible is None or _is_plausible(row, plausible)]
    base, excluded, work = _default_branch(conn, request.slug, rows), Counter[str](), []
    for row in rows:
        if row["created_at"] is None or not period.holds(datetime.fromisoformat(row["created_at"])):
            continue
        level = _level(row, traces, found.first_calls, found.signs)
        reason = _exclusion(row, base) or ("calls_after_opening" if level is None else None)
        if reason is not None or level is None:
            excluded[str(reason)] += 1
        else:
            work.append(_work(row, level, period.end, found.reverted))
    return work, {name: excluded[name] for name in EXCLUSIONS}


def read_levels(
    conn: sqlite3.Connection,
    request: ReportRequest,
    traces: Traces,
    first_calls: Mapping[int, str],
    signs: Mapping[int, AbstractSet[Evidence]],
) -> dict[int, str | None]:
    """Return the level of every pull request by number, of those too that take part in no comparison.

    Args:
        conn: Connection to the store.
        request: The repository.
        traces: Who was seen when.
        first_calls: As ``Findings`` has them.
        signs: Evidence of AI by number.

    Returns:
        ``traced``, ``signed``, ``nearby``, ``other`` or ``unknown``; None where calls came after the opening alone.
    """
    rows = (row for row in _rows(conn, request.slug) if parse_timestamp(row["created_at"]) is not None)
    return {row["number"]: _level(row, traces, first_calls, signs) for row in rows}


def _rows(conn: sqlite3.Connection, repo: str) -> Iterator[dict[str, Any]]:
    """Yield each pull request once, with the time of its first commit."""
    query = f"""
        SELECT p.id, p.number, p.title, p.author, p.author_type, p.draft, p.created_at, p.merged_at,
            {CLOSED_AT} AS ended_at, p.reopened, p.first_review_at, p.additions, p.deletions, p.changed_files,
            p.base_ref, p.head_ref, p.review_rounds, p.changes_requested, p.ready_at, c.first_commit_at
        FROM pull_requests p LEFT JOIN (
            SELECT pull_request_id, min(timestamp) AS first_commit_at FROM pull_request_commits GROUP BY 1
        ) c ON c.pull_request_id = p.id
        WHERE ifnull(p.repo_slug, :repo) = :repo ORDER BY p.created_at, p.id"""
    return map(dict, conn.execute(query, {"repo": repo}))


def _is_plausible(row: Mapping[str, Any], plausible: Window) -> bool:
    moments = (row[name] for name in ("created_at", "merged_at", "ended_at"))
    return all(moment is None or plausible.holds(datetime.fromisoformat(moment)) for moment in moments)


def _default_branch(conn: sqlite3.Connection, repo: str, rows: Iterable[Mapping[str, Any]]) -> str | None:
    """Return the branch that everything is merged into: as GitHub says, or else the most frequent base."""
    stored = conn.execute("SELECT default_branch FROM repositories WHERE repo_slug = ?", (repo,)).fetchone()
    if stored is not None and stored[0] is not None:
        return str(stored[0])
    bases = Counter(row["base_ref"] for row in rows if row["base_ref"] is not None)
    return max(sorted(bases), key=bases.__getitem__, default=None)


def _exclusion(row: Mapping[str, Any], base: str | None) -> str | None:
    if row["author"] is None or is_bot(row["author"], row["author_type"]):
        return "bots"
    if row["base_ref"] is not None and row["base_ref"] != base:
        return "other_base"
    if reverted_title(row["title"]) is not None:
        return "reverts"
    ended = row["ended_at"]
    if ended is not None and datetime.fromisoformat(ended) - datetime.fromisoformat(row["created_at"]) < _SHORTEST:
        return "under_a_minute"
    return None


def _level(
    row: Mapping[str, Any],
    traces: Traces,
    first_calls: Mapping[int, str],
    signs: Mapping[int, AbstractSet[Evidence]],
) -> str | None:
    """Return the strongest evidence; None where calls came after the opening alone.

    A pull request that takes long has more time to be seen with a call: what comes after the opening decides nothing.
    """
    first = first_calls.get(row["number"])
    if first is not None and first <= row["created_at"]:
        return TRACED
    if any(sign.kind != "trace" for sign in signs.get(row["number"], ())):
        return SIGNED
    if first is not None:
        return None
    author = (row["author"] or "").casefold()
    opened = datetime.fromisoformat(row["created_at"]).astimezone(UTC).date()
    if monday_of(opened) not in traces.weeks.get(author, ()):
        return UNKNOWN
    return NEARBY if _calls_nearby(row, author, opened, traces) else OTHER


def _calls_nearby(row: Mapping[str, Any], author: str, opened: date, traces: Traces) -> bool:
    """Return whether some of the author's calls from first commit to opening name no branch, and none another one."""
    text = row["first_commit_at"] or row["created_at"]
    begun = min(datetime.fromisoformat(text).astimezone(UTC).date(), opened)
    days = min((opened - begun).days, _LONGEST_BRANCH_DAYS)
    seen: set[str | None] = set()
    for back in range(days + 1):
        seen |= traces.branches.get((author, opened - timedelta(days=back)), set())
    return None in seen and seen <= {None, row["head_ref"]}


def _work(row: Mapping[str, Any], level: str, end: datetime, reverted: Mapping[int, str]) -> Work:
    opened = datetime.fromisoformat(row["created_at"])
    merged, ended = (_before(row[name], end) for name in ("merged_at", "ended_at"))
    is_open = ended is None
    until = end if is_open else merged
    changes = (row["additions"], row["deletions"])
    review = _before(row["first_review_at"], end)
    return Work(
        author=row["author"].casefold(),
        level=level,
        opened_at=opened,
        hours=None if until is None else _hours(until - opened),
        merged=merged is not None,
        open=is_open,
        size=None if None in changes else sum(changes),
        files=row["changed_files"],
        draft=True if row["ready_at"] is not None else _flag(row["draft"]),
        review_hours=None if review is None or review < opened else _hours(review - opened),
        reworked=None if is_open else _reworked(row),
        reverted=_reverted(row, merged, end, reverted),
        rounds=row["review_rounds"],
        week=monday_of(opened.astimezone(UTC).date()),
        issue=_issue(row["head_ref"]),
    )


def _issue(branch: str | None) -> int | None:
    found = _ISSUE.match((branch or "").rpartition("/")[2])
    return None if found is None else int(found[1])


def _reworked(row: Mapping[str, Any]) -> bool | None:
    """Return whether it was reopened or changes were requested; a reopening is known without the reviews."""
    if row["reopened"]:
        return True
    return None if row["changes_requested"] is None else row["changes_requested"] > 0


def _reverted(
    row: Mapping[str, Any], merged: datetime | None, end: datetime, reverted: Mapping[int, str]
) -> bool | None:
    """Return whether it was reverted in time; None where it was not merged or the time is not over."""
    if merged is None or merged + _REVERTED_WITHIN > end:
        return None
    at = reverted.get(row["id"])
    return at is not None and datetime.fromisoformat(at) - merged <= _REVERTED_WITHIN


def _before(text: str | None, end: datetime) -> datetime | None:
    moment = None if text is None else datetime.fromisoformat(text)
    return None if moment is None or moment >= end else moment


def _hours(duration: timedelta) -> float:
    """Return hours, of at least a minute, so that they have a logarithm."""
    return max(duration, _SHORTEST) / timedelta(hours=1)


def _flag(value: int | None) -> bool | None:
    return None if value is None else bool(value)
