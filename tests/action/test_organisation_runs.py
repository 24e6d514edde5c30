"""Runs that report on the whole organisation, after their own report and without endangering it."""

from __future__ import annotations

import io
import json
import os
import zipfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from prodlens.action.publishing import extra
from tests.action.runner import NUMBER, SCHEDULE, event_of
from tests.github_server.small import SLUG
from tests.organisation.published import call, publish
from tests.organisation.published import repository as published_repository

if TYPE_CHECKING:
    from tests.action.runner import Runner

PEOPLE = ("ann", "bea", "cem", "dan", "eva", "flo")
RECENT = datetime.now(UTC) - timedelta(days=2)
REPORT = "prodlens-report-organisation"


@pytest.fixture
def one(runner: Runner) -> Runner:
    """Give a runner whose workspace has traces of six people, and a place where two other repositories have published.

    In the image, where Ibis and DuckDB are missing, the run installs them as this machine's pip would.
    """
    runner.environ |= {name: text for name, text in os.environ.items() if name in {"PIP_INDEX_URL", "PIP_CERT"}}
    folder = runner.workplace.folder
    others = ("acme/api", "acme/pay")
    at = {"at": RECENT, "day": RECENT.date()}
    calls = [call("5-01", who, 10, repository=name, **at) for name in others for who in PEOPLE]
    publish(folder / "lake", calls=calls, repositories=[published_repository(name, team="core") for name in others])
    lines = [
        {"id": who, "start_time": RECENT.isoformat(), "model": "m-1", "response_cost": 0.25,
         "usage": {"prompt_tokens": 10, "completion_tokens": 5}, "metadata": {"user": who, "repo": SLUG}}
        for who in PEOPLE
    ]  # fmt: skip
    (folder / "calls.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    (folder / "teams.toml").write_text('[teams]\nhello = ["octo/*"]\n', encoding="utf-8")
    return runner


WITH: dict[str, str] = {
    "trace_paths": "calls.jsonl", "publish_to": "lake", "organisation_from": "lake", "organisation_teams": "teams.toml",
    "anonymize_key": "the same in every repository",
}  # fmt: skip


def test_a_run_reports_on_the_organisation_with_its_own_repository_in_it(one: Runner) -> None:
    """Files, artifact, summary and outputs: the run publishes first, so that what it read itself is in the report."""
    done = one.run("schedule", SCHEDULE, **WITH)
    assert done.returncode == 0, done.log
    folder = one.workplace.folder
    report = json.loads((folder / done.outputs["organisation-json"]).read_text(encoding="utf-8"))
    assert {row["name"]: row["cost_usd"] for row in report["cost"]["by_repository"]["rows"]} == {
        "acme/api": 60.0, "acme/pay": 60.0, SLUG: 1.5,
    }  # fmt: skip
    assert {row["name"]: row["cost_usd"] for row in report["cost"]["by_team"]["rows"]} == {"core": 120.0, "hello": 1.5}
    for kind, suffix in (("markdown", "md"), ("html", "html"), ("csv", "csv")):
        assert done.outputs[f"organisation-{kind}"] == f".prod-lens/report/organisation.{suffix}"
        assert (folder / done.outputs[f"organisation-{kind}"]).stat().st_size > 500
    assert done.summary.count("## ProdLens report: ") == 2
    assert f"[The whole report on the organisation]({done.outputs['organisation-url']})" in done.summary
    (uploaded,) = one.saved(REPORT)
    assert done.outputs["organisation-url"].endswith(f"/artifacts/{uploaded.id}")
    with zipfile.ZipFile(io.BytesIO(uploaded.content)) as archive:
        assert sorted(archive.namelist()) == ["organisation.csv", "organisation.html", "organisation.json"]
    assert "Organisation: 3 repositories are reported on in .prod-lens/report/organisation.html." in done.log


def test_a_run_without_the_input_makes_none(one: Runner) -> None:
    """Without a place there is neither a file nor an address, and nothing is installed."""
    done = one.run("schedule", SCHEDULE, **{**WITH, "organisation_from": ""})
    assert done.returncode == 0, done.log
    assert {text for name, text in done.outputs.items() if name.startswith("organisation-")} == {""}
    assert not list(one.workplace.folder.glob(".prod-lens/report/organisation*"))


def test_a_pull_request_gets_none(one: Runner) -> None:
    """A run on a pull request says why, whatever file of teams it brings."""
    done = one.run("pull_request", event_of(NUMBER), f"refs/pull/{NUMBER}/merge", **WITH)
    assert done.returncode == 0, done.log
    assert (
        "Organisation: no report, for the same reason as the cache is not saved: runs started by pull_req" in done.log
    )
    assert done.outputs["organisation-json"] == ""
    assert one.saved(REPORT) == []


def test_a_damaged_file_does_not_fail_a_run(one: Runner) -> None:
    """What can be read is reported on, and the damaged file is named in the summary and the log."""
    (file,) = one.workplace.folder.glob("lake/v1/calls/*/acme.pay.parquet")
    file.write_bytes(b"PAR1")
    done = one.run("schedule", SCHEDULE, **WITH, summary="true")
    assert done.returncode == 0, done.log
    assert "files that could not be used: 1, named there first" in done.log
    assert "`acme/pay` | damaged | `its calls of " in done.summary


def test_a_place_that_fails_leaves_the_own_report(one: Runner) -> None:
    """Report, summary and cache are there; then the run says that there is no report on the organisation, and fails."""
    done = one.run("schedule", SCHEDULE, **{**WITH, "organisation_from": "s3://AKIAKEY:hush@lake/x"})
    assert done.returncode == 2, done.log
    (error,) = done.said("error")
    assert (
        "no report on the organisation was made: the address of the place at s3://lake has credentials in it" in error
    )
    assert "hush" not in done.log + done.summary
    assert one.workplace.report()["cost_metrics"]["total_session_cost_usd"] == 1.5
    assert done.summary.count("## ProdLens report: ") == 1
    assert len(one.saved()) == 1


@pytest.mark.parametrize("kind", ["missing", "link"])
def test_a_file_of_teams_that_is_not_one_is_a_mistake(one: Runner, kind: str) -> None:
    """Nothing is asked of GitHub, and no link of the checkout is followed."""
    file = one.workplace.folder / "teams.toml"
    file.unlink()
    if kind == "link":
        (one.workplace.folder / "real.toml").write_text("[teams]\n", encoding="utf-8")
        file.symlink_to("real.toml")
    done = one.run("schedule", SCHEDULE, **WITH)
    assert done.returncode == 2, done.log
    (error,) = done.said("error")
    assert ("organisation-teams: no such file" if kind == "missing" else "teams.toml is a link") in error
    assert one.server.log == []


def test_an_index_that_cannot_be_reached_leaves_the_own_report(one: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Ibis and DuckDB are missing and cannot be installed, the run says what to do, after everything else."""
    monkeypatch.setattr(extra, "has_extra", lambda: False)
    one.in_process = True
    one.environ |= {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}
    done = one.run("schedule", SCHEDULE, **WITH)
    assert done.returncode == 1, done.log
    (error,) = done.said("error")
    assert "no report on the organisation was made: Ibis and DuckDB could not be installed (ERROR: " in error
    assert "set PIP_INDEX_URL to a mirror" in error
    assert one.workplace.report()["cost_metrics"]["total_session_cost_usd"] == 1.5
    assert len(one.saved()) == 1


def test_a_local_run_reports_on_the_organisation(one: Runner) -> None:
    """A local run writes the report beside its own; it has no summary to add to."""
    own = ("--offline", "--repository", SLUG, "--trace-paths", "calls.jsonl")
    done = one.workplace.run(*own, "--organisation-from", "lake", "--organisation-people-at-least", "6")
    assert done.returncode == 0, done.stderr
    assert "Organisation: 2 repositories are reported on" in done.stderr
    report = json.loads((one.workplace.folder / ".prod-lens/report/organisation.json").read_text(encoding="utf-8"))
    assert (report["cost"]["cost_usd"], report["metadata"]["fewest_people"]) == (120.0, 6)
