"""OpenTelemetry spans by both conventions and in every shape; expected values are read off the bundled files by eye."""

from __future__ import annotations

import json
from typing import Any

import pytest

from prodlens.trace_normalizer.formats import Skipped, Unusable, recognise
from tests.trace_files import read_items, records, traces


def test_openinference_in_otlp() -> None:
    """Prompt tokens include the cache, metadata is JSON text, the span id identifies the call."""
    first, *others = traces(read_items(records("openinference_otlp.jsonl")))
    assert (first.model, first.provider, first.call_id) == (
        "anthropic/claude-sonnet-4-5",
        "anthropic",
        "0beafa519ccb6eba",
    )
    assert (first.tokens_in, first.tokens_out) == (6850, 941)
    assert (first.cache_write_tokens, first.cache_read_tokens, first.reasoning_tokens) == (1537, 0, 0)
    assert (first.cost_usd, first.cost_source) == (0.03581775, "recorded")
    assert (first.session_id, first.developer_id, first.repo_slug) == (
        "21636369-8b52-4b4a-97b7-50923ceb3ffd",
        "dev-00",
        "acme/api",
    )
    assert first.latency_ms == pytest.approx(884.027, abs=0.01)
    assert (first.acceptance_known, first.accepted_flag) == (True, False)
    failed = [trace for trace in others if trace.status_code != 200]
    assert [(trace.status_code, trace.status_reason) for trace in failed] == [(429, "RateLimitError")]


def test_phoenix_rows() -> None:
    """Flat columns: milliseconds, counts as floats, metadata as an object."""
    success, failure = traces(read_items(records("phoenix_spans_dataframe.jsonl")))
    assert (success.model, success.call_id) == ("gpt-4o-2024-08-06", "b490a27fb5293951")
    assert (success.tokens_in, success.tokens_out, success.cache_read_tokens) == (84201, 1449, 81908)
    assert (success.latency_ms, success.status_code, success.repo_slug) == (85.0, 200, "acme/infra")
    assert success.timestamp.isoformat() == "2026-11-23T09:31:17.652000+00:00"
    assert (failure.status_code, failure.status_reason) == (529, "OverloadedError")


def span(**attributes: Any) -> dict[str, Any]:
    """Return a span as the OpenTelemetry SDK prints it."""
    return {
        "name": "chat",
        "context": {"trace_id": "0x62915998af280c483e85cad5b9cd49de", "span_id": "0x0d4661ac836874a8"},
        "start_time": "2026-11-23T09:38:21.000000Z",
        "end_time": "2026-11-23T09:38:21.250000Z",
        "status": {"status_code": "UNSET"},
        "attributes": attributes,
        "resource": {"attributes": {"service.name": "ide"}},
    }


CALL = {"openinference.span.kind": "LLM", "llm.model_name": "m", "llm.token_count.prompt": 10}


def test_one_span_is_one_call_in_every_shape() -> None:
    """SDK JSON, REST objects, flat columns and OTLP in either case of its names give the same call."""
    sdk = span(**CALL)
    rest = {**sdk, "context": {"span_id": "0d4661ac836874a8"}, "status": None, "status_code": "OK"}
    flat = {
        "context.span_id": "0d4661ac836874a8",
        "start_time": 1795426701000,
        "end_time": 1795426701250,
        "status_code": "OK",
        **{f"attributes.{name}": value for name, value in CALL.items()},
    }
    pairs = [
        {"key": "openinference.span.kind", "value": {"string_value": "LLM"}},
        {"key": "llm.model_name", "value": {"string_value": "m"}},
        {"key": "llm.token_count.prompt", "value": {"int_value": "10"}},
    ]
    snake = {
        "span_id": "0d4661ac836874a8",
        "start_time_unix_nano": "1795426701000000000",
        "end_time_unix_nano": "1795426701250000000",
        "attributes": pairs,
    }
    otlp = {"resource_spans": [{"scope_spans": [{"spans": [snake]}]}]}
    listed = {**rest, "attributes": pairs}
    calls = [read_items([record]) for record in (sdk, rest, flat, otlp, listed)]
    assert calls == [calls[0]] * 5
    (call,) = traces(calls[0])
    assert (call.tokens_in, call.latency_ms, call.call_id, call.status_code) == (10, 250.0, "0d4661ac836874a8", 200)


def test_genai_spans() -> None:
    """Only inference spans count; who and where may stand in the resource; the provider's id identifies the call."""
    items = read_items(records("genai_otlp.jsonl"))
    calls = {trace.call_id: trace for trace in traces(items)}
    assert items.count(Skipped("agent span")) == 1
    openai = calls["chatcmpl-da044bce9f914c4e9adab545b1c3d"]
    assert (openai.model, openai.tokens_in, openai.tokens_out) == ("gpt-4o-2024-08-06", 8203, 1092)
    assert (openai.repo_slug, openai.developer_id, openai.status_code) == ("acme/api", "dev-02", 200)
    gemini = calls["ad38835eddd6ff552fa73207237751aa"]
    assert (gemini.cache_read_tokens, gemini.reasoning_tokens, gemini.developer_id) == (600, 40, "dev-00")
    assert gemini.session_id == "4462ebfc-5f91-4ef0-9cfb-ac6e7687a66e"
    assert "msg_014c6810d8f0c24b9ca18015" in calls
    failed = [(trace.status_code, trace.status_reason) for trace in calls.values() if trace.status_code != 200]
    assert failed == [(500, "InternalServerError"), (429, "RateLimitError")]


def test_litellm_otel_spans() -> None:
    """Of the spans of one request only the one with the call's attributes counts, failures included."""
    items = read_items(records("litellm_otel_spans.otlp.jsonl"))
    success, failure = traces(items)
    assert (success.status_code, success.developer_id) == (200, "dev-00")
    assert success.cost_usd is not None
    assert failure.status_code is not None
    assert failure.status_code >= 400
    assert items.count(Skipped("span that is not a model call")) == 4


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({"openinference.span.kind": "TOOL"}, "tool span"),
        ({"openinference.span.kind": "EMBEDDING"}, "embedding span"),
        ({"openinference.span.kind": "anything else"}, "span that is not a model call"),
        ({"gen_ai.operation.name": "execute_tool", "gen_ai.request.model": "m"}, "tool span"),
        ({"gen_ai.operation.name": "embeddings", "gen_ai.usage.input_tokens": 3}, "embedding"),
        ({"gen_ai.operation.name": "chat"}, "span that is not a model call"),
        ({"http.route": "/"}, "span that is not a model call"),
    ],
)
def test_spans_of_no_model_call_are_skipped(attributes: dict[str, Any], kind: str) -> None:
    """Agents, tools, embeddings and everything else are counted apart, never as calls."""
    assert read_items([span(**attributes)]) == [Skipped(kind)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"status": {"status_code": "ERROR", "description": "Error code: 529 - said something"}}, (529, "unspecified")),
        ({"status": {"status_code": "ERROR"}}, (500, "unspecified")),
        ({"status": {"code": 2}}, (500, "unspecified")),
    ],
)
def test_failed_spans(fields: dict[str, Any], expected: tuple[int, str]) -> None:
    """The number of a failure comes from an attribute or the status text, of which nothing else is read."""
    (call,) = traces(read_items([{**span(**CALL), **fields}]))
    assert (call.status_code, call.status_reason) == expected
    typed = {**span(**CALL, **{"error.type": "RateLimitError", "http.response.status_code": "429"}), **fields}
    (call,) = traces(read_items([typed]))
    assert (call.status_code, call.status_reason) == (429, "RateLimitError")
    (call,) = traces(read_items([{**span(**CALL, **{"error.type": "503"}), "status": {"code": 2}}]))
    assert (call.status_code, call.status_reason) == (503, "503")


def test_a_span_without_a_start_is_unusable() -> None:
    """A model call whose start cannot be read goes to the dead letters."""
    assert isinstance(read_items([{**span(**CALL), "start_time": "soon"}])[0], Unusable)


def test_attribute_values_of_every_kind() -> None:
    """Arrays and maps are unwrapped, and nesting without end is cut off."""
    deep: dict[str, Any] = {"stringValue": "x"}
    for _ in range(40):
        deep = {"arrayValue": {"values": [deep]}}
    values = {"kvlistValue": {"values": [{"key": "repo", "value": {"stringValue": "acme/web"}}]}}
    pairs = [
        {"key": "llm.model_name", "value": {"stringValue": "m"}},
        {"key": "metadata", "value": values},
        {"key": "deep", "value": deep},
        {"key": "empty", "value": {}},
        {"key": 3},
    ]
    record = {
        "resourceSpans": [
            {"scopeSpans": [{"spans": [{"startTimeUnixNano": "1795426701000000000", "attributes": pairs}]}]}
        ]
    }
    (call,) = traces(read_items([record]))
    assert (call.repo_slug, call.call_id) == ("acme/web", None)
    assert json.dumps(recognise(record).explain(record))  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "name",
    ["openinference_otlp.jsonl", "phoenix_spans_dataframe.jsonl", "genai_otlp.jsonl", "litellm_otel_spans.otlp.jsonl"],
)
def test_explanations(name: str) -> None:
    """The explanation of a span names the attributes that were read."""
    record = records(name)[0]
    places = recognise(record).explain(record)  # type: ignore[union-attr]
    assert {"timestamp", "model", "latency_ms"} <= set(places)
    assert recognise(span()).explain(span()) == {}  # type: ignore[union-attr]
