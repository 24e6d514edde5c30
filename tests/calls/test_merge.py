"""Which of a call's records wins, field by field: literal rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from prodlens.calls.merge import are_two_calls, identity_bytes, is_unique, merge, under_own_id
from prodlens.schemas import CanonicalTrace, call_hash


def part(*, second: int = 0, out: int = 10, **changes: Any) -> dict[str, Any]:
    """Return a record of the call ``msg_1``."""
    at = datetime(2026, 5, 1, 10, 0, second, tzinfo=UTC)
    fixed: dict[str, Any] = {"session_id": None, "developer_id": None, "model": "m", "tokens_in": 100}
    known: dict[str, Any] = {"latency_ms": 0.0, "status_code": None, "accepted_flag": False, "acceptance_known": False}
    given = {**fixed, **known, "call_id": "msg_1", "timestamp": at, "tokens_out": out, **changes}
    return CanonicalTrace(**given).to_record()


def winner(*parts: dict[str, Any]) -> tuple[str, int]:
    """Return time and output tokens of the merged call, which no order of its records changes."""
    one, other = merge(parts), merge(reversed(parts))
    assert one == other
    return one["timestamp"][17:19], one["tokens_out"]


def test_more_output_tokens_win_over_a_later_time() -> None:
    """The earlier record with more output tokens gives the call its time."""
    assert winner(part(second=1, out=20), part(second=9, out=10)) == ("01", 20)


def test_a_final_record_wins_over_more_output_tokens() -> None:
    """A record written before the call ended never decides against one written after."""
    assert winner(part(second=1, out=5), part(second=2, out=50, partial=True)) == ("01", 5)


def test_of_equal_tokens_the_later_time_wins() -> None:
    """Records that count the same tokens differ by their time."""
    assert winner(part(second=3), part(second=4)) == ("04", 10)


def test_of_equal_times_the_greater_bytes_win() -> None:
    """Records that differ in nothing else are ordered by their sorted JSON."""
    given = part(model="a"), part(model="b")
    assert merge(given)["model"] == merge(reversed(given))["model"] == "b"


def test_what_the_winner_does_not_know_is_kept() -> None:
    """Time, source and completeness are the winner's, unknown or not; everything else comes from whoever knows it."""
    first = part(second=1, out=20, model=None, developer_id="alice")
    other = part(second=9, model="gpt-4o", developer_id="bob", source="litellm", latency_ms=700.0, branch="main")
    row = merge([other, first])
    assert {name: row[name] for name in ("timestamp", "event_date", "source", "partial")} == {
        "timestamp": "2026-05-01T10:00:01+00:00",
        "event_date": "2026-05-01",
        "source": None,
        "partial": 0,
    }
    assert {name: row[name] for name in ("model", "developer_id", "latency_ms", "branch")} == {
        "model": "gpt-4o",
        "developer_id": "alice",
        "latency_ms": 700.0,
        "branch": "main",
    }


def test_tokens_of_zero_are_unknown() -> None:
    """A count that the winner lacks comes from the other record, and the total is at least the sum of both."""
    row = merge([part(out=20, tokens_in=0), part(out=10, tokens_in=100)])
    assert (row["tokens_in"], row["tokens_out"], row["total_tokens"]) == (100, 20, 120)
    row = merge([part(out=0, tokens_in=0), part(second=1, out=0, tokens_in=0)])
    assert (row["tokens_in"], row["tokens_out"], row["total_tokens"]) == (0, 0, 0)
    larger = part(out=20) | {"total_tokens": 500}
    assert merge([larger, part()])["total_tokens"] == 500


def test_the_call_has_the_id_of_its_own_record() -> None:
    """Of a record that goes by an alias and one that goes by the call's hash, the latter names the call."""
    alias = part(out=20, call_id="req_1", trace_hash="alias")
    own = part(out=10, call_id="msg_1", trace_hash="call")
    nameless = part(out=10, call_id=None, trace_hash="call")
    for records in ([alias, own], [own, alias]):
        row = merge(records, trace_hash="call")
        assert (row["trace_hash"], row["call_id"], row["tokens_out"]) == ("call", "msg_1", 20)
    row = merge([alias, nameless], trace_hash="call")
    assert (row["trace_hash"], row["call_id"]) == ("call", "req_1")
    assert merge([alias, own])["trace_hash"] == "alias"


def test_a_status_keeps_its_reason() -> None:
    """Code and reason are of one record, the most complete one that has a code."""
    unknown = part(out=30, status_reason="of no code")
    failed = part(out=20, status_code=529, status_reason="overloaded_error")
    fine = part(out=10, status_code=200)
    assert [merge([unknown, failed, fine])[name] for name in ("status_code", "status_reason")] == [
        529,
        "overloaded_error",
    ]
    assert [merge([unknown, fine])[name] for name in ("status_code", "status_reason")] == [200, None]
    assert [merge([unknown, part()])[name] for name in ("status_code", "status_reason")] == [None, "of no code"]


def test_acceptance_is_of_one_record() -> None:
    """Flag, knowledge and decision are of the most complete record that knows; unknown stays unknown."""
    unknown = part(out=30)
    rejected = part(out=20, acceptance_known=True, decision="reject")
    accepted = part(out=10, acceptance_known=True, accepted_flag=True, decision="accept")
    names = ("acceptance_known", "accepted_flag", "decision")
    assert [merge([accepted, unknown, rejected])[name] for name in names] == [1, 0, "reject"]
    assert [merge([accepted, unknown])[name] for name in names] == [1, 1, "accept"]
    assert [merge([unknown, part()])[name] for name in names] == [0, 0, None]


COST = ("cost_usd", "cost_source", "cost_is_final")


def test_a_recorded_cost_wins_over_a_computed_one() -> None:
    """A cost that a source recorded stands over any that was computed, however complete its record."""
    unpriced = part(out=40)
    computed = part(out=30, cost_usd=0.5, cost_source="computed")
    recorded = part(out=20, cost_usd=0.25, cost_source="recorded", cost_is_final=True)
    later = part(out=10, cost_usd=0.75, cost_source="recorded")
    assert [merge([computed, later, unpriced, recorded])[name] for name in COST] == [0.25, "recorded", 1]
    assert [merge([computed, unpriced])[name] for name in COST] == [0.5, "computed", 0]
    assert [merge([unpriced, part()])[name] for name in COST] == [None, None, 0]


def test_only_what_nobody_recorded_is_priced() -> None:
    """The merged row is priced as a whole, and not at all where a record brings its cost."""

    def price(row: dict[str, Any]) -> dict[str, Any]:
        return row | {"cost_usd": float(row["tokens_in"] + row["tokens_out"])}

    computed = part(out=30, tokens_in=0, cost_usd=0.5, cost_source="computed")
    assert merge([computed, part(out=20)], price)["cost_usd"] == 130.0
    recorded = part(out=10, cost_usd=0.25, cost_source="recorded")
    assert merge([computed, recorded], price)["cost_usd"] == 0.25
    assert merge([computed, part()])["cost_usd"] == 0.5


def test_a_computed_cost_tells_no_records_apart() -> None:
    """The bytes that order records hold every field by name, less a cost that prices of today made."""
    fields = {"model": "m", "cost_usd": 1.5, "cost_source": "recorded", "cost_is_final": 1}
    assert identity_bytes(fields) == b'{"cost_is_final":1,"cost_source":"recorded","cost_usd":1.5,"model":"m"}'
    assert identity_bytes(fields | {"cost_source": "computed"}) == (
        b'{"cost_is_final":null,"cost_source":null,"cost_usd":null,"model":"m"}'
    )


def test_a_time_that_was_recorded_wins_over_an_estimated_one() -> None:
    """An estimated time gives way to the recorded time of another record; of two estimates the winner's stands."""
    names = ("timestamp", "event_date", "time_is_estimated")
    winner, other = part(second=1, out=30, time_is_estimated=True), part(second=5, out=10)
    assert [merge([winner, other])[name] for name in names] == ["2026-05-01T10:00:05+00:00", "2026-05-01", 0]
    guess = part(second=5, out=10, time_is_estimated=True)
    assert [merge([winner, guess])[name] for name in names] == ["2026-05-01T10:00:01+00:00", "2026-05-01", 1]


AT = datetime(2026, 5, 1, 10, tzinfo=UTC)
FIRST: dict[str, Any] = {"source": "litellm", "session_id": "one", "tokens_in": 100, "timestamp": AT}
SECOND: dict[str, Any] = {**FIRST, "session_id": "two", "tokens_in": 200, "timestamp": AT + timedelta(seconds=61)}


@pytest.mark.parametrize(
    ("changes", "two"),
    [
        ({}, True),
        ({"source": "otlp"}, False),
        ({"source": None}, False),
        ({"partial": True}, False),
        ({"session_id": "one"}, False),
        ({"session_id": None}, False),
        ({"tokens_in": 100}, False),
        ({"tokens_in": 0}, False),
        ({"timestamp": AT + timedelta(seconds=60)}, False),
        ({"timestamp": AT - timedelta(seconds=61)}, True),
    ],
    ids=lambda value: ",".join(value) or "nothing" if isinstance(value, dict) else "",
)
def test_records_that_agree_on_nothing_are_two_calls(changes: dict[str, Any], two: bool) -> None:
    """Two final records of one source are two calls where session, input and, by over a minute, time differ."""
    one, other = part(**FIRST), part(**{**SECOND, **changes})
    assert are_two_calls(one, other) is are_two_calls(other, one) is two
    assert not are_two_calls(part(**{**FIRST, "source": None}), part(**{**SECOND, "source": None}))


def test_a_call_under_an_id_of_its_own() -> None:
    """The second call of a constant id is named by its session and input too, and keeps everything else."""
    row = under_own_id(part(session_id="two", tokens_in=200, model="gpt-4o"))
    assert (row["call_id"], row["model"]) == ("msg_1 two 200", "gpt-4o")
    assert row["trace_hash"] == call_hash("msg_1 two 200")


@pytest.mark.parametrize(
    ("call_id", "unique"),
    [
        ("msg_0123456789abcdef", True),
        ("msg_0123456789abcde", False),
        ("aaaaaaaaaaaaabcdefgh", True),
        ("aaaaaaaaaaaaaabcdefg", False),
        ("", False),
    ],
)
def test_an_id_that_an_api_made_up_is_long_and_mixed(call_id: str, unique: bool) -> None:
    """Twenty characters, eight of them different, are enough; nineteen, or fewer different ones, are not."""
    assert is_unique(call_id) is unique


@pytest.mark.parametrize(
    ("source", "call_id", "two"),
    [
        ("claude-code", "msg_1", True),
        ("claude-code", None, True),
        ("claude-code", "msg_0123456789abcdef", False),
        ("litellm", "msg_1", False),
    ],
)
def test_another_input_is_enough_where_a_source_repeats_it(source: str, call_id: str | None, two: bool) -> None:
    """Claude Code repeats a message with its input: under a constant id, another input is another call at once."""
    same_moment = {**SECOND, "timestamp": AT, "session_id": "one", "source": source, "call_id": call_id}
    assert are_two_calls(part(**{**FIRST, "source": source, "call_id": call_id}), part(**same_moment)) is two
