"""OpenInference: attributes ``llm.*`` on spans of kind LLM, as Phoenix, Arize and their instrumentors write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.json_values import words
from prodlens.trace_normalizer.formats.field_paths import Place, explained, places
from prodlens.trace_normalizer.formats.otel_span import CONVERTERS, IDENTITY_PLACES, Convention, model_call

if TYPE_CHECKING:
    from datetime import datetime

    from prodlens.schemas import CanonicalTrace
    from prodlens.trace_normalizer.formats.otel_span import Span

NAME = "openinference"
_KIND = "openinference.span.kind"
_KINDS = frozenset({"CHAIN", "TOOL", "AGENT", "RETRIEVER", "EMBEDDING", "RERANKER", "GUARDRAIL", "EVALUATOR", "PROMPT"})
_COUNT = "llm.token_count."
PLACES: dict[str, tuple[Place, ...]] = {
    "model": places("attributes", "llm.model_name", "llm.response.model_name", "llm.request.model_name"),
    "provider": places("attributes", "llm.provider", "llm.system"),
    "tokens_in": places("attributes", f"{_COUNT}prompt"),
    "tokens_out": places("attributes", f"{_COUNT}completion"),
    "total_tokens": places("attributes", f"{_COUNT}total"),
    "cache_read_tokens": places("attributes", f"{_COUNT}prompt_details.cache_read"),
    "cache_write_tokens": places("attributes", f"{_COUNT}prompt_details.cache_write"),
    "reasoning_tokens": places("attributes", f"{_COUNT}completion_details.reasoning"),
    "cost_usd": places("attributes", "llm.cost.total"),
    **IDENTITY_PLACES,
}


def concerns(span: Span) -> bool:
    """Tell whether the span follows this convention."""
    return _KIND in span.attributes or "llm.model_name" in span.attributes


def skipped_kind(span: Span) -> str | None:
    """Return what a span is that is no model call; None for a model call."""
    kind = (words(span.attributes.get(_KIND)) or "LLM").upper()
    if kind == "LLM":
        return None
    return f"{kind.lower()} span" if kind in _KINDS else "span of no model call"


def read(span: Span, start: datetime) -> CanonicalTrace:
    """Read the model call of a span."""
    return model_call(span, start, NAME, PLACES)


def explain(span: Span) -> dict[str, str]:
    """Return for each field of the span the place where it is found."""
    return explained(span.parts(), PLACES, CONVERTERS)


CONVENTION = Convention(concerns, skipped_kind, read, explain)
