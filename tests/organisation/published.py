"""Places with published tables, made of rows as short as what a test is about."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from prodlens.lake import PUBLISHED_TABLES, as_file, file_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from prodlens.organisation.engines import Engine

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
_calls = count()
_TIMES = {"calls": "at", "pull_requests": "opened_at", "commits": "at"}


def moment(text: str) -> datetime:
    """Read ``5-01`` or ``5-01 10:30`` as a moment of 2026, UTC."""
    day, _, clock = text.partition(" ")
    month, number = map(int, day.split("-"))
    hour, minute = map(int, (clock or "12:00").split(":"))
    return datetime(2026, month, number, hour, minute, tzinfo=UTC)


def call(when: str, who: str | None, cost: float | str | Decimal | None = 1, **changes: Any) -> dict[str, Any]:
    """Return the row of a call of ``acme/web`` with Claude Code and one model."""
    at = moment(when)
    made: dict[str, Any] = {
        "repository": "acme/web",
        "call": f"{next(_calls):032x}",
        "at": at,
        "day": at.date(),
        "developer": who,
        "tool": "claude-code",
        "model": "m-1",
        "tokens_in": 80,
        "tokens_out": 20,
        "cost_usd": None if cost is None else Decimal(str(cost)),
        "time_is_estimated": False,
    }
    return made | changes


def pull(
    number: int, merged: str | None, author: str | None, cost: float | str | Decimal | None = None, **changes: Any
) -> dict[str, Any]:
    """Return the row of a pull request of ``acme/web`` that was opened in April."""
    made: dict[str, Any] = {
        "repository": "acme/web",
        "number": number,
        "opened_at": moment("4-02"),
        "author": author,
        "is_bot": False,
        "state": "merged" if merged else "open",
        "merged_at": moment(merged) if merged else None,
        "closed_at": moment(merged) if merged else None,
        "reopened": False,
        "reverted": False,
        "is_revert": False,
        "cost_usd": None if cost is None else Decimal(str(cost)),
    }
    return made | changes


def repository(name: str = "acme/web", **changes: Any) -> dict[str, Any]:
    """Return the row of a repository whose sources are all read up to now."""
    read = dict.fromkeys(("pull_requests_synced_at", "commits_synced_at", "traces_ingested_at", "last_call_at"), NOW)
    counts: dict[str, Any] = {"dead_letters": 0, "implausible": 0, "unusable_costs": 0, "missing": [], "files": []}
    flags: dict[str, Any] = {"simulated": False, "pull_requests_partial": False, "commits_partial": False}
    return {"repository": name, **read, **counts, **flags, **changes}


def as_table(name: str, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Return rows as a published table; a column that a row does not name is null."""
    schema = PUBLISHED_TABLES[name].schema
    return pa.Table.from_pylist([{column: row.get(column) for column in schema.names} for row in rows], schema)


def in_memory(engine: Engine, tables: Mapping[str, Iterable[Mapping[str, Any]]], *names: str) -> dict[str, Any]:
    """Give an engine rows as the published tables of these names, without any place; returns its tables."""
    return {name: engine.given(name, as_table(name, tables.get(name, ()))) for name in names}


def publish(place: Path, **tables: Iterable[Mapping[str, Any]]) -> Path:
    """Write rows to a place, a file for each table, month and repository; returns the place."""
    for name, rows in tables.items():
        files: dict[str, list[Mapping[str, Any]]] = {}
        for row in rows:
            month = f"{row[_TIMES[name]]:%Y-%m}" if name in _TIMES else ""
            files.setdefault(file_name(name, row["repository"] or "acme/web", month), []).append(row)
        for path, own in files.items():
            target = place / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(as_file(PUBLISHED_TABLES[name], as_table(name, own)))
    return place
