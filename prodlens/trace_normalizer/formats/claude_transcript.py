"""Claude Code's transcripts (``~/.claude/projects/<folder>/<session>.jsonl``).

One API message is several lines, one per content block, each with the message's id and whole usage: it counts once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.json_values import mapping, sequence, words
from prodlens.schemas import Alias, CanonicalTrace
from prodlens.timestamps import parse_timestamp
from prodlens.trace_normalizer.formats.claude_message import ASKING_MODE, Proposals, provider_of, usage_tokens
from prodlens.trace_normalizer.formats.field_paths import Place, explained, places
from prodlens.trace_normalizer.formats.interface import Format, Item, Skipped
from prodlens.trace_normalizer.formats.recorded_values import content_identity, cost_fields, http_status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

NAME = "claude-code"
_USAGE = "message.usage"
PLACES: dict[str, tuple[Place, ...]] = {
    "timestamp": places("", "timestamp"),
    "session_id": places("", "sessionId"),
    "model": places("", "message.model"),
    "tokens_in": places("", f"{_USAGE}.input_tokens"),
    "tokens_out": places("", f"{_USAGE}.output_tokens"),
    "cache_read_tokens": places("", f"{_USAGE}.cache_read_input_tokens"),
    "cache_write_tokens": places("", f"{_USAGE}.cache_creation_input_tokens"),
    "cost_usd": places("", "costUSD"),
    "branch": places("", "gitBranch"),
    "call_id": places("", "message.id"),
}


def matches(record: Mapping[str, Any]) -> bool:
    """Tell whether the record is a line of a transcript."""
    kind = record.get("type")
    return isinstance(kind, str) and ("sessionId" in record or kind in {"file-history-snapshot", "summary"})


class TranscriptReader:
    """Reads a transcript: holds each message until the file's end, since its lines repeat it."""

    def __init__(self) -> None:
        self._messages: dict[str, CanonicalTrace] = {}
        self._aliases: dict[Alias, None] = {}
        self._proposals = Proposals()
        self._mode: str | None = None

    def read(self, record: Mapping[str, Any]) -> list[Item]:
        """Read one line: a part of a message, the result of tool uses, or neither."""
        self._mode = words(record.get("permissionMode")) or self._mode
        message = mapping(record.get("message"))
        if record.get("type") == "assistant":
            return self._read_answer(record, message)
        if record.get("type") != "user":
            return [Skipped("session event")]
        asked = self._mode == ASKING_MODE and record.get("entrypoint", "cli") == "cli"
        at = parse_timestamp(record.get("timestamp"))
        found = self._proposals.decide(message.get("content"), record.get("toolUseResult"), at, asked=asked)
        return [*found] or [Skipped("session event")]

    def finish(self) -> list[Item]:
        """Return the calls of the file and the requests that they answered, by which OTLP logs know them."""
        calls: list[Item] = [*self._messages.values(), *self._aliases]
        self._messages.clear()
        self._aliases.clear()
        return calls

    def _read_answer(self, record: Mapping[str, Any], message: Mapping[str, Any]) -> list[Item]:
        trace = transcript_call(record, message)
        if trace is None:
            return [Skipped("message without a model call")]
        key = trace.call_id or trace.trace_hash or ""
        known = self._messages.get(key)
        if known is None or _completeness(trace) > _completeness(known):
            self._messages[key] = trace
        request = words(record.get("requestId"))
        if request and trace.call_id:
            self._aliases[Alias(request, trace.call_id)] = None
        return [*self._proposals.note(message.get("content"), trace.call_id)] if trace.call_id else []


def _completeness(trace: CanonicalTrace) -> tuple[bool, int, datetime]:
    return not trace.partial, trace.tokens_out, trace.timestamp


def transcript_call(record: Mapping[str, Any], message: Mapping[str, Any]) -> CanonicalTrace | None:
    """Return the call of an assistant line, also a failed one; None when no model was called."""
    at = parse_timestamp(record.get("timestamp"))
    model = words(message.get("model"))
    failed = record.get("isApiErrorMessage") is True
    if at is None or ((model is None or model == "<synthetic>") and not failed):
        return None
    tokens = usage_tokens(mapping(message.get("usage")))
    call_id = words(record.get("requestId") or record.get("uuid")) if failed else words(message.get("id"))
    return CanonicalTrace(
        session_id=words(record.get("sessionId")),
        developer_id=None,
        timestamp=at,
        model=None if failed else model,
        latency_ms=0.0,
        status_code=_error_status(record) if failed else 200,
        status_reason=(words(record.get("error")) or "api_error")[:80] if failed else None,
        accepted_flag=False,
        acceptance_known=False,
        provider=provider_of(model),
        branch=_branch(record.get("gitBranch")),
        source=NAME,
        call_id=call_id,
        partial=not failed and message.get("stop_reason") is None,
        trace_hash=None if call_id else content_identity(record),
        **tokens.fields(),
        **cost_fields(record.get("costUSD"), tokens),  # older versions wrote it
    )


def _error_status(record: Mapping[str, Any]) -> int:
    """Return the HTTP status of an error line: its own field, else the number that its text begins with."""
    code = http_status(record.get("apiErrorStatus"))
    for block in sequence(mapping(record.get("message")).get("content")):
        text = mapping(block).get("text")
        if code is None and isinstance(text, str) and text.startswith("API Error: "):
            code = http_status(text[11:14])
    return code or 500


def _branch(value: object) -> str | None:
    branch = words(value)
    return None if branch == "HEAD" else branch


def explain(record: Mapping[str, Any]) -> dict[str, str]:
    """Return for each field of an assistant line the place where it is found."""
    if record.get("type") != "assistant":
        return {}
    found = explained({"": record}, PLACES, {})
    if "tokens_in" in found:
        found["tokens_in"] += " + cache reads + cache writes"
    return found


CLAUDE_TRANSCRIPT = Format(
    name=NAME,
    title="Claude Code transcript",
    matches=matches,
    reader=TranscriptReader,
    explain=explain,
    stateless=False,
)
