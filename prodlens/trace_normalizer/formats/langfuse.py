"""Langfuse: the attributes of its spans, and the observations that it exports or answers by its API.

Usage is a set of counts under names of the caller's choice. By its convention they exclude each other, and every name
with ``input`` or ``output`` in it is a part of that side.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from prodlens.json_values import clean_text, count, finite_number, mapping, sequence
from prodlens.schemas import CanonicalTrace
from prodlens.timestamps import parse_timestamp
from prodlens.trace_normalizer.formats.field_paths import Fields, Parts, paths_in
from prodlens.trace_normalizer.formats.interface import Format, Item, RecordReader, Skipped, Unusable
from prodlens.trace_normalizer.formats.otel_span import IDENTITY, Convention, Span, common_fields, outcome_of
from prodlens.trace_normalizer.formats.people_and_sessions import person_of, session_of
from prodlens.trace_normalizer.formats.recorded_values import content_identity, cost_fields, elapsed_ms, slug
from prodlens.trace_normalizer.formats.tokens import Tokens, completed, with_parts
from prodlens.trace_normalizer.formats.vendor_values import answer_rows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

NAME = "langfuse"
_OF_SPANS = "langfuse.observation."
_CALLS = frozenset({"generation", "GENERATION"})
_IN, _OUT, _READ, _WRITTEN, _REASONING = "in", "out", "cache read", "cache written", "reasoning"


def usage_tokens(details: Mapping[str, Any]) -> Tokens:
    """Return the counts of ``usageDetails``; a total that says so tells that the input includes the cache."""
    sums: Counter[str] = Counter()
    for name, value in details.items():
        side, part = _meaning(str(name).lower())
        sums.update(dict.fromkeys(filter(None, (side, part)), count(value) or 0))
    plain_in, plain_out, total = (count(details.get(name)) for name in ("input", "output", "total"))
    whole = (plain_in or 0) + (plain_out or 0)
    if total == whole < sums[_IN] + sums[_OUT]:
        sums[_IN], sums[_OUT] = plain_in or 0, plain_out or 0
    return with_parts(
        sums[_IN] or None,
        sums[_OUT] or None,
        total=total,
        cache_read=sums[_READ] or None,
        cache_write=sums[_WRITTEN] or None,
        reasoning=sums[_REASONING] or None,
    )


def _meaning(name: str) -> tuple[str | None, str | None]:
    """Return the side that a count belongs to and the part of it that it is, None for neither."""
    if name in {"total", "unit"}:
        return None, None
    if "reasoning" in name:
        return _OUT, _REASONING
    if "cache_read" in name or "cached" in name:
        return _IN, _READ
    if "cache_creation" in name or "cache_write" in name:
        return _IN, _WRITTEN
    return _OUT if "output" in name or "completion" in name else _IN, None


# Spans ------------------------------------------------------------------------------------------------------------


def concerns(span: Span) -> bool:
    """Return whether Langfuse's SDK wrote what the span cost; where another convention did, that one reads it."""
    return f"{_OF_SPANS}type" in span.attributes and not any(
        name in span.attributes for name in ("gen_ai.usage.input_tokens", "llm.token_count.prompt")
    )


def skipped_kind(span: Span) -> str | None:
    """Return what a span is that is not a model call; None for a model call."""
    kind = str(span.attributes.get(f"{_OF_SPANS}type"))
    return None if kind in _CALLS else "embedding" if kind == "embedding" else f"{kind[:20]} span"


def read_span(span: Span, start: datetime) -> CanonicalTrace:
    """Read the model call of a span; an export of the same observation has the span's id."""
    given = span.attributes
    tokens = usage_tokens(mapping(given.get(f"{_OF_SPANS}usage_details")))
    failed = given.get(f"{_OF_SPANS}level") == "ERROR"
    ended = outcome_of(span._replace(status="ERROR") if failed else span)
    fields = common_fields(IDENTITY.read(span.parts()))
    return CanonicalTrace(
        timestamp=start,
        model=clean_text(given.get(f"{_OF_SPANS}model.name")),
        latency_ms=elapsed_ms(start, span.end),
        status_code=ended.status_code,
        status_reason=ended.status_reason,
        source=NAME,
        call_id=span.span_id,
        **fields
        | {
            "session_id": fields["session_id"] or session_of(given.get("langfuse.session.id")),
            "developer_id": fields["developer_id"] or person_of(given.get("langfuse.user.id")),
        },
        **tokens.fields(),
        **cost_fields(_total(mapping(given.get(f"{_OF_SPANS}cost_details"))), tokens),
    )


def _total(costs: Mapping[str, Any]) -> float | None:
    """Return the total of ``costDetails``, or the sum of its parts."""
    total = finite_number(costs.get("total"))
    if total is not None:
        return total
    parts = [cost for value in costs.values() if (cost := finite_number(value)) is not None]
    return sum(parts) if parts else None


def explain_span(span: Span) -> dict[str, str]:
    """Return the path at which each field of the span is found."""
    names = {"model": "model.name", "tokens_in": "usage_details", "cost_usd": "cost_details"}
    table = {field: paths_in("attributes", f"{_OF_SPANS}{name}") for field, name in names.items()}
    found = {field: str(where[0]) for field, where in table.items() if where[0].name in span.attributes}
    return found | Fields({"session_id": paths_in("attributes", "session.id")}).explain(span.parts())


CONVENTION = Convention(concerns, skipped_kind, read_span, explain_span)

# Exports ----------------------------------------------------------------------------------------------------------

FIELDS = Fields(
    {
        "timestamp": paths_in("", "startTime", "start_time"),
        "session_id": (*paths_in("", "sessionId", "session_id"), *paths_in("trace", "sessionId", "session_id")),
        "developer_id": (*paths_in("", "userId", "user_id"), *paths_in("trace", "userId", "user_id")),
        "model": paths_in("", "model", "providedModelName", "provided_model_name"),
        "repo_slug": (*paths_in("metadata", "repo", "repository", "repo_slug"), *paths_in("trace_metadata", "repo")),
        "cost_usd": paths_in(
            "", "totalCost", "calculatedTotalCost", "total_cost", "costDetails.total", "cost_details.total"
        ),
        "call_id": paths_in("", "id"),
    },
    {
        "timestamp": parse_timestamp,
        "session_id": session_of,
        "developer_id": person_of,
        "repo_slug": slug,
        "cost_usd": finite_number,
    },
)


# Observations without ``usageDetails``: the API's older fields, and the columns of the table that is exported.
_PLAIN_COUNTS = Fields(
    {
        "tokens_in": (*paths_in("", "promptTokens", "inputTokens"), *paths_in("usage", "input")),
        "tokens_out": (*paths_in("", "completionTokens", "outputTokens"), *paths_in("usage", "output")),
        "total_tokens": (*paths_in("", "totalTokens"), *paths_in("usage", "total")),
    },
    dict.fromkeys(("tokens_in", "tokens_out", "total_tokens"), count),
)


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether the record is an observation, an answer of the API, or a trace that holds its observations."""
    if _is_observation(record) or _is_trace(record):
        return True
    return "data" in record and any(map(_is_observation, answer_rows(record)[:1]))


def _is_observation(record: Mapping[str, Any]) -> bool:
    if "usageDetails" in record or "usage_details" in record:
        return "startTime" in record or "start_time" in record
    return "traceId" in record and "startTime" in record and "parentObservationId" in record


def _is_trace(record: Mapping[str, Any]) -> bool:
    return isinstance(record.get("observations"), list) and ("sessionId" in record or "timestamp" in record)


def _parts(record: Mapping[str, Any], trace: Mapping[str, Any]) -> Parts:
    return {
        "": record,
        "trace": trace,
        "metadata": mapping(record.get("metadata")),
        "trace_metadata": mapping(trace.get("metadata")),
    }


def read(record: Mapping[str, Any]) -> list[Item]:
    """Read an observation, or those of an answer or a trace."""
    if _is_trace(record):
        items = [_observation(mapping(each), record) for each in sequence(record["observations"])]
        return items or [Skipped("trace without observations")]
    return [_observation(row, {}) for row in ([record] if _is_observation(record) else answer_rows(record))]


def _observation(record: Mapping[str, Any], trace: Mapping[str, Any]) -> Item:
    kind = clean_text(record.get("type")) or "GENERATION"
    if kind.upper() not in _CALLS:
        return Skipped("embedding" if kind.upper() == "EMBEDDING" else f"{kind.lower()[:20]} observation")
    found = FIELDS.read(_parts(record, trace))
    start, call_id = found["timestamp"], found["call_id"]
    if start is None:
        return Unusable("observation without a readable start")
    tokens = _export_tokens(record)
    failed = record.get("level") == "ERROR"
    return CanonicalTrace(
        session_id=found["session_id"],
        developer_id=found["developer_id"],
        timestamp=start,
        model=found["model"],
        latency_ms=elapsed_ms(start, parse_timestamp(record.get("endTime", record.get("end_time")))),
        status_code=500 if failed else 200,
        status_reason="unspecified" if failed else None,
        accepted_flag=False,
        acceptance_known=False,
        repo_slug=found["repo_slug"],
        source=NAME,
        call_id=call_id,
        trace_hash=None if call_id else content_identity(record),
        **tokens.fields(),
        **cost_fields(found["cost_usd"], tokens),
    )


def _export_tokens(record: Mapping[str, Any]) -> Tokens:
    details = mapping(record.get("usageDetails")) or mapping(record.get("usage_details"))
    if not details:
        found = _PLAIN_COUNTS.read({"": record, "usage": mapping(record.get("usage"))})
        return Tokens(*completed(found["tokens_in"], found["tokens_out"], found["total_tokens"]))
    return usage_tokens(details)


def explain(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the path at which each field of the first observation is found."""
    observations = sequence(record["observations"]) if _is_trace(record) else answer_rows(record)
    first_one = mapping(observations[0]) if observations else {}
    found = FIELDS.explain(_parts(first_one, record))
    return found | ({"tokens_in": "usageDetails"} if "usageDetails" in first_one else {})


LANGFUSE = Format(
    name=NAME,
    title="Langfuse observations (export and API)",
    matches=matches,
    reader=lambda: RecordReader(read),
    explain=explain,
)
