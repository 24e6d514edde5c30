"""What a reader is told about the data before any figure."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from tests.report.situations import at, call, commit, pull, report_on

if TYPE_CHECKING:
    from prodlens.storage import ProdLensStore


def test_people_are_matched_by_login_or_by_the_names_given(store: ProdLensStore) -> None:
    """Active people are committers and authors of the window, bots left out; case does not matter."""
    store.insert_sessions([call("5-01", developer_id=name) for name in ("Alice", "bob@example.com", "eve", None)])
    store.insert_sessions([call("4-01", developer_id="carol")])
    store.insert_commits(
        [commit("a", "5-01", author="alice"), commit("b", "5-02", author="carol"), commit("c", "5-02", author="x[bot]")]
    )
    store.insert_pull_requests(
        [
            pull(1, "5-01", author="bob"),
            pull(2, "5-01", author="robot", author_type="Bot"),
            pull(3, "5-01", author=None),
        ]
    )
    assert report_on(store, people={"Bob@Example.com": "Bob"})["coverage"] == {
        "developers_in_traces": 3,
        "active_people": 3,
        "active_committers": 2,
        "active_pull_request_authors": 1,
        "seen_in_traces": 2,
        "share_seen": 2 / 3,
    }
    assert report_on(store)["coverage"]["seen_in_traces"] == 1


def test_what_is_unknown_is_counted(store: ProdLensStore) -> None:
    """Every call of the window that lacks acceptance, status, latency, model or price is counted as such."""
    known = {"accepted_flag": True, "status_code": 200, "latency_ms": 5.0, "model": "m", "cost_usd": 0.1}
    store.insert_sessions([call("5-01", total_tokens=7, **{**known, name: None}) for name in known])
    assert report_on(store)["data_quality"]["unknown"] == {
        "sessions": 5,
        "acceptance": 1,
        "status": 1,
        "latency": 1,
        "model": 1,
        "price": 1,
        "tokens_without_price": 7,
    }


def test_age_span_and_gaps_of_the_traces(store: ProdLensStore) -> None:
    """The newest trace has an age once the time of the report is known; the longest gap is the longest run of zeros."""
    store.insert_sessions([call(day) for day in ("4-20", "4-22", "4-26", "4-27")])
    assert report_on(store)["data_quality"]["traces"]["age_days"] is None
    assert report_on(store, report_time=at("4-30 00:00"), until=date(2026, 5, 9))["data_quality"]["traces"] == {
        "newest_at": "2026-04-27T12:00:00+00:00",
        "age_days": 2.5,
        "first_day": "2026-04-20",
        "last_day": "2026-04-27",
        "days": 8,
        "days_with_sessions": 4,
        "longest_gap_days": 3,
    }
