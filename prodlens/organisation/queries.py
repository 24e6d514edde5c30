"""The queries on the published tables, as Ibis expressions: one set for every engine.

An expression returns only whole numbers, decimals, days and texts, on which engines agree. Months come from the column
``day``, so they do not depend on a session's time zone. A quantile comes from ranked rows, so that no engine
interpolates. Latencies are counted in the classes of a fixed histogram. Everything after that is done in Python.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis
from ibis import _

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import ibis.expr.types as ir

    from prodlens.organisation.period import Period

# Upper bounds of the classes of latencies in milliseconds, ten a decade; the last class has no upper bound.
_STEPS = (1.0, 1.25, 1.6, 2.0, 2.5, 3.2, 4.0, 5.0, 6.3, 8.0)
LATENCY_BOUNDS = (*(step * 10.0**power for power in range(2, 6) for step in _STEPS), 1_000_000.0)
# The dimensions of the figures. The team is the repository's; an empty text means that it has no team.
DIMENSIONS = ("team", "repository", "tool", "model")
PULL_REQUEST_DIMENSIONS = ("team", "repository")
WHOLE = "whole"


class Tables(NamedTuple):
    """The tables that are queried: two published ones, and ``teams`` with the columns ``repository`` and ``team``."""

    calls: ir.Table
    pull_requests: ir.Table
    teams: ir.Table


def usage(tables: Tables, period: Period) -> ir.Table:
    """Return calls and cost by repository, team, tool, model, developer and month: most other queries read it.

    It is small enough for the engine to keep, so that the calls are read once.
    """
    calls = _of_period(tables.calls, period)
    chosen = calls.select(
        repository=calls.repository.fill_null(""),
        tool=calls.tool.fill_null(""),
        model=calls.model.fill_null(""),
        developer=calls.developer,
        month=_month(calls.day),
        tokens=calls.tokens_in + calls.tokens_out,
        cost_usd=calls.cost_usd,
        attributed=flag(calls.pull_request.notnull()),
        attributed_usd=_if(calls.pull_request.notnull(), calls.cost_usd),
        priced=flag(calls.cost_usd.notnull()),
        timed=flag(calls.latency_ms >= 0),
    )
    summed = chosen.group_by(["repository", "tool", "model", "developer", "month"]).agg(
        calls=_.count(),
        priced_calls=_.priced.sum(),
        timed_calls=_.timed.sum(),
        attributed_calls=_.attributed.sum(),
        tokens=_.tokens.sum(),
        cost_usd=_.cost_usd.sum(),
        attributed_usd=_.attributed_usd.sum(),
    )
    return _with_team(summed, tables.teams).mutate(whole=ibis.literal(""))


def by_month(used: ir.Table, dimension: str) -> ir.Table:
    """Return calls, tokens, cost and people of each value of a dimension in each month."""
    return (
        used.group_by(name=used[dimension], under=_above(used, dimension), month=used.month)
        .agg(calls=_.calls.sum(), tokens=_.tokens.sum(), cost_usd=_.cost_usd.sum(), people=_.developer.nunique())
        .order_by("name", "under", "month")
    )


def parts_by_month(used: ir.Table) -> ir.Table:
    """Return how much of each month belongs to pull requests, how much has a price, and the people behind each."""
    return (
        used.group_by("month")
        .agg(
            attributed_usd=_.attributed_usd.sum(),
            attributed_calls=_.attributed_calls.sum(),
            priced_calls=_.priced_calls.sum(),
            attributed_people=_.developer.nunique(where=_.attributed_calls > 0),
            unattributed_people=_.developer.nunique(where=_.attributed_calls < _.calls),
            priced_people=_.developer.nunique(where=_.priced_calls > 0),
            unpriced_people=_.developer.nunique(where=_.priced_calls < _.calls),
        )
        .order_by("month")
    )


def few_people(used: ir.Table, dimension: str, fewest: int) -> ir.Table:
    """Return the people behind the cells of ``by_month`` that have fewer than ``fewest``, one person a row."""
    cells = used.filter(used.developer.notnull()).select(
        name=used[dimension], under=_above(used, dimension), month=used.month, person=used.developer
    )
    return _few(cells.distinct(), ["name", "under", "month"], fewest)


def weekly_users(tables: Tables, period: Period) -> ir.Table:
    """Return how many people called in each week, weeks beginning on Monday."""
    days = _of_period(tables.calls, period).select("day", "developer").distinct()  # few, before weeks are cut
    weeks = days.select(week=days.day.truncate("W"), developer=days.developer)
    return weeks.group_by("week").agg(people=_.developer.nunique()).order_by("week")


def timed_people(used: ir.Table) -> ir.Table:
    """Return how many people made the calls of each model whose latency is known."""
    timed = used.filter(used.timed_calls > 0)
    return timed.group_by("model").agg(people=_.developer.nunique()).order_by("model")


def latencies(tables: Tables, period: Period) -> ir.Table:
    """Return how many calls of each model are in each class of ``LATENCY_BOUNDS``."""
    calls = _of_period(tables.calls, period)
    chosen = calls.filter(calls.latency_ms >= 0)
    place = class_of(chosen.latency_ms, LATENCY_BOUNDS)
    classes = chosen.select(model=chosen.model.fill_null(""), place=place)
    return classes.group_by("model", "place").agg(calls=_.count()).order_by("model", "place")


def pull_requests(tables: Tables, period: Period) -> ir.Table:
    """Return the pull requests of people that were merged or closed in the period, as the figures need them."""
    pulls = tables.pull_requests
    start, end = midnight(period.since), midnight(period.until)
    merged = within(pulls.merged_at, start, end)
    closed = pulls.merged_at.isnull() & within(pulls.closed_at, start, end)
    chosen = pulls.filter(~pulls.is_bot, merged | closed).select(
        repository=pulls.repository.fill_null(""),
        number=pulls.number,
        author=pulls.author,
        cost_usd=pulls.cost_usd,
        merged=flag(pulls.merged_at.notnull()),
        reverted=flag(pulls.reverted & pulls.merged_at.notnull()),
        assisted=flag(pulls.merged_at.notnull() & pulls.assisted.fill_null(False)),
        other=flag(pulls.merged_at.notnull() & ~pulls.assisted.fill_null(True)),
    )
    return _with_team(chosen, tables.teams).mutate(whole=ibis.literal(""))


def comparable(tables: Tables, period: Period) -> ir.Table:
    """Return what is compared: pull requests of people, of known kind and size, opened in the period.

    They are into the default branch; open ones and those that were closed without a merge are among them.
    """
    pulls = tables.pull_requests
    opened = within(pulls.opened_at, midnight(period.since), midnight(period.until))
    chosen = pulls.filter(
        opened, ~pulls.is_bot, ~pulls.is_revert, pulls.into_default_branch.fill_null(True), pulls.author.notnull()
    )
    return (
        chosen.select(
            repository=chosen.repository.fill_null(""),
            author=chosen.author,
            opened_at=chosen.opened_at,
            merged_at=chosen.merged_at,
            closed_at=chosen.closed_at,
            lines=chosen.additions + chosen.deletions,
            files=chosen.changed_files.fill_null(1),
            draft=flag(chosen.ready_at.notnull() | chosen.draft.fill_null(False)),
            draft_unknown=flag(chosen.ready_at.isnull() & chosen.draft.isnull()),
            assisted=chosen.assisted,
            number=chosen.number,
        )
        .filter(_.assisted.notnull(), _.lines >= 0)
        .order_by("repository", "number")
    )


def kinds(pulls: ir.Table) -> ir.Table:
    """Return one row: how many pull requests of each kind there are, what they cost, and how many authors they have."""
    merged = pulls.merged == 1
    of_kind = {
        "merged": merged,
        "with_cost": merged & pulls.cost_usd.notnull(),
        "without_cost": merged & pulls.cost_usd.isnull(),
        "unmerged": pulls.merged == 0,
        "reverted": pulls.reverted == 1,
        "assisted": pulls.assisted == 1,
        "other": pulls.other == 1,
        "unknown": merged & (pulls.assisted == 0) & (pulls.other == 0),
    }
    measures = {}
    for kind, condition in of_kind.items():
        measures[kind] = flag(condition).sum()
        measures[f"{kind}_usd"] = _if(condition, pulls.cost_usd).sum()
        measures[f"{kind}_people"] = pulls.author.nunique(where=condition)
    return pulls.agg(**measures)


def by_group(pulls: ir.Table, dimension: str) -> ir.Table:
    """Return how many merged pull requests with a cost each value of a dimension has, their cost and their authors."""
    chosen = _with_cost(pulls)
    return (
        chosen.group_by(name=chosen[dimension], under=_above(chosen, dimension))
        .agg(with_cost=_.count(), cost_usd=_.cost_usd.sum(), people=_.author.nunique())
        .order_by("name", "under")
    )


def few_authors(pulls: ir.Table, dimension: str, fewest: int) -> ir.Table:
    """Return the authors behind the rows of ``by_group`` that have fewer than ``fewest``, one author a row."""
    chosen = _with_cost(pulls)
    cells = chosen.filter(chosen.author.notnull()).select(
        name=chosen[dimension], under=_above(chosen, dimension), person=chosen.author
    )
    return _few(cells.distinct(), ["name", "under"], fewest)


def order_statistics(pulls: ir.Table, dimension: str) -> ir.Table:
    """Return the costs of merged pull requests that the median and the 90th percentile lie between, by their place.

    Columns: ``name``; ``costs``, how many have one; ``place``, from 0; ``cost_usd``.
    """
    merged = _with_cost(pulls)
    chosen = merged.select(name=merged[dimension], cost_usd=merged.cost_usd)
    ordered = ibis.window(group_by=chosen.name, order_by=chosen.cost_usd)
    ranked = chosen.mutate(
        place=ibis.row_number().over(ordered).cast("int64"),
        costs=chosen.cost_usd.count().over(ibis.window(group_by=chosen.name)),
    )
    last = ranked.costs - 1
    # Twice and ten times the place, so that no division is needed: engines divide whole numbers differently.
    near_median = (2 * ranked.place >= last - 1) & (2 * ranked.place <= last + 1)
    near_ninetieth = (10 * ranked.place > 9 * last - 10) & (10 * ranked.place < 9 * last + 10)
    return ranked.filter(near_median | near_ninetieth).order_by("name", "place")


def _with_cost(pulls: ir.Table) -> ir.Table:
    return pulls.filter(pulls.merged == 1, pulls.cost_usd.notnull())


def _few(cells: ir.Table, keys: list[str], fewest: int) -> ir.Table:
    counted = cells.group_by(keys).agg(people=_.count())
    small = counted.filter(counted.people < fewest)
    return cells.semi_join(small, keys).order_by(*keys, "person")


def _with_team(rows: ir.Table, teams: ir.Table) -> ir.Table:
    joined = rows.left_join(teams, "repository").drop("repository_right")
    return joined.mutate(team=joined.team.fill_null(""))


def _above(rows: ir.Table, dimension: str) -> ir.StringValue:
    """Return the whole that the values of a dimension are parts of: a repository's team, for all others everything."""
    column: ir.StringValue = rows.team if dimension == "repository" else rows.whole
    return column


def _of_period(calls: ir.Table, period: Period) -> ir.Table:
    return calls.filter(calls.day >= ibis.date(period.since), calls.day < ibis.date(period.until))


def _month(day: ir.DateValue) -> ir.IntegerValue:
    months: ir.IntegerValue = (day.year() * 100 + day.month()).cast("int64")
    return months


def flag(condition: ir.BooleanValue) -> ir.Value:
    """Return 1 where a condition holds, else 0."""
    return ibis.ifelse(condition, 1, 0).cast("int64")


def class_of(value: Any, bounds: Sequence[Any]) -> Any:
    """Return how many of the rising bounds a value has reached, by bisection: six comparisons instead of forty."""

    def between(low: int, high: int) -> Any:
        if low == high:
            return ibis.literal(low)
        middle = (low + high) // 2
        return ibis.ifelse(value < bounds[middle], between(low, middle), between(middle + 1, high))

    return between(0, len(bounds)).cast("int64")


def midnight(day: date) -> ir.Scalar:
    """Return the moment at which a day begins in UTC."""
    # With its zone: a bare timestamp is one of the session's zone for some engines, and of another type for others.
    return ibis.literal(datetime(day.year, day.month, day.day, tzinfo=UTC), type="timestamp('UTC')")


def within(moment: ir.TimestampValue, start: ir.Value, end: ir.Value) -> Any:
    """Return whether a moment is known, and not before the start and before the end."""
    return moment.notnull() & (moment >= start) & (moment < end)


def _if(condition: ir.BooleanValue, value: ir.Value) -> ir.Value:
    return ibis.ifelse(condition, value, ibis.null(value.type()))
