"""Lines of a suggestion and lines that were applied, counted from patches; no line is kept."""

from __future__ import annotations

import difflib
from collections import Counter
from typing import TYPE_CHECKING, Any

from prodlens.json_values import mapping, sequence

if TYPE_CHECKING:
    from collections.abc import Mapping

# Comparing two texts line by line costs the product of their lengths at worst: longer ones are not compared.
_LONGEST_COMPARED = 2000


def unified_diff_additions(diff: object) -> list[str]:
    """Return the lines that a unified diff adds."""
    if not isinstance(diff, str):
        return []
    return [line[1:] for line in diff.splitlines() if line.startswith("+") and not line.startswith("+++ ")]


def structured_patch_additions(patch: object) -> list[str]:
    """Return the lines that Claude Code's ``structuredPatch`` adds."""
    lines = (line for hunk in sequence(patch) for line in sequence(mapping(hunk).get("lines")))
    return [line[1:] for line in lines if isinstance(line, str) and line.startswith("+")]


def suggested_additions(tool_input: Mapping[str, Any]) -> list[str] | None:
    """Return the lines that the input of an edit or write tool would add; None for any other tool's."""
    content = tool_input.get("content", tool_input.get("new_source"))
    if isinstance(content, str):
        return content.splitlines()
    edits = sequence(tool_input.get("edits")) or [tool_input]
    suggested: list[str] = []
    for edit in edits:
        old, new = mapping(edit).get("old_string"), mapping(edit).get("new_string")
        if not isinstance(old, str) or not isinstance(new, str):
            return None
        suggested += additions(old.splitlines(), new.splitlines())
    return suggested


def additions(old: list[str], new: list[str]) -> list[str]:
    """Return the lines of the new text that a diff against the old one adds."""
    if max(len(old), len(new)) > _LONGEST_COMPARED:
        return new
    operations = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [line for tag, _, _, start, end in operations if tag in {"insert", "replace"} for line in new[start:end]]


def kept_share(suggested: list[str], applied: list[str]) -> float | None:
    """Return the share of the suggested lines that were applied, 0 to 1; None when none was suggested."""
    if not suggested:
        return None
    return sum((Counter(suggested) & Counter(applied)).values()) / len(suggested)
