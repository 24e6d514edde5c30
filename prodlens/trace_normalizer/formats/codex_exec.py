"""The event stream of ``codex exec --json``: threads, turns and items, without a time and without a model.

The usage of a turn is the sum since the thread began, so that a later turn of one stream counts what it has beyond the
one before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.json_values import clean_text, count, mapping
from prodlens.schemas import CanonicalTrace
from prodlens.trace_normalizer.formats.field_paths import Fields, paths_in
from prodlens.trace_normalizer.formats.interface import NO_TIME, Format, Item, Skipped, Untimed
from prodlens.trace_normalizer.formats.recorded_values import composed_id
from prodlens.trace_normalizer.formats.tokens import with_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "codex-exec"
_EVENT = Skipped("session event")
_TYPES = frozenset(
    {"thread.started", "turn.started", "turn.completed", "turn.failed", "item.started", "item.updated"}
    | {"item.completed"}
)
_COUNTS = (
    "input_tokens",
    "output_tokens",
    "cached_input_tokens",
    "cache_write_input_tokens",
    "reasoning_output_tokens",
)


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether the record is an event of the stream, which never has a time."""
    if "timestamp" in record:
        return False
    return str(record.get("type")) in _TYPES or (record.get("type") == "error" and record.keys() == {"type", "message"})


class StreamReader:
    """Reads a stream; its first event names the thread."""

    def __init__(self) -> None:
        self._thread: str | None = None
        self._before = [0] * len(_COUNTS)

    def read(self, record: Mapping[str, Any]) -> list[Item]:
        """Read one event: a turn that ended, or neither."""
        if record.get("type") == "thread.started":
            self._thread = clean_text(record.get("thread_id"))
            self._before = [0] * len(_COUNTS)
        usage = mapping(record.get("usage"))
        if record.get("type") != "turn.completed" or not usage:
            return [_EVENT]
        sums = [count(usage.get(name)) or 0 for name in _COUNTS]
        grown = all(now >= then for now, then in zip(sums, self._before, strict=True))
        turn = [now - then for now, then in zip(sums, self._before, strict=True)] if grown else sums
        self._before = sums
        if not any(turn):
            return [_EVENT]
        return [self._call(turn, composed_id(NAME, self._thread, *sums))]

    def finish(self) -> list[Item]:
        """Return nothing: every turn is known by its own event."""
        return []

    def _call(self, turn: list[int], call_id: str) -> Untimed:
        tokens_in, tokens_out, read, written, reasoning = turn
        tokens = with_parts(tokens_in, tokens_out, cache_read=read, cache_write=written, reasoning=reasoning)
        return Untimed(
            CanonicalTrace(
                session_id=self._thread,
                developer_id=None,
                timestamp=NO_TIME,
                model=None,
                latency_ms=0.0,
                status_code=200,
                accepted_flag=False,
                acceptance_known=False,
                provider="openai",
                source=NAME,
                call_id=call_id,
                **tokens.fields(),
            )
        )


def explain(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the path at which each field of the event is found."""
    table = {
        "session_id": paths_in("", "thread_id"),
        "tokens_in": paths_in("", "usage.input_tokens"),
        "tokens_out": paths_in("", "usage.output_tokens"),
    }
    return Fields(table).explain({"": record})


CODEX_EXEC = Format(
    name=NAME,
    title="Codex event stream (codex exec --json)",
    matches=matches,
    reader=StreamReader,
    explain=explain,
)
