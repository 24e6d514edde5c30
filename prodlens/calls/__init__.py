"""The rules of one call, without SQL: what it costs, whether it was accepted, and how records of it merge."""

from prodlens.calls.acceptance import fold
from prodlens.calls.merge import Row, identity_bytes, merge
from prodlens.calls.pricing import PriceCard, price_card, price_changes_in_a_day, priced

__all__ = ["PriceCard", "Row", "fold", "identity_bytes", "merge", "price_card", "price_changes_in_a_day", "priced"]
