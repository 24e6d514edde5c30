"""Does usage go with delivery some days later? Lagged associations of daily series, and what chance makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prodlens.report.request import ReportRequest
    from prodlens.report.series import DailySeries

METHODS = ("pearson", "spearman")
_FEWEST_PAIRS = 2


def association_sections(request: ReportRequest, daily: Mapping[str, DailySeries]) -> dict[str, Any]:
    """Return the report's sections on association, by key."""
    usage, outcome = daily["sessions"], daily["commits"]
    headline = {method: _correlation(method, *lagged_pairs(usage, outcome, request.lag_days)) for method in METHODS}
    return {
        "ai_outcome_association": {**headline, "lag_days": request.lag_days},
        "multiple_comparison_adjustment": {"method": "benjamini-hochberg", "adjusted": {}},
        "associations": {"tests": []},
        "placebo": [],
    }


def lagged_pairs(usage: DailySeries, outcome: DailySeries, lag_days: int) -> tuple[list[float], list[float]]:
    """Return usage of every day t and outcome of day t + lag, for the days on which both were observed."""
    shift = (usage.first - outcome.first).days + lag_days
    indexes = [i for i in range(len(usage.values)) if 0 <= i + shift < len(outcome.values)]
    return [usage.values[i] for i in indexes], [outcome.values[i + shift] for i in indexes]


def _correlation(method: str, x: list[float], y: list[float]) -> dict[str, Any]:
    result: dict[str, Any] = {"r": None, "p_value": None, "count": len(x)}
    if len(x) < _FEWEST_PAIRS or len(set(x)) == 1 or len(set(y)) == 1:
        return result
    from scipy import stats  # noqa: PLC0415 - loads only where there is something to correlate

    found: Any = stats.pearsonr(x, y) if method == "pearson" else stats.spearmanr(x, y)
    result["r"] = float(found.statistic)
    if len(x) > _FEWEST_PAIRS:
        result["p_value"] = float(found.pvalue)
    return result
