"""Calls by pull request, as every section of a report shares them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.evidence import stored_evidence
from prodlens.metrics.attributed_calls import read_attributed_calls
from prodlens.metrics.request import ReportRequest
from prodlens.metrics.timeline import Window
from prodlens.storage import ProdLensStore, put_session_marks
from tests.metrics.situations import REPO, at, report_on
from tests.metrics.test_pull_request_costs import (
    CALLS,
    LINKS,
    PULLS,
    STATES,
    Calls,
    Links,
    Pulls,
    States,
    feature,
    marks_of,
    pulls_of,
    rows_of,
    spent,
)

WINDOW = Window(at("5-05 00:00"), at("5-12 00:00"))


@given(CALLS, PULLS, LINKS, STATES, st.booleans(), st.sampled_from(["with", "without", "only"]))
def test_what_was_counted_for_costs_is_what_evidence_counts(
    calls: Calls, pulls: Pulls, links: Links, states: States, by_person: bool, unnamed: str
) -> None:
    """Whatever a report covers, evidence rests on all traced calls of a key of their own, whenever they were made."""
    request = ReportRequest(repo=REPO, since=WINDOW.start, unnamed=unnamed, attribute_by_person=by_person)
    with ProdLensStore(":memory:") as store:
        store.insert_sessions(rows_of(calls))
        store.insert_pull_requests(pulls_of(pulls))
        with store.transaction() as conn:
            put_session_marks(conn, *marks_of(links, states))
        found = read_attributed_calls(store.conn, request, WINDOW)
        assert stored_evidence(store.conn, REPO, found.traced) == stored_evidence(store.conn, REPO)
        signs = stored_evidence(store.conn, REPO)
    counted = {number for number in found.traced if number in signs}
    assert counted == {number for number, own in signs.items() if any(sign.kind == "trace" for sign in own)}


def test_parts_are_the_window_and_what_pull_requests_had_before() -> None:
    """A call of no pull request counts in the window alone, one of a pull request up to its end."""
    rows = [spent(f"5-{day:02}", 1.0, branch=branch) for day in (1, 6, 20) for branch in ("feature", "else")]
    with ProdLensStore(":memory:") as store:
        store.insert_sessions(rows)
        store.insert_pull_requests([feature(7, "5-01")])
        found = read_attributed_calls(store.conn, ReportRequest(repo=REPO, since=WINDOW.start), WINDOW)
    assert sorted((part.number or 0, part.in_window, part.calls, part.cost_usd) for part in found.parts) == [
        (0, True, 1, 1.0),
        (7, False, 1, 1.0),
        (7, True, 1, 1.0),
    ]
    assert found.traced == {7: 3}


@pytest.mark.parametrize(
    ("costs", "total"), [([None, None], None), ([0.0, None], 0.0), ([1.5, 2.0], 3.5), ([1.7e308, 1.7e308], None)]
)
@pytest.mark.parametrize("branch", [None, "else"])
def test_calls_of_no_pull_request_are_the_same_read_or_not(
    costs: list[float | None], total: float | None, branch: str | None
) -> None:
    """Calls that name nothing are not read one by one; their sums are those of calls on a branch of nobody's."""
    with ProdLensStore(":memory:") as store:
        store.insert_sessions([spent("5-02", None, branch=branch) for _ in costs])
        for row, cost in enumerate(costs, 1):
            store.conn.execute("UPDATE sessions SET cost_usd = ? WHERE id = ?", (cost, row))
        store.insert_pull_requests([feature(7, "5-01")])
        found = report_on(store)["pull_request_costs"]
    unpriced = costs.count(None)
    line = {"sessions": 2, "total_tokens": 200, "cost_usd": total, "unpriced_sessions": unpriced}
    assert found["unattributed"] == found["total"] == line
    assert found["attributed"]["sessions"] == 0


def test_a_store_without_a_call_has_no_part() -> None:
    """An empty store has no parts, and without the totals of the window none are made up."""
    request = ReportRequest(repo=REPO, since=WINDOW.start)
    with ProdLensStore(":memory:") as store:
        assert read_attributed_calls(store.conn, request, WINDOW).parts == ()
        store.insert_sessions([spent("5-06", math.pi)])
        assert read_attributed_calls(store.conn, request, WINDOW).parts == ()
        assert report_on(store)["pull_request_costs"]["total"]["cost_usd"] == math.pi
