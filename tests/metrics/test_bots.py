"""Bots are apart in every figure of delivery."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from prodlens.rendering import render_terminal
from tests.metrics.situations import commit, pull, report_on

if TYPE_CHECKING:
    from prodlens.storage import ProdLensStore

BOTS = [{"author": "dependabot[bot]"}, {"author": "Renovate[BOT]"}, {"author": "helper", "author_type": "Bot"}]


@pytest.mark.parametrize("bot", BOTS)
def test_bots_count_as_no_delivery(store: ProdLensStore, bot: dict[str, str]) -> None:
    """Six pull requests of people take 18 hours; many of a bot that merge within the hour change no figure."""
    people = [pull(n, f"5-{n:02} 00:00", f"5-{n:02} 18:00", author="ann") for n in range(1, 7)]
    store.insert_pull_requests(people)
    store.insert_commits([commit(f"sha{n}", f"5-{n:02}", author="ann") for n in range(1, 7)])
    plain = report_on(store, until=date(2026, 5, 15))
    store.insert_pull_requests(
        [
            pull(100 + n, f"5-{1 + n % 6:02} 00:00", f"5-{1 + n % 6:02} 01:00", reopened=n % 2 == 0, **bot)
            for n in range(20)
        ]
    )
    if "author_type" not in bot:
        store.insert_commits([commit(f"bot{n}", f"5-{1 + n % 6:02}", **bot) for n in range(9)])
    report = report_on(store, until=date(2026, 5, 15))
    for key in ("pr_throughput", "pr_merge_time_hours", "merge_time", "rework_rate", "commit_frequency", "periods"):
        assert report[key] == plain[key]
    assert report["daily"] == plain["daily"]
    assert report["merge_time"]["median_hours"] == 18.0
    commits = 0 if "author_type" in bot else 9
    assert report["bots"] == {"pull_requests_opened": 20, "pull_requests_merged": 20, "commits": commits}
    assert "20 more by bots" in render_terminal(report)


def test_what_bots_did_shows_that_a_day_was_observed(store: ProdLensStore) -> None:
    """A day on which only a bot committed is a day without commits, not an unobserved one."""
    store.insert_commits([commit("a", "5-01", author="ann"), commit("b", "5-03", author="dependabot[bot]")])
    daily = report_on(store)["daily"]
    assert dict(zip(daily["days"], daily["commits"], strict=True)) == {
        "2026-05-01": 1,
        "2026-05-02": 0,
        "2026-05-03": 0,
    }
