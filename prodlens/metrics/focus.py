"""The ledger as rows of FOCUS, the FinOps Open Cost and Usage Specification, version 1.2.

A call has one cost. It is split over the classes of its tokens in proportion to their list prices, so that the rows add
up to the ledger whatever the price list says. Money is counted in whole units of 10^-15 US dollars: nothing is lost
in a sum, and a list price times its tokens is exactly the list cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from prodlens.calls import model_name, price_card, price_changes_in_a_day
from prodlens.evidence import claimed_calls
from prodlens.json_values import LARGEST_AMOUNT
from prodlens.slugs import one_spelling
from prodlens.timestamps import parse_timestamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from prodlens.calls import PriceCard

SCALE = 15  # decimal places of money
ALL_TOKENS, CALLS = "All tokens", "Calls"


class Key(NamedTuple):
    """What the calls of one row have in common.

    ``meter`` is the class of tokens, ``unit_price`` its list price in 10^-15 US dollars (None: not published),
    ``cost_source`` where the cost comes from (None: it is not known).
    """

    day: str
    provider: str | None
    model: str | None
    meter: str
    unit: str
    unit_price: int | None
    cost_source: str | None
    repo: str | None
    pull_request: int | None


@dataclass(slots=True)
class Charge:
    """What the calls of a row add up to: ``quantity`` in the row's unit, money in 10^-15 US dollars."""

    quantity: int = 0
    billed: int = 0
    listed: int = 0
    calls: int = 0


@dataclass(frozen=True, slots=True)
class FocusLedger:
    """The charges of a repository.

    Attributes:
        charges: By what they have in common, sorted.
        states: State of each pull request that is known: ``open``, ``closed`` or ``merged``.
        left_out: Calls whose cost is out of all proportion; they are kept without it.
    """

    charges: dict[Key, Charge]
    states: dict[int, str]
    left_out: int


class _Part(NamedTuple):
    meter: str
    unit: str
    quantity: int
    unit_price: int | None


def focus_ledger(
    conn: sqlite3.Connection, repo: str, *, since: str | None = None, until: str | None = None
) -> FocusLedger:
    """Return the charges of a repository's calls and of those that name none, as ``ledger`` covers them.

    Args:
        conn: Connection to the store.
        repo: The repository, ``owner/name``.
        since: Only calls from this moment on (ISO 8601, UTC).
        until: Only calls before this moment.
    """
    slug = one_spelling(repo)
    claimed = claimed_calls(conn, slug)
    query = _CALLS.format(number=claimed.number, joins=claimed.joins)
    charges: dict[Key, Charge] = {}
    left_out = 0
    for call in conn.execute(query, {"repo": slug, "since": since, "until": until}):
        cost = call["cost_usd"]
        if cost is not None and not abs(cost) <= LARGEST_AMOUNT:
            cost, left_out = None, left_out + 1
        _add_call(charges, call, None if cost is None else _units(cost))
    order = sorted(charges, key=lambda key: tuple("" if part is None else str(part) for part in key))
    return FocusLedger({key: charges[key] for key in order}, _states(conn, slug), left_out)


_CALLS = """
    SELECT s.event_date, s.timestamp, s.model, s.provider, s.price_modifier, s.cost_source, s.cost_usd, s.tokens_in,
        s.tokens_out, s.total_tokens, s.cache_read_tokens, s.cache_write_tokens, s.cache_write_1h_tokens,
        s.reasoning_tokens, s.web_searches, s.repo_slug, {number} AS number
    FROM sessions s NOT INDEXED {joins}
    WHERE (s.repo_slug IS NULL OR s.repo_slug = :repo)
        AND (:since IS NULL OR s.timestamp >= :since) AND (:until IS NULL OR s.timestamp < :until)"""


def _states(conn: sqlite3.Connection, slug: str) -> dict[int, str]:
    query = (
        "SELECT number, CASE WHEN merged_at IS NULL THEN state ELSE 'merged' END FROM pull_requests "
        "WHERE ifnull(repo_slug, :repo) = :repo AND number IS NOT NULL ORDER BY id"
    )
    return dict(map(tuple, conn.execute(query, {"repo": slug})))


def _add_call(charges: dict[Key, Charge], call: sqlite3.Row, cost: int | None) -> None:
    parts = list(_parts(call, _card(call)))
    listed = [part.quantity * (part.unit_price or 0) for part in parts]
    whole = sum(listed)
    if not whole and cost:  # no price to split it by
        parts, listed, whole = [_undivided(call)], [0], 0
    rest = cost or 0
    source = None if cost is None else call["cost_source"] or "recorded"
    for at, part in enumerate(parts):
        billed = rest if at == len(parts) - 1 else (cost or 0) * listed[at] // whole if whole else 0
        rest -= billed
        key = Key(
            call["event_date"], call["provider"], None if call["model"] is None else model_name(call["model"]),
            part.meter, part.unit, part.unit_price, source, call["repo_slug"], call["number"],
        )  # fmt: skip
        charge = charges.setdefault(key, Charge())
        charge.quantity += part.quantity
        charge.billed += billed
        charge.listed += billed if part.unit_price is None else listed[at]
        charge.calls += 1


def _parts(call: sqlite3.Row, card: PriceCard | None) -> Iterator[_Part]:
    """Yield the classes of a call's tokens with their list prices, as ``calls.call_cost`` adds them up."""
    tokens_in, tokens_out = max(call["tokens_in"], 0), max(call["tokens_out"], 0)
    if card is None or not tokens_in + tokens_out:
        yield _undivided(call)
        return
    read, written = call["cache_read_tokens"] or 0, call["cache_write_tokens"] or 0
    if read + written > tokens_in:
        tokens_in += read + written
    hour = min(call["cache_write_1h_tokens"] or 0, written)
    reasoning = min(call["reasoning_tokens"] or 0, tokens_out)
    rates = card.rates(tokens_in)
    for meter, unit, quantity, rate in (
        ("Input tokens", "Tokens", tokens_in - read - written, rates.plain),
        ("Cache read tokens", "Tokens", read, rates.cache_read),
        ("Cache write tokens", "Tokens", written - hour, rates.cache_write),
        ("Cache write tokens, one hour", "Tokens", hour, rates.cache_write_1h),
        ("Output tokens", "Tokens", tokens_out - reasoning, rates.output),
        ("Reasoning tokens", "Tokens", reasoning, rates.reasoning),
        ("Requests", "Requests", int(rates.request > 0), rates.request),
        ("Web searches", "Requests", call["web_searches"] or 0, rates.web_search),
    ):
        if quantity > 0:
            yield _Part(meter, unit, quantity, None if rate is None else _units(rate))


def _undivided(call: sqlite3.Row) -> _Part:
    tokens = max(call["total_tokens"], 0)
    return _Part(ALL_TOKENS, "Tokens", tokens, None) if tokens else _Part(CALLS, "Requests", 1, None)


def _card(call: sqlite3.Row) -> PriceCard | None:
    model, provider = call["model"], call["provider"]
    if model is None:
        return None
    moment = call["timestamp"] if _changes_in_a_day(model, provider) else call["event_date"]
    return _card_at(model, provider, moment, call["price_modifier"])


@lru_cache(maxsize=4096)
def _changes_in_a_day(model: str, provider: str | None) -> bool:
    return price_changes_in_a_day(model, provider)


@lru_cache(maxsize=65_536)
def _card_at(model: str, provider: str | None, moment: str, modifier: str | None) -> PriceCard | None:
    at = parse_timestamp(moment)
    return None if at is None else price_card(model, provider, at, modifier)


@lru_cache(maxsize=65_536)
def _units(amount: float) -> int:
    return round(Decimal(repr(amount)).scaleb(SCALE))
