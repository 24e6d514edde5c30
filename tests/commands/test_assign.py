"""``prod-lens assign`` as a program."""

from __future__ import annotations

import argparse
import io
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from prodlens.commands import Context, assign
from prodlens.errors import ConfigurationError, InputNotFoundError
from prodlens.storage import ProdLensStore
from tests.metrics.assistance import REPO, START, Team, fill

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def output(*arguments: str) -> str:
    """Run the command and return what it writes to standard output."""
    parser = argparse.ArgumentParser()
    assign.add_arguments(parser)
    stdout = io.StringIO()
    context = Context(environ={}, stdin=io.StringIO(), stdout=stdout, stderr=io.StringIO(), now=NOW)
    assert assign.run(parser.parse_args(["--seed", "spring", *arguments]), context) == 0
    return stdout.getvalue()


def test_issues_have_their_arms_as_a_table() -> None:
    """Each issue once with its arm, how many of each, and how many are needed."""
    text = output("--repo", "Acme/Web", "--issues", "1-3", "2")
    assert [line.split() for line in text.splitlines()[2:5]] == [
        ["acme/web#1", "with"],
        ["acme/web#2", "without"],
        ["acme/web#3", "with"],
    ]
    assert "2 with, 1 without." in text
    assert ["0.67", "times", "141"] in [line.split() for line in text.splitlines()]


def test_weeks_of_authors_begin_on_monday_and_are_csv() -> None:
    """Two authors over two weeks are four units, whatever day of the week is named."""
    lines = output("--authors", "Ada", "grace", "--from", "2026-11-26", "--weeks", "2", "--format", "csv").splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "unit",
        "ada 2026-11-23",
        "grace 2026-11-23",
        "ada 2026-11-30",
        "grace 2026-11-30",
    ]
    assert {line.split(",")[1] for line in lines[1:]} <= {"with", "without"}


def test_how_many_are_needed_can_be_asked_alone() -> None:
    """Without units there is the table of ratios, or the one ratio that is asked for."""
    found = json.loads(output("--ratio", "0.67", "--format", "json"))
    assert found == {
        "seed": "spring",
        "units": [],
        "spread": 1.2,
        "needed": [{"ratio": 0.67, "in_each_arm": 141}],
    }
    assert "assistant" not in output()


@pytest.mark.parametrize(
    ("arguments", "mistake"),
    [
        (["--issues", "1"], "--repo: needed for issues and to analyse"),
        (["--repo", "acme", "--issues", "1"], "--repo: "),
        (["--repo", "a/b", "--issues", "x"], "--issues: not a number or a range: 'x'"),
        (["--repo", "a/b", "--issues", "9-3"], "--issues: not a number or a range: '9-3'"),
        (["--repo", "a/b", "--issues", "1-999999999"], "--issues: more than 10,000"),
        (["--authors", "ada"], "--from: needed for authors"),
        (["--authors", "a b", "--from", "2026-11-23"], "--authors: not a login: 'a b'"),
        (["--authors", "ada", "--from", "soon"], "--from: not a day: 'soon'"),
        (["--weeks", "0"], "--weeks: must be 1 to 520: 0"),
        (["--ratio", "1"], "--ratio, --spread: a ratio above 0 other than 1"),
        (["--analyse", "issue"], "--since: needed to analyse"),
        (["--analyse", "issue", "--repo", "a/b", "--since", "x"], "--since: not a day: 'x'"),
    ],
)
def test_mistakes_are_named(arguments: list[str], mistake: str) -> None:
    """What does not fit together is refused before anything is drawn."""
    with pytest.raises(ConfigurationError, match=mistake.replace("(", r"\(")):
        output(*arguments)


def analysed(folder: Path, *arguments: str, authors: int = 12) -> str:
    """Analyse a store of a team."""
    path = folder / "cache.db"
    if not path.exists():
        with ProdLensStore(path) as store:
            fill(store, Team(authors=authors), 1)
    return output("--analyse", "author-week", "--repo", REPO, "--since", "2026-01-05", "--db", str(path), *arguments)


def test_the_arms_are_compared(tmp_path: Path) -> None:
    """In words and as JSON; by default up to now."""
    text = analysed(tmp_path)
    assert text.startswith("with: ")
    assert "Time to merge, with against without: " in text
    assert "12 authors with both arms." in text
    found = json.loads(analysed(tmp_path, "--format", "json"))
    assert found["period"]["end"] == NOW.isoformat()
    until = json.loads(analysed(tmp_path, "--format", "json", "--until", str((START + timedelta(weeks=4)).date())))
    assert until["arms"]["with"]["pull_requests"] < found["arms"]["with"]["pull_requests"]


def test_what_cannot_be_compared_says_why(tmp_path: Path) -> None:
    """Too few authors have their counts and the reason."""
    assert "No comparison: fewer than 3 authors with both kinds" in analysed(tmp_path, authors=2)
    with pytest.raises(ConfigurationError, match="--until: must be after --since"):
        analysed(tmp_path, "--until", "2026-01-05")
    with pytest.raises(InputNotFoundError, match="no database at"):
        output("--analyse", "issue", "--repo", "a/b", "--since", "2026-01-05", "--db", str(tmp_path / "none.db"))
