"""Intervals of the documented shares: decisions of one day resemble each other, those of one person even more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from prodlens.metrics.estimates import proportion
from prodlens.statistics.proportions import against_target, binomial_test, clustered_wilson, wilson
from prodlens.statistics.sample_sizes import FEWEST_DEVELOPERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from prodlens.metrics.delivery import Delivery
    from prodlens.metrics.developers import DeveloperCell
    from prodlens.metrics.request import ReportRequest
    from prodlens.metrics.timeline import Timeline, Window
    from prodlens.metrics.usage import Cell, EarlierCell, Usage
    from prodlens.statistics.estimates import Interval
    from prodlens.statistics.proportions import Proportion

_Counted = TypeVar("_Counted", "Cell", "EarlierCell")

_HALF = 0.5

DAY, DEVELOPER, AUTHOR = "day", "developer", "author"


class Share(NamedTuple):
    """A share with the clusters of its interval: groups whose decisions resemble each other, and which are independent.

    ``people`` counts those who are named and have decisions. Below five of them people cannot be told apart from what
    they decide on, and days are the clusters.
    """

    found: Proportion
    cluster: str
    people: int

    def as_json(self) -> dict[str, Any]:
        """Return the share as the report writes it."""
        return {**proportion(self.found), "cluster": self.cluster, "people": self.people}


def acceptance(timeline: Timeline, cells: Sequence[_Counted], people: Sequence[DeveloperCell]) -> Share:
    """Return the share of accepted calls, of those with known acceptance."""
    return _clustered(
        timeline,
        cells,
        people,
        lambda cell: cell.calls if cell.accepted else 0,
        lambda cell: 0 if cell.accepted is None else cell.calls,
    )


def errors(timeline: Timeline, cells: Sequence[_Counted], people: Sequence[DeveloperCell]) -> Share:
    """Return the share of calls with a status of 400 and above, of those with a known status."""
    return _clustered(timeline, cells, people, lambda cell: cell.errors, lambda cell: cell.known_statuses)


def above_threshold(timeline: Timeline, cells: Sequence[Cell], people: Sequence[DeveloperCell]) -> Share:
    """Return the share of diff ratios at or above the threshold."""
    return _clustered(timeline, cells, people, lambda cell: cell.diff_ratios_above, lambda cell: cell.diff_ratios)


def up_to_median(timeline: Timeline, cells: Sequence[Cell], people: Sequence[DeveloperCell]) -> Share:
    """Return the share of latencies up to their median: one half or, with ties, more."""
    return _clustered(timeline, cells, people, lambda cell: cell.up_to_median, lambda cell: cell.latencies)


def rework(delivery: Delivery, window: Window) -> Share:
    """Return the share of pull requests closed in the window that were reopened; clusters are authors."""
    closed = delivery.closed(window)
    plain = wilson(sum(pull.reworked_at is not None for pull in closed), len(closed))
    by_author: dict[str | None, tuple[int, int]] = {}
    for pull in closed:
        k, n = by_author.get(pull.author, (0, 0))
        by_author[pull.author] = k + (pull.reworked_at is not None), n + 1
    people = sum(author is not None for author in by_author)
    if people < FEWEST_DEVELOPERS:
        return Share(plain, "pull request", people)
    return Share(_wider(plain, _of_clusters(by_author.values())), AUTHOR, people)


def interval_sections(
    request: ReportRequest, timeline: Timeline, cells: Sequence[Cell], usage: Usage, delivery: Delivery
) -> dict[str, Any]:
    """Return the report's sections on intervals of shares and of the median latency, by key."""
    accepted = acceptance(timeline, cells, usage.people)
    return {
        "acceptance_rate_interval": accepted.as_json(),
        "error_rate_interval": errors(timeline, cells, usage.people).as_json(),
        "rework_rate_interval": rework(delivery, timeline.window).as_json(),
        "acceptance_quality_interval": above_threshold(timeline, cells, usage.people).as_json(),
        "median_latency_interval": _median_interval(usage, up_to_median(timeline, cells, usage.people)),
        "acceptance_target": _against(accepted.found, request.acceptance_target),
    }


def _median_interval(usage: Usage, below: Share) -> dict[str, Any]:
    """Return the interval of the median latency: the quantiles at the ends of the share below it (Woodruff 1952)."""
    bounds = below.found.interval
    low = high = None
    if bounds is not None and bounds.low is not None and bounds.high is not None:
        values = np.concatenate(list(usage.latencies_ms.values()))
        # The share counts ties of the median: the interval is moved to the half that the median is.
        moved = below.found.k / below.found.n - _HALF
        shares = [min(max(bound - moved, 0.0), 1.0) for bound in (bounds.low, bounds.high)]
        low, high = (float(value) for value in np.quantile(values, shares, method="inverted_cdf"))
    reason = below.found.reason
    level = None if bounds is None else bounds.level
    return {
        "low": low,
        "high": high,
        "level": level,
        "cluster": below.cluster,
        "people": below.people,
        "reason": reason,
    }


def _against(found: Proportion, target: float | None) -> dict[str, Any] | None:
    """Return where the interval of acceptance lies against the team's target; None without a target.

    The p-value assumes independent decisions, so it is given only where the clusters show no sign of anything else.
    """
    if target is None:
        return None
    independent = found.design_effect == 1
    p_value = binomial_test(found.k, found.n, target).p if independent else None
    return {"target": target, "verdict": against_target(found, target), "p_value": p_value, "reason": found.reason}


def _clustered(
    timeline: Timeline,
    cells: Sequence[_Counted],
    people: Sequence[DeveloperCell],
    part: Callable[[_Counted | DeveloperCell], int],
    whole: Callable[[_Counted | DeveloperCell], int],
) -> Share:
    """Return a share by days, or by developers where there are enough and they make the interval wider."""
    days: dict[object, tuple[int, int]] = {}
    for cell in cells:
        k, n = days.get(timeline.days[cell.segment], (0, 0))
        days[timeline.days[cell.segment]] = k + part(cell), n + whole(cell)
    developers: dict[str | None, tuple[int, int]] = {}
    for person in people:
        k, n = developers.get(person.developer, (0, 0))
        developers[person.developer] = k + part(person), n + whole(person)
    by_day = _of_clusters(days.values())
    named = sum(developer is not None and n > 0 for developer, (_, n) in developers.items())
    if named < FEWEST_DEVELOPERS:
        return Share(by_day, DAY, named)
    return Share(_wider(by_day, _of_clusters(developers.values())), DEVELOPER, named)


def _of_clusters(counts: Iterable[tuple[int, int]]) -> Proportion:
    counts = list(counts)
    return clustered_wilson([k for k, _ in counts], [n for _, n in counts])


def _wider(one: Proportion, other: Proportion) -> Proportion:
    return max(one, other, key=lambda found: -1.0 if found.interval is None else _width(found.interval))


def _width(interval: Interval) -> float:
    return (interval.high or 0.0) - (interval.low or 0.0)
