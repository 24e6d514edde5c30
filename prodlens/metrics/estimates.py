"""Estimates as a report writes them: plain JSON values, a bound that the data leave open is None."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prodlens.statistics.estimates import Interval
    from prodlens.statistics.proportions import Comparison, Proportion


def interval(found: Interval | None) -> dict[str, Any] | None:
    """Return a confidence interval as ``{low, high, level}``, None without one."""
    return None if found is None else {"low": found.low, "high": found.high, "level": found.level}


def proportion(found: Proportion) -> dict[str, Any]:
    """Return the interval of a share with its counts: ``{low, high, level, k, n, design_effect, reason}``.

    ``low`` and ``high`` are always there, None without an interval, so that a gate can name them.
    """
    bounds = interval(found.interval) or {"low": None, "high": None, "level": None}
    return {**bounds, "k": found.k, "n": found.n, "design_effect": found.design_effect, "reason": found.reason}


def comparison(found: Comparison) -> dict[str, Any]:
    """Return a difference or ratio as ``{estimate, interval, reason}``."""
    return {"estimate": found.estimate, "interval": interval(found.interval), "reason": found.reason}
