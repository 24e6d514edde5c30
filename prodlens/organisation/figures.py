"""The figures of an organisation's report: an engine's small results as plain data, without figures on few people."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from prodlens.organisation import queries
from prodlens.organisation.queries import LATENCY_BOUNDS, WHOLE
from prodlens.organisation.suppression import Cell, is_publishable, withheld_below

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    import ibis.expr.types as ir

    from prodlens.organisation.period import Period
    from prodlens.organisation.queries import Tables

    Rows = list[dict[str, Any]]

_FEWEST_DAYS = 7  # of a month, before a forecast is made of it
_MEASURES = ("calls", "tokens", "cost_usd")


class Engine(Protocol):
    """What answers expressions."""

    def rows(self, expression: ir.Table) -> Rows:
        """Return the result: whole numbers, decimals, dates and texts."""
        ...

    def kept(self, expression: ir.Table) -> ir.Table:
        """Return the expression's result as a table that the engine keeps."""
        ...


@dataclass(frozen=True, slots=True)
class Months:
    """The months of a period.

    Attributes:
        period: The period.
        numbers: Each as ``202605``, oldest first.
    """

    period: Period
    numbers: tuple[int, ...]

    @classmethod
    def of(cls, period: Period) -> Months:
        """Return the months that have a day in the period."""
        last = period.until - timedelta(days=1)
        first_month, last_month = (day.year * 12 + day.month - 1 for day in (period.since, last))
        return cls(period, tuple(n // 12 * 100 + n % 12 + 1 for n in range(first_month, last_month + 1)))

    def days(self, month: int) -> int:
        """Return how many days of a month the period covers."""
        first, end = _bounds(month)
        return (min(end, self.period.until) - max(first, self.period.since)).days

    def change(self, costs: Mapping[int, Decimal]) -> float | None:
        """Return the relative change of the daily cost from the month before the last month to the last month."""
        *_, before, last = (0, 0, *self.numbers)
        if not costs.get(before) or last not in costs:
            return None
        return float(costs[last] / self.days(last) / (costs[before] / self.days(before)) - 1)

    def forecast(self, costs: Mapping[int, Decimal]) -> Decimal | None:
        """Return what the last month will have cost at its end if its days go on as before; None where it has ended."""
        month = self.numbers[-1]
        first, end = _bounds(month)
        covered = self.days(month)
        begun = self.period.since <= first and covered >= _FEWEST_DAYS
        if self.period.until >= end or not begun or month not in costs:
            return None
        return costs[month] / covered * (end - first).days


def usage_figures(engine: Engine, tables: Tables, period: Period, fewest: int) -> dict[str, Any]:
    """Return cost by month, team, repository, tool and model, adoption by week, and the latency of each model."""
    used = engine.kept(queries.usage(tables, period))
    months = Months.of(period)
    whole = {row["month"]: row for row in engine.rows(queries.by_month(used, WHOLE))}
    hidden: dict[str, set[Hashable]] = {WHOLE: {("", month) for month in whole if whole[month]["people"] < fewest}}
    parts = {row["month"]: row for row in engine.rows(queries.parts_by_month(used))}
    cost: dict[str, Any] = {
        "months": [_month(months, number, whole.get(number), parts.get(number), fewest) for number in months.numbers],
        **_line(months, {m: row for m, row in whole.items() if ("", m) not in hidden[WHOLE]}),
    }
    for dimension in queries.DIMENSIONS:
        rows = engine.rows(queries.by_month(used, dimension))
        few = engine.rows(queries.few_people(used, dimension, fewest))
        hidden[dimension] = _hidden_cells(rows, few, hidden["team" if dimension == "repository" else WHOLE], fewest)
        cost[f"by_{dimension}"] = _lines(months, rows, hidden[dimension], dimension)
    return {
        "cost": cost,
        "adoption": {"weeks": [_week(row, fewest) for row in engine.rows(queries.weekly_users(tables, period))]},
        "latency_by_model": _latencies(engine, tables, period, used, fewest),
    }


def pull_request_figures(engine: Engine, tables: Tables, period: Period, fewest: int) -> dict[str, Any]:
    """Return what merged pull requests cost, whole and by team and repository, and what became of the others."""
    pulls = engine.kept(queries.pull_requests(tables, period))
    (kinds,) = engine.rows(queries.kinds(pulls))
    hidden: dict[str, set[Hashable]] = {WHOLE: {("", "")} if kinds["with_cost_people"] < fewest else set()}
    found: dict[str, Any] = {
        "whole": _kinds(kinds, fewest) | _quantiles(_ordered(engine, pulls, WHOLE).get(""), is_shown=not hidden[WHOLE])
    }
    for dimension in queries.PULL_REQUEST_DIMENSIONS:
        rows = engine.rows(queries.by_group(pulls, dimension))
        few = engine.rows(queries.few_authors(pulls, dimension, fewest))
        hidden[dimension] = _hidden_groups(rows, few, hidden["team" if dimension == "repository" else WHOLE], fewest)
        ordered = _ordered(engine, pulls, dimension)
        shown = [row for row in rows if (row["name"], row["under"]) not in hidden[dimension]]
        found[f"by_{dimension}"] = {
            "rows": [
                {"name": row["name"] or None}
                | ({"team": row["under"] or None} if dimension == "repository" else {})
                | {"with_cost": row["with_cost"], "cost_usd": float(row["cost_usd"]), "people": row["people"]}
                | _quantiles(ordered.get(row["name"]), is_shown=True)
                for row in sorted(shown, key=lambda row: (-row["cost_usd"], row["name"]))
            ],
            "withheld": len(rows) - len(shown),
        }
    return found


def _hidden_cells(rows: Rows, few: Rows, hidden_wholes: set[Hashable], fewest: int) -> set[Hashable]:
    """Return the (name, month) cells that must be withheld."""
    persons: dict[Hashable, set[str]] = {}
    for row in few:
        persons.setdefault((row["name"], row["under"], row["month"]), set()).add(row["person"])
    wholes: dict[Hashable, list[Cell]] = {}
    for row in rows:
        behind = frozenset(persons.get((row["name"], row["under"], row["month"]), ()))
        cell = Cell((row["name"], row["month"]), row["people"], behind)
        wholes.setdefault((row["under"], row["month"]), []).append(cell)
    return withheld_below(wholes, hidden_wholes, fewest)


def _hidden_groups(rows: Rows, few: Rows, hidden_wholes: set[Hashable], fewest: int) -> set[Hashable]:
    """Return the groups that must be withheld, as (name, whole it is a part of)."""
    persons: dict[Hashable, set[str]] = {}
    for row in few:
        persons.setdefault((row["name"], row["under"]), set()).add(row["person"])
    wholes: dict[Hashable, list[Cell]] = {}
    for row in rows:
        key = (row["name"], row["under"])
        wholes.setdefault((row["under"], ""), []).append(Cell(key, row["people"], frozenset(persons.get(key, ()))))
    return withheld_below(wholes, hidden_wholes, fewest)


def _lines(months: Months, rows: Rows, hidden: set[Hashable], dimension: str) -> dict[str, Any]:
    """Return a line for each value of a dimension that has a month to show, and how many cells are withheld."""
    by_name: dict[tuple[str, str], dict[int, dict[str, Any]]] = {}
    for row in rows:
        if (row["name"], row["month"]) not in hidden:
            by_name.setdefault((row["name"], row["under"]), {})[row["month"]] = row
    lines = [
        {"name": name or None}
        | ({"team": under or None} if dimension == "repository" else {})
        | _line(months, shown)
        | {"months": [_amount(shown.get(number)) for number in months.numbers]}
        for (name, under), shown in by_name.items()
    ]
    return {
        "rows": sorted(lines, key=lambda line: (-(line["cost_usd"] or 0.0), -line["calls"], line["name"] or "")),
        "withheld": len({(row["name"], row["under"]) for row in rows} - by_name.keys()),
        "withheld_months": len(hidden),
    }


def _line(months: Months, shown: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the sums of a line over the months that are shown."""
    costs = {month: row["cost_usd"] for month, row in shown.items() if row["cost_usd"] is not None}
    forecast = months.forecast(costs)
    return {
        "calls": sum(row["calls"] for row in shown.values()),
        "tokens": sum(row["tokens"] for row in shown.values()),
        "cost_usd": float(sum(costs.values(), Decimal())) if costs else None,
        "change": months.change(costs),
        "forecast_usd": None if forecast is None else float(forecast),
    }


def _month(
    months: Months, number: int, row: Mapping[str, Any] | None, parts: Mapping[str, Any] | None, fewest: int
) -> dict[str, Any]:
    first, end = _bounds(number)
    found: dict[str, Any] = {
        "month": f"{first:%Y-%m}",
        "days": months.days(number),
        "days_of_month": (end - first).days,
    }
    found |= dict.fromkeys(("people", *_MEASURES, "attributed_usd", "unattributed_usd", "unpriced_calls"))
    if row is None or parts is None or row["people"] < fewest:
        return found
    found |= {"people": row["people"], "calls": row["calls"], "tokens": row["tokens"], "cost_usd": _amount(row)}
    sizes = {"attributed": parts["attributed_calls"], "priced": parts["priced_calls"]}
    sizes |= {f"un{name}": row["calls"] - size for name, size in sizes.items()}
    parts = {**parts, **sizes}
    if _all_publishable(parts, ("attributed", "unattributed"), fewest) and row["cost_usd"] is not None:
        attributed = parts["attributed_usd"] or Decimal()
        found |= {"attributed_usd": float(attributed), "unattributed_usd": float(row["cost_usd"] - attributed)}
    if _all_publishable(parts, ("priced", "unpriced"), fewest):
        found["unpriced_calls"] = row["calls"] - parts["priced_calls"]
    return found


def _kinds(row: Mapping[str, Any], fewest: int) -> dict[str, Any]:
    """Return counts and costs of the kinds of pull requests, each None where too few people are behind it."""

    def publishable(*names: str) -> bool:
        return _all_publishable(row, names, fewest)

    found: dict[str, Any] = dict.fromkeys(
        ("merged", "with_cost", "cost_usd", "unmerged", "unmerged_usd", "reverted", "reverted_usd", "assisted",
         "known_assistance", "ai_share")
    )  # fmt: skip
    if publishable("merged", "without_cost"):
        found["merged"] = row["merged"] or 0
    for kind, cost in (("with_cost", "cost_usd"), ("unmerged", "unmerged_usd"), ("reverted", "reverted_usd")):
        if publishable(kind):
            found |= {kind: row[kind] or 0, cost: _dollars(row[f"{kind}_usd"])}
    if publishable("assisted", "other", "unknown"):
        assisted, known = row["assisted"] or 0, (row["assisted"] or 0) + (row["other"] or 0)
        found |= {"assisted": assisted, "known_assistance": known, "ai_share": assisted / known if known else None}
    return found


def _ordered(engine: Engine, pulls: ir.Table, dimension: str) -> dict[str, Rows]:
    found: dict[str, Rows] = {}
    for row in engine.rows(queries.order_statistics(pulls, dimension)):
        found.setdefault(row["name"], []).append(row)
    return found


def _quantiles(rows: Sequence[Mapping[str, Any]] | None, *, is_shown: bool) -> dict[str, Any]:
    """Return median and 90th percentile, each interpolated between the two costs that it lies between."""
    if not rows or not is_shown:
        return {"median_usd": None, "percentile_90_usd": None}
    costs = {row["place"]: row["cost_usd"] for row in rows}
    last = rows[0]["costs"] - 1
    return {"median_usd": _at(costs, last * 5, 10), "percentile_90_usd": _at(costs, last * 9, 10)}


def _at(costs: Mapping[int, Decimal], tenths: int, ten: int) -> float:
    place, rest = divmod(tenths, ten)
    low = costs[place]
    return float(low if not rest else low + (costs[place + 1] - low) * rest / ten)


def _latencies(engine: Engine, tables: Tables, period: Period, used: ir.Table, fewest: int) -> list[dict[str, Any]]:
    people = {row["model"]: row["people"] for row in engine.rows(queries.timed_people(used))}
    classes: dict[str, dict[int, int]] = {}
    for row in engine.rows(queries.latencies(tables, period)):
        classes.setdefault(row["model"], {})[row["place"]] = row["calls"]
    return [
        {"name": model or None, "median_ms": _median_of(counts)}
        for model, counts in sorted(classes.items())
        if people.get(model, 0) >= fewest
    ]


def _median_of(counts: Mapping[int, int]) -> float:
    """Return the median of a histogram, interpolated within its class; the last class has only its lower bound."""
    half, below = sum(counts.values()) / 2, 0
    for place, calls in sorted(counts.items()):
        if below + calls >= half:
            low = LATENCY_BOUNDS[place - 1] if place else 0.0
            high = LATENCY_BOUNDS[place] if place < len(LATENCY_BOUNDS) else low
            return low + (high - low) * (half - below) / calls
        below += calls
    raise AssertionError("unreachable")


def _week(row: Mapping[str, Any], fewest: int) -> dict[str, Any]:
    return {"week": row["week"].isoformat(), "people": row["people"] if row["people"] >= fewest else None}


def _all_publishable(row: Mapping[str, Any], kinds: Iterable[str], fewest: int) -> bool:
    return all(is_publishable(row[kind] or 0, row[f"{kind}_people"], fewest) for kind in kinds)


def _amount(row: Mapping[str, Any] | None) -> float | None:
    return None if row is None else _dollars(row["cost_usd"])


def _dollars(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)


def _bounds(month: int) -> tuple[date, date]:
    """Return the first day of a month, and the day after its last."""
    first = date(month // 100, month % 100, 1)
    return first, first + timedelta(days=calendar.monthrange(first.year, first.month)[1])
