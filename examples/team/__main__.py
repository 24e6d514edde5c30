"""The road of a run, on the files and the GitHub of a made-up team: what ``make report`` shows.

The action runs twice through its real entry point, as a subprocess with a runner's environment: for the schedule, which
restores, syncs, ingests, reports and saves, and for a pull request, which comments. GitHub is the tests' stand-in on
loopback; nothing leaves this machine. Then the bundled traces of real programs are read, as in a local run.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import time
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from examples.team.history import PEOPLE, WEEKS, make_history
from examples.team.served import served_repository
from examples.team.traces import copilot_export, people_file, trace_files
from tests.action.conftest import Workplace
from tests.action.runner import TRACES, Runner
from tests.github_server.artifact_host import ArtifactHost
from tests.github_server.server import GithubServer
from tests.github_server.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from examples.team.history import History, PullRequest
    from tests.action.runner import Run

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / ".prod-lens/example"
# What the bundled traces cover, so that the report on them is the same on any day.
BUNDLED = ("--since", "2026-11-19", "--until", "2026-11-26")
_FOLDED = "The repository's figures"  # what the comment ends in, folded: the whole report once more


def main() -> int:
    """Show the road; returns the exit status: 1 when a run failed."""
    started = time.monotonic()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    history = make_history(datetime.now(UTC).date())
    pull = history.newest
    files = trace_files(session for session in history.sessions if session.number != pull.number)
    fresh = trace_files(session for session in history.sessions if session.number == pull.number)
    inputs = _lay_out(history, files)
    with ArtifactHost() as host:
        repository = served_repository(history)
        world = World(repositories={repository.slug: repository}, artifacts=host)
        with GithubServer(world) as server:
            runner = Runner(Workplace(FOLDER), server, host, repository=repository)
            _introduce(history, files, server.url)
            _upload(runner, {name: text for name, text in files.items() if not name.startswith(_IN_WORKSPACE)})
            weekly = _weekly(runner, inputs)
            _upload(runner, fresh)
            commented = _pull_request(runner, pull, inputs)
    bundled = _bundled()
    print(f"\nThat took {time.monotonic() - started:.0f} seconds. The pages:")
    for page in ("weekly/report.html", "weekly/summary.md", "pull-request/comment.md", "bundled/report.html"):
        print(f"  {(FOLDER / page).relative_to(ROOT)}")
    return max(weekly, commented, bundled)


# The files that a step of the workflow leaves in the workspace; the others come as artifacts.
_IN_WORKSPACE = ("litellm/", "codex/")


def _lay_out(history: History, files: Mapping[str, str]) -> dict[str, str]:
    """Write the files of the team and return the inputs of its workflow."""
    _keep("people.toml", people_file())
    for name, text in {**files, "copilot/ai-usage.csv": copilot_export(history)}.items():
        _keep(f"traces/{name}", text)
    return {
        "since": f"{history.end - timedelta(days=28):%Y-%m-%d}",
        "until": f"{history.end:%Y-%m-%d}",
        "trace_paths": "traces/litellm\ntraces/codex\ntraces/copilot",
        "people": "people.toml",
        "history_days": str(7 * WEEKS),
        "acceptance_target": "0.7",
    }


def _keep(name: str, text: str) -> None:
    path = FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _introduce(history: History, files: Mapping[str, str], address: str) -> None:
    kinds = {name.partition("/")[0] for name in files} | {"copilot"}
    print(
        f"A made-up team: {len(PEOPLE)} people, {len(history.pull_requests)} pull requests in {WEEKS} weeks, "
        f"{len(files) + 1} files of {len(kinds)} kinds in {(FOLDER / 'traces').relative_to(ROOT)}: "
        f"{', '.join(sorted(kinds))}.\n"
        f"GitHub is a stand-in on this machine ({address})."
    )


def _upload(runner: Runner, files: Mapping[str, str]) -> None:
    """Put files where a job of the team's own has uploaded them: into a trace artifact."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    run = runner.trusted_run(event="pull_request", head_branch="any", path=".github/workflows/assistants.yml")
    runner.host.put(TRACES, stream.getvalue(), run)


def _weekly(runner: Runner, inputs: Mapping[str, str]) -> int:
    _title("The weekly run: restore, sync, ingest, report, save")
    payload = {"schedule": "0 6 * * 1", "repository": _described(runner)}
    done = _timed(lambda: runner.run("schedule", payload, output_dir="weekly", **inputs))
    _keep("weekly/summary.md", done.summary)
    print(_in_short(done.summary))
    print(f"saved the database as the artifact {[artifact.name for artifact in runner.saved()]}")
    return done.returncode


def _pull_request(runner: Runner, pull: PullRequest, inputs: Mapping[str, str]) -> int:
    _title(f"A run for pull request {pull.number}: restore, sync, ingest what is new, report, comment")
    side = {"ref": pull.branch, "repo": {"id": runner.repository.id}}
    payload = {
        "pull_request": {
            "number": pull.number,
            "additions": pull.additions,
            "deletions": pull.deletions,
            "head": side,
            "base": {"repo": {"id": runner.repository.id}},
        },
        "repository": _described(runner),
        "sender": {"login": pull.author.login},
    }
    reference = f"refs/pull/{pull.number}/merge"
    done = _timed(lambda: runner.run("pull_request", payload, reference, output_dir="pull-request", **inputs))
    for comment in runner.comments:
        _keep("pull-request/comment.md", comment["body"])
        print(f"{comment['user']['login']} commented:\n")
        print("\n".join(f"  {line}" for line in _shown(comment["body"])))
    return done.returncode or int(not runner.comments)


def _bundled() -> int:
    _title("A local run on the bundled traces of real programs and this clone's history, offline")
    where = ["--clone", str(ROOT), "--repository", "acme/api", "--trace-paths", str(ROOT / "examples/traces")]
    output = ["--db", str(FOLDER / "bundled/cache.db"), "--output-dir", str(FOLDER / "bundled")]
    program = [sys.executable, str(ROOT / "entrypoint.py"), "--offline", *where, *BUNDLED, *output]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    _say_failure(done.returncode, done.stdout + done.stderr)
    if done.returncode == 0:
        print(_in_short((FOLDER / "bundled/report.md").read_text(encoding="utf-8")))
    return done.returncode


def _described(runner: Runner) -> dict[str, Any]:
    repository = runner.repository
    return {"id": repository.id, "full_name": repository.slug, "private": True, "default_branch": "main"}


def _timed(run: Any) -> Run:
    started = time.monotonic()
    done: Run = run()
    _say_failure(done.returncode, done.log)
    print(f"({time.monotonic() - started:.1f} s; {done.outputs.get('sessions', '?')} calls, ", end="")
    print(f"cache restored: {done.outputs.get('cache-restored', '?')})\n")
    return done


def _say_failure(status: int, log: str) -> None:
    if status:
        print(f"{log}\nThe run failed with exit status {status}.")


def _title(text: str) -> None:
    print(f"\n== {text}\n")


def _in_short(markdown: str) -> str:
    """Return the sentences under "In short" of a page."""
    match = re.search(r"^#+ In short\n+(.*?)\n+(?=^#+ )", markdown, re.MULTILINE | re.DOTALL)
    return "  In short\n" + "\n".join(f"    {line}" for line in _plain(match[1] if match else markdown) if line)


def _shown(comment: str) -> Iterable[str]:
    lines = [line for line in _plain(comment) if not line.startswith("<!--")]
    folded = next((index for index, line in enumerate(lines) if _FOLDED in line), len(lines) + 1)
    return [*lines[: folded - 1], f"[{_FOLDED}, folded]"]


def _plain(markdown: str) -> list[str]:
    return markdown.replace("&#36;", "$").splitlines()


if __name__ == "__main__":
    sys.exit(main())
