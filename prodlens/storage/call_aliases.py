"""Which ids name one call: the one that its records go by, and further ones that a record gives beside it.

Each record keeps the identity of its own id, and a call is made of the records of all its ids. So what is stored is a
function of the sets of records and aliases, whatever their order. Which id is an alias is the rule of
``calls.aliases``, asked of the database here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.schemas import call_hash
from prodlens.storage.in_queries import marks, portions

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from prodlens.schemas import Alias

    Claim = tuple[str, str]

_CLAIMS_NOTHING = "NOT EXISTS (SELECT 1 FROM call_aliases AS own WHERE own.trace_hash = claim.alias)"
_ALONE = (
    "NOT EXISTS (SELECT 1 FROM call_aliases AS other "
    "WHERE other.alias = claim.alias AND other.trace_hash <> claim.trace_hash)"
)
_ALIASES = f"SELECT alias FROM call_aliases AS claim WHERE trace_hash = ? AND {_ALONE} AND {_CLAIMS_NOTHING}"


def owners_of(conn: sqlite3.Connection, hashes: Iterable[str]) -> dict[str, str]:
    """Return the call of each hash that is the alias of one; the other hashes are calls themselves."""
    if conn.execute("SELECT 1 FROM call_aliases LIMIT 1").fetchone() is None:
        return {}
    query = (
        f"SELECT alias, trace_hash FROM call_aliases AS claim WHERE alias IN (%s) AND {_ALONE} AND {_CLAIMS_NOTHING}"
    )
    return {
        row[0]: row[1] for part in portions(list(hashes)) for row in conn.execute(query % marks(part), part).fetchall()
    }


def ids_of(conn: sqlite3.Connection, trace_hash: str) -> list[str]:
    """Return the hashes whose records are one call: the call's own, then its aliases; any of them may be given."""
    call = owners_of(conn, [trace_hash]).get(trace_hash, trace_hash)
    return [call, *sorted(row[0] for row in conn.execute(_ALIASES, (call,)))]


def unknown_claims(conn: sqlite3.Connection, aliases: Iterable[Alias]) -> list[Claim]:
    """Return what is not claimed yet, as (hash of the alias, hash of the call), each once."""
    claims = {(call_hash(given.alias), call_hash(given.call_id)) for given in aliases if given.alias != given.call_id}
    query = "SELECT alias, trace_hash FROM call_aliases WHERE alias IN (%s)"
    for part in portions(sorted({alias for alias, _ in claims})) if claims else ():
        claims.difference_update((row[0], row[1]) for row in conn.execute(query % marks(part), part))
    return sorted(claims)


def concerned_by(conn: sqlite3.Connection, claim: Claim) -> list[str]:
    """Return the hashes whose calls a claim may change: its own two, and those that claim one of them so far."""
    query = "SELECT trace_hash FROM call_aliases WHERE alias IN (?, ?)"
    return sorted({*claim, *(row[0] for row in conn.execute(query, claim))})
