"""The event stream of codex exec; expected values are read off the bundled file by eye."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.trace_normalizer.formats import Skipped, Untimed
from tests.trace_files import read_items, records
from tests.trace_project import TraceProject, lines

if TYPE_CHECKING:
    from pathlib import Path

    from prodlens.schemas import CanonicalTrace

STREAM = "codex_exec.jsonl"


def turns(given: list[dict[str, Any]]) -> list[CanonicalTrace]:
    """Return the turns of a stream."""
    return [item.call for item in read_items(given) if isinstance(item, Untimed)]


def test_a_turn_counts_what_it_has_beyond_the_one_before() -> None:
    """Usage is told as the sum since the thread began; cached input is part of the input."""
    first, second = turns(records(STREAM))
    assert (first.tokens_in, first.tokens_out, first.cache_read_tokens) == (24763, 122, 24448)
    assert (second.tokens_in, second.tokens_out, second.cache_read_tokens) == (26000, 200, 25000)
    assert (first.reasoning_tokens, second.reasoning_tokens) == (64, 0)
    assert {(call.session_id, call.model, call.cost_usd) for call in (first, second)} == {
        ("019c0797-c402-7571", None, None)
    }


def test_sums_that_fall_begin_anew() -> None:
    """A turn whose sum is below the one before stands for itself."""
    less = {"type": "turn.completed", "usage": {"input_tokens": 10, "output_tokens": 2}}
    assert [call.tokens_in for call in turns([*records(STREAM), less])] == [24763, 26000, 10]


def test_another_thread_in_one_file_begins_at_nothing() -> None:
    """Two runs written into one file are counted each by itself."""
    other = [{**each, "thread_id": "th-2"} if "thread_id" in each else each for each in records(STREAM)]
    assert [call.tokens_in for call in turns([*records(STREAM), *other])] == [24763, 26000, 24763, 26000]


def test_the_rest_of_the_stream_is_skipped() -> None:
    """Items, errors and failed turns are neither calls nor dead letters."""
    assert {item for item in read_items(records(STREAM)) if not isinstance(item, Untimed)} == {Skipped("session event")}


@pytest.mark.parametrize("usage", [None, [], "x", {}, {"input_tokens": -5}, {"input_tokens": []}])
def test_a_turn_without_counts_is_no_call(usage: object) -> None:
    """A turn whose usage is missing or broken is skipped."""
    assert read_items([{"type": "turn.completed", "usage": usage}]) == [Skipped("session event")]


def test_turns_take_the_time_of_their_file(tmp_path: Path) -> None:
    """The stream has no time, so the file's own is taken and marked; a second ingestion changes nothing."""
    with TraceProject(tmp_path) as project:
        path = tmp_path / "exec.jsonl"
        path.write_bytes(lines(*records(STREAM)))
        os.utime(path, (1793613600, 1793613600))
        for _ in range(2):
            project.ingestor.ingest([path])
        rows = project.rows()
    assert [(row["timestamp"], row["time_is_estimated"]) for row in rows] == [("2026-11-02T10:00:00+00:00", 1)] * 2
