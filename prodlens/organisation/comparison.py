"""Assisted pull requests against others of the same people, pooled over repositories."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from prodlens.organisation import queries
from prodlens.organisation.period import Period
from prodlens.statistics.pooled_contrast import pooled_contrast
from prodlens.statistics.unseen_cause import robustness_value

if TYPE_CHECKING:
    from prodlens.organisation.figures import Engine
    from prodlens.organisation.queries import Tables
    from prodlens.statistics.within_author import Contrast

LONGEST = timedelta(weeks=26)
FEWEST_OF_A_KIND = 20
AUTHORS_FOR_A_VERDICT, EFFECTIVE_AUTHORS_FOR_A_VERDICT = 8, 5.0
TOO_FEW = "too few people with both kinds, or fewer than 20 pull requests of a kind"
ONE_DECIDES = "one person decides whether the difference is above or below 1"
_LARGEST_LOG = 300.0


def comparison_figures(engine: Engine, tables: Tables, period: Period, fewest: int) -> dict[str, Any]:
    """Return how many times as long assisted pull requests took from opening to merge, at the same size.

    Authors and weeks of each repository are held fixed. Of a long period only the last 26 weeks count. No figure is
    given where fewer than ``fewest`` people have both kinds, or where one person decides the direction.
    """
    last_weeks = Period(max(period.since, period.until - LONGEST), period.until)
    rows = engine.rows(queries.comparable(tables, last_weeks))
    rows = [row for row in rows if (row["merged_at"] - row["opened_at"]) >= timedelta(minutes=1)]
    assisted = np.array([float(row["assisted"]) for row in rows])
    found = pooled_contrast(
        np.array([math.log((row["merged_at"] - row["opened_at"]) / timedelta(hours=1)) for row in rows]),
        assisted,
        [row["author"] for row in rows],
        [row["repository"] for row in rows],
        [row["opened_at"].date().toordinal() // 7 for row in rows],
        np.array([(math.log1p(row["lines"]), math.log(max(row["files"], 1))) for row in rows]).reshape(-1, 2),
    )
    kinds = {kind: sum(row["assisted"] == (kind == "assisted") for row in rows) for kind in ("assisted", "other")}
    base: dict[str, Any] = {"since": last_weeks.since.isoformat(), "assisted": None, "other": None, "authors": None}
    if found.authors < fewest or min(kinds.values()) < FEWEST_OF_A_KIND:
        return base | _told(None, TOO_FEW)
    base |= {**kinds, "authors": found.authors}
    if found.interval is None:
        return base | _told(None, found.reason)
    return base | (_told(None, ONE_DECIDES) if found.one_author_decides else _told(found, None))


def _told(found: Contrast | None, reason: str | None) -> dict[str, Any]:
    """Return the ratio with what a reader needs beside it, or the reason why it is missing."""
    names = ("ratio", "interval", "p_value", "effective_authors", "minimum_detectable", "robustness_value")
    if found is None or found.beta is None or found.interval is None:
        return dict.fromkeys(names) | {"verdict": False, "reason": reason}
    low, high = (_exponential(bound) for bound in (found.interval.low, found.interval.high))
    enough = found.authors >= AUTHORS_FOR_A_VERDICT and found.effective_authors >= EFFECTIVE_AUTHORS_FOR_A_VERDICT
    return {
        "ratio": _exponential(found.beta),
        "interval": {"low": low, "high": high, "level": 0.95},
        "p_value": found.p,
        "effective_authors": found.effective_authors,
        "minimum_detectable": _exponential(found.detectable),
        "robustness_value": robustness_value(found.partial_r2),
        "verdict": enough,
        "reason": None,
    }


def _exponential(value: float | None) -> float | None:
    return math.exp(value) if value is not None and abs(value) < _LARGEST_LOG else None
