"""How much of the input a cache served, and what that saved."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.rendering import render_markdown
from tests.metrics.situations import call, report_on

if TYPE_CHECKING:
    from prodlens.storage import ProdLensStore


def test_the_share_is_over_calls_whose_source_says_it(store: ProdLensStore) -> None:
    """Claude Sonnet 4.5 reads a cached token for $0.30 a million instead of $3: 800,000 of them save $2.16."""
    claude = {"model": "claude-sonnet-4-5", "provider": "anthropic"}
    store.insert_sessions(
        [
            call("5-01", tokens_in=500_000, cache_read_tokens=300_000, **claude),
            # This source leaves the cached tokens out of its input.
            call("5-02", tokens_in=100_000, cache_read_tokens=500_000, **claude),
            call("5-02", tokens_in=900_000, **claude),
            call("5-03", tokens_in=400_000, cache_read_tokens=0, model="in-house/coder"),
            call("4-01", tokens_in=400_000, cache_read_tokens=400_000, **claude),
        ]
    )
    report = report_on(store, until=date(2026, 6, 1))
    cache = report["cache"]
    assert (cache["sessions"], cache["input_tokens"], cache["cache_read_tokens"]) == (3, 1_500_000, 800_000)
    assert cache["share"] == pytest.approx(8 / 15)
    assert cache["saved_usd"] == pytest.approx(0.8 * (3 - 0.3))
    assert [(row["model"], row["share"], row["saved_usd"] is None) for row in cache["by_model"]] == [
        ("claude-sonnet-4-5", pytest.approx(8 / 11), False),
        ("in-house/coder", 0.0, True),
    ]
    text = render_markdown(report)
    assert (
        "53.3% of 1,500,000 input tokens were read from a cache, which saved at least &#36;2.16 at list prices" in text
    )
    assert "Saved at list prices |" in text


def test_without_cached_tokens_nothing_is_said_of_a_cache(store: ProdLensStore) -> None:
    """Where no source says what was cached, there is no share, no saving and no column."""
    store.insert_sessions([call("5-01", tokens_in=5, model="gpt-5")])
    report = report_on(store)
    assert (report["cache"]["share"], report["cache"]["saved_usd"], report["cache"]["by_model"]) == (None, None, [])
    assert (report["cache"]["by_source"], report["cache"]["could_save"]) == ([], [])
    assert "cache" not in render_markdown(report).split("### Cost by model")[1].split("###")[0]


def cached_calls(source: str, calls: int, cached: int) -> list[dict[str, Any]]:
    """Return calls of 10,000 input tokens each, so many of them read from a cache."""
    priced = {"model": "claude-sonnet-4-5", "provider": "anthropic", "tokens_in": 10_000}
    return [call("5-01", source=source, cache_read_tokens=cached, cost_usd=0.01, **priced) for _ in range(calls)]


def test_each_tool_has_its_share(store: ProdLensStore) -> None:
    """Each source has the share of its own calls; one that reads less on the same model could save the difference."""
    store.insert_sessions([*cached_calls("codex", 100, 2_000), *cached_calls("claude-code", 100, 9_000)])
    report = report_on(store)
    assert [(row["source"], row["share"]) for row in report["cache"]["by_source"]] == [
        ("claude-code", 0.9),
        ("codex", 0.2),
    ]
    (found,) = report["cache"]["could_save"]
    assert (found["source"], found["better_source"], found["share"]) == ("codex", "claude-code", 0.2)
    # 0.7 of a million tokens at $3 instead of $0.30.
    assert found["saving_usd"] == pytest.approx(0.7 * 2.7)
    text = render_markdown(report)
    assert "| Codex | 100 | 1,000,000 | 20.0% | &#36;0.54 |" in text
    assert (
        "| `claude-sonnet-4-5` | Codex reads 20.0% of its input from a cache, Claude Code 90.0% | up to &#36;1.89 |"
        in text
    )
    assert "Savings are at list prices and at most so much" in text


@pytest.mark.parametrize(
    ("calls", "cached", "changes"),
    [(99, 2_000, {}), (100, 8_001, {}), (100, 2_000, {"model": "in-house/coder"}), (100, 2_000, {"source": None})],
)
def test_what_is_too_little_to_compare(store: ProdLensStore, calls: int, cached: int, changes: dict[str, Any]) -> None:
    """Few calls, shares close together, a model without a price and calls of no known tool promise no saving."""
    store.insert_sessions(
        [
            {**row, **changes}
            for row in [*cached_calls("codex", calls, cached), *cached_calls("claude-code", 100, 9_000)]
        ]
    )
    assert report_on(store)["cache"]["could_save"] == []
