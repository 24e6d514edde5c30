"""opencode; expected values are read off the bundled files by eye."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prodlens.trace_normalizer.formats import Skipped, recognise
from tests.trace_files import FOLDER, read_items, records, traces
from tests.trace_project import TraceProject, lines

if TYPE_CHECKING:
    from pathlib import Path

    from prodlens.schemas import CanonicalTrace


def counts(call: CanonicalTrace) -> tuple[int, int, int | None, int | None]:
    """Return input, output, cache reads and cache writes."""
    return call.tokens_in, call.tokens_out, call.cache_read_tokens, call.cache_write_tokens


def test_opencode_counts_exclude_each_other() -> None:
    """The cache is added to the input and reasoning to the output; a recorded cost is kept."""
    call = traces(read_items(records("opencode_messages.jsonl")))[0]
    assert counts(call) == (47400, 400, 45000, 1200)
    assert (call.reasoning_tokens, call.cost_usd, call.cost_source) == (60, 0.0274, "recorded")
    assert (call.session_id, call.call_id, call.model, call.provider) == (
        "ses_1",
        "msg_1",
        "claude-sonnet-4-5",
        "anthropic",
    )
    assert (call.timestamp.isoformat(), call.latency_ms) == ("2026-11-02T10:00:01+00:00", 4000.0)


def test_opencode_cost_of_a_plan_is_unknown() -> None:
    """A cost of 0 beside tokens is what a plan paid for, not a free call."""
    by_id = {call.call_id: call for call in traces(read_items(records("opencode_messages.jsonl")))}
    assert (by_id["msg_3"].cost_usd, by_id["msg_3"].provider) == (None, "github")


def test_opencode_outcomes() -> None:
    """A failure has its status; an answer that a person stopped has none; one under way is partial."""
    by_id = {call.call_id: call for call in traces(read_items(records("opencode_messages.jsonl")))}
    assert (by_id["msg_4"].status_code, by_id["msg_4"].status_reason) == (529, "APIError")
    assert (by_id["msg_5"].status_code, by_id["msg_5"].status_reason) == (None, None)
    assert (by_id["msg_2"].partial, by_id["msg_1"].partial) == (True, False)


def test_opencode_exports_rows_and_files_are_one_call(tmp_path: Path) -> None:
    """A message in its file, in an export and in a row of the database is the same call; the finished one counts."""
    with TraceProject(tmp_path) as project:
        project.ingest(lines(*records("opencode_messages.jsonl")), "a.jsonl")
        project.ingest((FOLDER / "opencode_export.json").read_bytes(), "b.json")
        rows = {row["call_id"]: row for row in project.rows()}
    assert sorted(rows) == ["msg_1", "msg_2", "msg_3", "msg_4", "msg_5", "msg_6"]
    assert (rows["msg_2"]["tokens_in"], rows["msg_2"]["cost_usd"], rows["msg_2"]["partial"]) == (46800, 0.0181, 0)
    assert (rows["msg_6"]["session_id"], rows["msg_6"]["cost_usd"]) == ("ses_2", 0.001)


@pytest.mark.parametrize(
    "record",
    [
        {"id": "prt_1", "sessionID": "ses_1", "messageID": "msg_1", "type": "step-finish", "tokens": {"input": 9}},
        {"id": "ses_1", "projectID": "p", "directory": "/w", "time": {"created": 1}},
        {"id": "1", "content": "hi", "status": "pending", "priority": "high"},
        {"file": "a.py", "before": "", "after": "x", "additions": 1, "deletions": 0},
        {"id": "p", "worktree": "/w", "vcs": "git", "time": {"created": 1}},
    ],
)
def test_what_opencode_stores_beside_messages(record: dict[str, Any]) -> None:
    """Parts, sessions, projects, lists and diffs are skipped, so that its whole storage can be given."""
    source = recognise(record)
    assert source is not None
    assert (source.name, source.reader().read(record)) == ("opencode", [Skipped("session event")])
