"""What Gemini CLI tells by telemetry: answers, failed requests, and decisions on the tool calls that it proposed.

An answer is told twice, as ``gemini_cli.api_response`` and by the GenAI convention; the first one has all the counts.
A decision names no call: it belongs to the last answer to its prompt before it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeAlias

from prodlens.json_values import clean_text, count, mapping
from prodlens.schemas import ACCEPT, AUTOMATIC, REJECT, CanonicalTrace, Decision
from prodlens.trace_normalizer.formats.field_paths import Fields, Parts, paths_in
from prodlens.trace_normalizer.formats.interface import Item, Skipped, Unusable
from prodlens.trace_normalizer.formats.litellm_fields import UNSPECIFIED_FAILURE, error_name
from prodlens.trace_normalizer.formats.otel_span import IDENTITY_PATHS, WORK
from prodlens.trace_normalizer.formats.recorded_values import began, composed_id, duration_ms, http_status
from prodlens.trace_normalizer.formats.tokens import Tokens, with_parts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from prodlens.trace_normalizer.formats.otlp import Entry

_Prompt: TypeAlias = tuple[str | None, str | None]  # session and prompt id
NAME = "gemini-cli"
PREFIX = "gemini_cli."
_OTHER = Skipped("agent event")
_NO_TIME = Unusable("Gemini CLI event without a readable time")
_VERDICTS = {"accept": ACCEPT, "modify": ACCEPT, "reject": REJECT}
_DEVELOPER = Fields(
    {
        "developer_id": (
            *paths_in("attributes", "developer.id", "user.email", "enduser.id", "installation.id"),
            *IDENTITY_PATHS["developer_id"],
        )
    }
)
_PROMPT = Fields({"session_id": IDENTITY_PATHS["session_id"], "prompt_id": paths_in("attributes", "prompt_id")})
_COUNTS = tuple(f"{name}_token_count" for name in ("input", "output", "cached_content", "thoughts", "tool"))


def is_of_gemini(resource: Mapping[str, Any], scope: str) -> bool:
    """Return whether what a resource or scope names is Gemini CLI."""
    return NAME in (resource.get("service.name"), scope)


def gemini_tokens(given: Mapping[str, Any], names: tuple[str, ...] = _COUNTS, total: object = None) -> Tokens:
    """Return the counts of an answer, under the names of input, output, cache reads, thoughts and tool input.

    Input includes the cache, unless the total says otherwise; thoughts are beside the output, tool input beside the
    input.
    """
    plain, output, cached, thoughts, tool = (count(given.get(name)) for name in names)
    tokens_in, tokens_out = (plain or 0) + (tool or 0), (output or 0) + (thoughts or 0)
    if cached and count(total) == tokens_in + tokens_out + cached:
        tokens_in += cached
    return with_parts(tokens_in, tokens_out, cache_read=cached, reasoning=thoughts)


class GeminiEvents:
    """Reads the events of one file and joins its decisions to its answers."""

    def __init__(self) -> None:
        self._answers: defaultdict[_Prompt, list[tuple[datetime, str]]] = defaultdict(list)
        self._decisions: dict[str, tuple[_Prompt, Decision]] = {}

    def read(self, event: str, entry: Entry, at: datetime | None) -> list[Item]:
        """Read one event, told at its end."""
        match event.removeprefix(PREFIX):
            case "api_response" | "api_error":
                return [self._request(entry, at, failed=event.endswith("error"))]
            case "tool_call":
                self._note_decision(entry, at)
        return [_OTHER]

    def finish(self) -> list[Item]:
        """Return the decisions, each with its call where the file has it."""
        for answers in self._answers.values():
            answers.sort()
        decided = [replace(each, call_id=self._call_before(prompt, each)) for prompt, each in self._decisions.values()]
        self._answers.clear()
        self._decisions.clear()
        return [*decided]

    def _call_before(self, prompt: _Prompt, decision: Decision) -> str | None:
        answers, at = self._answers[prompt], decision.decided_at
        before = len(answers) if at is None else bisect_right(answers, at, key=itemgetter(0))
        return answers[before - 1][1] if before else None

    def _request(self, entry: Entry, at: datetime | None, *, failed: bool) -> Item:
        given = entry.attributes
        if at is None:
            return _NO_TIME
        parts, prompt = _parts(entry), self._prompt(entry)
        latency = duration_ms(given.get("duration_ms")) or 0.0
        tokens = Tokens(0, 0) if failed else gemini_tokens(given, total=given.get("total_token_count"))
        model = clean_text(given.get("model")) or clean_text(given.get("model_name"))
        call_id = composed_id(NAME, *prompt, at.isoformat(), model, *tokens, "failed" if failed else None)
        if not failed:
            self._answers[prompt].append((at, call_id))
        status = http_status(given.get("status_code"))
        error = given.get("error.type") or given.get("error_type")
        return CanonicalTrace(
            session_id=prompt[0],
            timestamp=began(at, latency),
            model=model,
            latency_ms=latency,
            status_code=status or (UNSPECIFIED_FAILURE if failed else 200),
            status_reason=(error_name(error) or "api_error") if failed else None,
            accepted_flag=False,
            acceptance_known=False,
            **_DEVELOPER.read(parts),
            **WORK.read(parts),
            provider="google",
            source=NAME,
            call_id=call_id,
            **tokens.fields(),
        )

    def _note_decision(self, entry: Entry, at: datetime | None) -> None:
        given = entry.attributes
        told = clean_text(given.get("decision"))
        if told is None:
            return
        prompt = self._prompt(entry)
        moment = None if at is None else at.isoformat()
        use = composed_id(NAME, *prompt, moment, given.get("function_name"), given.get("function_args"), told)
        verdict = _VERDICTS.get(told, AUTOMATIC)
        lines, ratio = (None, None) if verdict == REJECT else applied(mapping(given.get("metadata")))
        decision = Decision(use, verdict, told, accepted_lines=lines, diff_ratio=ratio, decided_at=at)
        self._decisions[use] = (prompt, decision)

    def _prompt(self, entry: Entry) -> _Prompt:
        found = _PROMPT.read(_parts(entry))
        return found["session_id"], found["prompt_id"]


def _parts(entry: Entry) -> Parts:
    return {"attributes": entry.attributes, "resource": entry.resource, "metadata": {}}


def applied(metadata: Mapping[str, Any]) -> tuple[int | None, float | None]:
    """Return the lines that an applied change adds and the share of the suggested ones among them.

    ``user_*`` counts what a person changed in the suggestion before it was applied: lines removed from it and added.
    """
    stat = mapping(metadata.get("diffStat")) or metadata
    suggested = count(stat.get("model_added_lines"))
    if suggested is None:
        return None, None
    removed, added = count(stat.get("user_removed_lines")) or 0, count(stat.get("user_added_lines")) or 0
    ratio = max(suggested - removed, 0) / suggested if suggested else None
    return max(suggested - removed, 0) + added, ratio
