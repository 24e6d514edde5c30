"""Langfuse's spans and exports; expected values are read off the bundled files by eye."""

from __future__ import annotations

from prodlens import normalize_records
from prodlens.trace_normalizer.formats import Skipped
from tests.trace_files import read_items, records, traces


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
