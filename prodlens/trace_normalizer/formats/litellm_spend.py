"""Rows of LiteLLM's spend log, with its JSON columns as text or objects, alone or in the API's page of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.json_values import clean_text, mapping, sequence, truth
from prodlens.schemas import CanonicalTrace
from prodlens.timestamps import parse_timestamp
from prodlens.trace_normalizer.formats.field_paths import FieldPath, Parts, explained, first, paths_in
from prodlens.trace_normalizer.formats.interface import Format, Item, RecordReader, Skipped, Unusable, Withheld
from prodlens.trace_normalizer.formats.litellm_fields import (
    CONVERTERS,
    IDENTITY_PATHS,
    MODEL_PATHS,
    OK,
    STREAM_LATENCY,
    USAGE_PATHS,
    call_id,
    common_fields,
    outcome,
    parts_of,
    price_fields,
    session_id,
    skipped_kind,
    tokens_of,
)
from prodlens.trace_normalizer.formats.recorded_values import content_identity, cost_fields, duration_ms, elapsed_ms
from prodlens.trace_normalizer.formats.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "litellm-spend"

FIELD_PATHS: dict[str, tuple[FieldPath, ...]] = {
    "timestamp": paths_in("", "startTime", "endTime"),
    "model": MODEL_PATHS,
    "latency_ms": paths_in("", "request_duration_ms", "endTime"),
    "status_code": (*paths_in("metadata", "error_information.error_code"), *paths_in("", "status")),
    "cost_usd": paths_in("", "spend"),
    "provider": paths_in("", "custom_llm_provider"),
    "call_id": paths_in("", "request_id", "litellm_call_id"),
    **USAGE_PATHS,
    **IDENTITY_PATHS,
    "session_id": (*IDENTITY_PATHS["held_session"], FieldPath("", "session_id")),
}


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether the record is a row of the spend log or a page of such rows."""
    return _is_row(record) or any(_is_row(mapping(row)) for row in _page(record)[:1])


def read(record: Mapping[str, Any]) -> list[Item]:
    """Read a row, or every row of a page."""
    if _is_row(record):
        return _read_row(record)
    return [item for row in _page(record) for item in _read_row(mapping(row))]


def explain(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the path at which each field of a row, or of a page's first row is found."""
    row = record if _is_row(record) else mapping(next(iter(_page(record)), None))
    found = explained(_parts(row), FIELD_PATHS, CONVERTERS)
    found.pop("held_session", None)
    found.pop("device", None)
    return found


def _is_row(record: Mapping[str, Any]) -> bool:
    return "request_id" in record and "spend" in record and "startTime" in record


def _page(record: Mapping[str, Any]) -> list[Any]:
    return sequence(record.get("data")) if "data" in record and ("total" in record or "page" in record) else []


def _parts(record: Mapping[str, Any]) -> Parts:
    metadata = mapping(record.get("metadata"))
    usage = mapping(metadata.get("usage_object")) or mapping(metadata.get("additional_usage_values"))
    return parts_of(record, metadata, usage)


def _read_row(record: Mapping[str, Any]) -> list[Item]:
    kind = skipped_kind(record.get("call_type"), record.get("spend"))
    if kind is not None:
        return [Skipped(kind)]
    parts = _parts(record)
    start, end = parse_timestamp(record.get("startTime")), parse_timestamp(record.get("endTime"))
    at = start or end
    if at is None:
        return [Unusable("spend log row without a readable startTime")]
    ended = outcome(_status(record, parts), mapping(parts["metadata"].get("error_information")))
    failed = ended.status_code is not None and ended.status_code != OK
    tokens = Tokens(0, 0) if failed else tokens_of(parts)  # LiteLLM estimates the prompt of a call that failed
    identity = call_id(record.get("request_id"), record.get("litellm_call_id"))
    free = truth(record.get("cache_hit")) is True
    withheld = _latency_may_be_wrong(record) and not failed
    latency = first(parts, paths_in("", "request_duration_ms"), duration_ms) or elapsed_ms(start, end)
    trace = CanonicalTrace(
        session_id=session_id(
            parts, None, record.get("session_id"), knows_sessions=bool(clean_text(record.get("litellm_call_id")))
        ),
        timestamp=at,
        latency_ms=0.0 if withheld else latency,
        status_code=ended.status_code,
        status_reason=ended.status_reason,
        source=NAME,
        call_id=identity,
        trace_hash=None if identity else content_identity(record),
        **common_fields(parts),
        **price_fields(parts, record.get("call_type")),
        **tokens.fields(),
        **cost_fields(record.get("spend"), tokens, proven=free),
    )
    return [trace, Withheld("latency_ms", STREAM_LATENCY)] if withheld else [trace]


def _status(record: Mapping[str, Any], parts: Parts) -> str:
    """Return ``success`` or ``failure``; older rows have no status of their own, and say it in the metadata."""
    given = clean_text(record.get("status")) or clean_text(parts["metadata"].get("status"))
    return given or ("failure" if mapping(parts["metadata"].get("error_information")) else "success")


def _latency_may_be_wrong(record: Mapping[str, Any]) -> bool:
    """Return whether the row's clock may have started late; a row does not say whether its call was streamed."""
    return record.get("call_type") == "anthropic_messages"


LITELLM_SPEND = Format(
    name=NAME,
    title="LiteLLM spend log",
    matches=matches,
    reader=lambda: RecordReader(read),
    explain=explain,
)
