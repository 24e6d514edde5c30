"""Runs that publish the tables, after the report, for the default branch alone, and without endangering the report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from prodlens.lake import published_files
from tests.action.runner import NUMBER, SCHEDULE, event_of
from tests.github_server.small import SLUG

if TYPE_CHECKING:
    from pathlib import Path

    from tests.action.conftest import Workplace
    from tests.action.runner import Runner

CALL = {
    "id": "resp-1", "start_time": "2026-05-01T10:00:00Z", "model": "m", "response_cost": 1.25,
    "usage": {"prompt_tokens": 10, "completion_tokens": 5}, "metadata": {"user": "ann", "repo": SLUG},
}  # fmt: skip


def rows(folder: Path, table: str) -> list[dict[str, Any]]:
    """Return the rows of a published table."""
    return [row for file in published_files(folder, table) for row in pq.read_table(file).to_pylist()]


def test_a_scheduled_run_publishes_its_repository(runner: Runner) -> None:
    """Calls, pull requests and commits are there with the run's sources and team; the next run writes none again."""
    (runner.workplace.folder / "t.jsonl").write_text(json.dumps(CALL) + "\n", encoding="utf-8")
    lake = runner.workplace.folder / "lake"
    done = runner.run("schedule", SCHEDULE, trace_paths="t.jsonl", publish_to="lake", publish_team="core")
    assert done.returncode == 0, done.log
    assert f"Tables: {SLUG} is published to lake: " in done.log
    report = runner.workplace.report()
    assert {row["repository"] for table in ("calls", "commits", "pull_requests") for row in rows(lake, table)} == {SLUG}
    assert [float(row["cost_usd"]) for row in rows(lake, "calls")] == [1.25]
    assert len(rows(lake, "commits")) >= report["commit_frequency"]["total_commits"] > 0
    [repository] = rows(lake, "repositories")
    assert (repository["team"], repository["missing"], repository["pull_requests_partial"]) == ("core", [], False)
    before = {file: file.stat().st_mtime_ns for file in lake.rglob("month=*/*")}
    again = runner.run("schedule", SCHEDULE, trace_paths="t.jsonl", publish_to="lake", publish_team="core")
    assert again.returncode == 0, again.log
    assert "0 files written" in again.log
    assert {file: file.stat().st_mtime_ns for file in lake.rglob("month=*/*")} == before != {}
    assert rows(lake, "repositories")[0]["store"] == repository["store"]


def test_a_pull_request_publishes_nothing(runner: Runner) -> None:
    """A run on a pull request says why it publishes nothing, and ends well."""
    done = runner.run("pull_request", event_of(NUMBER), f"refs/pull/{NUMBER}/merge", publish_to="lake")
    assert done.returncode == 0, done.log
    assert (
        "Tables: not published, for the same reason as the cache is not saved: runs started by pull_request" in done.log
    )
    assert not (runner.workplace.folder / "lake").exists()


def test_a_place_that_fails_leaves_the_report(runner: Runner) -> None:
    """If the place refuses, report, summary and cache are there, and then the run fails with the reason."""
    (runner.workplace.folder / "taken").write_text("a file")
    done = runner.run("schedule", SCHEDULE, publish_to="taken")
    assert done.returncode == 1, done.log
    [error] = done.said("error")
    assert "the tables were not published: cannot read v1/repositories/" in error
    assert runner.workplace.report()["commit_frequency"]["total_commits"] > 0
    assert "ProdLens report" in done.summary
    assert len(runner.saved()) == 1


def test_an_address_with_credentials(runner: Runner) -> None:
    """A key in the address is a mistake of the user's, which the message does not repeat."""
    done = runner.run("schedule", SCHEDULE, publish_to="s3://AKIAKEY:hush@lake/x")
    assert done.returncode == 2, done.log
    assert "has credentials in it" in done.said("error")[0]
    assert "hush" not in done.log + done.summary
    assert runner.workplace.report()["commit_frequency"]["total_commits"] > 0


def test_a_dry_run_publishes_nothing(runner: Runner) -> None:
    """A dry run says where it would publish."""
    done = runner.run("schedule", SCHEDULE, publish_to="lake", dry_run="true")
    assert done.returncode == 0, done.log
    assert "Dry run: the tables would be published to lake." in done.log
    assert not (runner.workplace.folder / "lake").exists()


def test_a_local_run_publishes_what_is_left_out(folder: Workplace) -> None:
    """A local run publishes as well, and says what is left out."""
    (folder.folder / "t.jsonl").write_text(json.dumps({**CALL, "response_cost": 1e12}) + "\n", encoding="utf-8")
    done = folder.run("--offline", "--repository", SLUG, "--trace-paths", "t.jsonl", "--publish-to", "lake")
    assert done.returncode == 0, done.stderr
    assert f"Tables: {SLUG}: 1 costs are left out, since they cannot be true." in done.stderr
    assert [row["cost_usd"] for row in rows(folder.folder / "lake", "calls")] == [None]
