"""What the calls of the window cost: by model, and as a ledger whose parts add up to the whole."""

from __future__ import annotations

from math import isclose
from typing import TYPE_CHECKING, Any

from prodlens.metrics.usage import totals

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prodlens.metrics.request import ReportRequest
    from prodlens.metrics.timeline import Window
    from prodlens.metrics.usage import Cell, Totals

_DAYS_A_MONTH = 365.25 / 12
_CENT = 0.01


def ledger_section(request: ReportRequest, window: Window, cells: Sequence[Cell]) -> dict[str, Any]:
    """Return where the cost of the window comes from, and how much of it belongs to the repository.

    ``attributed`` is the cost of calls that name the repository, ``unattributed`` that of calls that name none.
    ``by_source`` tells recorded costs from those computed from list prices and from calls without a price.
    ``plan_cost_usd`` is the share of the subscriptions' monthly cost that falls on the window.

    Raises:
        AssertionError: The parts do not add up to the whole.
    """
    whole = totals(cells)
    named, unnamed = totals(c for c in cells if c.names_repo), totals(c for c in cells if not c.names_repo)
    by_source = _by_source(whole)
    _assert_balance(whole.cost_usd, named.cost_usd, unnamed.cost_usd)
    _assert_balance(whole.cost_usd, *(line["cost_usd"] for line in by_source.values()))
    if sum(line["sessions"] for line in by_source.values()) != whole.calls:
        raise AssertionError(f"the ledger does not balance: {by_source} are not the {whole.calls} calls")
    monthly = request.plan_cost_usd_per_month
    return {
        "sessions": whole.calls,
        "total_tokens": whole.tokens,
        "total_cost_usd": whole.cost_usd,
        "attributed_cost_usd": named.cost_usd,
        "unattributed_cost_usd": unnamed.cost_usd,
        "by_source": by_source,
        "plan_cost_usd": None if monthly is None else monthly * window.days / _DAYS_A_MONTH,
    }


def _by_source(whole: Totals) -> dict[str, dict[str, Any]]:
    recorded = whole.priced_calls - whole.computed_calls
    unpriced = whole.calls - whole.priced_calls
    return {
        "recorded": {
            "sessions": recorded,
            "total_tokens": whole.tokens - whole.computed_tokens - whole.unpriced_tokens,
            "cost_usd": (whole.cost_usd or 0.0) - whole.computed_usd if recorded else None,
        },
        "computed": {
            "sessions": whole.computed_calls,
            "total_tokens": whole.computed_tokens,
            "cost_usd": whole.computed_usd if whole.computed_calls else None,
        },
        "unpriced": {"sessions": unpriced, "total_tokens": whole.unpriced_tokens, "cost_usd": None},
    }


def _assert_balance(whole: float | None, *parts: float | None) -> None:
    added = sum(part for part in parts if part is not None)
    if not isclose(whole or 0.0, added, rel_tol=1e-9, abs_tol=_CENT / 2):
        raise AssertionError(f"the ledger does not balance: {parts} do not add up to {whole}")


def cost_by_model(cells: Iterable[Cell]) -> list[dict[str, Any]]:
    """Return a row a model, dearest first; ``model`` is None for calls that name none."""
    by_model: dict[str | None, list[Cell]] = {}
    for cell in cells:
        by_model.setdefault(cell.model, []).append(cell)
    rows = [_row(model, own) for model, own in by_model.items()]
    return sorted(rows, key=lambda row: (-(row["cost_usd"] or 0.0), -row["sessions"], row["model"] or ""))


def _row(model: str | None, cells: list[Cell]) -> dict[str, Any]:
    total = totals(cells)
    return {
        "model": model,
        "sessions": total.calls,
        "total_tokens": total.tokens,
        "cost_usd": total.cost_usd,
        "unpriced_sessions": total.calls - total.priced_calls,
        "unpriced_tokens": total.unpriced_tokens,
        "accepted_sessions": sum(cell.calls for cell in cells if cell.accepted),
        "known_acceptance": sum(cell.calls for cell in cells if cell.accepted is not None),
    }
