"""The templates' environment: HTML is escaped by itself, Markdown through the filters that its templates name."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from prodlens.rendering import escaping
from prodlens.rendering.document import Data


def markdown_cell(text: str) -> str:
    """Return a cell or sentence for Markdown: data as literal code, own words as prose."""
    return escaping.markdown(text) if isinstance(text, Data) else escaping.markdown_text(text)


@cache
def environment() -> Environment:
    """Return the environment of every template; an unknown name in a template is an error."""
    made = Environment(
        loader=PackageLoader("prodlens.rendering"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["md"] = markdown_cell
    made.filters["visible"] = escaping.visible
    made.tests["data"] = lambda text: isinstance(text, Data)
    return made
