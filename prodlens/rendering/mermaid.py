"""Charts as Mermaid, which GitHub draws from the text; each stands beside a table with the same numbers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from prodlens.rendering.escaping import LONGEST_TEXT, mermaid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prodlens.rendering.document import Chart

_MOST_SLICES = 8
_SMALLEST_SLICE_USD = 0.01  # Mermaid refuses a slice of 0.00
_STEPS = 24
_FEWEST_BARS = 2  # a single bar is not a chart


def mermaid_chart(chart: Chart) -> str:
    """Return the chart as a fenced Mermaid block, empty when there is too little to draw."""
    kind = chart.name.partition("-")[0]
    lines = _KINDS[kind](chart)
    return "\n".join(["```mermaid", *_colours(kind), *lines, "```"]) if lines else ""


def _colours(kind: str) -> list[str]:
    """Return the directive that makes bars, lines and slices stand out on a light and on a dark page."""
    return [f"%%{{init: {json.dumps({'themeVariables': _THEMES[kind]})}}}%%"]


def _weekly(chart: Chart) -> list[str]:
    rows = [row for row in chart.rows if row["value"] is not None]
    if len(rows) < _FEWEST_BARS:
        return []
    labels = [_month_day(row["week"]) for row in rows]
    values = [row["value"] for row in rows]
    return [*_head(chart, labels, chart.unit, (0, max(*values, 1))), f"    bar {_numbers(values)}"]


def _lags(chart: Chart) -> list[str]:
    rows = [row for row in chart.rows if row["r"] is not None]
    if len(rows) < _FEWEST_BARS:
        return []
    labels = [str(row["lag"]) for row in rows]
    # A line of Mermaid has no gaps: where a lag has no interval, its bounds stand at the correlation itself.
    lines = [[row["r"] if row[name] is None else row[name] for row in rows] for name in ("high", "r", "low")]
    return [*_head(chart, labels, "correlation", (-1, 1)), *(f"    line {_numbers(values)}" for values in lines)]


def _survival(chart: Chart) -> list[str]:
    """Sample the curve at even steps: Mermaid has no other x axis for a line."""
    rows = [row for row in chart.rows if row["open_share"] is not None]
    last = rows[-1]["days"] if rows else 0
    if not last:
        return []
    values = [100 * _at(rows, last * step / _STEPS) for step in range(_STEPS + 1)]
    return [
        "xychart-beta",
        f'    title "{mermaid(chart.title, LONGEST_TEXT)}"',
        f'    x-axis "days since opening" 0 --> {_number(last)}',
        '    y-axis "not merged yet in percent" 0 --> 100',
        f"    line {_numbers(values)}",
    ]


def _models(chart: Chart) -> list[str]:
    rows = [row for row in chart.rows if row["cost_usd"]]
    if len(rows) < _FEWEST_BARS:
        return []
    shown = rows if len(rows) <= _MOST_SLICES else rows[: _MOST_SLICES - 1]
    rest = sum(row["cost_usd"] for row in rows[len(shown) :])
    slices = [(str(row["model"]), row["cost_usd"]) for row in shown] + ([("others", rest)] if rest else [])
    return [
        f"pie showData title {mermaid(chart.title, LONGEST_TEXT)}",
        *(f'    "{mermaid(m)}" : {v:.2f}' for m, v in slices if v >= _SMALLEST_SLICE_USD),
    ]


_COLOURS = ("#2f6fdb", "#0f8a7e", "#8250c4", "#c2571a", "#b3366d", "#5d6878", "#8a7a1f", "#93a4bd")
_THEMES: dict[str, dict[str, Any]] = {
    "weekly": {"xyChart": {"plotColorPalette": _COLOURS[0]}},
    "survival": {"xyChart": {"plotColorPalette": _COLOURS[0]}},
    "lags": {"xyChart": {"plotColorPalette": f"{_COLOURS[-1]}, {_COLOURS[0]}, {_COLOURS[-1]}"}},
    "models": {
        **{f"pie{number}": colour for number, colour in enumerate(_COLOURS, start=1)},
        "pieSectionTextColor": "#ffffff",
    },
}
_KINDS = {"weekly": _weekly, "lags": _lags, "survival": _survival, "models": _models}


def _head(chart: Chart, labels: Sequence[str], unit: str, bounds: tuple[float, float]) -> list[str]:
    quoted = ", ".join(f'"{mermaid(label)}"' for label in labels)
    return [
        "xychart-beta",
        f'    title "{mermaid(chart.title, LONGEST_TEXT)}"',
        f"    x-axis [{quoted}]",
        f'    y-axis "{mermaid(unit)}" {_number(bounds[0])} --> {_number(bounds[1])}',
    ]


def _at(rows: Sequence[Mapping[str, Any]], days: float) -> float:
    """Return the share at a moment: that of the last step before it."""
    return float(next(row["open_share"] for row in reversed(rows) if row["days"] <= days))


def _month_day(day: str) -> str:
    return day[5:]


def _numbers(values: Sequence[float]) -> str:
    return f"[{', '.join(_number(value) for value in values)}]"


def _number(value: float) -> str:
    """A number without exponent, which Mermaid does not read."""
    return f"{value:.3f}".rstrip("0").rstrip(".") or "0"
