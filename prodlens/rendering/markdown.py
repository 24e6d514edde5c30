"""A document as GitHub's Markdown, cut at a section when it would grow too large."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.rendering.document import figure_table
from prodlens.rendering.environment import environment
from prodlens.rendering.mermaid import mermaid_chart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prodlens.rendering.document import Document, Section

COMMENT_LIMIT_BYTES: Final = 65_000  # GitHub refuses a comment of more than 65,536
SUMMARY_LIMIT_BYTES: Final = 1_000_000  # GitHub drops a whole summary of more than 1,048,576
_LIMITS = {"comment": COMMENT_LIMIT_BYTES, "summary": SUMMARY_LIMIT_BYTES}
_CUT = "> **Cut here:** {left} of {all} parts of this report did not fit and are left out; the report files have them."


def to_markdown(documents: Sequence[Document], *, kind: str) -> str:
    """Return the documents as Markdown for a job ``summary`` or a pull request ``comment``.

    A comment folds its charts away. The result is at most as many UTF-8 bytes as GitHub takes, and says when
    sections were left out.

    Raises:
        ValueError: The kind is neither.
    """
    if kind not in _LIMITS:
        raise ValueError(f"kind must be 'summary' or 'comment', not {kind!r}")
    return fitted(blocks(documents, kind=kind), _LIMITS[kind])


def blocks(documents: Sequence[Document], *, kind: str) -> list[str]:
    """Return the documents as blocks of Markdown, each of which stands for itself: the heads and their sections."""
    return [part for document in documents for part in _parts(document, kind)]


def fitted(parts: Sequence[str], limit: int) -> str:
    """Join as many parts as fit into ``limit`` UTF-8 bytes, the notice of what is missing included."""
    text = _joined(parts)
    kept = len(parts)
    while len(text.encode()) > limit and kept:
        kept -= 1
        text = _joined([*parts[:kept], _CUT.format(left=len(parts) - kept, all=len(parts))])
    return text


def _parts(document: Document, kind: str) -> list[str]:
    """Return the head of the document and its sections, each a block that stands for itself."""
    head = environment().get_template("head.md.j2")
    section = environment().get_template("section.md.j2")
    return [
        head.render(document=document),
        *(
            section.render(
                section=one,
                figures=figure_table(one.figures),
                folded=_is_folded(one, kind),
                mermaid=[mermaid_chart(c) for c in one.charts],
            )
            for one in document.sections
        ),
    ]


def _is_folded(section: Section, kind: str) -> bool:
    return section.folded or (kind == "comment" and bool(section.charts) and not section.figures)


def _joined(parts: Sequence[str]) -> str:
    return "\n\n".join(part.strip() for part in parts) + "\n"
