"""Calls into the store where several ids name one: rows of an alias join the call when either of the two turns up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.calls import merge
from prodlens.storage.call_aliases import concerned_by, ids_of, owners_of, unknown_claims
from prodlens.storage.call_rows import (
    INSERT,
    keep_parts,
    parts_of,
    put_again,
    put_sessions,
    repository_day_of,
    stored_row,
)
from prodlens.storage.notes import count_change_of_calls
from prodlens.storage.row_conversion import SESSION_COLUMNS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from prodlens.calls import Row
    from prodlens.schemas import Alias
    from prodlens.storage.call_aliases import Claim
    from prodlens.storage.call_rows import Price, RepositoryDay

_AT = SESSION_COLUMNS.index("trace_hash")


def put_calls(
    conn: sqlite3.Connection,
    rows: Sequence[tuple[Any, ...]],
    aliases: Iterable[Alias] = (),
    price: Price | None = None,
) -> set[RepositoryDay]:
    """Insert rows or merge them into the stored calls that one of their ids names, inside the caller's transaction.

    Args:
        conn: Connection to the store.
        rows: Values in the order of ``SESSION_COLUMNS``.
        aliases: Further ids of calls, these or others.
        price: Prices a merged row that has no recorded cost.

    Returns:
        The days, as (slug, day), where a row is new, has changed, or was before it moved or joined another.
    """
    owners = owners_of(conn, (row[_AT] for row in rows))
    changed = put_sessions(conn, [row for row in rows if row[_AT] not in owners], price)
    for row in rows:
        if row[_AT] in owners:
            changed |= _take_in(conn, owners[row[_AT]], dict(zip(SESSION_COLUMNS, row, strict=True)), price)
    for claim in unknown_claims(conn, aliases):
        changed |= _join(conn, claim, price)
    if changed:
        count_change_of_calls(conn)
    return changed


def _take_in(conn: sqlite3.Connection, call: str, record: Row, price: Price | None) -> set[RepositoryDay]:
    """Add to a call a record that goes by an alias of it."""
    if stored_row(conn, call) is not None:
        return put_again(conn, call, record, price)
    keep_parts(conn, [record])
    return _rebuild(conn, call, price)


def _join(conn: sqlite3.Connection, claim: Claim, price: Price | None) -> set[RepositoryDay]:
    """Keep a claim. Rebuild the calls that it joins, or that it separates because the alias was claimed before.

    Most claims come before any record that goes by the alias, and change nothing yet.
    """
    alias, call = claim
    idle = stored_row(conn, alias) is None and not parts_of(conn, [alias]) and not owners_of(conn, [call])
    concerned = [] if idle else concerned_by(conn, claim)
    for trace_hash in concerned:
        _keep_only_record(conn, trace_hash)
    conn.execute("INSERT INTO call_aliases VALUES (?, ?)", claim)
    return set().union(*(_rebuild(conn, trace_hash, price) for trace_hash in concerned))


def _keep_only_record(conn: sqlite3.Connection, trace_hash: str) -> None:
    """Keep a row that is its call's only record among the parts, so that the row can be made from them."""
    row = stored_row(conn, trace_hash)
    if row is not None and not parts_of(conn, ids_of(conn, trace_hash)):
        keep_parts(conn, [row])


def _rebuild(conn: sqlite3.Connection, trace_hash: str, price: Price | None) -> set[RepositoryDay]:
    """Make the row of a hash what the parts of its call say: none when it is an alias, or has no part."""
    ids, row = ids_of(conn, trace_hash), stored_row(conn, trace_hash)
    parts = parts_of(conn, ids) if ids[0] == trace_hash else {}
    if parts:
        changed = set()
        if row is None:
            made = merge(parts.values(), price, trace_hash)
            conn.execute(INSERT, made)
            changed.add(repository_day_of(made))
        return changed | put_again(conn, trace_hash, None, price)
    if row is None:
        return set()
    conn.execute("DELETE FROM sessions WHERE trace_hash = ?", (trace_hash,))
    return {repository_day_of(row)}
