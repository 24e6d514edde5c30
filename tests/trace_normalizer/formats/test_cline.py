"""Cline, Roo Code and Kilo Code; expected values are read off the bundled files by eye."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from prodlens.trace_normalizer.formats import Skipped
from tests.trace_files import read_items, records, traces
from tests.trace_project import TraceProject, lines

if TYPE_CHECKING:
    from pathlib import Path

    from prodlens.schemas import CanonicalTrace


def counts(call: CanonicalTrace) -> tuple[int, int, int | None, int | None]:
    """Return input, output, cache reads and cache writes."""
    return call.tokens_in, call.tokens_out, call.cache_read_tokens, call.cache_write_tokens


def test_cline_requests() -> None:
    """Each request is a call of the task; a request without a model of its own has that of the one before."""
    first, second, stopped, failed = traces(read_items(records("cline_ui_messages.json")))
    assert counts(first) == (2400, 80, 900, 300)
    assert counts(second) == (2160, 20, 2100, 0)
    assert (first.cost_usd, second.cost_usd) == (0.0064, 0.0011)
    assert {(call.session_id, call.model, call.provider) for call in (first, second)} == {
        ("1793613600000", "claude-sonnet-4-5", "anthropic")
    }
    assert (stopped.status_code, stopped.tokens_in) == (None, 10)
    assert (failed.status_code, failed.status_reason) == (500, "streaming_failed")
    assert first.timestamp.isoformat() == "2026-11-02T10:00:00.100000+00:00"


def test_cline_what_is_no_request() -> None:
    """Requests under way, sums of deleted ones and the rest of the conversation are skipped and named."""
    kinds = [item.kind for item in read_items(records("cline_ui_messages.json")) if isinstance(item, Skipped)]
    assert kinds == ["session event"] * 3 + ["sum of deleted requests", "session event"]
    for name in ("cline_api_conversation_history.json", "cline_task_metadata.json"):
        assert {item.kind for item in read_items(records(name)) if isinstance(item, Skipped)} == {
            "conversation beside its requests"
        }


def test_roo_counts_the_cache_as_input_since_a_version() -> None:
    """Roo's input includes the cache; its older Anthropic requests left it out. The request's text names the model."""
    new, old, openai = traces(read_items(records("roo_ui_messages.json")))
    assert counts(new) == (50000, 200, 45000, 4000)
    assert counts(old) == (99000, 200, 45000, 4000)
    assert counts(openai) == (5000, 10, 4000, 0)
    assert {call.model for call in (new, old, openai)} == {"anthropic/claude-sonnet-4.5"}
    assert openai.cost_usd is None


def test_a_task_file_that_grows(tmp_path: Path) -> None:
    """A task ingested while a request is under way and again at its end holds each request once."""
    whole = records("cline_ui_messages.json")
    early = copy.deepcopy(whole[:5])
    early[4]["text"] = '{"request": "more", "tokensIn": 60, "tokensOut": 3, "cacheWrites": 0, "cacheReads": 2100}'
    with TraceProject(tmp_path) as project:
        project.ingest(lines(early), "ui_messages.json")
        project.ingest(lines(whole), "ui_messages.json")
        assert sorted(row["tokens_out"] for row in project.rows()) == [0, 1, 20, 80]
