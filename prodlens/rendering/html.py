"""A document as one HTML page that needs nothing else: style, scripts and data stand inside it."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from prodlens.rendering import escaping
from prodlens.rendering.document import Data
from prodlens.rendering.environment import environment
from prodlens.rendering.vega import vega_scripts
from prodlens.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prodlens.rendering.document import Chart, Document


def to_html(documents: Sequence[Document]) -> str:
    """Return the documents as one self-contained page of at most 2 MB, whose policy allows no other source."""
    vega = vega_scripts()
    drawn = any(section.charts for document in documents for section in document.sections)
    scripts = [*((script.text for script in vega) if drawn else ()), _template_text("report.js")]
    style = _template_text("report.css")
    repos = ", ".join(escaping.visible(document.repo) for document in documents)
    # The style and scripts below are ours or vendored, and are named by their hashes in the page's policy.
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            documents=documents,
            title=f"ProdLens report: {repos}",
            simulated=any(document.simulated for document in documents),
            policy=_policy(style, scripts),
            style=Markup(style),  # noqa: S704 - as above
            scripts=[Markup(script) for script in scripts],  # noqa: S704 - as above
            vega=vega,
            version=__version__,
            shown=_cell,
            specification=_specification,
        )
    )


def _policy(style: str, scripts: Sequence[str]) -> str:
    allowed = " ".join(_hash(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_hash(style)}; "
        "base-uri 'none'; form-action 'none'; connect-src 'none'; img-src 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _cell(text: str) -> Markup:
    """Return a cell: data as code, own words as they are; both escaped."""
    shown = escape(escaping.visible(text))
    return Markup("<code>{}</code>").format(shown) if isinstance(text, Data) else shown


def _specification(chart: Chart) -> Markup:
    """Return the chart's Vega-Lite specification with its rows and the common look, as JSON for a script element."""
    specification: dict[str, Any] = copy.deepcopy(_chart_template(chart.name))
    specification |= {"config": _chart_template("config"), "data": {"values": [dict(row) for row in chart.rows]}}
    if "usermeta" in specification:  # a bar a row: Vega-Lite fits a page's width only to a height in pixels
        size = specification.pop("usermeta")
        specification["height"] = size["row_height"] * len(chart.rows) + size["axis_height"]
    return Markup(escaping.script_json(specification))  # noqa: S704 - script_json leaves nothing that HTML reads


@cache
def _chart_template(name: str) -> dict[str, Any]:
    file = "charts/config.json" if name == "config" else f"charts/{name}.vl.json"
    template: dict[str, Any] = json.loads(_template_text(file))
    return template


@cache
def _template_text(name: str) -> str:
    return (files("prodlens.rendering") / "templates" / name).read_text(encoding="utf-8")
