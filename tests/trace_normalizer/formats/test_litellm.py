"""LiteLLM's payloads, spend log rows and S3 objects; expected values are read off the bundled real lines by eye."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.schemas import ToolUse
from prodlens.trace_normalizer.formats import Skipped, Unusable, Withheld, recognise
from tests.trace_files import read_items, records, traces

if TYPE_CHECKING:
    from prodlens.schemas import CanonicalTrace


def payload(**fields: Any) -> dict[str, Any]:
    """Return a small payload that succeeded, with the given fields."""
    return {
        "call_type": "acompletion",
        "startTime": 1795424934.0,
        "endTime": 1795424935.5,
        "response_cost": 0.5,
        "status": "success",
        "id": "chatcmpl-1",
        "litellm_call_id": "c-1",
        "model": "gpt-4o",
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "metadata": {},
        **fields,
    }


def one(record: dict[str, Any]) -> CanonicalTrace:
    """Return the one trace of a record."""
    (trace,) = traces(read_items([record]))
    return trace


def test_success_from_the_sdk() -> None:
    """A real success: cached tokens are part of the input, and a cost of 0.0 beside tokens is unknown."""
    trace = one(records("litellm_standard_logging.jsonl")[0])
    assert (trace.tokens_in, trace.tokens_out, trace.cache_read_tokens, trace.cache_write_tokens) == (
        67241,
        1142,
        59232,
        0,
    )
    assert (trace.cost_usd, trace.cost_source, trace.cost_is_final) == (None, None, False)
    assert (trace.status_code, trace.status_reason) == (200, None)
    assert trace.latency_ms == pytest.approx(430.761, abs=0.01)
    assert (trace.developer_id, trace.repo_slug) == ("dev-01", "acme/web")
    assert trace.call_id == "chatcmpl-9e3d9e2c-e6ac-43a7-b030-7e741f09abd7"
    assert (trace.provider, trace.acceptance_known) == ("anthropic", False)
    assert trace.timestamp == datetime(2026, 11, 23, 9, 8, 54, 219017, tzinfo=UTC)


def test_recorded_cost_tags_and_embedding() -> None:
    """A recorded cost is kept, the ``repo:`` tag names the repository, an embedding is not a model call."""
    items = read_items(records("litellm_standard_logging.jsonl"))
    second = traces(items)[1]
    assert (second.cost_usd, second.cost_source, second.repo_slug) == (0.0017487, "recorded", "acme/web")
    assert items[-1] == Skipped("embedding")


def test_failures() -> None:
    """A failure has its number and its normalised class, never the message."""
    first, second = traces(read_items(records("litellm_failures.jsonl")))
    assert (first.status_code, first.status_reason) == (400, "400_INVALID_REQUEST")
    assert (second.status_code, second.status_reason) == (529, "503_PROVIDER_OVERLOADED")
    assert (first.tokens_in, first.tokens_out, first.cost_usd) == (0, 0, 0.0)


def test_an_older_version() -> None:
    """1.77 has no ``litellm_call_id`` and a random trace id, which is not a session."""
    success, failure = traces(read_items(records("litellm_v1.77.7.jsonl")))
    assert (success.cost_usd, success.tokens_in, success.developer_id) == (0.0520587, 62482, "dev-01")
    assert (success.session_id, success.repo_slug) == (None, "acme/api")
    assert (failure.status_code, failure.status_reason) == (429, "RateLimitError")


def test_proxy_rows() -> None:
    """Session and developer of proxy rows, in each form that the clients send them."""
    items = read_items(records("litellm_proxy.jsonl"))
    by_json, failed, tagged, cached, claude, codex = traces(items)
    assert by_json.developer_id == "dev-02"
    assert by_json.session_id == json.loads(records("litellm_proxy.jsonl")[0]["end_user"])["session_id"]
    assert (failed.status_code, failed.status_reason) == (500, "503_PROVIDER_OVERLOADED")
    assert (tagged.session_id, tagged.repo_slug, tagged.branch) == (
        "5f2dd97f-1cfb-40f6-a827-688de6a16a3b",
        "acme/api",
        "main",
    )
    assert (tagged.accepted_flag, tagged.acceptance_known, tagged.accepted_lines, tagged.diff_ratio) == (
        True,
        True,
        7,
        0.42,
    )
    assert (cached.cost_usd, cached.cost_is_final, cached.call_id) == (
        0.0,
        True,
        "b44d4095-a8b4-4452-8cc5-d79e6e82176c",
    )
    assert (claude.session_id, claude.call_id) == (
        "0f8df40b-9c40-4cf8-9f76-0ebba1ee9e6d",
        "msg_01cccd55b67a834ef39f8b7e",
    )
    assert (codex.session_id, codex.repo_slug) == ("01a207bb-fcf2-79f0-9fa5-5b87210714d5", "acme/api")


def test_the_latency_of_streamed_messages_is_withheld() -> None:
    """The clock of a streamed /v1/messages call starts late, so its latency is unknown, and counted."""
    items = read_items(records("litellm_proxy.jsonl"))
    assert [trace.latency_ms == 0 for trace in traces(items)] == [True, False, False, False, True, False]
    assert sum(isinstance(item, Withheld) for item in items) == 2
    fixed = payload(call_type="anthropic_messages", stream=True, cost_finalized=True)
    assert one(fixed).latency_ms == 1500.0


def test_tool_uses_are_joined_to_their_call() -> None:
    """The id of every tool use in the response points to the call, so that a decision finds it."""
    items = read_items(records("litellm_proxy.jsonl")[4:5])
    assert ToolUse("toolu_01d5bf354b05c94414b2d574", "msg_01cccd55b67a834ef39f8b7e") in items


def test_spend_log_rows_are_the_same_calls() -> None:
    """A spend log row and the payload of one call have one identity; a failed call's estimated prompt is dropped."""
    success, failure, hit = traces(read_items(records("litellm_spend_logs.jsonl")))
    assert (success.tokens_in, success.cache_read_tokens, success.cache_write_tokens) == (34092, 25398, 7515)
    assert (success.cost_usd, success.developer_id, success.latency_ms) == (0.05499765, "dev-00", 0.0)
    assert success.session_id == "5bc8fbbc-bde5-4099-8164-d8399f767c45"
    payloads = {trace.call_id for trace in traces(read_items(records("litellm_proxy.jsonl")))}
    assert {failure.call_id, hit.call_id} <= payloads
    assert (failure.tokens_in, failure.status_code) == (0, 500)
    assert (hit.cost_usd, hit.cost_is_final) == (0.0, True)


def test_spend_log_columns_may_be_objects_and_rows_may_come_in_pages() -> None:
    """JSON columns as text or as objects and the API's page of rows read alike."""
    rows = records("litellm_spend_logs.jsonl")
    opened = [
        {**row, "metadata": json.loads(row["metadata"]), "request_tags": json.loads(row["request_tags"])}
        for row in rows
    ]
    page = {"data": rows, "total": 3, "page": 1, "page_size": 50, "total_pages": 1}
    assert read_items(opened) == read_items(rows) == read_items([page])


def test_s3_objects_are_unwrapped() -> None:
    """The object's body is the payload, as text or as an object."""
    (record,) = records("litellm_s3_objects.jsonl")
    trace = one(record)
    assert (trace.call_id, trace.source) == ("msg_01bcee0b9c8e324877841993", "litellm")
    assert trace == one({**record, "body": json.loads(record["body"])})
    assert recognise(record).explain(record)["model"] == "body.model"  # type: ignore[union-attr]
    assert read_items([{**record, "body": "{}"}]) == [Unusable("S3 object that holds no LiteLLM payload")]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"error_code": "429"}, (429, "unspecified")),
        ({"error_code": "", "error_class": "AuthenticationError"}, (401, "AuthenticationError")),
        ({"normalized_error": "408_UPSTREAM_TIMEOUT"}, (408, "408_UPSTREAM_TIMEOUT")),
        ({"error_class": "something was said: secret prompt"}, (500, "unspecified")),
        ({}, (500, "unspecified")),
        ("broken", (500, "unspecified")),
    ],
)
def test_a_failure_without_a_number(fields: object, expected: tuple[int, str]) -> None:
    """The class or the normalised error gives the number; 500 stands for a failure of no known kind."""
    trace = one(payload(status="failure", error_information=fields))
    assert (trace.status_code, trace.status_reason) == expected


def test_exclusive_prompt_tokens() -> None:
    """Old streams count the prompt without its cache: then cache tokens are added."""
    usage = {"prompt_tokens_details": {"cached_tokens": 90}, "cache_creation_input_tokens": 20}
    trace = one(payload(metadata={}, response={"usage": usage}))
    assert (trace.tokens_in, trace.cache_read_tokens, trace.cache_write_tokens) == (120, 90, 20)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"cache_hit": True}, 0.0),
        ({"custom_llm_provider": "ollama"}, 0.0),
        ({"model": "openrouter/qwen/qwen3:free"}, 0.0),
        ({}, None),
    ],
)
def test_a_cost_of_nothing(fields: dict[str, Any], expected: float | None) -> None:
    """A cost of 0.0 beside tokens is unknown unless a cache hit or a free model proves it."""
    trace = one(payload(response_cost=0.0, **fields))
    assert (trace.cost_usd, trace.cost_is_final) == (expected, expected is not None)


def test_identity_of_sessions_people_and_repositories() -> None:
    """Placeholders and ambiguous tags name nobody; a device stands in for a person."""
    trace = one(
        payload(
            end_user="user_5e4d_account__session_9c",
            metadata={"user_api_key_user_id": "default_user_id"},
            request_tags=["repo:a/b", "repo:c/d", "pr:17", "branch:main", "branch:main", 3],
            trace_id="916b16759b5b93151cde2f6b7f6c8c1e",
        )
    )
    assert (trace.session_id, trace.developer_id, trace.repo_slug) == ("9c", "5e4d", None)
    assert (trace.pull_request, trace.branch) == (17, "main")
    assert one(payload(trace_id="916b16759b5b93151cde2f6b7f6c8c1e")).session_id is None
    assert one(payload(trace_id="my-session")).session_id == "my-session"


def test_calls_without_a_clock_are_unusable() -> None:
    """A payload or row whose start and end cannot be read goes to the dead letters."""
    assert isinstance(read_items([payload(startTime="x", endTime=None)])[0], Unusable)
    row = {"request_id": "r", "spend": 0, "startTime": None}
    assert isinstance(read_items([row])[0], Unusable)
    assert read_items([{**row, "call_type": "aembedding"}]) == [Skipped("embedding")]


def test_process_logs_are_no_model_calls() -> None:
    """LiteLLM's own JSON log is recognised and skipped."""
    log = {"message": "started", "level": "INFO", "timestamp": "2026-11-23T09:00:00Z", "component": "proxy"}
    assert read_items([log]) == [Skipped("process log")]


@pytest.mark.parametrize("name", ["litellm_standard_logging.jsonl", "litellm_proxy.jsonl", "litellm_spend_logs.jsonl"])
def test_explanations(name: str) -> None:
    """Every record's main fields are explained by the place they were found in."""
    for record in records(name):
        source = recognise(record)
        assert source is not None
        places = source.explain(record)
        assert {"timestamp", "model", "tokens_in", "status_code", "call_id"} <= set(places)
        assert "held_session" not in places
