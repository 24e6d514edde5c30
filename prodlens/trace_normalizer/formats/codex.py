"""Codex rollouts (``~/.codex/sessions/.../rollout-*.jsonl``).

A ``token_usage_record`` is one call, named by its response id. Versions without it have ``token_count`` events, which
newer ones write beside it with the same numbers: an event counts only when no record came before it. It is also
repeated, and replayed by subagents, with totals that have not moved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.json_values import count, mapping, words
from prodlens.schemas import ACCEPT, AUTOMATIC, INFERRED, REJECT, CanonicalTrace, Decision, ToolUse
from prodlens.timestamps import parse_timestamp
from prodlens.trace_normalizer.formats.field_paths import explained, places
from prodlens.trace_normalizer.formats.interface import Format, Item, Skipped
from prodlens.trace_normalizer.formats.patches import unified_diff_additions
from prodlens.trace_normalizer.formats.recorded_values import content_identity, slug
from prodlens.trace_normalizer.formats.tokens import with_parts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

NAME = "codex"
_EVENT = Skipped("session event")
_LINE_TYPES = frozenset(
    {"session_meta", "turn_context", "event_msg", "response_item", "token_usage_record", "world_state", "compacted"}
)
_CALLS = frozenset({"function_call", "custom_tool_call", "local_shell_call"})
_OUTPUTS = frozenset({"function_call_output", "custom_tool_call_output"})
# The policy under which a person is asked about every change; the others let changes pass, or never ask.
_ASKING_POLICY = "untrusted"
_REJECTED = "patch rejected by user"


def matches(record: Mapping[str, Any]) -> bool:
    """Tell whether the record is a line of a rollout."""
    return str(record.get("type")) in _LINE_TYPES and "payload" in record and "timestamp" in record


class RolloutReader:
    """Reads a rollout; model, session and repository come from lines before the calls."""

    def __init__(self) -> None:
        self._model: str | None = None
        self._session: str | None = None
        self._provider: str | None = None
        self._git: Mapping[str, Any] = {}
        self._asks = False
        self._open_uses: list[str] = []
        self._recorded = False
        self._total: object = None

    def read(self, record: Mapping[str, Any]) -> list[Item]:
        """Read one line: a call, a tool use's outcome, or what later calls need."""
        payload = mapping(record.get("payload"))
        match record.get("type"), payload.get("type"):
            case "session_meta", _:
                self._session = words(payload.get("id")) or words(payload.get("session_id"))
                self._git = mapping(payload.get("git"))
                self._provider = words(payload.get("model_provider"))
            case "turn_context", _:
                self._model = words(payload.get("model")) or self._model
                self._asks = payload.get("approval_policy") == _ASKING_POLICY
            case "token_usage_record", _:
                self._recorded = True
                return self._call(record, payload.get("usage"), words(payload.get("response_id")))
            case "event_msg", "token_count":
                return self._token_count(record, mapping(payload.get("info")))
            case "event_msg", "item_completed":
                return self._item(mapping(payload.get("item")), parse_timestamp(record.get("timestamp")))
            case "response_item", str(kind) if kind in _CALLS | _OUTPUTS:
                return self._tool(kind, payload, parse_timestamp(record.get("timestamp")))
        return [_EVENT]

    def finish(self) -> list[Item]:
        """Return nothing: every call is known by its own line."""
        return []

    def _call(self, record: Mapping[str, Any], usage: object, response_id: str | None) -> list[Item]:
        at, given = parse_timestamp(record.get("timestamp")), mapping(usage)
        if at is None or not given:
            return [_EVENT]
        call_id = response_id or f"codex/{content_identity(record)}"
        tokens = with_parts(
            count(given.get("input_tokens")) or 0,
            count(given.get("output_tokens")) or 0,
            cache_read=count(given.get("cached_input_tokens")),
            cache_write=count(given.get("cache_write_input_tokens")),
            reasoning=count(given.get("reasoning_output_tokens")),
        )
        trace = CanonicalTrace(
            session_id=self._session,
            developer_id=None,
            timestamp=at,
            model=self._model,
            latency_ms=0.0,
            status_code=200,
            accepted_flag=False,
            acceptance_known=False,
            repo_slug=slug(self._git.get("repository_url")),
            branch=words(self._git.get("branch")),
            provider="openai" if self._provider == "openai" else None,
            source=NAME,
            call_id=call_id,
            **tokens.fields(),
        )
        uses: list[Item] = [ToolUse(use, call_id) for use in self._open_uses]
        self._open_uses.clear()
        return [trace, *uses]

    def _token_count(self, record: Mapping[str, Any], info: Mapping[str, Any]) -> list[Item]:
        total, repeated = info.get("total_token_usage"), info.get("total_token_usage") == self._total
        self._total = total
        if self._recorded or repeated or not info:
            self._recorded = False
            return [_EVENT]
        return self._call(record, info.get("last_token_usage"), None)

    def _tool(self, kind: str, payload: Mapping[str, Any], at: datetime | None) -> list[Item]:
        use = words(payload.get("call_id"))
        if use is None:
            return [_EVENT]
        if kind in _CALLS:
            self._open_uses.append(use)
            return [_EVENT]
        output = payload.get("output")
        if isinstance(output, str) and _REJECTED in output[:200]:
            return [Decision(use, REJECT, "user_reject", decided_at=at)]
        return [_EVENT]

    def _item(self, item: Mapping[str, Any], at: datetime | None) -> list[Item]:
        use = words(item.get("id"))
        if item.get("type") != "FileChange" or use is None:
            return [_EVENT]
        if item.get("status") != "completed":
            return [Decision(use, AUTOMATIC, INFERRED, decided_at=at)]
        lines = sum(_lines_added(mapping(change)) for change in mapping(item.get("changes")).values())
        verdict = ACCEPT if self._asks else AUTOMATIC
        return [Decision(use, verdict, INFERRED, accepted_lines=lines, diff_ratio=1.0, decided_at=at)]


def _lines_added(change: Mapping[str, Any]) -> int:
    content = change.get("content")
    if change.get("type") == "add" and isinstance(content, str):
        return len(content.splitlines())
    return len(unified_diff_additions(change.get("unified_diff")))


def explain(record: Mapping[str, Any]) -> dict[str, str]:
    """Return for each field that the line holds, or gives to later lines, the place where it is found."""
    payload = mapping(record.get("payload"))
    parts = {"": record, "payload": payload}
    match record.get("type"), payload.get("type"):
        case "session_meta", _:
            table = {
                "session_id": places("payload", "id", "session_id"),
                "repo_slug": places("payload", "git.repository_url"),
                "branch": places("payload", "git.branch"),
            }
        case "turn_context", _:
            table = {"model": places("payload", "model")}
        case "token_usage_record", _:
            table = {
                "timestamp": places("", "timestamp"),
                "call_id": places("payload", "response_id"),
                "tokens_in": places("payload", "usage.input_tokens"),
                "tokens_out": places("payload", "usage.output_tokens"),
            }
        case "event_msg", "token_count":
            table = {
                "timestamp": places("", "timestamp"),
                "tokens_in": places("payload", "info.last_token_usage.input_tokens"),
                "tokens_out": places("payload", "info.last_token_usage.output_tokens"),
            }
        case _:
            table = {}
    return explained(parts, table, {})


CODEX_ROLLOUT = Format(
    name=NAME,
    title="Codex rollout",
    matches=matches,
    reader=RolloutReader,
    explain=explain,
    stateless=False,
)
