"""The figures of an organisation's report from an engine's small results: literal rows, no engine."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from prodlens.organisation.figures import (
    Months,
    _all_publishable,
    _hidden_cells,
    _hidden_groups,
    _kinds,
    _lines,
    _median_of,
    _month,
    _quantiles,
    _week,
)
from prodlens.organisation.period import Period

SPRING = Months.of(Period(date(2026, 3, 10), date(2026, 5, 11)))


def test_months_are_those_that_have_a_day_in_the_period() -> None:
    """From any day of the first to the day before the end; a period may pass a new year or be one day."""
    assert SPRING.numbers == (202603, 202604, 202605)
    assert Months.of(Period(date(2025, 11, 30), date(2026, 2, 1))).numbers == (202511, 202512, 202601)
    assert Months.of(Period(date(2026, 3, 1), date(2026, 4, 1))).numbers == (202603,)
    assert Months.of(Period(date(2026, 3, 31), date(2026, 4, 2))).numbers == (202603, 202604)


def test_days_of_a_month_are_those_that_the_period_covers() -> None:
    """The 10th to the 31st of March, all of April, and ten days of May."""
    assert [SPRING.days(month) for month in SPRING.numbers] == [22, 30, 10]
    assert Months.of(Period(date(2024, 1, 1), date(2024, 12, 31))).days(202402) == 29


@pytest.mark.parametrize(
    ("costs", "change"),
    [
        ({202604: Decimal(60), 202605: Decimal(30)}, 0.5),
        ({202604: Decimal(60), 202605: Decimal(10)}, -0.5),
        ({202604: Decimal(60), 202605: Decimal(0)}, -1.0),
        ({202604: Decimal(60)}, None),
        ({202605: Decimal(30)}, None),
        ({202604: Decimal(0), 202605: Decimal(30)}, None),
        ({202603: Decimal(22), 202605: Decimal(30)}, None),
    ],
)
def test_change_is_by_the_day_against_the_month_before(costs: dict[int, Decimal], change: float | None) -> None:
    """From two dollars a day to three is a change of a half; without both months, or from zero, there is none."""
    assert SPRING.change(costs) == change


def test_one_month_has_no_change() -> None:
    """There is no month before it."""
    assert Months.of(Period(date(2026, 3, 1), date(2026, 4, 1))).change({202603: Decimal(5)}) is None


@pytest.mark.parametrize(
    ("since", "until", "forecast"),
    [
        (date(2026, 4, 1), date(2026, 4, 8), 30),
        (date(2026, 4, 1), date(2026, 4, 7), None),
        (date(2026, 4, 2), date(2026, 4, 20), None),
        (date(2026, 3, 20), date(2026, 4, 15), 15),
        (date(2026, 4, 1), date(2026, 4, 30), 7),
        (date(2026, 4, 1), date(2026, 5, 1), None),
    ],
)
def test_an_open_month_goes_on_as_it_began(since: date, until: date, forecast: int | None) -> None:
    """Seven dollars in 7, 14 or 29 days of April are 30, 15 or 7.24 in 30; six days, or a later start, are too few."""
    months = Months.of(Period(since, until))
    found = months.forecast({202604: Decimal(7)})
    assert (None if found is None else int(found)) == forecast
    assert months.forecast({202603: Decimal(7)}) is None


def cell(name: str, month: int, people: int, under: str = "") -> dict[str, Any]:
    """Return the row of a cell."""
    return {"name": name, "under": under, "month": month, "people": people}


def persons(name: str, month: int, *people: str, under: str = "") -> list[dict[str, Any]]:
    """Return who stands behind a cell."""
    return [{"name": name, "under": under, "month": month, "person": person} for person in people]


def test_a_cell_of_few_people_is_hidden_in_its_month_alone() -> None:
    """In the month with a tool of two people the smallest other tool is withheld too; the next month is shown."""
    rows = [cell("a", 1, 2), cell("b", 1, 6), cell("c", 1, 9), cell("a", 2, 5), cell("b", 2, 6)]
    assert _hidden_cells(rows, persons("a", 1, "x", "y"), set(), 5) == {("a", 1), ("b", 1)}


def test_cells_whose_people_are_five_together_hide_each_other() -> None:
    """Three people and two others are a rest of five; the same three twice are a rest of three."""
    rows = [cell("a", 1, 3), cell("b", 1, 2), cell("c", 1, 9)]
    five = [*persons("a", 1, "u", "v", "w"), *persons("b", 1, "x", "y")]
    assert _hidden_cells(rows, five, set(), 5) == {("a", 1), ("b", 1)}
    same = [*persons("a", 1, "u", "v", "w"), *persons("b", 1, "u", "v")]
    assert _hidden_cells(rows, same, set(), 5) == {("a", 1), ("b", 1), ("c", 1)}
    elsewhere = [*persons("a", 1, "u", "v", "w"), *persons("b", 2, "x", "y"), *persons("b", 1, "x", under="t")]
    assert _hidden_cells(rows, elsewhere, set(), 5) == {("a", 1), ("b", 1), ("c", 1)}


def test_cells_of_a_hidden_whole_are_hidden() -> None:
    """Of a team that is withheld in a month its repositories are withheld in that month, and in no other."""
    rows = [cell("r", 1, 9, "t"), cell("r", 2, 9, "t"), cell("s", 1, 9, "u")]
    assert _hidden_cells(rows, [], {("t", 1)}, 5) == {("r", 1)}
    assert _hidden_cells(rows, [], set(), 10) == {("r", 1), ("r", 2), ("s", 1)}


def test_groups_are_hidden_within_their_team() -> None:
    """A repository of few authors takes another of its team with it; the other team's stay."""
    rows = [
        {"name": "a", "under": "t", "people": 2},
        {"name": "b", "under": "t", "people": 6},
        {"name": "c", "under": "u", "people": 5},
    ]
    few = [{"name": "a", "under": "t", "person": "x"}, {"name": "a", "under": "t", "person": "y"}]
    assert _hidden_groups(rows, few, set(), 5) == {("a", "t"), ("b", "t")}
    assert _hidden_groups(rows[1:], [], {("u", "")}, 5) == {("c", "u")}
    assert _hidden_groups(rows[1:], [], set(), 7) == {("b", "t"), ("c", "u")}
    large = [{"name": "a", "under": "", "people": 4}, {"name": "b", "under": "", "people": 3}, rows[2] | {"under": ""}]
    apart = [
        {"name": name, "under": "", "person": f"{name}{n}"} for name, size in (("a", 4), ("b", 3)) for n in range(size)
    ]
    assert _hidden_groups(large, apart, set(), 5) == {("a", ""), ("b", "")}


def usage(name: str, month: int, calls: int, cost: str | None, under: str = "") -> dict[str, Any]:
    """Return a row of usage, with ten tokens a call."""
    cost_usd = None if cost is None else Decimal(cost)
    return {"name": name, "under": under, "month": month, "calls": calls, "tokens": calls * 10, "cost_usd": cost_usd}


def test_lines_are_in_order_of_cost_and_show_what_is_published() -> None:
    """The most expensive first, then more calls, then the name; a hidden month is empty and counts for nothing."""
    rows = [
        usage("a", 202604, 1, "6"),
        usage("", 202604, 1, "6"),
        usage("b", 202603, 2, "5"),
        usage("b", 202604, 3, "30"),
        usage("e", 202605, 4, "0"),
        usage("c", 202605, 4, None),
        usage("d", 202605, 5, None),
        usage("g", 202605, 1, "0.5"),
        usage("f", 202605, 1, "99"),
    ]
    found = _lines(SPRING, rows, {("b", 202603), ("f", 202605)}, "tool")
    assert [(line["name"], line["cost_usd"], line["calls"], line["tokens"]) for line in found["rows"]] == [
        ("b", 30.0, 3, 30),
        (None, 6.0, 1, 10),
        ("a", 6.0, 1, 10),
        ("g", 0.5, 1, 10),
        ("d", None, 5, 50),
        ("c", None, 4, 40),
        ("e", 0.0, 4, 40),
    ]
    assert [line["months"] for line in found["rows"][:2]] == [[None, 30.0, None], [None, 6.0, None]]
    assert found["rows"][4]["months"] == [None, None, None]
    assert (found["withheld"], found["withheld_months"]) == (1, 2)
    assert "team" not in found["rows"][0]


def test_lines_of_repositories_name_their_team() -> None:
    """A repository without a team has none, and the change is computed from months that are shown."""
    rows = [usage("r", 202604, 1, "60", "t"), usage("r", 202605, 1, "30", "t"), usage("s", 202605, 1, "1")]
    found = _lines(SPRING, rows, set(), "repository")["rows"]
    assert [(line["name"], line["team"], line["change"]) for line in found] == [("r", "t", 0.5), ("s", None, None)]
    assert [(line["forecast_usd"], line["cost_usd"]) for line in found] == [(93.0, 90.0), (3.1, 1.0)]


def whole(people: int = 5, **changes: Any) -> dict[str, Any]:
    """Return the row of all usage of a month."""
    return {"people": people, "calls": 20, "tokens": 200, "cost_usd": Decimal(10)} | changes


def parts(**changes: Any) -> dict[str, Any]:
    """Return the row of a month's parts, each of five people."""
    people = dict.fromkeys(("attributed_people", "unattributed_people", "priced_people", "unpriced_people"), 5)
    return {"attributed_calls": 12, "attributed_usd": Decimal(7), "priced_calls": 16} | people | changes


def month(row: dict[str, Any] | None, part: dict[str, Any] | None) -> tuple[Any, ...]:
    """Return people, calls, cost and the parts of March."""
    found = _month(SPRING, 202603, row, part, 5)
    assert (found["month"], found["days"], found["days_of_month"]) == ("2026-03", 22, 31)
    names = ("people", "calls", "tokens", "cost_usd", "attributed_usd", "unattributed_usd", "unpriced_calls")
    return tuple(found[name] for name in names)


def test_a_month_has_its_parts() -> None:
    """Seven of ten dollars belong to pull requests, and four of twenty calls have no price."""
    assert month(whole(), parts()) == (5, 20, 200, 10.0, 7.0, 3.0, 4)


@pytest.mark.parametrize(("row", "part"), [(None, parts()), (whole(), None), (whole(people=4), parts())])
def test_a_month_without_usage_or_of_few_people_is_empty(
    row: dict[str, Any] | None, part: dict[str, Any] | None
) -> None:
    """It has its days and nothing else."""
    assert month(row, part) == (None,) * 7


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"attributed_people": 4}, (None, None, 4)),
        ({"unattributed_people": 4}, (None, None, 4)),
        ({"priced_people": 4}, (7.0, 3.0, None)),
        ({"unpriced_people": 4}, (7.0, 3.0, None)),
        ({"attributed_calls": 0, "attributed_people": 0, "attributed_usd": None}, (0.0, 10.0, 4)),
        ({"attributed_calls": 20, "unattributed_people": 0}, (7.0, 3.0, 4)),
        ({"priced_calls": 20, "unpriced_people": 0}, (7.0, 3.0, 0)),
        ({"priced_calls": 0, "priced_people": 0}, (7.0, 3.0, 20)),
        ({"priced_calls": 19, "unpriced_people": 1}, (7.0, 3.0, None)),
    ],
)
def test_a_part_of_few_people_is_withheld_and_an_empty_one_is_not(
    changes: dict[str, Any], told: tuple[float | None, ...]
) -> None:
    """Cost and price are split separately: if one side has one to four people, both sides are withheld."""
    assert month(whole(), parts(**changes))[4:] == told


def test_a_month_without_any_price_has_no_cost_to_split() -> None:
    """Unknown is not zero."""
    assert month(whole(cost_usd=None), parts(attributed_usd=None))[3:] == (None, None, None, 4)


KINDS = ("merged", "with_cost", "without_cost", "unmerged", "reverted", "assisted", "other", "unknown")


def kinds(**changes: Any) -> dict[str, Any]:
    """Return the row of kinds of pull requests: 30 merged ones, 20 with a cost, all of five people."""
    counts = dict(zip(KINDS, (30, 20, 10, 6, 7, 8, 12, 10), strict=True))
    costs = {"with_cost_usd": Decimal(40), "unmerged_usd": Decimal(3), "reverted_usd": Decimal(2)}
    return counts | {f"{kind}_people": 5 for kind in KINDS} | costs | changes


def test_kinds_of_pull_requests_of_enough_people_are_published() -> None:
    """Of 20 whose kind is known 8 are assisted."""
    assert _kinds(kinds(), 5) == {
        "merged": 30,
        "with_cost": 20,
        "cost_usd": 40.0,
        "unmerged": 6,
        "unmerged_usd": 3.0,
        "reverted": 7,
        "reverted_usd": 2.0,
        "assisted": 8,
        "known_assistance": 20,
        "ai_share": 0.4,
    }


@pytest.mark.parametrize(
    ("kind", "hidden"),
    [
        ("merged", {"merged"}),
        ("without_cost", {"merged"}),
        ("with_cost", {"with_cost", "cost_usd"}),
        ("unmerged", {"unmerged", "unmerged_usd"}),
        ("reverted", {"reverted", "reverted_usd"}),
        ("assisted", {"assisted", "known_assistance", "ai_share"}),
        ("other", {"assisted", "known_assistance", "ai_share"}),
        ("unknown", {"assisted", "known_assistance", "ai_share"}),
    ],
)
def test_a_kind_of_few_people_hides_what_it_could_be_found_from(kind: str, hidden: set[str]) -> None:
    """A count, its cost, and whatever would give it by subtraction are withheld."""
    found = _kinds(kinds(**{f"{kind}_people": 4}), 5)
    assert {name for name, value in found.items() if value is None} == hidden


def test_kinds_of_nothing_are_zero_and_have_no_share() -> None:
    """Sums over no rows are unknown to an engine; nothing was merged, and no share is made of nothing."""
    empty = dict.fromkeys(KINDS) | {f"{kind}_people": 0 for kind in KINDS}
    costs = dict.fromkeys(("with_cost_usd", "unmerged_usd", "reverted_usd"))
    found = _kinds(empty | costs, 5)
    assert (found["merged"], found["with_cost"], found["unmerged"], found["assisted"]) == (0, 0, 0, 0)
    assert (found["cost_usd"], found["known_assistance"], found["ai_share"]) == (None, 0, None)


def test_parts_are_published_together_or_not_at_all() -> None:
    """One part of few people withholds all parts; an unknown size counts as an empty part."""
    row = {"a": 3, "a_people": 5, "b": None, "b_people": 0, "c": 1, "c_people": 1}
    assert _all_publishable(row, ("a", "b"), 5)
    assert not _all_publishable(row, ("a", "c"), 5)
    assert not _all_publishable(row, ("a", "b"), 6)


@pytest.mark.parametrize(
    ("costs", "median", "ninetieth"),
    [
        ([7], 7.0, 7.0),
        ([1, 4], 2.5, 3.7),
        ([1, 2, 6], 2.0, 5.2),
        (range(11), 5.0, 9.0),
        (range(12), 5.5, 9.9),
    ],
)
def test_quantiles_lie_between_their_places(costs: Any, median: float, ninetieth: float) -> None:
    """The 90th percentile of eleven costs is the tenth; of twelve, nine tenths of the way to the eleventh."""
    rows = [{"costs": len(costs), "place": place, "cost_usd": Decimal(cost)} for place, cost in enumerate(costs)]
    assert _quantiles(rows, is_shown=True) == {"median_usd": median, "percentile_90_usd": ninetieth}
    nothing = {"median_usd": None, "percentile_90_usd": None}
    assert (
        _quantiles(rows, is_shown=False) == _quantiles(None, is_shown=True) == _quantiles([], is_shown=True) == nothing
    )


@pytest.mark.parametrize(
    ("classes", "median"),
    [
        ({0: 4}, 50.0),
        ({1: 2}, 112.5),
        ({1: 1, 2: 1}, 125.0),
        ({1: 1, 2: 3}, 136.66666666666666),
        ({2: 3, 1: 1}, 136.66666666666666),
        ({41: 5}, 1_000_000.0),
        ({40: 2}, 900_000.0),
        ({1: 1, 5: 1}, 125.0),
        ({1: 2, 2: 1, 3: 4}, 165.0),
    ],
)
def test_the_median_of_a_histogram_lies_evenly_within_its_class(classes: dict[int, int], median: float) -> None:
    """The classes end at 100, 125, 160 ... 800,000 and 1,000,000 ms; the last one gives its lower bound."""
    assert _median_of(classes) == pytest.approx(median, rel=1e-12)


def test_a_week_of_few_people_is_a_week() -> None:
    """It stands in the list without a number."""
    assert _week({"week": date(2026, 5, 4), "people": 5}, 5) == {"week": "2026-05-04", "people": 5}
    assert _week({"week": date(2026, 5, 4), "people": 4}, 5) == {"week": "2026-05-04", "people": None}
