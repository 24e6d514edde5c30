"""claude-code-action's execution files: the messages of a run and, last, its result.

The messages carry no time and only the count with which their output began. So a message takes the time of the next
record that has one; the output tokens and the cost of the result are spread over the run's messages, which are
``partial``: a transcript or a proxy's log of the same message wins over them. What the result counts beside the
messages (subagents, titles) is one more call, so that tokens and cost add up to the result's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from prodlens.json_values import count, finite_number, mapping, sequence, words
from prodlens.schemas import AUTOMATIC, RECORDED, Alias, CanonicalTrace, Decision
from prodlens.timestamps import parse_timestamp
from prodlens.trace_normalizer.formats.claude_message import Proposals, provider_of, usage_tokens
from prodlens.trace_normalizer.formats.field_paths import explained, places
from prodlens.trace_normalizer.formats.interface import Format, Item, Skipped, Unusable
from prodlens.trace_normalizer.formats.recorded_values import http_status
from prodlens.trace_normalizer.formats.tokens import Tokens, with_parts

if TYPE_CHECKING:
    from datetime import datetime

NAME = "claude-code-action"


def matches(record: Mapping[str, Any]) -> bool:
    """Tell whether the record is a message of an execution file."""
    kind = record.get("type")
    if "session_id" not in record:
        return False
    if kind in ("assistant", "user"):
        return isinstance(record.get("message"), Mapping)
    return kind in ("system", "result") and "subtype" in record


class ExecutionReader:
    """Reads an execution file: one or several runs, each ended by its result."""

    def __init__(self) -> None:
        self._start_run()

    def read(self, record: Mapping[str, Any]) -> list[Item]:
        """Read one message of a run; its result yields the run's calls."""
        kind, message = record.get("type"), mapping(record.get("message"))
        at = parse_timestamp(record.get("timestamp"))
        if at is not None:
            self._time_untimed(at)
        if kind == "assistant":
            return self._read_answer(record, message)
        if kind == "result":
            return self._read_result(record)
        found = self._proposals.decide(message.get("content"), record.get("tool_use_result"), at, asked=False)
        return [*found] or [Skipped("session event")]

    def finish(self) -> list[Item]:
        """Return the calls of a run that has no result: it was cut short."""
        return self._untimed() or [*self._calls()]

    def _start_run(self) -> None:
        self._messages: dict[str, tuple[Mapping[str, Any], datetime | None]] = {}
        self._proposals = Proposals()
        self._latest: datetime | None = None

    def _time_untimed(self, at: datetime) -> None:
        for key, (said, time) in self._messages.items():
            if time is None:
                self._messages[key] = (said, at)
        self._latest = at

    def _read_answer(self, record: Mapping[str, Any], message: Mapping[str, Any]) -> list[Item]:
        identity, model = words(message.get("id")), words(message.get("model"))
        if identity is None or model is None or model == "<synthetic>":
            return [Skipped("message without a model call")]
        kept = {"usage": message.get("usage"), "model": model, "session_id": record.get("session_id")}
        self._messages.setdefault(identity, (kept, parse_timestamp(record.get("timestamp"))))
        request = words(record.get("request_id"))
        aliases = [Alias(request, identity)] if request else []
        return [*aliases, *self._proposals.note(message.get("content"), identity)]

    def _read_result(self, record: Mapping[str, Any]) -> list[Item]:
        calls = self._calls()
        for model, totals in (mapping(record.get("modelUsage")) or _totals(record, calls)).items():
            calls = _with_result(calls, record, str(model), mapping(totals), self._latest)
        denials: list[Item] = [
            Decision(use, AUTOMATIC, "permission_denial", decided_at=self._latest)
            for denial in sequence(record.get("permission_denials"))
            if isinstance(use := mapping(denial).get("tool_use_id"), str)
        ]
        failed = _failed_run(record, self._latest)
        untimed = self._untimed()
        self._start_run()
        return [*calls, *failed, *untimed, *denials] or [Skipped("session event")]

    def _untimed(self) -> list[Item]:
        if self._messages and self._latest is None:
            return [Unusable("run without any time: no message of the execution file has a timestamp")]
        return []

    def _calls(self) -> list[CanonicalTrace]:
        calls = []
        for identity, (said, at) in self._messages.items():
            time = at or self._latest
            if time is not None:
                tokens = usage_tokens(mapping(said["usage"]))
                calls.append(_call(words(said["session_id"]), said["model"], time, identity, tokens))
        return calls


def _call(session: str | None, model: str | None, at: datetime, identity: str, tokens: Tokens) -> CanonicalTrace:
    return CanonicalTrace(
        session_id=session,
        developer_id=None,
        timestamp=at,
        model=model,
        latency_ms=0.0,
        status_code=200,
        accepted_flag=False,
        acceptance_known=False,
        provider=provider_of(model),
        source=NAME,
        call_id=identity,
        partial=True,
        **tokens.fields(),
    )


def _totals(result: Mapping[str, Any], calls: list[CanonicalTrace]) -> dict[str, Any]:
    """Return what an older result, which does not split its usage by model, says of a run of one model."""
    models, usage = {call.model for call in calls}, mapping(result.get("usage"))
    if len(models) != 1 or not usage:
        return {}
    cost = result.get("total_cost_usd")
    return {
        str(models.pop()): {
            "inputTokens": usage.get("input_tokens"),
            "outputTokens": usage.get("output_tokens"),
            "cacheReadInputTokens": usage.get("cache_read_input_tokens"),
            "cacheCreationInputTokens": usage.get("cache_creation_input_tokens"),
            "costUSD": result.get("cost_usd") if cost is None else cost,
        }
    }


def _with_result(
    calls: list[CanonicalTrace],
    result: Mapping[str, Any],
    model: str,
    totals: Mapping[str, Any],
    at: datetime | None,
) -> list[CanonicalTrace]:
    """Return the run's calls with what its result says of one model: a call for the rest, outputs and costs spread."""
    read, written = count(totals.get("cacheReadInputTokens")) or 0, count(totals.get("cacheCreationInputTokens")) or 0
    total_in = (count(totals.get("inputTokens")) or 0) + read + written
    total_out, cost = count(totals.get("outputTokens")) or 0, finite_number(totals.get("costUSD"))
    own = [call for call in calls if call.model == model]
    rest_in = total_in - sum(call.tokens_in for call in own)
    if at is not None and (rest_in > 0 or (not own and total_out > 0)):
        rest_read = max(read - sum(call.cache_read_tokens or 0 for call in own), 0)
        rest_written = max(written - sum(call.cache_write_tokens or 0 for call in own), 0)
        tokens = with_parts(max(rest_in, rest_read + rest_written), 0, cache_read=rest_read, cache_write=rest_written)
        identity = f"{result.get('uuid') or result.get('session_id')}/{model}"
        rest = _call(words(result.get("session_id")), model, at, identity, tokens)
        own.append(rest)
        calls = [*calls, rest]
    spread = dict(zip((call.call_id for call in own), _spread(own, total_out, cost), strict=True))
    return [spread.get(call.call_id, call) for call in calls]


def _spread(own: list[CanonicalTrace], total_out: int, cost: float | None) -> list[CanonicalTrace]:
    """Spread output tokens evenly, what does not divide going to the last, and cost by each call's tokens."""
    if not own:
        return []
    each = total_out // len(own)
    outs = [each] * (len(own) - 1) + [total_out - each * (len(own) - 1)]
    weights = [call.tokens_in + out for call, out in zip(own, outs, strict=True)]
    total = sum(weights)
    priced = cost is not None and cost >= 0 and total > 0
    return [
        replace(
            call,
            tokens_out=max(out, call.tokens_out),
            cost_usd=cost * weight / total if priced and cost is not None else None,
            cost_source=RECORDED if priced else None,
        )
        for call, out, weight in zip(own, outs, weights, strict=True)
    ]


def _failed_run(result: Mapping[str, Any], at: datetime | None) -> list[Item]:
    """Return the call that ended a run with an error of the API, if one did."""
    code = http_status(result.get("api_error_status"))
    if result.get("is_error") is not True or code is None or at is None:
        return []
    identity = f"{result.get('uuid') or result.get('session_id')}/error"
    call = _call(words(result.get("session_id")), None, at, identity, Tokens(0, 0))
    return [replace(call, status_code=code, status_reason="api_error", partial=False)]


def explain(record: Mapping[str, Any]) -> dict[str, str]:
    """Return for each field of a message or result the place where it is found."""
    if record.get("type") == "result":
        table = {
            "session_id": places("", "session_id"),
            "tokens_out": places("", "modelUsage", "usage.output_tokens"),
            "cost_usd": places("", "total_cost_usd", "cost_usd"),
        }
        return explained({"": record}, table, {"tokens_out": bool})
    if record.get("type") != "assistant":
        return {}
    table = {
        "session_id": places("", "session_id"),
        "model": places("", "message.model"),
        "tokens_in": places("", "message.usage.input_tokens"),
        "call_id": places("", "message.id"),
    }
    return explained({"": record}, table, {}) | {"timestamp": "timestamp of the next record that has one"}


CLAUDE_EXECUTION = Format(
    name=NAME,
    title="claude-code-action execution file",
    matches=matches,
    reader=ExecutionReader,
    explain=explain,
    stateless=False,
)
