"""opencode: message files, rows of its database as JSON, and the sessions that ``opencode export`` writes.

Its token counts exclude each other: input is without the cache, reasoning is beside the output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.json_values import clean_text, count, mapping, sequence
from prodlens.schemas import CanonicalTrace
from prodlens.timestamps import parse_timestamp
from prodlens.trace_normalizer.formats.field_paths import Fields, paths_in
from prodlens.trace_normalizer.formats.interface import Format, Item, RecordReader, Skipped, Unusable
from prodlens.trace_normalizer.formats.recorded_values import content_identity, cost_fields, elapsed_ms, http_status
from prodlens.trace_normalizer.formats.tokens import from_disjoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAME = "opencode"
_NO_CALL = Skipped("session event")
_PROVIDERS = {"github-copilot": "github", "amazon-bedrock": "bedrock", "google-vertex": "google"}
# What lies beside the messages in opencode's storage.
_TODO = frozenset({"id", "content", "status", "priority"})
_DIFF = frozenset({"file", "before", "after", "additions", "deletions"})
_ABORTED = "MessageAbortedError"
FIELDS = Fields(
    {
        "timestamp": paths_in("", "time.created"),
        "session_id": paths_in("", "sessionID"),
        "model": paths_in("", "modelID"),
        "provider": paths_in("", "providerID"),
        "tokens_in": paths_in("", "tokens.input"),
        "tokens_out": paths_in("", "tokens.output"),
        "cache_read_tokens": paths_in("", "tokens.cache.read"),
        "cache_write_tokens": paths_in("", "tokens.cache.write"),
        "reasoning_tokens": paths_in("", "tokens.reasoning"),
        "cost_usd": paths_in("", "cost"),
        "call_id": paths_in("", "id"),
    }
)


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether the record is of opencode's storage, a row of its database or an exported session."""
    if "info" in record and ("messages" in record or "parts" in record):
        return True
    if "session_id" in record and "time_created" in record and "data" in record:
        return True
    if "sessionID" in record and ("messageID" in record or ("role" in record and "time" in record)):
        return True
    if "time" in record and ("projectID" in record or "worktree" in record):
        return True
    return record.keys() >= _TODO or record.keys() >= _DIFF


def _messages(record: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the messages that a record holds, the ids of a database row among their fields."""
    if "info" in record:
        inner = sequence(record.get("messages")) if "messages" in record else [record]
        for message in inner:
            yield mapping(mapping(message).get("info"))
    elif "data" in record:
        yield {"id": record.get("id"), "sessionID": record.get("session_id"), **mapping(record.get("data"))}
    else:
        yield record


def read(record: Mapping[str, Any]) -> list[Item]:
    """Read the messages of one record."""
    return [_read_message(message) for message in _messages(record)] or [_NO_CALL]


def _read_message(message: Mapping[str, Any]) -> Item:
    """Read a message: a model's answer is one call, whose cost of 0 a plan pays."""
    if message.get("role") != "assistant":
        return _NO_CALL
    time, given = mapping(message.get("time")), mapping(message.get("tokens"))
    start, end = parse_timestamp(time.get("created")), parse_timestamp(time.get("completed"))
    cache, error = mapping(given.get("cache")), mapping(message.get("error"))
    tokens = from_disjoint(
        count(given.get("input")),
        count(given.get("output")),
        cache_read=count(cache.get("read")),
        cache_write=count(cache.get("write")),
        reasoning=count(given.get("reasoning")),
    )
    if not error and tokens.tokens_in + tokens.tokens_out == 0:
        return Skipped("message without a model call")
    if start is None:
        return Unusable("opencode message without a readable time")
    call_id, provider = clean_text(message.get("id")), clean_text(message.get("providerID"))
    status, reason = _outcome(error)
    return CanonicalTrace(
        session_id=clean_text(message.get("sessionID")),
        developer_id=None,
        timestamp=start,
        model=clean_text(message.get("modelID")),
        latency_ms=elapsed_ms(start, end),
        status_code=status,
        status_reason=reason,
        accepted_flag=False,
        acceptance_known=False,
        provider=_PROVIDERS.get(provider or "", provider),
        source=NAME,
        call_id=call_id,
        partial=end is None and not error,
        trace_hash=None if call_id else content_identity(message),
        **tokens.fields(),
        **cost_fields(message.get("cost"), tokens),
    )


def _outcome(error: Mapping[str, Any]) -> tuple[int | None, str | None]:
    """Return status and reason; an answer that a person stopped neither succeeded nor failed."""
    if not error:
        return 200, None
    name = (clean_text(error.get("name")) or "error")[:80]
    if name == _ABORTED:
        return None, None
    return http_status(mapping(error.get("data")).get("statusCode")) or 500, name


def explain(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the path at which each field of the first answer in the record is found."""
    answers = (message for message in _messages(record) if message.get("role") == "assistant")
    found = FIELDS.explain({"": next(answers, {})})
    if "tokens_in" in found:
        found["tokens_in"] += " + cache reads + cache writes"
    return found


OPENCODE = Format(
    name=NAME,
    title="opencode messages and exported sessions",
    matches=matches,
    reader=lambda: RecordReader(read),
    explain=explain,
)
