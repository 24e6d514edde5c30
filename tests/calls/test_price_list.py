"""Which model of the price list a name means, and what modifiers do to its price: literal prices."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from prodlens.calls.price_list import _tails, find_model, maker_name, model_name, price_changes_in_a_day
from prodlens.calls.pricing import MAKERS_PRICE, WITHOUT_MODIFIER, price_card, priced
from prodlens.schemas import CanonicalTrace

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
    ],
)
def test_who_served_a_model_decides_the_entry(model: str, provider: str | None, found: tuple[str, bool] | None) -> None:
    """A service that the list does not know leads to the maker's entry; a program on one's own machine to none."""
    entry = find_model(model, provider)
    assert (entry and (entry.info.id, entry.by_maker)) == found


@pytest.mark.parametrize(
    ("model", "modifier", "caveat", "plain", "output"),
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
    model: str, modifier: str | None, caveat: str | None, plain: float, output: float
) -> None:
    """A speed or tier that the list prices is priced so; another one leaves the price, with a caveat."""
    card = price_card(model, None, NOVEMBER, modifier)
    assert card is not None
    assert (card.caveat, card.own) == (caveat, False)
    assert (card.rates(1).plain, card.rates(1).output) == pytest.approx((plain, output), rel=1e-9)


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
