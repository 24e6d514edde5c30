"""The user's own prices: which of them holds, what it makes of a call, and what is wrong with a file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.calls.own_prices import OwnPrices, read_prices
from prodlens.calls.pricing import WITHOUT_MODIFIER, Prices
from prodlens.errors import ConfigurationError
from prodlens.schemas import CanonicalTrace

if TYPE_CHECKING:
    from pathlib import Path

    from prodlens.calls.rates import PriceCard

MAY, JULY = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
TEAM = 'model = "team-coder"\ninput = 2\noutput = 8\n'


def toml(folder: Path, *tables: str) -> Prices:
    """Return the prices of a TOML file with these tables."""
    path = folder / "prices.toml"
    path.write_text("".join(f"[[price]]\n{table}\n" for table in tables), "utf-8")
    return Prices(read_prices(path))


def model_map(folder: Path, entries: dict[str, Any]) -> Prices:
    """Return the prices of a model map."""
    path = folder / "map.JSON"
    path.write_text(json.dumps(entries), "utf-8")
    return Prices(read_prices(path))


def rates(card: PriceCard | None, tokens_in: int = 1) -> tuple[float, ...]:
    """Return dollars for a million tokens: plain, output, cache read, cache write, for an hour, reasoning."""
    assert card is not None
    found = card.rates(tokens_in)
    names = ("plain", "output", "cache_read", "cache_write", "cache_write_1h", "reasoning")
    return tuple(round(getattr(found, name) * 1e6, 9) for name in names)


def test_what_is_not_given_costs_what_input_or_output_costs(tmp_path: Path) -> None:
    """Input and output are enough; a cache write for an hour costs what any cache write costs; a search is as given."""
    assert rates(toml(tmp_path, TEAM).card("team-coder", None, MAY)) == (2, 8, 2, 2, 2, 8)
    some = toml(tmp_path, f"{TEAM}cache_read = 0.5\ncache_write = 3\n")
    assert rates(some.card("team-coder", None, MAY)) == (2, 8, 0.5, 3, 3, 8)
    every = toml(
        tmp_path, f"{TEAM}cache_read = 0.5\ncache_write = 3\ncache_write_1h = 4\nreasoning = 9\nweb_search = 0.25"
    )
    card = every.card("team-coder", None, MAY)
    assert rates(card) == (2, 8, 0.5, 3, 4, 9)
    assert card is not None
    assert (card.rates(1).web_search, card.own, card.caveat) == (0.25, True, None)


def test_a_price_by_the_token_takes_no_modifier(tmp_path: Path) -> None:
    """The user's price of a model stands for every speed, with the caveat that it does not take the speed in."""
    card = toml(tmp_path, TEAM).card("team-coder", None, MAY, "fast")
    assert card is not None
    assert card.caveat == WITHOUT_MODIFIER


def test_a_discount_is_off_the_list_price(tmp_path: Path) -> None:
    """15 percent off 3 and 15 dollars are 2.55 and 12.75; of a model without a list price nothing is left."""
    prices = toml(tmp_path, 'model = "*"\ndiscount_percent = 15\n')
    card = prices.card("claude-3-sonnet", None, MAY)
    assert rates(card)[:2] == (2.55, 12.75)
    assert card is not None
    assert card.own
    assert prices.card("team-coder", None, MAY) is None
    free = toml(tmp_path, 'model = "*"\ndiscount_percent = 100\n').card("claude-3-sonnet", None, MAY)
    assert rates(free)[:2] == (0, 0)
    same = toml(tmp_path, 'model = "*"\ndiscount_percent = 0\n').card("claude-3-sonnet", None, MAY)
    assert rates(same)[:2] == (3, 15)
    later = toml(tmp_path, 'model = "CLAUDE-*"\nfrom = 2026-07-01\ndiscount_percent = 50\n')
    assert [rates(later.card("claude-3-sonnet", None, day))[0] for day in (MAY, JULY)] == [3, 1.5]


def test_the_last_price_that_began_holds(tmp_path: Path) -> None:
    """On its first day a later price holds, the day before the earlier one; of two of one day, the last in the file."""
    later = 'model = "team-*"\nfrom = 2026-07-01\ninput = 4\noutput = 16\n'
    prices = toml(tmp_path, later, TEAM)
    assert rates(prices.card("team-coder", None, datetime(2026, 6, 30, 23, 59, tzinfo=UTC)))[0] == 2
    assert rates(prices.card("team-coder", None, JULY))[0] == 4
    twice = toml(tmp_path, TEAM, 'model = "team-coder"\ninput = 5\noutput = 5\n')
    assert rates(twice.card("team-coder", None, MAY))[0] == 5


@pytest.mark.parametrize("model", ["team-coder", "proxy/team-coder", "proxy/eu/team-coder", "Team-Coder"])
def test_names_with_and_without_a_prefix_in_any_case(tmp_path: Path, model: str) -> None:
    """A pattern fits the name of the source, what stands behind its prefix, and the name in reports."""
    assert rates(toml(tmp_path, 'model = "TEAM-*"\ninput = 2\noutput = 8\n').card(model, None, MAY))[0] == 2


def test_a_pattern_may_be_the_name_in_reports(tmp_path: Path) -> None:
    """``claude-sonnet-4-5`` is what reports call the model that Bedrock names otherwise; others keep the list price."""
    prices = toml(tmp_path, 'model = "claude-sonnet-4-5"\ninput = 1\noutput = 1\n')
    assert rates(prices.card("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "bedrock", MAY))[0] == 1
    other = prices.card("gpt-4o", None, MAY)
    assert rates(other)[0] == 2.5
    assert other is not None
    assert not other.own


def test_a_model_map_has_tiers_and_modifiers(tmp_path: Path) -> None:
    """Above 200 thousand tokens the higher price holds; a priority call has its own, any other the standard one."""
    entry = {
        "input_cost_per_token": 1e-6,
        "output_cost_per_token": 4e-6,
        "cache_read_input_token_cost": 1e-7,
        "input_cost_per_token_above_200k_tokens": 2e-6,
        "input_cost_per_token_priority": 3e-6,
        "output_cost_per_token_priority": 9e-6,
    }
    prices = model_map(tmp_path, {"Team-Coder": entry, "free": {"input_cost_per_token": 0, "output_cost_per_token": 0}})
    card = prices.card("team-coder", None, MAY)
    assert (rates(card), rates(card, 200_000)[0], rates(card, 200_001)) == (
        (1, 4, 0.1, 1, 1, 4),
        1,
        (2, 4, 0.1, 2, 2, 4),
    )
    assert card is not None
    assert card.own
    flex = prices.card("team-coder", None, MAY, "flex")
    assert rates(flex)[0] == 1
    assert flex is not None
    assert flex.caveat == WITHOUT_MODIFIER
    assert prices.card("free", None, MAY) is None
    free_output = {"input_cost_per_token": 1e-6, "output_cost_per_token": 0}
    assert rates(model_map(tmp_path, {"m": free_output}).card("m", None, MAY))[:2] == (1, 0)
    small = {name: cost for name, cost in entry.items() if "above" not in name}
    assert rates(model_map(tmp_path, {"m": small}).card("m", None, MAY, "priority"))[:2] == (3, 9)


def test_without_prices_of_ones_own_the_list_stands() -> None:
    """No price of one's own is not a price."""
    assert not OwnPrices()
    card = Prices().card("gpt-4o", None, MAY)
    assert rates(card)[0] == 2.5
    assert card is not None
    assert not card.own


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", r'write each price as a table "\[\[price\]\]" with a model'),
        ("[price]\nmodel = 1", r'write each price as a table "\[\[price\]\]" with a model'),
        ("[[price]]\ninput = 1", "a price without a model"),
        ('[[price]]\nmodel = "m"\nprice = 1', "m: unknown key price; known are cache_read, cache_write"),
        ('[[price]]\nmodel = "m"\nfrom = "2026-07-01"', "m: from must be a day, such as 2026-07-01 without quotes"),
        ('[[price]]\nmodel = "m"\nfrom = 2026-07-01T00:00:00', "m: from must be a day"),
        ('[[price]]\nmodel = "m"\ninput = -1', "m: input must be a number of at least 0"),
        ('[[price]]\nmodel = "m"\ninput = "1"', "m: input must be a number of at least 0"),
        ('[[price]]\nmodel = "m"\ninput = nan', "m: input must be a number of at least 0"),
        ('[[price]]\nmodel = "m"\ninput = true', "m: input must be a number of at least 0"),
        ('[[price]]\nmodel = "m"\ninput = 1', "m: give input and output, or discount_percent of at most 100 alone"),
        ('[[price]]\nmodel = "m"\ndiscount_percent = 101', "m: give input and output, or discount_percent"),
        (
            '[[price]]\nmodel = "m"\ndiscount_percent = 5\ninput = 1\noutput = 1',
            "m: give input and output, or discount_percent",
        ),
        ("[[price]", "prices.toml cannot be parsed: "),
    ],
)
def test_a_file_that_is_not_one_of_prices(tmp_path: Path, text: str, said: str) -> None:
    """Each mistake names the file, the model where there is one, and what to write instead."""
    path = tmp_path / "prices.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigurationError, match=said):
        read_prices(path)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file, other bytes, a map without prices and one that is not a map are said to be so."""
    with pytest.raises(ConfigurationError, match="No such file or directory; name a TOML or JSON file"):
        read_prices(tmp_path / "missing.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"bytes\.toml cannot be parsed: 'utf-8' codec"):
        read_prices(tmp_path / "bytes.toml")
    with pytest.raises(ConfigurationError, match="no model in it has input_cost_per_token and output_cost_per_token"):
        model_map(tmp_path, {"m": {"input_cost_per_token": 1e-6}, "n": 7})
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(ConfigurationError, match="not LiteLLM's model map, which is an object by model"):
        read_prices(tmp_path / "list.json")


def test_a_file_may_be_64_mib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of the largest size is read, one byte more is too much."""
    path = tmp_path / "prices.toml"
    path.write_text(f"[[price]]\n{TEAM}", "utf-8")
    monkeypatch.setattr("prodlens.calls.own_prices._MOST_BYTES", path.stat().st_size)
    assert read_prices(path)
    monkeypatch.setattr("prodlens.calls.own_prices._MOST_BYTES", path.stat().st_size - 1)
    with pytest.raises(ConfigurationError, match="larger than"):
        read_prices(path)


def test_a_row_says_that_its_price_is_ones_own(tmp_path: Path) -> None:
    """1000 tokens at 2 dollars a million and 100 at 8 cost 0.0028, of the user's own price."""
    counts: dict[str, Any] = {"tokens_in": 1000, "tokens_out": 100, "latency_ms": 0.0, "status_code": 200}
    call = CanonicalTrace(None, None, MAY, "team-coder", **counts, accepted_flag=False)
    row = toml(tmp_path, TEAM).priced(call.to_record())
    assert (row["cost_usd"], row["cost_source"]) == (pytest.approx(0.0028), "own-price")
