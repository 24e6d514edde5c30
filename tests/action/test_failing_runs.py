"""A run that fails late keeps what it has: the cache, the report and the summary, and then the exit status."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from tests.action.runner import SCHEDULE
from tests.github_server.faults import (
    Fault,
)
from tests.github_server.small import SLUG

if TYPE_CHECKING:
    from tests.action.conftest import Workplace
    from tests.action.runner import Runner


def test_a_stream_that_fails_leaves_the_others_to_run(runner: Runner) -> None:
    """Without permission for pull requests, commits are read, cache and report are saved, and the run fails last."""
    refusal = Fault(status=403, body=b'{"message": "Resource not accessible by integration"}')
    runner.server.faults.paths[f"/repos/{SLUG}/pulls"] = refusal
    done = runner.run("schedule", SCHEDULE)
    assert done.returncode == 1, done.log
    [error] = done.said("error")
    assert f"{SLUG}: pull requests could not be read to the end" in error
    report = runner.workplace.report()
    assert report["commit_frequency"]["total_commits"] > 0
    [missing] = report["data_quality"]["missing"]
    assert missing in error
    assert "This report is partial" in done.summary
    assert done.outputs["partial"] == "true"
    assert len(runner.saved()) == 1


def test_every_wrong_path_is_named_before_github_is_asked(runner: Runner) -> None:
    """Missing trace paths and a file where a folder is to be written are configuration mistakes, listed together."""
    (runner.workplace.folder / "taken").write_text("a file")
    done = runner.run(
        "schedule", SCHEDULE, trace_paths="missing.jsonl\ngone/a.json\nnone/**", output_dir="taken/report"
    )
    assert done.returncode == 2, done.log
    said = "\n".join(done.said("error"))
    assert "trace-paths: no such file or folder: missing.jsonl" in said
    assert "trace-paths: no such file or folder: gone/a.json" in said
    assert "output-dir: taken is not a folder" in said
    assert "none/**" not in said
    assert runner.server.log == []


@pytest.mark.parametrize("leads_to", ["nowhere", "a-file"])
def test_a_link_in_the_place_of_the_output_folder(runner: Runner, leads_to: str) -> None:
    """A link that a checkout planted is called so, whether it leads to nothing or to a file, and nothing is written."""
    runner.in_process = True
    folder = runner.workplace.folder
    (folder / "a-file").write_text("theirs")
    (folder / "planted").symlink_to(folder / leads_to)
    done = runner.run("schedule", SCHEDULE, output_dir="planted")
    assert done.returncode == 2
    assert "output-dir: planted is a link, and nothing is written through links; remove it" in done.log
    assert not (folder / "nowhere").exists()
    assert (folder / "a-file").read_text() == "theirs"


def test_a_trace_glob_without_its_folder_is_an_empty_list(folder: Workplace) -> None:
    """A glob below a folder that is not there adds no calls, with a note, and is not an error."""
    done = folder.run(
        "--offline", "--repository", "octo/hello", "--trace-paths", "traces/**", "--trace-paths", "x/*.json"
    )
    assert done.returncode == 0, done.stderr
    assert "No trace files in traces/**: no calls were added from there." in done.stderr
    assert "No trace files in x/*.json: no calls were added from there." in done.stderr


def test_a_file_whose_name_looks_like_a_glob_is_read(folder: Workplace) -> None:
    """A path that is there is taken as it is, whatever characters are in its name."""
    folder.traces("a[1].jsonl")
    done = folder.run("--offline", "--repository", "octo/hello", "--trace-paths", "a[1].jsonl")
    assert done.returncode == 0, done.stderr
    assert folder.report()["ai_interaction_velocity"]["total_sessions"] == 10


def test_a_clone_that_cannot_be_read_leaves_its_commits_to_github(runner: Runner) -> None:
    """A checkout without a commit is noted on a runner, and the commits come from GitHub."""
    runner.workplace.git("init", "-q", "-b", "main")
    runner.workplace.git("remote", "add", "origin", f"https://github.com/{SLUG}.git")
    done = runner.run("schedule", SCHEDULE)
    assert done.returncode == 0, done.log
    if "PRODLENS_IMAGE" not in os.environ:  # the image has no git, so that it never tries
        assert f"{SLUG}: the clone was not read, and its commits come from GitHub" in done.log
    assert runner.workplace.report()["commit_frequency"]["total_commits"] > 0


def test_a_clone_that_may_only_be_read_is_said_with_the_way_out(
    clone: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a local run may not make its folder, the message names the flags for other places."""

    def refused(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("prodlens.action.run.Folder.entry", refused)
    done = clone.run_in_process("--offline", environ={})
    message = "error: cannot write to the folder .prod-lens: Read-only file system; name other places with --db and "
    assert (done.returncode, done.stderr) == (1, f"{message}--output-dir\n")
