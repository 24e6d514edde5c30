"""Pull requests compared by the arm that was drawn for them, which their authors could not choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.evidence import stored_evidence
from prodlens.metrics.assignment import WITH, WITHOUT, arm_of, author_week, issue_unit
from prodlens.metrics.assisted_comparison import (
    TOO_FEW,
    as_arrays,
    exponential,
    log_hours,
    outcomes,
    ratio_of,
    verdict,
)
from prodlens.metrics.assisted_work import ASSISTED, UNKNOWN, Findings, read_work
from prodlens.metrics.attributed_calls import read_attributed_calls
from prodlens.metrics.pull_request_costs import first_calls
from prodlens.metrics.request import ReportRequest
from prodlens.metrics.timeline import Window
from prodlens.metrics.traced_people import read_traces
from prodlens.statistics.within_author import nothing
from prodlens.storage import revert_times

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from prodlens.metrics.assisted_work import Work


def assigned_comparison(
    conn: sqlite3.Connection, repo: str, start: datetime, end: datetime, seed: str, unit: str
) -> dict[str, Any]:
    """Return the time to merge, and the other outcomes, by the arm that was drawn.

    What counts is the arm, not whether the assistant was used (intention to treat); how often it was used in each arm
    stands beside it, where evidence tells. Size is an outcome here, since the arm can change it: it is not held fixed.

    Args:
        conn: Connection to the store.
        repo: ``owner/name``; calls that name no repository are its own.
        start: Pull requests opened from then on.
        end: Before then; what came after is not known yet.
        seed: What the arms were drawn with.
        unit: ``author-week``, or ``issue``: then only pull requests from branches that name one take part.
    """
    period, request = Window(start, end), ReportRequest(repo=repo, since=start)
    traces = read_traces(conn, request, end)
    calls = read_attributed_calls(conn, request, period)
    signs = stored_evidence(conn, request.slug, calls.traced)
    found = Findings(first_calls(calls.parts), signs, revert_times(conn, request.slug))
    work, _ = read_work(conn, request, period, traces, found)
    drawn = [(one, arm) for one in work if (arm := _arm(one, request.slug, seed, unit)) is not None]
    sample = as_arrays((one, arm == WITH) for one, arm in drawn)
    timed = sample.where(lambda one: one.merged)
    estimate = nothing(TOO_FEW) if timed.is_too_small else timed.contrast(log_hours(timed), sized=False)
    sized = nothing(TOO_FEW) if timed.is_too_small else timed.contrast(log_hours(timed))
    return {
        "repo": repo,
        "unit": unit,
        "seed": seed,
        "period": {"start": start.isoformat(), "end": end.isoformat()},
        "arms": {arm: _use([one for one, own in drawn if own == arm]) for arm in (WITH, WITHOUT)},
        "authors": len(set(timed.of_both().authors)),
        "merged": {WITH: timed.counts["assisted"], WITHOUT: timed.counts["other"]},
        "verdict": "too_few" if estimate.reason == TOO_FEW else verdict(estimate),
        "reason": estimate.reason,
        **ratio_of(estimate),
        "p_value": estimate.p,
        "minimum_detectable": exponential(estimate.detectable),
        "at_the_same_size": ratio_of(sized),
        "outcomes": outcomes(sample, sized=False),
    }


def _arm(work: Work, slug: str, seed: str, unit: str) -> str | None:
    if unit == "author-week":
        return arm_of(seed, author_week(work.author, work.week))
    return None if work.issue is None else arm_of(seed, issue_unit(slug, work.issue))


def _use(work: list[Work]) -> dict[str, Any]:
    """Return how many pull requests an arm has, and how many of those with known assistance are assisted."""
    known = [one for one in work if one.level != UNKNOWN]
    return {
        "pull_requests": len(work),
        "known": len(known),
        "assisted": sum(one.level in ASSISTED for one in known),
    }
