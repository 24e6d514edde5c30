"""A call's row as records, decisions and prices come in: what is stored, kept beside it, and told to have changed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.schemas import Alias, Decision, ToolUse, call_hash
from prodlens.storage import ProdLensStore
from prodlens.storage.call_rows import put_again, put_decisions, put_sessions, session_values, stored_row
from prodlens.storage.call_upsert import put_calls
from prodlens.storage.row_conversion import session_row

if TYPE_CHECKING:
    from collections.abc import Iterator

MAY_1, MAY_2, MAY_3 = (("acme/web", f"2026-05-0{day}") for day in (1, 2, 3))


@pytest.fixture
def store() -> Iterator[ProdLensStore]:
    """Open an empty store in memory."""
    with ProdLensStore(":memory:") as opened:
        yield opened


def row(call_id: str = "msg_1", day: int = 1, **changes: Any) -> dict[str, Any]:
    """Return the row of a record of a call."""
    given = {"call_id": call_id, "timestamp": f"2026-05-0{day}T10:00:00Z", "repo_slug": "acme/web", "source": "a"}
    return session_row({**given, "model": "m", "tokens_in": 10, "tokens_out": 1, **changes})


def put(store: ProdLensStore, *rows: dict[str, Any], price: Any = None) -> set[Any]:
    """Put rows into the store, and return the days that changed."""
    with store.transaction() as conn:
        return put_sessions(conn, [session_values(each) for each in rows], price)


def decide(store: ProdLensStore, *items: ToolUse | Decision, price: Any = None) -> set[Any]:
    """Put tool uses and decisions into the store, and return the days that changed."""
    uses = [item for item in items if isinstance(item, ToolUse)]
    decisions = [item for item in items if isinstance(item, Decision)]
    with store.transaction() as conn:
        return put_decisions(conn, uses, decisions, price)


def one(store: ProdLensStore, *names: str, call_id: str = "msg_1") -> tuple[Any, ...]:
    """Return some columns of a call."""
    found = stored_row(store.conn, call_hash(call_id))
    assert found is not None
    return tuple(found[name] for name in names)


def count(store: ProdLensStore, table: str) -> int:
    """Return the number of rows of a table."""
    return int(store.conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_which_days_change(store: ProdLensStore) -> None:
    """Those of new rows and of rows that became another; a row that is already there changes nothing."""
    assert put(store) == set()
    assert put(store, row("a"), row("b", 2)) == {MAY_1, MAY_2}
    assert put(store, row("a"), row("b", 2)) == set()
    assert put(store, row("a"), row("c", 3)) == {MAY_3}
    assert put(store, row("d", 2), row("d", 2), row("a")) == {MAY_2}
    assert put(store, row("a", latency_ms=5), row("e", 3)) == {MAY_1, MAY_3}
    assert count(store, "sessions") == 5


def test_records_of_one_call_are_kept_where_they_differ(store: ProdLensStore) -> None:
    """One record has no parts; a second that differs makes both parts, of which the row is made; none is kept twice."""
    put(store, row(latency_ms=5))
    assert count(store, "session_parts") == 0
    assert put(store, row(status_code=200, source="b")) == {MAY_1}
    assert (count(store, "session_parts"), count(store, "sessions")) == (2, 1)
    assert one(store, "latency_ms", "status_code", "tokens_in") == (5.0, 200, 10)
    assert put(store, row(status_code=200, source="b"), row(latency_ms=5)) == set()
    assert count(store, "session_parts") == 2
    assert put(store, row(branch="feature", source="c", tokens_out=3)) == {MAY_1}
    assert count(store, "session_parts") == 3
    assert one(store, "latency_ms", "status_code", "branch", "tokens_out") == (5.0, 200, "feature", 3)


def test_a_call_that_moves_changes_both_days(store: ProdLensStore) -> None:
    """Another record can bring another day or repository; the row leaves the one for the other."""
    put(store, row(day=2, repo_slug=None, time_is_estimated=True))
    assert put(store, row(day=1, source="b")) == {(None, "2026-05-02"), MAY_1}
    assert one(store, "event_date", "repo_slug") == ("2026-05-01", "acme/web")


def test_decisions_before_and_after_their_call(store: ProdLensStore) -> None:
    """A decision finds the call of its tool use, whichever came first, and a second telling of it changes nothing."""
    assert decide(store, Decision("use_1", "accept", "user", 4, 0.5), ToolUse("use_1", "msg_1")) == set()
    assert put(store, row()) == {MAY_1}
    assert one(store, "acceptance_known", "accepted_flag", "decision", "accepted_lines", "diff_ratio") == (
        1, 1, "accept", 4, 0.5,
    )  # fmt: skip
    assert decide(store, Decision("use_1", "accept", "user", 4, 0.5)) == set()
    assert decide(store, Decision("use_2", "reject", call_id="msg_1")) == {MAY_1}
    assert one(store, "acceptance_known", "accepted_flag", "decision", "accepted_lines", "diff_ratio") == (
        1, 0, "reject", 4, 0.5,
    )  # fmt: skip
    assert (count(store, "decisions"), count(store, "tool_uses"), count(store, "session_parts")) == (2, 2, 1)
    put(store, row("msg_2", 2))
    assert decide(store, ToolUse("use_1", "msg_2")) == {MAY_2}
    assert one(store, "decision", call_id="msg_2") == ("accept",)
    assert decide(store, ToolUse("use_9", "msg_2")) == set()


def test_an_automatic_decision_says_nothing_of_a_person(store: ProdLensStore) -> None:
    """It is noted where nothing is known, and leaves a known acceptance as it was."""
    put(store, row(), row("msg_2", accepted_flag=True, decision="accept"))
    automatic = [Decision(f"use_{n}", "automatic", "config", call_id=f"msg_{n}") for n in (1, 2)]
    assert decide(store, *automatic) == {MAY_1}
    assert one(store, "acceptance_known", "accepted_flag", "decision") == (0, 0, "automatic")
    assert one(store, "acceptance_known", "accepted_flag", "decision", call_id="msg_2") == (1, 1, "accept")


def test_what_a_merged_call_costs(store: ProdLensStore) -> None:
    """A recorded cost stands; else the row is priced anew, or keeps the price that it has where nobody prices."""

    def price(merged: dict[str, Any]) -> dict[str, Any]:
        return merged | {"cost_usd": merged["tokens_out"] / 4, "cost_source": "computed", "price_caveat": "rough"}

    computed = {"cost_usd": 0.25, "cost_source": "computed", "price_caveat": None}
    put(store, row() | computed)
    # The same record with a newer price of ours replaces the price, and is no other record.
    assert put(store, row() | computed | {"cost_usd": 0.5}) == {MAY_1}
    assert (one(store, "cost_usd", "cost_source"), count(store, "session_parts")) == ((0.5, "computed"), 0)
    assert put(store, row() | computed | {"cost_usd": 0.5}) == set()
    put(store, row(latency_ms=7, source="b"))
    assert one(store, "cost_usd", "cost_source", "latency_ms") == (0.5, "computed", 7.0)
    put(store, row(tokens_out=12, source="d"), price=price)
    assert one(store, "tokens_out", "cost_usd", "cost_source", "price_caveat") == (12, 3.0, "computed", "rough")
    put(store, row(cost_usd=9.0, cost_source="recorded", source="e"), price=price)
    assert one(store, "cost_usd", "cost_source", "price_caveat") == (9.0, "recorded", None)


def test_a_price_stays_as_long_as_what_it_is_of_does(store: ProdLensStore) -> None:
    """Where nobody prices, a row keeps the price that it was given last, until a record changes what was priced."""
    put(store, row() | {"cost_usd": 0.25, "cost_source": "computed"})
    put(
        store, row(source="b", latency_ms=1), price=lambda merged: merged | {"cost_usd": 5.0, "cost_source": "computed"}
    )
    assert one(store, "cost_usd") == (5.0,)
    put(store, row(source="c", status_code=200))
    assert one(store, "cost_usd", "status_code") == (5.0, 200)
    put(store, row(source="d", tokens_out=8))
    assert one(store, "cost_usd", "tokens_out") == (0.25, 8)
    put(store, row(source="e", cost_usd=3.0, cost_source="recorded"))
    assert one(store, "cost_usd", "cost_source") == (3.0, "recorded")
    put(store, row(source="f", branch="feature"))
    assert one(store, "cost_usd", "cost_source", "branch") == (3.0, "recorded", "feature")


def six_a_token(merged: dict[str, Any]) -> dict[str, Any]:
    """Price a row by its output."""
    return merged | {"cost_usd": merged["tokens_out"] * 6.0, "cost_source": "computed"}


def test_decisions_and_prices(store: ProdLensStore) -> None:
    """A decision leaves the price of a single record as it was, and lets what is merged be priced."""
    put(store, row(), row("msg_2"))
    decide(store, Decision("use_1", "accept", call_id="msg_1"), price=six_a_token)
    assert one(store, "decision", "cost_usd") == ("accept", None)
    put(store, row("msg_2", source="b", latency_ms=1))
    decide(store, Decision("use_2", "accept", call_id="msg_2"), price=six_a_token)
    assert one(store, "decision", "cost_usd", call_id="msg_2") == ("accept", 6.0)


def test_a_new_price_of_a_record_that_is_kept(store: ProdLensStore) -> None:
    """The same record with another price of ours is no second record, also where the first is kept for a decision."""
    computed = {"cost_usd": 0.25, "cost_source": "computed"}
    put(store, row() | computed)
    decide(store, Decision("use_1", "accept", call_id="msg_1"))
    assert put(store, row() | computed | {"cost_usd": 0.5}) == {MAY_1}
    assert (one(store, "cost_usd", "decision"), count(store, "session_parts")) == ((0.5, "accept"), 1)


def test_two_decisions_on_one_use_are_both_kept(store: ProdLensStore) -> None:
    """With their time in UTC, or without one where nobody knows it."""
    at = datetime(2026, 5, 1, 10, tzinfo=UTC)
    decide(store, Decision("use_1", "accept", "user", decided_at=at), Decision("use_1", "reject", "hook"))
    rows = store.conn.execute("SELECT tool_use_id, verdict, source, decided_at FROM decisions ORDER BY verdict")
    assert list(map(tuple, rows)) == [
        ("use_1", "accept", "user", "2026-05-01T10:00:00+00:00"),
        ("use_1", "reject", "hook", None),
    ]


def test_an_id_that_a_gateway_gave_to_two_calls(store: ProdLensStore) -> None:
    """A record that cannot be of the same call gets an id of its own, and the first call stays as it was."""
    put(store, row(session_id="s"))
    other = row(day=3, session_id="t", tokens_in=99)
    assert put(store, other) == {MAY_3}
    assert one(store, "tokens_in", "session_id") == (10, "s")
    assert one(store, "tokens_in", "session_id", call_id="msg_1 t 99") == (99, "t")
    assert put(store, other) == set()
    assert (count(store, "sessions"), count(store, "session_parts")) == (2, 0)
    assert put(store, row(day=3, session_id="t", tokens_in=99, tokens_out=2), price=six_a_token) == {MAY_3}
    assert one(store, "tokens_out", "cost_usd", call_id="msg_1 t 99") == (2, 12.0)
    assert one(store, "tokens_out", "cost_usd") == (1, None)


def test_a_hash_without_a_call_is_left_alone(store: ProdLensStore) -> None:
    """Nothing is stored for a call that has no row, whatever is asked of it."""
    with store.transaction() as conn:
        assert put_again(conn, call_hash("msg_1"), row(), None) == set()
    assert stored_row(store.conn, call_hash("msg_1")) is None
    assert count(store, "sessions") == 0


def put_with(
    store: ProdLensStore, *rows: dict[str, Any], aliases: tuple[Alias, ...] = (), price: Any = None
) -> set[Any]:
    """Put rows and further ids into the store, and return the days that changed."""
    with store.transaction() as conn:
        return put_calls(conn, [session_values(each) for each in rows], aliases, price)


def test_days_that_change_where_two_ids_become_one(store: ProdLensStore) -> None:
    """The row of the alias leaves its day, that of the call changes; a claim told twice changes nothing."""
    log = row("req_1", 3, latency_ms=5, source="b", partial=True)
    assert put_with(store, log, row("msg_1", 1)) == {MAY_1, MAY_3}
    assert put_with(store, aliases=(Alias("req_1", "msg_1"),)) == {MAY_1, MAY_3}
    assert (one(store, "latency_ms", "event_date"), count(store, "sessions")) == ((5.0, "2026-05-01"), 1)
    assert put_with(store, aliases=(Alias("req_1", "msg_1"),)) == set()
    assert put_with(store, row("req_1", 3, status_code=200, source="c", partial=True)) == {MAY_1}
    assert one(store, "latency_ms", "status_code") == (5.0, 200)
    # A second call that claims the alias takes it from the first: each of the three stands by itself again.
    assert put_with(store, row("msg_2", 2), aliases=(Alias("req_1", "msg_2"),)) == {MAY_1, MAY_2, MAY_3}
    assert (one(store, "latency_ms"), one(store, "latency_ms", call_id="req_1")) == ((None,), (5.0,))


def test_a_record_of_an_alias_makes_the_call_that_is_not_there(store: ProdLensStore) -> None:
    """Where the claim came first, a record that goes by the alias becomes the row of the call, priced as its own."""

    def price(merged: dict[str, Any]) -> dict[str, Any]:
        return merged | {"cost_usd": merged["tokens_out"] * 1.5, "cost_source": "computed"}

    log = price(row("req_1", 2))
    assert put_with(store, aliases=(Alias("req_1", "msg_1"),)) == set()
    assert put_with(store, log, price=price) == {MAY_2}
    assert (one(store, "cost_usd", "cost_source"), count(store, "sessions")) == ((1.5, "computed"), 1)
    assert stored_row(store.conn, call_hash("req_1")) is None
    assert put_with(store, log, price=price) == set()
    assert put_with(store, row("msg_1", 2, latency_ms=4, source="b", tokens_out=2), price=price) == {MAY_2}
    assert (one(store, "latency_ms", "cost_usd"), count(store, "session_parts")) == ((4.0, 3.0), 2)
    assert put_with(store, row("req_1", 2, source="c", tokens_out=4), price=price) == {MAY_2}
    assert one(store, "tokens_out", "cost_usd") == (4, 6.0)


def test_calls_that_become_one_are_priced_as_one(store: ProdLensStore) -> None:
    """The price is of what the records of both ids say together."""
    put_with(store, six_a_token(row("req_1", tokens_out=4, model=None)), six_a_token(row("msg_1", source="b")))
    put_with(store, aliases=(Alias("req_1", "msg_1"),), price=six_a_token)
    assert one(store, "tokens_out", "model", "cost_usd") == (4, "m", 24.0)
    put_with(store, row("msg_2", tokens_out=5), price=six_a_token)
    put_with(store, row("req_2", source="b", cost_usd=1.0, cost_source="computed"), price=six_a_token)
    put_with(store, aliases=(Alias("req_2", "msg_2"),), price=six_a_token)
    assert one(store, "tokens_out", "cost_usd", call_id="msg_2") == (5, 30.0)


def test_an_id_that_claims_another_is_an_alias_no_more(store: ProdLensStore) -> None:
    """A chain joins nothing: what was joined stands by itself again, also where nothing goes by the new alias."""
    put_with(store, row("msg_1", 1), row("req_1", 2, source="b", latency_ms=5), aliases=(Alias("req_1", "msg_1"),))
    assert count(store, "sessions") == 1
    put_with(store, aliases=(Alias("x", "req_1"),))
    assert (one(store, "latency_ms"), one(store, "latency_ms", call_id="req_1")) == ((None,), (5.0,))
