"""LiteLLM's standard logging payload, 1.55 to 1.109: what its callbacks, ``generic_api``, S3, GCS and Azure write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.json_values import mapping, mappings, objects, truth
from prodlens.schemas import CanonicalTrace, ToolUse
from prodlens.trace_normalizer.formats.field_paths import FieldPath, Fields, Parts, paths_in
from prodlens.trace_normalizer.formats.interface import Format, Item, Skipped, Unusable, Withheld
from prodlens.trace_normalizer.formats.litellm_fields import (
    CONVERTERS,
    FIELD_PATHS,
    STREAM_LATENCY,
    common_fields,
    explain_fields,
    outcome,
    parts_of,
    skipped_kind,
    tokens_of,
)
from prodlens.trace_normalizer.formats.message_ids import ConstantIds
from prodlens.trace_normalizer.formats.recorded_values import cost_fields, elapsed_ms

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "litellm"
# Served by a program of one's own: a recorded cost of nothing is the price, not a missing one.
_FREE_PROVIDERS = frozenset({"ollama", "ollama_chat", "lm_studio", "llamafile", "docker_model_runner"})

FIELDS = Fields(
    {
        **FIELD_PATHS,
        "timestamp": paths_in("", "startTime", "endTime"),
        "ended_at": paths_in("", "endTime"),
        "session_id": (FieldPath("", "session_id"), *FIELD_PATHS["session_id"]),
        "trace_id": paths_in("", "trace_id"),
        "call_id": paths_in("", "id"),
        "litellm_call_id": paths_in("", "litellm_call_id"),
    },
    CONVERTERS,
)
# Read by rules of their own.
_BY_RULES = Fields(
    {
        "status_code": paths_in("", "error_information.error_code", "status"),
        "cost_usd": paths_in("", "response_cost"),
    },
    CONVERTERS,
)


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether the record has the payload's call type, clock and cost."""
    return "call_type" in record and "startTime" in record and "response_cost" in record


def read(record: Mapping[str, Any]) -> list[Item]:
    """Read one payload: a call with the tool uses that it proposed, or what it is instead."""
    kind = skipped_kind(record.get("call_type"), record.get("response_cost"))
    if kind is not None:
        return [Skipped(kind)]
    parts = _parts(record)
    found = FIELDS.read(parts)
    at = found["timestamp"]
    if at is None:
        return [Unusable("LiteLLM payload without a readable startTime")]
    tokens = tokens_of(found, parts["usage"])
    ended = outcome(record.get("status"), record.get("error_information"))
    withheld = _latency_is_wrong(record)
    trace = CanonicalTrace(
        timestamp=at,
        latency_ms=0.0 if withheld else elapsed_ms(at, found["ended_at"]),
        status_code=ended.status_code,
        status_reason=ended.status_reason,
        source=NAME,
        **common_fields(parts, found, knows_sessions="litellm_call_id" in record),
        **tokens.fields(),
        **cost_fields(record.get("response_cost"), tokens, proven=_is_free(record)),
    )
    items: list[Item] = [trace]
    if withheld:
        items.append(Withheld("latency_ms", STREAM_LATENCY))
    if trace.call_id:
        items += [ToolUse(use, trace.call_id) for use in _tool_uses(parts["response"])]
    return items


class PayloadReader:
    """Reads the payloads of one file; a gateway's constant response id does not make them one call."""

    def __init__(self) -> None:
        self._ids = ConstantIds()

    def read(self, record: Mapping[str, Any]) -> list[Item]:
        """Read one payload."""
        items = read(record)
        if items and isinstance(call := items[0], CanonicalTrace):
            apart = self._ids.told_apart(call, record.get("litellm_call_id"))
            if apart.call_id is not None and apart is not call:
                uses = (ToolUse(use.tool_use_id, apart.call_id) for use in items if isinstance(use, ToolUse))
                return [apart, *uses, *(item for item in items[1:] if not isinstance(item, ToolUse))]
        return items

    def finish(self) -> list[Item]:
        """Return nothing: nothing was held back."""
        return []


def explain(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the path at which each field of a payload is found."""
    parts = _parts(record)
    found = explain_fields(FIELDS, parts) | _BY_RULES.explain(parts)
    if found.pop("ended_at", None):
        found["latency_ms"] = f"withheld: {STREAM_LATENCY}" if _latency_is_wrong(record) else "endTime - startTime"
    return found


def _parts(record: Mapping[str, Any]) -> Parts:
    metadata, response = mappings(record.get("metadata"), record.get("response"))
    return {**parts_of(record, metadata, metadata.get("usage_object"), response.get("usage")), "response": response}


def _is_free(record: Mapping[str, Any]) -> bool:
    """Return whether a cost of nothing is proven: an answer from LiteLLM's own cache, or a free model."""
    return (
        truth(record.get("cache_hit")) is True
        or str(record.get("custom_llm_provider")) in _FREE_PROVIDERS
        or str(record.get("model")).endswith(":free")
    )


def _latency_is_wrong(record: Mapping[str, Any]) -> bool:
    """Return whether this version stamps the start too late; 1.109, which has ``cost_finalized``, no longer does."""
    return (
        record.get("call_type") == "anthropic_messages"
        and record.get("stream") is True
        and record.get("status") == "success"
        and "cost_finalized" not in record
    )


def _tool_uses(response: Mapping[str, Any]) -> list[str]:
    """Return the ids of the tool uses proposed, in the shape of chat completions, messages or responses."""
    found: list[Any] = [
        call.get("id")
        for choice in objects(response.get("choices"))
        for call in objects(mapping(choice.get("message")).get("tool_calls"))
    ]
    for part, name in (("content", "id"), ("output", "call_id")):
        if part in response:
            found += [each.get(name) for each in objects(response[part])]
    return [use for use in found if isinstance(use, str) and use]


LITELLM = Format(
    name=NAME,
    title="LiteLLM standard logging payload",
    matches=matches,
    reader=PayloadReader,
    explain=explain,
)
