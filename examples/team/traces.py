"""The files that the team's assistants leave behind, in the shapes of the programs that write them.

Only what ProdLens reads is in them, and no prompt or answer: real files are longer.
"""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from examples.team.history import CLAUDE, CODEX, COPILOT, PEOPLE, PROXY, SLUG

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from examples.team.history import Call, History, PullRequest, Session

_REMOTE = f"https://github.com/{SLUG}.git"
# US dollars for a million tokens: fresh input, input read from the cache, input written to it, output.
_RATES = {
    "claude-sonnet-4-5": (3.0, 0.3, 3.75, 15.0),
    "claude-haiku-4-5": (1.0, 0.1, 1.25, 5.0),
    "gpt-5": (1.25, 0.125, 1.25, 10.0),
}
_OVERLOADED = 529


def trace_files(sessions: Iterable[Session]) -> dict[str, str]:
    """Return the text of every file by its name below the trace folder."""
    files: dict[str, str] = {}
    logs: defaultdict[str, list[str]] = defaultdict(list)
    for session in sorted(sessions, key=lambda session: (session.calls[0].at, session.id)):
        day = f"{session.calls[0].at:%Y-%m-%d}"
        if session.person.assistant == CLAUDE:
            files[f"claude-code/{session.person.login}/{session.id}.jsonl"] = _lines(_transcript(session))
            logs[f"otlp/claude-code-{day[:7]}.jsonl"].append(json.dumps(_otlp_logs(session)))
        elif session.person.assistant == CODEX:
            files[f"codex/{day.replace('-', '/')}/rollout-{day}-{session.id}.jsonl"] = _lines(_rollout(session))
        elif session.person.assistant == PROXY:
            logs[f"litellm/{day[:7]}.jsonl"] += map(json.dumps, _proxy_log(session))
    return {**files, **{name: "\n".join(lines) + "\n" for name, lines in logs.items()}}


def people_file() -> str:
    """Return the file that joins the addresses in the traces to logins on GitHub."""
    lines = [f'{person.login} = ["{person.email}"]' for person in PEOPLE]
    return "\n".join(["[people]", *lines, ""])


def copilot_export(history: History) -> str:
    """Return the billing report of the people who use Copilot: a row for each day on which they worked with it."""
    text = io.StringIO()
    assisted = [pull for pull in history.pull_requests if pull.assisted and pull.author.assistant == COPILOT]
    days = [_copilot_day(pull) for pull in assisted]
    rows = csv.DictWriter(text, list(days[0]), lineterminator="\n")
    rows.writeheader()
    rows.writerows(days)
    return text.getvalue()


def _copilot_day(pull: PullRequest) -> dict[str, object]:
    credit = 40 + pull.additions / 2
    return {
        "date": f"{pull.opened:%Y-%m-%d}",
        "username": pull.author.login,
        "product": "copilot",
        "sku": "copilot_ai_credit",
        "model": "Claude Sonnet 4.5",
        "quantity": f"{credit:.2f}",
        "unit_type": "ai-credits",
        "applied_cost_per_quantity": "0.01",
        "gross_amount": f"{credit / 100:.4f}",
        "discount_amount": "0",
        "net_amount": f"{credit / 100:.4f}",
        "organization": SLUG.partition("/")[0],
        "repository": SLUG,
        "input": pull.additions * 40,
        "output": pull.additions * 12,
        "cache_read": pull.additions * 900,
        "cache_write": 0,
    }


def _lines(records: Iterable[dict[str, Any]]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def _cost(call: Call) -> float | None:
    """Return what a call cost, None for a model that nobody knows the price of."""
    rates = _RATES.get(call.model)
    if rates is None:
        return None
    counts = (call.fresh, call.cached, call.written, call.out)
    return 0.0 if call.failed else round(sum(n * rate for n, rate in zip(counts, rates, strict=True)) / 1e6, 8)


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


# Claude Code: a transcript for each session, and OTLP logs that know the person, the latency and the cost ------------


def _transcript(session: Session) -> Iterable[dict[str, Any]]:
    common = {"sessionId": str(session.id), "cwd": "/home/dev/shop", "gitBranch": session.branch, "entrypoint": "cli"}
    first = session.calls[0]
    yield {
        "type": "user",
        "timestamp": _moment(first.at),
        "permissionMode": "default",
        "message": {"role": "user", "content": "(left out)"},
        **common,
    }
    for call in session.calls:
        if call.failed:
            continue  # the logs have it
        yield _answer(call, common)
        if call.decision:
            yield _result(call, common)
    if session.number is not None:
        yield {
            "type": "pr-link",
            "sessionId": str(session.id),
            "prNumber": session.number,
            "prUrl": f"https://github.com/{SLUG}/pull/{session.number}",
            "prRepository": SLUG,
            "timestamp": _moment(session.calls[-1].at),
        }


def _answer(call: Call, common: dict[str, str]) -> dict[str, Any]:
    lines = "".join(f"line {number}\n" for number in range(call.lines))
    content: dict[str, Any] = {"type": "text", "text": ""}
    if call.decision:
        asked = {"file_path": "/home/dev/shop/app.py", "old_string": "", "new_string": lines}
        content = {"type": "tool_use", "id": f"toolu_{call.id}", "name": "Edit", "input": asked}
    return {
        "type": "assistant",
        "timestamp": _moment(call.at),
        "requestId": f"req_{call.id}",
        "message": {
            "id": f"msg_{call.id}",
            "role": "assistant",
            "model": call.model,
            "content": [content],
            "stop_reason": "tool_use" if call.decision else "end_turn",
            "usage": {
                "input_tokens": call.fresh,
                "cache_creation_input_tokens": call.written,
                "cache_read_input_tokens": call.cached,
                "output_tokens": call.out,
            },
        },
        **common,
    }


def _result(call: Call, common: dict[str, str]) -> dict[str, Any]:
    rejected = call.decision == "reject"
    patch = [{"lines": [f"+line {number}" for number in range(call.lines)]}]
    block = {"tool_use_id": f"toolu_{call.id}", "type": "tool_result", "content": "(left out)", "is_error": rejected}
    return {
        "type": "user",
        "timestamp": _moment(call.at),
        "message": {"role": "user", "content": [block]},
        "toolUseResult": "User rejected tool use" if rejected else {"structuredPatch": patch},
        **common,
    }


def _otlp_logs(session: Session) -> dict[str, Any]:
    records = [record for call in session.calls for record in _events(call, session)]
    resource = {"service.name": "claude-code", "user.email": session.person.email, "repo": SLUG}
    scope = {"name": "com.anthropic.claude_code.events"}
    logs = [{"resource": {"attributes": _attributes(resource)}, "scopeLogs": [{"scope": scope, "logRecords": records}]}]
    return {"resourceLogs": logs}


def _events(call: Call, session: Session) -> Iterable[dict[str, Any]]:
    known = {"session.id": str(session.id), "event.timestamp": _moment(call.at)}
    request = {"model": call.model, "duration_ms": call.latency_ms, "request_id": f"req_{call.id}"}
    if call.failed:
        failure = {"status_code": _OVERLOADED, "error_type": "overloaded_error"}
        yield _record("api_error", {**known, **request, **failure}, call.at)
        return
    counts = {
        "input_tokens": call.fresh,
        "output_tokens": call.out,
        "cache_read_tokens": call.cached,
        "cache_creation_tokens": call.written,
        "cost_usd": _cost(call),
    }
    yield _record("api_request", {**known, **request, **counts}, call.at)
    if call.decision:
        use = {"tool_use_id": f"toolu_{call.id}", "tool_name": "Edit", "decision": call.decision}
        yield _record("tool_decision", {**known, **use, "source": f"user_{_SOURCES[call.decision]}"}, call.at)


_SOURCES = {"accept": "temporary", "reject": "reject"}


def _record(name: str, attributes: dict[str, Any], at: datetime) -> dict[str, Any]:
    nanoseconds = str(int(at.timestamp() * 1000) * 1_000_000)
    body = {"stringValue": f"claude_code.{name}"}
    named = {"event.name": name, **attributes}
    return {"timeUnixNano": nanoseconds, "body": body, "attributes": _attributes(named)}


def _attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    kinds = {int: "intValue", float: "doubleValue", str: "stringValue"}
    return [{"key": key, "value": {kinds[type(value)]: value}} for key, value in values.items()]


# Codex: a rollout for each session ----------------------------------------------------------------------------------


def _rollout(session: Session) -> Iterable[dict[str, Any]]:
    start = _moment(session.calls[0].at)
    git = {"repository_url": _REMOTE, "branch": session.branch}
    place = {"cwd": "/home/dev/shop", "originator": "codex_cli_rs", "model_provider": "openai", "git": git}
    meta = {"id": str(session.id), "timestamp": start, **place}
    yield {"timestamp": start, "type": "session_meta", "payload": meta}
    for call in session.calls:
        turn = {"model": call.model, "approval_policy": "untrusted"}
        yield {"timestamp": _moment(call.at), "type": "turn_context", "payload": turn}
        if call.decision:
            proposal = {"type": "custom_tool_call", "name": "apply_patch", "call_id": f"call_{call.id}"}
            yield {"timestamp": _moment(call.at), "type": "response_item", "payload": proposal}
        usage = {
            "input_tokens": call.fresh + call.cached + call.written,
            "cached_input_tokens": call.cached,
            "output_tokens": call.out,
        }
        record = {"thread_id": str(session.id), "response_id": f"resp_{call.id}", "usage": usage}
        yield {"timestamp": _moment(call.at), "type": "token_usage_record", "payload": record}
        if call.decision:
            yield {"timestamp": _moment(call.at), **_outcome(call)}


def _outcome(call: Call) -> dict[str, Any]:
    use = f"call_{call.id}"
    if call.decision == "reject":
        output = {"type": "custom_tool_call_output", "call_id": use, "output": "patch rejected by user"}
        return {"type": "response_item", "payload": output}
    change = {"type": "add", "content": "line\n" * call.lines}
    item = {"type": "FileChange", "id": use, "status": "completed", "changes": {"app.py": change}}
    return {"type": "event_msg", "payload": {"type": "item_completed", "item": item}}


# LiteLLM: the payloads of its logging callback ----------------------------------------------------------------------


def _proxy_log(session: Session) -> Iterable[dict[str, Any]]:
    for call in session.calls:
        began = call.at.timestamp()
        tokens = call.fresh + call.cached + call.written
        cached = {"cached_tokens": call.cached}
        usage = {"prompt_tokens": tokens, "completion_tokens": call.out, "prompt_tokens_details": cached}
        yield {
            "id": f"chatcmpl-{call.id}",
            "litellm_call_id": f"call-{call.id}",
            "trace_id": str(session.id),
            "session_id": str(session.id),
            "call_type": "acompletion",
            "status": "failure" if call.failed else "success",
            "error_information": {"error_code": "429", "error_class": "RateLimitError"} if call.failed else None,
            "startTime": began,
            "endTime": began + call.latency_ms / 1000,
            "model": call.model,
            "custom_llm_provider": "anthropic" if call.model.startswith("claude") else "openai",
            "prompt_tokens": tokens,
            "completion_tokens": call.out,
            "total_tokens": tokens + call.out,
            "response_cost": _cost(call),
            "request_tags": [f"repo:{SLUG}", f"branch:{session.branch}"],
            "metadata": {
                "user_api_key_user_email": session.person.email,
                "usage_object": usage,
                "spend_logs_metadata": {"accepted_flag": call.decision == "accept"} if call.decision else None,
            },
        }
