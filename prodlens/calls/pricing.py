"""What a call costs: the recorded cost, else the user's own price, else the list price on its day.

A recorded cost stands. A price is resolved once for each model, provider and price period. No price is invented: the
cost of an unknown model is None, and what is known to make a computed cost differ from the bill is said beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from prodlens.calls.own_prices import OwnPrice, OwnPrices
from prodlens.calls.price_list import find_model, listed_card, maker_name, model_name, price_changes_in_a_day
from prodlens.calls.rates import MAKERS_PRICE, WITHOUT_MODIFIER, PriceCard, Rates, call_cost
from prodlens.schemas import COMPUTED, OURS, OWN_PRICE
from prodlens.timestamps import parse_timestamp

if TYPE_CHECKING:
    from datetime import datetime

    from prodlens.calls.merge import Row

__all__ = [
    "MAKERS_PRICE",
    "WITHOUT_MODIFIER",
    "PriceCard",
    "Prices",
    "Rates",
    "call_cost",
    "cost_by",
    "maker_name",
    "model_name",
    "price_card",
    "price_changes_in_a_day",
    "priced",
]


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices a call by the user's own prices and the price list.

    Attributes:
        own: The user's own prices, which go first.
    """

    own: OwnPrices = field(default_factory=OwnPrices)

    def priced(self, row: Row) -> Row:
        """Return the row with its computed cost; a recorded cost stands, and a call without tokens is not priced."""
        if row["cost_usd"] is not None and row["cost_source"] not in OURS:
            return row if row["price_caveat"] is None else row | {"price_caveat": None}
        at = parse_timestamp(row["timestamp"])
        card = self.card(row["model"], row["provider"], at, row["price_modifier"]) if row["model"] and at else None
        if card is None or (cost := cost_by(card, row)) is None:
            return row | {"cost_usd": None, "cost_source": None, "price_caveat": None}
        caveat = card.caveat
        if row["web_searches"] and card.rates(row["tokens_in"]).web_search is None:
            caveat = WITHOUT_MODIFIER
        return row | {
            "cost_usd": cost,
            "cost_source": OWN_PRICE if card.own else COMPUTED,
            "price_caveat": caveat,
        }

    def card(self, model: str, provider: str | None, at: datetime, modifier: str | None = None) -> PriceCard | None:
        """Return the price of a model at a moment, None when it is not known.

        Args:
            model: As the source writes it, a provider prefix included.
            provider: Who served it, where the source says so.
            at: When the call was made, in UTC.
            modifier: ``price_modifier`` of the call.
        """
        own = self.own.find(_names(model), at, modifier) if self.own else None
        if isinstance(own, PriceCard):
            return replace(own, own=True)
        if isinstance(own, OwnPrice) and own.rates is not None:
            return PriceCard(((-1, own.rates),), caveat=WITHOUT_MODIFIER if modifier else None, own=True)
        listed = price_card(model, provider, at, modifier)
        return listed if own is None or listed is None else _discounted(listed, own)


def cost_by(card: PriceCard, row: Row) -> float | None:
    """Return what a call costs in US dollars by a price; None where it has no tokens."""
    if not row["tokens_in"] + row["tokens_out"]:
        return None
    return call_cost(
        card,
        row["tokens_in"],
        row["tokens_out"],
        cache_read=row["cache_read_tokens"] or 0,
        cache_write=row["cache_write_tokens"] or 0,
        cache_write_1h=row["cache_write_1h_tokens"] or 0,
        reasoning=row["reasoning_tokens"] or 0,
        web_searches=row["web_searches"] or 0,
    )


def _discounted(card: PriceCard, own: OwnPrice) -> PriceCard:
    tiers = tuple((start, rates.times(own.share or 0.0)) for start, rates in card.tiers)
    return replace(card, tiers=tiers, own=True)


def _names(model: str) -> tuple[str, ...]:
    """Return the names by which a user may know a model: the source's, without its prefix, and the reports'."""
    return (model, model.rpartition("/")[2], model_name(model))


def price_card(model: str, provider: str | None, at: datetime, modifier: str | None = None) -> PriceCard | None:
    """Return the list price of a model at a moment, None when it is not known.

    Args:
        model: As the source writes it, a provider prefix included.
        provider: Who served it, where the source says so.
        at: When the call was made, in UTC.
        modifier: ``price_modifier`` of the call; a price that does not take it in says so in its caveat.
    """
    found = find_model(model, provider)
    if found is None:
        return None
    card, takes_modifier = listed_card(found.info, at, modifier)
    if card is None or (takes_modifier and not found.by_maker):
        return card
    return replace(card, caveat=MAKERS_PRICE if takes_modifier else WITHOUT_MODIFIER)


_LIST_PRICES = Prices()
priced = _LIST_PRICES.priced
