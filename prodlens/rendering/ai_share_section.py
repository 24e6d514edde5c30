"""How much of the work carries a sign of AI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.rendering import formatting
from prodlens.rendering.document import Data, Section, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOWER_BOUND = (
    "These are lower bounds. Most tools leave no sign, and squash merges can lose one: work without a sign is not work "
    "without AI."
)


def ai_share_section(report: Mapping[str, Any]) -> Section | None:
    """Return the signs of AI on commits and merged pull requests; None where there are neither."""
    shares = report["ai_share"]
    sentences = tuple(
        _sentence(shares[name], one, several)
        for name, one, several in (
            ("commits", "commit", "commits"),
            ("merged_pull_requests", "merged pull request", "merged pull requests"),
        )
        if shares[name]["total"]
    )
    if not sentences:
        return None
    sentences += _marked_lines(shares["commits"].get("marked_lines"))
    return Section(
        "ai-share",
        "Signs of AI work",
        sentences,
        table=_table(shares),
        after=(_LOWER_BOUND,),
    )


def _marked_lines(lines: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Say how many lines git notes mark, where there are notes."""
    if lines is None:
        return ()
    commits = f"{formatting.count(lines['commits'])} {'commit' if lines['commits'] == 1 else 'commits'}"
    of_all = f"{formatting.count(lines['marked'])} of {formatting.count(lines['added'])} added lines"
    return (f"Git notes of {commits} mark {of_all} ({formatting.percent(lines['share'])}) as an agent's.",)


def _sentence(share: Mapping[str, Any], one: str, several: str) -> str:
    total = f"{formatting.count(share['total'])} {one if share['total'] == 1 else several}"
    if not share["with_evidence"]:
        return f"No sign of AI was found on {total}."
    signed = formatting.count(share["with_evidence"])
    return f"At least {signed} of {total} ({formatting.percent(share['share'])}) carry a sign of AI."


def _table(shares: Mapping[str, Any]) -> Table | None:
    """Return how often each tool signed, the most frequent first, over what there was to sign; None without a sign."""
    columns = {
        title: {row["tool"]: row["with_evidence"] for row in shares[name]["by_tool"]}
        for name, title in (("commits", "Commits"), ("merged_pull_requests", "Merged pull requests"))
        if shares[name]["total"]
    }
    tools = sorted(
        set().union(*columns.values()),
        key=lambda tool: (-sum(counts.get(tool, 0) for counts in columns.values()), tool or "~"),
    )
    rows = tuple(
        (Data(tool) if tool else "not named", *(formatting.count(counts.get(tool, 0)) for counts in columns.values()))
        for tool in tools
    )
    return Table(("Tool", *columns), rows, "l" + "r" * len(columns)) if rows else None
