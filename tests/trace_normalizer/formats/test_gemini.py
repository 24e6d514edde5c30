"""Gemini CLI: telemetry as a file or over OTLP; expected values are read off the files by eye."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from prodlens import normalize_records
from prodlens.schemas import Decision
from prodlens.trace_normalizer.formats import Skipped, recognise
from prodlens.trace_normalizer.formats.gemini import applied
from tests.trace_files import read_items, records, traces
from tests.trace_project import TraceProject

if TYPE_CHECKING:
    from pathlib import Path

TELEMETRY, OTLP = "gemini_telemetry.jsonl", "gemini_logs.otlp.jsonl"


@pytest.mark.parametrize("name", [TELEMETRY, OTLP])
def test_an_answer_is_one_call(name: str) -> None:
    """Thoughts add to the output, tool input to the input; the GenAI copy of an answer is not a second call."""
    first, second, other, failed = traces(read_items(records(name)))
    assert (first.tokens_in, first.tokens_out, first.cache_read_tokens, first.reasoning_tokens) == (
        10000,
        150,
        8000,
        50,
    )
    assert (second.tokens_in, second.tokens_out, second.cache_read_tokens) == (11020, 100, 10000)
    assert (other.tokens_in, other.tokens_out) == (500, 100)
    assert (first.model, first.provider, first.source) == ("gemini-3-pro-preview", "google", "gemini-cli")
    assert (first.session_id, first.developer_id) == ("g-1", "dev@example.org")
    assert (first.timestamp.isoformat(), first.latency_ms) == ("2026-11-02T10:00:00+00:00", 1500.0)
    assert (failed.status_code, failed.status_reason, failed.tokens_in) == (429, "ApiError", 0)


def test_the_file_and_the_export_are_the_same_calls() -> None:
    """One event has one identity, whether a number is written as a number or as text."""
    by_file, by_otlp = (
        {trace.to_record()["trace_hash"] for trace in normalize_records(records(name))} for name in (TELEMETRY, OTLP)
    )
    assert by_file == by_otlp
    assert len(by_file) == 4


@pytest.mark.parametrize("name", [TELEMETRY, OTLP])
def test_decisions_belong_to_the_answer_before_them(name: str) -> None:
    """A person modified the first suggestion and rejected the second; what was allowed by a rule is automatic."""
    first, second, other, _ = normalize_records(records(name))
    assert (first.decision, first.accepted_flag, first.accepted_lines, first.diff_ratio) == ("accept", True, 10, 0.8)
    assert (second.decision, second.acceptance_known, second.accepted_flag) == ("reject", True, False)
    assert (other.decision, other.acceptance_known) == ("automatic", False)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_the_records_does_not_matter(seed: int) -> None:
    """Telemetry in any order gives the same calls with the same decisions."""
    shuffled = records(TELEMETRY)
    random.Random(seed).shuffle(shuffled)

    def told(given: list[dict[str, Any]]) -> set[tuple[str, str | None, float | None]]:
        calls = normalize_records(given)
        return {(call.to_record()["trace_hash"], call.decision, call.diff_ratio) for call in calls}

    assert told(shuffled) == told(records(TELEMETRY))


def test_a_pretty_printed_file_of_many_objects(tmp_path: Path) -> None:
    """The file is pretty-printed objects one after the other; its spans and metrics stand beside its log records."""
    path = tmp_path / "telemetry.log"
    path.write_text("".join(json.dumps(each, indent=2) + "\n" for each in records(TELEMETRY)), encoding="utf-8")
    with TraceProject(tmp_path) as project:
        (done,) = project.ingestor.ingest([path])
        assert (done.stored, done.dead) == (4, 0)
        assert done.skipped == {"agent event": 5, "span beside its log record": 1, "metrics": 1}


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"model_added_lines": 10}, (10, 1.0)),
        ({"diffStat": {"model_added_lines": "4", "user_removed_lines": 1, "user_added_lines": 3}}, (6, 0.75)),
        ({"model_added_lines": 2, "user_removed_lines": 9}, (0, 0.0)),
        ({"model_added_lines": 0, "user_added_lines": 2}, (2, None)),
        ({"user_added_lines": 2}, (None, None)),
        ({"diffStat": "x"}, (None, None)),
    ],
)
def test_lines_and_ratio_of_a_change(metadata: dict[str, Any], expected: tuple[int | None, float | None]) -> None:
    """The ratio is the share of the suggested lines that were applied; lines are those that the change adds."""
    assert applied(metadata) == expected


def test_a_decision_without_its_answer_is_kept() -> None:
    """A decision whose answer is not in the file stands alone and changes no call."""
    alone = [each for each in records(TELEMETRY) if "decision" in each.get("attributes", {})]
    found = [item for item in read_items(alone) if isinstance(item, Decision)]
    assert [(item.verdict, item.call_id) for item in found] == [
        ("accept", None),
        ("reject", None),
        ("automatic", None),
    ]


def test_the_places_of_a_log_record() -> None:
    """The formats command says where the fields of a log record were found, whichever way it is written."""
    answers = [each for each in records(TELEMETRY) if "input_token_count" in each.get("attributes", {})]
    source = recognise(answers[0])
    assert source is not None
    found = source.explain(answers[0])
    assert (found["tokens_in"], found["developer_id"]) == ("attributes.input_token_count", "attributes.user.email")


def test_spans_over_otlp_repeat_the_log_records() -> None:
    """Gemini CLI's spans have no id in common with its log records, so that only the latter are calls."""
    values = {"gen_ai.operation.name": "llm_call", "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": "9"}
    attributes = [{"key": name, "value": {"stringValue": value}} for name, value in values.items()]
    service = {"attributes": [{"key": "service.name", "value": {"stringValue": "gemini-cli"}}]}
    spans = [{"spanId": "0000000000000001", "startTimeUnixNano": "1793613600000000000", "attributes": attributes}]
    export = {"resourceSpans": [{"resource": service, "scopeSpans": [{"spans": spans}]}]}
    assert read_items([export]) == [Skipped("span beside its log record")]


def test_each_decision_on_a_prompt_finds_the_answer_before_it() -> None:
    """With many answers to one prompt, each decision belongs to the last one before it."""
    answer, decision = records(TELEMETRY)[1], records(TELEMETRY)[3]

    def at(record: dict[str, Any], second: int) -> dict[str, Any]:
        moment = f"2026-11-02T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"
        return record | {"attributes": record["attributes"] | {"event.timestamp": moment}}

    many = [each for second in range(0, 2_000, 2) for each in (at(answer, second), at(decision, second + 1))]
    found = [item for item in read_items(many) if isinstance(item, Decision)]
    assert len({item.call_id for item in found}) == len(found) == 1_000
