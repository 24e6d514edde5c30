"""Rows of LiteLLM's spend log, with its JSON columns as text or objects, alone or in the API's page of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.json_values import clean_text, mapping, sequence, truth
from prodlens.schemas import CanonicalTrace
from prodlens.trace_normalizer.formats.field_paths import Fields, Parts, paths_in
from prodlens.trace_normalizer.formats.interface import Format, Item, RecordReader, Skipped, Unusable, Withheld
from prodlens.trace_normalizer.formats.litellm_fields import (
    CONVERTERS,
    FIELD_PATHS,
    OK,
    STREAM_LATENCY,
    common_fields,
    explain_fields,
    outcome,
    parts_of,
    skipped_kind,
    tokens_of,
)
from prodlens.trace_normalizer.formats.recorded_values import cost_fields, duration_ms, elapsed_ms
from prodlens.trace_normalizer.formats.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "litellm-spend"

FIELDS = Fields(
    {
        **FIELD_PATHS,
        "timestamp": paths_in("", "startTime", "endTime"),
        "ended_at": paths_in("", "endTime"),
        "latency_ms": paths_in("", "request_duration_ms"),
        "trace_id": paths_in("", "session_id"),
        "call_id": paths_in("", "request_id"),
        "litellm_call_id": paths_in("", "litellm_call_id"),
    },
    {**CONVERTERS, "latency_ms": duration_ms},
)
# Read by rules of their own.
_BY_RULES = Fields(
    {
        "status_code": (*paths_in("metadata", "error_information.error_code"), *paths_in("", "status")),
        "cost_usd": paths_in("", "spend"),
    },
    CONVERTERS,
)


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
    parts = _parts(row)
    found = explain_fields(FIELDS, parts) | _BY_RULES.explain(parts)
    ended_at = found.pop("ended_at", None)
    return found | ({"latency_ms": f"{ended_at} - startTime"} if ended_at and "latency_ms" not in found else {})


def _is_row(record: Mapping[str, Any]) -> bool:
    return "request_id" in record and "spend" in record and "startTime" in record


def _page(record: Mapping[str, Any]) -> list[Any]:
    return sequence(record.get("data")) if "data" in record and ("total" in record or "page" in record) else []


def _parts(record: Mapping[str, Any]) -> Parts:
    metadata = mapping(record.get("metadata"))
    return parts_of(record, metadata, metadata.get("usage_object"), metadata.get("additional_usage_values"))


def _read_row(record: Mapping[str, Any]) -> list[Item]:
    kind = skipped_kind(record.get("call_type"), record.get("spend"))
    if kind is not None:
        return [Skipped(kind)]
    parts = _parts(record)
    found = FIELDS.read(parts)
    at = found["timestamp"]
    if at is None:
        return [Unusable("spend log row without a readable startTime")]
    ended = outcome(_status(record, parts), parts["metadata"].get("error_information"))
    failed = ended.status_code is not None and ended.status_code != OK
    # LiteLLM estimates the prompt of a call that failed.
    tokens = Tokens(0, 0) if failed else tokens_of(found, parts["usage"])
    withheld = _latency_may_be_wrong(record) and not failed
    latency = found["latency_ms"] or elapsed_ms(at, found["ended_at"])
    trace = CanonicalTrace(
        timestamp=at,
        latency_ms=0.0 if withheld else latency,
        status_code=ended.status_code,
        status_reason=ended.status_reason,
        source=NAME,
        **common_fields(parts, found, knows_sessions=found["litellm_call_id"] is not None),
        **tokens.fields(),
        **cost_fields(record.get("spend"), tokens, proven=truth(record.get("cache_hit")) is True),
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
