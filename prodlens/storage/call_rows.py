"""The ``sessions`` table: one row a call, merged from every record of it and from the decisions on it.

The common case is one row and nothing beside it. Only when a second, different record of a call or a decision turns
up does ``session_parts`` keep the records, so that the row is a function of their set and not of their order.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

import orjson

from prodlens.calls import Row, are_two_calls, fold, identity_bytes, merge, under_own_id
from prodlens.files import digest
from prodlens.schemas import OURS, Decision, call_hash
from prodlens.storage.call_aliases import ids_of
from prodlens.storage.in_queries import marks, portions
from prodlens.storage.notes import count_change_of_calls
from prodlens.storage.row_conversion import SESSION_COLUMNS, SESSION_DEFAULTS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from prodlens.schemas import ToolUse

    Price = Callable[[Row], Row]

RepositoryDay = tuple[str | None, str]

_ASSIGNMENTS = ", ".join(f"{name} = :{name}" for name in SESSION_COLUMNS)
_UPDATE = f"UPDATE sessions SET {_ASSIGNMENTS} WHERE trace_hash = :trace_hash"
INSERT = f"INSERT INTO sessions ({', '.join(SESSION_COLUMNS)}) VALUES ({', '.join(map(':{}'.format, SESSION_COLUMNS))})"
_INSERT_NEW = (
    f"INSERT INTO sessions ({', '.join(SESSION_COLUMNS)}) VALUES ({marks(SESSION_COLUMNS)}) "
    "ON CONFLICT (trace_hash) DO NOTHING"
)
# Returns a row's values in the order of its columns.
session_values: Callable[[Mapping[str, Any]], tuple[Any, ...]] = itemgetter(*SESSION_COLUMNS)
_HASH_AT = SESSION_COLUMNS.index("trace_hash")
_repository_day = itemgetter(SESSION_COLUMNS.index("repo_slug"), SESSION_COLUMNS.index("event_date"))
_PRICED_BY = (
    "model",
    "provider",
    "tokens_in",
    "tokens_out",
    "cache_read_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "reasoning_tokens",
    "price_modifier",
    "web_searches",
)


def put_sessions(
    conn: sqlite3.Connection,
    rows: Sequence[tuple[Any, ...]],
    price: Price | None = None,
) -> set[RepositoryDay]:
    """Insert rows or merge them into the stored ones, inside the caller's transaction.

    Args:
        conn: Connection to the store.
        rows: Values in the order of ``SESSION_COLUMNS``.
        price: Prices a merged row that has no recorded cost.

    Returns:
        The days, as (slug, day), where a row is new, has changed, or was before it moved.
    """
    if not rows:
        return set()
    newest = conn.execute("SELECT ifnull(max(id), 0) FROM sessions").fetchone()[0]
    changes = conn.total_changes
    conn.executemany(_INSERT_NEW, rows)
    fresh = conn.total_changes - changes
    changed = _apply_waiting_decisions(conn, [row[_HASH_AT] for row in rows], price)
    if fresh == len(rows):
        return changed | set(map(_repository_day, rows))
    for part in portions(rows):
        stored = {row[_HASH_AT + 1]: row for row in _rows_of(conn, [row[_HASH_AT] for row in part])}
        for row in part:
            known = stored[row[_HASH_AT]]
            if known[1:] != row:
                changed |= put_again(conn, row[_HASH_AT], dict(zip(SESSION_COLUMNS, row, strict=True)), price)
            elif known[0] > newest:
                changed.add(_repository_day(row))
    return changed


def put_decisions(
    conn: sqlite3.Connection,
    tool_uses: Iterable[ToolUse],
    decisions: Iterable[Decision],
    price: Price | None = None,
) -> set[RepositoryDay]:
    """Keep tool uses and decisions, and bring the calls that they concern up to date; returns the changed days."""
    ids: set[str] = set()
    links = [(use.tool_use_id, call_hash(use.call_id)) for use in tool_uses]
    for decision in decisions:
        ids.add(decision.tool_use_id)
        values = (
            decision.verdict,
            decision.source,
            decision.accepted_lines,
            decision.diff_ratio,
            decision.decided_at.isoformat() if decision.decided_at else None,
        )
        content = digest(orjson.dumps(values))
        conn.execute(
            "INSERT OR IGNORE INTO decisions VALUES (?, ?, ?, ?, ?, ?, ?)", (decision.tool_use_id, content, *values)
        )
        if decision.call_id:
            links.append((decision.tool_use_id, call_hash(decision.call_id)))
    conn.executemany("INSERT OR IGNORE INTO tool_uses VALUES (?, ?)", links)
    changed: set[RepositoryDay] = set()
    ids |= {use for use, _ in links}
    for trace_hash in _decided_calls(conn, "tool_use_id", sorted(ids)) if ids else ():
        changed |= put_again(conn, trace_hash, None, price)
    if changed:
        count_change_of_calls(conn)
    return changed


def _decided_calls(conn: sqlite3.Connection, column: str, values: Sequence[str]) -> list[str]:
    """Return the hashes of the calls with a decision, of those that have one of the values in a column."""
    query = f"SELECT DISTINCT trace_hash FROM tool_uses JOIN decisions USING (tool_use_id) WHERE {column} IN (%s)"
    return sorted({row[0] for part in portions(values) for row in conn.execute(query % marks(part), part)})


def _apply_waiting_decisions(
    conn: sqlite3.Connection, hashes: Sequence[str], price: Price | None
) -> set[RepositoryDay]:
    """Join calls to the decisions that were read before them."""
    changed: set[RepositoryDay] = set()
    if conn.execute("SELECT 1 FROM decisions LIMIT 1").fetchone():
        for trace_hash in _decided_calls(conn, "trace_hash", hashes):
            changed |= put_again(conn, trace_hash, None, price)
    return changed


def put_again(conn: sqlite3.Connection, trace_hash: str, record: Row | None, price: Price | None) -> set[RepositoryDay]:
    """Make the call's row what its records, with a new one if given, and its decisions say; returns changed days.

    Args:
        conn: Connection to the store.
        trace_hash: The call's hash or that of an alias; where the call has no row, nothing happens.
        record: A row of ``sessions`` that one more record came to.
        price: Prices a merged row that has no recorded cost; without it the row keeps the price that it has.
    """
    ids = ids_of(conn, trace_hash)
    before = stored_row(conn, ids[0])
    if before is None:
        return set()
    parts = parts_of(conn, ids)
    decisions = _decisions_of(conn, ids)
    kept = len(parts)
    if not parts:
        parts[_part_digest(before)] = before
    if record is not None and all(are_two_calls(part, record) for part in parts.values()):
        return put_sessions(conn, [session_values(under_own_id(record))], price)
    if record is not None:
        parts.setdefault(_part_digest(record), record)
        if len(parts) == 1:  # the same record; only our own price of it can differ
            price = _price_of(record)
    alone = record is None and not kept  # the row is its only record, and has nothing to merge
    after = dict(before) if alone else merge(parts.values(), price or _price_of(before), ids[0])
    if decisions:
        after |= _decided(after, decisions)
    if len(parts) > max(kept, 1) or (decisions and not kept):
        keep_parts(conn, parts.values())
    if after == before:
        return set()
    conn.execute(_UPDATE, after)
    return {repository_day_of(row) for row in (before, after)}


def stored_row(conn: sqlite3.Connection, trace_hash: str) -> Row | None:
    """Return the row of a call, None when it has none."""
    found = next(_rows_of(conn, [trace_hash]), None)
    return None if found is None else dict(zip(SESSION_COLUMNS, found[1:], strict=True))


def keep_parts(conn: sqlite3.Connection, parts: Iterable[Row]) -> None:
    """Keep records of calls, each under the hash of its own id and once."""
    conn.executemany(
        "INSERT OR IGNORE INTO session_parts VALUES (?, ?, ?)",
        [(part["trace_hash"], _part_digest(part), orjson.dumps(part).decode()) for part in parts],
    )


def parts_of(conn: sqlite3.Connection, ids: Sequence[str]) -> dict[str, Row]:
    """Return the records that are kept of the call of these ids, by digest."""
    query = f"SELECT digest, part FROM session_parts WHERE trace_hash IN ({marks(ids)})"
    return {row[0]: SESSION_DEFAULTS | orjson.loads(row[1]) for row in conn.execute(query, ids)}


def repository_day_of(row: Row) -> RepositoryDay:
    """Return the repository and the day of a row, which say what partition it is in."""
    return row["repo_slug"], row["event_date"]


def _price_of(record: Row) -> Price:
    """Return a price that is the computed one of the record, or what the row has."""

    def price(row: Row) -> Row:
        same = record["cost_source"] in OURS and all(row[name] == record[name] for name in _PRICED_BY)
        return row | {name: record[name] for name in ("cost_usd", "cost_source", "price_caveat")} if same else row

    return price


def _rows_of(conn: sqlite3.Connection, hashes: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Yield the id and the columns of the calls that are stored."""
    cursor = conn.cursor()
    cursor.row_factory = None
    query = f"SELECT id, {', '.join(SESSION_COLUMNS)} FROM sessions WHERE trace_hash IN ({marks(hashes)})"
    yield from cursor.execute(query, hashes)


def _decided(row: Row, decisions: Iterable[Decision]) -> Row:
    """Return the fields of the row that decisions say; automatic ones leave a known acceptance as it was."""
    acceptance = fold(decisions)
    if not acceptance.acceptance_known:
        return {} if row["acceptance_known"] else {"decision": acceptance.decision}
    known = {name: value for name, value in acceptance._asdict().items() if value is not None}
    return known | {"acceptance_known": 1, "accepted_flag": int(acceptance.accepted_flag)}


def _decisions_of(conn: sqlite3.Connection, ids: Sequence[str]) -> list[Decision]:
    query = (
        "SELECT DISTINCT tool_use_id, digest, verdict, source, accepted_lines, diff_ratio FROM tool_uses "
        f"JOIN decisions USING (tool_use_id) WHERE trace_hash IN ({marks(ids)}) ORDER BY tool_use_id, digest"
    )
    return [Decision(use, *values) for use, _, *values in conn.execute(query, ids)]


def _part_digest(part: Row) -> str:
    return digest(identity_bytes(part))
