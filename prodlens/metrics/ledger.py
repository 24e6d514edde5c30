"""The ledger: calls, tokens and cost, of a store or of a report's window, whose parts add up to the whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isclose
from typing import TYPE_CHECKING, Any

from prodlens.calls import model_name
from prodlens.metrics.usage import add, finite_costs, totals
from prodlens.slugs import one_spelling

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from prodlens.metrics.request import ReportRequest
    from prodlens.metrics.timeline import Window
    from prodlens.metrics.usage import Cell
    from prodlens.metrics.vendor_usage import VendorUsage

_CENT = 0.01
_DAYS_A_MONTH = 365.25 / 12


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """Some calls and what they cost.

    Attributes:
        calls: How many.
        tokens: Input and output tokens of them all.
        cost_usd: Sum of the known costs in US dollars; None when no call has one, or they add up to infinity.
        recorded_usd: The part of it that sources recorded.
        computed_usd: The part of it that was computed from list prices or the user's own.
        unpriced_calls: Calls whose cost is unknown.
        unpriced_tokens: Tokens of those.
        computed_calls: Calls whose cost was computed.
        computed_tokens: Tokens of those.
        own_price_usd: The part of the computed cost that comes from the user's own prices.
        own_price_calls: Calls priced so.
        own_price_tokens: Tokens of those.
    """

    calls: int
    tokens: int
    cost_usd: float | None
    recorded_usd: float
    computed_usd: float
    unpriced_calls: int
    unpriced_tokens: int
    computed_calls: int = 0
    computed_tokens: int = 0
    own_price_usd: float = 0.0
    own_price_calls: int = 0
    own_price_tokens: int = 0

    def by_cost_source(self) -> dict[str, dict[str, Any]]:
        """Return calls, tokens and cost by where the cost comes from; own prices where there are any."""
        recorded = self.calls - self.unpriced_calls - self.computed_calls
        tokens = self.tokens - self.unpriced_tokens - self.computed_tokens
        listed = self.computed_calls - self.own_price_calls
        listed_tokens, listed_usd = self.computed_tokens - self.own_price_tokens, self.computed_usd - self.own_price_usd
        known = self.cost_usd is not None
        own = self.own_price_calls
        lines = {
            "recorded": _amounts(recorded, tokens, self.recorded_usd if known and recorded else None),
            "computed": _amounts(listed, listed_tokens, listed_usd if known and listed else None),
            "own_price": _amounts(own, self.own_price_tokens, self.own_price_usd if known and own else None),
            "unpriced": _amounts(self.unpriced_calls, self.unpriced_tokens, None),
        }
        if not own:
            del lines["own_price"]
        return lines


@dataclass(frozen=True, slots=True)
class Ledger:
    """The calls of a store, or of a window and repository of it.

    Attributes:
        total: All of them.
        parts: By (name of the model in reports, source), each of which may be None, the costliest first.
    """

    total: LedgerLine
    parts: dict[tuple[str | None, str | None], LedgerLine]

    def by_model(self) -> dict[str | None, LedgerLine]:
        """Return the lines of each model, the costliest first."""
        return self._grouped(0)

    def by_source(self) -> dict[str | None, LedgerLine]:
        """Return the lines of each source format, the costliest first."""
        return self._grouped(1)

    def _grouped(self, at: int) -> dict[str | None, LedgerLine]:
        groups: dict[str | None, list[LedgerLine]] = {}
        for key, line in self.parts.items():
            groups.setdefault(key[at], []).append(line)
        return _costliest_first({key: _sum(lines) for key, lines in groups.items()})


def ledger(
    conn: sqlite3.Connection, *, repo: str | None = None, since: str | None = None, until: str | None = None
) -> Ledger:
    """Return the ledger of a store.

    Args:
        conn: Connection to the store.
        repo: Only calls of this repository and those that name none.
        since: Only calls from this moment on (ISO 8601, UTC).
        until: Only calls before this moment.

    Raises:
        AssertionError: The parts do not add up to the whole.
    """
    where = (
        "(:repo IS NULL OR repo_slug IS NULL OR repo_slug = :repo) "
        "AND (:since IS NULL OR timestamp >= :since) AND (:until IS NULL OR timestamp < :until)"
    )
    values = {"repo": repo and one_spelling(repo), "since": since, "until": until}
    grouped = conn.execute(
        f"SELECT model, source, {_MEASURES} FROM sessions WHERE {where} GROUP BY model, source", values
    )
    named: dict[tuple[str | None, str | None], list[LedgerLine]] = {}
    for model, source, *measures in map(tuple, grouped):
        key = (None if model is None else model_name(model), source)
        named.setdefault(key, []).append(_line(tuple(measures)))
    parts = {key: _sum(lines) for key, lines in named.items()}
    whole = _line(tuple(conn.execute(f"SELECT {_MEASURES} FROM sessions WHERE {where}", values).fetchone()))
    assert_balance(whole, parts.values())
    return Ledger(whole, _costliest_first(parts))


_MEASURES = """
    count(*), CAST(total(total_tokens) AS INTEGER), sum(cost_usd),
    total(cost_usd) FILTER (WHERE ifnull(cost_source, '') NOT IN ('computed', 'own-price')),
    total(cost_usd) FILTER (WHERE cost_source IN ('computed', 'own-price')),
    count(*) FILTER (WHERE cost_usd IS NULL),
    CAST(total(total_tokens) FILTER (WHERE cost_usd IS NULL) AS INTEGER),
    count(cost_usd) FILTER (WHERE cost_source IN ('computed', 'own-price')),
    CAST(total(total_tokens) FILTER (
        WHERE cost_source IN ('computed', 'own-price') AND cost_usd IS NOT NULL) AS INTEGER),
    total(cost_usd) FILTER (WHERE cost_source = 'own-price'),
    count(cost_usd) FILTER (WHERE cost_source = 'own-price'),
    CAST(total(total_tokens) FILTER (WHERE cost_source = 'own-price' AND cost_usd IS NOT NULL) AS INTEGER)"""


def ledger_section(
    request: ReportRequest, window: Window, cells: Sequence[Cell], reported: Mapping[str, VendorUsage | None]
) -> dict[str, Any]:
    """Return where the cost of the window comes from, and how much of it belongs to the repository.

    ``attributed`` is the cost of calls that name the repository, ``unattributed`` that of calls that name none.
    ``by_source`` tells recorded costs from those computed from list prices, or from the user's own, and from calls
    without a price.
    ``plan_cost_usd`` is the share of the subscriptions' monthly cost that falls on the window.
    ``reported_by_vendor`` stands beside the calls and is in no sum with them.

    Raises:
        AssertionError: The parts do not add up to the whole.
    """
    whole = line_of(cells)
    named, unnamed = (line_of(cell for cell in cells if cell.names_repo is names) for names in (True, False))
    assert_balance(whole, [named, unnamed])
    monthly = request.plan_cost_usd_per_month
    return {
        "sessions": whole.calls,
        "total_tokens": whole.tokens,
        "total_cost_usd": whole.cost_usd,
        "attributed_cost_usd": named.cost_usd,
        "unattributed_cost_usd": unnamed.cost_usd,
        "by_source": whole.by_cost_source(),
        "plan_cost_usd": None if monthly is None else monthly * window.days / _DAYS_A_MONTH,
        "reported_by_vendor": {tool: None if usage is None else usage.as_json() for tool, usage in reported.items()},
    }


def cost_by_model(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """Return a row a model, the costliest first; ``model`` is None for calls that name none.

    Raises:
        AssertionError: The rows do not add up to the whole.
    """
    by_model: dict[str | None, list[Cell]] = {}
    for cell in cells:
        by_model.setdefault(cell.model, []).append(cell)
    lines = {model: line_of(own) for model, own in by_model.items()}
    assert_balance(line_of(cells), lines.values())
    return [_model_row(model, line, by_model[model]) for model, line in _costliest_first(lines).items()]


def line_of(cells: Iterable[Cell]) -> LedgerLine:
    """Return the ledger line of the calls in some cells."""
    found = totals(cells)
    return LedgerLine(
        calls=found.calls,
        tokens=found.tokens,
        cost_usd=found.cost_usd,
        recorded_usd=found.recorded_usd,
        computed_usd=found.computed_usd,
        unpriced_calls=found.calls - found.priced_calls,
        unpriced_tokens=found.unpriced_tokens,
        computed_calls=found.computed_calls,
        computed_tokens=found.computed_tokens,
        own_price_usd=found.own_price_usd,
        own_price_calls=found.own_price_calls,
        own_price_tokens=found.own_price_tokens,
    )


def assert_balance(whole: LedgerLine, parts: Iterable[LedgerLine]) -> None:
    """Hold the parts to the whole, and recorded plus computed cost to the total, to the cent.

    Costs that add up to infinity are unknown and cannot be held to anything.

    Raises:
        AssertionError: They differ.
    """
    added = _sum(parts)
    counted = (whole.calls, whole.unpriced_calls, whole.computed_calls) == (
        added.calls,
        added.unpriced_calls,
        added.computed_calls,
    )
    costs = []
    if whole.cost_usd is not None:
        costs = [(whole.cost_usd, added.cost_usd or 0.0), (whole.cost_usd, whole.recorded_usd + whole.computed_usd)]
    if not counted or not all(isclose(one, other, rel_tol=1e-9, abs_tol=_CENT / 2) for one, other in costs):
        raise AssertionError(f"the ledger does not balance: {whole} is not the sum of its parts, {added}")


def _amounts(calls: int, tokens: int, cost_usd: float | None) -> dict[str, Any]:
    return {"sessions": calls, "total_tokens": tokens, "cost_usd": cost_usd}


def _model_row(model: str | None, line: LedgerLine, cells: Sequence[Cell]) -> dict[str, Any]:
    return {
        "model": model,
        "sessions": line.calls,
        "total_tokens": line.tokens,
        "cost_usd": line.cost_usd,
        "unpriced_sessions": line.unpriced_calls,
        "unpriced_tokens": line.unpriced_tokens,
        "accepted_sessions": sum(cell.calls for cell in cells if cell.accepted),
        "known_acceptance": sum(cell.calls for cell in cells if cell.accepted is not None),
    }


def _line(values: tuple[Any, ...]) -> LedgerLine:
    line = LedgerLine(*values)
    cost, recorded, computed, own_price = finite_costs(
        line.cost_usd, line.recorded_usd, line.computed_usd, line.own_price_usd
    )
    return replace(line, cost_usd=cost, recorded_usd=recorded, computed_usd=computed, own_price_usd=own_price)


def _sum(lines: Iterable[LedgerLine]) -> LedgerLine:
    lines = list(lines)
    costs = [line.cost_usd for line in lines if line.cost_usd is not None]
    cost, recorded, computed, own_price = finite_costs(
        add(costs) if costs else None,
        add(line.recorded_usd for line in lines),
        add(line.computed_usd for line in lines),
        add(line.own_price_usd for line in lines),
    )
    return LedgerLine(
        calls=sum(line.calls for line in lines),
        tokens=sum(line.tokens for line in lines),
        cost_usd=cost,
        recorded_usd=recorded,
        computed_usd=computed,
        unpriced_calls=sum(line.unpriced_calls for line in lines),
        unpriced_tokens=sum(line.unpriced_tokens for line in lines),
        computed_calls=sum(line.computed_calls for line in lines),
        computed_tokens=sum(line.computed_tokens for line in lines),
        own_price_usd=own_price,
        own_price_calls=sum(line.own_price_calls for line in lines),
        own_price_tokens=sum(line.own_price_tokens for line in lines),
    )


def _costliest_first(lines: Mapping[Any, LedgerLine]) -> dict[Any, LedgerLine]:
    def order(item: tuple[Any, LedgerLine]) -> tuple[float, int, str]:
        key, line = item
        return -(line.cost_usd or 0.0), -line.calls, "" if key is None else str(key)

    return dict(sorted(lines.items(), key=order))
