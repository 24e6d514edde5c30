"""The documented figures against values worked out by hand."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.errors import ConfigurationError
from prodlens.metrics import ReportGenerator
from prodlens.rendering import render_terminal
from tests.metrics.situations import at, call, commit, pull, report_on

if TYPE_CHECKING:
    from prodlens.storage import ProdLensStore


def test_nothing_known_is_null(store: ProdLensStore) -> None:
    """A report on an empty store has every documented key, counts of zero, and null for every other figure."""
    report = report_on(store)
    assert report["ai_interaction_velocity"] == {
        "median_latency_ms": None,
        "sessions_per_hour": None,
        "total_sessions": 0,
    }
    for name in ("acceptance_rate", "error_rate", "model_selection_accuracy", "rework_rate"):
        assert report[name] is None
    assert report["token_efficiency"] == {
        "tokens_per_accept": None,
        "tokens_per_accepted_line": None,
        "accepted_sessions": 0,
        "total_tokens": 0,
    }
    assert report["acceptance_quality"] == {
        "avg_diff_ratio": None,
        "share_above_threshold": None,
        "threshold": 0.7,
        "sample": 0,
    }
    assert report["pr_throughput"] == {"weekly_merged_prs": None, "total_merged": 0}
    assert report["commit_frequency"] == {"daily_commits": None, "total_commits": 0}
    assert report["pr_merge_time_hours"] == []
    assert report["cost_metrics"] == {
        "total_session_cost_usd": None,
        "merged_pr_count": 0,
        "cost_per_merged_pr_usd": None,
        "cost_per_merged_pr_interval": None,
        "cost_per_merged_pr_reason": None,
    }
    assert report["metadata"]["repo"] == "acme/web"


def test_unknown_acceptance_is_not_counted(store: ProdLensStore) -> None:
    """Acceptance is accepted over known; a call whose source says nothing is neither."""
    store.insert_sessions([call("5-01", accepted_flag=flag) for flag in (True, False, False, None, None)])
    assert report_on(store)["acceptance_rate"] == pytest.approx(1 / 3)


def test_unknown_status_is_not_counted(store: ProdLensStore) -> None:
    """The error rate is over known statuses, 400 and above."""
    store.insert_sessions([call("5-01", status_code=code) for code in (200, 399, 400, 503, None)])
    assert report_on(store)["error_rate"] == pytest.approx(2 / 4)


def test_velocity_is_over_first_to_last_row(store: ProdLensStore) -> None:
    """Rows an hour are over the span from first to last row; the median leaves unknown latencies out."""
    latencies = [100.0, None, 400.0, 300.0]
    store.insert_sessions(
        [call(f"5-01 {hour:02}:00", latency_ms=ms) for hour, ms in zip((8, 9, 10, 12), latencies, strict=True)]
    )
    assert report_on(store)["ai_interaction_velocity"] == {
        "median_latency_ms": 300.0,
        "sessions_per_hour": 1.0,
        "total_sessions": 4,
    }


def test_velocity_spans_an_hour_at_least(store: ProdLensStore) -> None:
    """Three rows inside a minute are three an hour, not 180."""
    store.insert_sessions([call("5-01 08:00"), call("5-01 08:00"), call("5-01 08:01")])
    assert report_on(store)["ai_interaction_velocity"]["sessions_per_hour"] == 3.0


def test_tokens_are_those_of_accepted_rows(store: ProdLensStore) -> None:
    """Tokens an accept and tokens an accepted line are over accepted rows; unknown line counts are left out."""
    store.insert_sessions(
        [
            call("5-01", total_tokens=300, accepted_flag=True, accepted_lines=10),
            call("5-01", total_tokens=500, accepted_flag=True),
            call("5-01", total_tokens=900, accepted_flag=False, accepted_lines=7),
            call("5-01", total_tokens=900, acceptance_known=False, accepted_flag=True),
        ]
    )
    assert report_on(store)["token_efficiency"] == {
        "tokens_per_accept": 400.0,
        "tokens_per_accepted_line": 30.0,
        "accepted_sessions": 2,
        "total_tokens": 800,
    }


def test_quality_is_over_rows_with_a_diff_ratio(store: ProdLensStore) -> None:
    """A diff ratio at the threshold counts as above it; rows without one are not in the sample."""
    store.insert_sessions([call("5-01", diff_ratio=value) for value in (0.7, 0.69, 1.0, None)])
    assert report_on(store)["acceptance_quality"] == {
        "avg_diff_ratio": pytest.approx(2.39 / 3),
        "share_above_threshold": pytest.approx(2 / 3),
        "threshold": 0.7,
        "sample": 3,
    }


@pytest.mark.parametrize(
    ("policy", "share"),
    [(None, None), (set(), None), ({"gpt-4o"}, 1 / 3), ({"claude-*", "o3"}, 2 / 3), ({"GPT-4O"}, 0.0)],
)
def test_policy_share(store: ProdLensStore, policy: set[str] | None, share: float | None) -> None:
    """Approved models are named or matched by a shell pattern; calls without a model are not counted."""
    store.insert_sessions([call("5-01", model=name) for name in ("gpt-4o", "claude-a", "claude-b", None)])
    assert report_on(store, policy_models=policy)["model_selection_accuracy"] == (
        None if share is None else pytest.approx(share)
    )


def test_pull_requests_count_by_what_happened_in_the_window(store: ProdLensStore) -> None:
    """A pull request opened before the window and merged in it counts; merge times are ascending."""
    store.insert_pull_requests(
        [
            pull(1, "4-20 12:00", "5-02 12:00"),
            pull(2, "5-01 10:00", "5-01 14:30"),
            pull(3, "4-01", "4-30"),
            pull(4, "5-03"),
            pull(5, "5-02", state="closed", closed_at=at("5-04 00:00"), reopened=True),
        ]
    )
    report = report_on(store, until=date(2026, 5, 22))
    assert report["pr_throughput"] == {"weekly_merged_prs": pytest.approx(2 / 3), "total_merged": 2}
    assert report["pr_merge_time_hours"] == [4.5, 288.0]
    assert report["rework_rate"] == pytest.approx(1 / 3)


def test_throughput_is_over_a_week_at_least(store: ProdLensStore) -> None:
    """Two merges in a window of three days are two a week."""
    store.insert_pull_requests([pull(1, "5-01", "5-02"), pull(2, "5-01", "5-03")])
    assert report_on(store)["pr_throughput"]["weekly_merged_prs"] == 2.0


def test_a_pull_request_of_the_documented_fields_alone_was_closed_when_it_last_changed(store: ProdLensStore) -> None:
    """The documented fields have no closing time: merging or, failing that, the last update stands for it."""
    row = {"title": "t", "author": "a", "state": "closed", "created_at": at("4-01"), "reopened": False}
    store.insert_pull_requests(
        [
            {**row, "id": 1, "number": 1, "merged_at": at("5-02"), "updated_at": at("5-09")},
            {**row, "id": 2, "number": 2, "merged_at": None, "updated_at": at("5-03"), "reopened": True},
            {**row, "id": 3, "number": 3, "merged_at": None, "updated_at": at("4-03")},
        ]
    )
    assert report_on(store)["rework_rate"] == 0.5


def test_commits_a_day_are_over_active_days(store: ProdLensStore) -> None:
    """Four commits on two of five days are two a day; one stored with and without its repository is one."""
    store.insert_commits([commit(sha, f"5-0{day}") for sha, day in (("a", 1), ("b", 1), ("c", 1), ("d", 5))])
    store.insert_commits([{**commit("a", "5-01"), "repo_slug": None}])
    assert report_on(store)["commit_frequency"] == {"daily_commits": 2.0, "total_commits": 4}


def test_cost_is_over_priced_calls(store: ProdLensStore) -> None:
    """The cost is the sum of known prices, and per merged pull request of the window."""
    store.insert_sessions([call("5-01", cost_usd=value, model="m") for value in (0.25, 0.5, None)])
    store.insert_pull_requests([pull(1, "5-01", "5-02"), pull(2, "5-01", "5-02")])
    report = report_on(store)
    assert report["cost_metrics"] == {
        "total_session_cost_usd": 0.75,
        "merged_pr_count": 2,
        "cost_per_merged_pr_usd": 0.375,
        "cost_per_merged_pr_interval": None,
        "cost_per_merged_pr_reason": "fewer than 4 whole weeks",
    }
    assert report["cost_by_model"][0]["unpriced_sessions"] == 1


def test_rows_of_another_repository_stay_out(store: ProdLensStore) -> None:
    """A report covers the rows of its repository and the rows that name none."""
    for number, slug in enumerate(("acme/web", None, "acme/api")):
        store.insert_sessions([call("5-01", repo_slug=slug)])
        store.insert_commits([commit(f"sha-{slug}", "5-01", repo_slug=slug)])
        store.insert_pull_requests([pull(number, "5-01", "5-01 13:00", repo_slug=slug)])
    report = report_on(store)
    assert report["ai_interaction_velocity"]["total_sessions"] == 2
    assert report["commit_frequency"]["total_commits"] == 2
    assert report["pr_throughput"]["total_merged"] == 2


@pytest.mark.parametrize(
    ("options", "calls"),
    [
        ({}, 3),
        ({"until": date(2026, 5, 3)}, 2),
        ({"until": datetime.fromisoformat("2026-05-03T12:00:00Z")}, 2),
        ({"until": datetime.fromisoformat("2026-05-03T12:00:00.000001Z")}, 3),
        ({"report_time": at("5-02 12:00")}, 1),
        ({"timezone": "America/New_York", "until": date(2026, 5, 3)}, 2),
    ],
)
def test_windows_are_half_open(store: ProdLensStore, options: dict[str, Any], calls: int) -> None:
    """A window holds its start and not its end; totals run to the time of the report."""
    store.insert_sessions([call("4-30 23:59"), call("5-01 00:00"), call("5-02 12:00"), call("5-03 12:00")])
    assert report_on(store, **options)["ai_interaction_velocity"]["total_sessions"] == calls


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"timezone": "Mars/Olympus"}, "time zone"),
        ({"lag_days": -1}, "lag days"),
        ({"lag_days": 10**9}, "lag days"),
        ({"until": date(2026, 5, 1)}, "after since"),
        ({"acceptance_target": 1.5}, "target"),
        ({"history_days": 0}, "history days"),
        ({"until": date(9999, 12, 31)}, "too far"),
    ],
)
def test_wrong_settings_are_errors_of_the_caller(store: ProdLensStore, options: dict[str, Any], message: str) -> None:
    """A setting that no report can be made from is refused by name."""
    with pytest.raises(ConfigurationError, match=message):
        ReportGenerator(store).generate_report(repo="o/r", since=date(2026, 5, 1), **options)


def test_a_window_over_all_time_is_a_window(store: ProdLensStore) -> None:
    """A window from 1970 on holds everything; an earlier start is a mistake that names 1970."""
    store.insert_sessions([call("5-01"), call("5-02")])
    assert report_on(store, date(1970, 1, 1))["ai_interaction_velocity"]["total_sessions"] == 2
    with pytest.raises(ConfigurationError, match="1970"):
        report_on(store, date(1, 1, 1))


def test_a_pull_request_reopened_and_still_open_is_counted_beside_the_rate(store: ProdLensStore) -> None:
    """The rate is over closed ones; what was reopened in the window and is still open stands beside it."""
    store.insert_pull_requests([pull(n, "5-01", "5-02") for n in range(1, 11)])
    store.insert_pull_requests([pull(11, "5-01", reopened=True, reopened_at=at("5-03"))])
    report = report_on(store, until=date(2026, 5, 15))
    assert report["rework_rate"] == 0
    assert report["rework"] == {"closed": 10, "reopened_and_closed": 0, "reopened_and_open": 1}
    assert "0 of 10 closed; 1 reopened and still open" in render_terminal(report)


def test_no_rate_is_given_for_less_than_its_unit(store: ProdLensStore) -> None:
    """The text gives no rate an hour for calls within an hour, and none a week for merges of one day."""
    store.insert_sessions([call("5-01 10:00"), *[call("5-01 10:30") for _ in range(118)]])
    store.insert_pull_requests([pull(n, "5-01", "5-01 13:00") for n in range(1, 6)])
    day = report_on(store, until=date(2026, 5, 2))
    assert day["ai_interaction_velocity"]["sessions_per_hour"] == 119.0
    assert day["pr_throughput"]["weekly_merged_prs"] == 5.0
    text = render_terminal(day)
    assert "an hour" not in text
    assert "a week" not in text
    store.insert_sessions([call("5-09")])
    text = render_terminal(report_on(store, until=date(2026, 5, 15)))
    assert "0.62 an hour, nights included" in text
    assert "2.50 a week" in text
