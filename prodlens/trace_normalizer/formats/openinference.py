"""OpenInference: attributes ``llm.*`` on spans of kind LLM, as Phoenix, Arize and their instrumentors write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.json_values import clean_text
from prodlens.trace_normalizer.formats.field_paths import Fields, paths_in
from prodlens.trace_normalizer.formats.otel_span import CONVERTERS, IDENTITY_PATHS, Convention, model_call

if TYPE_CHECKING:
    from datetime import datetime

    from prodlens.schemas import CanonicalTrace
    from prodlens.trace_normalizer.formats.otel_span import Span

NAME = "openinference"
_KIND = "openinference.span.kind"
_KINDS = frozenset({"CHAIN", "TOOL", "AGENT", "RETRIEVER", "EMBEDDING", "RERANKER", "GUARDRAIL", "EVALUATOR", "PROMPT"})
_COUNT = "llm.token_count."
FIELDS = Fields(
    {
        "model": paths_in("attributes", "llm.model_name", "llm.response.model_name", "llm.request.model_name"),
        "provider": paths_in("attributes", "llm.provider", "llm.system"),
        "tokens_in": paths_in("attributes", f"{_COUNT}prompt"),
        "tokens_out": paths_in("attributes", f"{_COUNT}completion"),
        "total_tokens": paths_in("attributes", f"{_COUNT}total"),
        "cache_read_tokens": paths_in("attributes", f"{_COUNT}prompt_details.cache_read"),
        "cache_write_tokens": paths_in("attributes", f"{_COUNT}prompt_details.cache_write"),
        "reasoning_tokens": paths_in("attributes", f"{_COUNT}completion_details.reasoning"),
        "cost_usd": paths_in("attributes", "llm.cost.total"),
        **IDENTITY_PATHS,
    },
    CONVERTERS,
)


def concerns(span: Span) -> bool:
    """Return whether the span follows this convention."""
    return _KIND in span.attributes or "llm.model_name" in span.attributes


def skipped_kind(span: Span) -> str | None:
    """Return what a span is that is not a model call; None for a model call."""
    kind = (clean_text(span.attributes.get(_KIND)) or "LLM").upper()
    if kind == "LLM":
        return None
    return f"{kind.lower()} span" if kind in _KINDS else "span that is not a model call"


def read(span: Span, start: datetime) -> CanonicalTrace:
    """Read the model call of a span."""
    return model_call(span, start, NAME, FIELDS)


def explain(span: Span) -> dict[str, str]:
    """Return the path at which each field of the span is found."""
    return FIELDS.explain(span.parts())


CONVENTION = Convention(concerns, skipped_kind, read, explain)
