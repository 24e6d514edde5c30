"""What changed after people began with an assistant, pooled over repositories."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.lake import Place
from prodlens.metrics import Publishing, publish_repositories
from prodlens.organisation import Period, connected
from prodlens.organisation.adoption import FEW_PEOPLE, NO_TRACES, NOBODY, TOO_SHORT, beginning_figures
from prodlens.organisation.adoption_queries import AdoptionTables, Weeks, author_weeks
from prodlens.organisation.engines import open_adoption_tables, open_tables, reading
from prodlens.rendering import render_csv, render_html, render_markdown
from prodlens.statistics.adoption import NOBODY_LEFT, TOO_FEW_ADOPTERS
from prodlens.storage import ProdLensStore
from tests.metrics.assistance import START, Starters, fill_starters, starter_rows
from tests.metrics.known_truth import report_on as repository_report
from tests.organisation.published import NOW, call, in_memory, publish, pull, repository
from tests.organisation.test_report import as_json, report_on

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

WEEKS = 16
WHOLE = Period(START.date(), START.date() + timedelta(weeks=WEEKS))
Rows = list[dict[str, Any]]


def rows_of(team: Starters, seed: int, name: str, people: str = "") -> dict[str, Rows]:
    """Return published rows of a team in a repository, whose people are those of ``people``."""
    pulls, calls = starter_rows(team, seed)
    own = people or name
    return {
        "calls": [
            call("5-01", f"{own}-{one['developer_id']}", repository=name, source=one["source"])
            | {"at": one["timestamp"], "day": one["timestamp"].date()}
            for one in calls
        ],
        "pull_requests": [
            pull(one["number"], None, f"{own}-{one['author']}", repository=name, state=one["state"])
            | {"opened_at": one["created_at"], **{at: one.get(at) for at in ("merged_at", "closed_at")}}
            for one in pulls
        ],
        "repositories": [repository(name)],
    }


def organisation(ratio: float, seed: int, repositories: int = 3, authors: int = 10) -> dict[str, Rows]:
    """Return rows of several repositories whose people merge ``ratio`` times as many once they have begun."""
    team = Starters(authors=authors, weeks=WEEKS, ratio=ratio)
    tables: dict[str, Rows] = {"commits": []}
    for number in range(repositories):
        for table, rows in rows_of(team, 100 * seed + number, f"acme/r{number}").items():
            tables.setdefault(table, []).extend(rows)
    return tables


def beginning(tables: Mapping[str, Rows], fewest: int = 5) -> dict[str, Any]:
    """Return what is found of those who began, from tables in memory."""
    engine = connected("duckdb")
    given = AdoptionTables(**in_memory(engine, tables, "calls", "pull_requests", "commits"))
    return as_json(beginning_figures(engine, given, Weeks.of(WHOLE), fewest), "adoption", "beginning")


def test_one_repository_has_the_figures_of_its_own_report(tmp_path: Path) -> None:
    """Ratio, interval, p-value, placebo and weeks are those that the repository's report has."""
    team = Starters(authors=20, weeks=WEEKS, ratio=1.8)
    with ProdLensStore(":memory:") as store:
        fill_starters(store, team, 3)
        list(publish_repositories(store, Place(tmp_path), ["acme/web"], Publishing(now=NOW)))
    own = repository_report(fill_starters, team, 3, WEEKS)["adoption"]
    found = report_on(tmp_path, WHOLE)["adoption"]["beginning"]
    assert found["ratio"] == pytest.approx(own["ratio"], rel=1e-9)
    assert found["ratio"] > 1.2
    for name in ("low", "high"):
        assert found["interval"][name] == pytest.approx(own["interval"][name], rel=1e-9)
    for name in ("p_value", "minimum_detectable", "ratio_without_absences"):
        assert found[name] == pytest.approx(own[name], rel=1e-9), name
    assert (found["began"], found["verdict"], found["weeks"]) == (own["began"], own["verdict"], own["weeks"])
    assert found["since"] == own["first_week"] == "2026-01-05"
    assert found["placebo"] == pytest.approx(own["placebo"])
    shown = {row["week"]: row["ratio"] for row in own["by_week"] if row["authors"] >= 5}
    assert {row["week"]: row["ratio"] for row in found["by_week"]} == pytest.approx(shown)


def test_a_change_that_is_there_is_found_over_repositories(tmp_path: Path) -> None:
    """Three repositories of ten, each too small for a report of its own, find a doubling together, in every form."""
    tables = organisation(2.0, 1)
    report = report_on(publish(tmp_path, **tables), WHOLE)
    found = report["adoption"]["beginning"]
    assert (found["verdict"], found["reason"]) == ("more", None)
    assert found["interval"]["low"] < found["ratio"] < found["interval"]["high"]
    assert 1.5 < found["ratio"] < 2.7
    assert found["p_value"] < 0.01
    text = render_markdown(report)
    assert "After people began with an assistant" in text
    assert "as many pull requests a week as those who had not begun would let expect" in text
    assert "which is rarely chance (p" in text
    assert "After people began" in render_html(report)
    assert "adoption.beginning.ratio," in render_csv(report)
    alone = [row["repository"] == "acme/r0" for row in tables["calls"]]
    assert sum(alone) > 0
    one = {name: [row for row in rows if row["repository"] == "acme/r0"] for name, rows in tables.items()}
    assert beginning(one)["p_value"] != found["p_value"]


def test_a_person_in_two_repositories_is_one_person() -> None:
    """The same team at work in two repositories counts its people once, and is no surer than in one."""
    team = Starters(authors=20, weeks=WEEKS, ratio=1.8)
    once = rows_of(team, 3, "acme/a", "p")
    again = rows_of(team, 3, "acme/b", "P")
    both = {name: once[name] + again[name] for name in once}
    one, two = beginning(once), beginning(both)
    assert one["ratio"] is not None
    for name in ("began", "always", "ratio", "p_value", "interval", "minimum_detectable"):
        assert two[name] == pytest.approx(one[name]), name


def test_a_short_period_opens_nothing(tmp_path: Path) -> None:
    """Below eight whole weeks there is no figure, so that a damaged file of earlier months is not read."""
    place = publish(tmp_path, **organisation(2.0, 1))
    for path in place.glob("v1/calls/month=2026-01/*"):
        path.write_bytes(b"damaged")
    four_weeks = Period(WHOLE.until - timedelta(weeks=4), WHOLE.until)
    report = report_on(place, four_weeks)
    found = report["adoption"]["beginning"]
    assert report["repositories"]["attention"] == []
    assert (found["verdict"], found["reason"], found["by_week"]) == ("too_few", TOO_SHORT, [])
    assert {found[name] for name in ("ratio", "began", "since", "weeks", "placebo")} == {None}


def test_who_had_begun_before_the_period_does_not_begin_in_it(tmp_path: Path) -> None:
    """Calls are looked for in the 26 weeks before: those who were seen there take no part, and are counted."""
    tables = organisation(2.0, 1)
    early = [
        call("5-01", row["author"], repository=row["repository"], source="litellm") | {"at": at, "day": at.date()}
        for row in {row["author"]: row for row in tables["pull_requests"]}.values()
        for at in (START - timedelta(weeks=20), START - timedelta(weeks=19))
    ]
    place = publish(tmp_path, **tables | {"calls": tables["calls"] + early})
    found = report_on(place, WHOLE)["adoption"]["beginning"]
    assert (found["verdict"], found["reason"]) == ("too_few", TOO_FEW_ADOPTERS)
    assert (found["began"], found["not_begun"], found["always"], found["sporadic"]) == (0, 0, 30, 0)


def test_where_tracing_began_nobody_began() -> None:
    """Where nobody was seen before with calls of the same source and repository, that is when tracing began."""
    tables = organisation(2.0, 1, repositories=1, authors=16)
    others, own = ([row for row in tables["calls"] if row["developer"].endswith("dev999") is is_other]
                   for is_other in (True, False))  # fmt: skip
    before = beginning(tables)
    assert before["began"] >= 8
    for name, change in (("source", {"source": "codex"}), ("repository", {"repository": "acme/elsewhere"})):
        found = beginning(tables | {"calls": own + [row | change for row in others]})
        # The first of all to be seen stands where tracing began; those after them began.
        assert found["began"] is None or found["began"] < before["began"], name
        assert found["always"] is None or found["always"] > 0, name


def test_few_people_have_no_figure() -> None:
    """With three who began, or with too few who had not begun yet, there is no figure."""
    tables = organisation(2.0, 1, repositories=1, authors=5)
    found = beginning(tables)
    assert found["reason"] == TOO_FEW_ADOPTERS
    assert all(found[name] in {0, None} or found[name] >= 5 for name in ("began", "not_begun", "always", "sporadic"))
    many = organisation(2.0, 1)
    withheld = beginning(many, 31)
    assert (withheld["reason"], withheld["by_week"], withheld["ratio"]) == (FEW_PEOPLE, [], None)


def test_without_calls_or_pull_requests_there_is_a_reason() -> None:
    """Without any calls, or without pull requests of people, a reason is given and no figure is zero."""
    tables = organisation(1.0, 1)
    nobody = [row | {"developer": None} for row in tables["calls"]]
    found = beginning(tables | {"calls": nobody})
    assert (found["reason"], found["began"], found["since"]) == (NO_TRACES, None, None)
    bots = [row | {"is_bot": True} for row in tables["pull_requests"]]
    found = beginning(tables | {"pull_requests": bots})
    assert (found["reason"], found["began"]) == (NOBODY, 0)
    assert found["ratio"] is None


def test_where_nobody_is_left_there_is_no_ratio() -> None:
    """If everybody begins in one week, nobody is left to compare with, and the reason says so."""
    tables = organisation(1.0, 1, repositories=1, authors=12)
    begun = START + timedelta(weeks=7)
    names = sorted({row["author"] for row in tables["pull_requests"]})
    calls = [row for row in tables["calls"] if row["developer"].endswith("dev999")]
    calls += [
        call("5-01", name, repository="acme/r0", source="litellm") | {"at": at, "day": at.date()}
        for name in names
        for at in (begun, begun + timedelta(weeks=1))
    ]
    found = beginning(tables | {"calls": calls})
    assert (found["began"], found["reason"]) == (12, NOBODY_LEFT)


def test_those_who_were_changing_before_have_no_figure(tmp_path: Path) -> None:
    """A change in the four weeks before the beginning is reported, and the ratio is withheld."""
    team = Starters(authors=40, weeks=WEEKS, before=3.0, ratio=3.0)
    report = report_on(publish(tmp_path, **rows_of(team, 2, "acme/a")), WHOLE)
    found = report["adoption"]["beginning"]
    assert found["verdict"] == "already_changing"
    assert found["placebo"]["p_value"] <= 0.05
    assert found["ratio"] is found["p_value"] is found["interval"] is None
    assert {row["ratio"] for row in found["by_week"] if row["week"] >= 0} == {None}
    assert "were already changing" in render_markdown(report)


def test_commits_count_as_presence(tmp_path: Path) -> None:
    """Somebody who once opened a pull request is present until their last commit; other committers are not."""
    tables = organisation(1.0, 1, repositories=1, authors=12)
    first, last = START + timedelta(days=1), START + timedelta(weeks=WEEKS - 1, days=2)
    tables["pull_requests"].append(pull(9999, None, "Zoe", repository="acme/r0") | {"opened_at": first})
    made = {"at": last, "day": last.date(), "is_bot": False, "repository": "acme/r0"}
    commits = [{**made, "sha": name, "author": name} for name in ("zoe", "Somebody Else")]
    publish(tmp_path / "after", **tables | {"commits": commits})
    engine = connected("duckdb")
    source, weeks = reading(str(tmp_path / "after")), Weeks.of(WHOLE)
    opened = open_adoption_tables(engine, source, weeks, open_tables(engine, source, WHOLE, {}))
    seen = [(row["week"], row["merged"]) for row in engine.rows(author_weeks(opened, weeks)) if row["author"] == "zoe"]
    assert sorted(seen) == [(27, 0), (27 + WEEKS - 1, 0)]
    assert "somebody else" not in {row["author"] for row in engine.rows(author_weeks(opened, weeks))}


def test_weeks_are_whole_and_at_most_26() -> None:
    """A period from Wednesday to Wednesday has the Mondays between; a year has its last 26 weeks."""
    weeks = Weeks.of(Period(date(2026, 3, 4), date(2026, 5, 6)))
    assert (weeks.whole, weeks.monday(weeks.numbers.start), weeks.first) == (8, date(2026, 3, 9), date(2025, 9, 8))
    assert weeks.mondays[-1] == date(2026, 5, 4)
    assert Weeks.of(Period(date(2025, 6, 1), date(2026, 6, 1))).whole == 26
    assert Weeks.of(Period(date(2026, 3, 4), date(2026, 3, 5))).whole == 0


def simulated(ratio: float, seed: int) -> dict[str, Any]:
    """Return what is found in an organisation of four repositories of eight people each, from tables in memory."""
    return beginning(organisation(ratio, seed, 4, 8))


def findings(ratio: float, organisations: int) -> int:
    """Return in how many organisations a change is found."""
    return sum(simulated(ratio, seed)["verdict"] in {"more", "fewer"} for seed in range(1, organisations + 1))


def test_a_known_change_is_found_and_none_is_not() -> None:
    """A change is found in at most one of eight organisations without one, and in three of four whose merges double."""
    assert findings(1.0, 8) <= 1
    assert findings(2.0, 4) >= 3


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_a_change_is_found_in_null_organisations_at_the_nominal_rate() -> None:
    """In at most ten of 100 organisations in which nothing changes a change is found; five are expected."""
    assert findings(1.0, 100) <= 10
