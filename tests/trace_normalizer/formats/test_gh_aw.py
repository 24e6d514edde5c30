"""gh-aw's token usage; expected values are read off the bundled files by eye."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prodlens.trace_normalizer.formats import Skipped, recognise
from tests.trace_files import read_items, records, traces
from tests.trace_project import TraceProject, lines

if TYPE_CHECKING:
    from pathlib import Path

GH_AW = "gh_aw_token_usage.jsonl"


def test_gh_aw_lines_are_calls() -> None:
    """Anthropic's input, and Copilot's that is split, is without the cache; all other input includes it."""
    anthropic, split, copilot, again, old = traces(read_items(records(GH_AW)))
    assert (anthropic.tokens_in, anthropic.cache_read_tokens, anthropic.cache_write_tokens) == (45012, 40000, 5000)
    assert (split.tokens_in, split.cache_write_tokens) == (16396, 12539)
    assert (copilot.tokens_in, copilot.cache_read_tokens, copilot.reasoning_tokens) == (5000, 4000, 60)
    assert (again.tokens_in, old.tokens_in) == (5200, 3000)
    assert [call.provider for call in (anthropic, split, old)] == ["anthropic", "github", "openai"]
    assert (anthropic.timestamp.isoformat(), anthropic.latency_ms) == ("2026-11-02T10:00:00+00:00", 2500.0)


def test_answers_of_one_gh_aw_request_are_calls_of_their_own() -> None:
    """A web socket carries many answers under one request id."""
    ids = [call.call_id for call in traces(read_items(records(GH_AW)))]
    assert ids[2:4] == ["gh-aw/req-3/2026-11-02T10:00:12.000Z", "gh-aw/req-3/2026-11-02T10:00:14.000Z"]


def test_gh_aw_lines_in_several_files_of_a_run_count_once(tmp_path: Path) -> None:
    """The same line in the logs, the audit and the usage artifact is one call, whatever newer versions add to it."""
    with TraceProject(tmp_path) as project:
        project.ingest(lines(*records(GH_AW)), "token-usage.jsonl")
        project.ingest(lines(*({**each, "effective_tokens": 5} for each in records(GH_AW))), "token_usage.jsonl")
        assert len(project.rows()) == 5


@pytest.mark.parametrize(
    "record",
    [
        {"_schema": "audit/v0.28.31", "timestamp": "2026-11-02T10:00:00Z", "event": "http_access", "status": 200},
        {"_schema": "token-diag/v0.28.31", "timestamp": "2026-11-02T10:00:00Z", "event": "DIAG"},
        {"engine_id": "copilot", "engine_name": "Copilot", "workflow_name": "triage", "run_id": 5},
        {"input_tokens": 9, "output_tokens": 1, "cache_read_tokens": 0, "cache_write_tokens": 0, "effective_tokens": 9},
    ],
)
def test_what_gh_aw_writes_beside_the_usage(record: dict[str, Any]) -> None:
    """Logs of the firewall, the description of the run and the sum of its tokens are skipped."""
    source = recognise(record)
    assert source is not None
    assert (source.name, source.reader().read(record)) == ("gh-aw", [Skipped("workflow log")])


def test_spans_of_a_gh_aw_run_are_no_calls() -> None:
    """The spans on which the workflow sums up its tokens repeat the calls of the run."""
    values = {"gh-aw.workflow.name": "triage", "gen_ai.request.model": "gpt-5.2", "gen_ai.usage.input_tokens": "900"}
    span = {
        "spanId": "0000000000000001",
        "startTimeUnixNano": "1793613600000000000",
        "attributes": [{"key": name, "value": {"stringValue": value}} for name, value in values.items()],
    }
    export = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    assert read_items([export]) == [Skipped("workflow span")]
