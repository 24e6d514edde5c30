"""Which ids name one call, asked of the database: literal claims, and what they make of each hash."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prodlens.schemas import Alias, call_hash
from prodlens.storage import ProdLensStore
from prodlens.storage.call_aliases import concerned_by, ids_of, owners_of, unknown_claims

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def store() -> Iterator[ProdLensStore]:
    """Open an empty store in memory."""
    with ProdLensStore(":memory:") as opened:
        yield opened


def claim(store: ProdLensStore, *claims: tuple[str, str]) -> None:
    """Store claims, each the hash of an alias and that of a call."""
    store.conn.executemany("INSERT INTO call_aliases (alias, trace_hash) VALUES (?, ?)", claims)


def test_without_a_claim_every_hash_is_a_call(store: ProdLensStore) -> None:
    """Nobody owns a hash that nobody claims."""
    assert owners_of(store.conn, ["a", "b"]) == {}
    assert ids_of(store.conn, "a") == ["a"]


def test_only_the_hashes_asked_for_are_answered(store: ProdLensStore) -> None:
    """An alias is answered with its call; a call, and what nobody knows, are not in the answer."""
    claim(store, ("request", "message"), ("other", "call"))
    assert owners_of(store.conn, ["request", "message", "stranger"]) == {"request": "message"}
    assert owners_of(store.conn, []) == {}


def test_every_portion_of_many_hashes_is_asked(store: ProdLensStore) -> None:
    """More hashes than one query takes have their owners all the same, the first and the last among them."""
    claim(store, *((f"alias {n}", f"call {n}") for n in range(1203)))
    asked = [f"alias {n}" for n in range(1203)]
    assert owners_of(store.conn, iter(asked)) == {f"alias {n}": f"call {n}" for n in range(1203)}


@pytest.mark.parametrize("given", ["message", "request a", "request b"])
def test_every_id_of_a_call_leads_to_all_of_them(store: ProdLensStore, given: str) -> None:
    """The call's own comes first, its aliases follow in order, and another call's are left out."""
    claim(store, ("request b", "message"), ("request a", "message"), ("request c", "another"))
    assert ids_of(store.conn, given) == ["message", "request a", "request b"]


def test_what_two_calls_claim_is_neither_ones(store: ProdLensStore) -> None:
    """A contested id is a call by itself; the other aliases of the two are theirs all the same."""
    claim(store, ("shared", "one"), ("shared", "other"), ("own", "one"))
    assert owners_of(store.conn, ["shared", "own"]) == {"own": "one"}
    assert ids_of(store.conn, "one") == ["one", "own"]
    assert ids_of(store.conn, "shared") == ["shared"]


def test_what_has_aliases_itself_is_a_call(store: ProdLensStore) -> None:
    """An id in the middle of a chain keeps its alias and belongs to nobody."""
    claim(store, ("middle", "top"), ("bottom", "middle"))
    assert owners_of(store.conn, ["top", "middle", "bottom"]) == {"bottom": "middle"}
    assert ids_of(store.conn, "bottom") == ["middle", "bottom"]
    assert ids_of(store.conn, "top") == ["top"]


def test_claims_are_new_until_they_are_stored(store: ProdLensStore) -> None:
    """Each comes once and in order, whoever else claims its alias; an id that is its own alias claims nothing."""
    request, one, other = call_hash("req"), call_hash("msg 1"), call_hash("msg 2")
    claim(store, (request, one), (call_hash("stranger"), other))
    given = [Alias("req", "msg 1"), Alias("req", "msg 2"), Alias("req", "msg 2"), Alias("msg 2", "msg 2")]
    assert unknown_claims(store.conn, given) == [(request, other)]
    assert unknown_claims(store.conn, [Alias("msg 1", "msg 1")]) == []
    further = [Alias("req", "msg 3"), Alias("req b", "msg 1"), Alias("req", "msg 1")]
    expected = [(request, call_hash("msg 3")), (call_hash("req b"), one)]
    assert unknown_claims(store.conn, further) == sorted(expected)
    assert unknown_claims(store.conn, further[::-1]) == sorted(expected)


def test_more_claims_than_one_query_takes_are_all_looked_up(store: ProdLensStore) -> None:
    """Of 1,203 claims the 1,200 that are stored are not new."""
    given = [Alias(f"req {n}", "msg") for n in range(1203)]
    claim(store, *((call_hash(one.alias), call_hash("msg")) for one in given[3:]))
    assert unknown_claims(store.conn, given) == sorted((call_hash(f"req {n}"), call_hash("msg")) for n in range(3))


def test_whom_a_claim_concerns(store: ProdLensStore) -> None:
    """Its own two hashes, and the calls that claim either of them so far; not their aliases, and nobody else."""
    claim(store, ("request", "first"), ("message", "outer"), ("below", "message"), ("x", "y"))
    assert concerned_by(store.conn, ("request", "message")) == ["first", "message", "outer", "request"]
    assert concerned_by(store.conn, ("a", "b")) == ["a", "b"]
