"""Claude Code and Codex; expected values are read off the bundled files by eye."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from prodlens import normalize_records
from prodlens.cli import main
from prodlens.schemas import Decision, ToolUse
from prodlens.trace_normalizer.formats import Skipped, Untimed, Unusable, recognise
from tests.trace_files import FOLDER, read_items, records, traces

TRANSCRIPT = "claude_code_15adb190.jsonl"
HEADLESS = "claude_code_7fabc0bc.jsonl"
EXECUTION = "claude_code_execution_867e.json"


def decisions(items: list[Any]) -> dict[str, Decision]:
    """Return the decisions among the items by tool use."""
    return {item.tool_use_id: item for item in items if isinstance(item, Decision)}


# Transcripts ------------------------------------------------------------------------------------------------------


def test_a_message_of_several_lines_is_one_call() -> None:
    """Six assistant lines are three messages: usage counts once, the cache is part of the input."""
    calls = traces(read_items(records(TRANSCRIPT)))
    assert [call.call_id for call in calls] == [
        "msg_01d221bcb861124608a89e27",
        "msg_01abc80379e45e42588efa81",
        "msg_01dcf82167c2324f6bb4b220",
    ]
    assert {(c.tokens_in, c.tokens_out, c.cache_write_tokens, c.cache_read_tokens) for c in calls} == {
        (15216, 85, 9015, 0)
    }
    assert {(c.session_id, c.branch, c.status_code, c.latency_ms) for c in calls} == {
        ("15adb190-4145-4b5f-8e3d-bc9e3ed21660", "feature/x", 200, 0.0)
    }


def test_the_acceptance_of_an_interactive_session() -> None:
    """In the asking mode an applied edit was accepted; a rejected one was rejected; reading a file is automatic."""
    read, edited, written = normalize_records(records(TRANSCRIPT))
    assert (read.acceptance_known, read.decision) == (False, "automatic")
    assert (edited.acceptance_known, edited.accepted_flag, edited.accepted_lines, edited.diff_ratio) == (
        True,
        True,
        3,
        1.0,
    )
    assert (written.acceptance_known, written.accepted_flag, written.decision) == (True, False, "reject")


def test_headless_denials_are_nobodys_decision() -> None:
    """What a program denies itself without asking is not a rejection."""
    assert {item.verdict for item in decisions(read_items(records(HEADLESS))).values()} == {"automatic"}
    assert {call.acceptance_known for call in normalize_records(records(HEADLESS))} == {False}


def test_edits_that_nobody_was_asked_about_are_automatic() -> None:
    """In a mode that applies edits without asking, an applied edit is not an acceptance."""
    lines = copy.deepcopy(records(TRANSCRIPT))
    for line in lines:
        if "permissionMode" in line:
            line["permissionMode"] = "acceptEdits"
    assert [call.decision for call in normalize_records(lines)] == ["automatic", "automatic", "reject"]


def test_a_suggestion_that_a_person_changed_first() -> None:
    """The diff ratio is the share of the suggested lines that were applied."""
    lines = copy.deepcopy(records(TRANSCRIPT))
    result = next(
        line
        for line in lines
        if isinstance(line.get("toolUseResult"), dict) and "structuredPatch" in line["toolUseResult"]
    )
    result["toolUseResult"]["userModified"] = True
    result["toolUseResult"]["structuredPatch"][0]["lines"] = ["-a = 1", "+a = 2", "+b = 3", "+d = 9", " z = 9"]
    edited = normalize_records(lines)[1]
    assert (edited.accepted_flag, edited.accepted_lines) == (True, 3)
    assert edited.diff_ratio == pytest.approx(2 / 3)


def test_a_log_that_records_the_decision_wins_over_the_inference() -> None:
    """Where the log says that a rule allowed the edit, the transcript's inference gives way."""
    use = next(i for i, d in decisions(read_items(records(TRANSCRIPT))).items() if d.verdict == "accept")
    event = {
        "event.name": "tool_decision",
        "decision": "accept",
        "source": "config",
        "tool_use_id": use,
    }
    log = {
        "attributes": [{"key": name, "value": {"stringValue": value}} for name, value in event.items()],
        "body": {"stringValue": "claude_code.tool_decision"},
        "timeUnixNano": "1795426077000000000",
    }
    envelope = {"resourceLogs": [{"scopeLogs": [{"scope": {"name": "x"}, "logRecords": [log]}]}]}
    assert [call.decision for call in normalize_records([*records(TRANSCRIPT), envelope])] == [
        "automatic",
        "automatic",
        "reject",
    ]


def assistant(**fields: Any) -> dict[str, Any]:
    """Return an assistant line of a transcript."""
    message = {
        "id": "msg_1",
        "model": "claude-sonnet-4-5",
        "content": [],
        "usage": {"output_tokens": 5},
        "stop_reason": "end_turn",
    }
    line = {
        "type": "assistant",
        "sessionId": "s",
        "timestamp": "2026-11-23T09:00:00Z",
        "uuid": "u",
        "requestId": "req_1",
    }
    return {**line, "message": {**message, **fields.pop("message", {})}, **fields}


def test_the_most_complete_copy_of_a_message_wins() -> None:
    """A line written before the answer ended gives way to the final one, in either order."""
    early = assistant(message={"stop_reason": None, "usage": {"output_tokens": 1}})
    for lines in ([early, assistant()], [assistant(), early]):
        (call,) = traces(read_items(lines))
        assert (call.tokens_out, call.partial) == (5, False)


def test_older_transcripts_record_a_cost() -> None:
    """A cost on the line is kept, once a message."""
    (call,) = traces(read_items([assistant(costUSD=0.25), assistant(costUSD=0.25)]))
    assert (call.cost_usd, call.cost_source) == (0.25, "recorded")


def test_error_lines_are_failed_calls() -> None:
    """An error line has its status and class, never the message; other synthetic messages are not calls."""
    text = [{"type": "text", "text": "API Error: 529 Overloaded: secret"}]
    error = assistant(isApiErrorMessage=True, error="rate_limit", message={"model": "<synthetic>", "content": text})
    (call,) = traces(read_items([error]))
    assert (call.status_code, call.status_reason, call.model, call.call_id) == (529, "rate_limit", None, "req_1")
    (call,) = traces(read_items([{**error, "apiErrorStatus": 429, "error": None}]))
    assert (call.status_code, call.status_reason) == (429, "api_error")
    assert read_items([assistant(message={"model": "<synthetic>"})]) == [Skipped("message without a model call")]
    assert read_items([assistant(timestamp=None)]) == [Skipped("message without a model call")]


# Execution files --------------------------------------------------------------------------------------------------


def test_an_execution_file_adds_up_to_its_result() -> None:
    """Tokens and cost of the calls are those of the result; the calls are partial, so that a better log wins."""
    items = read_items(records(EXECUTION))
    calls = traces(items)
    assert (len(calls), sum(call.tokens_in for call in calls), sum(call.tokens_out for call in calls)) == (
        5,
        76080,
        425,
    )
    assert sum(call.cost_usd or 0 for call in calls) == pytest.approx(0.26842125)
    assert all(call.partial and call.cost_source == "recorded" for call in calls)
    assert calls[0].timestamp.isoformat() == "2026-11-23T09:20:33.124000+00:00"
    assert {item.verdict for item in decisions(items).values()} == {"automatic"}


@pytest.mark.parametrize("cost", [-1.0, 1e300])
def test_a_result_whose_cost_cannot_be_true_gives_none(cost: float) -> None:
    """Tokens of the run are kept, and its calls are priced like others without a recorded cost."""
    lines = copy.deepcopy(records(EXECUTION))
    lines[-1]["total_cost_usd"] = cost
    for counted in lines[-1]["modelUsage"].values():
        counted["costUSD"] = cost
    calls = traces(read_items(lines))
    assert (len(calls), sum(call.tokens_in for call in calls)) == (5, 76080)
    assert {(call.cost_usd, call.cost_source) for call in calls} == {(None, None)}


def test_what_the_result_counts_beside_the_messages_is_a_call() -> None:
    """Usage of a model that no message shows is one more call, and nothing is counted twice."""
    lines = copy.deepcopy(records(EXECUTION))
    usage = {"inputTokens": 100, "outputTokens": 7, "cacheReadInputTokens": 20, "costUSD": 0.001}
    lines[-1]["modelUsage"]["claude-haiku-4-5"] = usage
    lines[-1]["modelUsage"]["claude-sonnet-4-5"]["inputTokens"] += 50
    calls = traces(read_items(lines))
    assert len(calls) == 7
    assert sum(call.tokens_in for call in calls) == 76080 + 50 + 120
    assert sum(call.tokens_out for call in calls) == 425 + 7
    assert sum(call.cost_usd or 0 for call in calls) == pytest.approx(0.26842125 + 0.001)


def test_a_result_that_does_not_split_by_model() -> None:
    """An older result has one usage and one cost for the run, under an older name."""
    lines = copy.deepcopy(records(EXECUTION))
    result = lines[-1]
    del result["modelUsage"]
    result["cost_usd"] = result.pop("total_cost_usd")
    calls = traces(read_items(lines))
    assert (len(calls), sum(call.tokens_out for call in calls)) == (5, 425)
    assert sum(call.cost_usd or 0 for call in calls) == pytest.approx(0.26842125)
    del result["usage"]
    assert sum(call.cost_usd or 0 for call in traces(read_items(lines))) == pytest.approx(0.26842125)


def test_a_run_that_was_cut_short() -> None:
    """Without a result the messages still count; without any time they wait for that of their file."""
    lines = records(EXECUTION)[:-1]
    assert [call.tokens_out for call in traces(read_items(lines))] == [1] * 5
    untimed = [{key: value for key, value in line.items() if key != "timestamp"} for line in lines]
    assert [type(item) for item in read_items(untimed)].count(Untimed) == 5


def test_a_run_that_ended_with_an_error() -> None:
    """The error of the API that ended a run is a failed call."""
    lines = copy.deepcopy(records(EXECUTION))
    lines[-1].update(is_error=True, api_error_status=529)
    assert [call.status_code for call in traces(read_items(lines))] == [200] * 5 + [529]
    del lines[-1]["api_error_status"]
    failed = {"type": "assistant", "session_id": "s", "error": "rate_limit", "message": {"model": "<synthetic>"}}
    assert [call.status_code for call in traces(read_items([*lines[:-1], failed, lines[-1]]))] == [200] * 5 + [429]


def test_execution_and_transcript_show_the_same_calls() -> None:
    """The ids of an execution file's calls are Anthropic's message ids, as in transcripts and proxy logs."""
    assert all((call.call_id or "").startswith("msg_") for call in traces(read_items(records(EXECUTION))))


# OTLP logs --------------------------------------------------------------------------------------------------------


def test_claude_code_logs() -> None:
    """Requests are calls with a recorded cost, and only decisions of a person are decisions."""
    items = read_items(records("claude_code_otel_logs.otlp.jsonl"))
    found = decisions(items)
    assert {(d.verdict, d.source) for d in found.values()} == {
        ("accept", "user_temporary"),
        ("reject", "user_reject"),
        ("automatic", "config"),
    } & {(d.verdict, d.source) for d in found.values()}
    assert {d.verdict for d in found.values()} & {"accept", "reject"}
    call = traces(items)[0]
    assert (call.tokens_in, call.tokens_out, call.cost_usd) == (15216, 85, 0.05368425)
    assert (call.repo_slug, call.developer_id) == ("acme/api", "dev-00")
    assert (call.call_id or "").startswith("req_")
    assert 0 < call.latency_ms < 10_000


def event(name: str, **attributes: str) -> dict[str, Any]:
    """Return an export request with one log record of Claude Code or Codex."""
    pairs = [{"key": key, "value": {"stringValue": value}} for key, value in {"event.name": name, **attributes}.items()]
    record = {"attributes": pairs, "timeUnixNano": "0", "observedTimeUnixNano": "1795425895711409416"}
    scope = {"name": "com.anthropic.claude_code.events"}
    return {"resourceLogs": [{"scopeLogs": [{"scope": scope, "logRecords": [record]}]}]}


def test_claude_code_errors() -> None:
    """A failed request has its status; a name too long to be a class is not kept."""
    (call,) = traces(read_items([event("api_error", status_code="429", error="said something", duration_ms="1000")]))
    assert (call.status_code, call.status_reason, call.latency_ms) == (429, "api_error", 1000.0)
    assert call.timestamp.isoformat().startswith("2026-11-23T09:24:54.711")
    (call,) = traces(read_items([event("api_error", status_code="undefined")]))
    assert call.status_code == 500


def test_events_that_say_nothing_of_a_call() -> None:
    """Prompts and results are counted as events, other programs' logs as such, metrics as metrics."""
    assert read_items([event("user_prompt", prompt="secret")]) == [Skipped("agent event")]
    assert read_items([event("tool_decision", decision="accept")]) == [Skipped("agent event")]
    assert read_items([event("codex.tool_decision")]) == [Skipped("agent event")]
    assert read_items([event("codex.sse_event")]) == [Skipped("agent event")]
    foreign = event("x")
    foreign["resourceLogs"][0]["scopeLogs"][0]["scope"] = None
    assert read_items([foreign]) == [Skipped("log record that is not a model call")]
    assert read_items(records("claude_code_otel_metrics.otlp.jsonl")) == [Skipped("metrics")]


def test_events_without_a_time_are_unusable() -> None:
    """A call whose time cannot be read goes to the dead letters."""
    for name, kind in (("api_request", "x"), ("api_error", "x"), ("codex.sse_event", "response.completed")):
        record = event(name, **{"event.kind": kind})
        record["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["observedTimeUnixNano"] = "0"
        assert isinstance(read_items([record])[0], Unusable)


def test_codex_logs() -> None:
    """The event that ends an answer is the call; an approval by configuration is automatic."""
    items = read_items(records("codex_otel_logs.otlp.jsonl"))
    calls = traces(items)
    assert [(call.tokens_in, call.tokens_out, call.cache_read_tokens, call.model) for call in calls] == [
        (47139, 1530, 39434, "gpt-5")
    ] * len(calls)
    assert {d.verdict for d in decisions(items).values()} == {"automatic"}
    (by_person,) = read_items([event("codex.tool_decision", call_id="c", decision="denied", source="User")])
    assert (by_person.verdict, by_person.source) == ("reject", "User")  # type: ignore[union-attr]


# Codex rollouts ---------------------------------------------------------------------------------------------------


def test_a_rollout() -> None:
    """Each usage record is a call, with the model and repository of the lines before it."""
    items = read_items(records("codex_rollout.jsonl"))
    calls = traces(items)
    assert [(c.tokens_in, c.tokens_out, c.model, c.repo_slug, c.branch) for c in calls] == [
        (4491, 1101, "gpt-5", "acme/api", "feature/x")
    ] * 3
    assert len({call.call_id for call in calls}) == 3
    change = decisions(items)["call_665ccb0e00954f17bf2fa3"]
    assert (change.verdict, change.accepted_lines) == ("automatic", 2)
    assert ToolUse("call_665ccb0e00954f17bf2fa3", calls[0].call_id or "") in items


def test_an_older_rollout_counts_its_token_events() -> None:
    """Without usage records the token events are the calls; one whose total has not moved is a repetition."""
    lines = [line for line in records("codex_rollout.jsonl") if line["type"] != "token_usage_record"]
    repeated = [
        copy for line in lines for copy in ([line, line] if line["payload"].get("type") == "token_count" else [line])
    ]
    for given in (lines, repeated):
        calls = traces(read_items(given))
        assert [(call.tokens_in, call.tokens_out) for call in calls] == [(4491, 1101)] * 3
        assert len({call.to_record()["trace_hash"] for call in calls}) == 3


def test_decisions_of_a_rollout() -> None:
    """Under the policy that asks about each change an applied one was accepted; a person's rejection is one."""
    lines = copy.deepcopy(records("codex_rollout.jsonl"))
    for line in lines:
        if line["type"] == "turn_context":
            line["payload"]["approval_policy"] = "untrusted"
    calls = normalize_records(lines)
    assert (calls[0].accepted_flag, calls[0].accepted_lines, calls[0].diff_ratio) == (True, 2, 1.0)
    assert (calls[1].acceptance_known, calls[2].acceptance_known) == (False, False)
    rejected = {"type": "function_call_output", "call_id": "c", "output": "patch rejected by user"}
    line = {"timestamp": "2026-11-23T09:00:00Z", "type": "response_item", "payload": rejected}
    assert decisions(read_items([line]))["c"].verdict == "reject"
    failed = {"type": "item_completed", "item": {"type": "FileChange", "id": "c", "status": "failed"}}
    assert decisions(read_items([{**line, "type": "event_msg", "payload": failed}]))["c"].verdict == "automatic"
    added = {
        "type": "FileChange",
        "id": "c",
        "status": "completed",
        "changes": {"a": {"type": "add", "content": "1\n2"}},
    }
    item = {**line, "type": "event_msg", "payload": {"type": "item_completed", "item": added}}
    assert decisions(read_items([item]))["c"].accepted_lines == 2


@pytest.mark.parametrize(
    "name",
    [TRANSCRIPT, EXECUTION, "codex_rollout.jsonl", "claude_code_otel_logs.otlp.jsonl", "codex_otel_logs.otlp.jsonl"],
)
def test_explanations(name: str) -> None:
    """Together the explanations of a file's records name where its main fields stand."""
    found: dict[str, str] = {}
    for record in records(name):
        found |= recognise(record).explain(record)  # type: ignore[union-attr]
    assert {"timestamp", "session_id", "model", "tokens_in"} <= set(found)


def test_a_session_is_explained_by_its_first_answer(capsys: pytest.CaptureFixture[str]) -> None:
    """The lines before the first answer say nothing, and do not hide what the later ones say."""
    assert main(["formats", str(FOLDER / TRANSCRIPT)]) == 0
    out = capsys.readouterr().out
    assert "18 claude-code" in out
    assert "claude-code call_id: message.id" in out
