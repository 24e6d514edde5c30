"""How calls are read from the store."""

from __future__ import annotations

import sqlite3
from datetime import date
from typing import TYPE_CHECKING

from prodlens.metrics import ReportGenerator
from prodlens.storage import ProdLensStore
from tests.report.situations import REPO, call, commit, report_on

if TYPE_CHECKING:
    from pathlib import Path


def test_a_report_reads_calls_from_its_index_alone(store: ProdLensStore) -> None:
    """No query of a report touches the table of calls or sorts it: each is answered from a covering index."""
    store.insert_sessions([call(f"5-{day:02}", model=model) for day in range(1, 30) for model in ("a", None)])
    statements: list[str] = []
    store.conn.set_trace_callback(statements.append)
    report_on(store)
    store.conn.set_trace_callback(None)
    queries = [text for text in statements if text.startswith("SELECT") and "FROM sessions" in text]
    steps = [row[3] for text in queries for row in store.conn.execute(f"EXPLAIN QUERY PLAN {text}")]
    assert len(queries) > 5
    assert {step for step in steps if " sessions" in step or " s " in step} == {
        step for step in steps if "USING COVERING INDEX sessions_report" in step
    }
    assert [step for step in steps if "B-TREE" in step] == []


def test_a_read_only_store_is_reported_on(tmp_path: Path) -> None:
    """A report needs no right to write; without its index it is only slower, and no figure differs."""
    path = tmp_path / "cache.db"
    with ProdLensStore(path) as store:
        store.insert_sessions([call("5-01", model="a"), call("5-02", model="b", accepted_flag=True)])
        store.insert_commits([commit("a", "5-01")])
        with_index = report_on(store)
        store.conn.execute("DROP INDEX sessions_report")
        store.conn.execute("DROP INDEX sessions_report_people")
        store.close()
        store.conn = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        assert report_on(store) == with_index


def test_reports_leave_nothing_behind_that_changes_the_next(store: ProdLensStore) -> None:
    """Reports on several repositories from one store do not see each other's rows."""
    store.insert_sessions([call("5-01", repo_slug=slug, model=slug) for slug in (REPO, "acme/api", None)])
    generator = ReportGenerator(store)
    models = [
        {row["model"] for row in generator.generate_report(repo=slug, since=date(2026, 5, 1))["cost_by_model"]}
        for slug in (REPO, "acme/api", REPO)
    ]
    assert models == [{REPO, None}, {"acme/api", None}, {REPO, None}]


def test_absurd_token_counts_do_not_break_a_report(store: ProdLensStore) -> None:
    """Sums beyond 64 bits are approximate, not an error."""
    store.insert_sessions([call("5-01", total_tokens=2**53, accepted_flag=True) for _ in range(1024)])
    assert report_on(store)["token_efficiency"]["total_tokens"] == 2**63
