"""The ledger as a FOCUS dataset."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.metrics import FOCUS_COLUMNS, focus_ledger, focus_parquet, focus_rows, ledger
from prodlens.storage import ProdLensStore
from tests.metrics.focus_rules import FURTHER, MANDATORY, check_row
from tests.metrics.situations import REPO, call, pull

SONNET = {"model": "claude-sonnet-4-5", "provider": "anthropic"}


def rows_of(calls: list[dict[str, Any]], pulls: list[dict[str, Any]] | None = None, **options: Any) -> list[Any]:
    """Return the rows that the calls of a store give."""
    with ProdLensStore(":memory:") as store:
        store.insert_sessions(calls)
        store.insert_pull_requests(pulls or [])
        return list(focus_rows(focus_ledger(store.conn, REPO, **options), REPO))


def as_texts(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as CSV has it."""
    texts = {name: f"{value:f}" if isinstance(value, Decimal) else value for name, value in row.items()}
    return {name: str(value) if isinstance(value, int) else value for name, value in texts.items()}


def test_a_call_at_the_list_price_is_split_by_class() -> None:
    """Each class of tokens is a row that costs its tokens at the list price, as billed and as listed."""
    tokens = {"tokens_in": 100_000, "tokens_out": 10_000, "cache_read_tokens": 80_000}
    rows = rows_of([call("5-01", **SONNET, **tokens, cost_usd=0.234, cost_source="computed")])
    assert [(row["SkuMeter"], row["PricingQuantity"], row["BilledCost"], row["ListCost"]) for row in rows] == [
        ("Cache read tokens", 80_000, Decimal("0.024"), Decimal("0.024")),
        ("Input tokens", 20_000, Decimal("0.06"), Decimal("0.06")),
        ("Output tokens", 10_000, Decimal("0.15"), Decimal("0.15")),
    ]


def test_every_count_of_a_call_has_its_class() -> None:
    """Writes for an hour, reasoning and searches are rows of their own; input that leaves the cache out is mended."""
    counts = {"cache_write_tokens": 50, "cache_write_1h_tokens": 20, "cache_read_tokens": 60, "reasoning_tokens": 4}
    made = call("5-01", **SONNET, tokens_in=100, tokens_out=10, web_searches=2, cost_usd=1.0, **counts)
    assert {row["SkuMeter"]: row["PricingQuantity"] for row in rows_of([made])} == {
        "Input tokens": 100,
        "Cache read tokens": 60,
        "Cache write tokens": 30,
        "Cache write tokens, one hour": 20,
        "Output tokens": 6,
        "Reasoning tokens": 4,
        "Web searches": 2,
    }


def test_a_recorded_cost_is_split_in_proportion_to_list_prices() -> None:
    """What was recorded is billed, whatever the list says, and the list cost stands beside it."""
    rows = rows_of([call("5-01", **SONNET, tokens_in=10_000, tokens_out=1_000, cost_usd=0.09)])
    assert [(row["SkuMeter"], row["BilledCost"], row["ListCost"]) for row in rows] == [
        ("Input tokens", Decimal("0.06"), Decimal("0.03")),
        ("Output tokens", Decimal("0.03"), Decimal("0.015")),
    ]
    assert {row["x_CostSource"] for row in rows} == {"recorded"}


@pytest.mark.parametrize(
    ("made", "meter", "quantity", "billed"),
    [
        ({"model": "in-house", "tokens_in": 7, "tokens_out": 3, "total_tokens": 10, "cost_usd": 2.5},
         "All tokens", 10, "2.5"),
        ({"model": None, "total_tokens": 10, "cost_usd": 2.5}, "All tokens", 10, "2.5"),
        ({"model": "in-house", "cost_usd": 0.5}, "Calls", 1, "0.5"),
        ({"model": "in-house", "total_tokens": 10}, "All tokens", 10, "0"),
        ({**SONNET, "web_searches": 1, "tokens_out": 0, "tokens_in": 0, "cost_usd": 0.5}, "Calls", 1, "0.5"),
    ],
)  # fmt: skip
def test_what_has_no_list_price_is_one_row(made: dict[str, Any], meter: str, quantity: int, billed: str) -> None:
    """Without a list price a cost is not split, and the list cost is what was billed; no cost is a cost of 0."""
    (row,) = rows_of([call("5-01", **made)])
    assert (row["SkuMeter"], row["PricingQuantity"], row["ListUnitPrice"]) == (meter, quantity, None)
    assert row["BilledCost"] == row["ListCost"] == Decimal(billed)
    assert ("the cost is not known" in row["ChargeDescription"]) == (made.get("cost_usd") is None)


def test_a_free_listed_model_with_a_bill_is_not_split() -> None:
    """A list price of 0 gives no proportion to split a recorded cost by."""
    free = {"model": "openrouter/meta-llama/llama-3.3-70b-instruct:free", "provider": "openrouter"}
    rows = rows_of([call("5-01", **free, tokens_in=7, tokens_out=3, total_tokens=10, cost_usd=0.25)])
    assert [(row["SkuMeter"], row["BilledCost"]) for row in rows] == [("All tokens", Decimal("0.25"))]


def test_rows_name_repository_and_pull_request() -> None:
    """A call goes to the number that it names, else to its branch; tags say so, and the rest has no tag."""
    calls = [
        call("5-02", cost_usd=1.0, branch="feature"),
        call("5-02", cost_usd=2.0, pull_request=9),
        call("5-02", cost_usd=4.0, repo_slug=None),
        call("5-02", cost_usd=8.0, repo_slug="acme/other"),
    ]
    rows = rows_of(calls, [pull(7, "5-01", "5-03", head_ref="feature", base_ref="main")])
    assert [(row["x_PullRequestNumber"], row["x_Repository"], row["BilledCost"]) for row in rows] == [
        (None, None, Decimal(4)),
        (7, "acme/web", Decimal(1)),
        (9, "acme/web", Decimal(2)),
    ]
    assert [json.loads(row["Tags"]) for row in rows] == [
        {"cost_source": "recorded"},
        {"cost_source": "recorded", "repository": REPO, "pull_request": 7, "pull_request_state": "merged"},
        {"cost_source": "recorded", "repository": REPO, "pull_request": 9, "pull_request_state": "unknown"},
    ]


def test_days_and_months_are_those_of_utc() -> None:
    """A row covers a day, its billing period the month of that day; the end of the calendar has no day after it."""
    days = [call("12-31", cost_usd=1.0), call("5-01", cost_usd=1.0) | {"timestamp": "9999-12-31T12:00:00+00:00"}]
    rows = rows_of(days)
    periods = ("BillingPeriodStart", "ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodEnd")
    assert [[row[name][:10] for name in periods] for row in rows] == [
        ["2026-12-01", "2026-12-31", "2027-01-01", "2027-01-01"],
        ["9999-12-01", "9999-12-31", "9999-12-31", "9999-12-31"],
    ]
    assert len(rows_of(days, since="2026-12-31", until="2027-01-01")) == 1


def test_a_cost_that_cannot_be_true_is_left_out() -> None:
    """A call of 10^300 dollars keeps its tokens, loses its cost, and is counted."""
    with ProdLensStore(":memory:") as store:
        store.insert_sessions([call("5-01", cost_usd=1e300, total_tokens=5), call("5-01", cost_usd=1.0)])
        found = focus_ledger(store.conn, REPO)
    assert found.left_out == 1
    assert sorted(charge.billed for charge in found.charges.values()) == [0, 10**15]


def test_a_price_that_changes_in_a_day_is_that_of_the_moment() -> None:
    """DeepSeek's night price holds at night alone, so a day has rows of two prices."""
    calls = [
        call(f"3-01 {clock}", model="deepseek-chat", provider="deepseek", tokens_in=1000, cost_usd=1.0)
        | {"timestamp": f"2025-03-01T{clock}:00+00:00"}
        for clock in ("10:00", "18:00")
    ]
    assert len({row["ListUnitPrice"] for row in rows_of(calls)}) == 2


CALLS = st.fixed_dictionaries(
    {
        "model": st.sampled_from([None, "", "in-house", "gpt-4o", "claude-sonnet-4-5", "gemini-2.5-pro"]),
        "provider": st.sampled_from([None, "anthropic", "nobody"]),
        "tokens_in": st.integers(0, 400_000),
        "tokens_out": st.integers(0, 10_000),
        "cache_read_tokens": st.none() | st.integers(0, 300_000),
        "cache_write_tokens": st.none() | st.integers(0, 300_000),
        "reasoning_tokens": st.none() | st.integers(0, 20_000),
        "web_searches": st.none() | st.integers(0, 3),
        "cost_usd": st.none() | st.floats(0, 1e6),
        "cost_source": st.sampled_from([None, "recorded", "computed", "own-price"]),
        "repo_slug": st.sampled_from([None, REPO, "acme/other"]),
        "pull_request": st.none() | st.integers(1, 3),
        "price_modifier": st.sampled_from([None, "batch", "fast"]),
        "when": st.sampled_from(["4-30", "5-01", "5-02"]),
    }
)


@given(st.lists(CALLS, max_size=12))
def test_rows_add_up_to_the_ledger_and_keep_the_rules(made: list[dict[str, Any]]) -> None:
    """Whatever the calls are, billed cost and calls are the ledger's to the cent, and each row keeps every rule."""
    with ProdLensStore(":memory:") as store:
        store.insert_sessions([call(**one) for one in made])
        store.insert_pull_requests([pull(2, "5-01")])
        whole = ledger(store.conn, repo=REPO).total
        rows = list(focus_rows(focus_ledger(store.conn, REPO), REPO, "account-1"))
    for row in rows:
        check_row(as_texts(row))
    assert abs(sum((row["BilledCost"] for row in rows), Decimal()) - Decimal(whole.cost_usd or 0)) < Decimal("0.005")
    assert {row["BillingAccountId"] for row in rows} <= {"account-1"}
    table = pq.read_table(io.BytesIO(focus_parquet(rows)))
    assert table.to_pylist() == rows


def test_the_dataset_has_every_mandatory_column_first_and_ours_last() -> None:
    """The columns of the specification come first, mandatory ones all, and our own begin with ``x_``."""
    theirs = [name for name in FOCUS_COLUMNS if not name.startswith("x_")]
    assert set(theirs) == MANDATORY.keys() | FURTHER.keys()
    assert list(FOCUS_COLUMNS)[: len(theirs)] == theirs == sorted(theirs)


def test_parquet_says_which_version_it_is() -> None:
    """The file names the specification's version, and money is decimal and not float."""
    table = pq.read_table(io.BytesIO(focus_parquet(rows_of([call("5-01", cost_usd=0.1)]))))
    assert table.schema.metadata[b"FocusVersion"] == b"1.2"
    assert str(table.schema.field("BilledCost").type) == "decimal128(38, 15)"
    assert table["BilledCost"].to_pylist() == [Decimal("0.1")]
