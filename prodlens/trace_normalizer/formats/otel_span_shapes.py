"""OpenTelemetry spans in each shape they are written in, read as OpenInference or GenAI model calls.

Shapes: an OTLP/JSON export request, the SDK's own JSON, Phoenix's REST objects, and flat Phoenix or Arize columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.json_values import clean_text, mapping
from prodlens.timestamps import parse_timestamp
from prodlens.trace_normalizer.formats import genai, langfuse, openinference, otel_claude_spans, otlp
from prodlens.trace_normalizer.formats.field_paths import unflatten
from prodlens.trace_normalizer.formats.interface import Format, Item, Skipped, Unusable
from prodlens.trace_normalizer.formats.otel_span import Span, error_type_of
from prodlens.trace_normalizer.formats.otel_span_tree import SpanReader

if TYPE_CHECKING:
    from collections.abc import Mapping


_CONVENTIONS = (otel_claude_spans.CONVENTION, langfuse.CONVENTION, openinference.CONVENTION, genai.CONVENTION)


def read_span(span: Span) -> list[Item]:
    """Read one span: a model call by either convention, or what it is instead."""
    for convention in _CONVENTIONS:
        if convention.concerns(span):
            kind = convention.skipped_kind(span)
            if kind is not None:
                return [Skipped(kind)]
            if span.start is None:
                return [Unusable("span without a readable start")]
            return [convention.read(span, span.start)]
    return [Skipped("span that is not a model call")]


def explain_span(span: Span) -> dict[str, str]:
    """Return the path at which each field of a span is found."""
    found: dict[str, str] = next((c.explain(span) for c in _CONVENTIONS if c.concerns(span)), {})
    return {"timestamp": "start of the span", "latency_ms": "end - start of the span", **found} if found else {}


# One OTLP export request a record ---------------------------------------------------------------------------------


def _is_export(record: Mapping[str, Any]) -> bool:
    return "resourceSpans" in record or "resource_spans" in record


def _spans_of_export(record: Mapping[str, Any]) -> list[Span]:
    return [
        Span(
            span_id=otlp.hex_id(span.get("spanId", span.get("span_id"))),
            start=parse_timestamp(span.get("startTimeUnixNano", span.get("start_time_unix_nano"))),
            end=parse_timestamp(span.get("endTimeUnixNano", span.get("end_time_unix_nano"))),
            status=mapping(span.get("status")).get("code"),
            message=mapping(span.get("status")).get("message"),
            attributes=attributes,
            resource=resource,
            error_type=error_type_of(span.get("events")),
            trace_id=otlp.hex_id(span.get("traceId", span.get("trace_id"))),
            parent_id=otlp.hex_id(span.get("parentSpanId", span.get("parent_span_id"))),
            name=clean_text(span.get("name")),
        )
        for span, attributes, resource, _scope in otlp.entries(record, "Spans", "spans")
    ]


def _explain_export(record: Mapping[str, Any]) -> dict[str, str]:
    return next((found for span in _spans_of_export(record) if (found := explain_span(span))), {})


# One span a record ------------------------------------------------------------------------------------------------


def _is_flat(record: Mapping[str, Any]) -> bool:
    return "context.span_id" in record or "attributes.openinference.span.kind" in record


def _is_object(record: Mapping[str, Any]) -> bool:
    context = record.get("context")
    return "span_id" in mapping(context) and "start_time" in record and ("attributes" in record or _is_flat(record))


def _span_of(record: Mapping[str, Any]) -> Span:
    context = mapping(record.get("context"))
    status = record.get("status")
    attributes = unflatten(record, "attributes")
    if not isinstance(record.get("attributes"), dict) and "attributes" in record:
        attributes = {**otlp.attributes_of(record), **attributes}
    kind = clean_text(record.get("span_kind"))
    if kind and "openinference.span.kind" not in attributes and "context.span_id" in record:
        attributes = {**attributes, "openinference.span.kind": kind}
    return Span(
        span_id=otlp.hex_id(record.get("context.span_id") or context.get("span_id")),
        start=parse_timestamp(record.get("start_time")),
        end=parse_timestamp(record.get("end_time")),
        status=record.get("status_code") or mapping(status).get("status_code") or mapping(status).get("code"),
        message=record.get("status_message") or mapping(status).get("description"),
        attributes=attributes,
        resource=mapping(mapping(record.get("resource")).get("attributes")),
        error_type=error_type_of(record.get("events")),
        trace_id=otlp.hex_id(record.get("context.trace_id") or context.get("trace_id")),
        parent_id=otlp.hex_id(record.get("parent_id")),
        name=clean_text(record.get("name")),
    )


OTLP_SPANS = Format(
    name="otlp-spans",
    title="OpenTelemetry spans (OTLP/JSON)",
    matches=_is_export,
    reader=lambda: SpanReader(_spans_of_export, read_span),
    explain=_explain_export,
)
SPAN_ROWS = Format(
    name="span-rows",
    title="OpenTelemetry spans (one a record: Phoenix, Arize or SDK JSON)",
    matches=lambda record: _is_flat(record) or _is_object(record),
    reader=lambda: SpanReader(lambda record: [_span_of(record)], read_span),
    explain=lambda record: explain_span(_span_of(record)),
)
