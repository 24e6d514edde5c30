"""Signs of AI work, in words and as a table."""

from __future__ import annotations

from typing import Any

from prodlens.rendering.ai_share_section import ai_share_section


def share(total: int, **by_tool: int) -> dict[str, Any]:
    """Return the signs on some work, as a report has them; ``unnamed`` stands for a tool that no sign names."""
    signed = sum(by_tool.values())
    rows = [{"tool": None if tool == "unnamed" else tool, "with_evidence": count} for tool, count in by_tool.items()]
    return {
        "total": total,
        "with_evidence": signed,
        "high_confidence": signed,
        "share": signed / total if total else None,
        "by_tool": rows,
    }


def report(commits: dict[str, Any], pulls: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a report that the section reads."""
    return {"ai_share": {"commits": commits, "merged_pull_requests": pulls, "weekly": []}}


def test_the_section_counts_what_is_signed_and_who_signed() -> None:
    """Each kind of work has its sentence, each tool its row, the most frequent first."""
    section = ai_share_section(report(share(8, Cursor=1, Codex=2), share(4, Cursor=2, unnamed=1)))
    assert section is not None
    assert section.sentences == (
        "At least 3 of 8 commits (37.5%) carry a sign of AI.",
        "At least 3 of 4 merged pull requests (75.0%) carry a sign of AI.",
    )
    assert section.table is not None
    assert section.table.header == ("Tool", "Commits", "Merged pull requests")
    assert section.table.rows == (("Cursor", "1", "2"), ("Codex", "2", "0"), ("not named", "0", "1"))


def test_what_was_not_there_to_sign_has_neither_sentence_nor_column() -> None:
    """Without pull requests the table has no column for them, and without any work there is no section."""
    section = ai_share_section(report(share(1, Codex=1), share(0)))
    assert section is not None
    assert section.table is not None
    assert (len(section.sentences), section.table.header) == (1, ("Tool", "Commits"))
    assert ai_share_section(report(share(0), share(0))) is None


def test_work_without_a_sign_is_said_so() -> None:
    """No sign is told as no sign, and never as a share of zero."""
    section = ai_share_section(report(share(1), share(0)))
    assert section is not None
    assert (section.sentences, section.table) == (("No sign of AI was found on 1 commit.",), None)


def test_lines_that_notes_mark_have_a_sentence() -> None:
    """Where there are notes, their lines are told beside the lines that the same commits add."""
    lines = {"commits": 1, "marked": 1234, "added": 4936, "share": 0.25}
    section = ai_share_section(report({**share(2, Codex=1), "marked_lines": lines}, share(0)))
    assert section is not None
    assert section.sentences[1:] == ("Git notes of 1 commit mark 1,234 of 4,936 added lines (25.0%) as an agent's.",)
    section = ai_share_section(report({**share(2, Codex=1), "marked_lines": {**lines, "commits": 2}}, share(0)))
    assert section is not None
    assert section.sentences[1].startswith("Git notes of 2 commits mark")
