"""The reference format: ``timestamp``, ``usage``, ``attributes`` and ``metadata``, each nested or flattened.

A record of any other format is read as this one too, so that the reason says what it looks like or what it lacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prodlens.json_values import count, finite_number, mapping, truth
from prodlens.schemas import CanonicalTrace
from prodlens.timestamps import parse_timestamp
from prodlens.trace_normalizer.formats.field_paths import Convert, FieldPath, Fields, Parts, paths_in, unflatten
from prodlens.trace_normalizer.formats.interface import Format, Item, RecordReader, Unusable
from prodlens.trace_normalizer.formats.people_and_sessions import person_of, session_of
from prodlens.trace_normalizer.formats.recorded_values import (
    content_identity,
    cost_fields,
    duration_ms,
    http_status,
    repository,
)
from prodlens.trace_normalizer.formats.tokens import from_fields
from prodlens.trace_normalizer.formats.unsupported import known_kind, looks_like

NAME = "reference"

_DIFF = ("{}", "prod_lens.{}", "analysis.{}")
_PATHS = {
    "timestamp": paths_in("", "timestamp", "start_time"),
    "session_id": paths_in(
        "metadata",
        "session_id",
        "user_id",
        "developer_session",
        "user_api_key_end_user_id",
        "requester_metadata.user_id",
    ),
    "developer_id": paths_in(
        "metadata",
        "developer_id",
        "dev_id",
        "user",
        "user_id",
        "requester_metadata.developer_id",
        "requester_metadata.user",
    ),
    "model": (*paths_in("attributes", "llm.model_name", "model", "llm.model", "model_name"), FieldPath("", "model")),
    "tokens_in": paths_in("usage", "input_tokens", "prompt_tokens"),
    "tokens_out": paths_in("usage", "output_tokens", "completion_tokens"),
    "total_tokens": paths_in("usage", "total_tokens"),
    "cache_read_tokens": paths_in("usage", "cache_read_input_tokens", "prompt_tokens_details.cached_tokens"),
    "cache_write_tokens": paths_in("usage", "cache_creation_input_tokens"),
    "reasoning_tokens": paths_in("usage", "completion_tokens_details.reasoning_tokens"),
    "latency_ms": (
        *paths_in("attributes", "latency_ms", "request.latency_ms", "response.latency_ms", "duration_ms"),
        FieldPath("", "latency_ms"),
    ),
    "status_code": (
        *paths_in("attributes", "status_code", "http.status_code", "response.status_code"),
        FieldPath("", "status_code"),
    ),
    "accepted_flag": paths_in("attributes", "prod_lens.accepted", "accepted", "accepted_flag"),
    "diff_ratio": paths_in("attributes", *(name.format("diff_ratio") for name in _DIFF)),
    "accepted_lines": paths_in("attributes", *(name.format("accepted_lines") for name in _DIFF)),
    "repo_slug": (
        *paths_in("metadata", "repo", "repository", "repo_slug"),
        *paths_in("attributes", "repo", "repository"),
    ),
    "cost_usd": (*paths_in("", "response_cost", "cost_usd"), *paths_in("attributes", "response_cost", "cost_usd")),
    "call_id": paths_in("", "id", "litellm_call_id"),
}
_CONVERTERS: dict[str, Convert] = {
    "timestamp": parse_timestamp,
    "session_id": session_of,
    "developer_id": person_of,
    "tokens_in": count,
    "tokens_out": count,
    "total_tokens": count,
    "cache_read_tokens": count,
    "cache_write_tokens": count,
    "reasoning_tokens": count,
    "latency_ms": duration_ms,
    "status_code": http_status,
    "accepted_flag": truth,
    "diff_ratio": finite_number,
    "accepted_lines": count,
    "repo_slug": repository,
    "cost_usd": finite_number,
}
FIELDS = Fields(_PATHS, _CONVERTERS)


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether the record has a usage object and one of the two names of its time."""
    return (isinstance(record.get("usage"), Mapping) or any(_is_flat_usage(key) for key in record)) and (
        "timestamp" in record or "start_time" in record
    )


def read(record: Mapping[str, Any]) -> list[Item]:
    """Read one record; it is unusable only without a readable timestamp or without a usage object."""
    parts, has_usage = _parts(record)
    found = FIELDS.read(parts)
    at, call_id, accepted = found["timestamp"], found["call_id"], found["accepted_flag"]
    if at is None or not has_usage:
        return [Unusable(_reason(record, has_usage=has_usage, has_time=at is not None))]
    tokens = from_fields(found)
    return [
        CanonicalTrace(
            session_id=found["session_id"],
            developer_id=found["developer_id"],
            timestamp=at,
            model=found["model"],
            latency_ms=found["latency_ms"] or 0.0,
            status_code=found["status_code"],
            accepted_flag=bool(accepted),
            repo_slug=found["repo_slug"],
            diff_ratio=found["diff_ratio"],
            accepted_lines=found["accepted_lines"],
            acceptance_known=accepted is not None,
            source=NAME,
            call_id=call_id,
            trace_hash=None if call_id else content_identity(record),
            **tokens.fields(),
            **cost_fields(found["cost_usd"], tokens),
        )
    ]


def _reason(record: Mapping[str, Any], *, has_usage: bool, has_time: bool) -> str:
    """Return why a record cannot be used: what kind it is, or what a record of this format lacks."""
    given = record.get("timestamp", record.get("start_time"))
    if (kind := known_kind(record)) is not None:
        return kind
    if not has_usage and not has_time:
        return looks_like(record)
    if has_time:
        return "no usage object"
    return "no timestamp" if given is None else f"unreadable timestamp ({type(given).__name__})"


def explain(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the path at which each field that the record has is found."""
    return FIELDS.explain(_parts(record)[0])


def _parts(record: Mapping[str, Any]) -> tuple[Parts, bool]:
    """Return the record's parts, and whether it has a usage object."""
    attributes = unflatten(record, "attributes")
    usage = _usage(record, attributes)
    inner, outer = unflatten(attributes, "metadata"), unflatten(record, "metadata")
    # The outer metadata wins name by name.
    parts = {
        "": record,
        "attributes": attributes,
        "metadata": {**inner, **outer} if inner and outer else inner or outer,
        "usage": usage or {},
    }
    return parts, usage is not None


def _is_flat_usage(key: object) -> bool:
    return isinstance(key, str) and key.startswith("usage.")


def _usage(record: Mapping[str, Any], attributes: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the usage object: the record's own, else the attributes' or the response's; None without one.

    Some writers nest the counts once more inside it.
    """
    usage = unflatten(record, "usage")
    if not usage and not isinstance(record.get("usage"), Mapping):
        inner = attributes.get("usage"), mapping(record.get("response")).get("usage")
        found = next((usage for usage in inner if isinstance(usage, Mapping)), None)
        if found is None:
            return None
        usage = found
    if _COUNTS.isdisjoint(usage):
        return next((v for v in usage.values() if isinstance(v, Mapping) and not _COUNTS.isdisjoint(v)), usage)
    return usage


_COUNTS = frozenset({"input_tokens", "output_tokens", "prompt_tokens", "completion_tokens", "total_tokens"})

REFERENCE = Format(
    name=NAME,
    title="ProdLens reference format",
    matches=matches,
    reader=lambda: RecordReader(read),
    explain=explain,
)
