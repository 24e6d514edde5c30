"""What the comparison finds in teams of known truth, by the statistics and by a report on a store of the team."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from prodlens.metrics import ReportGenerator
from prodlens.statistics.adoption import FEWEST_ADOPTERS, Panel, imputed
from prodlens.statistics.within_author import within_author_contrast
from prodlens.storage import ProdLensStore
from tests.metrics.assistance import REPO, START, Starters, Team, fill, fill_starters, starter_rows, team_rows

if TYPE_CHECKING:
    from collections.abc import Callable

WEEKS_AFTER = 40


class Outcome(NamedTuple):
    """What one team gave: whether something was found, whether the interval holds the truth; None without a figure."""

    found: bool | None
    covered: bool | None
    found_without_size: bool | None = None


def contrast_of(team: Team, seed: int) -> tuple[Outcome, tuple[float, float] | None]:
    """Return what the contrast finds, and its interval as factors."""
    pulls, calls = team_rows(team, seed)
    branches = {call["branch"] for call in calls}
    taken = [(one["merged_at"] - one["created_at"]) / timedelta(hours=1) for one in pulls]
    lines = [one["additions"] + one["deletions"] for one in pulls]
    covariates = np.column_stack([np.log1p(lines), np.log([one["changed_files"] for one in pulls])])
    hours = np.log(np.maximum(taken, 1 / 60))
    assisted = np.array([float(one["head_ref"] in branches) for one in pulls])
    authors = [one["author"] for one in pulls]
    weeks = [(one["created_at"] - START).days // 7 for one in pulls]
    found, plain = (
        within_author_contrast(hours, assisted, authors, weeks, chosen) for chosen in (covariates, covariates[:, :0])
    )
    bounds = [one.interval for one in (found, plain)]
    if bounds[0] is None or bounds[1] is None:
        return Outcome(None, None), None
    (low, high), (plain_low, plain_high) = ((one.low or 0.0, one.high or 0.0) for one in bounds if one is not None)
    covered = low <= math.log(team.ratio) <= high
    return Outcome(not low <= 0 <= high, covered, not plain_low <= 0 <= plain_high), (math.exp(low), math.exp(high))


def adoption_of(team: Starters, seed: int) -> tuple[Outcome, float | None]:
    """Return what exchanging the dates finds, and its p-value; None where the report's gate withholds it."""
    pulls, calls = starter_rows(team, seed)
    merged: dict[tuple[str, int], int] = {}
    for one in pulls:
        if one.get("merged_at") is not None:
            cell = (one["author"], (one["merged_at"] - START).days // 7)
            merged[cell] = merged.get(cell, 0) + 1
    begun: dict[str, int] = {}
    for call in calls:
        week = (call["timestamp"] - START).days // 7
        begun[call["developer_id"]] = min(week, begun.get(call["developer_id"], week))
    cells = [(f"dev{author}", week) for author in range(team.authors) for week in range(team.weeks)]
    # The section sorts authors by name; the draws depend on the order.
    cells.sort()
    counts = np.array([float(merged.get(cell, 0)) for cell in cells])
    weeks = [week for _, week in cells]
    found = imputed(Panel(counts, [name for name, _ in cells], weeks, np.array(weeks), begun))
    if found.p is None or found.interval is None:
        return Outcome(None if found.p is None else found.p <= 0.05, None), None
    covered = (found.interval.low or 0.0) <= team.ratio <= (found.interval.high or math.inf)
    return Outcome(found.p <= 0.05, covered), found.p if found.adopters >= FEWEST_ADOPTERS else None


def report_on(
    fill_store: Callable[[ProdLensStore, Any, int], None], team: Any, seed: int, weeks: int
) -> dict[str, Any]:
    """Return the section of a report on a store of the team."""
    with ProdLensStore(":memory:") as store:
        fill_store(store, team, seed)
        generator = ReportGenerator(store, clock=(START + timedelta(weeks=100)).timestamp)
        report = generator.generate_report(
            repo=REPO, since=START, until=START + timedelta(weeks=weeks), history_days=7 * weeks
        )
        section: dict[str, Any] = report["assisted_pull_requests"]
        return section


def differs_from_the_report(team: Team | Starters, seed: int) -> bool:
    """Tell whether the report gives another figure than the statistic, where the report gives one."""
    if isinstance(team, Team):
        shown = report_on(fill, team, seed, team.weeks + WEEKS_AFTER)["comparison"]["interval"]
        bounds = contrast_of(team, seed)[1]
        return shown is not None and (
            bounds is None or not np.allclose((shown["low"], shown["high"]), bounds, rtol=1e-6)
        )
    section = report_on(fill_starters, team, seed, team.weeks)["adoption"]
    p_value = adoption_of(team, seed)[1]
    return section["p_value"] is not None and (p_value is None or abs(section["p_value"] - p_value) > 1e-9)
