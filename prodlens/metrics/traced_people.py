"""When the authors of pull requests were seen in the traces, and with which tools."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from sqlite3 import OperationalError
from typing import TYPE_CHECKING

from prodlens.timestamps import EARLIEST, monday_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from prodlens.metrics.request import ReportRequest

_WEEK = timedelta(weeks=1)
# Made by the first report: from one person and tool to the next it is skipped through, not read.
_INDEX = """CREATE INDEX IF NOT EXISTS sessions_report_presence ON sessions (
    developer_id, source, event_date, repo_slug, branch) WHERE developer_id IS NOT NULL"""
# date() with a modifier, even one that adds nothing, changes a day that is in no calendar; such days are left out.
# The NULL that ends a person's tools stands for the calls that name none.
_TOOLS = """
WITH RECURSIVE
  person (name) AS (
    SELECT min(developer_id) FROM sessions WHERE developer_id IS NOT NULL UNION ALL
    SELECT (SELECT min(developer_id) FROM sessions WHERE developer_id > name) FROM person WHERE name IS NOT NULL),
  tool (name, source) AS (
    SELECT name, (SELECT min(source) FROM sessions WHERE developer_id = name AND source IS NOT NULL)
    FROM person WHERE typeof(name) = 'text' UNION ALL
    SELECT name, (SELECT min(s.source) FROM sessions s WHERE s.developer_id = name AND s.source > tool.source)
    FROM tool WHERE source IS NOT NULL)
SELECT name, source, (
    SELECT s.event_date FROM sessions s WHERE s.developer_id = name AND s.source IS tool.source
    AND s.event_date >= :first AND s.event_date < :last AND date(s.event_date, '+0 days') = s.event_date
    ORDER BY s.event_date LIMIT 1) AS first_day
FROM tool"""
_DAYS = """
SELECT * FROM (
    SELECT DISTINCT event_date, repo_slug, branch FROM sessions
    WHERE developer_id = :name AND source IS :source AND event_date >= :first AND event_date < :last)
WHERE date(event_date, '+0 days') = event_date"""
# The end of a period can lie inside a day, which no index of days cuts.
_LAST_DAY = """
SELECT DISTINCT developer_id, source, event_date, repo_slug, branch FROM sessions
WHERE event_date = :last AND timestamp < :end AND typeof(developer_id) = 'text'"""


@dataclass(frozen=True, slots=True)
class Traces:
    """What the traces say of people by day (UTC).

    Attributes:
        weeks: For each author of a pull request, the weeks (Mondays) in which calls were received.
        branches: For each author and day, the branches of this repository's calls; None for calls that name none.
        first_week_of_tool: For each source, the first week in which anybody's calls were received.
        tools: For each author and week, the sources of the calls.
    """

    weeks: Mapping[str, AbstractSet[date]]
    branches: Mapping[tuple[str, date], AbstractSet[str | None]]
    first_week_of_tool: Mapping[str | None, date]
    tools: Mapping[tuple[str, date], AbstractSet[str | None]]

    def beginning(self, person: str) -> date | None:
        """Return the first of two weeks in a row with calls of a person, None without such."""
        weeks = self.weeks.get(person, frozenset())
        return min((week for week in weeks if week + _WEEK in weeks), default=None)

    def seen_before(self, person: str, week: date) -> bool:
        """Tell whether calls of a tool of the person's in that week were received from anybody before."""
        return any(self.first_week_of_tool[tool] < week for tool in self.tools[person, week])


def read_traces(conn: sqlite3.Connection, request: ReportRequest, end: datetime) -> Traces:
    """Read when the authors of the repository's pull requests were seen before ``end``, in other repositories too.

    People are named by login where ``request.people`` knows it.
    """
    with suppress(OperationalError):  # a read-only store is reported on too, only slower
        conn.execute(_INDEX)
    logins = {name.casefold(): login.casefold() for name, login in request.people}
    authors, covered = _authors(conn, request.slug), frozenset(request.covered)
    weeks: dict[str, set[date]] = {}
    branches: dict[tuple[str, date], set[str | None]] = {}
    first: dict[str | None, date] = {}
    tools: dict[tuple[str, date], set[str | None]] = {}
    for developer, source, rows in _seen(conn, authors, logins, end):
        name = developer.casefold()
        person = logins.get(name, name)
        for text, slug, branch in rows:
            day = _day(text)
            week = monday_of(day)
            if source not in first or week < first[source]:
                first[source] = week
            if person in authors:
                weeks.setdefault(person, set()).add(week)
                tools.setdefault((person, week), set()).add(source)
                if slug in covered:
                    branches.setdefault((person, day), set()).add(branch)
    return Traces(weeks, branches, first, tools)


@cache
def _day(text: str) -> date:
    return date.fromisoformat(text)


def _authors(conn: sqlite3.Connection, slug: str) -> set[str]:
    query = "SELECT DISTINCT author FROM pull_requests WHERE ifnull(repo_slug, :repo) = :repo AND author IS NOT NULL"
    return {author.casefold() for (author,) in conn.execute(query, {"repo": slug})}


def _seen(
    conn: sqlite3.Connection, authors: AbstractSet[str], logins: Mapping[str, str], end: datetime
) -> Iterator[tuple[str, str | None, Iterable[tuple[str, str | None, str | None]]]]:
    """Yield developer, source and (day, repository, branch) of every day of an author, and of the first of the others.

    Repository and branch are left out for people who are not authors.
    """
    until = end.astimezone(UTC)
    days = {"first": EARLIEST.date().isoformat(), "last": until.date().isoformat()}
    for developer, source, first_day in map(tuple, conn.execute(_TOOLS, days).fetchall()):
        name = developer.casefold()
        if first_day is not None and logins.get(name, name) in authors:
            found = conn.execute(_DAYS, days | {"name": developer, "source": source})
            yield developer, source, map(tuple, found)
        elif first_day is not None:
            yield developer, source, [(first_day, "", None)]
    if until.time() != until.min.time():
        for developer, source, *rest in conn.execute(_LAST_DAY, {"last": days["last"], "end": until.isoformat()}):
            yield developer, source, [tuple(rest)]
