"""What is asked about those who began with an assistant: who was present in which week, and whose calls were received.

Weeks have numbers, by how many of a list of Mondays a day or a moment has reached, so that no engine cuts a week by a
rule or a time zone of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import ibis
from ibis import _

from prodlens.organisation.queries import class_of, flag, midnight
from prodlens.timestamps import first_monday

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from prodlens.organisation.period import Period

LONGEST = timedelta(weeks=26)
# Who was seen with calls in so many weeks before the first one had begun before.
WEEKS_BEFORE = 26
_WEEK = timedelta(weeks=1)


class AdoptionTables(NamedTuple):
    """The tables that are asked: calls from ``Weeks.first`` on, pull requests, and commits."""

    calls: ir.Table
    pull_requests: ir.Table
    commits: ir.Table


@dataclass(frozen=True, slots=True)
class Weeks:
    """The weeks from Monday that are looked at, and those before in which calls are looked for.

    Attributes:
        first: Monday of the first week in which calls are looked for, which has the number 1.
        whole: How many whole weeks of the period are looked at, after ``WEEKS_BEFORE`` others.
        until: The day after the last one, in whatever week.
    """

    first: date
    whole: int
    until: date

    @classmethod
    def of(cls, period: Period) -> Weeks:
        """Return the whole weeks of a period; of a long one the last 26 weeks."""
        since = max(period.since, period.until - LONGEST)
        monday = first_monday(since)
        return cls(monday - WEEKS_BEFORE * _WEEK, max((period.until - monday) // _WEEK, 0), period.until)

    @property
    def mondays(self) -> list[date]:
        """The Monday of every week, and that after the last."""
        return [self.monday(number) for number in range(1, WEEKS_BEFORE + self.whole + 2)]

    @property
    def numbers(self) -> range:
        """The numbers of the weeks that are looked at."""
        return range(WEEKS_BEFORE + 1, WEEKS_BEFORE + self.whole + 1)

    def monday(self, number: int) -> date:
        """Return the Monday of a week."""
        return self.first + (number - 1) * _WEEK


def author_weeks(tables: AdoptionTables, weeks: Weeks) -> ir.Table:
    """Return the weeks in which people were seen to open, merge or commit, and how many were merged, a row a week.

    Only those who opened a pull request of the repository are among them. What came before the first week is in the
    week 0, and what came after the last whole one in the week after it.
    """
    moments, days = [midnight(day) for day in weeks.mondays], [ibis.date(day) for day in weeks.mondays]
    end = midnight(weeks.until)
    pulls = tables.pull_requests.filter(~_.is_bot, _.author.notnull(), _.opened_at < end)
    pulls = pulls.mutate(repository=pulls.repository.fill_null(""), author=pulls.author.lower())
    merged = pulls.filter(pulls.merged_at.notnull(), pulls.merged_at < end)
    commits = tables.commits.filter(~_.is_bot, _.author.notnull(), _.day < ibis.date(weeks.until))
    none, one = (ibis.literal(count, "int64") for count in (0, 1))
    seen = ibis.union(
        pulls.select("repository", "author", week=class_of(pulls.opened_at, moments), merged=none),
        merged.select("repository", "author", week=class_of(merged.merged_at, moments), merged=one),
        commits.select(
            repository=commits.repository.fill_null(""),
            author=commits.author.lower(),
            week=class_of(commits.day, days),
            merged=none,
        ).semi_join(pulls.select("repository", "author"), ["repository", "author"]),
    )
    return seen.group_by("repository", "author", "week").agg(merged=_.merged.sum())


def traced(tables: AdoptionTables, weeks: Weeks) -> ir.Table:
    """Return in which weeks calls of whom, from where and by which source were received, each once.

    It is small enough to be kept while it is asked for beginnings.
    """
    calls = tables.calls
    chosen = calls.filter(
        calls.developer.notnull(), calls.day >= ibis.date(weeks.first), calls.day < ibis.date(weeks.until)
    )
    days = chosen.select(
        repository=chosen.repository.fill_null(""),
        person=chosen.developer.lower(),
        source=chosen.source.fill_null(""),
        day=chosen.day,
    ).distinct()  # few, before weeks are told
    week = class_of(days.day, [ibis.date(day) for day in weeks.mondays])
    return days.select("repository", "person", "source", week=week).distinct()


def first_weeks(received: ir.Table) -> ir.Table:
    """Return the first week with calls of each repository, of what ``traced`` gives."""
    return received.group_by("repository").agg(first=_.week.min())


def beginnings(received: ir.Table) -> ir.Table:
    """Return when each person began, of what ``traced`` gives: the first of two weeks in a row with calls, or null.

    ``seen_before`` is 1 where calls of the same source and repository were received from anybody in a week before; else
    that is when tracing began, and nobody knows when the person did.
    """
    weeks = received.select("person", "week").distinct()
    after = weeks.week.lead().over(ibis.window(group_by=weeks.person, order_by=weeks.week))
    begun = weeks.mutate(after=after).group_by("person").agg(begun=_.week.min(where=_.after == _.week + 1))
    first = received.group_by("repository", "source").agg(first=_.week.min())
    known = received.inner_join(first, ["repository", "source"]).select("person", "week", "first")
    earlier = known.group_by("person", "week").agg(first=_.first.min())
    joined = begun.left_join(earlier, [begun.person == earlier.person, begun.begun == earlier.week])
    return joined.select(person=begun.person, begun=begun.begun, seen_before=flag(earlier.first < begun.begun))
