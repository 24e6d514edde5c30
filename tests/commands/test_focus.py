"""``prod-lens focus``."""

from __future__ import annotations

import csv
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from prodlens.metrics import FOCUS_COLUMNS
from prodlens.storage import ProdLensStore
from tests.metrics.focus_rules import check_row
from tests.metrics.situations import call
from tests.programs import run_command

if TYPE_CHECKING:
    from pathlib import Path

    from tests.programs import Done


def run(folder: Path, *arguments: str) -> Done:
    """Run the command on the database of a folder."""
    return run_command("focus", "--db", str(folder / "cache.db"), *arguments)


def filled(folder: Path) -> Path:
    """Fill a database with three calls, one of which has a model that a spreadsheet would run."""
    with ProdLensStore(folder / "cache.db") as store:
        calls = [("4-30", "gpt-4o", 1.0), ("5-01", "gpt-4o", 2.0), ("5-02", "=cmd()", 4.0)]
        store.insert_sessions([call(day, model=model, cost_usd=cost, tokens_in=10) for day, model, cost in calls])
    return folder


def test_csv_keeps_the_rules(tmp_path: Path) -> None:
    """The CSV has the documented columns, every row keeps the rules, and no cell is a formula."""
    done = run(filled(tmp_path), "--repo", "Acme/Web", "--output", str(tmp_path / "focus.csv"))
    assert (done.returncode, done.stdout) == (0, "")
    assert "wrote 3 rows" in done.stderr
    with (tmp_path / "focus.csv").open(encoding="utf-8", newline="") as lines:
        rows = [{name: value or None for name, value in row.items()} for row in csv.DictReader(lines)]
    assert [list(row) for row in rows] == [list(FOCUS_COLUMNS)] * 3
    for row in rows:
        check_row(row)
    assert sum(float(str(row["BilledCost"])) for row in rows) == 7.0
    assert not any(str(value).startswith("=") for row in rows for value in row.values())


def test_parquet_covers_the_days_asked_for(tmp_path: Path) -> None:
    """``--since`` is covered and ``--until`` is not."""
    days = ("--since", "2026-05-01", "--until", "2026-05-02")
    done = run(filled(tmp_path), "--repo", "acme/web", "--output", str(tmp_path / "focus.PARQUET"), *days)
    assert done.returncode == 0
    assert pq.read_table(tmp_path / "focus.PARQUET")["BilledCost"].to_pylist() == [Decimal(2)]


def test_a_cost_that_cannot_be_true_is_said(tmp_path: Path) -> None:
    """Calls that are written without their cost are counted on standard error."""
    with ProdLensStore(tmp_path / "cache.db") as store:
        store.insert_sessions([call("5-01", cost_usd=1e300)])
    done = run(tmp_path, "--repo", "acme/web", "--output", str(tmp_path / "focus.csv"))
    assert done.returncode == 0
    assert "1 calls have a cost that cannot be true" in done.stderr


def test_mistakes_are_said_at_once(tmp_path: Path) -> None:
    """A wrong repository and a wrong suffix are one answer; a database that is not there is another."""
    done = run(tmp_path, "--repo", "acme", "--output", "focus.txt")
    assert done.returncode == 2
    assert "--repo" in done.stderr
    assert "expected .csv or .parquet" in done.stderr
    done = run(tmp_path, "--repo", "acme/web", "--output", str(tmp_path / "focus.csv"))
    assert done.returncode == 2
    assert "no database at" in done.stderr


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """A folder in the place of the file is said, with the exit status of a failure outside."""
    (tmp_path / "focus.csv").mkdir()
    done = run(filled(tmp_path), "--repo", "acme/web", "--output", str(tmp_path / "focus.csv"))
    assert done.returncode == 1
    assert "focus.csv" in done.stderr
