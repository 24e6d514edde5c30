"""Prices of the user's own, which go before the price list: a TOML file, or LiteLLM's model map as JSON.

A TOML file has one table for each price::

    [[price]]
    model = "claude-*"          # shell pattern; the name of the source or of the reports
    from = 2026-07-01           # first day in UTC; without it, always
    discount_percent = 15       # off the list price, or instead of it:

    [[price]]
    model = "team-coder"
    input = 2.5                 # US dollars for a million tokens
    output = 10
    cache_read = 0.25           # what is not given costs what plain input, or output, costs

The last price that began by the day of the call and whose pattern fits is the one that holds.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from prodlens.calls.rates import WITHOUT_MODIFIER, PriceCard, Rates
from prodlens.errors import ConfigurationError
from prodlens.json_values import clean_text, finite_number, mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

_MILLION = 1_000_000
_RATE_NAMES = ("input", "output", "cache_read", "cache_write", "cache_write_1h", "reasoning", "web_search")
_KEYS = frozenset({"model", "from", "discount_percent", *_RATE_NAMES})
_MOST_BYTES = 64 * 1024**2
_WHOLE = 100  # percent


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """One price of the user's own.

    Attributes:
        model: Shell pattern of the names that it is for, in small letters.
        since: First day, in UTC.
        share: Share of the list price that is paid, None where ``rates`` are given.
        rates: US dollars a token, None where ``share`` is given.
    """

    model: str
    since: date = date.min
    share: float | None = None
    rates: Rates | None = None


@dataclass(frozen=True, slots=True)
class OwnPrices:
    """Every price of the user's own.

    Attributes:
        rules: Patterns, in the order of the file.
        cards: Cards by (model, price modifier or an empty text), from a model map.
    """

    rules: tuple[OwnPrice, ...] = ()
    cards: Mapping[tuple[str, str], PriceCard] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Return whether there is any."""
        return bool(self.rules or self.cards)

    def find(self, names: tuple[str, ...], at: datetime, modifier: str | None) -> OwnPrice | PriceCard | None:
        """Return the price of a model at a moment, None if the user gave none for it.

        Args:
            names: The names of the model: the source's, with and without its prefix, and the reports'.
            at: When the call was made, in UTC.
            modifier: ``price_modifier`` of the call; a model map may have a price for it.
        """
        day, lowered = at.date(), tuple(name.lower() for name in names)
        fitting = (
            (rule.since, number, rule)
            for number, rule in enumerate(self.rules)
            if rule.since <= day and any(fnmatchcase(name, rule.model) for name in lowered)
        )
        best = max(fitting, default=None, key=lambda found: found[:2])
        if best is not None:
            return best[2]
        for name in lowered if self.cards else ():
            if (name, modifier or "") in self.cards:
                return self.cards[name, modifier or ""]
            if (name, "") in self.cards:
                return replace(self.cards[name, ""], caveat=WITHOUT_MODIFIER)
        return None


def read_prices(path: Path | str) -> OwnPrices:
    """Read a file of prices: LiteLLM's model map where its name ends in ``.json``, else TOML.

    Raises:
        ConfigurationError: The file is not there, or is not what it should be.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"prices: cannot read {path}: {error.strerror}; name a TOML or JSON file") from error
    if len(data) > _MOST_BYTES:
        raise ConfigurationError(
            f"prices: {path} is larger than {_MOST_BYTES // 1024**2} MiB, too large for a file of prices"
        )
    try:
        if path.suffix.lower() == ".json":
            return _from_model_map(orjson.loads(data), path)
        return OwnPrices(tuple(_rule(given, path) for given in _tables(tomllib.loads(data.decode()), path)))
    except (tomllib.TOMLDecodeError, orjson.JSONDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"prices: {path} cannot be parsed: {error}") from error


def _tables(document: Mapping[str, Any], path: Path) -> list[Any]:
    tables = document.get("price")
    if set(document) != {"price"} or not isinstance(tables, list):
        raise ConfigurationError(f'prices: {path}: write each price as a table "[[price]]" with a model')
    return tables


def _rule(given: object, path: Path) -> OwnPrice:
    table = mapping(given)
    model = clean_text(table.get("model"))
    if model is None:
        raise ConfigurationError(f"prices: {path}: a price without a model")
    where = f"prices: {path}: {model}"
    if unknown := sorted(table.keys() - _KEYS):
        raise ConfigurationError(f"{where}: unknown key {unknown[0]}; known are {', '.join(sorted(_KEYS))}")
    since = table.get("from", date.min)
    if isinstance(since, datetime) or not isinstance(since, date):
        raise ConfigurationError(f"{where}: from must be a day, such as 2026-07-01 without quotes")
    numbers = {name: _amount(table[name], f"{where}: {name}") for name in table.keys() - {"model", "from"}}
    discount = numbers.pop("discount_percent", None)
    if discount is not None and not numbers and discount <= _WHOLE:
        return OwnPrice(model.lower(), since, share=1 - discount / _WHOLE)
    if discount is not None or not {"input", "output"} <= numbers.keys():
        raise ConfigurationError(f"{where}: give input and output, or discount_percent of at most 100 alone")
    return OwnPrice(model.lower(), since, rates=_rates(numbers))


def _amount(value: object, where: str) -> float:
    amount = finite_number(value) if isinstance(value, int | float) else None
    if amount is None or amount < 0:
        raise ConfigurationError(f"{where} must be a number of at least 0")
    return amount


def _rates(dollars: Mapping[str, float]) -> Rates:
    """Return rates a token from dollars for a million; a search is given as it is."""
    plain, output = dollars["input"] / _MILLION, dollars["output"] / _MILLION
    write = dollars["cache_write"] / _MILLION if "cache_write" in dollars else plain
    return Rates(
        plain=plain,
        output=output,
        cache_read=dollars["cache_read"] / _MILLION if "cache_read" in dollars else plain,
        cache_write=write,
        cache_write_1h=dollars["cache_write_1h"] / _MILLION if "cache_write_1h" in dollars else write,
        reasoning=dollars["reasoning"] / _MILLION if "reasoning" in dollars else output,
        web_search=dollars.get("web_search"),
    )


# LiteLLM's model map ----------------------------------------------------------------------------------------------

_NAMES_IN_MAP = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
    "cache_write_1h": "cache_creation_input_token_cost_above_1hr",
    "reasoning": "output_cost_per_reasoning_token",
}
_SUFFIX_OF_MODIFIER = {"": "", "priority": "_priority", "flex": "_flex", "batch": "_batches"}
_TIER = re.compile(r"input_cost_per_token_above_(?P<thousands>\d{1,6})k_tokens")


def _from_model_map(document: object, path: Path) -> OwnPrices:
    if not isinstance(document, dict):
        raise ConfigurationError(f"prices: {path}: not LiteLLM's model map, which is an object by model")
    cards: dict[tuple[str, str], PriceCard] = {}
    for name, given in document.items():
        for modifier, suffix in _SUFFIX_OF_MODIFIER.items():
            card = _card_of_map(mapping(given), suffix)
            if card is not None:
                cards[name.lower(), modifier] = card
    if not cards:
        raise ConfigurationError(f"prices: {path}: no model in it has input_cost_per_token and output_cost_per_token")
    return OwnPrices(cards=cards)


def _card_of_map(given: Mapping[str, Any], suffix: str) -> PriceCard | None:
    """Return the card of one entry; None where the entry has no price of tokens for the modifier.

    A zero entry is LiteLLM's sign for an unknown price as often as for a free model, so it is not one.
    """
    tiers = {0: ""}
    for key in given:
        if found := _TIER.fullmatch(key):
            tiers[int(found["thousands"]) * 1000] = f"_above_{found['thousands']}k_tokens"
    rates = []
    base: dict[str, float] = {}
    for start, tier in sorted(tiers.items()):
        named = ((name, finite_number(given.get(f"{key}{tier}{suffix}"))) for name, key in _NAMES_IN_MAP.items())
        base |= {name: dollars * _MILLION for name, dollars in named if dollars is not None and dollars >= 0}
        if not base.get("input") or "output" not in base:
            return None
        rates.append((start or -1, _rates(base)))
    return PriceCard(tuple(reversed(rates)))
