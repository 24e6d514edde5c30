"""With or without by a seed, and the comparison of the arms."""

from __future__ import annotations

import json
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.metrics import arm_of, assigned_comparison, author_week, issue_unit
from prodlens.metrics.assignment import ARMS
from prodlens.metrics.assisted_comparison import TOO_FEW
from prodlens.storage import ProdLensStore
from tests.metrics.assistance import REPO, START, Team, fill


def test_arms_are_those_of_the_documented_hash() -> None:
    """Lowest bit of SHA-256 over length-prefixed seed and unit: `printf '6:spring10:acme/web#1' | sha256sum`."""
    arms = [arm_of("spring", issue_unit("Acme/Web", number)) for number in range(1, 9)]
    assert arms == ["with", "without", "with", "with", "without", "with", "with", "with"]


def test_units_have_one_spelling() -> None:
    """Case of a repository or a login and the day within a week do not matter."""
    assert issue_unit("Acme/Web", 12) == "acme/web#12"
    assert author_week("Ada", date(2026, 12, 6)) == author_week("ada", date(2026, 11, 30)) == "ada 2026-11-30"


def test_arms_are_balanced_in_expectation() -> None:
    """Of 10,000 units about half are with, in every seed; neighbours do not go together."""
    arms = [arm_of("s", f"a/b#{number}") == "with" for number in range(10_000)]
    assert 4800 < sum(arms) < 5200
    assert 4800 < sum(one == other for one, other in pairwise(arms)) < 5200
    assert 40 < sum(arm_of(f"seed {seed}", "a/b#1") == "with" for seed in range(100)) < 60


@given(st.text(max_size=20), st.text(max_size=20))
def test_an_arm_is_always_the_same(seed: str, unit: str) -> None:
    """Any text can be seed or unit."""
    assert arm_of(seed, unit) == arm_of(seed, unit)
    assert arm_of(seed, unit) in ARMS


def drawn(team: Team, unit: str, ratio: float) -> dict[str, Any]:
    """Compare the arms of a team in which those with an assistant take ``ratio`` times as long."""
    with ProdLensStore(":memory:") as store:
        fill(store, team, 3)
        rows = store.conn.execute("SELECT id, author, created_at, merged_at FROM pull_requests").fetchall()
        for number, author, created, merged in map(tuple, rows):
            week = author_week(author, date.fromisoformat(created[:10]))
            arm = arm_of("s", week if unit == "author-week" else issue_unit(REPO, number))
            if arm == "with":
                hours = f"(julianday('{merged}') - julianday('{created}')) * {ratio}"
                at = f"strftime('%Y-%m-%dT%H:%M:%S+00:00', julianday('{created}') + {hours})"
                store.conn.execute(f"UPDATE pull_requests SET merged_at = {at}, closed_at = {at} WHERE id = {number}")
        if unit == "issue":
            store.conn.execute("UPDATE pull_requests SET head_ref = 'ada/' || number || '-x' WHERE number % 10")
        found = assigned_comparison(store.conn, REPO, START, START + timedelta(weeks=60), "s", unit)
    json.dumps(found, allow_nan=False)
    return found


@pytest.mark.parametrize("unit", ["author-week", "issue"])
def test_the_difference_between_arms_is_found(unit: str) -> None:
    """Those with take a third of the time: found for either unit, by the arm alone."""
    found = drawn(Team(authors=20, chooses=0.7), unit, 1 / 3)
    assert found["verdict"] == "sooner"
    assert found["interval"]["low"] < 1 / 3 < found["interval"]["high"]
    assert found["at_the_same_size"]["ratio"] == pytest.approx(found["ratio"], rel=0.3)
    arms = found["arms"]
    assert arms["with"]["pull_requests"] + arms["without"]["pull_requests"] == (360 if unit == "author-week" else 324)
    assert arms["with"]["assisted"] < arms["with"]["known"]
    # Renamed branches have lost their calls.
    assert (arms["with"]["assisted"] > 0) is (unit == "author-week")
    assert [row["outcome"] for row in found["outcomes"]][:2] == ["review_hours", "reworked"]


def test_too_few_are_not_compared() -> None:
    """Two authors have counts alone."""
    found = drawn(Team(authors=2), "author-week", 0.5)
    assert (found["verdict"], found["reason"], found["ratio"], found["interval"]) == ("too_few", TOO_FEW, None, None)
