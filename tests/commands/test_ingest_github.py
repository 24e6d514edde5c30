"""``ingest-github`` and ``sync-status`` against the stand-in."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from prodlens.storage import ProdLensStore
from tests.github_server.faults import RATE_LIMIT, SERVER_ERROR, Fault
from tests.github_server.server import GithubServer
from tests.github_server.small import SLUG, small_world
from tests.programs import run_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Done

TOKEN = "ghs_secretsecretsecret"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def server() -> Iterator[GithubServer]:
    """Serve the small repository."""
    with GithubServer(small_world(tokens={TOKEN})) as running:
        yield running


def environment(server: GithubServer, token: str = TOKEN) -> dict[str, str]:
    """Return an environment that names the server and a token."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "GH_"))}
    return {**kept, "GITHUB_API_URL": server.url, "GITHUB_GRAPHQL_URL": server.graphql_url, "GITHUB_TOKEN": token}


def run(environ: dict[str, str], *arguments: str) -> Done:
    """Run a command in an environment."""
    return run_command(*arguments, environ=environ)


def test_a_repository_is_synced_and_its_state_shown(server: GithubServer, tmp_path: Path) -> None:
    """The sync says what it did on standard error; the state is a table, or JSON, on standard output."""
    database = str(tmp_path / "cache.db")
    done = run(environment(server), "ingest-github", "--repo", SLUG, "--db", database)
    assert (done.returncode, done.stdout) == (0, "")
    assert f"{SLUG}: 14 pull requests and 22 commits" in done.stderr
    shown = run(environment(server), "sync-status", "--db", database)
    assert [line.split()[:4] for line in shown.stdout.splitlines()[2:]] == [
        [SLUG, "pull", "requests", "14"],
        [SLUG, "commits", "22", "the"],
    ]
    assert "nothing" in shown.stdout
    (state,) = json.loads(run(environment(server), "sync-status", "--db", database, "--json").stdout)
    assert (state["repo"], state["partial"], [s["rows"] for s in state["streams"]]) == (SLUG, False, [14, 22])


def test_a_limit_is_no_failure_and_says_partial(server: GithubServer, tmp_path: Path) -> None:
    """Stopped by the rate limit the command succeeds, says so, and the state tells what is left."""
    server.faults.restart(dict.fromkeys(range(2, 30), RATE_LIMIT))
    database = str(tmp_path / "cache.db")
    done = run(environment(server), "ingest-github", "--repo", SLUG, "--db", database, "--since", "2026-05-01")
    assert done.returncode == 0
    assert "partial" in done.stderr
    assert "2100-01-01" in done.stderr
    shown = run(environment(server), "sync-status", "--db", database, "--repo", SLUG).stdout
    assert "pages down to 2026-05-01" in shown
    assert "rate limit is used up" in shown


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--repo", "nonsense"], 2, "owner/name"),
        (["--repo", SLUG, "--since", "yesterday"], 2, "YYYY-MM-DD"),
        (["--repo", "octo/missing"], 2, "check the repository's name"),
        (["--repo", SLUG, "--token", "ghp_wrong"], 2, "does not accept the token"),
        (["--repo", SLUG, "--token", "two words"], 2, "token holds blanks"),
    ],
)
def test_mistakes_are_one_line(
    server: GithubServer, tmp_path: Path, arguments: list[str], status: int, said: str
) -> None:
    """A mistake is one line that says what to do, without traceback or token."""
    done = run(environment(server), "ingest-github", "--db", str(tmp_path / "c.db"), *arguments)
    assert done.returncode == status
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not {"ghp_wrong", "two words", TOKEN} & set(done.stderr.split())


def test_a_stream_that_fails_leaves_the_other_to_run(server: GithubServer, tmp_path: Path) -> None:
    """When GitHub fails at the pull requests for good, the commits are stored, and the failure is said and kept."""
    server.faults.restart(dict.fromkeys(range(2, 6), SERVER_ERROR))
    database = str(tmp_path / "cache.db")
    done = run(environment(server), "ingest-github", "--repo", SLUG, "--db", database)
    assert done.returncode == 1
    assert "0 pull requests and 22 commits" in done.stderr
    assert "pull_requests are partial: GitHub failed at" in done.stderr
    (state,) = json.loads(run(environment(server), "sync-status", "--db", database, "--json").stdout)
    assert [(s["stream"], s["failed"], s["partial"]) for s in state["streams"]] == [
        ("pull_requests", True, True),
        ("commits", False, False),
    ]


def test_status_without_a_sync_says_what_to_do(server: GithubServer, tmp_path: Path) -> None:
    """No database is the user's mistake; a database without a sync is not."""
    database = tmp_path / "cache.db"
    missing = run(environment(server), "sync-status", "--db", str(database))
    assert (missing.returncode, "ingest-github" in missing.stderr) == (2, True)
    ProdLensStore(database).close()
    assert "Nothing was synced yet" in run(environment(server), "sync-status", "--db", str(database)).stdout


@pytest.mark.parametrize("nth", [3, 6, 9])
def test_a_killed_process_loses_nothing(server: GithubServer, tmp_path: Path, nth: int) -> None:
    """Killed by the system in the middle of a request, the next run goes on; the token is nowhere in the files."""
    started, programs = threading.Event(), list[subprocess.Popen[bytes]]()

    def kill() -> None:
        started.wait()
        programs[0].kill()

    server.faults.restart({nth: Fault(then=kill, status=500)})
    database = tmp_path / "cache.db"
    command = [sys.executable, "-m", "prodlens.cli", "ingest-github", "--repo", SLUG, "--db", str(database)]
    with subprocess.Popen(command, env=environment(server), cwd=ROOT, stderr=subprocess.DEVNULL) as program:
        programs.append(program)
        started.set()
    assert program.returncode == -signal.SIGKILL
    server.forget()
    done = run(environment(server), "ingest-github", "--repo", SLUG, "--db", str(database))
    assert done.returncode == 0
    with ProdLensStore(database) as store:
        assert (len(store.fetch_pull_requests()), len(store.fetch_commits())) == (14, 22)
    assert TOKEN.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
