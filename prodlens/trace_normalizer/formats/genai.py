"""OpenTelemetry's GenAI convention, old and new names; LiteLLM's ``otel`` callback writes it too.

Content (messages, prompts, completions) is never read.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from prodlens.json_values import amount, finite_number
from prodlens.schemas import RECORDED
from prodlens.trace_normalizer.formats.field_paths import Fields, paths_in
from prodlens.trace_normalizer.formats.otel_span import CONVERTERS, IDENTITY_PATHS, Convention, model_call

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from prodlens.schemas import CanonicalTrace
    from prodlens.trace_normalizer.formats.otel_span import Span

NAME, COPILOT = "genai", "copilot"
_COPILOT_SERVICES = frozenset({"github-copilot", "copilot-chat"})  # the CLI, and Copilot in VS Code
# GitHub bills an AI unit (AI credit) at a cent. ``github.copilot.cost`` counts premium requests and is not money.
_DOLLARS_AN_AI_UNIT = 0.01
_NANO = 1e-9
_KIND_OF_OPERATION = {
    "invoke_agent": "agent span",
    "create_agent": "agent span",
    "invoke_workflow": "agent span",
    "execute_tool": "tool span",
    "embeddings": "embedding",
    "aembedding": "embedding",
    "embedding": "embedding",
    "rerank": "reranking",
    "retrieval": "retriever span",
}
_WORKFLOW = "gh-aw."  # GitHub Agentic Workflows sum up the tokens of a run on spans of their own
_TELLS_BY_LOGS = "gemini-cli"  # its log records are the calls; its spans repeat them without an id in common
_USAGE = "gen_ai.usage."
_DETAILS = f"{_USAGE}details."  # of pydantic-ai 1.x
_VERCEL = "ai.usage."  # of Vercel's AI SDK, which writes its own names beside the convention's
FIELDS = Fields(
    {
        "model": paths_in("attributes", "gen_ai.response.model", "gen_ai.request.model"),
        "provider": paths_in("attributes", "gen_ai.provider.name", "gen_ai.system"),
        "tokens_in": paths_in("attributes", f"{_USAGE}input_tokens", f"{_USAGE}prompt_tokens"),
        "tokens_out": paths_in("attributes", f"{_USAGE}output_tokens", f"{_USAGE}completion_tokens"),
        "total_tokens": paths_in("attributes", f"{_USAGE}total_tokens", "llm.usage.total_tokens"),
        "cache_read_tokens": paths_in(
            "attributes",
            f"{_USAGE}cache_read.input_tokens",
            f"{_USAGE}cache_read_input_tokens",
            *(f"{_DETAILS}{name}" for name in ("cache_read_tokens", "cache_read_input_tokens", "cached_tokens")),
            *(f"{_VERCEL}{name}" for name in ("inputTokenDetails.cacheReadTokens", "cachedInputTokens")),
            f"{_USAGE}cached_input_tokens",
            f"{_USAGE}cached_tokens",
            f"{_USAGE}prompt_tokens_details.cached_tokens",
            f"{_USAGE}input_tokens_details.cached_tokens",
        ),
        "cache_write_tokens": paths_in(
            "attributes",
            f"{_USAGE}cache_creation.input_tokens",
            f"{_USAGE}cache_creation_input_tokens",
            f"{_USAGE}cache_write.input_tokens",
            *(f"{_DETAILS}{name}" for name in ("cache_write_tokens", "cache_creation_input_tokens")),
            f"{_VERCEL}inputTokenDetails.cacheWriteTokens",
        ),
        "reasoning_tokens": paths_in(
            "attributes",
            f"{_USAGE}reasoning.output_tokens",
            f"{_USAGE}reasoning_tokens",
            f"{_DETAILS}reasoning_tokens",
            *(f"{_VERCEL}{name}" for name in ("outputTokenDetails.reasoningTokens", "reasoningTokens")),
        ),
        "cost_usd": paths_in("attributes", "gen_ai.cost.total_cost", "gen_ai.usage.cost"),
        "call_id": paths_in("attributes", "gen_ai.response.id", "litellm.call_id"),
        **IDENTITY_PATHS,
    },
    CONVERTERS,
)
_CALLED = ("gen_ai.request.model", "gen_ai.response.model", f"{_USAGE}input_tokens", f"{_USAGE}prompt_tokens")


def concerns(span: Span) -> bool:
    """Return whether the span follows this convention."""
    return "gen_ai.operation.name" in span.attributes or any(name in span.attributes for name in _CALLED)


def skipped_kind(span: Span) -> str | None:
    """Return what a span is that is not a model call; None for a model call."""
    given = span.attributes
    if any(str(name).startswith(_WORKFLOW) for name in given):
        return "workflow span"
    if span.resource.get("service.name") == _TELLS_BY_LOGS:
        return "span beside its log record"
    operation = given.get("gen_ai.operation.name")
    kind = _KIND_OF_OPERATION.get(str(operation)) or _KIND_OF_OPERATION.get(str(given.get("llm.request.type")))
    if kind is None and str(given.get("ai.operationId")).startswith("ai.embed"):
        return "embedding"
    if kind is None and operation is None and _is_agent(given):
        return "agent span"
    if kind is None and not any(name in given for name in _CALLED):
        return "span that is not a model call"
    return kind


def _is_agent(given: Mapping[str, Any]) -> bool:
    """Return whether a span that names no operation is an agent's: it names the agent and no model of a request."""
    named = "agent_name" in given or "gen_ai.agent.name" in given
    return named and not ("gen_ai.request.model" in given or "gen_ai.response.model" in given)


def read(span: Span, start: datetime) -> CanonicalTrace:
    """Read the model call of a span; the provider's id identifies it, so that other logs of the call join it."""
    if str(span.resource.get("service.name")) not in _COPILOT_SERVICES:
        return model_call(span, start, NAME, FIELDS)
    call = model_call(span, start, COPILOT, FIELDS)
    units = _ai_units(span.attributes)
    cost = amount(units * _DOLLARS_AN_AI_UNIT) if units else None
    return call if cost is None else replace(call, cost_usd=cost, cost_source=RECORDED)


def _ai_units(attributes: Mapping[str, Any]) -> float | None:
    """Return the AI units that Copilot records of a call; older versions write whole units, newer ones billionths."""
    nano = finite_number(attributes.get("github.copilot.nano_aiu"))
    return finite_number(attributes.get("github.copilot.aiu")) if nano is None else nano * _NANO


def explain(span: Span) -> dict[str, str]:
    """Return the path at which each field of the span is found."""
    return FIELDS.explain(span.parts())


CONVENTION = Convention(concerns, skipped_kind, read, explain)
