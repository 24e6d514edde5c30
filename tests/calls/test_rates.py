"""The arithmetic of a price, at the edges of its tiers and parts."""

from __future__ import annotations

import pytest

from prodlens.calls.rates import PriceCard, Rates, call_cost

LOW = Rates(plain=1.0, output=10.0, cache_read=0.25, cache_write=2.0, cache_write_1h=4.0, reasoning=16.0)
HIGH = Rates(
    plain=8.0,
    output=80.0,
    cache_read=2.0,
    cache_write=32.0,
    cache_write_1h=64.0,
    reasoning=128.0,
    request=0.5,
    web_search=3.0,
)
TIERED = PriceCard(((100, HIGH), (-1, LOW)))
FLAT = PriceCard(((-1, LOW),))


@pytest.mark.parametrize(("tokens_in", "rates"), [(0, LOW), (100, LOW), (101, HIGH), (-5, LOW)])
def test_a_tier_holds_above_its_start(tokens_in: int, rates: Rates) -> None:
    """A call of 100 tokens is of the tier up to 100, one of 101 of the next; the lowest tier has no floor."""
    assert TIERED.rates(tokens_in) is rates


def test_the_lowest_tier_has_no_floor() -> None:
    """A number of tokens below every start is of the last of one, two or three tiers."""
    assert FLAT.rates(-5) is LOW
    assert PriceCard(((200, HIGH), (100, HIGH), (50, LOW))).rates(7) is LOW


@pytest.mark.parametrize(
    ("parts", "cost"),
    [
        ({}, 10 + 40),
        # All of the input from the cache is still all of the input: nothing is added.
        ({"cache_read": 6, "cache_write": 4}, 6 * 0.25 + 4 * 2 + 40),
        # One token more than the input holds: the source left them out of it.
        ({"cache_read": 7, "cache_write": 4}, 10 + 7 * 0.25 + 4 * 2 + 40),
        ({"cache_write": 4, "cache_write_1h": 1}, 6 + 3 * 2 + 4 + 40),
        ({"cache_write": 4, "cache_write_1h": 9}, 6 + 4 * 4 + 40),
        ({"reasoning": 1}, 10 + 3 * 10 + 16),
        ({"reasoning": 9}, 10 + 4 * 16),
        # Searches without a published price cost nothing that is known.
        ({"web_searches": 2}, 10 + 40),
    ],
)
def test_every_part_has_its_rate(parts: dict[str, int], cost: float) -> None:
    """Of 10 tokens in and 4 out, each part is charged once at its own rate, and no part exceeds its whole."""
    assert call_cost(FLAT, 10, 4, **parts) == cost


def test_calls_and_searches_have_prices_of_their_own() -> None:
    """Half a dollar a call and 3 a search above 100 tokens; cached tokens that are added decide the tier too."""
    assert call_cost(TIERED, 101, 1, web_searches=2) == 808 + 80 + 0.5 + 6
    assert call_cost(TIERED, 50, 0, cache_read=51) == 50 * 8 + 51 * 2 + 0.5
    assert call_cost(TIERED, 50, 0, cache_read=50) == 50 * 0.25


def test_a_share_of_a_price_is_one_of_every_rate() -> None:
    """Half of every rate, also of a call and a search; what has no price keeps none."""
    assert HIGH.times(0.5) == Rates(4.0, 40.0, 1.0, 16.0, 32.0, 64.0, 0.25, 1.5)
    assert LOW.times(0.5) == Rates(0.5, 5.0, 0.125, 1.0, 2.0, 8.0, 0.0, None)
