"""What a call costs at the list price of its day: prices from genai-prices, the arithmetic here.

A price is resolved once a model, provider and price period; what it makes of tokens is linear within a tier, so that
a few probes of the library give rates that hold for every call. Nothing is ever fetched, and no price is invented:
an unknown model costs None. The library and its list load with the first call that has no recorded cost.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from prodlens.schemas import COMPUTED
from prodlens.timestamps import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from decimal import Decimal

    from genai_prices.types import ModelInfo, ModelPrice

    from prodlens.calls.merge import Row

# Names of providers that genai-prices knows under another one, or would take for another one's.
_PROVIDER_NAMES = {"azure_ai": "azure", "azure.ai.openai": "azure", "azure.ai.inference": "azure", "x_ai": "x-ai"}
# Routers serve everybody's models: the name's own prefix says whose this is.
_ROUTERS = frozenset({"litellm", "litellm_proxy", "proxy", "custom", "custom_openai"})
_BEDROCK_NAME = re.compile(r"(?:[a-z]{2,6}\.)?(?:anthropic|amazon|meta|mistral|cohere|deepseek|ai21|openai|qwen)\.")


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars a token within one tier of a price; ``request`` is added once a call.

    ``plain`` is input that is neither read from a cache nor written to one, ``output`` output less reasoning.
    """

    plain: float
    output: float
    cache_read: float
    cache_write: float
    cache_write_1h: float
    reasoning: float
    request: float


@dataclass(frozen=True, slots=True)
class PriceCard:
    """The rates of a model in one price period: (input tokens above which they hold, rates), the highest first."""

    tiers: tuple[tuple[int, Rates], ...]

    def rates(self, tokens_in: int) -> Rates:
        """Return the rates of a call with so many input tokens."""
        for start, rates in self.tiers:
            if tokens_in > start:
                return rates
        return self.tiers[-1][1]


def call_cost(
    card: PriceCard,
    tokens_in: int,
    tokens_out: int,
    *,
    cache_read: int = 0,
    cache_write: int = 0,
    cache_write_1h: int = 0,
    reasoning: int = 0,
) -> float:
    """Return the list price of a call in US dollars.

    ``tokens_in`` includes ``cache_read`` and ``cache_write``, ``cache_write`` includes ``cache_write_1h`` and
    ``tokens_out`` includes ``reasoning``; where a source left the cached tokens out of the input, they are added.
    """
    if cache_read + cache_write > tokens_in:
        tokens_in += cache_read + cache_write
    cache_write_1h = min(cache_write_1h, cache_write)
    reasoning = min(reasoning, tokens_out)
    rates = card.rates(tokens_in)
    return (
        (tokens_in - cache_read - cache_write) * rates.plain
        + cache_read * rates.cache_read
        + (cache_write - cache_write_1h) * rates.cache_write
        + cache_write_1h * rates.cache_write_1h
        + (tokens_out - reasoning) * rates.output
        + reasoning * rates.reasoning
        + rates.request
    )


def priced(row: Row) -> Row:
    """Return the row with its computed cost; a recorded cost stands, and a call without tokens is not priced."""
    if row["cost_usd"] is not None and row["cost_source"] != COMPUTED:
        return row
    at = parse_timestamp(row["timestamp"])
    card = price_card(row["model"], row["provider"], at) if row["model"] and at else None
    cost = None
    if card is not None and row["tokens_in"] + row["tokens_out"]:
        cost = call_cost(
            card,
            row["tokens_in"],
            row["tokens_out"],
            cache_read=row["cache_read_tokens"] or 0,
            cache_write=row["cache_write_tokens"] or 0,
            cache_write_1h=row["cache_write_1h_tokens"] or 0,
            reasoning=row["reasoning_tokens"] or 0,
        )
    return row | {"cost_usd": cost, "cost_source": None if cost is None else COMPUTED}


def price_card(model: str, provider: str | None, at: datetime) -> PriceCard | None:
    """Return the price of a model at a moment, None when it is not known.

    Args:
        model: As the source writes it, a provider prefix included.
        provider: Who served it, where the source says so.
        at: When the call was made, in UTC.
    """
    found = _model(model, provider)
    return None if found is None else _card(found.get_prices(at))


def price_changes_in_a_day(model: str, provider: str | None) -> bool:
    """Tell whether the model's price depends on the time of day, so that a day has more than one."""
    from genai_prices.types import ModelPrice, TimeOfDateConstraint  # noqa: PLC0415 - as the module says

    found = _model(model, provider)
    if found is None or isinstance(found.prices, ModelPrice):
        return False
    return any(isinstance(price.constraint, TimeOfDateConstraint) for price in found.prices)


@lru_cache(maxsize=4096)
def _model(model: str, provider: str | None) -> ModelInfo | None:
    from genai_prices import Usage, calc_price  # noqa: PLC0415 - as the module says

    for name, by in _candidates(model.strip(), (provider or "").strip().lower()):
        try:
            return calc_price(Usage(), name, provider_id=by).model
        except LookupError:
            continue
    return None


def _candidates(name: str, provider: str) -> Iterator[tuple[str, str | None]]:
    """Yield (name, provider) to look up; a provider that the record names is the only one asked."""
    prefix, _, rest = name.partition("/")
    if provider and provider not in _ROUTERS:
        by = _PROVIDER_NAMES.get(provider, provider)
        yield name, by
        if rest:
            yield rest, by
        return
    if rest:
        yield rest, _PROVIDER_NAMES.get(prefix.lower(), prefix)
        yield rest, None
    elif _BEDROCK_NAME.match(name):
        yield name, "bedrock"
    yield name, None


# By identity, since price lists are no dictionary keys; the list is kept beside its card so that its id stays its own.
_cards: dict[int, tuple[ModelPrice, PriceCard | None]] = {}


def _card(prices: ModelPrice) -> PriceCard | None:
    if id(prices) not in _cards:
        _cards[id(prices)] = (prices, _made_card(prices))
    return _cards[id(prices)][1]


def _made_card(prices: ModelPrice) -> PriceCard | None:
    from genai_prices.types import TieredPrices  # noqa: PLC0415 - as the module says

    known = {name: price for name, price in vars(prices).items() if price is not None}
    if not {"input_mtok", "output_mtok"} & known.keys():
        return None
    starts = {tier.start for price in known.values() if isinstance(price, TieredPrices) for tier in price.tiers}
    return PriceCard(tuple((start, _probed(prices, start)) for start in sorted({-1, *starts}, reverse=True)))


def _probed(prices: ModelPrice, start: int) -> Rates:
    """Ask the library what one token more of each kind costs just above the start of a tier."""
    from genai_prices import Usage  # noqa: PLC0415 - as the module says

    tokens = max(start, 0) + 10

    def cost(more: int = 0, **usage: int) -> Decimal:
        return prices.calc_price(Usage(input_tokens=tokens + more, **usage))["total_price"]

    base = cost()
    plain = cost(more=1) - base
    return Rates(
        plain=float(plain),
        output=float(cost(output_tokens=1) - base),
        cache_read=float(cost(cache_read_tokens=1) - base + plain),
        cache_write=float(cost(cache_write_tokens=1) - base + plain),
        cache_write_1h=float(cost(cache_write_tokens=1, cache_write_1h_tokens=1) - base + plain),
        reasoning=float(cost(output_tokens=1, output_reasoning_tokens=1) - base),
        request=float(base - plain * tokens),
    )
