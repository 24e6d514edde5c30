"""Data frames of the store: every row once, in order, in little more memory than the frame itself takes."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from prodlens.storage import ProdLensStore
from tests.test_schemas import trace

ROWS = 30_000


def test_a_frame_takes_little_more_memory_than_its_own() -> None:
    """Reading 30,000 calls takes at most 1.5 times the memory of the frame that comes out."""
    start = datetime(2026, 5, 1, tzinfo=UTC)
    with ProdLensStore(":memory:") as store:
        store.insert_sessions(
            trace(
                session_id=f"session {number // 10}",
                developer_id=f"developer {number % 50}",
                timestamp=start + timedelta(seconds=number),
                call_id=f"call {number}",
            )
            for number in range(ROWS)
        )
        store.sessions_dataframe()  # what pandas loads with its first use is not the frame's
        tracemalloc.start()
        frame = store.sessions_dataframe()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert len(frame) == ROWS
    assert frame["tokens_in"].sum() == 1000 * ROWS
    assert frame["timestamp"].is_monotonic_increasing
    assert frame["timestamp"].iloc[-1] == pd.Timestamp(start + timedelta(seconds=ROWS - 1))
    assert peak <= 1.5 * frame.memory_usage(deep=True).sum()


def test_a_moment_beyond_nanoseconds_is_unknown_in_a_frame() -> None:
    """A call of the year 9999 is stored as it is; a frame, whose moments end in 2262, has NaT for it."""
    with ProdLensStore(":memory:") as store:
        store.insert_sessions([trace(), trace(timestamp=datetime(9999, 12, 31, 23, 59, tzinfo=UTC))])
        frame = store.sessions_dataframe()
        assert [row["event_date"] for row in store.fetch_sessions()] == ["2026-05-01", "9999-12-31"]
    assert list(frame["timestamp"].isna()) == [False, True]
    assert str(frame["timestamp"].dtype) == "datetime64[ns, UTC]"


@pytest.mark.parametrize("rows", [0, 1, 1_999, 2_000, 4_001])
def test_batches_meet_without_a_seam(rows: int) -> None:
    """Every row stands once in the frame, whatever the number of batches that it was read in."""
    with ProdLensStore(":memory:") as store:
        store.insert_sessions(trace(tokens_in=number, call_id=str(number)) for number in range(rows))
        frame = store.sessions_dataframe()
    assert np.array_equal(frame["tokens_in"].to_numpy(), np.arange(rows))
    assert frame["latency_ms"].dtype == "float64"
    assert (frame["model"] == "claude-3-sonnet").all()
