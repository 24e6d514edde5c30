"""The ledger of a report."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.metrics.ledger import ledger
from prodlens.schemas import UsageDay
from prodlens.storage import ProdLensStore, put_usage_days
from tests.examples import examples
from tests.metrics.situations import REPO, call, report_on

if TYPE_CHECKING:
    from typing import Any


def test_every_call_is_in_one_line_of_the_ledger(store: ProdLensStore) -> None:
    """Recorded, computed and unpriced calls are kept apart, and calls that name no repository are unattributed."""
    store.insert_sessions(
        [
            call("5-01", cost_usd=0.5, cost_source="recorded", total_tokens=5),
            call("5-01", cost_usd=0.25, total_tokens=3),
            call("5-01", cost_usd=2.0, cost_source="computed", total_tokens=7, repo_slug=None),
            call("5-01", total_tokens=11),
            call("4-01", cost_usd=99.0),
            call("5-01", cost_usd=99.0, repo_slug="acme/api"),
        ]
    )
    ledger = report_on(store, until=date(2026, 5, 31), plan_cost_usd_per_month=73.05)["ledger"]
    assert set(ledger.pop("reported_by_vendor").values()) == {None}
    assert ledger == {
        "sessions": 4,
        "total_tokens": 26,
        "total_cost_usd": 2.75,
        "attributed_cost_usd": 0.75,
        "unattributed_cost_usd": 2.0,
        "by_source": {
            "recorded": {"sessions": 2, "total_tokens": 8, "cost_usd": 0.75},
            "computed": {"sessions": 1, "total_tokens": 7, "cost_usd": 2.0},
            "unpriced": {"sessions": 1, "total_tokens": 11, "cost_usd": None},
        },
        "plan_cost_usd": pytest.approx(72.0),
    }


def test_costs_by_the_users_own_prices_have_a_line_of_their_own(store: ProdLensStore) -> None:
    """A cost by an own price is neither recorded nor a list price; without one the line is left out."""
    store.insert_sessions(
        [
            call("5-01", cost_usd=1.0, cost_source="own-price", total_tokens=5),
            call("5-01", cost_usd=2.0, cost_source="computed", total_tokens=7),
        ]
    )
    assert report_on(store, until=date(2026, 5, 31))["ledger"]["by_source"] == {
        "recorded": {"sessions": 0, "total_tokens": 0, "cost_usd": None},
        "computed": {"sessions": 1, "total_tokens": 7, "cost_usd": 2.0},
        "own_price": {"sessions": 1, "total_tokens": 5, "cost_usd": 1.0},
        "unpriced": {"sessions": 0, "total_tokens": 0, "cost_usd": None},
    }


def test_a_model_is_one_row_however_its_sources_name_it(store: ProdLensStore) -> None:
    """Prefixes, regions and dates lead to one name, in the report and in its policy; the store keeps the given ones."""
    names = [
        "claude-sonnet-4-5",
        "anthropic/claude-sonnet-4-5",
        "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "team-coder",
    ]
    store.insert_sessions([call("5-01", model=name, total_tokens=10) for name in names])
    report = report_on(store, until=date(2026, 5, 31), policy_models=frozenset({"bedrock/*", "claude-sonnet-4-5"}))
    assert [(row["model"], row["sessions"]) for row in report["cost_by_model"]] == [
        ("claude-sonnet-4-5", 3),
        ("team-coder", 1),
    ]
    assert report["model_selection_accuracy"] == 0.75
    assert {row["model"] for row in store.fetch_sessions()} == set(names)
    assert set(ledger(store.conn).by_model()) == {"claude-sonnet-4-5", "team-coder"}


def test_every_figure_of_a_model(store: ProdLensStore) -> None:
    """Calls, tokens, cost, what lacks a price, and what is known of acceptance, the costliest first."""
    store.insert_sessions(
        [
            call("5-01", model="a", cost_usd=1.0, total_tokens=1, accepted_flag=True),
            call("5-01", model="a", total_tokens=2, accepted_flag=True),
            call("5-01", model="a", total_tokens=4, accepted_flag=False),
            call("5-01", model="a", total_tokens=8),
            call("5-02", model="a", total_tokens=16),
            call("5-01", cost_usd=2.0, total_tokens=32, repo_slug=None),
        ]
    )
    assert report_on(store, until=date(2026, 5, 31))["cost_by_model"] == [
        {
            "model": None,
            "sessions": 1,
            "total_tokens": 32,
            "cost_usd": 2.0,
            "unpriced_sessions": 0,
            "unpriced_tokens": 0,
            "accepted_sessions": 0,
            "known_acceptance": 0,
        },
        {
            "model": "a",
            "sessions": 5,
            "total_tokens": 31,
            "cost_usd": 1.0,
            "unpriced_sessions": 4,
            "unpriced_tokens": 30,
            "accepted_sessions": 2,
            "known_acceptance": 3,
        },
    ]


def test_what_a_vendor_bills_stands_beside_the_calls(store: ProdLensStore) -> None:
    """The tool that a vendor reports on has its figures in the ledger, the others have none."""
    with store.transaction() as conn:
        put_usage_days(conn, [UsageDay("k", date(2026, 5, 2), "copilot", "copilot-ai-usage", "ada", net_usd=3.0)])
    reported = report_on(store, until=date(2026, 5, 31))["ledger"]["reported_by_vendor"]
    found = reported.pop("copilot")
    assert (found["net_usd"], found["rows"], found["first_day"]) == (3.0, 1, "2026-05-02")
    assert set(reported.values()) == {None}


def test_assumptions_on_price_and_time_are_counted(store: ProdLensStore) -> None:
    """Calls priced without a modifier, by the maker's price or with their file's time are counted in the window."""
    store.insert_sessions(
        [
            call("5-01", price_caveat="without modifier", price_modifier="priority", time_is_estimated=True),
            call("5-02", price_caveat="maker's price", repo_slug=None),
            call("5-02", price_caveat="maker's price", repo_slug="acme/other"),
            call("2-02", price_caveat="without modifier"),
        ]
    )
    assert report_on(store, until=date(2026, 5, 31))["data_quality"]["assumed"] == {
        "price_without_modifier": 1,
        "price_of_maker": 1,
        "time_of_file": 1,
    }


_CALLS = st.lists(
    st.fixed_dictionaries(
        {
            "cost_usd": st.none() | st.floats(0, 1e6),
            "cost_source": st.sampled_from([None, "recorded", "computed", "own-price"]),
            "repo_slug": st.sampled_from([REPO, None]),
            "model": st.sampled_from([None, "a", "b"]),
            "total_tokens": st.integers(0, 10**6),
            "accepted_flag": st.none() | st.booleans(),
        }
    ),
    max_size=30,
)


@examples(40)
@given(_CALLS, st.integers(1, 28))
def test_the_ledger_balances(calls: list[dict[str, Any]], day: int) -> None:
    """Whatever was stored, the lines by source, by attribution and by model each add up to the whole."""
    with ProdLensStore(":memory:") as store:
        store.insert_sessions([call(f"5-{1 + (n + day) % 28:02}", **changes) for n, changes in enumerate(calls)])
        report = report_on(store, until=date(2026, 6, 1))
    ledger = report["ledger"]
    costs = [changes["cost_usd"] for changes in calls if changes["cost_usd"] is not None]
    assert ledger["total_cost_usd"] == (pytest.approx(sum(costs)) if costs else None)
    parts = [
        [ledger["attributed_cost_usd"], ledger["unattributed_cost_usd"]],
        [line["cost_usd"] for line in ledger["by_source"].values()],
        [row["cost_usd"] for row in report["cost_by_model"]],
    ]
    for costs in parts:
        assert sum(cost or 0.0 for cost in costs) == pytest.approx(ledger["total_cost_usd"] or 0.0)
    assert sum(line["sessions"] for line in ledger["by_source"].values()) == len(calls)
    assert sum(row["total_tokens"] for row in report["cost_by_model"]) == sum(c["total_tokens"] for c in calls)


def test_absurd_costs_do_not_break_a_report(store: ProdLensStore) -> None:
    """A typical day of next to nothing beside one of a fortune leaves every figure a number or null."""
    costs = [5e-324] * 19 + [1e300]
    store.insert_sessions([call(f"5-{day:02}", cost_usd=cost) for day, cost in enumerate(costs, start=1)])
    assert report_on(store)["cost_metrics"]["total_session_cost_usd"] == 1e300


def test_costs_that_add_up_to_infinity_are_unknown(store: ProdLensStore) -> None:
    """Where costs leave the range of numbers the sum is null, not an error, and the counts stay."""
    store.insert_sessions([call(f"5-{1 + n % 21:02}", cost_usd=1.7e308, cost_source="recorded") for n in range(42)])
    store.insert_sessions([call("5-01", cost_usd=2.0, model="m")])
    report = report_on(store)
    assert report["cost_metrics"]["total_session_cost_usd"] is None
    assert report["ledger"]["by_source"]["recorded"] == {"sessions": 43, "total_tokens": 0, "cost_usd": None}
    assert [row["cost_usd"] for row in report["cost_by_model"]] == [2.0, None]
    assert {week["cost_usd"] for week in report["weekly"]} == {None}


def test_negative_costs_are_unknown_and_cost_no_other_call_its_own(store: ProdLensStore) -> None:
    """Calls with a negative cost are unpriced; the report fits its schema, and what the others cost stands."""
    store.insert_sessions([call(f"5-{day:02}", cost_usd=-5.0, model="m", pull_request=7) for day in range(1, 22)])
    store.insert_sessions([call("5-02", cost_usd=2.0, model="m", pull_request=7)])
    report = report_on(store)
    assert report["cost_metrics"]["total_session_cost_usd"] == 2.0
    assert report["ledger"]["by_source"]["unpriced"]["sessions"] == 21
    assert [row["cost_usd"] for row in report["pull_request_costs"]["pull_requests"]] == [2.0]
