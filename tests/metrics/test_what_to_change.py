"""What failed and what was not merged, in dollars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prodlens.rendering import render_markdown
from tests.metrics.situations import call, pull, report_on

if TYPE_CHECKING:
    from prodlens.storage import ProdLensStore

TITLE = "### What to change"


def test_failed_calls_and_work_that_was_not_merged(store: ProdLensStore) -> None:
    """Calls with a status of 400 and above, and pull requests closed unmerged or reverted, have their known cost."""
    store.insert_sessions(
        [
            *(call("5-03", status_code=500, cost_usd=0.5, total_tokens=10) for _ in range(5)),
            call("5-03", status_code=429, total_tokens=7),
            call("5-03", status_code=399, cost_usd=1.0),
            call("5-03", cost_usd=1.0),
            call("4-03", status_code=500, cost_usd=64.0),
            call("5-04", pull_request=1, cost_usd=3.0),
            call("5-04", pull_request=2, cost_usd=4.0),
        ]
    )
    closed: dict[str, Any] = {"state": "closed", "closed_at": "2026-05-05T10:00:00Z"}
    store.insert_pull_requests(
        [
            pull(1, "5-01", title="Try it", **closed),
            pull(2, "5-01", "5-06", title="Add it"),
            pull(3, "5-07", "5-08", title='Revert "Add it"'),
        ]
    )
    report = report_on(store)
    assert report["failed_calls"] == {
        "sessions": 6,
        "total_tokens": 57,
        "cost_usd": 2.5,
        "unpriced_sessions": 1,
    }
    section = render_markdown(report).split(TITLE)[1].split("###")[0]
    assert [line for line in section.splitlines() if line.startswith("|")][2:] == [
        "| Failed calls | 5 calls | &#36;2.50 |",
        "| Pull requests closed without a merge in this period | 1 pull request with a cost | &#36;3.00 |",
        "| Pull requests reverted in this period | 1 pull request with a cost | &#36;4.00 |",
    ]
    assert "can have answered its question" in section
    assert "list prices" not in section


@pytest.mark.parametrize(
    "calls",
    [
        [],
        [call("5-03", status_code=500, cost_usd=0.5) for _ in range(4)],
        [call("5-03", status_code=500) for _ in range(9)],
        [call("5-03", status_code=500, cost_usd=0.0019) for _ in range(5)] + [call("5-03", cost_usd=1.0)],
    ],
    ids=["no calls", "few", "unpriced", "a hundredth of all"],
)
def test_without_numbers_that_support_it_nothing_is_said(store: ProdLensStore, calls: list[dict[str, Any]]) -> None:
    """Nothing is suggested for no calls, few calls, calls without a price, or less than a hundredth of all cost."""
    store.insert_sessions(calls)
    assert TITLE not in render_markdown(report_on(store))


def test_absurd_costs_of_failures_are_unknown(store: ProdLensStore) -> None:
    """Costs that add up to infinity are not known."""
    store.insert_sessions([call("5-03", status_code=500, cost_usd=1.7e308) for _ in range(2)])
    assert report_on(store)["failed_calls"]["cost_usd"] is None
