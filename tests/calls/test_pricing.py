"""Prices against genai-prices' own calculation."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from genai_prices import Usage, calc_price
from genai_prices.data import providers
from hypothesis import given
from hypothesis import strategies as st

from prodlens.calls.pricing import PriceCard, Rates, call_cost, price_card, price_changes_in_a_day, priced
from prodlens.schemas import CanonicalTrace

AT = datetime(2026, 5, 1, tzinfo=UTC)
MODELS = [(provider.id, model.id) for provider in providers for model in provider.models]
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001 - UTC is set behind


@given(
    st.sampled_from(MODELS),
    MOMENTS,
    st.integers(0, 600_000),
    st.integers(0, 100_000),
    st.tuples(*[st.floats(0, 1)] * 4),
)
def test_costs_are_those_of_the_library(
    model: tuple[str, str], at: datetime, tokens_in: int, tokens_out: int, shares: tuple[float, ...]
) -> None:
    """For any model, day and counts, tiers and caches included, the cost equals the library's own calculation."""
    provider, name = model
    cache_read = int(tokens_in * shares[0])
    cache_write = int((tokens_in - cache_read) * shares[1])
    counts = {
        "cache_read": cache_read,
        "cache_write": cache_write,
        "cache_write_1h": int(cache_write * shares[2]),
        "reasoning": int(tokens_out * shares[3]),
    }
    try:
        theirs = calc_price(
            Usage(
                input_tokens=tokens_in,
                output_tokens=tokens_out,
                cache_read_tokens=counts["cache_read"],
                cache_write_tokens=counts["cache_write"],
                cache_write_1h_tokens=counts["cache_write_1h"],
                output_reasoning_tokens=counts["reasoning"],
            ),
            name,
            provider_id=provider,
            genai_request_timestamp=at,
        )
    except LookupError:  # a few models cannot be found by their own id
        return
    card = price_card(name, provider, at)
    if card is None:  # priced by hours, pages or pixels: tokens alone say nothing
        assert theirs.model_price.input_mtok is None
        assert theirs.model_price.output_mtok is None
        return
    assert call_cost(card, tokens_in, tokens_out, **counts) == pytest.approx(
        float(theirs.total_price), rel=1e-9, abs=1e-12
    )


@pytest.mark.parametrize(
    ("model", "provider", "dollars_a_million"),
    [
        ("claude-3-sonnet", None, (3, 15)),
        ("anthropic/claude-3-sonnet", None, (3, 15)),
        ("anthropic/claude-3-5-sonnet-20241022", "anthropic", (3, 15)),
        ("openai/gpt-4o", "openai", (2.5, 10)),
        ("gpt-4o-mini", "litellm", (0.15, 0.6)),
        ("gemini/gemini-2.5-pro", None, (1.25, 10)),
        ("vertex_ai/gemini-2.5-pro", "vertex_ai", (1.25, 10)),
        ("bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0", "bedrock", (3.3, 16.5)),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", None, (3.3, 16.5)),
        ("anthropic/claude-sonnet-4", "openrouter", (3, 15)),
        ("gpt-4o", "azure.ai.openai", (2.5, 10)),
    ],
)
def test_names_as_programs_write_them(model: str, provider: str | None, dollars_a_million: tuple[float, float]) -> None:
    """Prefixes, routers and regions lead to the published price of the model."""
    card = price_card(model, provider, AT)
    assert card is not None
    assert (call_cost(card, 100_000, 0), call_cost(card, 0, 1_000_000)) == pytest.approx(
        (dollars_a_million[0] / 10, dollars_a_million[1])
    )


@pytest.mark.parametrize(
    ("model", "provider"),
    [("unknown-v9", None), ("llama3", "ollama"), ("team-coder", "openai"), ("", None), ("x/", "")],
)
def test_no_price_is_invented(model: str, provider: str | None) -> None:
    """A model that has no published price, or is served by somebody unknown, has no price."""
    assert price_card(model, provider, AT) is None


def test_the_price_is_that_of_the_day() -> None:
    """O3 cost 10 dollars a million before its price was cut in June 2025, and 2 afterwards."""
    before, after = (price_card("o3", None, datetime(2025, month, 1, tzinfo=UTC)) for month in (5, 9))
    assert before is not None
    assert after is not None
    assert (call_cost(before, 1_000_000, 0), call_cost(after, 1_000_000, 0)) == (10, 2)


def test_cached_tokens_left_out_of_the_input_are_added() -> None:
    """Where the cache exceeds the input, the source left it out: both are priced."""
    card = price_card("claude-3-5-sonnet", "anthropic", AT)
    assert card is not None
    assert call_cost(card, 10, 0, cache_read=100) == call_cost(card, 110, 0, cache_read=100)


def trace(**changes: object) -> dict[str, object]:
    """Return the row of a call with a known price."""
    values: dict[str, object] = {
        "model": "gpt-4o",
        "tokens_in": 10,
        "tokens_out": 5,
        "latency_ms": 0,
        "status_code": 200,
    }
    fixed = {"session_id": None, "developer_id": None, "timestamp": AT, "accepted_flag": False}
    return CanonicalTrace(**{**fixed, **values, **changes}).to_record()  # type: ignore[arg-type]


def test_a_recorded_cost_stands() -> None:
    """What the source recorded is kept; otherwise the cost is computed; without tokens or price it is unknown."""
    assert priced(trace(cost_usd=7.0, cost_source="recorded"))["cost_usd"] == 7.0
    assert priced(trace())["cost_source"] == "computed"
    for unknown in (priced(trace(tokens_in=0, tokens_out=0)), priced(trace(model=None)), priced(trace(model="zzz"))):
        assert (unknown["cost_usd"], unknown["cost_source"]) == (None, None)


@pytest.mark.parametrize(
    ("tokens_in", "tokens_out", "dollars"),
    [
        (199_999, 0, 0.24999875),
        (200_000, 0, 0.25),
        (200_001, 0, 0.5000025),
        (200_000, 1, 0.25001),
        (200_001, 1, 0.5000175),
    ],
)
def test_exactly_at_the_start_of_a_tier_the_lower_price_holds(tokens_in: int, tokens_out: int, dollars: float) -> None:
    """Gemini 2.5 Pro costs 1.25 and 10 dollars a million up to 200,000 input tokens, above them 2.50 and 15."""
    card = price_card("gemini-2.5-pro", None, AT)
    assert card is not None
    assert call_cost(card, tokens_in, tokens_out) == pytest.approx(dollars, rel=1e-12)


def test_a_tier_begins_above_its_start() -> None:
    """With tiers above 10 and 20 input tokens, 10 and 20 are still of the tier below."""
    low, middle, high = (Rates(price, 0, 0, 0, 0, 0, 0) for price in (1.0, 2.0, 3.0))
    card = PriceCard(((20, high), (10, middle), (-1, low)))
    assert [card.rates(tokens).plain for tokens in (0, 10, 11, 20, 21)] == [1.0, 1.0, 2.0, 2.0, 3.0]


SONAR = {"model": "sonar-deep-research", "provider": "perplexity"}  # reasoning costs 3 dollars a million, output 8


@pytest.mark.parametrize(
    ("call", "dollars"),
    [
        ({"model": "gpt-4o", "tokens_in": 1000, "tokens_out": 1000}, 0.0125),
        ({"model": "gpt-4o", "tokens_in": 1000, "tokens_out": 0}, 0.0025),
        ({"model": "o3", "timestamp": datetime(2025, 5, 1, tzinfo=UTC), "tokens_in": 1000, "tokens_out": 0}, 0.01),
        ({"model": "o3", "tokens_in": 1000, "tokens_out": 0}, 0.002),
        (
            {"model": "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "provider": "bedrock", "tokens_in": 1000},
            0.0033 + 5 * 16.5e-6,
        ),
        (
            {
                "model": "claude-sonnet-4-5",
                "tokens_in": 1000,
                "tokens_out": 100,
                "cache_read_tokens": 400,
                "cache_write_tokens": 200,
                "cache_write_1h_tokens": 50,
            },
            400 * 3e-6 + 400 * 0.3e-6 + 150 * 3.75e-6 + 50 * 6e-6 + 100 * 15e-6,
        ),
        (
            {
                "model": "sonar-deep-research",
                "provider": "perplexity",
                "tokens_in": 1000,
                "tokens_out": 100,
                "reasoning_tokens": 40,
            },
            1000 * 2e-6 + 60 * 8e-6 + 40 * 3e-6,
        ),
        (
            {"model": "sonar-deep-research", "provider": "perplexity", "tokens_in": 1000, "tokens_out": 100},
            1000 * 2e-6 + 100 * 8e-6,
        ),
        ({"model": "text-embedding-3-small", "provider": "openai", "tokens_in": 1000, "tokens_out": 0}, 0.00002),
    ],
    ids=lambda value: str(value.get("model")) if isinstance(value, dict) else "",
)
def test_a_row_is_priced_by_all_its_tokens_on_its_day(call: dict[str, object], dollars: float) -> None:
    """Model, provider, day, both sides, cache reads, cache writes of both kinds and reasoning make the cost."""
    row = priced(trace(**call))
    assert (row["cost_usd"], row["cost_source"]) == (pytest.approx(dollars, rel=1e-9), "computed")


def test_a_provider_that_does_not_serve_the_model_has_no_price_for_it() -> None:
    """What a local server calls gpt-4o does not cost what OpenAI's costs."""
    assert priced(trace(provider="ollama"))["cost_usd"] is None


@pytest.mark.parametrize(
    ("model", "changes"), [("deepseek-chat", True), ("o3", False), ("gpt-4o", False), ("unknown-v9", False)]
)
def test_prices_by_the_time_of_day(model: str, changes: bool) -> None:
    """DeepSeek's prices depend on the hour; one that changed once, one that never did and one unknown do not."""
    assert price_changes_in_a_day(model, None) is changes


def test_a_model_without_a_price_of_tokens_has_no_card() -> None:
    """A model that is listed without any price costs nothing that is known."""
    assert price_card("phi-4-reasoning:free", "azure", AT) is None


@pytest.mark.parametrize(
    ("model", "provider", "caveat"),
    [
        ("claude-sonnet-4.6", "github", "maker's price"),
        ("github/claude-sonnet-4.6", None, "maker's price"),
        ("claude-sonnet-4-6", "openrouter", "maker's price"),
        ("anthropic/claude-sonnet-4.6", "vercel_ai_gateway", "maker's price"),
        ("anthropic/claude-sonnet-4.6", None, None),
    ],
)
def test_a_gateway_falls_back_to_the_price_of_the_maker(model: str, provider: str | None, caveat: str | None) -> None:
    """Three and 15 dollars are what Anthropic asks; that somebody else served the model is said beside it."""
    card = price_card(model, provider, AT)
    assert card is not None
    assert (call_cost(card, 100_000, 0), call_cost(card, 0, 1_000_000)) == pytest.approx((0.3, 15))
    assert card.caveat == caveat


def test_a_model_on_ones_own_machine_has_no_price() -> None:
    """What runs under ollama costs nothing that a list could say, whoever made the model."""
    assert price_card("ollama/llama-3.3-70b", None, AT) is None
    assert price_card("gpt-oss-20b", "lm_studio", AT) is None


def test_cached_tokens_are_a_part_of_the_input_up_to_all_of_it() -> None:
    """Input that is all cached holds no plain token; only where the cache exceeds it was the cache left out."""
    card = PriceCard(((-1, Rates(1.0, 10.0, 0.25, 2.0, 4.0, 20.0, 0.0)),))
    assert call_cost(card, 100, 0, cache_read=60, cache_write=40) == 60 * 0.25 + 40 * 2.0
    assert call_cost(card, 100, 0, cache_read=60, cache_write=41) == 100 + 60 * 0.25 + 41 * 2.0
    assert call_cost(card, 100, 1, cache_write=10) == 90 + 10 * 2.0 + 10.0
    assert call_cost(card, 100, 1, cache_write=10, cache_write_1h=4, reasoning=1) == 90 + 6 * 2.0 + 4 * 4.0 + 20.0
