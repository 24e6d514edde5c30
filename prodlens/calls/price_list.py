"""The list of prices that genai-prices brings along: which model a name means, and what it costs at a moment.

Nothing is ever fetched. The library and its list load with the first look-up.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from prodlens.calls.rates import PriceCard, Rates

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from decimal import Decimal

    from genai_prices.types import ModelInfo, ModelPrice

# Names of providers that genai-prices knows under another one, or would take for another one's.
_PROVIDER_NAMES = {
    "azure_ai": "azure",
    "azure.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "az": "azure",
    "x_ai": "x-ai",
    "xai": "x-ai",
    "gcp": "google",
    "amazon-bedrock": "bedrock",
    "github_copilot": "github-copilot",
}
# Routers serve everybody's models: the name's own prefix says whose this is.
_ROUTERS = frozenset({"litellm", "litellm_proxy", "proxy", "custom", "custom_openai"})
# Programs that run a model on one's own machine: its maker's price says nothing there.
_LOCAL = frozenset({"ollama", "ollama_chat", "lm_studio", "llamafile", "docker_model_runner", "vllm", "hosted_vllm"})
# Services that resell the models of others, as a prefix of the name too.
_GATEWAYS = frozenset({"github", "github_copilot", "copilot", "openrouter", "azure", "azure_ai", "gateway"})
_GATEWAYS |= {"vercel_ai_gateway", "cloudflare", "portkey", "helicone"}
_BEDROCK_NAME = re.compile(r"(?:[a-z]{2,6}\.)?(?:anthropic|amazon|meta|mistral|cohere|deepseek|ai21|openai|qwen)\.")
# How the list names what changes a price; the same word is a speed for one service and a tier for another.
_CONTEXTS = {
    "fast": {"speed": "fast", "service_tier": "fast"},
    "priority": {"service_tier": "priority"},
    "flex": {"service_tier": "flex"},
    "batch": {"processing": "batch"},
}


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model of the price list.

    Attributes:
        info: The list's entry.
        by_maker: Whether the entry is that of the model's maker, while somebody else served the model.
    """

    info: ModelInfo
    by_maker: bool = False


@lru_cache(maxsize=4096)
def find_model(model: str, provider: str | None) -> ListedModel | None:
    """Return the entry of a model, None when the list has none.

    Args:
        model: As the source writes it, a provider prefix included.
        provider: Who served it, where the source says so. A service that the list does not know, or that it does not
            know to serve this model, leads to the entry of the model's maker.
    """
    name, by = model.strip(), (provider or "").strip().lower()
    prefix = name.partition("/")[0].lower()
    if (not by or by in _ROUTERS) and prefix in _LOCAL | _GATEWAYS:
        by = prefix
    for candidate, listed_as in _candidates(name, by):
        if (info := _look_up(candidate, listed_as)) is not None:
            return ListedModel(info)
    if by in _LOCAL or by in _ROUTERS or not by:
        return None
    info = _makers_entry(name)
    return None if info is None else ListedModel(info, by_maker=True)


_MOST_PREFIXES = 4  # a region and a service are two


@lru_cache(maxsize=4096)
def model_name(model: str) -> str:
    """Return the one name that reports use for a model, however a source writes it.

    The list decides which names are one model: the name is the id of its maker's entry, found by what is left of the
    given name behind the prefixes of services and regions. A name that the list does not know stands as it is.
    """
    info = _makers_entry(model.strip())
    return model if info is None else info.id


@lru_cache(maxsize=4096)
def maker_name(model: str) -> str | None:
    """Return who makes a model, as the list names them; None for a model that the list does not know."""
    from genai_prices import Usage, calc_price

    for tail in _tails(model.strip()):
        with suppress(LookupError):
            return calc_price(Usage(), tail).provider.name
    return None


def _makers_entry(name: str) -> ModelInfo | None:
    return next((info for tail in _tails(name) if (info := _look_up(tail, None)) is not None), None)


def _tails(name: str) -> Iterator[str]:
    """Yield a name and what is left of it behind each prefix; a name for people is written as ids are."""
    name = name.lower().replace(" ", "-")
    yield name
    name = name.rpartition("/")[2]
    yield name
    for _ in range(_MOST_PREFIXES):
        name = name.partition(".")[2]
        if name[:1].isalpha():  # the dot of a version is not a prefix
            yield name


def _look_up(name: str, provider: str | None) -> ModelInfo | None:
    from genai_prices import Usage, calc_price

    try:
        return calc_price(Usage(), name, provider_id=provider).model
    except LookupError:
        return None


def _candidates(name: str, provider: str) -> Iterator[tuple[str, str | None]]:
    """Yield (name, provider) to look up; a provider that the record names is the only one asked."""
    prefix, _, rest = name.partition("/")
    if provider and provider not in _ROUTERS:
        by = _PROVIDER_NAMES.get(provider, provider)
        service = by.partition(".")[0]  # "openai.responses" is a part of "openai"
        for listed_as in (by, _PROVIDER_NAMES.get(service, service)):
            yield name, listed_as
            if rest:
                yield rest, listed_as
        return
    if rest:
        yield rest, _PROVIDER_NAMES.get(prefix.lower(), prefix)
        yield rest, None
    elif _BEDROCK_NAME.match(name):
        yield name, "bedrock"
    yield name, None


def listed_card(info: ModelInfo, at: datetime, modifier: str | None = None) -> tuple[PriceCard | None, bool]:
    """Return the price of an entry at a moment, and whether it takes the modifier in.

    Args:
        info: The entry.
        at: When the call was made, in UTC.
        modifier: ``price_modifier`` of the call.
    """
    standard = info.get_prices(at)
    if modifier is None:
        return _card(standard), True
    modified = info.get_prices(at, _CONTEXTS.get(modifier, {}))
    if modified == standard:
        return _card(standard), False
    return _modified_card(repr(modified), info, at, modifier), True


def price_changes_in_a_day(model: str, provider: str | None) -> bool:
    """Return whether the model's price depends on the time of day, so that a day has more than one."""
    from genai_prices.types import ModelPrice, TimeOfDateConstraint

    found = find_model(model, provider)
    if found is None or isinstance(found.info.prices, ModelPrice):
        return False
    return any(isinstance(price.constraint, TimeOfDateConstraint) for price in found.info.prices)


# By identity, since a price list cannot be a dictionary key. It is kept beside its card, so that its id is not reused.
_cards: dict[int, tuple[ModelPrice, PriceCard | None]] = {}
_modified: dict[str, PriceCard | None] = {}


def _card(prices: ModelPrice) -> PriceCard | None:
    if id(prices) not in _cards:
        _cards[id(prices)] = (prices, _made_card(prices))
    return _cards[id(prices)][1]


def _modified_card(key: str, info: ModelInfo, at: datetime, modifier: str) -> PriceCard | None:
    """Return the card of prices that the library makes anew for each call; their text tells them apart."""
    if key not in _modified:
        _modified[key] = _made_card(info.get_prices(at, _CONTEXTS[modifier]))
    return _modified[key]


def _made_card(prices: ModelPrice) -> PriceCard | None:
    from genai_prices.types import TieredPrices

    known = {name: price for name, price in vars(prices).items() if price is not None}
    if not {"input_mtok", "output_mtok"} & known.keys():
        return None
    starts = {tier.start for price in known.values() if isinstance(price, TieredPrices) for tier in price.tiers}
    return PriceCard(tuple((start, _probed(prices, start)) for start in sorted({-1, *starts}, reverse=True)))


def _probed(prices: ModelPrice, start: int) -> Rates:
    """Ask the library what one token more of each kind costs just above the start of a tier."""
    from genai_prices import Usage

    tokens = max(start, 0) + 10

    def cost(more: int = 0, **usage: int) -> Decimal:
        return prices.calc_price(Usage(input_tokens=tokens + more, **usage))["total_price"]

    base = cost()
    plain = cost(more=1) - base
    searches = getattr(prices, "web_searches_kcount", None)
    return Rates(
        plain=float(plain),
        output=float(cost(output_tokens=1) - base),
        cache_read=float(cost(cache_read_tokens=1) - base + plain),
        cache_write=float(cost(cache_write_tokens=1) - base + plain),
        cache_write_1h=float(cost(cache_write_tokens=1, cache_write_1h_tokens=1) - base + plain),
        reasoning=float(cost(output_tokens=1, output_reasoning_tokens=1) - base),
        request=float(base - plain * tokens),
        web_search=None if searches is None else float(cost(web_searches=1) - base),
    )
