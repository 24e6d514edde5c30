"""What coding agents send as OpenTelemetry logs and metrics: calls, decisions, and much else.

Metrics are sums over many calls, which the logs beside them hold one by one: they are recognised and skipped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.json_values import clean_text, count, finite_number
from prodlens.schemas import ACCEPT, AUTOMATIC, REJECT, CanonicalTrace, Decision, content_hash
from prodlens.timestamps import parse_timestamp
from prodlens.trace_normalizer.formats import gemini, otlp
from prodlens.trace_normalizer.formats.claude_message import provider_of, status_of_error
from prodlens.trace_normalizer.formats.field_paths import Fields, Parts, paths_in
from prodlens.trace_normalizer.formats.gemini import GeminiEvents
from prodlens.trace_normalizer.formats.interface import Format, Item, RecordReader, Skipped, Unusable
from prodlens.trace_normalizer.formats.litellm_fields import UNSPECIFIED_FAILURE, error_name
from prodlens.trace_normalizer.formats.otel_span import CONVERTERS, IDENTITY_PATHS, WORK, Span
from prodlens.trace_normalizer.formats.otel_span_shapes import read_span
from prodlens.trace_normalizer.formats.recorded_values import began, cost_fields, duration_ms, http_status
from prodlens.trace_normalizer.formats.tokens import Tokens, with_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

CLAUDE, CODEX = "claude-code-otel", "codex-otel"
INFERENCE = "gen_ai.client.inference.operation.details"
_OTHER = Skipped("agent event")
_PEOPLE = {
    "session_id": paths_in("attributes", "session.id", "conversation.id"),
    "developer_id": (
        *paths_in("attributes", "developer.id", "user.email", "enduser.id", "user.account_uuid", "user.id"),
        *paths_in("resource", "developer.id", "user.email", "enduser.id", "user.id"),
    ),
}
FIELDS = Fields(
    {
        **_PEOPLE,
        "repo_slug": IDENTITY_PATHS["repo_slug"],
        "branch": IDENTITY_PATHS["branch"],
        "timestamp": paths_in("attributes", "event.timestamp"),
        "model": paths_in("attributes", "model"),
        "tokens_in": paths_in("attributes", "input_tokens", "input_token_count"),
        "tokens_out": paths_in("attributes", "output_tokens", "output_token_count"),
        "latency_ms": paths_in("attributes", "duration_ms"),
        "cost_usd": paths_in("attributes", "cost_usd"),
        "call_id": paths_in("attributes", "request_id"),
    },
    {"repo_slug": CONVERTERS["repo_slug"], "cost_usd": finite_number, "tokens_in": count},
)
_COMMON = Fields({**_PEOPLE, "model": paths_in("attributes", "model")})


def _parts(entry: otlp.Entry) -> Parts:
    return {"attributes": entry.attributes, "resource": entry.resource, "metadata": {}}


def _time(entry: otlp.Entry) -> datetime | None:
    given = entry.record
    for value in (
        entry.attributes.get("event.timestamp"),
        given.get("timeUnixNano", given.get("time_unix_nano")),
        given.get("observedTimeUnixNano", given.get("observed_time_unix_nano")),
    ):
        at = parse_timestamp(value)
        if at is not None and at.timestamp() > 0:  # Codex leaves the time at 0 and fills in the observed one
            return at
    return None


def _common(parts: Parts) -> dict[str, Any]:
    found = _COMMON.read(parts)
    return {
        **found,
        **WORK.read(parts),
        "accepted_flag": False,
        "acceptance_known": False,
        "provider": provider_of(found["model"]),
    }


# Claude Code ------------------------------------------------------------------------------------------------------


def _claude_request(entry: otlp.Entry) -> list[Item]:
    """Read an answered request. It is logged when it ends, and its duration says when it began."""
    given, end = entry.attributes, _time(entry)
    if end is None:
        return [Unusable("Claude Code event without a readable time")]
    latency = duration_ms(given.get("duration_ms")) or 0.0
    read, written = count(given.get("cache_read_tokens")), count(given.get("cache_creation_tokens"))
    tokens = with_parts(
        (count(given.get("input_tokens")) or 0) + (read or 0) + (written or 0),
        count(given.get("output_tokens")) or 0,
        cache_read=read,
        cache_write=written,
    )
    return [
        CanonicalTrace(
            timestamp=began(end, latency),
            latency_ms=latency,
            status_code=200,
            source=CLAUDE,
            call_id=clean_text(given.get("request_id")),
            trace_hash=None if clean_text(given.get("request_id")) else _identity(entry),
            **_common(_parts(entry)),
            **tokens.fields(),
            **cost_fields(given.get("cost_usd"), tokens),
        )
    ]


def _claude_error(entry: otlp.Entry) -> list[Item]:
    """Read a failed request; its message may quote anything and is not read."""
    given, end = entry.attributes, _time(entry)
    if end is None:
        return [Unusable("Claude Code event without a readable time")]
    latency = duration_ms(given.get("duration_ms")) or 0.0
    return [
        CanonicalTrace(
            timestamp=began(end, latency),
            latency_ms=latency,
            status_code=http_status(given.get("status_code"))
            or status_of_error(given.get("error_type"))
            or UNSPECIFIED_FAILURE,
            status_reason=error_name(given.get("error_type")) or "api_error",
            source=CLAUDE,
            call_id=clean_text(given.get("request_id")),
            trace_hash=None if clean_text(given.get("request_id")) else _identity(entry),
            **_common(_parts(entry)),
            **Tokens(0, 0).fields(),
        )
    ]


def _claude_decision(entry: otlp.Entry) -> list[Item]:
    """Read a decision on a tool use: its source says whether a person made it."""
    given = entry.attributes
    use, source = clean_text(given.get("tool_use_id")), clean_text(given.get("source"))
    if use is None:
        return [_OTHER]
    verdict = {"accept": ACCEPT, "reject": REJECT}.get(str(given.get("decision")), AUTOMATIC)
    by_person = source is not None and source.startswith("user")
    return [Decision(use, verdict if by_person else AUTOMATIC, source, decided_at=_time(entry))]


# Codex ------------------------------------------------------------------------------------------------------------


def _codex_completed(entry: otlp.Entry) -> list[Item]:
    """Read the event that ends a streamed answer; other stream events belong to one of these."""
    given, at = entry.attributes, _time(entry)
    if given.get("event.kind") != "response.completed":
        return [_OTHER]
    if at is None:
        return [Unusable("Codex event without a readable time")]
    tokens = with_parts(
        count(given.get("input_token_count")) or 0,
        count(given.get("output_token_count")) or 0,
        cache_read=count(given.get("cached_token_count")),
        cache_write=count(given.get("cache_write_token_count")),
        reasoning=count(given.get("reasoning_token_count")),
    )
    return [
        CanonicalTrace(
            timestamp=at,
            latency_ms=0.0,
            status_code=200,
            source=CODEX,
            trace_hash=_identity(entry),
            **_common(_parts(entry)),
            **tokens.fields(),
        )
    ]


def _codex_decision(entry: otlp.Entry) -> list[Item]:
    given = entry.attributes
    use, source = clean_text(given.get("call_id")), clean_text(given.get("source"))
    if use is None:
        return [_OTHER]
    decision = str(given.get("decision")).lower()
    verdict = ACCEPT if decision.startswith("approved") else REJECT if decision in {"denied", "abort"} else AUTOMATIC
    by_person = source is not None and source.lower().startswith("user")
    return [Decision(use, verdict if by_person else AUTOMATIC, source, decided_at=_time(entry))]


_EVENTS: dict[str, Callable[[otlp.Entry], list[Item]]] = {
    "claude_code.api_request": _claude_request,
    "claude_code.api_error": _claude_error,
    "claude_code.tool_decision": _claude_decision,
    "codex.sse_event": _codex_completed,
    "codex.tool_decision": _codex_decision,
}


def _event(entry: otlp.Entry) -> str | None:
    """Return an event's full name; Claude Code writes it into the body and its short form into an attribute."""
    name = clean_text(entry.attributes.get("event.name"))
    if name and (name == INFERENCE or name.startswith(("codex.", "claude_code.", gemini.PREFIX))):
        return name
    body = clean_text(otlp.value_of(entry.record.get("body")))
    if body and body.startswith("claude_code."):
        return body
    return f"claude_code.{name}" if name and "claude_code" in entry.scope else None


def _identity(entry: otlp.Entry) -> str:
    return content_hash([entry.attributes, _time(entry)])


class LogReader:
    """Reads the log records of one file, each tool's events by that tool's own rules."""

    def __init__(self) -> None:
        self._gemini = GeminiEvents()

    def read(self, record: Mapping[str, Any]) -> list[Item]:
        """Read one export request."""
        return [item for entry in otlp.entries(record, "Logs", "logRecords") for item in self.read_entry(entry)]

    def read_entry(self, entry: otlp.Entry) -> list[Item]:
        """Read one log record."""
        event = _event(entry)
        if event is None:
            return [Skipped("log record that is not a model call")]
        if event == INFERENCE:
            return _inference(entry)
        if event.startswith(gemini.PREFIX):
            return self._gemini.read(event, entry, _time(entry))
        known = _EVENTS.get(event)
        return known(entry) if known else [_OTHER]

    def finish(self) -> list[Item]:
        """Return what was held back until the file's end."""
        return self._gemini.finish()


def _inference(entry: otlp.Entry) -> list[Item]:
    """Read the GenAI convention's record of an answer; Gemini CLI writes it beside its own."""
    if gemini.is_of_gemini(entry.resource, entry.scope):
        return [_OTHER]
    failed = entry.attributes.get("error.type")
    return read_span(
        Span(
            span_id=otlp.hex_id(entry.record.get("spanId", entry.record.get("span_id"))),
            start=_time(entry),
            end=None,
            status="ERROR" if failed else None,
            message=None,
            attributes=entry.attributes,
            resource=entry.resource,
        )
    )


def _explain(record: Mapping[str, Any]) -> dict[str, str]:
    return next((found for entry in otlp.entries(record, "Logs", "logRecords") if (found := explain_entry(entry))), {})


def explain_entry(entry: otlp.Entry) -> dict[str, str]:
    """Return the path at which each field of a log record that has token counts is found."""
    if not {"input_tokens", "input_token_count"} & entry.attributes.keys():
        return {}
    return FIELDS.explain(_parts(entry))


OTLP_LOGS = Format(
    name="otlp-logs",
    title="OpenTelemetry logs of coding agents (OTLP/JSON)",
    matches=lambda record: "resourceLogs" in record or "resource_logs" in record,
    reader=LogReader,
    explain=_explain,
)
OTLP_METRICS = Format(
    name="otlp-metrics",
    title="OpenTelemetry metrics (OTLP/JSON)",
    matches=lambda record: "resourceMetrics" in record or "resource_metrics" in record,
    reader=lambda: RecordReader(lambda _: [Skipped("metrics")]),
    explain=lambda _: {},
)
