"""The arithmetic of a price: rates a token, tiers by input, and what they make of one call's counts."""

from __future__ import annotations

from dataclasses import dataclass

# The caveats of a computed cost, as the store keeps them.
WITHOUT_MODIFIER = "without modifier"  # a speed, a tier or searches are known to cost more or less, and not how much
MAKERS_PRICE = "maker's price"  # the price of the model's maker, since that of whoever served it is not published


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars a token within one tier of a price.

    Attributes:
        plain: Input that is neither read from a cache nor written to one.
        output: Output less reasoning.
        cache_read: Input read from a cache.
        cache_write: Input written to a cache for the usual time.
        cache_write_1h: Input written to a cache for an hour.
        reasoning: Output spent on reasoning.
        request: Added once for each call.
        web_search: Added once for each search; None where no such price is published.
    """

    plain: float
    output: float
    cache_read: float
    cache_write: float
    cache_write_1h: float
    reasoning: float
    request: float = 0.0
    web_search: float | None = None

    def times(self, factor: float) -> Rates:
        """Return the rates at a share of the price."""
        values = (getattr(self, name) for name in self.__slots__)
        return Rates(*(None if value is None else value * factor for value in values))  # type: ignore[arg-type]  # mypy counts no star


@dataclass(frozen=True, slots=True)
class PriceCard:
    """The rates of a model in one price period.

    Attributes:
        tiers: (input tokens above which the rates hold, rates), the highest first.
        caveat: Why the price may differ from the bill, None where nothing is known to.
        own: Whether the user gave the price.
    """

    tiers: tuple[tuple[int, Rates], ...]
    caveat: str | None = None
    own: bool = False

    def rates(self, tokens_in: int) -> Rates:
        """Return the rates of a call with this many input tokens."""
        for start, rates in self.tiers:
            if tokens_in > start:
                return rates
        return self.tiers[-1][1]


def call_cost(  # noqa: PLR0913 - one count for each rate
    card: PriceCard,
    tokens_in: int,
    tokens_out: int,
    *,
    cache_read: int = 0,
    cache_write: int = 0,
    cache_write_1h: int = 0,
    reasoning: int = 0,
    web_searches: int = 0,
) -> float:
    """Return the price of a call in US dollars.

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
        + web_searches * (rates.web_search or 0.0)
    )
