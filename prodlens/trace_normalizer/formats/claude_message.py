"""What Claude Code's messages say in every file it writes: token counts, and what became of proposed tool uses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from prodlens.json_values import count, mapping, sequence
from prodlens.schemas import ACCEPT, AUTOMATIC, INFERRED, REJECT, Decision, ToolUse
from prodlens.trace_normalizer.formats.patches import kept_share, structured_patch_additions, suggested_additions
from prodlens.trace_normalizer.formats.tokens import Tokens, with_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

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
    read, written = count(usage.get("cache_read_input_tokens")), count(usage.get("cache_creation_input_tokens"))
    return with_parts(
        (count(usage.get("input_tokens")) or 0) + (read or 0) + (written or 0),
        count(usage.get("output_tokens")) or 0,
        cache_read=read,
        cache_write=written,
        cache_write_1h=count(mapping(usage.get("cache_creation")).get("ephemeral_1h_input_tokens")),
    )


def provider_of(model: str | None) -> str | None:
    """Return who served a model: Anthropic for its own bare names; other services write prefixes."""
    return "anthropic" if model and model.startswith("claude") else None
