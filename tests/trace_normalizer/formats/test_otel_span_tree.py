"""Spans of one trace, read together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.schemas import CanonicalTrace
from prodlens.trace_normalizer import Skipped
from prodlens.trace_normalizer.formats.otel_span_shapes import OTLP_SPANS
from tests.trace_files import traces

if TYPE_CHECKING:
    import pytest


def span(number: int, parent: int | None, *, trace: str = "a", tokens: int = 100, **attributes: Any) -> dict[str, Any]:
    """Return a span of a chat with this many input tokens; any attribute may be another one."""
    given = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-5", "gen_ai.usage.input_tokens": tokens}
    given |= {name.replace("__", "."): value for name, value in attributes.items()}
    kinds = {str: "stringValue", int: "intValue"}
    return {
        "traceId": trace * 32,
        "spanId": f"{number:016x}",
        "parentSpanId": "" if parent is None else f"{parent:016x}",
        "name": "chat",
        "startTimeUnixNano": str((1793613600 + number) * 10**9),
        "endTimeUnixNano": str((1793613601 + number) * 10**9),
        "attributes": [{"key": key, "value": {kinds[type(value)]: value}} for key, value in given.items()],
    }


def export(*spans: dict[str, Any]) -> dict[str, Any]:
    """Return an export request of the spans."""
    return {"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}


def read(*records: dict[str, Any]) -> list[Any]:
    """Return what the reader makes of records of one file."""
    reader = OTLP_SPANS.reader()
    return [*(item for record in records for item in reader.read(record)), *reader.finish()]


def test_a_span_around_two_calls_is_skipped_and_counted() -> None:
    """What sums up its children is not one more call, whichever of them was exported first."""
    around, first, second = span(1, None, tokens=300), span(2, 1), span(3, 1, tokens=200)
    for order in ((around, first, second), (second, first, around)):
        items = read(*map(export, order))
        assert sorted(call.tokens_in for call in traces(items)) == [100, 200]
        assert [item for item in items if isinstance(item, Skipped)] == [Skipped("span around model calls")]


def test_a_span_around_one_call_is_a_record_of_it() -> None:
    """The outer of two instrumentations gives its session; its cost only where its counts are the call's."""
    outer: dict[str, Any] = {"gen_ai__conversation__id": "conv", "gen_ai__cost__total_cost": "0.5"}
    same, call = traces(read(export(span(1, None, **outer), span(2, 1))))
    assert (same.call_id, same.session_id, same.partial, same.cost_usd) == (call.call_id, "conv", True, 0.5)
    other, call = traces(read(export(span(1, None, tokens=900, **outer), span(2, 1))))
    assert (other.call_id, other.cost_usd) == (call.call_id, None)


def test_a_call_inside_a_tool_is_a_call_of_its_own() -> None:
    """A tool between two model spans parts them."""
    tool = span(2, 1, gen_ai__operation__name="execute_tool")
    assert [call.tokens_in for call in traces(read(export(span(1, None), tool, span(3, 2, tokens=7))))] == [100, 7]


def test_spans_that_contain_each_other_end() -> None:
    """Hostile parents that form a circle are walked once."""
    assert len(read(export(span(1, 2), span(2, 1)))) == 2


def test_a_constant_response_id_joins_no_two_calls() -> None:
    """Spans with one short response id and other counts are calls of their own, and the same counts are one call."""
    ids: dict[str, Any] = {"gen_ai__response__id": "resp_0"}
    calls = traces(read(export(span(1, None, **ids), span(2, None, tokens=5, **ids), span(3, None, **ids))))
    assert [call.call_id for call in calls] == ["resp_0", f"resp_0 {2:016x}", "resp_0"]


def test_old_traces_come_out_before_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of many traces is not held in memory: beyond the limit the oldest trace is complete."""
    monkeypatch.setattr("prodlens.trace_normalizer.formats.otel_span_tree._MOST_HELD", 2)
    reader = OTLP_SPANS.reader()
    early = [item for name in "abcd" for item in reader.read(export(span(1, None, trace=name)))]
    assert [type(item) for item in early] == [CanonicalTrace, CanonicalTrace]
    assert len(reader.finish()) == 2
