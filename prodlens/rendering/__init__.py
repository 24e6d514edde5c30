"""From report JSON to Markdown, HTML, CSV, JSON and terminal text, and the words of the report."""

from prodlens.rendering.escaping import markdown as escape_markdown
from prodlens.rendering.escaping import terminal as terminal_text
from prodlens.rendering.flat import csv_lines
from prodlens.rendering.formatting import count, hours, short_count, usd
from prodlens.rendering.formatting import number as number_text
from prodlens.rendering.markdown import COMMENT_LIMIT_BYTES, SUMMARY_LIMIT_BYTES, fitted
from prodlens.rendering.pull_request_page import render_pull_request
from prodlens.rendering.render import (
    SUFFIXES,
    markdown_blocks,
    render_csv,
    render_html,
    render_json,
    render_markdown,
    render_terminal,
    write_report,
)

__all__ = [
    "COMMENT_LIMIT_BYTES",
    "SUFFIXES",
    "SUMMARY_LIMIT_BYTES",
    "count",
    "csv_lines",
    "escape_markdown",
    "fitted",
    "hours",
    "markdown_blocks",
    "number_text",
    "render_csv",
    "render_html",
    "render_json",
    "render_markdown",
    "render_pull_request",
    "render_terminal",
    "short_count",
    "terminal_text",
    "usd",
    "write_report",
]
