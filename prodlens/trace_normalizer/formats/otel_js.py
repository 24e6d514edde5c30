"""Spans and log records as OpenTelemetry's JavaScript SDK holds them: the files of Copilot CLI, VS Code and Gemini CLI.

Attributes are plain objects, moments are ``[seconds, nanoseconds]``, and a field can have a ``_`` before its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.json_values import clean_text, mapping, sequence, whole_number
from prodlens.timestamps import parse_timestamp
from prodlens.trace_normalizer.formats import otlp
from prodlens.trace_normalizer.formats.gemini import is_of_gemini
from prodlens.trace_normalizer.formats.interface import Format, Item, Skipped
from prodlens.trace_normalizer.formats.otel_agent_logs import LogReader, explain_entry
from prodlens.trace_normalizer.formats.otel_span import Span, error_type_of
from prodlens.trace_normalizer.formats.otel_span_shapes import explain_span, read_span
from prodlens.trace_normalizer.formats.otel_span_tree import SpanReader

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

NAME = "otel-js"


def _own(record: Mapping[str, Any], name: str) -> Any:
    value = record.get(name)
    return record.get(f"_{name}") if value is None else value


def _is_log(record: Mapping[str, Any]) -> bool:
    return isinstance(_own(record, "hrTime"), list)


def _is_metric(record: Mapping[str, Any]) -> bool:
    return "scopeMetrics" in record or (record.get("type") == "metric" and "name" in record)


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether the record is a span, a log record or a metric of the SDK."""
    if _is_metric(record):
        return True
    if not isinstance(record.get("attributes"), dict):
        return False
    is_span = isinstance(record.get("startTime"), list) or (record.get("type") == "span" and "spanId" in record)
    return is_span or _is_log(record)


def _nanoseconds(value: object) -> int | None:
    """Return a moment of the SDK in nanoseconds since 1970."""
    parts = [whole_number(part) for part in sequence(value)]
    seconds, rest = (*parts, None, None)[:2]
    return None if seconds is None or rest is None else seconds * 10**9 + rest


def _moment(value: object) -> datetime | None:
    return parse_timestamp(_nanoseconds(value) if isinstance(value, list) else value)


def _resource(record: Mapping[str, Any]) -> dict[str, Any]:
    resource = mapping(record.get("resource"))
    pairs = [pair for pair in sequence(resource.get("_rawAttributes")) if isinstance(pair, list) and len(pair) == 2]  # noqa: PLR2004 - a pair
    raw = {name: value for key, value in pairs if (name := clean_text(key))}
    return {**raw, **mapping(resource.get("_attributes")), **mapping(resource.get("attributes"))}


def _scope(record: Mapping[str, Any]) -> str:
    for name in ("instrumentationScope", "instrumentationLibrary"):
        if scope := clean_text(mapping(record.get(name)).get("name")):
            return scope
    return ""


def _span_id(record: Mapping[str, Any]) -> str | None:
    return otlp.hex_id(record.get("spanId") or mapping(_own(record, "spanContext")).get("spanId"))


def span_of(record: Mapping[str, Any]) -> Span:
    """Return a span of the SDK in the shape that the conventions read."""
    status = mapping(record.get("status"))
    return Span(
        span_id=_span_id(record),
        start=_moment(record.get("startTime")),
        end=_moment(record.get("endTime")),
        status=status.get("code"),
        message=status.get("message"),
        attributes=mapping(record.get("attributes")),
        resource=_resource(record),
        error_type=error_type_of(record.get("events")),
        trace_id=otlp.hex_id(record.get("traceId") or mapping(_own(record, "spanContext")).get("traceId")),
        parent_id=otlp.hex_id(record.get("parentSpanId") or mapping(record.get("parentSpanContext")).get("spanId")),
        name=clean_text(record.get("name")),
    )


def _entry_of(record: Mapping[str, Any]) -> otlp.Entry:
    """Return a log record of the SDK in the shape of OTLP."""
    shaped = {
        "timeUnixNano": _nanoseconds(_own(record, "hrTime")),
        "observedTimeUnixNano": _nanoseconds(_own(record, "hrTimeObserved")),
        "spanId": _span_id(record),
        "body": {"stringValue": _own(record, "body")},
    }
    return otlp.Entry(shaped, dict(mapping(record.get("attributes"))), _resource(record), _scope(record))


class SdkReader:
    """Reads the records of one file, its log records as those of an OTLP export."""

    def __init__(self) -> None:
        self._logs = LogReader()
        self._spans = SpanReader(lambda record: [span_of(record)], read_span)

    def read(self, record: Mapping[str, Any]) -> list[Item]:
        """Read one span, log record or metric."""
        if _is_metric(record):
            return [Skipped("metrics")]
        if _is_log(record):
            return self._logs.read_entry(_entry_of(record))
        if is_of_gemini(_resource(record), _scope(record)):
            return [Skipped("span beside its log record")]
        return self._spans.read(record)

    def finish(self) -> list[Item]:
        """Return what was held back until the file's end."""
        return [*self._spans.finish(), *self._logs.finish()]


def explain(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the path at which each field of a span or log record is found."""
    if _is_metric(record):
        return {}
    return explain_entry(_entry_of(record)) if _is_log(record) else explain_span(span_of(record))


OTEL_JS = Format(
    name=NAME,
    title="OpenTelemetry files of Copilot CLI, VS Code and Gemini CLI (JavaScript SDK records)",
    matches=matches,
    reader=SdkReader,
    explain=explain,
)
