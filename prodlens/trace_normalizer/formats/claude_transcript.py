"""Claude Code's transcripts (``~/.claude/projects/<folder>/<session>.jsonl``).

One API message is several lines, one per content block, each with the message's id and whole usage: it counts once.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from prodlens.json_values import clean_text, mapping, sequence
from prodlens.schemas import Alias, CanonicalTrace
from prodlens.timestamps import parse_timestamp
from prodlens.trace_normalizer.formats.claude_message import (
    ASKING_MODE,
    Proposals,
    further_calls,
    price_fields,
    provider_of,
    status_of_error,
    usage_tokens,
)
from prodlens.trace_normalizer.formats.claude_session_lines import SessionLines
from prodlens.trace_normalizer.formats.field_paths import Fields, paths_in
from prodlens.trace_normalizer.formats.interface import Format, Item, Skipped
from prodlens.trace_normalizer.formats.litellm_fields import UNSPECIFIED_FAILURE
from prodlens.trace_normalizer.formats.origins import origin_of
from prodlens.trace_normalizer.formats.recorded_values import content_identity, cost_fields, http_status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from prodlens.schemas import ToolUse

NAME = "claude-code"
_USAGE = "message.usage"
FIELDS = Fields(
    {
        "timestamp": paths_in("", "timestamp"),
        "session_id": paths_in("", "sessionId"),
        "model": paths_in("", "message.model"),
        "tokens_in": paths_in("", f"{_USAGE}.input_tokens"),
        "tokens_out": paths_in("", f"{_USAGE}.output_tokens"),
        "cache_read_tokens": paths_in("", f"{_USAGE}.cache_read_input_tokens"),
        "cache_write_tokens": paths_in("", f"{_USAGE}.cache_creation_input_tokens"),
        "cost_usd": paths_in("", "costUSD"),
        "branch": paths_in("", "gitBranch"),
        "call_id": paths_in("", "message.id"),
    }
)


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether the record is a line of a transcript."""
    kind = record.get("type")
    return isinstance(kind, str) and ("sessionId" in record or kind in {"file-history-snapshot", "summary"})


class TranscriptReader:
    """Reads a transcript: holds each message until the file's end, since its lines repeat it."""

    def __init__(self) -> None:
        self._messages: dict[_Key, CanonicalTrace] = {}
        self._links: dict[tuple[_Key, Alias | ToolUse], None] = {}
        self._proposals = Proposals()
        self._mode: str | None = None
        self._session_lines = SessionLines()

    def read(self, record: Mapping[str, Any]) -> list[Item]:
        """Read one line: a part of a message, the result of tool uses, or neither."""
        self._mode = clean_text(record.get("permissionMode")) or self._mode
        message = mapping(record.get("message"))
        said = self._session_lines.read(record)
        if record.get("type") == "assistant":
            return [*said, *self._read_answer(record, message)]
        if record.get("type") != "user":
            return [*said] or [Skipped("session event")]
        asked = self._mode == ASKING_MODE and record.get("entrypoint", "cli") == "cli"
        at = parse_timestamp(record.get("timestamp"))
        found = [*self._proposals.decide(message.get("content"), record.get("toolUseResult"), at, asked=asked)]
        return [*said, *found] or [Skipped("session event")]

    def finish(self) -> list[Item]:
        """Return the calls of the file and the further ids that other sources know them by.

        An id that the file gives to messages of several requests is not one, so that nothing is joined by it. The
        store keeps the calls of such an id apart by their input.
        """
        shared = _shared_ids(self._messages)
        final = {key.call_id for key, trace in self._messages.items() if not trace.partial}
        calls = (trace for key, trace in self._messages.items() if not trace.partial or key.call_id not in final)
        items: list[Item] = [*calls, *(link for key, link in self._links if key.call_id not in shared)]
        self._messages.clear()
        self._links.clear()
        return items

    def _read_answer(self, record: Mapping[str, Any], message: Mapping[str, Any]) -> list[Item]:
        trace = transcript_call(record, message)
        if trace is None:
            return [Skipped("message without a model call")]
        request = clean_text(record.get("requestId"))
        for call in [trace, *further_calls(trace, mapping(message.get("usage")))]:
            key = _key(call, request)
            known = self._messages.get(key)
            if known is None or _completeness(call) > _completeness(known):
                self._messages[key] = call
        if trace.call_id is not None:
            links: list[Alias | ToolUse] = [*self._proposals.note(message.get("content"), trace.call_id)]
            links += [Alias(request, trace.call_id)] if request and request != trace.call_id else []
            self._links.update(dict.fromkeys((_key(trace, request), link) for link in links))
        return []


class _Key(NamedTuple):
    """What the lines of one message have alike, and hardly two messages."""

    call_id: str
    request: str | None
    session: str | None
    tokens_in: int


def _key(call: CanonicalTrace, request: str | None) -> _Key:
    return _Key(call.call_id or call.trace_hash or "", request, call.session_id, call.tokens_in)


def _shared_ids(messages: Mapping[_Key, CanonicalTrace]) -> set[str]:
    """Return the ids that cannot be those of one message each: their messages differ in request and in input.

    A message that is still being written has at times not counted its input yet.
    """
    marks: defaultdict[str, tuple[set[str], set[int]]] = defaultdict(lambda: (set(), set()))
    for key, trace in messages.items():
        if not trace.partial and key.request is not None:
            requests, inputs = marks[key.call_id]
            requests.add(key.request)
            inputs.add(key.tokens_in)
    return {call_id for call_id, (requests, inputs) in marks.items() if len(requests) > 1 and len(inputs) > 1}


def _completeness(trace: CanonicalTrace) -> tuple[bool, int, datetime]:
    return not trace.partial, trace.tokens_out, trace.timestamp


def transcript_call(record: Mapping[str, Any], message: Mapping[str, Any]) -> CanonicalTrace | None:
    """Return the call of an assistant line, also a failed one; None when no model was called."""
    at = parse_timestamp(record.get("timestamp"))
    model = clean_text(message.get("model"))
    failed = record.get("isApiErrorMessage") is True
    if at is None or ((model is None or model == "<synthetic>") and not failed):
        return None
    usage = mapping(message.get("usage"))
    tokens = usage_tokens(usage)
    request = clean_text(record.get("requestId"))
    call_id = request or clean_text(record.get("uuid")) if failed else clean_text(message.get("id")) or request
    return CanonicalTrace(
        session_id=clean_text(record.get("sessionId")),
        developer_id=None,
        timestamp=at,
        model=None if failed else model,
        latency_ms=0.0,
        status_code=_error_status(record) if failed else 200,
        status_reason=(clean_text(record.get("error")) or "api_error")[:80] if failed else None,
        accepted_flag=False,
        acceptance_known=False,
        provider=provider_of(model),
        branch=_branch(record.get("gitBranch")),
        origin=origin_of(record.get("entrypoint"), record.get("cwd")),
        source=NAME,
        call_id=call_id,
        partial=not failed and message.get("stop_reason") is None,
        trace_hash=None if call_id else content_identity(record),
        **tokens.fields(),
        **price_fields(usage),
        **cost_fields(record.get("costUSD"), tokens),  # older versions wrote it
    )


def _error_status(record: Mapping[str, Any]) -> int:
    """Return the HTTP status of an error line: its own field, else the one in its text, else that of its class."""
    code = http_status(record.get("apiErrorStatus"))
    for block in sequence(mapping(record.get("message")).get("content")):
        text = mapping(block).get("text")
        if code is None and isinstance(text, str) and text.startswith("API Error: "):
            code = http_status(text[11:14])
    return code or status_of_error(record.get("error")) or UNSPECIFIED_FAILURE


def _branch(value: object) -> str | None:
    branch = clean_text(value)
    return None if branch == "HEAD" else branch


def explain(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the path at which each field of an assistant line is found."""
    if record.get("type") != "assistant":
        return {}
    found = FIELDS.explain({"": record})
    if "tokens_in" in found:
        found["tokens_in"] += " + cache reads + cache writes"
    return found


CLAUDE_TRANSCRIPT = Format(
    name=NAME,
    title="Claude Code transcript",
    matches=matches,
    reader=TranscriptReader,
    explain=explain,
)
