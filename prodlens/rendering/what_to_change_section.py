"""What to change: costs that brought nothing and savings that are left, in dollars, where the numbers support it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.rendering import formatting
from prodlens.rendering.charts import NO_MODEL
from prodlens.rendering.document import Data, Section, Table
from prodlens.rendering.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FEWEST_FAILED = 5
_MOST_SAVINGS = 5
_CENT = 0.01
_TOOLS = {
    "amp": "Amp",
    "claude-code": "Claude Code",
    "claude-code-action": "claude-code-action",
    "claude-code-otel": "Claude Code (OpenTelemetry)",
    "cline": "Cline",
    "codex": "Codex",
    "codex-exec": "codex exec",
    "copilot": "GitHub Copilot",
    "gemini-cli": "Gemini CLI",
    "gemini-cli-chat": "Gemini CLI",
    "genai": "OpenTelemetry GenAI",
    "gh-aw": "GitHub Agentic Workflows",
    "langfuse": "Langfuse",
    "litellm": "LiteLLM",
    "litellm-spend": "LiteLLM",
    "openinference": "OpenInference",
    "opencode": "opencode",
    "reference": "reference format",
}
_SMALLEST_SHARE = 0.01
_Row = tuple[str, str, str]


def what_to_change_section(report: Mapping[str, Any]) -> Section | None:
    """Return what failed, was not merged or was not read from a cache, in dollars; None where nothing is to be said.

    Below a hundredth of all cost nothing is.
    """
    least = max(_SMALLEST_SHARE * (report["cost_metrics"]["total_session_cost_usd"] or 0.0), _CENT)
    failed = tuple(_failed(report["failed_calls"], least))
    unmerged = tuple(_not_merged(report["pull_request_costs"], least))
    cached = tuple(_cache(report["cache"], least))
    after = []
    if unmerged:
        after.append("A pull request that was closed can have answered its question, whatever it cost.")
    if cached:
        after.append("Savings are at list prices and at most so much: tools get different work.")
    rows = (*failed, *unmerged, *cached)
    table = Table(("What", "From", "US dollars"), rows, "llr")
    return Section("what-to-change", "What to change", table=table, after=tuple(after)) if rows else None


def cache_by_tool_section(report: Mapping[str, Any]) -> Section | None:
    """Return how much of each tool's input a cache served; None where only one tool says so."""
    tools = report["cache"]["by_source"]
    if len(tools) < 2:  # noqa: PLR2004 - one tool has the figures of all
        return None
    rows = tuple(
        (
            _tool(row["source"]),
            formatting.count(row["sessions"]),
            formatting.count(row["input_tokens"]),
            formatting.optional(row["share"], formatting.percent, ""),
            formatting.optional(row["saved_usd"], formatting.usd, ""),
        )
        for row in tools
    )
    header = ("Source", "Calls", "Input tokens", "From cache", "Saved at list prices")
    return Section("cache", "Input from a cache, by tool", table=Table(header, rows, "lrrrr"), folded=True)


def _failed(failed: Mapping[str, Any], least: float) -> Iterator[_Row]:
    priced = failed["sessions"] - failed["unpriced_sessions"]
    if priced >= _FEWEST_FAILED and (failed["cost_usd"] or 0.0) >= least:
        yield "Failed calls", counted(priced, "call"), formatting.usd(failed["cost_usd"])


def _not_merged(costs: Mapping[str, Any], least: float) -> Iterator[_Row]:
    for name, what in (
        ("closed_unmerged", "Pull requests closed without a merge in this period"),
        ("reverted", "Pull requests reverted in this period"),
    ):
        found = costs[name]
        if (found["cost_usd"] or 0.0) >= least:
            yield what, f"{counted(found['with_cost'], 'pull request')} with a cost", formatting.usd(found["cost_usd"])


def _cache(cache: Mapping[str, Any], least: float) -> Iterator[_Row]:
    for row in cache["could_save"][:_MOST_SAVINGS]:
        if (row["saving_usd"] or 0.0) >= least:
            share, better = (formatting.optional(row[name], formatting.percent) for name in ("share", "better_share"))
            tool, other = _tool(row["source"]), _tool(row["better_source"])
            yield (
                NO_MODEL if row["model"] is None else Data(row["model"]),
                f"{tool} reads {share} of its input from a cache, {other} {better}",
                f"up to {formatting.usd(row['saving_usd'])}",
            )


def _tool(name: str | None) -> str:
    return "not named" if name is None else _TOOLS.get(name) or Data(name)
