"""Task files of Cline, Roo Code and Kilo Code (``tasks/<id>/ui_messages.json`` and what lies beside it).

Each request to a model is a message ``api_req_started``, whose text is a JSON object with the counts once the answer
has come. The conversation beside it (``api_conversation_history.json``) holds the same requests without their counts.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prodlens.json_values import clean_text, count, mapping
from prodlens.schemas import CanonicalTrace
from prodlens.timestamps import parse_timestamp
from prodlens.trace_normalizer.formats.field_paths import Fields, paths_in
from prodlens.trace_normalizer.formats.interface import Format, Item, Skipped, Unusable
from prodlens.trace_normalizer.formats.recorded_values import composed_id, cost_fields
from prodlens.trace_normalizer.formats.tokens import Tokens, from_disjoint, with_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "cline"
_REQUESTS = frozenset({"api_req_started", "subagent_usage"})
_COUNTS = ("tokensIn", "tokensOut", "cacheWrites", "cacheReads")
_HISTORY_KEYS = frozenset({"role", "content", "ts", "id", "modelInfo", "metrics", "isSummary", "type", "reasoning"})
_MODEL_TAG = re.compile(r"<model>([^<>\s]{1,200})</model>")
# Roo Code 3.29.5: from then on its Anthropic requests count the cache as input, which they left out before.
_ROO_COUNTS_CACHE = datetime(2025, 11, 1, tzinfo=UTC)
_EVENT = Skipped("session event")


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether the record is a message of a task's view, of its conversation, or the task's list of files."""
    if str(record.get("type")) in {"say", "ask"} and "ts" in record:
        return True
    if "files_in_context" in record and "model_usage" in record:
        return True
    return "role" in record and "content" in record and record.keys() <= _HISTORY_KEYS


class TaskReader:
    """Reads the messages of a task in their order: its first one names the task, a request the model of later ones."""

    def __init__(self) -> None:
        self._task: str | None = None
        self._model: str | None = None
        self._provider: str | None = None

    def read(self, record: Mapping[str, Any]) -> list[Item]:
        """Read one message: a request to a model, or neither."""
        said = str(record.get("say"))
        if "ts" not in record or "type" not in record:
            return [Skipped("conversation beside its requests")]
        if self._task is None or said == "task":
            self._task = clean_text(record.get("ts"))
        text = mapping(record.get("text"))
        self._note_model(record, text)
        if said == "deleted_api_reqs":
            return [Skipped("sum of deleted requests")]
        if said not in _REQUESTS or not any(name in text for name in _COUNTS):
            return [_EVENT]
        at = parse_timestamp(record.get("ts"))
        if at is None:
            return [Unusable("request without a readable time")]
        return [self._call(_call_id(record, text), text, at)]

    def finish(self) -> list[Item]:
        """Return nothing: every request is known by its own message."""
        return []

    def _note_model(self, record: Mapping[str, Any], text: Mapping[str, Any]) -> None:
        request, info = text.get("request"), mapping(record.get("modelInfo"))
        tag = _MODEL_TAG.search(request) if isinstance(request, str) else None
        if model := clean_text(info.get("modelId")) or (tag and tag[1]):
            self._model, self._provider = model, clean_text(info.get("providerId"))

    def _call(self, call_id: str, text: Mapping[str, Any], at: datetime) -> CanonicalTrace:
        tokens = _tokens(text, at)
        status, reason = _outcome(text)
        return CanonicalTrace(
            session_id=self._task,
            developer_id=None,
            timestamp=at,
            model=self._model,
            latency_ms=0.0,
            status_code=status,
            status_reason=reason,
            accepted_flag=False,
            acceptance_known=False,
            provider=self._provider,
            source=NAME,
            call_id=call_id,
            **tokens.fields(),
            **cost_fields(text.get("cost"), tokens),
        )


def _call_id(record: Mapping[str, Any], text: Mapping[str, Any]) -> str:
    """Return an identity that a message keeps while it is updated: its time and what was asked, else its counts."""
    asked = clean_text(text.get("request"))
    told = [asked] if asked else [text.get(name) for name in _COUNTS]
    return composed_id(NAME, record.get("ts"), record.get("say"), *told)


def _tokens(text: Mapping[str, Any], at: datetime) -> Tokens:
    """Return the counts: Cline's exclude each other, newer versions of Roo and Kilo count the cache as input."""
    tokens_in, tokens_out, written, read = (count(text.get(name)) for name in _COUNTS)
    protocol = text.get("apiProtocol")
    if protocol is None or (protocol == "anthropic" and at < _ROO_COUNTS_CACHE):
        return from_disjoint(tokens_in, tokens_out, cache_read=read, cache_write=written)
    return with_parts(tokens_in or 0, tokens_out or 0, cache_read=read, cache_write=written)


def _outcome(text: Mapping[str, Any]) -> tuple[int | None, str | None]:
    """Return status and reason; a request that a person stopped neither succeeded nor failed."""
    reason = clean_text(text.get("cancelReason"))
    if reason == "user_cancelled":
        return None, None
    return (200, None) if reason is None else (500, reason[:80])


def explain(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the path at which each field of a request is found."""
    if str(record.get("say")) not in _REQUESTS:
        return {}
    table = {
        "timestamp": paths_in("", "ts"),
        "model": paths_in("", "modelInfo.modelId"),
        "tokens_in": paths_in("", "text.tokensIn"),
        "tokens_out": paths_in("", "text.tokensOut"),
        "cache_read_tokens": paths_in("", "text.cacheReads"),
        "cache_write_tokens": paths_in("", "text.cacheWrites"),
        "cost_usd": paths_in("", "text.cost"),
    }
    return Fields(table).explain({"": record})


CLINE = Format(
    name=NAME,
    title="Task files of Cline, Roo Code and Kilo Code",
    matches=matches,
    reader=TaskReader,
    explain=explain,
)
