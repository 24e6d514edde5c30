"""What a reader is told about the data before any figure."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import TraceIngestor
from tests.metrics.situations import at, call, commit, pull, report_on

if TYPE_CHECKING:
    from pathlib import Path


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


def test_what_was_read_is_observed_though_nothing_happened(tmp_path: Path) -> None:
    """Calls ingested and commits synced at some moment are observed to the end of the day before, and not beyond."""
    with ProdLensStore(tmp_path / "cache.db") as store:
        lines = tmp_path / "traces.jsonl"
        lines.write_text(
            '{"timestamp": "2026-05-02T12:00:00Z", "usage": {"total_tokens": 5}, "metadata": {"repo": "acme/web"}}\n'
            '{"timestamp": "never"}\n'
        )
        ingestor = TraceIngestor(store, dead_letter_dir=tmp_path / "dead", parquet_dir=tmp_path / "lake")
        ingestor.ingest([lines], now=at("5-06 08:00"))
        store.insert_commits([commit("a", "5-04"), commit("b", "5-09")])
        with store.transaction() as conn:
            conn.execute(
                "INSERT INTO sync_streams (repo_slug, stream, covered_since, synced_at, last_run_at) "
                "VALUES ('acme/web', 'commits', '2026-05-01T18:00:00+00:00', ?, ?)",
                (at("5-20").isoformat(), at("5-20").isoformat()),
            )
        report = report_on(store)
    daily = dict(zip(report["daily"]["days"], report["daily"]["sessions"], strict=True))
    assert daily == {f"2026-05-0{day}": {2: 1, 3: 0, 4: 0, 5: 0}.get(day) for day in range(2, 10)}
    assert report["daily"]["commits"] == [0, 0, 1, 0, 0, 0, 0, 1]
    quality = report["data_quality"]
    assert quality["sync"]["last_synced_at"] == "2026-05-20T12:00:00+00:00"
    assert (quality["ingestion"]["entries"], quality["ingestion"]["dead_letters"]) == (2, 1)
    assert quality["ingestion"]["last_ingested_at"] == "2026-05-06T08:00:00+00:00"
