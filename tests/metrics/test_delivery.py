"""The moments that pull requests count by."""

from __future__ import annotations

from datetime import UTC, datetime

from prodlens.aggregation import DailyAggregator
from prodlens.metrics.delivery import read_delivery
from prodlens.storage import ProdLensStore
from tests.metrics.situations import REPO, at, commit, pull, report_on


def test_a_reopened_and_later_closed_pull_request_counts_on_the_day_of_the_reopening() -> None:
    """Reopened on 3 May and merged on 6 May, it is rework of 3 May and a merge of 6 May."""
    with ProdLensStore(":memory:") as store:
        store.insert_pull_requests([pull(1, "5-01", "5-06", reopened=True, reopened_at=at("5-03"))])
        (found,) = read_delivery(store.conn).pull_requests
        days = DailyAggregator(store).aggregate_github()
    assert found.reworked_at == datetime(2026, 5, 3, 12, tzinfo=UTC)
    assert found.closed_at == datetime(2026, 5, 6, 12, tzinfo=UTC)
    assert {day: (row["reopened_pr_count"], row["merged_pr_count"]) for day, row in days.items()} == {
        "2026-05-03": (1, 0),
        "2026-05-06": (0, 1),
    }


def test_a_merge_at_exactly_midnight_is_of_the_day_that_begins() -> None:
    """Merged, closed and committed at 2 May, 00:00 UTC is 2 May in the aggregates, the window and the daily table."""
    with ProdLensStore(":memory:") as store:
        store.insert_pull_requests([pull(1, "5-01 12:00", "5-02 00:00")])
        store.insert_commits([commit("a", "5-02 00:00")])
        days = DailyAggregator(store).aggregate_github()
        before = report_on(store, "5-01 00:00", until=at("5-02 00:00"))
        after = report_on(store, "5-02 00:00", until=at("5-03 00:00"))
    assert list(days) == ["2026-05-02"]
    assert (days["2026-05-02"]["merged_pr_count"], days["2026-05-02"]["avg_merge_hours"]) == (1, 12.0)
    for report, merged in ((before, 0), (after, 1)):
        assert report["pr_throughput"]["total_merged"] == merged
        assert report["pr_merge_time_hours"] == [12.0] * merged
        assert report["commit_frequency"]["total_commits"] == merged
        assert report["rework_rate"] == (0.0 if merged else None)
    daily = after["daily"]
    assert dict(zip(daily["days"], daily["merged_pull_requests"], strict=True)) == {"2026-05-01": 0, "2026-05-02": 1}


def moments(store: ProdLensStore) -> dict[str | None, tuple[datetime | None, datetime | None]]:
    """Return when each author's pull request was closed and reworked."""
    return {pull.author: (pull.closed_at, pull.reworked_at) for pull in read_delivery(store.conn).pull_requests}


def test_a_closing_that_was_not_recorded_is_the_last_change() -> None:
    """It counts by its closing, else its merge, else its last change, else its opening; an open one is not closed."""
    opened, changed, merged, closed = at("5-01"), at("5-02"), at("5-03"), at("5-04")
    with ProdLensStore(":memory:") as store:
        store.insert_pull_requests(
            [
                pull(1, "5-01", author="a", state="closed", updated_at=changed, merged_at=merged, closed_at=closed),
                pull(2, "5-01", author="b", state="closed", updated_at=changed, merged_at=merged),
                pull(3, "5-01", author="c", state="closed", updated_at=changed),
                pull(4, "5-01", author="d", state="closed"),
                pull(5, "5-01", author="e", state="open", updated_at=changed),
            ]
        )
        found = moments(store)
    assert found == {
        "a": (closed, None),
        "b": (merged, None),
        "c": (changed, None),
        "d": (opened, None),
        "e": (None, None),
    }


def test_rework_of_an_unknown_day_is_of_the_day_of_closing() -> None:
    """Reopened on a day that is not known, it counts when it was closed, when it last changed or when it was opened."""
    opened, changed, closed = at("5-01"), at("5-02"), at("5-04")
    with ProdLensStore(":memory:") as store:
        store.insert_pull_requests(
            [
                pull(1, "5-01", author="a", state="closed", closed_at=closed, updated_at=changed, reopened=True),
                pull(2, "5-01", author="b", state="open", updated_at=changed, reopened=True),
                pull(3, "5-01", author="c", state="open", reopened=True),
                pull(4, "5-01", author="d", state="open", updated_at=changed, reopened=False, reopened_at=closed),
            ]
        )
        found = moments(store)
    assert {author: reworked for author, (_, reworked) in found.items()} == {
        "a": closed,
        "b": changed,
        "c": opened,
        "d": None,
    }


def test_a_repositorys_rows_and_those_that_name_none() -> None:
    """Of three repositories the one asked for is read, with what names none; a commit that is stored twice is one."""
    with ProdLensStore(":memory:") as store:
        slugs = {"ours": REPO, "nobodys": None, "theirs": "other/repo"}
        store.insert_pull_requests(
            pull(number, "5-01", author=author, repo_slug=slug) for number, (author, slug) in enumerate(slugs.items())
        )
        store.insert_commits(
            [
                commit("a", "5-02", author="x"),
                commit("a", "5-01", author="x", repo_slug=None),
                commit("b", "5-01 08:00", author="y", repo_slug="other/repo"),
            ]
        )
        one, every = read_delivery(store.conn, REPO), read_delivery(store.conn)
    assert [found.author for found in one.pull_requests] == ["ours", "nobodys"]
    assert [found.author for found in every.pull_requests] == ["ours", "nobodys", "theirs"]
    assert [(found.author, found.timestamp) for found in one.commits] == [("x", at("5-01"))]
    assert [found.author for found in every.commits] == ["y", "x"]


def test_bots_hours_and_moments() -> None:
    """A bot is recognised by its type; a merge before its opening took no time; every known moment is listed."""
    with ProdLensStore(":memory:") as store:
        store.insert_pull_requests(
            [
                pull(1, "5-02", "5-01", author="b", author_type="Bot"),
                pull(
                    2, "5-03 00:00", "5-04 12:00", author="u", author_type="User", reopened=True, reopened_at=at("5-04")
                ),
                pull(3, "5-05", author="n"),
            ]
        )
        found = read_delivery(store.conn)
    assert [(one.author, one.is_bot, one.merge_hours) for one in found.pull_requests] == [
        ("b", True, 0.0),
        ("u", False, 36.0),
        ("n", False, None),
    ]
    assert list(found.pull_request_moments()) == [
        *(at("5-02"), at("5-01"), at("5-01")),
        *(at("5-03 00:00"), at("5-04"), at("5-04"), at("5-04")),
        at("5-05"),
    ]
