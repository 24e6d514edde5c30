"""Accepted against rejected calls, and models against the most used one: how far apart, with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from prodlens.metrics.estimates import comparison, interval
from prodlens.metrics.headline import ratio
from prodlens.metrics.proportions import acceptance
from prodlens.metrics.usage import totals
from prodlens.statistics.effect_sizes import cliffs_delta, hedges_g
from prodlens.statistics.proportions import newcombe_difference, risk_ratio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prodlens.metrics.developers import DeveloperCell
    from prodlens.metrics.proportions import Share
    from prodlens.metrics.timeline import Timeline
    from prodlens.metrics.usage import Cell, Usage
    from prodlens.statistics.estimates import FloatArray


@dataclass(frozen=True, slots=True)
class Decisions:
    """What the documented effect sizes are computed from.

    Attributes:
        accepted_ms: Known latencies of accepted calls, in milliseconds.
        rejected_ms: Those of rejected calls.
        tokens_per_accept: Mean tokens of an accepted call.
        tokens_per_call: Mean tokens of any call.
        models: Accepted calls and calls with known acceptance by model.
    """

    accepted_ms: FloatArray
    rejected_ms: FloatArray
    tokens_per_accept: float | None
    tokens_per_call: float | None
    models: Mapping[str, tuple[int, int]]


def documented_effect_sizes(decisions: Decisions) -> dict[str, Any]:
    """Return the documented effect sizes by their plain formulas, also for tiny samples; None where not defined."""
    per_accept, per_call = decisions.tokens_per_accept, decisions.tokens_per_call
    return {
        "latency_cohens_d": _plain_cohens_d(decisions.accepted_ms, decisions.rejected_ms),
        "token_efficiency_ratio": ratio(per_accept, per_call or 0.0),
        "model_acceptance_rates": {
            model: accepted / known for model, (accepted, known) in sorted(decisions.models.items()) if known
        },
    }


def effect_size_section(timeline: Timeline, usage: Usage, cells: Sequence[Cell]) -> dict[str, Any]:
    """Return the documented effect sizes over the window, and the better figures beside them."""
    # Sorted, since ranking a million latencies among each other is five times as fast in order.
    accepted_ms, rejected_ms = (np.sort(usage.latencies_ms[decision]) for decision in (True, False))
    accepted, everything = totals(cell for cell in cells if cell.accepted), totals(cells)
    by_model: dict[str, list[Cell]] = {}
    for cell in cells:
        if cell.model is not None and cell.accepted is not None:
            by_model.setdefault(cell.model, []).append(cell)

    def of(model: str) -> list[DeveloperCell]:
        return [cell for cell in usage.people if cell.model == model]

    decisions = Decisions(
        accepted_ms=accepted_ms,
        rejected_ms=rejected_ms,
        tokens_per_accept=ratio(accepted.tokens, accepted.calls),
        tokens_per_call=ratio(everything.tokens, everything.calls),
        models={model: (_accepted(own), sum(cell.calls for cell in own)) for model, own in by_model.items()},
    )
    return {
        **documented_effect_sizes(decisions),
        "latency": _latency(accepted_ms, rejected_ms),
        "models": _models({model: acceptance(timeline, own, of(model)) for model, own in by_model.items()}),
    }


def _plain_cohens_d(a: FloatArray, b: FloatArray) -> float | None:
    """Return (mean_a - mean_b) / pooled standard deviation; None with an empty group or no spread."""
    if not a.size or not b.size or a.size + b.size < 3:  # noqa: PLR2004 - two values leave no degree of freedom
        return None
    # In units of the largest value no square leaves the range of numbers, and d has no unit anyway.
    largest = max(float(np.abs(a).max()), float(np.abs(b).max())) or 1.0
    a, b = a / largest, b / largest
    squares = a.var() * a.size + b.var() * b.size
    pooled = float(np.sqrt(squares / (a.size + b.size - 2)))
    return float(a.mean() - b.mean()) / pooled if pooled > 0 else None


def _latency(accepted_ms: FloatArray, rejected_ms: FloatArray) -> dict[str, Any]:
    """Compare latencies: Cliff's delta, since they are skewed, and Hedges' g of their logarithms."""
    delta = cliffs_delta(accepted_ms, rejected_ms)
    # Stored latencies are above 0: a latency of 0.0 means unknown.
    logarithmic = hedges_g(np.log(accepted_ms), np.log(rejected_ms))
    return {
        "accepted_sessions": delta.n_a,
        "rejected_sessions": delta.n_b,
        "median_accepted_ms": delta.median_a,
        "median_rejected_ms": delta.median_b,
        "cliffs_delta": delta.estimate,
        "cliffs_delta_interval": interval(delta.interval),
        "hedges_g_log": logarithmic.estimate,
        "hedges_g_log_interval": interval(logarithmic.interval),
        "reason": delta.reason,
    }


def _models(shares: Mapping[str, Share]) -> list[dict[str, Any]]:
    """Return every model's acceptance, most used first, each but the first with its difference from the first.

    No ranking: tasks are not assigned to models at random.
    """
    ordered = sorted(shares.items(), key=lambda item: (-item[1].found.n, item[0]))
    rows = []
    for model, own in ordered:
        share = own.found
        reference, first = ordered[0][0], ordered[0][1].found
        other = reference != model
        rows.append(
            {
                "model": model,
                "acceptance_rate": share.share,
                "interval": own.as_json(),
                "compared_with": reference if other else None,
                "difference": comparison(newcombe_difference(share, first)) if other else None,
                "risk_ratio": comparison(risk_ratio(share.k, share.n, first.k, first.n)) if other else None,
            }
        )
    return rows


def _accepted(cells: Sequence[Cell]) -> int:
    return sum(cell.calls for cell in cells if cell.accepted)
