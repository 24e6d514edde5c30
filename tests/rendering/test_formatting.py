"""Numbers read the same wherever they are printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prodlens.rendering import formatting, render_markdown
from prodlens.rendering.cost_sections import cost_label
from prodlens.rendering.document import Chart
from prodlens.rendering.mermaid import mermaid_chart
from prodlens.rendering.wording import forbidden_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        (formatting.count, 1234567, "1,234,567"),
        (formatting.count, -7, "\N{MINUS SIGN}7"),
        (formatting.short_count, 9_999, "9,999"),
        (formatting.short_count, 10_000, "10.0 k"),
        (formatting.short_count, 999_949, "999.9 k"),
        (formatting.short_count, 999_950, "1.0 M"),
        (formatting.short_count, 18_432_100, "18.4 M"),
        (formatting.short_count, 2_500_000_000_000, "2,500.0 bn"),
        (formatting.number, 0, "0"),
        (formatting.number, 0.1234, "0.12"),
        (formatting.number, 1.234, "1.23"),
        (formatting.number, 12.34, "12.3"),
        (formatting.number, 123.4, "123"),
        (formatting.number, 12345.6, "12,346"),
        (formatting.percent, 0, "0%"),
        (formatting.percent, 1, "100%"),
        (formatting.percent, 0.0256, "2.6%"),
        (formatting.percent, 0.0004, "0.04%"),
        (formatting.percent, 0.9999, "99.99%"),
        (formatting.percent, 0.999999, "> 99.99%"),
        (formatting.percent, 1e-9, "< 0.01%"),
        (formatting.points, 0.021, "+2.1 points"),
        (formatting.points, -0.021, "\N{MINUS SIGN}2.1 points"),
        (formatting.points, -0.0001, "0.0 points"),
        (formatting.usd, 0, "$0.00"),
        (formatting.usd, 0.0012, "$0.0012"),
        (formatting.usd, 59.82, "$59.82"),
        (formatting.usd, -3, "\N{MINUS SIGN}$3.00"),
        (formatting.usd, 12345.6, "$12,346"),
        (formatting.milliseconds, 999, "999 ms"),
        (formatting.milliseconds, 4712.5, "4.7 s"),
        (formatting.correlation, 0.5201, "+0.52"),
        (formatting.correlation, -0.001, "0.00"),
        (formatting.ratio, 1.307, "1.31 times"),
    ],
)
def test_numbers_carry_their_unit(form: Callable[[float], str], value: float, text: str) -> None:
    """Every figure is printed with its unit, few digits, and a real minus sign."""
    assert form(value) == text


@pytest.mark.parametrize(
    ("bounds", "text"),
    [
        (None, ""),
        ({"low": None, "high": None}, ""),
        ({"low": 0.1, "high": 0.25}, "10.0% to 25.0%"),
        ({"low": 0.1, "high": None}, "10.0% or more"),
        ({"low": None, "high": 0.25}, "up to 25.0%"),
    ],
)
def test_open_intervals_are_said_in_words(bounds: dict[str, Any] | None, text: str) -> None:
    """A bound that the data leave open is not a number."""
    assert formatting.interval(bounds, formatting.percent) == text


@pytest.mark.parametrize(
    ("recorded", "computed", "plan", "label"),
    [
        (5, 0, None, "Cost"),
        (5, 0, 100.0, "Cost"),
        (5, 5, None, "Cost (in part from list prices)"),
        (0, 5, None, "Cost (from list prices)"),
        (0, 5, 100.0, "Cost (list-price equivalent)"),
    ],
)
def test_a_cost_from_list_prices_is_called_so(recorded: int, computed: int, plan: float | None, label: str) -> None:
    """A computed cost never reads like one that was paid."""
    report = {
        "metadata": {"plan_cost_usd_per_month": plan},
        "ledger": {"by_source": {"recorded": {"sessions": recorded}, "computed": {"sessions": computed}}},
    }
    assert cost_label(report) == label


@pytest.mark.parametrize("situation", ["empty", "two-weeks", "rich", "partial-sync"])
def test_no_word_claims_more_than_the_numbers(situation: str, reports: Mapping[str, list[dict[str, Any]]]) -> None:
    """Nothing printed holds a word of cause or proof."""
    assert forbidden_words(render_markdown(reports[situation])) == []


def test_a_pie_sums_up_its_smallest_slices() -> None:
    """A chart of many models shows the dearest and the rest as one, and no slice that Mermaid refuses."""
    rows = tuple({"model": f'm"{n}', "cost_usd": 20.0 - n} for n in range(12))
    drawn = mermaid_chart(Chart("models", "Cost", "", "US dollars", (*rows, {"model": "free", "cost_usd": 0.001})))
    assert drawn.count(" : ") == 8
    assert '"others" : 55.00' in drawn
    assert '"m 0" : 20.00' in drawn


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("weekly-usage", {"week": "2026-06-01", "value": 1}),
        ("lags", {"lag": 0, "r": 0.1, "low": None, "high": None}),
        ("survival", {"days": 0.0, "open_share": 1.0}),
        ("models", {"model": "one", "cost_usd": 1.0}),
    ],
)
def test_a_single_value_is_no_chart(name: str, row: dict[str, Any]) -> None:
    """Where there is nothing to compare, the table alone stands."""
    assert mermaid_chart(Chart(name, "t", "d", "u", (row,))) == ""
