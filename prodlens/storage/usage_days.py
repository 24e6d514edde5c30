"""What vendors report a day at a time, in a table of its own beside the calls."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from prodlens.schemas import UsageDay
from prodlens.slugs import one_spelling

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

USAGE_DAY_COLUMNS = tuple(field.name for field in fields(UsageDay))
_UPDATED = [name for name in USAGE_DAY_COLUMNS if name not in {"key", "person"}]
# One source can name the person of an event where another one does not.
_UPSERT = (
    f"INSERT INTO usage_days ({', '.join(USAGE_DAY_COLUMNS)}) VALUES (:{', :'.join(USAGE_DAY_COLUMNS)}) "
    "ON CONFLICT (key) DO UPDATE SET person = ifnull(excluded.person, person), "
    + ", ".join(f"{name} = excluded.{name}" for name in _UPDATED)
)


def put_usage_days(conn: sqlite3.Connection, days: Iterable[UsageDay]) -> None:
    """Store usage days, each in place of an earlier report of the same sum, inside the caller's transaction."""
    conn.executemany(_UPSERT, map(_values, days))


def _values(day: UsageDay) -> dict[str, Any]:
    slug = day.repo_slug
    return asdict(day) | {"day": day.day.isoformat(), "repo_slug": slug and one_spelling(slug)}
