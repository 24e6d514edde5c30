"""Report to Markdown, HTML, CSV, JSON and terminal text.

Every function takes one report or several (one for each repository) and reads nothing but them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from prodlens.errors import ConfigurationError, StorageError
from prodlens.files import Folder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prodlens.rendering.document import Document

    Report = Mapping[str, Any]
    Reports = Report | Sequence[Report]


def render_markdown(report: Reports, *, kind: Literal["summary", "comment"] = "summary") -> str:
    """Return GitHub Markdown for a job summary (at most 1,000,000 UTF-8 bytes) or a comment (at most 65,000).

    What does not fit is cut at the end of a section, and a notice says so.

    Raises:
        ValueError: The kind is neither.
    """
    from prodlens.rendering.markdown import to_markdown

    return to_markdown(_documents(report), kind=kind)


def markdown_blocks(report: Reports, *, kind: Literal["summary", "comment"] = "comment") -> list[str]:
    """Return what ``render_markdown`` joins, for a page that has more on it: blocks that each stand for themselves."""
    from prodlens.rendering.markdown import blocks

    return blocks(_documents(report), kind=kind)


def render_html(report: Reports) -> str:
    """Return one self-contained page with interactive charts; it asks for nothing from the network."""
    from prodlens.rendering.html import to_html

    return to_html(_documents(report))


def render_terminal(report: Reports, *, details: bool = False, width: int | None = None) -> str:
    """Return text with tables, without colours; ``details`` prints the folded sections as well.

    Args:
        report: One report or several.
        details: Whether to print the folded sections.
        width: Columns of the terminal, which no line is wider than, cells that have no blank to break at excepted;
            None prints tables as wide as they are.
    """
    from prodlens.rendering.terminal import to_terminal

    return to_terminal(_documents(report), details=details, width=width)


def render_csv(report: Reports) -> str:
    """Return every figure as a row of ``repo``, ``path`` (as ``fail-if`` writes it) and ``value``."""
    from prodlens.rendering.flat import to_csv

    return to_csv(_listed(report))


def render_json(report: Reports) -> str:
    """Return the report as indented JSON; several as a list."""
    import orjson

    return orjson.dumps(report, option=orjson.OPT_INDENT_2).decode() + "\n"


SUFFIXES: dict[str, Callable[[Reports], str]] = {
    ".json": render_json,
    ".md": render_markdown,
    ".html": render_html,
    ".csv": render_csv,
}


def write_report(report: Reports, path: Path | str, *, folder: Path | None = None) -> None:
    """Write the report in the format of the path's suffix; beside its name first, then renamed over it.

    Args:
        report: One report or several.
        path: The file; it may not be a link.
        folder: The file's folder, where that may not be a link either.

    Raises:
        ConfigurationError: The suffix is not one of ``SUFFIXES``.
        StorageError: The file cannot be written; an older one is left as it was.
    """
    path = Path(path)
    render = SUFFIXES.get(path.suffix.lower())
    if render is None:
        raise ConfigurationError(f"no report format has the suffix of {path.name!r} (expected {', '.join(SUFFIXES)})")
    text = render(report)
    try:
        (Folder.of(path) if folder is None else Folder(folder)).replace(path.name, text.encode(errors="replace"))
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror}") from error


def _listed(report: Reports) -> Sequence[Report]:
    return [report] if isinstance(report, Mapping) else report


def _documents(report: Reports) -> list[Document]:
    from prodlens.rendering.content import build_document
    from prodlens.rendering.organisation_content import ORGANISATION, build_organisation_document

    return [
        (build_organisation_document if one["metadata"].get("kind") == ORGANISATION else build_document)(one)
        for one in _listed(report)
    ]
