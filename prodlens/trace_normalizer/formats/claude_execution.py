"""claude-code-action's execution files: the messages of a run and, last, its result.

The messages carry no time and only the count with which their output began. So a message takes the time of the next
record that has one; the output tokens and the cost of the result are spread over the run's messages, which are
``partial``: a transcript or a proxy's log of the same message wins over them. What the result counts beside the
messages (subagents, titles) is one more call, so that tokens and cost add up to the result's. A run without any time,
and the result alone that ``claude -p --output-format json`` prints, take the time of their file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from prodlens.json_values import clean_text, mapping, sequence
from prodlens.schemas import AUTOMATIC, Alias, CanonicalTrace, Decision
from prodlens.timestamps import parse_timestamp
from prodlens.trace_normalizer.formats.claude_message import (
    Proposals,
    further_calls,
    price_fields,
    provider_of,
    status_of_error,
    usage_tokens,
)
from prodlens.trace_normalizer.formats.claude_result import Totals, totals_of, with_result
from prodlens.trace_normalizer.formats.field_paths import Fields, paths_in
from prodlens.trace_normalizer.formats.interface import NO_TIME, Format, Item, Skipped, Untimed
from prodlens.trace_normalizer.formats.origins import origin_of
from prodlens.trace_normalizer.formats.recorded_values import http_status
from prodlens.trace_normalizer.formats.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

NAME = "claude-code-action"


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether the record is a message of an execution file."""
    kind = record.get("type")
    if "session_id" not in record:
        return False
    if kind in ("assistant", "user"):
        return isinstance(record.get("message"), Mapping)
    return kind in ("system", "result") and "subtype" in record


class ExecutionReader:
    """Reads an execution file: one or several runs, each ended by its result."""

    def __init__(self) -> None:
        self._before: dict[str | None, dict[str | None, Totals]] = {}
        self._model: str | None = None
        self._origin: str | None = None
        self._start_run()

    def read(self, record: Mapping[str, Any]) -> list[Item]:
        """Read one message of a run; its result yields the run's calls."""
        kind, message = record.get("type"), mapping(record.get("message"))
        at = parse_timestamp(record.get("timestamp"))
        if at is not None:
            self._time_untimed(at)
        if kind == "assistant":
            return self._read_answer(record, message, at)
        if kind == "result":
            return self._read_result(record)
        if kind == "system" and self._model is None:
            self._model, self._origin = clean_text(record.get("model")), origin_of(None, record.get("cwd"))
        found = self._proposals.decide(message.get("content"), record.get("tool_use_result"), at, asked=False)
        return [*found] or [Skipped("session event")]

    def finish(self) -> list[Item]:
        """Return the calls of a run that has no result: it was cut short."""
        calls = self._timed(self._calls.values())
        self._start_run()
        return calls

    def _start_run(self) -> None:
        self._calls: dict[str, CanonicalTrace] = {}
        self._without_time: set[str] = set()
        self._proposals = Proposals()
        self._latest: datetime | None = None
        self._model = self._origin = None
        self._error: int | None = None

    def _time_untimed(self, at: datetime) -> None:
        """Give the messages since the last record with a time the time of this one."""
        for key in self._without_time:
            self._calls[key] = replace(self._calls[key], timestamp=at)
        self._without_time.clear()
        self._latest = at

    def _read_answer(self, record: Mapping[str, Any], message: Mapping[str, Any], at: datetime | None) -> list[Item]:
        given, model, usage = (
            clean_text(message.get("id")),
            clean_text(message.get("model")),
            mapping(message.get("usage")),
        )
        if model is None or model == "<synthetic>":
            self._error = status_of_error(record.get("error")) or self._error
            return [Skipped("message without a model call")]
        request, tokens = clean_text(record.get("request_id")), usage_tokens(usage)
        identity = (
            given or request or clean_text(record.get("uuid")) or f"{record.get('session_id')}/{len(self._calls)}"
        )
        known = self._calls.get(identity)
        if known is not None and known.tokens_in != tokens.tokens_in:  # one id for two messages is nobody's
            identity = f"{identity} {request or tokens.tokens_in}"
        if identity not in self._calls:
            call = _call(clean_text(record.get("session_id")), model, at, identity, tokens)
            call = replace(call, **price_fields(usage))
            fresh = {str(each.call_id): each for each in [call, *further_calls(call, usage)]}
            self._calls |= fresh
            self._without_time |= set() if at else set(fresh)
        aliases = [Alias(request, identity)] if request and request != identity else []
        return [*aliases, *self._proposals.note(message.get("content"), identity)]

    def _read_result(self, record: Mapping[str, Any]) -> list[Item]:
        session, identity = clean_text(record.get("session_id")), record.get("uuid") or record.get("session_id")

        def further(model: str | None, tokens: Tokens) -> CanonicalTrace:
            model = model or self._model
            return _call(session, model, self._latest, f"{identity}/{model or 'run'}", tokens)

        calls = with_result([*self._calls.values()], self._own_totals(record, session), further)
        denials: list[Item] = [
            Decision(use, AUTOMATIC, "permission_denial", decided_at=self._latest)
            for denial in sequence(record.get("permission_denials"))
            if isinstance(use := mapping(denial).get("tool_use_id"), str)
        ]
        items = [*self._timed([*calls, *_failed_run(record, f"{identity}/error", self._error)]), *denials]
        self._start_run()
        return items or [Skipped("session event")]

    def _own_totals(self, result: Mapping[str, Any], session: str | None) -> dict[str | None, Totals]:
        """Return what a result counts of its own run.

        A program that answers several prompts writes a result for each, and counts models since its start in all of
        them, while ``usage`` is of the one prompt: where the models hold the result before and this one's ``usage``
        too, the result before is taken off.
        """
        totals, before = totals_of(result), self._before.get(session, {})
        self._before[session] = totals
        usage = totals_of({"usage": result.get("usage")}).get(None, Totals(None))
        own = {name: total.less(before[name]) if name in before else total for name, total in totals.items()}
        grown = before.keys() <= totals.keys() and all(min(total[1:5]) >= 0 for total in own.values())
        own_in = sum(total.tokens_in for total in own.values())
        return own if before and grown and own_in >= usage.tokens_in > 0 else totals

    def _timed(self, calls: Iterable[CanonicalTrace]) -> list[Item]:
        """Return calls with the latest time of the run where they have none; in a run without any, as untimed."""
        latest = self._latest
        placed = (replace(call, origin=self._origin) for call in calls)
        timed = (replace(call, timestamp=latest) if latest and call.timestamp is NO_TIME else call for call in placed)
        return [Untimed(call) if call.timestamp is NO_TIME else call for call in timed]


def _call(session: str | None, model: str | None, at: datetime | None, identity: str, tokens: Tokens) -> CanonicalTrace:
    return CanonicalTrace(
        session_id=session,
        developer_id=None,
        timestamp=at or NO_TIME,
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


def _failed_run(result: Mapping[str, Any], identity: str, named: int | None) -> list[CanonicalTrace]:
    """Return the call that ended a run with an error of the API, if one did.

    Args:
        result: The result of the run.
        identity: The id of such a call.
        named: The status of the error that a message of the run names; the result's own number goes before it.
    """
    code = http_status(result.get("api_error_status")) or named
    if result.get("is_error") is not True or code is None:
        return []
    call = _call(clean_text(result.get("session_id")), None, None, identity, Tokens(0, 0))
    return [replace(call, status_code=code, status_reason="api_error", partial=False)]


def explain(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the path at which each field of a message or result is found."""
    if record.get("type") == "result":
        table = {
            "session_id": paths_in("", "session_id"),
            "tokens_out": paths_in("", "modelUsage", "usage.output_tokens"),
            "cost_usd": paths_in("", "total_cost_usd", "cost_usd"),
        }
        return Fields(table, {"tokens_out": bool}).explain({"": record})
    if record.get("type") != "assistant":
        return {}
    table = {
        "session_id": paths_in("", "session_id"),
        "model": paths_in("", "message.model"),
        "tokens_in": paths_in("", "message.usage.input_tokens"),
        "call_id": paths_in("", "message.id"),
    }
    return Fields(table).explain({"": record}) | {"timestamp": "timestamp of the next record that has one"}


CLAUDE_EXECUTION = Format(
    name=NAME,
    title="claude-code-action execution file",
    matches=matches,
    reader=ExecutionReader,
    explain=explain,
)
