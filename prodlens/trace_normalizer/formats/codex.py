"""Codex rollouts (``~/.codex/sessions/.../rollout-*.jsonl``).

A ``token_usage_record`` is one call, named by its response id. Versions without it have ``token_count`` events, which
newer ones write beside it with the same numbers: an event counts only when no record came before it. An event is also
repeated with totals that have not moved, and without any usage, to report rate limits alone.

A forked session, or one that another session started, begins with a copy of what that one had written, at times with
the copy's own time. Those calls are the other session's: a rollout counts what it has beyond them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from prodlens.json_values import clean_text, count, mapping
from prodlens.schemas import ACCEPT, AUTOMATIC, INFERRED, REJECT, CanonicalTrace, Decision, ToolUse
from prodlens.timestamps import parse_timestamp
from prodlens.trace_normalizer.formats.field_paths import Fields, paths_in
from prodlens.trace_normalizer.formats.interface import Format, Item, Skipped
from prodlens.trace_normalizer.formats.origins import origin_of
from prodlens.trace_normalizer.formats.patches import unified_diff_additions
from prodlens.trace_normalizer.formats.recorded_values import commit_sha, content_identity, price_modifier, slug
from prodlens.trace_normalizer.formats.tokens import with_parts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

NAME = "codex"
_EVENT, _COPIED = Skipped("session event"), Skipped("call of another session, copied into this one")
# What the first line of a rollout says of a session that goes on from another one.
_CHILD_MARKS = ("forked_from_id", "parent_thread_id")
_SHORTEST_ANSWER = timedelta(seconds=0.5)  # copied lines follow each other in milliseconds
_LINE_TYPES = frozenset(
    {"session_meta", "turn_context", "event_msg", "response_item", "token_usage_record", "world_state", "compacted"}
)
_CALLS = frozenset({"function_call", "custom_tool_call", "local_shell_call"})
_OUTPUTS = frozenset({"function_call_output", "custom_tool_call_output"})
# The policy under which a person is asked about every change; the others let changes pass, or never ask.
_ASKING_POLICY = "untrusted"
_REJECTED = "patch rejected by user"


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether the record is a line of a rollout."""
    return str(record.get("type")) in _LINE_TYPES and "payload" in record and "timestamp" in record


class RolloutReader:
    """Reads a rollout; model, session and repository come from lines before the calls."""

    def __init__(self) -> None:
        self._begin({}, None)

    def _begin(self, meta: Mapping[str, Any], at: datetime | None) -> None:
        """Begin the rollout of a session."""
        self._meta, self._session = meta, clean_text(meta.get("id")) or clean_text(meta.get("session_id"))
        self._git = mapping(meta.get("git"))
        self._provider = clean_text(meta.get("model_provider"))
        self._tier = price_modifier(meta.get("service_tier"))
        self._model: str | None = None
        self._asks = False
        self._open_uses: list[str] = []
        self._recorded = False
        self._total: Mapping[str, Any] = {}
        self._called = False
        self._copy = CopiedPart(at, is_child=any(meta.get(name) for name in _CHILD_MARKS) or _is_spawned(meta))

    def read(self, record: Mapping[str, Any]) -> list[Item]:
        """Read one line: a call, a tool use's outcome, or what later calls need."""
        payload = mapping(record.get("payload"))
        self._copy.advance(record)
        match record.get("type"), payload.get("type"):
            case "session_meta", _:
                self._read_meta(payload, parse_timestamp(record.get("timestamp")))
            case "turn_context", _:
                self._model = clean_text(payload.get("model")) or self._model
                self._asks = payload.get("approval_policy") == _ASKING_POLICY
                self._read_tier(payload)
            case "event_msg", "thread_settings_applied":
                self._read_tier(payload)
                self._read_tier(mapping(payload.get("thread_settings")))
            case "token_usage_record", _:
                self._recorded = True
                if self._is_foreign(payload):
                    return [_COPIED]
                return self._call(record, payload.get("usage"), clean_text(payload.get("response_id")))
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

    def _read_meta(self, meta: Mapping[str, Any], at: datetime | None) -> None:
        """Begin a rollout, unless the line is the copy of another session's, or the same session goes on."""
        session = clean_text(meta.get("id")) or clean_text(meta.get("session_id"))
        if session is not None and session == self._session:
            self._copy, self._called = CopiedPart(at, is_child=self._copy.is_child), False
            return
        made, own_made = parse_timestamp(meta.get("timestamp")), parse_timestamp(self._meta.get("timestamp"))
        older = made is not None and own_made is not None and made < own_made
        if self._session is not None and not self._called and (self._copy.going_on or older):
            self._copy.is_child = self._copy.going_on = True
            return
        self._begin(meta, at)

    def _read_tier(self, settings: Mapping[str, Any]) -> None:
        if "service_tier" in settings:
            self._tier = price_modifier(settings["service_tier"])

    def _is_foreign(self, payload: Mapping[str, Any]) -> bool:
        """Return whether a call is another session's: the record says whose, else its place among the copied lines."""
        thread = clean_text(payload.get("thread_id"))
        return self._copy.going_on if thread is None or self._session is None else thread != self._session

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
            branch=clean_text(self._git.get("branch")),
            commit_sha=commit_sha(self._git.get("commit_hash")),
            origin=origin_of(self._meta.get("originator"), self._meta.get("cwd")),
            provider="openai" if self._provider == "openai" else None,
            source=NAME,
            call_id=call_id,
            price_modifier=self._tier,
            **tokens.fields(),
        )
        self._called = True
        uses: list[Item] = [ToolUse(use, call_id) for use in self._open_uses]
        self._open_uses.clear()
        return [trace, *uses]

    def _token_count(self, record: Mapping[str, Any], info: Mapping[str, Any]) -> list[Item]:
        total, last = mapping(info.get("total_token_usage")), mapping(info.get("last_token_usage"))
        if not total and not last:
            return [_EVENT]
        before, self._total = self._total, total or self._total
        recorded, self._recorded = self._recorded, False
        if recorded or (total and total == before):
            return [_EVENT]
        if self._copy.going_on:
            return [_COPIED]
        return self._call(record, last or _grown(total, before), None)

    def _tool(self, kind: str, payload: Mapping[str, Any], at: datetime | None) -> list[Item]:
        use = clean_text(payload.get("call_id"))
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
        use = clean_text(item.get("id"))
        if item.get("type") != "FileChange" or use is None:
            return [_EVENT]
        if item.get("status") != "completed":
            return [Decision(use, AUTOMATIC, INFERRED, decided_at=at)]
        lines = sum(_lines_added(mapping(change)) for change in mapping(item.get("changes")).values())
        verdict = ACCEPT if self._asks else AUTOMATIC
        return [Decision(use, verdict, INFERRED, accepted_lines=lines, diff_ratio=1.0, decided_at=at)]


class CopiedPart:
    """Follows how far the copied part of a rollout reaches: to the first pause that a model's answer takes.

    Attributes:
        is_child: Whether the session was forked from another one or started by it.
        going_on: Whether the line just read is copied.
    """

    def __init__(self, started: datetime | None, *, is_child: bool) -> None:
        self.is_child = is_child
        self.going_on = is_child
        self._started = self._before = started

    def advance(self, record: Mapping[str, Any]) -> None:
        """Go on to a line. One that is older than its own rollout is copied, whatever the rollout says of itself."""
        if self._started is None or (at := parse_timestamp(record.get("timestamp"))) is None:
            return
        if at < self._started - _SHORTEST_ANSWER:
            self.going_on = True
        elif self.going_on:
            pause = at - max(self._before or at, self._started)
            self.going_on = self.is_child and pause < _SHORTEST_ANSWER
        self._before = at


def _is_spawned(meta: Mapping[str, Any]) -> bool:
    return meta.get("thread_source") == "subagent" or "subagent" in mapping(meta.get("source"))


def _grown(total: Mapping[str, Any], before: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what totals have beyond the totals before; all of them where they began anew."""
    grown = {name: (count(value) or 0) - (count(before.get(name)) or 0) for name, value in total.items()}
    return total if min(grown.values(), default=0) < 0 else grown


def _lines_added(change: Mapping[str, Any]) -> int:
    content = change.get("content")
    if change.get("type") == "add" and isinstance(content, str):
        return len(content.splitlines())
    return len(unified_diff_additions(change.get("unified_diff")))


def explain(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the path at which each field that the line holds, or gives to later lines is found."""
    payload = mapping(record.get("payload"))
    parts = {"": record, "payload": payload}
    match record.get("type"), payload.get("type"):
        case "session_meta", _:
            table = {
                "session_id": paths_in("payload", "id", "session_id"),
                "repo_slug": paths_in("payload", "git.repository_url"),
                "branch": paths_in("payload", "git.branch"),
                "commit_sha": paths_in("payload", "git.commit_hash"),
            }
        case "turn_context", _:
            table = {"model": paths_in("payload", "model")}
        case "token_usage_record", _:
            table = {
                "timestamp": paths_in("", "timestamp"),
                "call_id": paths_in("payload", "response_id"),
                "tokens_in": paths_in("payload", "usage.input_tokens"),
                "tokens_out": paths_in("payload", "usage.output_tokens"),
            }
        case "event_msg", "token_count":
            table = {
                "timestamp": paths_in("", "timestamp"),
                "tokens_in": paths_in("payload", "info.last_token_usage.input_tokens"),
                "tokens_out": paths_in("payload", "info.last_token_usage.output_tokens"),
            }
        case _:
            table = {}
    return Fields(table).explain(parts)


CODEX_ROLLOUT = Format(
    name=NAME,
    title="Codex rollout",
    matches=matches,
    reader=RolloutReader,
    explain=explain,
)
