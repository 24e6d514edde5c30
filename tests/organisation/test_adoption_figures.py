"""What changed after people began, in figures of a made-up organisation that never change."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from prodlens.organisation import Period, connected
from prodlens.organisation.adoption import FEW_PEOPLE, NO_TRACES, NOBODY, TOO_SHORT, beginning_figures
from prodlens.organisation.adoption_queries import AdoptionTables, Weeks
from prodlens.statistics.adoption import TOO_FEW_ADOPTERS
from tests.metrics.assistance import START
from tests.metrics.test_pull_request_costs import rounded
from tests.organisation.published import as_table, call, pull

WEEKS = 16
PERIOD = Period(START.date(), START.date() + timedelta(weeks=WEEKS))
EMPTY: dict[str, Any] = {
    "since": None,
    "weeks": None,
    "began": None,
    "not_begun": None,
    "always": None,
    "sporadic": None,
    "verdict": "too_few",
    "reason": None,
    "ratio": None,
    "interval": None,
    "p_value": None,
    "minimum_detectable": None,
    "ratio_without_absences": None,
    "placebo": None,
    "by_week": [],
}
Rows = list[dict[str, Any]]


def organisation(more: int = 1, before: int = 0) -> dict[str, Rows]:
    """Return the rows of 20 people in two repositories, one of them in both.

    Nine begin in the 7th to 9th week and merge ``more`` in two of three weeks from then on, and ``before`` from four
    weeks earlier. One had calls from the first week on, one in every other week, nine had none. Everybody was away in
    every ninth week. Calls of somebody who opens nothing come from the second week on.
    """
    calls: Rows = []
    pulls: Rows = []
    for person in range(20):
        begun = 6 + person % 3 if person < 9 else 99
        for place in ("acme/a", "acme/b")[person % 2 : 1 + person % 2 + (person == 4)]:
            for week in range(WEEKS):
                at = START + timedelta(weeks=week, days=1)
                if week >= begun or person == 9 or (person == 10 and week % 2 == 0):
                    calls.append(called(f"p{person}", place, at))
                merged = 1 + (person * 3 + week * 5) % 3 + before * (begun - 4 <= week)
                merged += more * (begun <= week and (person + week) % 3 > 0)
                for n in range(0 if (person + week) % 9 == 0 else max(merged, 0)):
                    times = dict.fromkeys(("opened_at", "merged_at", "closed_at"), at + timedelta(hours=n))
                    pulls.append(pull(len(pulls), None, f"p{person}", repository=place, state="closed") | times)
    nobody = [(place, START + timedelta(weeks=week)) for place in ("acme/a", "acme/b") for week in range(1, WEEKS)]
    return {"calls": calls + [called("nobody", *each) for each in nobody], "pull_requests": pulls, "commits": []}


def called(person: str, place: str, at: Any) -> dict[str, Any]:
    """Return the row of a call."""
    return call("5-01", person, repository=place, source="litellm") | {"at": at, "day": at.date()}


def figures(tables: dict[str, Rows] | None, fewest: int = 5, period: Period = PERIOD) -> dict[str, Any]:
    """Return what is found in tables in memory."""
    engine = connected("duckdb")
    given = None
    if tables is not None:
        given = AdoptionTables(**{name: engine.given(name, as_table(name, rows)) for name, rows in tables.items()})
    found: dict[str, Any] = rounded(beginning_figures(engine, given, Weeks.of(period), fewest))
    return found


def test_every_figure_of_a_change() -> None:
    """Counts of each kind of person, ratio and interval, what was there before, and the weeks around the beginning."""
    found = figures(organisation(), fewest=1)
    by_week = {row["week"]: row["ratio"] for row in found.pop("by_week")}
    p_value, placebo_p = found.pop("p_value"), found["placebo"].pop("p_value")
    assert 0 < p_value < 0.01  # dates are exchanged at random
    assert placebo_p > 0.3
    assert found == {
        "since": "2026-01-05",
        "weeks": 16,
        "began": 9,
        "not_begun": 9,
        "always": 1,
        "sporadic": 1,
        "verdict": "more",
        "reason": None,
        "ratio": 1.414131,
        "interval": {"low": 1.254352, "high": 1.594263, "level": 0.95},
        "minimum_detectable": 1.18391,
        "ratio_without_absences": 1.384615,
        "placebo": {"ratio": 0.939722},
    }
    assert list(by_week) == list(range(-4, 9))
    assert [by_week[week] for week in (-4, -1, 0, 8)] == [0.958638, 0.974855, 1.495879, 1.710344]


def test_fewer_is_told_as_fewer_and_small_groups_not_at_all() -> None:
    """A change downwards has its verdict; kinds of fewer people than asked for have no count."""
    found = figures(organisation(more=-2))
    assert (found["verdict"], found["began"], found["not_begun"]) == ("fewer", 9, 9)
    assert (found["always"], found["sporadic"]) == (None, None)
    assert found["ratio"] < 0.8


def test_what_does_not_change_cannot_be_told() -> None:
    """Without a change the ratio stands with its interval, and no direction."""
    found = figures(organisation(more=0))
    assert found["verdict"] == "cannot_answer"
    assert found["p_value"] > 0.05
    assert found["interval"]["low"] < 1 < found["interval"]["high"]


def test_those_who_were_already_changing_keep_the_weeks_before_alone() -> None:
    """A rise before the beginning takes away every figure of the change, and every week from the beginning on."""
    found = figures(organisation(before=2))
    assert found["verdict"] == "already_changing"
    names = ("reason", "ratio", "interval", "p_value", "minimum_detectable", "ratio_without_absences")
    assert [found[name] for name in names] == [None] * 6
    assert found["placebo"]["ratio"] == 1.969856
    assert found["placebo"]["p_value"] <= 0.05
    assert [(row["week"], row["ratio"] is None) for row in found["by_week"]] == [(n, n >= 0) for n in range(-4, 9)]


def test_too_few_people_have_counts_alone() -> None:
    """Nine and nine are enough for nine, and not for ten; nothing else is said then, but when calls came from."""
    nine = figures(organisation(), fewest=9)
    assert (nine["ratio"], nine["began"], {row["week"] for row in nine["by_week"]}) == (1.414131, 9, set(range(-4, 8)))
    assert figures(organisation(), fewest=10) == EMPTY | {"since": "2026-01-05", "weeks": 16, "reason": FEW_PEOPLE}


def test_what_cannot_be_compared_has_its_reason() -> None:
    """Too few weeks, no calls, nobody who opens pull requests, and nobody who began."""
    assert figures(None) == EMPTY | {"reason": TOO_SHORT}
    tables = organisation()
    assert figures(tables | {"calls": []}) == EMPTY | {"reason": NO_TRACES}
    since = {"since": "2026-01-05", "weeks": 16}
    assert figures(tables | {"pull_requests": []}) == EMPTY | since | {"reason": NOBODY, **counted(0, 0, 0, 0)}
    others = [row for row in tables["calls"] if row["developer"] == "nobody"]
    later = {"since": "2026-01-12", "weeks": 15}
    found = figures(tables | {"calls": others}, fewest=1)
    assert found == EMPTY | later | {"reason": TOO_FEW_ADOPTERS, **counted(0, 20, 0, 0)}


def counted(
    began: int | None, not_begun: int | None, always: int | None, sporadic: int | None
) -> dict[str, int | None]:
    """Return how many people there are of each kind."""
    return {"began": began, "not_begun": not_begun, "always": always, "sporadic": sporadic}


@pytest.mark.parametrize("first", [3, 7])
def test_weeks_before_the_first_call_of_a_repository_do_not_count(first: int) -> None:
    """Where calls come from a week on, everything before it is left out, in each repository by itself."""
    tables = organisation()
    start = START + timedelta(weeks=first)
    tables["calls"] = [row for row in tables["calls"] if row["at"] >= start]
    found = figures(tables)
    assert (found["since"], found["weeks"]) == (start.date().isoformat(), WEEKS - first)
