"""Which model of the price list a name means, and what modifiers do to its price: literal prices."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from genai_prices.types import ModelPrice, Tier, TieredPrices

from prodlens.calls.price_list import _made_card, _tails, find_model, maker_name, model_name, price_changes_in_a_day
from prodlens.calls.pricing import MAKERS_PRICE, WITHOUT_MODIFIER, price_card, priced
from prodlens.schemas import CanonicalTrace
from tests.statistics.results import like, plain

NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("claude-3-sonnet", "claude-3-sonnet"),
        ("anthropic/Claude 3.5 Sonnet", "claude-3-5-sonnet"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
        ("bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
        (" GPT-4o ", "gpt-4o"),
        ("gpt-4.1", "gpt-4.1"),
        ("Team Coder/v9", "Team Coder/v9"),
    ],
)
def test_a_model_has_one_name(model: str, name: str) -> None:
    """Prefixes, regions, versions, capitals and names for people lead to one name; an unknown model keeps its own."""
    assert model_name(model) == name


def test_what_is_left_of_a_name_behind_each_prefix() -> None:
    """Services and regions are prefixes, the dot of a version is not; names for people are written as ids are."""
    assert list(_tails("Bedrock/us.Anthropic.claude-3.5 x")) == [
        "bedrock/us.anthropic.claude-3.5-x",
        "us.anthropic.claude-3.5-x",
        "anthropic.claude-3.5-x",
        "claude-3.5-x",
    ]
    assert list(_tails("openai.o3-mini")) == ["openai.o3-mini", "openai.o3-mini", "o3-mini"]


def test_who_serves_a_model_decides_whether_its_price_changes_in_a_day() -> None:
    """DeepSeek's own prices depend on the hour; on one's own machine no price could."""
    assert price_changes_in_a_day("deepseek-chat", "deepseek")
    assert not price_changes_in_a_day("deepseek-chat", "ollama")
    assert not price_changes_in_a_day("gpt-4o", "openai")
    assert not price_changes_in_a_day("team-coder", None)


@pytest.mark.parametrize(
    ("model", "provider", "found"),
    [
        ("gpt-4o", None, ("gpt-4o", False)),
        ("gpt-4o", "litellm", ("gpt-4o", False)),
        ("gpt-4o", "azure_ai", ("gpt-4o", False)),
        ("gpt-4o", "openai.responses", ("gpt-4o", False)),
        ("openai/gpt-4o", "az.responses", ("gpt-4o", False)),
        ("gpt-4o", "some-host", ("gpt-4o", True)),
        ("claude-sonnet-4-5", "openai", ("claude-sonnet-4-5", True)),
        ("gpt-4o", "ollama", None),
        ("team-coder", "some-host", None),
        ("team-coder", None, None),
        (" gpt-4o ", " Azure ", ("gpt-4o", False)),
        ("Azure/gpt-4o", None, ("gpt-4o", False)),
        ("XAI/grok-3", None, ("grok-3", False)),
        ("xai/grok-3", "litellm_proxy", ("grok-3", False)),
        ("gpt-4o", "Az.Responses", ("gpt-4o", False)),
        ("Ollama/gpt-4o", None, None),
        ("ollama/gpt-4o", "litellm", None),
        ("vercel_ai_gateway/gpt-4o", None, ("gpt-4o", True)),
        ("gpt-4o", "some.host", ("gpt-4o", True)),
        ("gpt-4o", "az.responses.v1", ("gpt-4o", False)),
        ("avian/Meta-Llama-3.3-70B-Instruct", None, ("Meta-Llama-3.3-70B-Instruct", False)),
        ("Amazon-Bedrock/amazon.nova-pro-v1:0", None, ("amazon.nova-pro-v1:0", False)),
        ("eu.amazon.nova-pro-v1:0", None, ("amazon.nova-pro-v1:0", False)),
        (
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            None,
            ("regional.anthropic.claude-sonnet-4-5-20250929-v1:0", False),
        ),
    ],
)
def test_who_served_a_model_decides_the_entry(model: str, provider: str | None, found: tuple[str, bool] | None) -> None:
    """A service that the list does not know leads to the maker's entry; a program on one's own machine to none."""
    entry = find_model(model, provider)
    assert (entry and (entry.info.id, entry.by_maker)) == found


def test_every_rate_of_a_price_with_tiers() -> None:
    """Dollars a million tokens, a thousand requests and a thousand searches; above 1,000 tokens input costs twice."""
    given: dict[str, Decimal | TieredPrices | None] = {
        "input_mtok": TieredPrices(base=Decimal(2), tiers=[Tier(start=1000, price=Decimal(4))]),
        "output_mtok": Decimal(10),
        "cache_read_mtok": Decimal("0.5"),
        "cache_write_mtok": Decimal(3),
        "cache_write_1h_mtok": Decimal(6),
        "output_reasoning_mtok": Decimal(12),
        "requests_kcount": Decimal(5),
        "web_searches_kcount": Decimal(10),
    }
    rest = (1e-5, 5e-7, 3e-6, 6e-6, 1.2e-5, 0.005, 0.01)
    card = _made_card(ModelPrice(**given))
    assert plain(card) == like(((1000, (4e-6, *rest)), (-1, (2e-6, *rest))), None, False)
    assert card is not None
    assert [card.rates(tokens).plain for tokens in (1000, 1001)] == pytest.approx([2e-6, 4e-6])


def test_what_a_price_leaves_out() -> None:
    """Cached input costs as other input, an hour in a cache as the usual time, thinking as output; no search price."""
    card = _made_card(ModelPrice(input_mtok=Decimal(2), output_mtok=Decimal(10), cache_write_mtok=Decimal(3)))
    assert plain(card) == like(((-1, (2e-6, 1e-5, 2e-6, 3e-6, 3e-6, 1e-5, 0.0, None)),), None, False)


@pytest.mark.parametrize(
    ("given", "is_a_price"),
    [({"input_mtok": 1}, True), ({"output_mtok": 1}, True), ({"requests_kcount": 1}, False), ({}, False)],
)
def test_a_price_is_one_of_input_or_output(given: dict[str, int], is_a_price: bool) -> None:
    """What is charged by the request alone is not the price of a model that reads and writes."""
    prices = ModelPrice(**{name: Decimal(price) for name, price in given.items()}, cache_read_mtok=None)
    assert (_made_card(prices) is not None) == is_a_price


@pytest.mark.parametrize(
    ("model", "modifier", "caveat", "plain_rate", "output"),
    [
        ("gpt-5", None, None, 1.25e-6, 10e-6),
        ("gpt-5", "flex", None, 0.625e-6, 5e-6),
        ("gpt-4.1", "priority", None, 3.5e-6, 14e-6),
        ("claude-opus-4-8", "fast", None, 10e-6, 50e-6),
        ("claude-opus-4-8", None, None, 5e-6, 25e-6),
        ("claude-opus-4-8", "batch", None, 2.5e-6, 12.5e-6),
        ("gpt-4o", "fast", None, 4.25e-6, 17e-6),
        ("gpt-4o", "of tomorrow", WITHOUT_MODIFIER, 2.5e-6, 10e-6),
    ],
)
def test_modifiers_change_the_price_or_say_that_they_do_not(
    model: str, modifier: str | None, caveat: str | None, plain_rate: float, output: float
) -> None:
    """A speed or tier that the list prices is priced so; another one leaves the price, with a caveat."""
    card = price_card(model, None, NOVEMBER, modifier)
    assert card is not None
    assert (card.caveat, card.own) == (caveat, False)
    assert (card.rates(1).plain, card.rates(1).output) == pytest.approx((plain_rate, output), rel=1e-9)


def test_modified_prices_of_two_models_are_kept_apart() -> None:
    """What is remembered of one model's fast price is not another one's."""
    found = [price_card(model, None, NOVEMBER, "fast") for model in ("claude-opus-4-8", "gpt-4o")]
    assert [card and card.rates(1).output for card in found] == pytest.approx([50e-6, 17e-6], rel=1e-9)


@pytest.mark.parametrize(("modifier", "caveat"), [(None, MAKERS_PRICE), ("of tomorrow", WITHOUT_MODIFIER)])
def test_the_makers_price_says_so(modifier: str | None, caveat: str) -> None:
    """Where somebody else served the model, its maker's price stands with that caveat, or the modifier's."""
    card = price_card("gpt-4o", "some-host", NOVEMBER, modifier)
    assert card is not None
    assert (card.caveat, card.rates(1).plain) == (caveat, 2.5e-6)


def row(**changes: object) -> dict[str, object]:
    """Return the row of a call."""
    given: dict[str, object] = {"session_id": None, "developer_id": None, "timestamp": NOVEMBER, "model": "gpt-4o"}
    counts: dict[str, object] = {"tokens_in": 1000, "tokens_out": 100, "latency_ms": 0, "status_code": 200}
    return CanonicalTrace(**{**given, **counts, "accepted_flag": False, **changes}).to_record()  # type: ignore[arg-type] # made up


@pytest.mark.parametrize(
    ("changes", "cost", "source", "caveat"),
    [
        ({}, 0.0035, "computed", None),
        ({"web_searches": 2}, 0.0235, "computed", None),
        ({"price_modifier": "fast"}, 0.00595, "computed", None),
        ({"price_modifier": "of tomorrow"}, 0.0035, "computed", WITHOUT_MODIFIER),
        ({"provider": "some-host"}, 0.0035, "computed", MAKERS_PRICE),
        ({"model": "sonar", "provider": "perplexity"}, 0.0131, "computed", None),
        ({"model": "sonar", "provider": "perplexity", "web_searches": 1}, 0.0131, "computed", WITHOUT_MODIFIER),
        ({"model": "team-coder", "price_caveat": "stale"}, None, None, None),
        ({"tokens_in": 0, "tokens_out": 0, "cost_usd": 1.0, "cost_source": "computed"}, None, None, None),
        ({"cost_usd": 7.0, "cost_source": "recorded", "price_caveat": "stale"}, 7.0, "recorded", None),
        ({"cost_usd": 7.0, "cost_source": "recorded"}, 7.0, "recorded", None),
        ({"cost_usd": 7.0, "cost_source": "own-price", "price_caveat": "stale"}, 0.0035, "computed", None),
    ],
)
def test_cost_source_and_caveat_of_a_row(
    changes: dict[str, object], cost: float | None, source: str | None, caveat: str | None
) -> None:
    """Searches are paid for where a price is known, and a caveat where it is not; a recorded cost has no caveat."""
    found = priced(row(**changes))
    assert (found["cost_usd"], found["cost_source"], found["price_caveat"]) == (
        None if cost is None else pytest.approx(cost, rel=1e-9),
        source,
        caveat,
    )


@pytest.mark.parametrize(
    ("model", "maker"), [("eu.anthropic.claude-sonnet-4-5", "Anthropic"), ("gpt-4o", "OpenAI"), ("in-house", None)]
)
def test_the_list_names_the_maker_of_a_model(model: str, maker: str | None) -> None:
    """Whoever serves a model, its maker is the one that the list has it from; of an unknown model nobody is."""
    assert maker_name(model) == maker
