"""What each model cost and how often its suggestions were accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.report.usage import totals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prodlens.report.usage import Cell


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
