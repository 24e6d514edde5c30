"""Rows of the published tables on usage: calls, with the pull request that each belongs to, and vendors' days."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from prodlens.calls import cost_by, model_name, price_card, price_changes_in_a_day
from prodlens.evidence import claimed_calls
from prodlens.metrics.vendor_usage import ranked_days, tool_of_call
from prodlens.schemas import COMPUTED
from prodlens.timestamps import parse_timestamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    from prodlens.calls import PriceCard
    from prodlens.metrics.published_scope import Scope

_GIVEN = (
    *("cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "reasoning_tokens", "web_searches"),
    *("price_modifier", "latency_ms", "status_reason", "decision", "accepted_lines", "diff_ratio", "cost_usd"),
    *("cost_source", "price_caveat", "time_is_estimated", "source", "provider", "model", "tokens_in", "tokens_out"),
)
# What the price of a call depends on.
_PRICED = (
    *("model", "provider", "timestamp", "price_modifier", "web_searches", "tokens_in", "tokens_out"),
    *("cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "reasoning_tokens"),
)
_DAYS_GIVEN = (
    *("key", "day", "tool", "source", "model", "tokens_in", "tokens_out"),
    *("cache_read_tokens", "cache_write_tokens", "quantity", "unit"),
)


def call_columns(conn: sqlite3.Connection, scope: Scope) -> dict[str, Sequence[Any]]:
    """Return the columns of ``calls``: each call as the report names and attributes it."""
    claimed = claimed_calls(conn, scope.repository)
    number = f"CASE WHEN s.repo_slug IS NOT NULL OR :is_alone THEN {claimed.number} END"
    selected = {
        "repository": "CASE WHEN :is_alone THEN :repo ELSE s.repo_slug END",
        "call": "s.trace_hash",
        "at": "s.timestamp",
        "day": "s.event_date",
        "developer": "s.developer_id",
        "session": "s.session_id",
        "tool": tool_of_call(),
        "status": "s.status_code",
        "accepted": "CASE WHEN s.acceptance_known THEN s.accepted_flag END",
        "pull_request": number,
        "pull_request_confidence": f"CASE WHEN {number} IS NOT NULL THEN {claimed.confidence} END",
        **{name: f"s.{name}" for name in _GIVEN},
    }
    query = (
        f"SELECT {', '.join(selected.values())} FROM sessions s {claimed.joins} "
        "WHERE (s.repo_slug = :repo OR :takes_unnamed AND s.repo_slug IS NULL) "
        "AND s.timestamp >= :earliest AND s.timestamp <= :latest"
    )
    columns = columns_of(conn, query, tuple(selected), scope.values)
    columns["list_cost_usd"] = _list_costs(columns)
    columns["model"] = _named(columns["model"])
    return columns


def usage_day_columns(conn: sqlite3.Connection, scope: Scope) -> dict[str, Sequence[Any]]:
    """Return the columns of ``usage_days``; a row that a more detailed source stands for is marked."""
    selected = {
        "repository": "CASE WHEN :is_alone THEN :repo ELSE repo_slug END",
        "developer": "person",
        "cost_usd": "net_usd",
        "list_cost_usd": "gross_usd",
        "superseded": "rank > best",
        **{name: name for name in _DAYS_GIVEN},
    }
    covered = "(repo_slug = :repo OR :takes_unnamed AND repo_slug IS NULL)"
    query = (
        f"SELECT {', '.join(selected.values())} FROM ({ranked_days(covered)}) "
        "WHERE day >= substr(:earliest, 1, 10) AND day <= substr(:latest, 1, 10)"
    )
    columns = columns_of(conn, query, tuple(selected), scope.values)
    columns["model"] = _named(columns["model"])
    return columns


def columns_of(
    conn: sqlite3.Connection, query: str, names: Sequence[str], values: Mapping[str, object]
) -> dict[str, Sequence[Any]]:
    """Return the rows of a query as columns."""
    cursor = conn.cursor()
    cursor.row_factory = None
    rows = cursor.execute(query, values).fetchall()
    return dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(names, ())


def _named(models: Sequence[Any]) -> list[Any]:
    """Return models under their names in reports."""
    name = cache(model_name)
    return [name(model) if isinstance(model, str) else None for model in models]


def _list_costs(columns: Mapping[str, Sequence[Any]]) -> list[Any]:
    """Return the list price of each call: a computed cost is one, the others are computed now."""
    given = zip(*(columns["at" if name == "timestamp" else name] for name in _PRICED), strict=True)
    card = cache(_card_at)
    return [
        cost if source == COMPUTED else _list_cost(dict(zip(_PRICED, values, strict=True)), card)
        for cost, source, values in zip(columns["cost_usd"], columns["cost_source"], given, strict=True)
    ]


def _list_cost(call: dict[str, Any], card: Callable[[str, str | None, str, str | None], PriceCard | None]) -> Any:
    try:
        model, provider, at = call["model"], call["provider"], call["timestamp"]
        # The price of a day is looked up once, where it has one and the text is that of a moment in UTC.
        if at.endswith("+00:00") and model and not price_changes_in_a_day(model, provider):
            at = f"{at[:10]}T00:00:00+00:00"
        price = card(model, provider, at, call["price_modifier"])
        return None if price is None else cost_by(price, call)
    except (TypeError, AttributeError):  # a text where a number has to be, or the other way round
        return None


def _card_at(model: str, provider: str | None, at: str, modifier: str | None) -> PriceCard | None:
    moment = parse_timestamp(at)
    return price_card(model, provider, moment, modifier) if model and moment is not None else None
