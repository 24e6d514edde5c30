"""``prod-lens organisation`` and ``prod-lens sql``."""

from __future__ import annotations

import argparse
import csv
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from prodlens.commands import organisation
from prodlens.errors import ConfigurationError
from tests.organisation.published import call, publish, repository
from tests.programs import run_command as run

FIVE = ("ann", "bea", "cem", "dan", "eva")


@pytest.fixture
def place(tmp_path: Path) -> str:
    """Return a place with five calls of a dollar in May."""
    calls = [call("5-02", who, 1) for who in FIVE]
    return str(publish(tmp_path / "place", calls=calls, repositories=[repository()]))


def test_standard_output_is_the_report_alone(place: str) -> None:
    """Standard output holds one JSON document and nothing else."""
    done = run("organisation", "--from", place, "--since", "2026-05-01", "--until", "2026-06-01")
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert report["cost"]["cost_usd"] == 5.0
    assert (report["metadata"]["since"], report["metadata"]["until"]) == ("2026-05-01", "2026-06-01")


def test_a_file_has_the_format_of_its_suffix(place: str, tmp_path: Path) -> None:
    """With --output standard output is empty, and teams come from the file."""
    teams = tmp_path / "teams.toml"
    teams.write_text('[teams]\ncore = ["acme/*"]\n', encoding="utf-8")
    days = ("--since", "2026-05-01", "--until", "2026-06-01", "--teams", str(teams))
    done = run("organisation", "--from", place, *days, "--output", str(tmp_path / "out.md"))
    assert (done.returncode, done.stdout) == (0, "")
    assert "`core`" in (tmp_path / "out.md").read_text(encoding="utf-8")


def test_a_damaged_file_is_said(place: str) -> None:
    """The report is made without it, and standard error says that there is one."""
    for file in Path(place).glob("v1/calls/*/*"):
        file.write_bytes(b"")
    done = run("organisation", "--from", place, "--since", "2026-05-01", "--until", "2026-06-01")
    assert (done.returncode, done.stderr) == (
        0,
        "prod-lens: files that could not be used: 1; the report names them first\n",
    )
    assert json.loads(done.stdout)["repositories"]["attention"][0]["problem"] == "damaged"


def test_an_empty_place_is_said(tmp_path: Path) -> None:
    """A report of nothing is written, and standard error says that nothing was published."""
    done = run("organisation", "--from", str(tmp_path / "nothing"))
    assert done.returncode == 0
    assert "nothing is published at" in done.stderr


def test_every_mistake_is_said_at_once(place: str) -> None:
    """Wrong days, a wrong suffix and too few people are one answer."""
    wrong = ("--since", "May", "--until", "0000-01-01", "--people-at-least", "4", "--output", "x.pdf")
    done = run("organisation", "--from", place, *wrong)
    assert done.returncode == 2
    for flag in ("--since", "--until", "--people-at-least", "--output"):
        assert f"error: {flag}:" in done.stderr


def checked(since: str, until: str) -> tuple[date, date]:
    """Return the days that the arguments ask for on 10 March 2026."""
    args = argparse.Namespace(since=since, until=until, people_at_least=5, output=None)
    period = organisation._checked(args, datetime(2026, 3, 10, tzinfo=UTC).date())
    return period.since, period.until


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ("", "", (date(2026, 1, 1), date(2026, 3, 10))),
        ("", "2026-03-01", (date(2025, 12, 1), date(2026, 3, 1))),
        ("28d", "", (date(2026, 2, 10), date(2026, 3, 10))),
        ("2w", "2026-02-15", (date(2026, 2, 1), date(2026, 2, 15))),
    ],
)
def test_days_are_counted_back_from_the_end(since: str, until: str, expected: tuple[date, date]) -> None:
    """Without a start, two whole months and the present one are covered; the end is today unless given."""
    assert checked(since, until) == expected


@pytest.mark.parametrize(
    ("since", "message"),
    [("2026-03-10", "is not before the end"), ("9999w", "not a day"), ("1969-12-31", "1970 to 2999")],
)
def test_a_period_without_a_day_is_refused(since: str, message: str) -> None:
    """A start at or after the end covers nothing; one before the calendar begins is not a day."""
    until = "0100-01-01" if since == "9999w" else ""
    with pytest.raises(ConfigurationError, match=message):
        checked(since, until)


def test_what_is_missing_is_named() -> None:
    """Without Ibis or DuckDB the message says what to install."""
    with pytest.raises(ConfigurationError, match=r"prodlens\[organisation\]"):
        organisation.require_extra(lambda _: None)


def test_sql_prints_a_table(place: str) -> None:
    """Names of columns, then rows; what is null is empty, and nothing can reach the terminal."""
    done = run(
        "sql", "SELECT developer, NULL AS nothing, '\x1b[31m' AS red FROM calls ORDER BY 1 LIMIT 1", "--from", place
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0].split() == ["developer", "nothing", "red"]
    assert done.stdout.splitlines()[2].split() == ["ann", "[31m"]


def test_sql_prints_csv_and_json(place: str) -> None:
    """CSV has the header first; JSON has numbers where the table has decimals, and days as text."""
    query = 'SELECT "day", sum(cost_usd) AS usd FROM calls GROUP BY 1'
    done = run("sql", query, "--from", place, "--format", "csv")
    assert list(csv.reader(io.StringIO(done.stdout))) == [["day", "usd"], ["2026-05-02", "5.0000000000"]]
    done = run("sql", query, "--from", place, "--format", "json")
    assert json.loads(done.stdout) == [{"day": "2026-05-02", "usd": 5.0}]


def test_sql_prints_any_value_as_strict_json(place: str) -> None:
    """Columns of one name are told apart; huge numbers stay, what is not a number is null, the rest is text."""
    query = (
        "SELECT 1 AS a, 2 AS a, 3 AS a_2, 170141183460469231731687303715884105727::HUGEINT AS huge, "
        "'nan'::DOUBLE AS nan, "
        "[1.5, NULL] AS list, {'x': DATE '2026-05-02'} AS pair, 'ab'::BLOB AS bytes, true AS yes, MAP {1: 'b'} AS map"
    )
    done = run("sql", query, "--from", place, "--format", "json")
    assert json.loads(done.stdout, parse_constant=pytest.fail) == [
        {
            "a": 1,
            "a_2": 2,
            "a_2_2": 3,
            "huge": 2**127 - 1,
            "nan": None,
            "list": [1.5, None],
            "pair": {"x": "2026-05-02"},
            "bytes": "b'ab'",
            "yes": True,
            "map": {"1": "b"},
        }
    ]


@pytest.mark.parametrize("query", ["", "  ", "-- nothing"])
def test_a_query_without_a_result_prints_nothing(place: str, query: str) -> None:
    """An empty text is not an error of the program."""
    done = run("sql", query, "--from", place, "--format", "json")
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


def test_a_wrong_query_is_the_user_s_mistake(place: str) -> None:
    """It ends with 2 and what DuckDB says."""
    done = run("sql", "SELECT", "--from", place)
    assert done.returncode == 2
    assert "the query cannot be answered" in done.stderr
