"""What Claude Code's messages have in common in every file: token counts, and what became of proposed tool uses."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from prodlens.json_values import clean_text, count, mapping, sequence
from prodlens.schemas import ACCEPT, AUTOMATIC, INFERRED, REJECT, Decision, ToolUse
from prodlens.trace_normalizer.formats.patches import kept_share, structured_patch_additions, suggested_additions
from prodlens.trace_normalizer.formats.recorded_values import price_modifier
from prodlens.trace_normalizer.formats.tokens import Tokens, with_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from prodlens.schemas import CanonicalTrace

EDIT_TOOLS = frozenset({"Edit", "Write", "MultiEdit", "NotebookEdit"})
_REJECTED = "User rejected tool use"
ASKING_MODE = "default"  # the mode in which Claude Code asks a person before each edit


@dataclass(slots=True)
class Proposal:
    """A proposed tool use, remembered until its result: the tool and the lines that it would add."""

    tool: str
    call_id: str
    suggested: list[str] | None


@dataclass(slots=True)
class Proposals:
    """The tool uses of a file that have no result yet."""

    waiting: dict[str, Proposal] = field(default_factory=dict)

    def note(self, content: object, call_id: str) -> Iterator[ToolUse]:
        """Remember the tool uses in a message's content and yield them."""
        for block in sequence(content):
            use = mapping(block).get("id")
            if mapping(block).get("type") == "tool_use" and isinstance(use, str):
                tool = str(block.get("name"))
                suggested = suggested_additions(mapping(block.get("input"))) if tool in EDIT_TOOLS else None
                self.waiting[use] = Proposal(tool, call_id, suggested)
                yield ToolUse(use, call_id)

    def decide(
        self,
        content: object,
        outcome: object,
        at: datetime | None,
        *,
        asked: bool,
    ) -> Iterator[Decision]:
        """Yield what became of the tool uses whose results a message holds.

        Args:
            content: The message's content.
            outcome: The tool's result as the program records it: text for an error, an object for a success.
            at: When.
            asked: Whether a person was asked before an edit.
        """
        for block in sequence(content):
            use = mapping(block).get("tool_use_id")
            if mapping(block).get("type") != "tool_result" or not isinstance(use, str):
                continue
            proposal = self.waiting.pop(use, None)
            if outcome == _REJECTED:
                yield Decision(use, REJECT, "user_reject", decided_at=at)
            elif isinstance(outcome, str) or block.get("is_error") is True or proposal is None:
                yield Decision(use, AUTOMATIC, INFERRED, decided_at=at)
            else:
                yield _applied(use, proposal, mapping(outcome), at, asked=asked)


def _applied(use: str, proposal: Proposal, result: Mapping[str, Any], at: datetime | None, *, asked: bool) -> Decision:
    """Return the decision on a tool use that was carried out.

    A transcript does not say who allowed an edit. In the mode that asks before each one a person did, unless a rule of
    theirs allows it; a decision that another log records outright takes the place of this inference.
    """
    if proposal.tool not in EDIT_TOOLS:
        return Decision(use, AUTOMATIC, INFERRED, decided_at=at)
    applied = structured_patch_additions(result.get("structuredPatch"))
    if not applied and isinstance(result.get("content"), str):
        applied = result["content"].splitlines()  # a new file has an empty patch
    modified = result.get("userModified") is True
    ratio = kept_share(proposal.suggested, applied) if modified and proposal.suggested else None
    return Decision(
        use,
        ACCEPT if asked or modified else AUTOMATIC,
        "user_modified" if modified else INFERRED,
        accepted_lines=len(applied),
        diff_ratio=ratio if modified else 1.0,
        decided_at=at,
    )


def usage_tokens(usage: Mapping[str, Any]) -> Tokens:
    """Return the token counts of Anthropic's usage object, whose input excludes the cache."""
    parts = mapping(usage.get("cache_creation"))
    kept_1h = count(parts.get("ephemeral_1h_input_tokens"))
    read, written = count(usage.get("cache_read_input_tokens")), count(usage.get("cache_creation_input_tokens"))
    written = written or ((kept_1h or 0) + (count(parts.get("ephemeral_5m_input_tokens")) or 0)) or written
    return with_parts(
        (count(usage.get("input_tokens")) or 0) + (read or 0) + (written or 0),
        count(usage.get("output_tokens")) or 0,
        cache_read=read,
        cache_write=written,
        cache_write_1h=kept_1h,
    )


def price_fields(usage: Mapping[str, Any]) -> dict[str, Any]:
    """Return what changes a call's price beside its tokens, under the names of ``CanonicalTrace``."""
    return {
        "price_modifier": price_modifier(usage.get("speed"), usage.get("service_tier")),
        "web_searches": count(mapping(usage.get("server_tool_use")).get("web_search_requests")) or None,
    }


def further_calls(call: CanonicalTrace, usage: Mapping[str, Any]) -> list[CanonicalTrace]:
    """Return the calls inside one message that its own usage leaves out.

    ``usage.iterations`` lists every pass of a message. Those of type ``message`` add up to the message's usage; an
    advisor's and a compaction's are billed beside it, an advisor's at the price of a model of its own.
    """
    calls = []
    for number, given in enumerate(map(mapping, sequence(usage.get("iterations")))):
        kind, tokens = clean_text(given.get("type")), usage_tokens(given)
        if kind in {None, "message"} or not tokens.tokens_in + tokens.tokens_out:
            continue
        model = clean_text(given.get("model")) or call.model
        further = replace(
            call,
            model=model,
            provider=provider_of(model),
            call_id=f"{call.call_id or call.trace_hash}/{kind}-{number}",
            cost_usd=None,
            cost_source=None,
            cost_is_final=False,
            trace_hash=None,
            **tokens.fields(),
            **price_fields(given),
        )
        calls.append(further)
    return calls


# The HTTP statuses that Anthropic documents for its classes of error, less their ending "_error".
_STATUS_OF_ERROR = {
    "invalid_request": 400,
    "authentication": 401,
    "authentication_failed": 401,
    "billing": 402,
    "permission": 403,
    "not_found": 404,
    "request_too_large": 413,
    "rate_limit": 429,
    "timeout": 504,
    "overloaded": 529,
}


def status_of_error(name: object) -> int | None:
    """Return the HTTP status of a class of error that a record names without its number; None for an unknown one."""
    return _STATUS_OF_ERROR.get((clean_text(name) or "").removesuffix("_error"))


def provider_of(model: str | None) -> str | None:
    """Return who served a model: Anthropic for its own bare names; other services write prefixes."""
    return "anthropic" if model and model.startswith("claude") else None
