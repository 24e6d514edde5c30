"""The doctor: what it finds and what it advises."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from prodlens.cli import build_parser
from prodlens.commands import Context, doctor
from prodlens.commands.setup_checks import FINE, ODD, WRONG, check_github, check_traces, check_workflows
from prodlens.github.client import GithubClient
from prodlens.storage import ProdLensStore
from tests.programs import run_command

ROOT = Path(__file__).parent.parent.parent
NOW = datetime(2026, 5, 20, tzinfo=UTC)
REFUSED = (403, {"message": "Resource not accessible by integration"})
PUBLIC = (200, {"private": False, "default_branch": "main"})


class Response:
    """An answer with a status and a body."""

    headers: dict[str, str] = {}  # noqa: RUF012 - never changed
    text = ""

    def __init__(self, status: int, body: Any) -> None:
        self.status_code, self._body = status, body

    def json(self) -> Any:
        """Return the body."""
        return self._body


class Session:
    """Answers from a table of paths; artifacts by their name; everything else is an empty list."""

    def __init__(self, answers: dict[str, tuple[int, Any]]) -> None:
        self.answers = answers

    def get(self, url: str, *, params: dict[str, str], **_: Any) -> Response:
        """Read."""
        path = url.removeprefix("http://stand-in/repos/octo/repo").strip("/")
        named = self.answers.get(f"{path}?{params.get('name')}")
        return Response(*(named or self.answers.get(path, (200, []))))


def check(answers: dict[str, tuple[int, Any]], *, signed: bool = True) -> list[tuple[str, str]]:
    """Return level and whole text of the findings on GitHub."""
    session: Any = Session(answers)
    client = GithubClient(session, token="t" if signed else None, api_url="http://stand-in")
    found = check_github(client, "octo/repo", NOW, "cache", "traces")
    return [(finding.level, f"{finding.text} | {finding.remedy}") for finding in found]


def artifacts(*days: str, expired: bool = False) -> tuple[int, Any]:
    """Return a listing of artifacts made on the days."""
    return 200, {"artifacts": [{"created_at": f"{day}T00:00:00Z", "expired": expired} for day in days]}


def test_without_a_token() -> None:
    """Nothing can be asked without a token, and that is all that is said."""
    assert check({}, signed=False) == [("wrong", "there is no token | set GITHUB_TOKEN, or give --token")]


@pytest.mark.parametrize(("status", "advice"), [(401, "new token"), (404, "check the name"), (400, "later")])
def test_an_unreadable_repository(status: int, advice: str) -> None:
    """A repository that cannot be read ends the checks with what to do about it."""
    [(level, text)] = check({"": (status, {})})
    assert level == WRONG
    assert advice in text


def test_a_good_set_up() -> None:
    """Where everything is there, everything is fine."""
    answers = {
        "": (200, {"private": True, "default_branch": "main"}),
        "actions/artifacts?cache": artifacts("2026-05-18", "2026-05-11"),
        "actions/artifacts?traces": artifacts("2026-05-19"),
    }
    assert [level for level, _ in check(answers)] == [FINE] * 6


def test_a_missing_permission_is_named() -> None:
    """A part that the token may not read is wrong, with the permission that it lacks."""
    found = check({"": PUBLIC, "actions/artifacts": REFUSED, "actions/artifacts?cache": REFUSED})
    assert next(text for level, text in found if level == WRONG).endswith("grant the token actions: read")
    assert any("anonymize-key" in text for _, text in found)


def test_an_empty_repository_is_odd() -> None:
    """A repository without a commit is not a failure."""
    assert (ODD, "the repository has no commit yet | ") in check({"": PUBLIC, "commits": (409, {})})


def test_artifacts_that_are_old_or_gone() -> None:
    """An old cache and expired traces are odd, and the reason to look for is given."""
    found = check(
        {
            "": PUBLIC,
            "actions/artifacts?cache": artifacts("2026-04-01"),
            "actions/artifacts?traces": artifacts("2026-05-19", expired=True),
        }
    )
    assert any("49 days old" in text and "60 quiet days" in text for _, text in found)
    assert any("1 expired" in text for _, text in found)


PINNED = f"jobs:\n  a:\n    steps:\n      - uses: prodlens/prodlens-action@{'a' * 40} # v1\n"
COMPOSITE = PINNED.replace("prodlens-action@", "prodlens-action/.github/actions/report@")
NO_CACHE = PINNED + "        with:\n          cache-artifact: ''\n"
NO_ARTIFACTS = NO_CACHE + "          trace-artifacts:  # none\n"


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("on: push\n", [ODD]),
        ("on: push\nsteps:\n  - uses: prodlens/prodlens-action@v1\n", [ODD]),
        (f"on: push\n{PINNED}", [FINE]),
        (f"on: pull_request\n{PINNED}", [FINE, WRONG]),
        (f"on: pull_request\npermissions:\n  pull-requests: write\n  actions: read\n{COMPOSITE}", [FINE]),
        (f"on: pull_request\npermissions: {{contents: read, actions: read, pull-requests: write}}\n{PINNED}", [FINE]),
        (f"on: pull_request\npermissions: write-all\n{PINNED}", [FINE]),
        (f"on: push\npermissions: {{contents: read}}\n{PINNED}", [FINE, WRONG]),
        (f"on: push\npermissions: {{contents: read}}\n{NO_CACHE}", [FINE, WRONG]),  # the trace artifacts are left
        (f"on: push\npermissions: {{contents: read}}\n{NO_ARTIFACTS}", [FINE]),
        (f"on: push\npermissions: read-all\n{PINNED}", [FINE]),
    ],
)
def test_workflow_files(tmp_path: Path, text: str, levels: list[str]) -> None:
    """A workflow is to pin the action, and to be allowed to comment where it is to and to read what it asks for."""
    (tmp_path / "a.yml").write_text(text)
    assert [finding.level for finding in check_workflows(tmp_path)] == levels


def test_the_examples_and_the_readme_are_healthy(tmp_path: Path) -> None:
    """What this project tells people to copy has nothing wrong in it."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    [workflow] = [block for block in re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL) if "uses:" in block]
    (tmp_path / "readme.yml").write_text(workflow)
    for folder in (tmp_path, ROOT / "examples/workflows"):
        assert [finding for finding in check_workflows(folder) if finding.level == WRONG] == []


def test_traces_and_their_tags(tmp_path: Path) -> None:
    """What most calls do not say of themselves is odd, with how to make them say it."""
    call = {"timestamp": "2026-05-01T00:00:00Z", "model": "m", "tokens_in": 1, "tokens_out": 1}
    with ProdLensStore(tmp_path / "s.db") as store:
        assert [finding.level for finding in check_traces(store.conn, NOW)] == [WRONG]
        store.insert_sessions([{**call, "developer_id": "ada", "session_id": None}])
        found = {finding.text: finding for finding in check_traces(store.conn, NOW)}
        assert found["100% of the calls say who made the call"].level == FINE
        assert "branch:NAME" in found["0% of the calls say its branch"].remedy
        assert found["the newest call is 19 days old"].level == ODD
        assert found["100% of the calls have no cost"].level == ODD
        assert "no call says whether its suggestion was accepted" in found
        store.insert_sessions([{**call, "timestamp": "2026-05-19T00:00:00Z", "cost_usd": 1.0, "accepted_flag": True}])
        found = {finding.text: finding for finding in check_traces(store.conn, NOW)}
        assert found["2 calls are stored, the newest of 2026-05-19"].level == FINE


def run(*arguments: str, stdout: io.StringIO) -> int:
    """Run the command with its own streams and without a token."""
    context = Context(environ={}, stdin=io.StringIO(), stdout=stdout, stderr=io.StringIO(), now=NOW)
    return doctor.run(build_parser("doctor").parse_args(["doctor", *arguments]), context)


def test_the_command(tmp_path: Path) -> None:
    """The command prints findings with what to change, and ends with 1 when something is wrong."""
    stdout = io.StringIO()
    database = tmp_path / "s.db"
    arguments = ["--repo", "octo/repo", "--db", str(database), "--workflows", str(tmp_path)]
    assert run(*arguments, "--offline", stdout=stdout) == 0
    assert "note  no workflow in" in stdout.getvalue()
    ProdLensStore(database).close()
    assert run(*arguments, stdout=stdout) == 1
    assert "WRONG there is no token\n        -> set GITHUB_TOKEN" in stdout.getvalue()


def test_outside_a_clone_the_repository_has_to_be_named(tmp_path: Path) -> None:
    """Without a clone and without ``--repo`` the command says both ways out."""
    done = run_command("doctor", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("prod-lens: error: --repo: .: git could not read a clone here: ")
    assert done.stderr.endswith("(run this inside a clone of your repository, or name it: --repo owner/name)\n")


def test_the_program_says_a_wrong_slug() -> None:
    """A malformed slug is the user's mistake, told in one line."""
    done = run_command("doctor", "--repo", "x")
    assert done.returncode == 2
    assert "not a repository" in done.stderr
