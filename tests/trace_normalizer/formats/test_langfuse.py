"""Langfuse's spans and exports; expected values are read off the bundled files by eye."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens import normalize_records
from prodlens.trace_normalizer.formats import Skipped
from tests.trace_files import read_items, records, traces
from tests.trace_project import TraceProject

if TYPE_CHECKING:
    from pathlib import Path


def test_langfuse_observations() -> None:
    """Counts exclude each other unless the total says otherwise; user, session and repository are the trace's."""
    split, whole, failed, plain = traces(read_items(records("langfuse_observations.jsonl")))
    assert (split.tokens_in, split.tokens_out, split.cache_read_tokens, split.reasoning_tokens) == (1000, 100, 900, 60)
    assert (whole.tokens_in, whole.tokens_out, whole.cache_read_tokens) == (1000, 50, 800)
    assert (split.cost_usd, whole.cost_usd, plain.cost_usd) == (0.003, None, 0.0004)
    assert (split.developer_id, split.session_id, split.repo_slug) == ("octocat", "lf-1", "acme/web")
    assert (failed.status_code, failed.status_reason) == (500, "unspecified")
    assert (plain.tokens_in, plain.tokens_out, plain.repo_slug) == (30, 6, "acme/api")
    assert split.latency_ms == 2500.0


def test_langfuse_spans_and_exports_of_them_are_one_call() -> None:
    """An observation has its span's id: span, export and trace download name the same call."""
    hashes = [
        normalize_records(records(name))[0].to_record()["trace_hash"]
        for name in ("langfuse_spans.otlp.jsonl", "langfuse_observations.jsonl", "langfuse_trace.json")
    ]
    assert len(set(hashes)) == 1


def test_langfuse_spans() -> None:
    """A generation is a call, also a failed one; a span with the counts of another convention is read by that one."""
    first, failed, other = traces(read_items(records("langfuse_spans.otlp.jsonl")))
    assert (first.model, first.tokens_in, first.tokens_out, first.cost_usd) == ("claude-sonnet-4-5", 1000, 100, 0.003)
    assert (first.session_id, first.developer_id, first.source) == ("lf-1", "octocat", "langfuse")
    assert (failed.status_code, failed.tokens_in) == (500, 0)
    assert (other.source, other.tokens_in) == ("genai", 70)
    kinds = [item.kind for item in read_items(records("langfuse_spans.otlp.jsonl")) if isinstance(item, Skipped)]
    assert kinds == ["agent span"]


def test_a_langfuse_trace_gives_its_observations_who_and_where() -> None:
    """In a downloaded trace, user, session and repository stand on the trace alone."""
    (call,) = normalize_records(records("langfuse_trace.json"))
    assert (call.developer_id, call.session_id, call.repo_slug) == ("octocat", "lf-1", "acme/web")


def test_a_table_exported_as_csv(tmp_path: Path) -> None:
    """In a CSV file the details are JSON text; a row without them has its counts in columns of their own."""
    header = "id,traceId,type,startTime,endTime,model,usageDetails,inputTokens,outputTokens,totalCost,userId"
    details = '"{""input"": 100, ""output"": 40, ""input_cached_tokens"": 900}"'
    rows = [
        f"a1,t,GENERATION,2026-11-02T10:00:00Z,2026-11-02T10:00:02Z,gpt-5.2,{details},,,0.003,octocat",
        "a2,t,GENERATION,2026-11-02T10:00:03Z,,gpt-5.2,,30,6,,",
        "a3,t,SPAN,2026-11-02T10:00:04Z,,,,,,,",
    ]
    with TraceProject(tmp_path) as project:
        project.ingest("\n".join([header, *rows]).encode(), "export.csv")
        found = {row["call_id"]: row for row in project.rows()}
    assert sorted(found) == ["a1", "a2"]
    assert (found["a1"]["tokens_in"], found["a1"]["cost_usd"], found["a1"]["developer_id"]) == (1000, 0.003, "octocat")
    assert (found["a2"]["tokens_in"], found["a2"]["tokens_out"]) == (30, 6)


def test_an_answer_of_the_api_holds_its_observations() -> None:
    """A page of the observations API is its observations."""
    alone = records("langfuse_observations.jsonl")
    assert normalize_records([{"data": alone, "meta": {"cursor": "x"}}]) == normalize_records(alone)
