"""The ledger: calls, tokens and cost by model and source, whose parts add up to the whole."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum, isclose
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

_CENT = 0.01


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """Some calls and what they cost.

    Attributes:
        calls: How many.
        tokens: Input and output tokens of them all.
        cost_usd: Sum of the known costs in US dollars, None when no call has one.
        recorded_usd: The part of it that sources recorded.
        computed_usd: The part of it that was computed from list prices.
        unpriced_calls: Calls whose cost is unknown.
        unpriced_tokens: Tokens of those.
    """

    calls: int
    tokens: int
    cost_usd: float | None
    recorded_usd: float
    computed_usd: float
    unpriced_calls: int
    unpriced_tokens: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """The calls of a store, or of a window and repository of it.

    Attributes:
        total: All of them.
        parts: By (model, source), each of which may be None, the costliest first.
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
    values = {"repo": repo, "since": since, "until": until}
    grouped = conn.execute(
        f"SELECT model, source, {_MEASURES} FROM sessions WHERE {where} GROUP BY model, source", values
    )
    parts = {(row[0], row[1]): _line(row[2:]) for row in map(tuple, grouped)}
    whole = _line(tuple(conn.execute(f"SELECT {_MEASURES} FROM sessions WHERE {where}", values).fetchone()))
    _assert_balance(whole, _sum(parts.values()))
    return Ledger(whole, _costliest_first(parts))


_MEASURES = """
    count(*), CAST(total(total_tokens) AS INTEGER), sum(cost_usd),
    total(cost_usd) FILTER (WHERE cost_source IS NOT 'computed'),
    total(cost_usd) FILTER (WHERE cost_source = 'computed'),
    count(*) FILTER (WHERE cost_usd IS NULL),
    CAST(total(total_tokens) FILTER (WHERE cost_usd IS NULL) AS INTEGER)"""


def _line(values: tuple[Any, ...]) -> LedgerLine:
    return LedgerLine(*values)


def _sum(lines: Iterable[LedgerLine]) -> LedgerLine:
    lines = list(lines)
    costs = [line.cost_usd for line in lines if line.cost_usd is not None]
    return LedgerLine(
        calls=sum(line.calls for line in lines),
        tokens=sum(line.tokens for line in lines),
        cost_usd=fsum(costs) if costs else None,
        recorded_usd=fsum(line.recorded_usd for line in lines),
        computed_usd=fsum(line.computed_usd for line in lines),
        unpriced_calls=sum(line.unpriced_calls for line in lines),
        unpriced_tokens=sum(line.unpriced_tokens for line in lines),
    )


def _assert_balance(whole: LedgerLine, parts: LedgerLine) -> None:
    """Hold the parts to the whole, and attributed plus unattributed to the total, to the cent."""
    counted = (whole.calls, whole.unpriced_calls) == (parts.calls, parts.unpriced_calls)
    costs = (
        (whole.cost_usd or 0.0, parts.cost_usd or 0.0),
        (whole.cost_usd or 0.0, whole.recorded_usd + whole.computed_usd),
    )
    if not counted or not all(isclose(one, other, rel_tol=1e-9, abs_tol=_CENT / 2) for one, other in costs):
        raise AssertionError(f"the ledger does not balance: {whole} is not the sum of its parts, {parts}")


def _costliest_first(lines: dict[Any, LedgerLine]) -> dict[Any, LedgerLine]:
    return dict(sorted(lines.items(), key=lambda item: (-(item[1].cost_usd or 0.0), -item[1].calls, str(item[0]))))
