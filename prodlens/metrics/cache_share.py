"""How much of the input was read from a provider's cache, and what that saved at list prices."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from sqlite3 import OperationalError
from typing import TYPE_CHECKING, Any, NamedTuple

from prodlens.calls import model_name, price_card

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from prodlens.metrics.timeline import Window

# A source can leave cached tokens out of its input; then they are added, as they are for the price.
_QUERY = """
SELECT model, provider, event_date, source, count(*), total(cache_read_tokens), total(
    tokens_in + CASE WHEN cache_read_tokens + ifnull(cache_write_tokens, 0) > tokens_in
        THEN cache_read_tokens + ifnull(cache_write_tokens, 0) ELSE 0 END)
FROM sessions
WHERE repo_slug IS :repo AND timestamp >= :start AND timestamp < :end AND cache_read_tokens IS NOT NULL
GROUP BY model, provider, event_date, source"""


# Made by the first report; only calls whose source says what was cached are in it. The dropped one lacks the source.
_INDEXES = (
    "DROP INDEX IF EXISTS sessions_report_cache",
    """CREATE INDEX IF NOT EXISTS sessions_report_cached ON sessions (
        repo_slug, model, provider, event_date, source, timestamp, tokens_in, cache_read_tokens, cache_write_tokens)
        WHERE cache_read_tokens IS NOT NULL""",
)
# Two tools are compared on one model from so many calls of each, and where their shares are so far apart.
_ENOUGH_CALLS = 100
_FAR_APART = 0.1


class _Part(NamedTuple):
    """The calls of one model, provider, day and source that say how much they read from a cache.

    ``saving`` is what a token costs less when it is read from the cache, in US dollars; None without a list price.
    """

    model: str | None
    source: str | None
    calls: int
    cached: int
    tokens_in: int
    saving: float | None


def cache_share(conn: sqlite3.Connection, repos: Sequence[str | None], window: Window) -> dict[str, Any]:
    """Return the share of input tokens that a cache served: in all, by model and by source, the largest saving first.

    Only calls whose source says what was read from a cache count. ``saved_usd`` is what those tokens would have cost
    more as plain input, at the list price of the day and of the lowest tier, so that it is at least that much; None
    where no model has a price. ``could_save`` has what a source would save on a model, at most, if it read as much of
    its input from the cache as the source that reads most on the same model.
    """
    with suppress(OperationalError):  # a read-only store is reported on too, only slower
        for statement in _INDEXES:
            conn.execute(statement)
    bounds = {"start": window.start.isoformat(), "end": window.end.isoformat()}
    parts = [_part(*row) for slug in repos for row in map(tuple, conn.execute(_QUERY, bounds | {"repo": slug}))]
    by_model = _grouped(parts, lambda part: part.model)
    return {
        **_line(parts),
        "by_model": _rows("model", by_model),
        "by_source": _rows("source", _grouped(parts, lambda part: part.source)),
        "could_save": sorted(
            (row for model, own in by_model.items() for row in _could_save(model, own)),
            key=lambda row: (-row["saving_usd"], str(row["model"]), str(row["source"])),
        ),
    }


def _grouped(parts: Iterable[_Part], key: Callable[[_Part], str | None]) -> dict[str | None, list[_Part]]:
    groups: dict[str | None, list[_Part]] = {}
    for part in parts:
        groups.setdefault(key(part), []).append(part)
    return groups


def _rows(name: str, groups: Mapping[str | None, Iterable[_Part]]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [{name: key, **_line(own)} for key, own in groups.items()]
    return sorted(rows, key=lambda row: (-(row["saved_usd"] or 0.0), -row["cache_read_tokens"], row[name] or ""))


def _could_save(model: str | None, parts: Iterable[_Part]) -> Iterator[dict[str, Any]]:
    """Yield what each source that reads clearly less from the cache than the best one would save on the model."""
    by_source = {source: own for source, own in _grouped(parts, lambda part: part.source).items() if source}
    lines = {source: _line(own) for source, own in by_source.items()}
    enough = {
        name: line for name, line in lines.items() if line["sessions"] >= _ENOUGH_CALLS and line["share"] is not None
    }
    best = max(enough, key=lambda name: (enough[name]["share"], name), default=None)
    for source, row in enough.items():
        further = enough[best]["share"] - row["share"] if best else 0.0
        saving = sum(part.saving * part.tokens_in * further for part in by_source[source] if part.saving is not None)
        if further > _FAR_APART and saving > 0:
            yield {
                "model": model,
                "source": source,
                "sessions": row["sessions"],
                "share": row["share"],
                "better_source": best,
                "better_share": row["share"] + further,
                "saving_usd": saving,
            }


def _part(
    model: str | None, provider: str | None, day: str, source: str | None, calls: int, cached: float, tokens_in: float
) -> _Part:
    card = None if model is None else price_card(model, provider, datetime.fromisoformat(day).replace(tzinfo=UTC))
    saving = None
    if card is not None:
        rates = card.rates(0)
        saving = rates.plain - rates.cache_read
    return _Part(None if model is None else model_name(model), source, calls, int(cached), int(tokens_in), saving)


def _line(parts: Iterable[_Part]) -> dict[str, Any]:
    parts = list(parts)
    cached, tokens_in = sum(part.cached for part in parts), sum(part.tokens_in for part in parts)
    saved = [part.cached * part.saving for part in parts if part.saving is not None]
    return {
        "sessions": sum(part.calls for part in parts),
        "input_tokens": tokens_in,
        "cache_read_tokens": cached,
        "share": cached / tokens_in if tokens_in else None,
        "saved_usd": sum(saved) if saved else None,
    }
