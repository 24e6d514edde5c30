"""Copilot CLI and Copilot in VS Code; expected values are read off the bundled files by eye."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from prodlens import normalize_records
from prodlens.trace_normalizer.formats import Skipped, recognise
from tests.trace_files import read_items, records, traces
from tests.trace_project import TraceProject, lines

if TYPE_CHECKING:
    from pathlib import Path

CLI, VSCODE = "copilot_cli_otel.jsonl", "copilot_vscode_otel.jsonl"


def test_a_chat_span_of_the_cli_is_a_call() -> None:
    """Input includes cache reads and writes, the session is the conversation, the response id identifies the call."""
    call, failed = traces(read_items(records(CLI)))
    assert (call.source, call.model, call.provider, call.call_id) == (
        "copilot",
        "claude-sonnet-4.6",
        "github",
        "msg_copilot_1",
    )
    assert (call.tokens_in, call.tokens_out) == (21000, 400)
    assert (call.cache_read_tokens, call.cache_write_tokens, call.reasoning_tokens) == (15000, 4000, 120)
    assert (call.session_id, call.latency_ms, call.status_code) == ("76a49557-6eb7-480f-8a57-a74810293b0b", 4500.0, 200)
    assert call.timestamp.isoformat() == "2026-11-02T10:00:00.133000+00:00"
    assert (failed.status_code, failed.status_reason, failed.latency_ms) == (429, "429", 1500.0)


@pytest.mark.parametrize(
    ("told", "cost"),
    [
        ({"github.copilot.cost": 1.0, "github.copilot.nano_aiu": 4210000000}, 0.0421),
        ({"github.copilot.cost": 1.0, "github.copilot.aiu": 4.21}, 0.0421),
        ({"github.copilot.cost": 1.0, "github.copilot.nano_aiu": "250000000"}, 0.0025),
        ({"github.copilot.cost": 1.0, "github.copilot.nano_aiu": 0}, None),
        ({"github.copilot.cost": 1.0, "github.copilot.nano_aiu": -5}, None),
        ({"github.copilot.cost": 1.0, "github.copilot.nano_aiu": 1e300}, None),
        ({"github.copilot.cost": 1.0}, None),
    ],
)
def test_ai_units_are_money_and_premium_requests_are_not(told: dict[str, Any], cost: float | None) -> None:
    """An AI unit is billed at a cent; what Copilot calls a cost is a number of premium requests."""
    span = copy.deepcopy(records(CLI)[1])
    kept = {name: value for name, value in span["attributes"].items() if not name.startswith("github.copilot.")}
    (call,) = traces(read_items([span | {"attributes": kept | told}]))
    assert call.cost_usd == (None if cost is None else pytest.approx(cost))
    assert call.cost_source == (None if cost is None else "recorded")


def test_agent_spans_repeat_their_chats() -> None:
    """The span of the whole run, tool spans and metrics are skipped by name."""
    kinds = [item.kind for item in read_items(records(CLI)) if isinstance(item, Skipped)]
    assert kinds == ["metrics", "tool span", "agent span"]


def test_the_inference_log_of_vs_code_is_a_call() -> None:
    """Where spans come out empty, the log records hold the calls; one without a response id has its span's."""
    first, second = normalize_records(records(VSCODE))
    assert (first.source, first.model, first.call_id) == ("copilot", "gpt-5.2-2025-12-11", "resp_vs1")
    assert (first.tokens_in, first.tokens_out, first.cache_read_tokens) == (15000, 150, 12000)
    assert (first.session_id, second.session_id) == ("vs-1", "chat-7")
    assert (second.model, second.call_id) == ("claude-sonnet-4.6", "00000000000000a2")
    assert first.timestamp.isoformat() == "2026-11-02T10:00:00+00:00"


def test_empty_objects_are_nothing(tmp_path: Path) -> None:
    """The empty spans of VS Code are skipped and counted, not kept as dead letters."""
    with TraceProject(tmp_path) as project:
        path = tmp_path / "copilot.jsonl"
        path.write_bytes(lines(*records(VSCODE)))
        (done,) = project.ingestor.ingest([path])
    assert (done.stored, done.dead, done.skipped["empty object"]) == (2, 0, 2)


def chat_span(response: str | None) -> dict[str, Any]:
    """Return a chat span with the id of VS Code's first log record, as the SDK writes spans that it can serialize."""
    span = copy.deepcopy(records(CLI)[1])
    span["spanId"] = "00000000000000a1"
    span["resource"]["attributes"]["service.name"] = "copilot-chat"
    span["attributes"].pop("gen_ai.response.id")
    return span | {"attributes": span["attributes"] | ({"gen_ai.response.id": response} if response else {})}


@pytest.mark.parametrize("turned", [False, True])
def test_a_span_and_its_log_record_are_one_call(tmp_path: Path, turned: bool) -> None:
    """A chat span and the inference log of the same response are counted once, in either order."""
    both = [chat_span("resp_vs1"), records(VSCODE)[2]]
    with TraceProject(tmp_path) as project:
        project.ingest(lines(*(reversed(both) if turned else both)))
        assert [(row["call_id"], row["latency_ms"]) for row in project.rows()] == [("resp_vs1", 4500.0)]


@pytest.mark.parametrize(
    "record",
    [
        {"attributes": {}, "hrTime": [1, "x"]},
        {"attributes": {"event.name": "gen_ai.client.inference.operation.details"}, "_hrTime": []},
        {"attributes": {}, "startTime": [1793613600, None], "resource": {"_rawAttributes": [[1], "x", ["a", 2]]}},
        {"type": "span", "spanId": 5, "attributes": {"gen_ai.request.model": []}, "startTime": None},
    ],
)
def test_records_of_the_sdk_with_wrong_parts(record: dict[str, Any]) -> None:
    """A record whose moments, ids or resource are broken is read as far as it goes."""
    source = recognise(record)
    assert source is not None
    assert source.name == "otel-js"
    assert traces(source.reader().read(record)) == []
