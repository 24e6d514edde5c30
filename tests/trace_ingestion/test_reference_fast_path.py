"""The short way to a row gives what the long way gives."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.storage.row_conversion import SESSION_COLUMNS, SESSION_DEFAULTS
from prodlens.trace_ingestion.batches import SourceReading
from prodlens.trace_ingestion.json_stream import Entry
from prodlens.trace_ingestion.reference_fast_path import PLAIN_COLUMNS, PlainRows

ODD: st.SearchStrategy[Any] = st.sampled_from([None, True, -1, 0, 1.5, 2**60, "", " x ", "7", [], {"a": 1}])
TIMES = st.sampled_from(
    [
        "2026-05-01T10:00:00Z",
        "2026-05-01T10:00:00.25+00:00",
        "2026-05-01 10:00",
        "2026-05-01T10:00:00.250000Z",
        "2026-05-01T10:00:00.000000Z",
        "2026-05-01T10:00:00.250Z",
        "2026-05-01T10:00:00,250000Z",
        "2026-05-01T23:00:00-02:00",
        "2026-05-01T24:00:00Z",
        "2026-05-01T10:60:00Z",
        "2026-02-30T10:00:00Z",
        "2026-W18-5T10:00:00Z",
        "٢026-05-01T10:00:00Z",
        "never",
        1.7e9,
    ]
)
MODELS = ["gpt-4o", "anthropic/claude-sonnet-4-5", "nobody/knows", "o3"]
SESSIONS = ["session_ab", "x_session_y", "session_", "session_a ", "plain", "sessión_"]
PEOPLE = {"dev@example.com": "dev"}


def either(usual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return mostly usual values and now and then an odd one."""
    return st.one_of(usual, usual, usual, usual, ODD)


RECORDS = st.fixed_dictionaries(
    {
        "timestamp": TIMES,
        "usage": st.fixed_dictionaries(
            {
                "input_tokens": either(st.integers(0, 500_000)),
                "output_tokens": either(st.integers(0, 5_000)),
                "total_tokens": either(st.integers(0, 505_000)),
            },
            optional={"cache_read_input_tokens": st.integers(0, 10)},
        ),
        "attributes": st.fixed_dictionaries(
            {
                "llm.model_name": either(
                    st.sampled_from(["gpt-4o", "anthropic/claude-sonnet-4-5", "nobody/knows", "o3"])
                ),
                "latency_ms": either(st.floats(0, 10**6) | st.integers(0, 10)),
                "status_code": either(st.integers(0, 1200)),
                "prod_lens.accepted": either(st.booleans()),
                "diff_ratio": either(st.floats(0, 1)),
                "accepted_lines": either(st.integers(0, 60)),
            },
            optional={"accepted": st.booleans(), "metadata": st.just({"repo": "a/b"})},
        ),
        "metadata": st.fixed_dictionaries(
            {
                "session_id": either(
                    st.sampled_from(["session_ab", "x_session_y", "session_", "session_a ", "plain", "sessión_"])
                ),
                "developer_id": either(st.sampled_from(["dev@example.com", "user_session_1", "{}"])),
                "repo": either(st.sampled_from(["acme/web", "../../etc", "git@github.com:acme/api.git", "bare"])),
            }
        ),
    },
    optional={"id": st.just("call-1"), "model": st.just("gpt-4o"), "response_cost": st.floats(0, 1)},
)


def long_way(record: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return the rows that the format's reader gives."""
    reading = SourceReading("x", None, PEOPLE)
    reading._plain = None
    reading.read(Entry(1, b"", record))
    return reading.batch.rows


@settings(max_examples=400, deadline=None)
@given(st.lists(RECORDS, min_size=1, max_size=3))
def test_short_and_long_way_agree(records: list[dict[str, Any]]) -> None:
    """For any record that is taken as plain, the row is to the last bit what the format's reader makes of it."""
    plain = PlainRows(PEOPLE)
    for record in records:
        row = plain.row(record)
        if row is not None:
            values = SESSION_DEFAULTS | dict(zip(PLAIN_COLUMNS, row, strict=True))
            assert [tuple(values.values())] == [tuple(row) for row in long_way(record)]


def test_the_benchmark_records_are_plain() -> None:
    """A record as the reference shows it takes the short way, from the first one on."""
    record = {
        "timestamp": "2026-05-01T10:00:00.123456Z",
        "usage": {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15},
        "attributes": {
            "llm.model_name": "gpt-4o",
            "latency_ms": 10.5,
            "status_code": 200,
            "prod_lens.accepted": True,
            "diff_ratio": 0.5,
            "accepted_lines": 3,
        },
        "metadata": {"session_id": "session_ab", "developer_id": "dev@example.com", "repo": "acme/web"},
    }
    row = PlainRows({}).row(record)
    assert row is not None
    assert dict(zip(PLAIN_COLUMNS, row, strict=True))["cost_usd"] == pytest.approx(
        75e-6
    )  # 2.5 and 10 dollars a million


def test_the_price_is_that_of_the_day_in_utc() -> None:
    """A call of another zone, on whose UTC day the price is another one, leaves the price of its local day alone."""
    evening, before = "2026-03-12T23:00:00-02:00", "2026-03-12T10:00:00Z"
    plain, cost = PlainRows({}), SESSION_COLUMNS.index("cost_usd")
    assert plain.row(_dear(evening)) is None
    row = plain.row(_dear(before))
    assert row is not None
    assert row[PLAIN_COLUMNS.index("cost_usd")] == long_way(_dear(before))[0][cost]
    assert long_way(_dear(before))[0][cost] != long_way(_dear(evening))[0][cost]


def _dear(at: str) -> dict[str, Any]:
    """Return a call of a model whose price for long inputs changed on 2026-03-13."""
    return {
        "timestamp": at,
        "usage": {"input_tokens": 300_000, "output_tokens": 5, "total_tokens": 300_005},
        "attributes": {
            "llm.model_name": "claude-opus-4-6",
            "latency_ms": 10.5,
            "status_code": 200,
            "prod_lens.accepted": True,
            "diff_ratio": 0.5,
            "accepted_lines": 3,
        },
        "metadata": {"session_id": "session_ab", "developer_id": "dev", "repo": "acme/web"},
    }
