"""Claude Code's own trace spans: ``claude_code.llm_request`` is a model call, with token counts under short names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.json_values import clean_text, truth
from prodlens.schemas import CanonicalTrace
from prodlens.trace_normalizer.formats.claude_message import provider_of, status_of_error
from prodlens.trace_normalizer.formats.field_paths import Fields, paths_in
from prodlens.trace_normalizer.formats.litellm_fields import OK, UNSPECIFIED_FAILURE, error_name
from prodlens.trace_normalizer.formats.otel_span import CONVERTERS, IDENTITY_PATHS, Convention, common_fields
from prodlens.trace_normalizer.formats.recorded_values import duration_ms, elapsed_ms, http_status, price_modifier
from prodlens.trace_normalizer.formats.tokens import with_parts

if TYPE_CHECKING:
    from datetime import datetime

    from prodlens.trace_normalizer.formats.otel_span import Span

NAME = "claude-code-otel"
_REQUEST, _PREFIX = "llm_request", "claude_code."
_KINDS = {"interaction": "agent span", "tool": "tool span"}
FIELDS = Fields(
    {
        "model": paths_in("attributes", "model", "gen_ai.request.model"),
        "tokens_in": paths_in("attributes", "input_tokens"),
        "tokens_out": paths_in("attributes", "output_tokens"),
        "cache_read_tokens": paths_in("attributes", "cache_read_tokens"),
        "cache_write_tokens": paths_in("attributes", "cache_creation_tokens"),
        "latency_ms": paths_in("attributes", "duration_ms"),
        "call_id": paths_in("attributes", "request_id"),
        **IDENTITY_PATHS,
    },
    {**CONVERTERS, "latency_ms": duration_ms},
)


def concerns(span: Span) -> bool:
    """Return whether Claude Code wrote the span."""
    return (span.name or "").startswith(_PREFIX) and "span.type" in span.attributes


def skipped_kind(span: Span) -> str | None:
    """Return what a span is that is not a model call; None for a model call."""
    kind = clean_text(span.attributes.get("span.type")) or ""
    return None if kind == _REQUEST else _KINDS.get(kind.partition(".")[0], "agent span")


def read(span: Span, start: datetime) -> CanonicalTrace:
    """Read a request; its id is that of Claude Code's logs, so that the two are one call."""
    given, found = span.attributes, FIELDS.read(span.parts())
    cache_read, cache_write = found["cache_read_tokens"], found["cache_write_tokens"]
    tokens = with_parts(
        (found["tokens_in"] or 0) + (cache_read or 0) + (cache_write or 0),
        found["tokens_out"] or 0,
        cache_read=cache_read,
        cache_write=cache_write,
    )
    failed = truth(given.get("success")) is False
    reason = error_name(given.get("error.type")) or error_name(given.get("error"))
    code = http_status(given.get("status_code")) or status_of_error(reason) or UNSPECIFIED_FAILURE
    return CanonicalTrace(
        timestamp=start,
        model=found["model"],
        latency_ms=found["latency_ms"] or elapsed_ms(start, span.end),
        status_code=code if failed else OK,
        status_reason=(reason or "api_error") if failed else None,
        provider=provider_of(found["model"]),
        source=NAME,
        call_id=found["call_id"] or span.span_id,
        price_modifier=price_modifier(given.get("speed"), given.get("service_tier")),
        **common_fields(found),
        **tokens.fields(),
    )


def explain(span: Span) -> dict[str, str]:
    """Return the path at which each field of the span is found."""
    return FIELDS.explain(span.parts())


CONVENTION = Convention(concerns, skipped_kind, read, explain)
