"""Chat files of Gemini CLI (``~/.gemini/tmp/<project>/chats/session-*.json`` and ``.jsonl``).

A file is one object with its messages, or a line for each message, which is written again as it grows: the last counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.json_values import clean_text, mapping, sequence
from prodlens.schemas import ACCEPT, AUTOMATIC, INFERRED, CanonicalTrace, Decision, ToolUse
from prodlens.timestamps import parse_timestamp
from prodlens.trace_normalizer.formats.field_paths import Fields, paths_in
from prodlens.trace_normalizer.formats.gemini import NAME as CLI
from prodlens.trace_normalizer.formats.gemini import applied, gemini_tokens
from prodlens.trace_normalizer.formats.interface import Format, Item, Skipped, Unusable
from prodlens.trace_normalizer.formats.recorded_values import composed_id

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "gemini-cli-chat"
_EVENT = Skipped("session event")
_TYPES = frozenset({"user", "gemini", "info", "error", "warning"})
_COUNTS = ("input", "output", "cached", "thoughts", "tool")
FIELDS = Fields(
    {
        "timestamp": paths_in("", "timestamp"),
        "model": paths_in("", "model"),
        "tokens_in": paths_in("", "tokens.input"),
        "tokens_out": paths_in("", "tokens.output"),
        "cache_read_tokens": paths_in("", "tokens.cached"),
        "reasoning_tokens": paths_in("", "tokens.thoughts"),
        "call_id": paths_in("", "id"),
    }
)


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether the record is a conversation, a change to one, or one message."""
    if "projectHash" in record and "sessionId" in record:
        return True
    if record.keys() in ({"$set"}, {"$rewindTo"}):
        return True
    kind = record.get("type")
    return isinstance(kind, str) and kind in _TYPES and {"id", "timestamp", "content"} <= record.keys()


class ChatReader:
    """Reads a chat file: holds each message until the file's end, since later lines repeat it."""

    def __init__(self) -> None:
        self._session: str | None = None
        self._messages: dict[str, list[Item]] = {}

    def read(self, record: Mapping[str, Any]) -> list[Item]:
        """Read a conversation or one line of it."""
        self._session = clean_text(record.get("sessionId")) or self._session
        messages = [mapping(message) for message in sequence(record.get("messages"))]
        if "type" in record and "messages" not in record:
            messages = [record]
        return [item for message in messages for item in self._note(message)] or [_EVENT]

    def finish(self) -> list[Item]:
        """Return the calls of the file and what became of their tool uses."""
        found = [item for items in self._messages.values() for item in items]
        self._messages.clear()
        return found

    def _note(self, message: Mapping[str, Any]) -> list[Item]:
        if message.get("type") != "gemini" or not mapping(message.get("tokens")):
            return [_EVENT]
        at = parse_timestamp(message.get("timestamp"))
        if at is None:
            return [Unusable("message without a readable timestamp")]
        call_id = composed_id(NAME, message.get("id"), at.isoformat())
        given = mapping(message.get("tokens"))
        tokens = gemini_tokens(given, _COUNTS, given.get("total"))
        trace = CanonicalTrace(
            session_id=self._session,
            developer_id=None,
            timestamp=at,
            model=clean_text(message.get("model")),
            latency_ms=0.0,
            status_code=200,
            accepted_flag=False,
            acceptance_known=False,
            provider="google",
            source=CLI,
            call_id=call_id,
            **tokens.fields(),
        )
        uses = [item for use in sequence(message.get("toolCalls")) for item in _tool_use(mapping(use), call_id)]
        self._messages[call_id] = [trace, *uses]
        return []


def _tool_use(use: Mapping[str, Any], call_id: str) -> list[Item]:
    """Return a tool use and what became of it.

    The file does not say who allowed one: only a change that a person made to the suggestion first is a decision.
    """
    use_id = clean_text(use.get("id"))
    if use_id is None:
        return []
    stat = mapping(mapping(use.get("resultDisplay")).get("diffStat"))
    lines, ratio = applied(stat)
    edited = bool(ratio is not None and (stat.get("user_added_lines") or stat.get("user_removed_lines")))
    decision = Decision(
        use_id,
        ACCEPT if edited else AUTOMATIC,
        "modify" if edited else INFERRED,
        accepted_lines=lines,
        diff_ratio=ratio,
        decided_at=parse_timestamp(use.get("timestamp")),
    )
    return [ToolUse(use_id, call_id), decision]


def explain(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the path at which each field of the first answer is found."""
    messages = [record] if "messages" not in record else [mapping(each) for each in sequence(record["messages"])]
    answers = (message for message in messages if message.get("type") == "gemini")
    return FIELDS.explain({"": next(answers, {})})


GEMINI_CHAT = Format(
    name=NAME,
    title="Gemini CLI chat files",
    matches=matches,
    reader=ChatReader,
    explain=explain,
)
