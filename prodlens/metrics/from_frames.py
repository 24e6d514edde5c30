"""The documented figures that are asked for with data frames instead of a store."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from prodlens.calls import model_name
from prodlens.metrics.associations import correlate_days
from prodlens.metrics.effect_sizes import Decisions, documented_effect_sizes
from prodlens.metrics.series import DailySeries
from prodlens.timestamps import days_between, is_plausible, parse_timestamp

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd

    from prodlens.statistics.estimates import FloatArray


def frame_effect_sizes(sessions: pd.DataFrame) -> dict[str, Any]:
    """Return the documented effect sizes of a frame of calls; a column that is not there is unknown."""
    known = _column(sessions, "acceptance_known", 1) > 0
    accepted = known & (_column(sessions, "accepted_flag", 0) > 0)
    latency, tokens = _column(sessions, "latency_ms", np.nan), _column(sessions, "total_tokens", np.nan)
    models: dict[str, tuple[int, int]] = {}
    named = sessions["model"].tolist() if "model" in sessions else []
    for model, is_known, is_accepted in zip(named, known.tolist(), accepted.tolist(), strict=False):
        if is_known and isinstance(model, str):
            name = model_name(model)
            before = models.get(name, (0, 0))
            models[name] = before[0] + is_accepted, before[1] + 1
    return documented_effect_sizes(
        Decisions(
            accepted_ms=latency[accepted & (latency > 0)],
            rejected_ms=latency[known & ~accepted & (latency > 0)],
            tokens_per_accept=_mean(tokens[accepted]),
            tokens_per_call=_mean(tokens),
            models=models,
        )
    )


def frame_correlations(sessions: pd.DataFrame, commits: pd.DataFrame, lag_days: int, now: datetime) -> dict[str, Any]:
    """Return the documented correlations and effect sizes of frames of calls and commits."""
    calls, made = _days("sessions", sessions, now), _days("commits", commits, now)
    growth = None
    if len(calls) > 1 and calls[0] and calls[-1] is not None:
        growth = (calls[-1] - calls[0]) / calls[0] * 100
    return {
        **correlate_days(calls, made, lag_days),
        "lag_days": lag_days,
        "effect_sizes": frame_effect_sizes(sessions),
        "session_growth_percent": growth,
    }


def _days(name: str, frame: pd.DataFrame, now: datetime) -> DailySeries:
    """Return the rows of each UTC day of a frame with a ``timestamp`` column, between its plausible ends."""
    moments = [parse_timestamp(value) for value in frame["timestamp"]] if "timestamp" in frame else []
    counts = Counter(moment.date() for moment in moments if moment is not None and is_plausible(moment, now))
    days = days_between(min(counts), max(counts)) if counts else ()
    return DailySeries(name, min(counts, default=date.min), tuple(counts[day] for day in days))


def _column(frame: pd.DataFrame, name: str, missing: float) -> FloatArray:
    if name not in frame:
        return np.full(len(frame), missing)
    return frame[name].fillna(missing).to_numpy(dtype=np.float64)


def _mean(values: FloatArray) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else None
