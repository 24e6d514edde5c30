"""The whole program as a subprocess: as a local run and as the runner starts it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.action.conftest import Workplace

RENDERED = ["report.csv", "report.html", "report.json", "report.md"]


@pytest.mark.program
def test_in_a_clone_no_flag_is_needed(clone: Workplace) -> None:
    """Repository and commits come from the clone; what was missing is said with what to do about it."""
    done = clone.run()
    assert done.returncode == 0, done.stderr
    report = clone.report()
    assert (report["metadata"]["repo"], report["commit_frequency"]["total_commits"]) == ("octo/hello", 2)
    assert sorted(path.name for path in (clone.folder / ".prod-lens/report").iterdir()) == RENDERED
    assert "GITHUB_TOKEN" in done.stderr
    assert "No tool that is read keeps a session of this repository here. No traces were named: " in done.stderr
    assert "trace-paths" in done.stderr
    assert "octo/hello" in done.stdout
    assert "The report is in .prod-lens/report/report.html, and beside it as JSON, Markdown and CSV." in done.stderr


def test_a_clone_of_another_repository_is_not_read(clone: Workplace) -> None:
    """The commits of a fork's clone are not read for another repository, with a note; letter case does not matter."""
    clone.git("remote", "set-url", "origin", "https://github.com/Fork/hello.git")
    done = clone.run("--offline", "--repository", "octo/hello")
    assert done.returncode == 0, done.stderr
    assert clone.report()["commit_frequency"]["total_commits"] == 0
    assert "is of fork/hello, not of octo/hello: it was not read." in done.stdout + done.stderr
    clone.git("remote", "set-url", "origin", "https://github.com/OCTO/Hello.git")
    done = clone.run("--offline", "--repository", "Octo/hello")
    assert clone.report()["commit_frequency"]["total_commits"] == 2
    assert "it was not read" not in done.stdout + done.stderr


@pytest.mark.parametrize("remote", [None, "/elsewhere/hello", "https://example.com/hello"])
def test_a_clone_that_names_no_repository_is_read_only_if_it_is_named(clone: Workplace, remote: str | None) -> None:
    """A clone whose origin names no repository is not read, with a note, unless ``--clone`` names it."""
    clone.git("remote", *(("set-url", "origin", remote) if remote else ("remove", "origin")))
    done = clone.run("--offline", "--repository", "octo/hello")
    assert done.returncode == 0, done.stderr
    assert "No clone of octo/hello was read, so commits and merged pull requests are missing: " in done.stderr
    assert "name it with --clone" in done.stderr
    done = clone.run("--offline", "--repository", "octo/hello", "--clone", ".")
    assert clone.report()["commit_frequency"]["total_commits"] == 2
    assert "No clone" not in done.stderr


def test_in_a_clone_the_sessions_of_this_machine_are_read(clone: Workplace) -> None:
    """Without trace paths the calls are those of sessions in this clone; the rest is left out, and both are said."""
    projects = clone.folder / "home/.claude/projects/-x"
    projects.mkdir(parents=True)
    usage = {"input_tokens": 5, "output_tokens": 7}
    for name, folder, count in (("mine", clone.folder, 2), ("other", "/elsewhere", 3)):
        lines = [
            {
                "type": "assistant",
                "sessionId": name,
                "cwd": str(folder),
                "timestamp": (datetime.now(UTC) - timedelta(hours=1)).isoformat(),
                "message": {
                    "id": f"msg_{name}_{n}",
                    "model": "claude-sonnet-4-5",
                    "stop_reason": "end_turn",
                    "usage": usage,
                },
            }
            for n in range(count)
        ]
        (projects / f"{name}.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    clone.git("config", "user.name", "Alice")
    clone.git("config", "user.email", "1+alice@users.noreply.github.com")
    done = clone.run("--offline")
    assert done.returncode == 0, done.stderr
    assert clone.report()["ai_interaction_velocity"]["total_sessions"] == 2
    assert "is not seen in the traces" not in done.stdout  # the sessions are of whoever commits here
    assert f"Claude Code: read 1 of 2 sessions in {projects.parent}, those of this repository" in done.stderr
    assert "left out: 1 that do not say of which" in done.stderr
    assert "No traces" not in done.stderr
    again = clone.run("--offline", "--trace-paths", "home/.claude/projects")
    assert "those of this repository" not in again.stderr
    assert clone.report()["ai_interaction_velocity"]["total_sessions"] == 5


@pytest.mark.parametrize(
    ("flags", "expected"),
    [([], {"Alice B"}), (["--people", "p.toml"], {"alice"}), (["--anonymize", "on"], {None})],
)
def test_sessions_are_of_whoever_commits_here(clone: Workplace, flags: list[str], expected: set[str | None]) -> None:
    """Calls that name nobody get the clone's committer, by login where the people file has it, and none when hidden."""
    clone.git("config", "user.name", "Alice B")
    clone.git("config", "user.email", "alice@example.com")
    (clone.folder / "p.toml").write_text('[people]\nalice = "alice@example.com"\n')
    sessions = clone.folder / "home/.claude/projects/x"
    sessions.mkdir(parents=True)
    message = {"id": "m", "model": "claude-sonnet-4-5", "stop_reason": "end_turn", "usage": {"input_tokens": 1}}
    line = {"type": "assistant", "sessionId": "s", "cwd": str(clone.folder), "timestamp": "2026-11-01T00:00:00Z"}
    (sessions / "s.jsonl").write_text(json.dumps({**line, "message": message}))
    assert clone.run("--offline", *flags).returncode == 0
    with closing(sqlite3.connect(clone.folder / ".prod-lens/cache.db")) as conn:
        assert {person for (person,) in conn.execute("SELECT developer_id FROM sessions")} == expected


def test_one_pull_request_is_printed_instead_of_the_report(clone: Workplace) -> None:
    """``--pr`` shows the cost, signs of AI and timeline of a pull request that was merged into the clone."""
    clone.traces("t.jsonl", count=2)
    clone.git("commit", "-q", "--allow-empty", "-m", "Add it (#7)\n\nCo-authored-by: Claude <noreply@anthropic.com>")
    done = clone.run("--offline", "--trace-paths", "t.jsonl", "--pr", "7")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("ProdLens report: octo/hello, pull request 7\n")
    assert "Add it; by " in done.stdout
    assert "No model call is known to belong to it." in done.stdout
    assert "trailer  Claude Code" in done.stdout
    assert not (clone.folder / ".prod-lens/report").exists()
    assert clone.run("--offline", "--trace-paths", "t.jsonl").returncode == 0
    assert clone.report()["ai_interaction_velocity"]["total_sessions"] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--pr", "8"],
            "error: pr: pull request 8 of octo/hello is not known; without a token, only those merged into",
        ),
        (["--pr", "x"], "error: pr: 'x' is not the number of a pull request; write it like 12"),
        (["--pr", "0"], "error: pr: '0' is not the number of a pull request; write it like 12"),
        (
            ["--pr", "1", "--repository", "octo/hello", "--repository", "octo/other"],
            "error: pr: name the one repository of pull request 1 with --repository",
        ),
    ],
)
def test_a_pull_request_that_cannot_be_printed(clone: Workplace, arguments: list[str], message: str) -> None:
    """An unknown pull request, or a text that is not a number, is the user's mistake, and nothing is printed."""
    done = clone.run("--offline", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_git_passes_over_what_a_local_run_leaves(clone: Workplace) -> None:
    """A local run in somebody's clone changes nothing that git shows, and keeps a file of theirs as it is."""
    assert clone.run("--offline").returncode == 0
    status = subprocess.run(["git", "status", "--short"], cwd=clone.folder, capture_output=True, text=True, check=True)
    assert [line for line in status.stdout.splitlines() if ".prod-lens" in line] == []
    ignored = clone.folder / ".prod-lens/.gitignore"
    assert ignored.read_text() == "*\n"
    ignored.write_text("parquet/\n")
    assert clone.run("--offline", "--db", "other/cache.db").returncode == 0
    assert clone.run("--offline").returncode == 0
    assert ignored.read_text() == "parquet/\n"
    assert not (clone.folder / "other/.gitignore").exists()


def test_traces_are_counted_once(clone: Workplace) -> None:
    """The same traces given again, in another file too, change no figure."""
    clone.traces()
    first = clone.run("--offline", "--trace-paths", "traces.jsonl")
    assert first.returncode == 0, first.stderr
    before = clone.report()["ai_interaction_velocity"]
    (clone.folder / "again.jsonl").write_bytes((clone.folder / "traces.jsonl").read_bytes())
    assert clone.run("--offline", "--trace-paths", "*.jsonl").returncode == 0
    assert clone.report()["ai_interaction_velocity"] == before
    assert before["total_sessions"] == 10


def test_a_folder_of_traces_may_be_empty(clone: Workplace) -> None:
    """A folder without traces is noted, and the report is made without them."""
    (clone.folder / "traces").mkdir()
    done = clone.run("--offline", "--trace-paths", "traces")
    assert done.returncode == 0, done.stderr
    assert clone.report()["ai_interaction_velocity"]["total_sessions"] == 0
    assert "traces" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--trace-paths", "missing.jsonl"], "missing.jsonl"),
        (["--since", "last tuesday"], "last tuesday"),
        (["--repository", "not a slug"], "not a slug"),
        (["--fail-if", "error_rate is high"], "error_rate is high"),
        (["--db", "notes.txt"], "notes.txt"),
        (["--people", "nobody.toml"], "nobody.toml"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(clone: Workplace, arguments: list[str], named: str) -> None:
    """Each mistake is one line on standard error that names it, without a traceback; no report is written."""
    (clone.folder / "notes.txt").write_text("not a database, " * 100)
    done = clone.run("--offline", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert named in line
    assert not (clone.folder / ".prod-lens/report").exists()
    assert (clone.folder / "notes.txt").read_text() == "not a database, " * 100


def test_without_a_repository_the_program_says_how_to_name_one(folder: Workplace) -> None:
    """Outside a clone, and in a clone without a remote, the way out is said."""
    outside = folder.run("--offline")
    folder.git("init", "-q")
    folder.git("commit", "-q", "--allow-empty", "-m", "First")
    for done in (outside, folder.run("--offline")):
        assert done.returncode == 2
        assert "--repository owner/name" in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_a_newer_database_is_left_alone(clone: Workplace) -> None:
    """A database of a newer version is refused with what to do, and not changed."""
    assert clone.run("--offline").returncode == 0
    database = clone.folder / ".prod-lens/cache.db"
    with closing(sqlite3.connect(database)) as conn:
        conn.execute("PRAGMA user_version = 999")
    done = clone.run("--offline")
    assert done.returncode == 2
    assert "upgrade" in done.stderr


def test_a_full_disk_is_status_1_and_loses_nothing(clone: Workplace) -> None:
    """When no more can be written the run fails in a line, and the next one, with room, has everything."""
    clone.traces(count=4000)
    done = clone.run_program("--offline", "--trace-paths", "traces.jsonl", limit_bytes=512 * 1024)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert clone.run("--offline", "--trace-paths", "traces.jsonl").returncode == 0
    sessions = clone.report()["metadata"]["window"]
    assert sessions
    with closing(sqlite3.connect(clone.folder / ".prod-lens/cache.db")) as conn:
        assert conn.execute("SELECT count(*) FROM sessions").fetchone() == (4000,)


@pytest.mark.program
def test_on_the_runner(folder: Workplace) -> None:
    """Inputs come from the environment, hyphens kept; outputs and summary go where the runner reads them."""
    folder.traces(status_code=500)
    output, summary = folder.folder / "output", folder.folder / "summary"
    environ = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_OUTPUT": str(output),
        "GITHUB_STEP_SUMMARY": str(summary),
        "INPUT_REPOSITORY": "octo/hello",
        "INPUT_TRACE-PATHS": "traces.jsonl",
        "INPUT_FAIL-IF": "error_rate > 0.5\nacceptance_rate < 0.1",
        "INPUT_CACHE-ARTIFACT": "",
    }
    output.touch()
    done = folder.run(environ=environ)
    assert done.returncode == 1, done.stderr + done.stdout
    assert "::error" in done.stdout
    assert "error_rate > 0.5" in done.stdout
    lines = output.read_text()
    for expected in ("sessions", "10", "error-rate", "1.000000", "gate", "fail", "report.html"):
        assert expected in lines
    assert "octo/hello" in summary.read_text()


def test_offline_on_the_runner(folder: Workplace) -> None:
    """With ``--offline`` a run on the runner asks for no cache and uploads nothing, so that an image can be tried."""
    folder.traces()
    output = folder.folder / "output"
    output.touch()
    nowhere = "http://127.0.0.1:9"
    environ = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_OUTPUT": str(output),
        "GITHUB_REPOSITORY": "octo/hello",
        "GITHUB_API_URL": nowhere,
        "ACTIONS_RESULTS_URL": nowhere,
        "INPUT_TOKEN": "t",
        "INPUT_REPOSITORY": "octo/hello",
        "INPUT_TRACE-PATHS": "traces.jsonl",
    }
    done = folder.run("--offline", environ=environ)
    assert (done.returncode, "::warning" in done.stdout) == (0, False), done.stdout + done.stderr
    assert (folder.folder / ".prod-lens/cache.db").exists()


@pytest.mark.program
def test_on_the_runner_every_mistake_is_an_annotation(folder: Workplace) -> None:
    """Several wrong inputs are several error annotations, and the status is 2."""
    environ = {"GITHUB_ACTIONS": "true", "INPUT_SINCE": "never", "INPUT_LAG-DAYS": "99", "INPUT_TIMEZONE": "Mars"}
    done = folder.run(environ=environ)
    assert done.returncode == 2
    assert done.stdout.count("::error") == 3


def test_in_a_clone_alone_the_merged_pull_requests_are_read_from_git(clone: Workplace) -> None:
    """Offline, merges and squashes of the history are counted, with a note; hostile titles do no harm."""
    clone.git("checkout", "-q", "-b", "topic")
    clone.git("commit", "-q", "--allow-empty", "-m", "Work")
    clone.git("checkout", "-q", "main")
    title = "Merge pull request #3 from octo/topic\n\n<script>alert(1)</script> ::error::x"
    clone.git("merge", "-q", "--no-ff", "-m", title, "topic")
    clone.git("commit", "-q", "--allow-empty", "-m", "Squashed (#4)")
    for _ in range(2):
        done = clone.run("--offline")
        assert done.returncode == 0, done.stderr
        report = clone.report()
        assert (report["pr_throughput"]["total_merged"], report["lead_time"]["with_first_commit"]) == (2, 1)
        assert report["lead_time"]["read_from_git"] == 2
        assert "merged pull requests were read from the clone's merge commits and squashes" in done.stdout + done.stderr
        assert "2 read from git" in (clone.folder / ".prod-lens/report/report.md").read_text(encoding="utf-8")
    without_token = clone.run()
    assert "were read from the clone's merge commits" in without_token.stdout + without_token.stderr
    assert "so no pull requests were read" not in without_token.stdout + without_token.stderr
