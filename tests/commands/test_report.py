"""``prod-lens report``."""

from __future__ import annotations

import argparse
import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from prodlens.commands import Context
from prodlens.commands import report as report_command
from prodlens.storage import ProdLensStore
from tests.metrics.situations import call, validator
from tests.programs import run_command

if TYPE_CHECKING:
    from pathlib import Path

    from tests.programs import Done


def run(*arguments: str) -> Done:
    """Run the command."""
    return run_command("report", *arguments)


def test_standard_output_is_the_report_alone(tmp_path: Path) -> None:
    """Standard output holds one strict JSON document that fits the schema, and nothing else."""
    with ProdLensStore(tmp_path / "cache.db") as store:
        store.insert_sessions([call("5-01", model="gpt-4o"), call("5-02", model="o3")])
    database = str(tmp_path / "cache.db")
    policy = ("--policy-model", "gpt-4o", "--policy-model", "claude-*")
    done = run("--repo", "acme/web", "--since", "2026-05-01", "--db", database, "--lag-days", "2", *policy)
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    validator().validate(report)
    assert report["model_selection_accuracy"] == 0.5
    assert report["metadata"]["lag_days"] == 2


@pytest.mark.parametrize(
    ("name", "begins"),
    [("out.json", "{"), ("out.md", ""), ("OUT.HTML", "<!doctype html>"), ("out.csv", "repo,path,value")],
)
def test_output_takes_its_format_from_the_suffix(tmp_path: Path, name: str, begins: str) -> None:
    """With --output standard output is empty, the file has the format of its suffix, and the note says where it is."""
    with ProdLensStore(tmp_path / "cache.db") as store:
        store.insert_sessions([call("5-01", model="gpt-4o"), call("5-02", model="o3")])
    target, database = tmp_path / name, str(tmp_path / "cache.db")
    done = run("--repo", "acme/web", "--since", "2026-05-01", "--db", database, "--output", str(target))
    assert (done.returncode, done.stdout) == (0, "")
    assert name in done.stderr
    text = target.read_text(encoding="utf-8")
    assert text.lower().startswith(begins)
    assert "acme/web" in text


def test_every_mistake_is_reported_at_once(tmp_path: Path) -> None:
    """Each wrong argument is one line on standard error that names it; exit status 2; no database is made."""
    database = tmp_path / "none.db"
    done = run("--repo", "web", "--since", "May", "--db", str(database), "--output", "report.pdf", "--lag-days", "-1")
    assert done.returncode == 2
    assert [line.split(":")[2].strip() for line in done.stderr.splitlines()] == [
        "--repo",
        "--since",
        "--lag-days",
        "--output",
    ]
    missing = run("--repo", "acme/web", "--since", "2026-05-01", "--db", str(database))
    assert missing.returncode == 2
    assert "ingest" in missing.stderr
    assert not database.exists()


def test_the_running_day_is_in_totals_alone(tmp_path: Path) -> None:
    """The command knows the time: calls of the running day count in totals, and in no daily series."""
    database = tmp_path / "cache.db"
    with ProdLensStore(database) as store:
        store.insert_sessions([call("5-01 09:00"), call("5-02 09:00"), call("5-03 09:00"), call("5-03 23:00")])
    parser = argparse.ArgumentParser()
    report_command.add_arguments(parser)
    args = parser.parse_args(["--repo", "acme/web", "--since", "2026-05-01", "--db", str(database)])
    stdout = io.StringIO()
    now = datetime(2026, 5, 3, 10, tzinfo=UTC)
    context = Context(environ={}, stdin=io.StringIO(), stdout=stdout, stderr=io.StringIO(), now=now)
    assert report_command.run(args, context) == 0
    report = json.loads(stdout.getvalue())
    assert report["ai_interaction_velocity"]["total_sessions"] == 3
    assert report["daily"]["days"] == ["2026-05-01", "2026-05-02"]
