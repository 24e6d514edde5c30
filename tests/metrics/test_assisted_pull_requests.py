"""The comparison of assisted and other pull requests behind the public report, on teams whose truth is known."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from prodlens.metrics import ReportGenerator
from prodlens.metrics.assisted_comparison import TOO_FEW, verdict
from prodlens.statistics.within_author import Contrast, nothing
from prodlens.storage import ProdLensStore
from tests.metrics.assistance import REPO, START, Starters, Team, fill, fill_starters
from tests.metrics.situations import report_on, validator


def section(team: Team, seed: int = 1, **changes: Any) -> dict[str, Any]:
    """Return the comparison of a team, reported on long after the last pull request was opened."""
    with ProdLensStore(":memory:") as store:
        fill(store, team, seed)
        for assignment, where in changes.items():
            store.conn.execute(f"UPDATE pull_requests SET {assignment} = NULL WHERE {where}")
        return reported(store, team.weeks + 40)


def reported(store: ProdLensStore, weeks: int) -> dict[str, Any]:
    """Report on the store's weeks; what comes back fits the schema."""
    generator = ReportGenerator(store, clock=(START + timedelta(weeks=100)).timestamp)
    report = generator.generate_report(
        repo=REPO, since=START, until=START + timedelta(weeks=weeks), history_days=7 * weeks
    )
    strict = json.loads(json.dumps(report, allow_nan=False))
    validator().validate(strict)
    found: dict[str, Any] = strict["assisted_pull_requests"]
    return found


def test_a_large_difference_is_found_and_has_its_yardstick() -> None:
    """Thirty authors whose assisted work takes a third of the time: sooner, with everything that belongs to it."""
    found = section(Team(authors=30, ratio=1 / 3, reworked=(0.05, 0.4)))
    compared = found["comparison"]
    assert compared["verdict"] == "sooner"
    assert compared["measure"] == "time_ratio"
    assert compared["interval"]["low"] < 1 / 3 < compared["interval"]["high"]
    assert compared["check"]["measure"] == "hazard_ratio"
    assert compared["check"]["ratio"] > 1
    cause = compared["unseen_cause"]
    assert 0 < cause["robustness_value"] < 1
    assert cause["size_of_outcome"] > 0.05
    assert cause["e_value"] > cause["e_value_of_bound"] > 1
    assert compared["matched_pairs"]["gamma"] > 1
    assert compared["matched_pairs"]["ratio"] < 0.6
    before = compared["previous_pull_request"]["interval"]
    assert before["low"] < 1 < before["high"]
    rework = next(row for row in found["outcomes"] if row["outcome"] == "reworked")
    assert rework["estimate"] == pytest.approx(0.35, abs=0.1)
    assert rework["q"] < 0.001
    assert [row["evidence"] for row in found["by_evidence"]] == ["traced", "signed", "with_nearby_calls"]
    assert found["by_evidence"][0]["ratio"] == compared["ratio"]
    assert found["by_evidence"][1]["ratio"] is None


def test_smaller_work_alone_is_not_a_difference() -> None:
    """Assisted work that is chosen to be small takes less time, and at the same size it does not."""
    compared = section(Team(authors=50, chooses=0.7))["comparison"]
    assert compared["without_size"]["interval"]["high"] < 1
    assert compared["interval"]["low"] < 1 < compared["interval"]["high"]
    assert compared["size_ratio"]["ratio"] < 0.8
    assert compared["verdict"] in {"cannot_answer", "no_large_difference"}
    assert compared["unseen_cause"]["size_of_choice"] > 0.05


def test_open_pull_requests_count_as_not_merged_yet() -> None:
    """From five percent on, Cox's model carries the answer, in which a hazard above one is sooner."""
    compared = section(Team(authors=30, ratio=1 / 3, share_open=0.15))["comparison"]
    assert compared["share_open"] > 0.05
    assert (compared["measure"], compared["verdict"]) == ("hazard_ratio", "sooner")
    assert compared["ratio"] > 1.5
    assert compared["check"]["measure"] == "time_ratio"
    assert compared["check"]["ratio"] < 0.6
    assert compared["unseen_cause"]["e_value"] > compared["unseen_cause"]["e_value_of_bound"] > 1


def test_gates() -> None:
    """Two authors have counts alone, five an interval and no verdict."""
    two, five = section(Team(authors=2, each=60))["comparison"], section(Team(authors=5))["comparison"]
    assert (two["verdict"], two["reason"], two["interval"], two["authors"]) == ("too_few", TOO_FEW, None, 2)
    assert (five["verdict"], five["authors"]) == ("not_enough", 5)
    assert five["interval"]["low"] < five["interval"]["high"]


def test_unknown_sizes_take_no_part() -> None:
    """Without any size there is nothing to hold fixed, and so no comparison."""
    compared = section(Team(), additions="1")["comparison"]
    assert (compared["verdict"], compared["authors"], compared["assisted"]) == ("too_few", 0, 0)


def test_a_draft_that_is_not_known_does_not_stop_the_comparison() -> None:
    """Some or all drafts unknown: the difference is still estimated."""
    for where in ("1", "id % 2"):
        assert section(Team(), draft=where)["comparison"]["interval"] is not None


def test_nothing_names_a_person() -> None:
    """No login, and no row of an author, is in the section."""
    found = section(Team(authors=20))
    assert "dev" not in json.dumps(found)


def test_the_same_store_gives_the_same_section() -> None:
    """Nothing is drawn anew: two reports agree to the last digit."""
    assert section(Team(authors=10)) == section(Team(authors=10))


@pytest.mark.parametrize(
    ("beta", "error", "authors", "expected"),
    [
        (-0.5, 0.1, 20, "sooner"),
        (0.5, 0.1, 20, "later"),
        (0.0, 0.05, 20, "no_large_difference"),
        (0.0, 0.3, 20, "cannot_answer"),
        (-0.5, 0.1, 7, "not_enough"),
    ],
)
def test_verdicts(beta: float, error: float, authors: int, expected: str) -> None:
    """The interval decides, from eight authors on; of a hazard ratio, above one is sooner."""
    found = Contrast(beta, error, authors - 1.0, authors, float(authors), one_author_decides=False, partial_r2=0.0)
    assert verdict(found) == expected
    turned = {"sooner": "later", "later": "sooner"}.get(expected, expected)
    assert verdict(found, hazard=True) == turned
    assert verdict(nothing("no")) == "not_enough"
    assert verdict(Contrast(-0.5, 0.1, 3.9, 20, 4.9, one_author_decides=False, partial_r2=0.0)) == "not_enough"
    assert verdict(Contrast(900.0, 0.1, 9.0, 20, 10.0, one_author_decides=False, partial_r2=0.0)) == "not_enough"


def adoption(team: Starters, seed: int = 1) -> dict[str, Any]:
    """Return what changed after authors of a team began."""
    with ProdLensStore(":memory:") as store:
        fill_starters(store, team, seed)
        found: dict[str, Any] = reported(store, team.weeks)["adoption"]
        return found


def test_a_doubled_rate_is_found_by_exchanging_dates() -> None:
    """Thirty authors over half a year whose merges double when they begin."""
    found = adoption(Starters(authors=30, weeks=26, ratio=2.0), seed=2)
    assert found["verdict"] == "more"
    assert found["p_value"] <= 0.05
    assert found["interval"]["low"] < 2 < found["interval"]["high"]
    assert found["ratio_without_absences"] == pytest.approx(found["ratio"], rel=0.3)
    assert sum(row["authors"] for row in found["began_by_week"]) == found["began"] >= found["adopters"] >= 6
    assert {row["week"] for row in found["by_week"]} <= set(range(-4, 9))


def test_those_who_were_already_changing_give_no_figure() -> None:
    """A rise in the four weeks before the beginning withholds the ratio, its interval and the weeks after."""
    found = adoption(Starters(authors=30, weeks=26, ratio=3.0, before=3.0))
    assert found["verdict"] == "already_changing"
    assert (found["ratio"], found["interval"], found["p_value"], found["minimum_detectable"]) == (None,) * 4
    assert all(row["ratio"] is None for row in found["by_week"] if row["week"] >= 0)
    assert any(row["ratio"] is not None for row in found["by_week"])


def test_a_small_team_has_dates_and_totals_alone() -> None:
    """Four authors over twelve weeks: who began is counted, nothing is compared."""
    found = adoption(Starters(authors=4))
    assert (found["verdict"], found["ratio"], found["by_week"]) == ("too_few", None, [])
    assert found["began"] == sum(row["authors"] for row in found["began_by_week"])


def test_tracing_that_begins_is_not_a_beginning() -> None:
    """Where the first calls of all are those of an author, that is when tracing began: always treated."""
    with ProdLensStore(":memory:") as store:
        fill_starters(store, Starters(authors=12, weeks=20), 1)
        store.conn.execute("DELETE FROM sessions WHERE developer_id = 'dev999'")
        first = store.conn.execute("SELECT min(event_date) FROM sessions").fetchone()[0]
        found = reported(store, 20)["adoption"]
    assert found["first_week"] == first
    assert found["always"] >= 1
    assert all(row["week"] > first for row in found["began_by_week"])


def test_single_weeks_are_not_a_beginning() -> None:
    """An author with calls in every other week has not begun, and is not a control either."""
    with ProdLensStore(":memory:") as store:
        fill_starters(store, Starters(authors=12, weeks=20), 1)
        store.conn.execute(
            "DELETE FROM sessions WHERE developer_id <> 'dev999' "
            "AND (julianday(event_date) - julianday('2026-01-05')) % 14 <> 0"
        )
        found = reported(store, 20)["adoption"]
    assert (found["began"], found["always"]) == (0, 0)
    assert found["sporadic"] >= 8


def test_without_traces_nothing_is_compared() -> None:
    """An empty store, and one without calls, have counts of zero and no verdict."""
    with ProdLensStore(":memory:") as store:
        found = report_on(store)["assisted_pull_requests"]
    assert found["pull_requests"]["opened"] == 0
    assert found["comparison"]["verdict"] == found["adoption"]["verdict"] == "too_few"
    assert found["adoption"]["first_week"] is None
