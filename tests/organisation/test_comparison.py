"""Assisted pull requests against others of the same people, over repositories."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.organisation import Period
from prodlens.rendering import render_markdown
from tests.organisation.published import moment, publish, pull, repository
from tests.organisation.test_report import report_on

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


def compared(place: Path, rows: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
    """Return the whole report on pull requests."""
    return report_on(publish(place, pull_requests=rows, repositories=[repository()]), SUMMER, **options)


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


def test_no_difference_is_not_told_as_one(tmp_path: Path) -> None:
    """Where nothing goes on, either one person decides the direction or the interval holds 1."""
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


def test_fewer_than_five_people_are_not_compared(tmp_path: Path) -> None:
    """Four people with both kinds give a reason alone; so do ten where eleven are asked for."""
    found = compared(tmp_path, pulls(0.5, authors=4, each=20))["comparison"]
    assert found["reason"].startswith("too few people with both kinds")
    assert {found[name] for name in ("ratio", "assisted", "other", "authors")} == {None}
    found = compared(tmp_path / "more", pulls(0.5), fewest_people=11)["comparison"]
    assert found["ratio"] is None


@pytest.mark.parametrize(
    "change",
    [{"is_bot": True}, {"is_revert": True}, {"into_default_branch": False}, {"assisted": None}, {"additions": None},
     {"author": None}],
)  # fmt: skip
def test_what_cannot_be_compared_is_left_out(tmp_path: Path, change: dict[str, Any]) -> None:
    """Bots, reverts, other branches, and work of unknown kind, size or author take no part."""
    found = compared(tmp_path, [row | change for row in pulls(0.5)])["comparison"]
    assert found["reason"].startswith("too few people")


def test_merges_within_a_minute_take_no_part(tmp_path: Path) -> None:
    """What was merged at once was not under review."""
    rows = [row | {"merged_at": row["opened_at"] + timedelta(seconds=30)} for row in pulls(0.5)]
    assert compared(tmp_path, rows)["comparison"]["reason"].startswith("too few people")
