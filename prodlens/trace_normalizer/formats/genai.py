"""OpenTelemetry's GenAI convention, old and new names; LiteLLM's ``otel`` callback writes it too.

Content (messages, prompts, completions) is never read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.trace_normalizer.formats.field_paths import Place, explained, places
from prodlens.trace_normalizer.formats.otel_span import CONVERTERS, IDENTITY_PLACES, Convention, model_call

if TYPE_CHECKING:
    from datetime import datetime

    from prodlens.schemas import CanonicalTrace
    from prodlens.trace_normalizer.formats.otel_span import Span

NAME, COPILOT = "genai", "copilot"
# Copilot's CLI, and Copilot in VS Code. Its ``github.copilot.cost`` counts premium requests and is not money.
_COPILOT_SERVICES = frozenset({"github-copilot", "copilot-chat"})
_KIND_OF_OPERATION = {
    "invoke_agent": "agent span",
    "create_agent": "agent span",
    "invoke_workflow": "agent span",
    "execute_tool": "tool span",
    "embeddings": "embedding",
    "aembedding": "embedding",
    "embedding": "embedding",
    "retrieval": "retriever span",
}
_WORKFLOW = "gh-aw."  # GitHub Agentic Workflows sum up the tokens of a run on spans of their own
_USAGE = "gen_ai.usage."
PLACES: dict[str, tuple[Place, ...]] = {
    "model": places("attributes", "gen_ai.response.model", "gen_ai.request.model"),
    "provider": places("attributes", "gen_ai.provider.name", "gen_ai.system"),
    "tokens_in": places("attributes", f"{_USAGE}input_tokens", f"{_USAGE}prompt_tokens"),
    "tokens_out": places("attributes", f"{_USAGE}output_tokens", f"{_USAGE}completion_tokens"),
    "total_tokens": places("attributes", f"{_USAGE}total_tokens", "llm.usage.total_tokens"),
    "cache_read_tokens": places("attributes", f"{_USAGE}cache_read.input_tokens", f"{_USAGE}cache_read_input_tokens"),
    "cache_write_tokens": places(
        "attributes",
        f"{_USAGE}cache_creation.input_tokens",
        f"{_USAGE}cache_creation_input_tokens",
        f"{_USAGE}cache_write.input_tokens",
    ),
    "reasoning_tokens": places("attributes", f"{_USAGE}reasoning.output_tokens", f"{_USAGE}reasoning_tokens"),
    "cost_usd": places("attributes", "gen_ai.cost.total_cost", "gen_ai.usage.cost"),
    "call_id": places("attributes", "gen_ai.response.id", "litellm.call_id"),
    **IDENTITY_PLACES,
}
_CALLED = ("gen_ai.request.model", "gen_ai.response.model", f"{_USAGE}input_tokens", f"{_USAGE}prompt_tokens")


def concerns(span: Span) -> bool:
    """Tell whether the span follows this convention."""
    return "gen_ai.operation.name" in span.attributes or any(name in span.attributes for name in _CALLED)


def skipped_kind(span: Span) -> str | None:
    """Return what a span is that is no model call; None for a model call."""
    if any(str(name).startswith(_WORKFLOW) for name in span.attributes):
        return "workflow span"
    kind = _KIND_OF_OPERATION.get(str(span.attributes.get("gen_ai.operation.name")))
    if kind is None and not any(name in span.attributes for name in _CALLED):
        return "span of no model call"
    return kind


def read(span: Span, start: datetime) -> CanonicalTrace:
    """Read the model call of a span; the provider's id identifies it, so that other logs of the call join it."""
    source = COPILOT if str(span.resource.get("service.name")) in _COPILOT_SERVICES else NAME
    return model_call(span, start, source, PLACES)


def explain(span: Span) -> dict[str, str]:
    """Return for each field of the span the place where it is found."""
    return explained(span.parts(), PLACES, CONVERTERS)


CONVENTION = Convention(concerns, skipped_kind, read, explain)
