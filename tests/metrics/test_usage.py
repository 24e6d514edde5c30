"""How calls are read from the store."""

from __future__ import annotations

import math
import sqlite3
import subprocess
import sys
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.metrics import ReportGenerator
from prodlens.metrics.call_parts import fill_parts
from prodlens.metrics.developers import DeveloperCell, read_developers
from prodlens.metrics.request import ReportRequest
from prodlens.metrics.timeline import Window, build_timeline
from prodlens.metrics.usage import (
    Totals,
    Usage,
    add,
    call_span,
    calls_to_know_of,
    finite_costs,
    known_cost,
    read_usage,
    totals,
)
from prodlens.storage import ProdLensStore
from tests.examples import examples
from tests.metrics.situations import REPO, at, call, commit, pull, report_on

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random


def test_a_report_reads_calls_from_its_index_alone(store: ProdLensStore) -> None:
    """No query of a report touches the table of calls or sorts it: each is answered from a covering index."""
    store.insert_sessions([call(f"5-{day:02}", model=model) for day in range(1, 30) for model in ("a", None)])
    statements: list[str] = []
    store.conn.set_trace_callback(statements.append)
    report_on(store)
    store.conn.set_trace_callback(None)
    texts = [text.strip() for text in statements]
    queries = [text for text in texts if text.startswith(("SELECT", "WITH")) and "sessions " in text]
    queries = [text for text in queries if "pull_requests" not in text]  # which commits of theirs calls name
    steps = [row[3] for text in queries for row in store.conn.execute(f"EXPLAIN QUERY PLAN {text}")]
    assert len(queries) > 5
    assert {step for step in steps if " sessions" in step or " s " in step} == {
        step for step in steps if "USING COVERING INDEX sessions_report" in step
    }
    assert [step for step in steps if "B-TREE" in step] == []


def test_a_report_reads_the_table_of_calls_once(store: ProdLensStore) -> None:
    """Where calls name branches, one query goes through the table, for costs and for evidence together."""
    store.insert_sessions([call(f"5-{day:02}", branch="topic") for day in range(1, 30)])
    store.insert_pull_requests([pull(1, "5-02", "5-20", head_ref="topic", author="ada")])
    statements: list[str] = []
    store.conn.set_trace_callback(statements.append)
    found = report_on(store)
    store.conn.set_trace_callback(None)
    texts = [text.strip() for text in statements]
    queries = [text for text in texts if text.startswith(("SELECT", "WITH")) and "sessions " in text]
    scans = [
        text
        for text in queries
        if any(row[3] in ("SCAN s", "SCAN sessions") for row in store.conn.execute(f"EXPLAIN QUERY PLAN {text}"))
    ]
    assert len(scans) == 1
    assert found["pull_request_costs"]["attributed"]["sessions"] == 20


def test_own_prices_of_another_repository_change_nothing(store: ProdLensStore) -> None:
    """Calls are counted alike whether or not any call of the store has a price of the user's own."""
    sources = ("computed", "litellm", None)
    store.insert_sessions([call("5-02", cost_usd=0.5, cost_source=source, total_tokens=7) for source in sources])
    store.insert_sessions([call("5-03", total_tokens=3)])
    before = report_on(store)
    store.insert_sessions([call("5-02", cost_usd=9.0, cost_source="own-price", repo_slug="acme/api")])
    assert report_on(store) == before
    assert before["ledger"]["by_source"]["computed"] == {"sessions": 1, "total_tokens": 7, "cost_usd": 0.5}
    assert before["ledger"]["by_source"]["recorded"]["cost_usd"] == 1.0


def test_a_read_only_store_is_reported_on(tmp_path: Path) -> None:
    """A report needs no right to write; without its index it is only slower, and no figure differs."""
    path = tmp_path / "cache.db"
    with ProdLensStore(path) as store:
        store.insert_sessions([call("5-01", model="a"), call("5-02", model="b", accepted_flag=True)])
        store.insert_commits([commit("a", "5-01")])
        with_index = report_on(store)
        store.conn.execute("DROP INDEX sessions_report_calls")
        store.close()
        store.conn = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        store.conn.row_factory = sqlite3.Row
        assert report_on(store) == with_index


def test_latencies_are_kept_by_decision_and_counted_up_to_their_median_by_day(store: ProdLensStore) -> None:
    """Each cell counts its own latencies up to the median of all; the period before takes no part."""
    timed = (
        ("5-01", 10.0, True),
        ("5-02", 20.0, False),
        ("5-02", 40.0, True),
        ("5-03", 30.0, None),
        ("4-30", 5.0, True),
    )
    store.insert_sessions(
        [call(day, latency_ms=ms, accepted_flag=flag, acceptance_known=flag is not None) for day, ms, flag in timed]
    )
    store.insert_sessions([call("5-02", accepted_flag=True)])
    request = ReportRequest(repo=REPO, since=date(2026, 5, 1))
    timeline = build_timeline(request, at("5-03"), at("4-30"))
    found = read_usage(store.conn, [REPO], timeline, 0.5, Window(at("1-01"), at("12-01")))
    assert found.median_latency_ms == 25.0
    assert {decision: list(ms) for decision, ms in found.latencies_ms.items()} == {
        None: [30.0],
        False: [20.0],
        True: [10.0, 40.0],
    }
    cells = [(timeline.days[cell.segment].day, cell.accepted, cell.calls, cell.up_to_median) for cell in found.cells]
    assert sorted(cells, key=str) == [(1, True, 1, 1), (2, False, 1, 1), (2, True, 2, 0), (3, None, 1, 0)]
    assert [(timeline.days[cell.segment].isoformat(), cell.calls) for cell in found.earlier] == [("2026-04-30", 1)]


def test_a_report_has_a_small_page_cache_and_gives_the_large_one_back(store: ProdLensStore) -> None:
    """What a report reads stays out of memory; who writes to the store afterwards has the cache that it began with."""
    statements: list[str] = []
    store.conn.set_trace_callback(statements.append)
    report_on(store)
    store.conn.set_trace_callback(None)
    assert [text for text in statements if text.startswith("PRAGMA cache_size =")] == [
        "PRAGMA cache_size = -16384",
        "PRAGMA cache_size = -65536",
    ]
    assert store.conn.execute("PRAGMA cache_size").fetchone()[0] == -65536


def test_what_is_known_of_a_call_is_counted_for_its_developer(store: ProdLensStore) -> None:
    """A status, a diff ratio and a latency count where they are known, and once more where they are high or low."""
    signs = ("status_code", "diff_ratio", "latency_ms")
    known = [(200, 0.4, 10.0), (400, 0.5, 20.0), (None, None, None), (500, None, 30.0)]
    store.insert_sessions(
        [call("5-01", developer_id="ada", **dict(zip(signs, values, strict=True))) for values in known]
    )
    store.insert_sessions([call("5-01", status_code=399)])
    fill_parts(store.conn, [REPO])
    day = Window(at("5-01 00:00"), at("5-02 00:00"))
    assert read_developers(store.conn, day, 0.5, 20.0) == (
        DeveloperCell(None, None, None, 1, 1, 0, 0, 0, 0, 0),
        DeveloperCell("ada", None, None, 4, 3, 2, 2, 1, 3, 2),
    )
    assert [cell.up_to_median for cell in read_developers(store.conn, day, 0.5, None)] == [0, 0]
    assert [cell.latencies for cell in read_developers(store.conn, day, 0.5, None)] == [0, 3]


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


def test_a_report_loads_no_pandas() -> None:
    """Making a report loads neither pandas nor pyarrow nor an HTTP library."""
    code = (
        "import sys, datetime, prodlens.metrics, prodlens.storage\n"
        "with prodlens.storage.ProdLensStore(':memory:') as store:\n"
        "    prodlens.metrics.ReportGenerator(store).generate_report(repo='o/r', since=datetime.date(2026, 5, 1))\n"
        "print(sorted({'pandas', 'pyarrow', 'requests', 'jsonschema'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


_CALLS = st.lists(
    st.fixed_dictionaries(
        {
            "hour": st.integers(0, 24 * 60),
            "accepted_flag": st.none() | st.booleans(),
            "status_code": st.sampled_from([None, 200, 404, 500]),
            "latency_ms": st.none() | st.floats(0.1, 1e5),
            "total_tokens": st.integers(0, 10**6),
            "model": st.sampled_from([None, "a", "b"]),
        }
    ),
    max_size=40,
)


@examples(40)
@given(_CALLS, st.sampled_from(["UTC", "Asia/Kathmandu", "America/St_Johns"]), st.randoms(use_true_random=False))
def test_nothing_is_lost_or_counted_twice(calls: list[dict[str, Any]], zone: str, random: Random) -> None:
    """Days add up to the window in every zone, and the order of insertion changes nothing."""
    rows = [
        {
            **fields,
            "timestamp": at("3-01 00:00") + timedelta(hours=fields["hour"]),
            "trace_hash": str(n),
            "repo_slug": REPO,
        }
        for n, fields in enumerate(calls)
    ]
    reports = []
    for _ in range(2):
        with ProdLensStore(":memory:") as store:
            store.insert_sessions(rows)
            reports.append(report_on(store, "2-27", timezone=zone))
        random.shuffle(rows)
    first, second = reports
    assert first == second
    assert sum(first["daily"]["sessions"]) == len(calls)
    assert sum(first["daily"]["tokens"]) == sum(fields["total_tokens"] for fields in calls)
    known = [fields["status_code"] for fields in calls if fields["status_code"] is not None]
    assert first["error_rate"] == (sum(code >= 400 for code in known) / len(known) if known else None)


@pytest.mark.parametrize("column", ["latency_ms", "diff_ratio", "cost_usd"])
def test_numbers_at_the_end_of_the_range_break_no_report(store: ProdLensStore, column: str) -> None:
    """Values whose sum or mean leaves the range of numbers give null, in strict JSON, and never an error."""
    store.insert_sessions(
        [
            call(f"5-{1 + n % 28:02}", accepted_flag=n % 3 == 0, model="ab"[n % 2], **{column: 1.7e308})
            for n in range(56)
        ]
    )
    store.insert_sessions([call("5-02", accepted_flag=False, model="a", **{column: 0.5})])
    store.insert_commits([commit(f"c{day}", f"5-{day:02}") for day in range(1, 29)])
    report = report_on(store)
    assert report["ai_interaction_velocity"]["total_sessions"] == 57
    assert report["acceptance_quality"]["avg_diff_ratio"] is None


WINDOW, PLAUSIBLE = Window(at("5-01 00:00"), at("5-03 00:00")), Window(at("1-01 00:00"), at("6-01 00:00"))


def read(store: ProdLensStore, repos: tuple[str | None, ...] = (REPO, None)) -> Usage:
    """Read the calls of the first two days of May and of the two days before, as a report does."""
    request = ReportRequest(repo=REPO, since=WINDOW.start, until=WINDOW.end, history_days=2)
    call_span(store.conn, repos, PLAUSIBLE)
    return read_usage(store.conn, repos, build_timeline(request, None), 0.7, PLAUSIBLE)


def test_every_count_of_calls(store: ProdLensStore) -> None:
    """Each segment, model and decision has its counts and sums, and each person theirs, over what is known."""
    accepted: dict[str, Any] = {"model": "openai/gpt-4o", "accepted_flag": True}
    store.insert_sessions(
        [
            call(
                "5-01", total_tokens=1, cost_usd=1.0, cost_source="recorded", status_code=200, latency_ms=10.0,
                developer_id="ada", diff_ratio=0.7, accepted_lines=3, **accepted,
            ),
            call(
                "5-01", total_tokens=2, cost_usd=2.0, cost_source="computed", status_code=400, latency_ms=30.0,
                developer_id="ada", diff_ratio=0.25, **accepted,
            ),
            call(
                "5-01", total_tokens=4, cost_usd=4.0, cost_source="own-price", status_code=399, latency_ms=20.0,
                developer_id="bob", **accepted,
            ),
            call("5-02", total_tokens=8, developer_id="bob", accepted_lines=5, **accepted | {"accepted_flag": False}),
            call("5-02", total_tokens=16, cost_usd=0.5, repo_slug=None),
            call(
                "4-30 23:59", total_tokens=32, cost_usd=8.0, status_code=500, latency_ms=5.0, developer_id="ada",
                diff_ratio=1.0, model="b",
            ),
            call("4-20", model="b", total_tokens=64, developer_id="ada"),
            call("5-03 00:00", model="b", total_tokens=128),
            call("5-01", repo_slug="acme/api"),
            call("1-01", timestamp="1999-01-01T00:00:00Z"),
            call("6-01 00:00"),
        ]
    )  # fmt: skip
    assert call_span(store.conn, (REPO, None), PLAUSIBLE) == (at("4-20"), at("5-03 00:00"), 2)
    found = read(store)
    assert found.earlier == ((1, None, 1, 32, 8.0, 1, 1, 1),)
    accepted_of_may_1 = (4.0, 1, 4, 3, 1, 0.95, 2, 1, 3, 1, 3, 2)
    assert sorted(found.cells, key=lambda cell: cell.calls * 10 + cell.segment) == [
        (3, True, "gpt-4o", "openai/gpt-4o", False, 1, 8, *(0.0, 0, 8), *(0.0, 0.0, 0, 0), *[0] * 8, 5, 8, 0, 0),
        (3, False, None, None, None, 1, 16, *(0.5, 1, 0), *(0.5, 0.0, 0, 0), *[0] * 12),
        (2, True, "gpt-4o", "openai/gpt-4o", True, 3, 7, *(7.0, 3, 0), *(1.0, 6.0, 2, 6), *accepted_of_may_1),
    ]
    assert {type(cell.names_repo) for cell in found.cells} == {bool}
    assert (found.first, found.last) == (at("4-20"), at("5-02"))
    assert (found.window_first, found.window_last) == (at("5-01"), at("5-02"))
    assert {decision: sorted(some) for decision, some in found.latencies_ms.items()} == {
        None: [],
        False: [],
        True: [10.0, 20.0, 30.0],
    }
    assert found.median_latency_ms == 20.0
    assert sorted(found.people, key=str) == [
        ("ada", "gpt-4o", True, 2, 2, 1, 2, 1, 2, 1),
        ("bob", "gpt-4o", False, 1, 0, 0, 0, 0, 0, 0),
        ("bob", "gpt-4o", True, 1, 1, 0, 0, 0, 1, 1),
        (None, None, None, 1, 0, 0, 0, 0, 0, 0),
    ]
    assert found.people_before == (("ada", "b", None, 1, 1, 1, 1, 1, 1, 1),)
    assert found.developers == {"ada", "bob"}
    assert totals(found.cells) == Totals(5, 31, 7.5, 4, 8, 1.5, 6.0, 2, 6, 4.0, 1, 4, 3, 1, 0.95, 2, 1, 8, 9, 3, 2)
    assert (found.earlier_in(range(1)), found.earlier_in(range(1, 2))) == ([], [*found.earlier])
    assert (known_cost(found.cells), known_cost(found.earlier), known_cost([])) == (7.5, 8.0, None)
    assert totals([]) == Totals(0, 0, None, 0, 0, 0.0, 0.0, 0, 0, 0.0, 0, 0, 0, 0, 0.0, 0, 0, 0, 0, 0, 0)


def test_calls_before_the_window_keep_their_decision(store: ProdLensStore) -> None:
    """Of calls before the window it is known too which were accepted, which rejected, and which neither."""
    decisions: list[dict[str, Any]] = [{"accepted_flag": True}, {"accepted_flag": False}, {}, {}]
    store.insert_sessions([call("4-30", total_tokens=tokens, **given) for tokens, given in enumerate(decisions, 1)])
    found = [(cell.accepted, cell.calls, cell.tokens) for cell in read(store).earlier]
    assert sorted(found, key=str) == [(False, 1, 2), (None, 2, 7), (True, 1, 1)]
    assert {type(accepted) for accepted, _, _ in found} == {bool, type(None)}


def test_a_median_that_leaves_the_range_of_numbers_is_unknown(store: ProdLensStore) -> None:
    """The middle of two latencies whose sum is no number is not known; one alone is its own middle."""
    store.insert_sessions([call("5-01", latency_ms=1.7e308)])
    assert read(store).median_latency_ms == 1.7e308
    store.insert_sessions([call("5-01", latency_ms=1.7e308)])
    assert read(store).median_latency_ms is None


def test_costs_whose_sum_is_no_number_are_unknown_with_their_parts() -> None:
    """One part beyond all numbers makes the cost None and every part 0; a cost that is not known stays None."""
    assert finite_costs(3.0, 1.0, 2.0, 0.5) == (3.0, 1.0, 2.0, 0.5)
    assert finite_costs(None, 0.0, 0.0, 0.0) == (None, 0.0, 0.0, 0.0)
    for place in range(4):
        given = [3.0, 1.0, 2.0, 0.5]
        given[place] = math.inf if place % 2 else math.nan
        assert finite_costs(*given) == (None, 0.0, 0.0, 0.0)
    assert [add([0.1] * 10), add([1.7e308, 1.7e308]), add([])] == [1.0, math.inf, 0.0]
    assert math.isnan(add([math.inf, -math.inf]))


def test_what_is_to_be_known_of_calls_is_counted(store: ProdLensStore) -> None:
    """Caveats and estimated times of every repository that is asked for, from the window's start up to its end."""
    caveats = {"price_caveat": "maker's price", "time_is_estimated": True}
    store.insert_sessions(
        [
            call("5-01 00:00", **caveats),
            call("5-02", repo_slug=None, **caveats),
            call("5-02", repo_slug=None, price_caveat="without modifier"),
            call("5-02"),
            call("4-30 23:59", **caveats),
            call("5-03 00:00", **caveats),
            call("5-02", repo_slug="acme/api", **caveats),
        ]
    )
    found = calls_to_know_of(store.conn, (REPO, None), WINDOW)
    assert found == ({"maker's price": 2, "without modifier": 1}, 2)
    assert calls_to_know_of(store.conn, (None, REPO), WINDOW) == found
    assert calls_to_know_of(store.conn, (REPO,), WINDOW) == ({"maker's price": 1}, 1)
    assert calls_to_know_of(store.conn, (), WINDOW) == ({}, 0)
