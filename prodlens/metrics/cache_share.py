"""How much of the input was read from a provider's cache, and what that saved at list prices."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from sqlite3 import OperationalError
from typing import TYPE_CHECKING, Any, NamedTuple

from prodlens.calls import model_name, price_card

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from prodlens.metrics.timeline import Window

# A source can leave cached tokens out of its input; then they are added, as they are for the price.
_QUERY = """
SELECT model, provider, event_date, count(*), total(cache_read_tokens), total(
    tokens_in + CASE WHEN cache_read_tokens + ifnull(cache_write_tokens, 0) > tokens_in
        THEN cache_read_tokens + ifnull(cache_write_tokens, 0) ELSE 0 END)
FROM sessions
WHERE repo_slug IS :repo AND timestamp >= :start AND timestamp < :end AND cache_read_tokens IS NOT NULL
GROUP BY model, provider, event_date"""


# Made by the first report; only calls whose source says what was cached are in it.
_INDEX = """CREATE INDEX IF NOT EXISTS sessions_report_cache ON sessions (
    repo_slug, model, provider, event_date, timestamp, tokens_in, cache_read_tokens, cache_write_tokens)
    WHERE cache_read_tokens IS NOT NULL"""


class _Part(NamedTuple):
    """The calls of one model, provider and day that say how much they read from a cache."""

    model: str | None
    calls: int
    cached: int
    tokens_in: int
    saved_usd: float | None


def cache_share(conn: sqlite3.Connection, repos: Sequence[str | None], window: Window) -> dict[str, Any]:
    """Return the share of input tokens that a cache served, in all and by model, the largest saving first.

    Only calls whose source says what was read from a cache count. ``saved_usd`` is what those tokens would have cost
    more as plain input, at the list price of the day and of the lowest tier, so that it is at least that much; None
    where no model has a price.
    """
    with suppress(OperationalError):  # a read-only store is reported on too, only slower
        conn.execute(_INDEX)
    bounds = {"start": window.start.isoformat(), "end": window.end.isoformat()}
    parts = [_part(*row) for slug in repos for row in map(tuple, conn.execute(_QUERY, bounds | {"repo": slug}))]
    by_model: dict[str | None, list[_Part]] = {}
    for part in parts:
        by_model.setdefault(part.model, []).append(part)
    rows = [{"model": model, **_line(own)} for model, own in by_model.items()]
    rows.sort(key=lambda row: (-(row["saved_usd"] or 0.0), -row["cache_read_tokens"], row["model"] or ""))
    return {**_line(parts), "by_model": rows}


def _part(model: str | None, provider: str | None, day: str, calls: int, cached: float, tokens_in: float) -> _Part:
    card = None if model is None else price_card(model, provider, datetime.fromisoformat(day).replace(tzinfo=UTC))
    saved = None
    if card is not None:
        rates = card.rates(0)
        saved = cached * (rates.plain - rates.cache_read)
    return _Part(None if model is None else model_name(model), calls, int(cached), int(tokens_in), saved)


def _line(parts: Iterable[_Part]) -> dict[str, Any]:
    parts = list(parts)
    cached, tokens_in = sum(part.cached for part in parts), sum(part.tokens_in for part in parts)
    saved = [part.saved_usd for part in parts if part.saved_usd is not None]
    return {
        "sessions": sum(part.calls for part in parts),
        "input_tokens": tokens_in,
        "cache_read_tokens": cached,
        "share": cached / tokens_in if tokens_in else None,
        "saved_usd": sum(saved) if saved else None,
    }
