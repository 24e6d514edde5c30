"""Gemini CLI's chat files; expected values are read off the files by eye."""

from __future__ import annotations

from prodlens import normalize_records
from prodlens.trace_normalizer.formats import Skipped
from tests.trace_files import read_items, records


def test_chat_files() -> None:
    """A message is a call; a change that a person edited first was accepted, of the rest nobody knows."""
    edited, plain = normalize_records(records("gemini_chat.json"))
    assert (edited.tokens_in, edited.tokens_out, edited.cache_read_tokens, edited.reasoning_tokens) == (
        9000,
        150,
        7000,
        30,
    )
    assert (edited.session_id, edited.source, edited.decision) == ("gs-1", "gemini-cli", "accept")
    assert (edited.accepted_lines, edited.diff_ratio) == (4, 0.75)
    assert (plain.model, plain.tokens_in, plain.decision) == ("gemini-3-flash-preview", 9500, None)


def test_a_message_that_is_written_again_counts_once() -> None:
    """In the line format a message is rewritten as it grows: the last line counts."""
    (call,) = normalize_records(records("gemini_chat.jsonl"))
    assert (call.session_id, call.tokens_in, call.tokens_out, call.cache_read_tokens) == ("gs-2", 2025, 80, 1500)
    assert {item.kind for item in read_items(records("gemini_chat.jsonl")) if isinstance(item, Skipped)} == {
        "session event"
    }


def test_a_total_that_excludes_the_cache_from_the_input() -> None:
    """Where the total is more than input and output by exactly the cache, the input was counted without it."""
    message = {"id": "m", "timestamp": "2026-11-02T09:00:00Z", "type": "gemini", "content": "", "model": "m"}
    tokens = {"input": 10, "output": 2, "cached": 7, "thoughts": 1, "tool": 0, "total": 20}
    (call,) = normalize_records([message | {"tokens": tokens}])
    assert (call.tokens_in, call.tokens_out, call.cache_read_tokens) == (17, 3, 7)
