"""Spans of one trace, read together: a span around model calls sums them, and is not one more call.

Agents report the sum of their calls, and two instrumentations of one program report each call twice, one span inside
the other. So of nested model spans the innermost counts. A span around a single call is a further record of it, which
may know its session or its cost. What a tool calls inside a model's answer is a call of its own.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from prodlens.schemas import CanonicalTrace
from prodlens.trace_normalizer.formats.interface import Skipped
from prodlens.trace_normalizer.formats.message_ids import ConstantIds
from prodlens.trace_normalizer.formats.otel_span import TOOL_SPAN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from prodlens.trace_normalizer.formats.interface import Item
    from prodlens.trace_normalizer.formats.otel_span import Span

AROUND_CALLS = "span around model calls"
_MOST_HELD = 20_000  # spans, before the oldest traces are taken as complete


@dataclass(slots=True)
class _Trace:
    """The spans of one trace so far, by their ids."""

    parents: dict[str, str | None] = field(default_factory=dict)
    calls: dict[str, CanonicalTrace] = field(default_factory=dict)
    tools: set[str] = field(default_factory=set)


class SpanReader:
    """Reads the spans of one file; the model calls of a trace come out when it is complete, or the file ends."""

    def __init__(
        self, spans_of: Callable[[Mapping[str, Any]], Iterable[Span]], read: Callable[[Span], list[Item]]
    ) -> None:
        """Read spans.

        Args:
            spans_of: Returns the spans that a record holds.
            read: Reads one span by itself.
        """
        self._spans_of, self._read = spans_of, read
        self._traces: dict[str, _Trace] = {}
        self._held = 0
        self._ids = ConstantIds()

    def read(self, record: Mapping[str, Any]) -> list[Item]:
        """Read the spans of a record."""
        return [item for span in self._spans_of(record) for item in self._add(span)]

    def finish(self) -> list[Item]:
        """Return the calls of the traces that are still held."""
        items = [item for trace in self._traces.values() for item in self._calls_of(trace)]
        self._traces.clear()
        return items

    def _add(self, span: Span) -> Iterator[Item]:
        items = self._read(span)
        if span.trace_id is None or span.span_id is None:
            yield from items
            return
        trace = self._traces.setdefault(span.trace_id, _Trace())
        trace.parents[span.span_id] = span.parent_id
        for item in items:
            if isinstance(item, CanonicalTrace):
                trace.calls[span.span_id] = item
            else:
                if item == TOOL_SPAN:
                    trace.tools.add(span.span_id)
                yield item
        self._held += 1
        while self._held > _MOST_HELD:
            oldest = self._traces.pop(next(iter(self._traces)))
            self._held -= len(oldest.parents)
            yield from self._calls_of(oldest)

    def _calls_of(self, trace: _Trace) -> Iterator[Item]:
        inside: defaultdict[str, list[str]] = defaultdict(list)
        for span_id in trace.calls:
            for outer in _around(span_id, trace):
                inside[outer].append(span_id)
        for span_id, call in trace.calls.items():
            if span_id not in inside:
                yield self._ids.told_apart(call, span_id)
                continue
            innermost = [each for each in inside[span_id] if each not in inside]
            if len(innermost) == 1:
                inner = self._ids.told_apart(trace.calls[innermost[0]], innermost[0])
                yield _further_record(call, inner)
            else:
                yield Skipped(AROUND_CALLS)


def _around(span_id: str, trace: _Trace) -> Iterator[str]:
    """Yield the model spans around a span, the nearest first, as far as no tool stands between."""
    seen = {span_id}
    outer = trace.parents.get(span_id)
    while outer is not None and outer not in seen and outer not in trace.tools:
        seen.add(outer)
        if outer in trace.calls:
            yield outer
        outer = trace.parents.get(outer)


def _further_record(outer: CanonicalTrace, call: CanonicalTrace) -> CanonicalTrace:
    """Return a span around one call as a further record of the call, its cost where its counts are the call's."""
    counts = (outer.tokens_in, outer.tokens_out) == (call.tokens_in, call.tokens_out)
    nothing_counted = call.tokens_in + call.tokens_out == 0
    record = replace(outer, call_id=call.call_id, trace_hash=call.trace_hash, partial=True)
    if counts or nothing_counted:
        return record
    return replace(record, cost_usd=None, cost_source=None, cost_is_final=False)
