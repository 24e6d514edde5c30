"""Intervals allow for what differs between people, and say where they cannot."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from prodlens.rendering import render_terminal
from prodlens.statistics.proportions import clustered_wilson
from tests.metrics.situations import call, pull, report_on

if TYPE_CHECKING:
    from prodlens.storage import ProdLensStore

UNTIL = date(2026, 6, 1)


def fill(store: ProdLensStore, accepted: dict[str | None, int], **changes: Any) -> None:
    """Store ten decisions of each developer, one a day, of which so many are accepted."""
    store.insert_sessions(
        [
            call(f"5-{day:02}", developer_id=name, accepted_flag=(day * 7 + n) % 10 < k, model="a", **changes)
            for n, (name, k) in enumerate(accepted.items())
            for day in range(1, 11)
        ]
    )


def test_developers_are_the_clusters_where_five_are_named(store: ProdLensStore) -> None:
    """Six developers who differ make the interval that of six clusters, far wider than that of days."""
    accepted: dict[str | None, int] = {"ann": 10, "bob": 0, "cy": 9, "dee": 1, "eve": 10, "fay": 0}
    fill(store, accepted)
    found = report_on(store, until=UNTIL)["acceptance_rate_interval"]
    by_developer = clustered_wilson(list(accepted.values()), [10] * 6)
    assert by_developer.interval is not None
    assert (found["low"], found["high"]) == pytest.approx((by_developer.interval.low, by_developer.interval.high))
    assert (found["k"], found["n"], found["cluster"], found["people"]) == (30, 60, "developer", 6)
    assert found["high"] - found["low"] > 0.6
    assert found["design_effect"] > 5


def test_calls_that_name_nobody_are_one_cluster(store: ProdLensStore) -> None:
    """They count in the share and its interval, and not as one of the people."""
    accepted: dict[str | None, int] = {"ann": 10, "bob": 0, "cy": 9, "dee": 1, "eve": 10, None: 0}
    fill(store, accepted)
    found = report_on(store, until=UNTIL)["acceptance_rate_interval"]
    assert (found["n"], found["cluster"], found["people"]) == (60, "developer", 5)


def test_with_fewer_developers_days_are_the_clusters_and_the_words_say_so(store: ProdLensStore) -> None:
    """Four named developers cannot be told apart from what they decide on, and the report says what that means."""
    fill(store, {"ann": 10, "bob": 0, "cy": 9, "dee": 1, None: 5})
    report = report_on(store, until=UNTIL)
    assert (report["acceptance_rate_interval"]["cluster"], report["acceptance_rate_interval"]["people"]) == ("day", 4)
    text = " ".join(render_terminal(report, details=True).split())
    assert "Fewer than 5 developers are named: if developers differ, these intervals are too narrow." in text
    assert "cannot tell the model from the people who use it" in text


def test_developers_who_agree_leave_the_interval_of_days(store: ProdLensStore) -> None:
    """The wider interval counts: where days differ more than developers, it is that of days."""
    store.insert_sessions(
        [
            call(f"5-{day:02}", developer_id=f"dev{n}", accepted_flag=day % 2 == 0)
            for n in range(6)
            for day in range(1, 13)
        ]
    )
    found = report_on(store, until=UNTIL)["acceptance_rate_interval"]
    by_day = clustered_wilson([6 * (day % 2 == 0) for day in range(1, 13)], [6] * 12)
    assert by_day.interval is not None
    assert (found["low"], found["high"]) == pytest.approx((by_day.interval.low, by_day.interval.high))


def test_the_median_latency_has_an_interval_of_its_clusters(store: ProdLensStore) -> None:
    """Between slow and fast developers the median is as uncertain as which of them were seen."""
    rng = np.random.default_rng(3)
    for n, level in enumerate((100, 200, 400, 800, 1600, 3200, 6400)):
        store.insert_sessions(
            [
                call(f"5-{1 + at % 28:02}", developer_id=f"dev{n}", latency_ms=float(level * rng.uniform(0.9, 1.1)))
                for at in range(40)
            ]
        )
    report = report_on(store, until=UNTIL)
    found, median = report["median_latency_interval"], report["ai_interaction_velocity"]["median_latency_ms"]
    assert 700 < median < 900
    assert found["low"] < 250
    assert found["high"] > 3000
    assert (found["cluster"], found["people"], found["level"]) == ("developer", 7, 0.95)


def test_equal_latencies_have_an_interval_without_width(store: ProdLensStore) -> None:
    """Where all latencies are the same, so are the ends; without any, both are missing and the reason says so."""
    store.insert_sessions([call(f"5-{day:02}", latency_ms=5.0) for day in range(1, 11)])
    found = report_on(store, until=UNTIL)["median_latency_interval"]
    assert (found["low"], found["high"]) == (5.0, 5.0)
    nothing = report_on(store, "6-01", until=date(2026, 6, 3))["median_latency_interval"]
    assert (nothing["low"], nothing["reason"]) == (None, "nothing was counted")


def test_authors_are_the_clusters_of_rework(store: ProdLensStore) -> None:
    """Where one of five authors has all the rework, its interval is wider than that of independent pull requests."""
    store.insert_pull_requests(
        [
            pull(10 * author + n, "5-01", "5-02", author=f"author{author}", reopened=author == 0)
            for author in range(5)
            for n in range(6)
        ]
    )
    found = report_on(store, until=UNTIL)["rework_rate_interval"]
    assert (found["k"], found["n"], found["cluster"], found["people"]) == (6, 30, "author", 5)
    assert found["design_effect"] > 5
