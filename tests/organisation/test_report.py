"""The organisation's report, figure by figure, on DuckDB."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.organisation import Period, connected, organisation_report
from prodlens.organisation.figures import usage_figures
from prodlens.organisation.queries import Tables
from tests.json_schema import Schema
from tests.organisation.published import NOW, call, in_memory, moment, publish, pull, repository

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

FIVE = ("ann", "bea", "cem", "dan", "eva")
MAY = Period(moment("5-01").date(), moment("6-01").date())


def report_on(place: Path, period: Period = MAY, **options: Any) -> dict[str, Any]:
    """Report on a place; what comes back is strict JSON that fits the schema."""
    return as_json(organisation_report(connected("duckdb"), str(place), period, now=NOW, **options))


def as_json(figures: dict[str, Any], *section: str) -> dict[str, Any]:
    """Return a report, or a section of one by its path, as strict JSON that fits the schema."""
    strict: dict[str, Any] = json.loads(json.dumps(figures, allow_nan=False))
    schema_of(section).validate(strict)
    return strict


def usage_of(calls: Iterable[Mapping[str, Any]], period: Period = MAY) -> dict[str, Any]:
    """Return what a report says of calls alone, from tables in memory: cost, users by week and latencies."""
    engine = connected("duckdb")
    tables = Tables(**in_memory(engine, {"calls": calls}, "calls", "pull_requests"), teams=engine.teams({}))
    found = usage_figures(engine, tables, period, 5)
    return found | {"cost": as_json(found["cost"], "cost")}


@cache
def schema_of(section: tuple[str, ...]) -> Schema:
    """Return the schema of an organisation's report, or of a section of it."""
    schema = json.loads((files("prodlens.organisation") / "organisation.schema.json").read_text(encoding="utf-8"))
    for name in section:
        schema = schema["properties"][name]
    return Schema(schema)


def test_an_empty_place_has_an_empty_report(tmp_path: Path) -> None:
    """Where nothing is published, every figure is missing and none is zero, counts of repositories apart."""
    found = report_on(tmp_path)
    assert found["metadata"]["organisation"] == "0 owners"
    assert found["repositories"] == {"count": 0, "with_traces": 0, "teams": 0, "attention": []}
    assert found["cost"]["months"][0]["cost_usd"] is None
    assert found["cost"]["cost_usd"] is None
    assert found["pull_requests"]["whole"]["median_usd"] is None
    assert found["pull_requests"]["whole"]["merged"] == 0
    assert found["latency_by_model"] == found["adoption"]["weeks"] == []


def test_cost_is_split_by_month_and_dimension() -> None:
    """Calls of the period count, by the months that it covers; tools and models have their own lines."""
    calls = [
        *(call("4-30 23:59", who, 100) for who in FIVE),
        *(call("5-01 00:00", who, "1.5", tool="codex", model=None) for who in FIVE),
        *(call("5-31 23:59", who, "0.25") for who in FIVE),
        *(call("6-01 00:00", who, 100) for who in FIVE),
    ]
    found = usage_of(calls)["cost"]
    assert [(m["month"], m["days"], m["calls"], m["tokens"], m["cost_usd"], m["people"]) for m in found["months"]] == [
        ("2026-05", 31, 10, 1000, 8.75, 5)
    ]
    assert found["cost_usd"] == 8.75
    assert [(row["name"], row["cost_usd"], row["months"]) for row in found["by_tool"]["rows"]] == [
        ("codex", 7.5, [7.5]),
        ("claude-code", 1.25, [1.25]),
    ]
    assert [row["name"] for row in found["by_model"]["rows"]] == [None, "m-1"]
    assert [(row["name"], row["team"]) for row in found["by_repository"]["rows"]] == [("acme/web", None)]


def test_change_and_forecast_are_by_the_day() -> None:
    """31 dollars in 31 days and 20 in ten: the cost a day doubled, and June of 30 days will cost 60."""
    calls = [call("5-03", who, "6.2") for who in FIVE] + [call("6-02", who, 4) for who in FIVE]
    found = usage_of(calls, Period(moment("5-01").date(), moment("6-11").date()))["cost"]
    assert [month["cost_usd"] for month in found["months"]] == [31.0, 20.0]
    assert found["change"] == 1.0
    assert found["forecast_usd"] == 60.0
    assert found["by_model"]["rows"][0]["forecast_usd"] == 60.0


@pytest.mark.parametrize(("since", "until"), [("5-01", "7-01"), ("5-01", "6-07"), ("6-03", "6-12")])
def test_no_forecast_without_a_week_of_an_open_month(since: str, until: str) -> None:
    """A month that is over, has fewer than seven days, or is not covered from its first day has no forecast."""
    calls = [call("6-04", who, 4) for who in FIVE]
    found = usage_of(calls, Period(moment(since).date(), moment(until).date()))["cost"]
    assert found["forecast_usd"] is None
    assert found["change"] is None


def test_what_belongs_to_no_pull_request_and_has_no_price_is_counted() -> None:
    """Cost without a pull request and calls without a price are parts of the month."""
    calls = [
        *(call("5-02", who, 2, pull_request=7) for who in FIVE),
        *(call("5-03", who, 3) for who in FIVE),
        *(call("5-04", who, None) for who in FIVE),
    ]
    (month,) = usage_of(calls)["cost"]["months"]
    assert (month["attributed_usd"], month["unattributed_usd"], month["unpriced_calls"]) == (10.0, 15.0, 5)


def test_a_part_of_few_people_is_withheld() -> None:
    """One person's calls without a price, or without a pull request, can be seen neither directly nor from the rest."""
    calls = [call("5-02", who, 2, pull_request=7) for who in FIVE]
    calls += [call("5-03", "ann", None), call("5-03", "ann", 9)]
    (month,) = usage_of(calls)["cost"]["months"]
    assert month["cost_usd"] == 19.0
    assert month["attributed_usd"] is month["unattributed_usd"] is month["unpriced_calls"] is None


def test_what_nobody_known_did_is_withheld(tmp_path: Path) -> None:
    """Calls and pull requests without a person may all be one person's, so every part with them is withheld."""
    calls = [call("5-02", who, 2, pull_request=7) for who in FIVE] + [call("5-03", None, 9), call("5-03", None, None)]
    pulls = [
        pull(1, "5-02", None, 3, assisted=True, reverted=True),
        pull(2, "5-02", None, state="closed", merged_at=None),
    ]
    report = report_on(publish(tmp_path, calls=calls, pull_requests=pulls, repositories=[repository()]))
    (month,) = report["cost"]["months"]
    assert month["cost_usd"] == 19.0
    assert month["attributed_usd"] is month["unattributed_usd"] is month["unpriced_calls"] is None
    assert set(report["pull_requests"]["whole"].values()) == {None}


def test_few_people_are_withheld_everywhere(tmp_path: Path) -> None:
    """A repository of two people is withheld, and so is the smallest beside it, but not their team."""
    calls = [call("5-02", who, 1) for who in (*FIVE, "flo")]
    calls += [call("5-02", who, 10, repository="acme/api") for who in FIVE]
    calls += [call("5-02", who, 100, repository="acme/new", tool="codex") for who in ("gus", "hal")]
    rows = [repository(name, team="core") for name in ("acme/web", "acme/api", "acme/new")]
    found = report_on(publish(tmp_path, calls=calls, repositories=rows))["cost"]
    assert found["cost_usd"] == 256.0
    assert [(row["name"], row["cost_usd"]) for row in found["by_team"]["rows"]] == [("core", 256.0)]
    assert [(row["name"], row["cost_usd"]) for row in found["by_repository"]["rows"]] == [("acme/web", 6.0)]
    assert (found["by_repository"]["withheld"], found["by_repository"]["withheld_months"]) == (2, 2)
    assert (found["by_tool"]["rows"], found["by_tool"]["withheld"]) == ([], 2)


def test_an_organisation_of_four_has_no_figure(tmp_path: Path) -> None:
    """With four people in all, the report names the repositories and has no figure."""
    calls = [call("5-02", who, 1, latency_ms=50.0) for who in FIVE[:4]]
    pulls = [pull(n, "5-02", who, 1, assisted=True) for n, who in enumerate(FIVE[:4])]
    place = publish(tmp_path, calls=calls, pull_requests=pulls, repositories=[repository()])
    found = report_on(place)
    (month,) = found["cost"]["months"]
    assert {name for name, value in month.items() if value is not None} == {"month", "days", "days_of_month"}
    assert [found["cost"][f"by_{name}"]["rows"] for name in ("team", "repository", "tool", "model")] == [[]] * 4
    assert found["adoption"]["weeks"] == [{"week": "2026-04-27", "people": None}]
    assert found["latency_by_model"] == []
    whole = found["pull_requests"]["whole"]
    assert {name: value for name, value in whole.items() if value is not None} == {"unmerged": 0, "reverted": 0}
    assert found["pull_requests"]["by_team"] == {"rows": [], "withheld": 1}


def test_more_people_can_be_asked_for_and_fewer_cannot(tmp_path: Path) -> None:
    """With six asked for, five are too few; four cannot be asked for."""
    place = publish(tmp_path, calls=[call("5-02", who, 1) for who in FIVE], repositories=[repository()])
    assert report_on(place)["cost"]["cost_usd"] == 5.0
    assert report_on(place, fewest_people=6)["cost"]["cost_usd"] is None
    with pytest.raises(ValueError, match="at least 5 people"):
        report_on(place, fewest_people=4)


def test_weeks_begin_on_monday() -> None:
    """A Sunday and the Monday after it are two weeks; people are counted once in each."""
    calls = [call(day, who) for day in ("5-03", "5-04", "5-10") for who in (*FIVE, "flo")]
    found = usage_of(calls)["adoption"]["weeks"]
    assert found == [{"week": "2026-04-27", "people": 6}, {"week": "2026-05-04", "people": 6}]


def test_latency_is_the_median_of_a_histogram() -> None:
    """Five calls in the class from 1,000 to 1,250 ms: the median is its middle. Beyond the last class, its bound."""
    calls = [call("5-02", who, latency_ms=1100.0) for who in FIVE]
    calls += [call("5-02", who, latency_ms=5e7, model="slow") for who in FIVE]
    calls += [call("5-02", who, latency_ms=3.0, model="fast") for who in FIVE]
    calls += [call("5-02", "ann", latency_ms=1.0, model="hers"), call("5-02", "ann", latency_ms=None, model="none")]
    found = usage_of(calls)["latency_by_model"]
    assert found == [
        {"name": "fast", "median_ms": 50.0},
        {"name": "m-1", "median_ms": 1125.0},
        {"name": "slow", "median_ms": 1_000_000.0},
    ]


def test_pull_requests_have_exact_quantiles(tmp_path: Path) -> None:
    """Six costs: the median lies between the third and fourth, the 90th percentile between the fifth and sixth."""
    pulls = [pull(n, "5-02", who, cost) for n, (who, cost) in enumerate(zip((*FIVE, "flo"), range(1, 7), strict=True))]
    pulls += [pull(9, "4-30", "ann", 50), pull(10, "5-02", "bot", 70, is_bot=True), pull(11, None, "ann", 90)]
    place = publish(tmp_path, pull_requests=pulls, repositories=[repository(team="core")])
    found = report_on(place)["pull_requests"]
    assert (found["whole"]["merged"], found["whole"]["with_cost"], found["whole"]["cost_usd"]) == (6, 6, 21.0)
    line = {"with_cost": 6, "cost_usd": 21.0, "people": 6, "median_usd": 3.5, "percentile_90_usd": 5.5}
    assert found["by_team"] == {"rows": [{"name": "core", **line}], "withheld": 0}
    assert found["by_repository"] == {"rows": [{"name": "acme/web", "team": "core", **line}], "withheld": 0}


def test_unmerged_reverted_and_assisted_pull_requests_are_counted(tmp_path: Path) -> None:
    """Each kind has its count and cost, and the AI share is of those whose assistance is known."""
    closed = {"state": "closed", "merged_at": None}
    pulls = [pull(n, "5-02", who, 1, assisted=True, reverted=True) for n, who in enumerate(FIVE)]
    pulls += [pull(10 + n, "5-02", who, 2, assisted=False) for n, who in enumerate(FIVE)]
    pulls += [pull(20 + n, "5-02", who, 4, **closed) for n, who in enumerate(FIVE)]
    found = report_on(publish(tmp_path, pull_requests=pulls, repositories=[repository()]))["pull_requests"]["whole"]
    assert (found["unmerged"], found["unmerged_usd"]) == (5, 20.0)
    assert (found["reverted"], found["reverted_usd"]) == (5, 5.0)
    assert (found["assisted"], found["known_assistance"], found["ai_share"]) == (5, 10, 0.5)


def test_repositories_that_need_attention_are_named(tmp_path: Path) -> None:
    """Without traces, stale, partial and failed: each is said once with all that is known of it."""
    old = NOW - timedelta(days=15)
    rows = [
        repository("acme/a", last_call_at=None),
        repository("acme/b", last_call_at=old, pull_requests_synced_at=old, commits_synced_at=None),
        repository("acme/c", pull_requests_partial=True, missing=["Langfuse could not be read"]),
        repository("acme/d", simulated=True),
    ]
    found = report_on(publish(tmp_path, repositories=rows))
    assert [tuple(row.values()) for row in found["repositories"]["attention"]] == [
        ("acme/a", "no traces", "no call has been published"),
        ("acme/b", "stale", "its last call is of 2026-05-17; its pull requests were last read on 2026-05-17"),
        ("acme/c", "partial", "some of its pull requests are still to be read"),
        ("acme/c", "failed", "Langfuse could not be read"),
    ]
    assert found["repositories"]["with_traces"] == 3
    assert found["metadata"]["organisation"] == "acme"
    assert found["metadata"]["simulated"]


def test_teams_of_a_file_go_before_published_ones(tmp_path: Path) -> None:
    """A pattern names the team of a repository; what no pattern fits keeps the team that it was published for."""
    calls = [call("5-02", who, 1, repository=name) for who in FIVE for name in ("acme/pay", "acme/web", "acme/lib")]
    rows = [repository("acme/pay", team="old"), repository("acme/web", team="web"), repository("acme/lib")]
    place = publish(tmp_path, calls=calls, repositories=rows)
    found = report_on(place, teams={"payments": ("acme/pay*",)})
    assert [row["name"] for row in found["cost"]["by_team"]["rows"]] == [None, "payments", "web"]
    assert found["repositories"]["teams"] == 2


def test_calls_that_name_no_repository_are_a_line_of_their_own() -> None:
    """Calls that name none are in the whole and in a line without a name."""
    calls = [call("5-02", who, 1, repository=None) for who in FIVE]
    found = usage_of(calls)["cost"]
    assert [(row["name"], row["cost_usd"]) for row in found["by_repository"]["rows"]] == [(None, 5.0)]
