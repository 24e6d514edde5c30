"""Which ids are aliases of a call, in Python and in SQL."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.calls import owners
from prodlens.storage import ProdLensStore
from prodlens.storage.call_aliases import ids_of, owners_of

IDS = st.sampled_from("abcdef")


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ([], {}),
        ([("request", "message")], {"request": "message"}),
        ([("request", "message"), ("request", "message")], {"request": "message"}),
        ([("request", "one"), ("request", "other")], {}),
        ([("b", "a"), ("c", "b")], {"c": "b"}),
        ([("a", "b"), ("b", "a")], {}),
        ([("a", "a")], {}),
        ([("a", "x"), ("b", "x")], {"a": "x", "b": "x"}),
    ],
)
def test_an_id_of_two_calls_is_not_an_alias(claims: list[tuple[str, str]], expected: dict[str, str]) -> None:
    """An alias is claimed by exactly one call and claims no id itself; a claim on oneself says nothing."""
    assert owners(claims) == expected


@given(st.lists(st.tuples(IDS, IDS)))
def test_the_database_decides_as_the_rule_does(claims: list[tuple[str, str]]) -> None:
    """Whatever is claimed, in whatever order, SQL and Python agree on which ids are one call."""
    expected = owners(claims)
    with ProdLensStore(":memory:") as store:
        store.conn.executemany("INSERT OR IGNORE INTO call_aliases VALUES (?, ?)", [c for c in claims if c[0] != c[1]])
        assert owners_of(store.conn, "abcdef") == expected
        for one in "abcdef":
            call = expected.get(one, one)
            assert ids_of(store.conn, one) == [call, *sorted(each for each, by in expected.items() if by == call)]
