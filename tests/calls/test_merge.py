"""Which of a call's records wins: final, then more output tokens, then later, then the greater bytes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from prodlens.calls.merge import merge
from prodlens.schemas import CanonicalTrace


def part(*, second: int = 0, out: int = 10, **changes: Any) -> dict[str, Any]:
    """Return a record of the call ``msg_1``."""
    at = datetime(2026, 5, 1, 10, 0, second, tzinfo=UTC)
    fixed: dict[str, Any] = {"session_id": None, "developer_id": None, "model": "m", "tokens_in": 100}
    known: dict[str, Any] = {"latency_ms": 0.0, "status_code": None, "accepted_flag": False, "call_id": "msg_1"}
    return CanonicalTrace(**{**fixed, **known, "timestamp": at, "tokens_out": out, **changes}).to_record()


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
