"""The rules of one call, without SQL: what it costs, whether it was accepted, and how records of it merge."""

from prodlens.calls.acceptance import fold
from prodlens.calls.aliases import owners
from prodlens.calls.merge import Row, are_two_calls, identity_bytes, is_unique, merge, under_own_id
from prodlens.calls.own_prices import read_prices
from prodlens.calls.pricing import (
    MAKERS_PRICE,
    WITHOUT_MODIFIER,
    PriceCard,
    Prices,
    cost_by,
    maker_name,
    model_name,
    price_card,
    price_changes_in_a_day,
    priced,
)

__all__ = [
    "MAKERS_PRICE",
    "WITHOUT_MODIFIER",
    "PriceCard",
    "Prices",
    "Row",
    "are_two_calls",
    "cost_by",
    "fold",
    "identity_bytes",
    "is_unique",
    "maker_name",
    "merge",
    "model_name",
    "owners",
    "price_card",
    "price_changes_in_a_day",
    "priced",
    "read_prices",
    "under_own_id",
]
