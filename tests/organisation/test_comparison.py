"""Assisted pull requests against others of the same people, over repositories."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.organisation import Period, connected
from prodlens.organisation.comparison import comparison_figures
from prodlens.organisation.queries import Tables
from prodlens.rendering import render_markdown
from tests.organisation.published import in_memory, moment, publish, pull, repository
from tests.organisation.test_report import as_json, report_on

if TYPE_CHECKING:
    from pathlib import Path

SUMMER = Period(moment("5-01").date(), moment("6-11").date())


def pulls(ratio: float, authors: int = 10, each: int = 12, noise: float = 0.2) -> list[dict[str, Any]]:
    """Return pull requests in two repositories whose assisted ones take ``ratio`` times as long."""
    random = Random(5)
    made = []
    for number in range(authors * each):
        assisted = random.random() < 0.5
        opened = moment("5-03") + timedelta(days=random.randrange(28), hours=random.randrange(9))
        hours = 10 * (ratio if assisted else 1) * 2 ** random.gauss(0, noise) * (1 + number % authors)
        made.append(
            pull(number, "6-01", f"person {number % authors}", 1, repository=f"acme/{'ab'[number % 2]}")
            | {"opened_at": opened, "merged_at": opened + timedelta(hours=hours), "assisted": assisted}
            | {"additions": random.randrange(100), "deletions": 5, "changed_files": 3}
        )
    return made


def compared(place: Path, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the whole report on pull requests."""
    return report_on(publish(place, pull_requests=rows, repositories=[repository()]), SUMMER)


def comparison(rows: list[dict[str, Any]], fewest: int = 5) -> dict[str, Any]:
    """Return the comparison alone, from tables in memory."""
    engine = connected("duckdb")
    given = in_memory(engine, {"pull_requests": rows}, "calls", "pull_requests")
    tables = Tables(**given, teams=engine.teams({}))
    return as_json(comparison_figures(engine, tables, SUMMER, {}, fewest), "comparison")


def test_a_difference_that_is_there_is_found(tmp_path: Path) -> None:
    """Assisted work that takes half the time is found, and the sentence says it with what would explain it."""
    report = compared(tmp_path, pulls(0.5))
    found = report["comparison"]
    assert found["ratio"] == pytest.approx(0.5, abs=0.06)
    assert found["interval"]["low"] < 0.5 < found["interval"]["high"] < 0.7
    assert (found["authors"], found["verdict"], found["reason"]) == (10, True, None)
    assert found["assisted"] + found["other"] == 120
    text = render_markdown(report)
    assert "Assisted pull requests of the same authors were merged in 0.5" in text
    assert "an unseen property" in text


def test_open_pull_requests_are_followed_until_their_repository_was_read(tmp_path: Path) -> None:
    """Where 5 % and more are open, Cox's model answers; an open one counts until its repository was last read."""
    rows = pulls(0.5, each=20)
    end, read = moment("6-11 00:00"), moment("5-28")
    later = [row | {"merged_at": None, "closed_at": None, "state": "open"} if at % 9 == 0 else row
             for at, row in enumerate(rows)]  # fmt: skip
    report = compared(tmp_path / "all", later)
    found = report["comparison"]
    assert found["measure"] == "hazard_ratio"
    assert found["share_open"] == pytest.approx(23 / 200)
    assert found["ratio"] > 2
    assert found["interval"]["low"] > 1
    assert found["check"]["measure"] == "time_ratio"
    assert found["check"]["ratio"] == pytest.approx(0.5, abs=0.1)
    text = render_markdown(report)
    assert "At any time, assisted pull requests of the same authors were merged at" in text
    assert "11.5% were still open when they were last read" in text
    assert "times the time, merged ones alone" in text
    merged_later = [row | {"merged_at": end + timedelta(days=3), "closed_at": end + timedelta(days=3)}
                    if row["merged_at"] is None else row for row in later]  # fmt: skip
    assert comparison(merged_later) == found
    place = publish(tmp_path / "read", pull_requests=later)
    known = [repository(f"acme/{name}", pull_requests_synced_at=read) for name in "ab"]
    as_read = report_on(publish(place, repositories=known), SUMMER)["comparison"]
    assert as_read["ratio"] != found["ratio"]
    at_the_end = [repository(f"acme/{name}", pull_requests_synced_at=end + timedelta(days=1)) for name in "ab"]
    assert report_on(publish(place, repositories=at_the_end), SUMMER)["comparison"] == found
    never = [repository(f"acme/{name}", pull_requests_synced_at=None) for name in "ab"]
    assert report_on(publish(place, repositories=never), SUMMER)["comparison"] == found


def test_few_open_ones_leave_the_time_to_the_merged(tmp_path: Path) -> None:
    """Below 5 % open, the ratio is of hours, Cox's is the check, and the share of one open pull request is withheld."""
    rows = pulls(0.5, noise=1.0)
    rows[0] |= {"merged_at": None, "closed_at": None, "state": "open"}
    report = compared(tmp_path, rows)
    found = report["comparison"]
    assert (found["measure"], found["check"]["measure"]) == ("time_ratio", "hazard_ratio")
    assert found["share_open"] is None
    assert found["check"]["ratio"] > 1
    assert "rate of merging, open ones counted" in render_markdown(report)


def test_closing_without_a_merge_stands_beside_the_time(tmp_path: Path) -> None:
    """The shares closed without a merge and their difference are published if five people are behind them."""
    rows = pulls(0.5, each=20)
    lost = {"merged_at": None, "state": "closed"}
    closed = [row | lost if at % 7 == 0 or (at % 11 == 0 and row["assisted"]) else row for at, row in enumerate(rows)]
    report = compared(tmp_path, closed)
    found = report["comparison"]["closed_unmerged"]
    shares = {}
    for kind in (True, False):
        own = [row for row in closed if row["assisted"] is kind]
        shares[kind] = sum(row["merged_at"] is None for row in own) / len(own)
    assert (found["assisted"], found["other"]) == (pytest.approx(shares[True]), pytest.approx(shares[False]))
    assert found["interval"]["low"] < found["difference"] < found["interval"]["high"]
    assert "Closed without a merge: " in render_markdown(report)
    assert report["comparison"]["share_open"] == 0.0
    of_one = [row | {"merged_at": None} if row["author"] == "person 3" else row for row in rows]
    assert comparison(of_one)["closed_unmerged"] is None


def test_size_draft_and_names_are_held_fixed() -> None:
    """Drafts are a covariate, known or not; a login is one in upper and lower case."""
    rows = [row | {"draft": at % 3 == 0 if at % 5 else None} for at, row in enumerate(pulls(0.5))]
    found = comparison(rows)
    assert found["ratio"] == pytest.approx(0.5, abs=0.08)
    assert found["ratio"] != comparison(pulls(0.5))["ratio"]
    loud = [row | {"author": row["author"].upper() if at % 2 else row["author"]} for at, row in enumerate(rows)]
    assert comparison(loud) == found


def test_no_difference_is_not_called_one(tmp_path: Path) -> None:
    """Without a difference, either one person decides the direction or the interval holds 1."""
    report = compared(tmp_path, pulls(1.0, noise=1.5))
    found = report["comparison"]
    text = render_markdown(report)
    if found["ratio"] is None:
        assert "Not enough to compare: one person decides" in text
    else:
        assert found["interval"]["low"] < 1 < found["interval"]["high"]
        assert "These data cannot tell" in text


def test_few_authors_give_no_verdict(tmp_path: Path) -> None:
    """Six authors give a ratio, and no verdict."""
    report = compared(tmp_path, pulls(0.5, authors=6))
    assert report["comparison"]["ratio"] is not None
    assert not report["comparison"]["verdict"]
    assert "These data cannot tell" in render_markdown(report)


def test_fewer_than_five_people_are_not_compared() -> None:
    """Four people with both kinds give only a reason; so do ten if eleven are required."""
    found = comparison(pulls(0.5, authors=4, each=20))
    assert found["reason"].startswith("too few people with both kinds")
    assert {found[name] for name in ("ratio", "assisted", "other", "authors")} == {None}
    found = comparison(pulls(0.5), 11)
    assert found["ratio"] is None


@pytest.mark.parametrize(
    "change",
    [{"is_bot": True}, {"is_revert": True}, {"into_default_branch": False}, {"assisted": None}, {"additions": None},
     {"author": None}],
)  # fmt: skip
def test_what_cannot_be_compared_is_left_out(change: dict[str, Any]) -> None:
    """Bots, reverts, other branches, and work of unknown kind, size or author take no part."""
    found = comparison([row | change for row in pulls(0.5)])
    assert found["reason"].startswith("too few people")


def test_merges_within_a_minute_take_no_part() -> None:
    """What was merged at once was not under review."""
    rows = [row | {"merged_at": row["opened_at"] + timedelta(seconds=30)} for row in pulls(0.5)]
    assert comparison(rows)["reason"].startswith("too few people")
