"""Records that no format can read are named for what they look like, with what to do."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.cli import main
from prodlens.trace_normalizer import FORMATS, looks_like
from prodlens.trace_normalizer.formats.unsupported import KINDS
from tests.trace_project import lines

if TYPE_CHECKING:
    from pathlib import Path

    from tests.trace_project import Opener

SAMPLES: list[tuple[dict[str, Any], str]] = [
    ({"object": "page", "data": [{"object": "bucket", "start_time": 1}]}, "OpenAI's usage or cost report"),
    ({"data": [{"starting_at": "a", "ending_at": "b", "results": []}]}, "Anthropic's usage or cost report"),
    ({"daily": [], "totals": {}}, "a report of ccusage"),
    ({"display": "/help", "pastedContents": {}, "timestamp": 1}, "Claude Code's history of prompts"),
    ({"version": 1, "dailyActivity": [], "dailyModelTokens": []}, "Claude Code's cache of statistics"),
    ({"session_id": "s", "ts": 1, "text": "hi"}, "Codex's history of prompts"),
    ({"id": "chatcmpl-1", "object": "chat.completion", "usage": {"prompt_tokens": 1}}, "the answer of a model"),
    ({"custom_id": "a", "response": {"status_code": 200}}, "a request or result of a batch"),
    ({"run_type": "llm", "inputs": {}, "start_time": "2026-05-01T10:00:00Z"}, "a run of LangSmith"),
    ({"span_attributes": {}, "root_span_id": "a"}, "a span of Braintrust"),
    ({"op_name": "x", "trace_id": "a", "started_at": "b"}, "a call of Weave"),
    ({"request_created_at": "a", "response_id": "b"}, "an export of Helicone"),
    ({"info": {}, "data": {"spans": []}}, "a trace of MLflow"),
    ({"data": [{"traceID": "a", "spans": []}]}, "a trace of Jaeger"),
    ({"traceId": "a", "id": "b", "localEndpoint": {}}, "a span of Zipkin"),
    ({"log": {"entries": []}}, "an HTTP archive (HAR)"),
    ({"event": "message_send", "properties": {"main_model": "x"}}, "aider's analytics"),
]


@pytest.mark.parametrize(("record", "text"), SAMPLES)
def test_a_known_kind_is_named(record: dict[str, Any], text: str) -> None:
    """A kind that is known and not supported is named, and no format takes it for its own."""
    assert text in looks_like(record)
    assert not [source.name for source in FORMATS if source.matches(record)]


def test_every_kind_has_a_sample() -> None:
    """The list of kinds and the samples of this test agree."""
    assert len(SAMPLES) == len(KINDS)
    assert all([kind.matches(record) for record, _ in SAMPLES].count(True) == 1 for kind in KINDS)


def test_any_other_record_is_named_by_its_keys() -> None:
    """Keys are cut and made printable, and no value of the record is shown."""
    assert looks_like({"name": "secret", "b\x1b[31m": 1, "c" * 40: 2}) == (
        "not a known kind of record: an object with name, b?[31m, "
        f"{'c' * 30}…; `prod-lens formats` lists the known ones"
    )
    assert "an object with a, b, c, d, e, …;" in looks_like(dict.fromkeys("abcdef", 1))


def test_a_file_of_one_kind_gets_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A thousand lines of one unsupported kind are dead letters, said in one line with their count."""
    caplog.set_level(logging.WARNING)
    path = tmp_path / "history.jsonl"
    path.write_bytes(lines(*({"display": "hi", "pastedContents": {}, "timestamp": n} for n in range(1000))))
    folders = ["--db", f"{tmp_path}/c.db", "--dead-letter-dir", f"{tmp_path}/d", "--parquet-dir", f"{tmp_path}/l"]
    assert main(["ingest-traces", str(path), *folders]) == 0
    said = capsys.readouterr().err.splitlines()
    text = "looks like Claude Code's history of prompts, which holds no calls; ingest ~/.claude/projects"
    assert f"  1,000 times: {text}" in said
    assert len(said) <= 4
    assert not caplog.records
    assert len((tmp_path / "d" / "history.deadletter.jsonl").read_bytes().splitlines()) == 1000


def test_formats_counts_equal_failures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A thousand lines that are not JSON, each broken elsewhere, are one line of the answer."""
    path = tmp_path / "log.jsonl"
    path.write_text('{"a": 1}\n' + "".join(f"{'x' * n} broken\n" for n in range(1, 1001)))
    assert main(["formats", str(path)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == [
        f"{path}: 1000 invalid JSON: Expecting value, 1 unknown",
        "  1 unknown: not a known kind of record: an object with a; `prod-lens formats` lists the known ones",
    ]


def test_reasons_come_with_the_outcome_of_an_ingestion(opened: Opener, tmp_path: Path) -> None:
    """The place inside a line or an array is not part of a reason, so equal failures add up."""
    project = opened(tmp_path)
    (tmp_path / "traces.jsonl").write_bytes(lines([{"a": 1}, {"a": 2}], {"a": 3}, {"timestamp": "2026-05-01"}))
    (done,) = project.ingestor.ingest([tmp_path / "traces.jsonl"])
    unknown = "not a known kind of record: an object with a; `prod-lens formats` lists the known ones"
    assert done.reasons == {f"{unknown}; {unknown}": 1, unknown: 1, "no usage object": 1}
    assert json.loads(done.to_json())["reasons"] == dict(done.reasons)
