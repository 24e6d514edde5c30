"""No form of a report fails on a figure that is not known."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.rendering import render_csv, render_html, render_markdown, render_terminal
from prodlens.storage import ProdLensStore
from tests.metrics.situations import REPO, report_on, validator
from tests.metrics.test_associations import fill

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Path = tuple[str | int, ...]
SCHEMA: Any = validator().schema


def render_all(report: dict[str, Any]) -> str:
    """Return the report in every form but JSON, one below the other."""
    return "\n".join(
        [
            render_markdown(report),
            render_markdown(report, kind="comment"),
            render_html(report),
            render_terminal(report, details=True),
            render_csv(report),
        ]
    )


def resolved(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema that a reference points at."""
    while "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    return dict(schema)


def nullable(schema: Mapping[str, Any], value: object, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every value that the schema allows to be null; of a list's items those of the last one."""
    schema = resolved(schema)
    options = [resolved(option) for option in schema.get("anyOf", [schema])]
    if any("null" in option.get("type", ()) or None in option.get("enum", ()) for option in options):
        yield path
    inside = next((option for option in options if option.get("type") != "null"), {})
    if isinstance(value, dict):
        for key, child in value.items():
            below = inside.get("properties", {}).get(key, inside.get("additionalProperties"))
            if isinstance(below, dict):
                yield from nullable(below, child, (*path, key))
    elif isinstance(value, list) and value and "items" in inside:
        yield from nullable(inside["items"], value[-1], (*path, len(value) - 1))


def without(report: Mapping[str, Any], *paths: Path) -> dict[str, Any]:
    """Return the report with null at the paths; what no path leads through is the report's own."""
    changed: Any = dict(report)
    for path in paths:
        changed = _with_null(changed, path)
    return dict(changed)


def _with_null(value: Any, path: Path) -> Any:
    if value is None or not path:
        return None
    copied, (step, *rest) = copy.copy(value), path
    copied[step] = _with_null(value[step], tuple(rest))
    return copied


def test_every_null_that_the_schema_allows_can_be_shown(
    reports: Mapping[str, list[dict[str, Any]]], stride: int
) -> None:
    """Each figure of a full report, set to null by itself, leaves text without an error and without "None"."""
    rich = reports["rich"][0]
    paths = list(nullable(SCHEMA, rich))
    assert len(paths) > 100
    for path in paths[::stride]:
        assert "None" not in render_terminal(without(rich, path), details=True), path


def test_a_report_of_nulls_can_be_shown_in_every_form(reports: Mapping[str, list[dict[str, Any]]]) -> None:
    """With every figure null that may be, no form fails and none says "None"."""
    rich = reports["rich"][0]
    nothing = without(rich, *nullable(SCHEMA, rich))
    validator().validate(nothing)
    render_all(nothing)
    assert "None" not in render_markdown(nothing) + render_terminal(nothing, details=True)


@pytest.mark.parametrize("days", [28, 60])
def test_equal_days_can_be_shown(days: int) -> None:
    """Calls and commits that are the same every day correlate at 1 without an interval, and every form says so."""
    counts = [1 + day * 7 % 5 for day in range(days)]
    with ProdLensStore(":memory:") as store:
        fill(store, counts, counts)
        report = report_on(store, lag_days=0)
    headline = report["ai_outcome_association"]["spearman"]
    assert (headline["r"], headline["interval"]) == (pytest.approx(1.0), None)
    assert REPO in render_all(report)
