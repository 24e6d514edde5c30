"""``evidence``: every sign with what it rests on, as a table and as JSON."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.cli import build_parser
from prodlens.commands import Context, evidence
from prodlens.errors import ConfigurationError, InputNotFoundError
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from pathlib import Path

DAY = "2026-05-01T10:00:00Z"
BODY_SIGN = ["Jules", "high", "", 'the description says "pr created automatically by jules for task"']
TRAILER = [["Co-authored-by", "Claude Opus 4.5 <noreply@anthropic.com>"]]


def pull(number: int, repo: str = "acme/web", **changes: Any) -> dict[str, Any]:
    """Return a pull request without a sign."""
    row = {"id": hash((repo, number)) % 10**9, "number": number, "repo_slug": repo, "title": "", "state": "open"}
    return {**row, "created_at": DAY, "author": "ada", "head_ref": "topic", **changes}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Return a store with two pull requests, one of them signed, and a commit of neither."""
    path = tmp_path / "cache.db"
    with ProdLensStore(path) as store:
        store.insert_pull_requests([pull(7, head_ref="codex/\x1b[31mred", body_signs=[BODY_SIGN]), pull(8)])
        store.insert_commits([{"sha": "c" * 40, "repo_slug": "acme/web", "timestamp": DAY, "trailers": TRAILER}])
        store.insert_commits([{"sha": "d" * 40, "repo_slug": "acme/web", "timestamp": DAY}])
    return path


def run(database: Path, *flags: str) -> str:
    """Run the command and return what it prints."""
    streams = {name: io.StringIO() for name in ("stdin", "stdout", "stderr")}
    args = build_parser("evidence").parse_args(["evidence", "--db", str(database), *flags])
    context = Context(environ={}, now=datetime(2026, 5, 20, tzinfo=UTC), **streams)
    assert evidence.run(args, context) == 0
    return streams["stdout"].getvalue()


def test_one_pull_request_is_explained(database: Path) -> None:
    """Each sign has kind, tool, confidence and what it rests on, the strongest first; an unknown model is null."""
    assert json.loads(run(database, "--pr", "7", "--format", "json")) == [
        {
            "repo": "acme/web",
            "pull_requests": [
                {
                    "number": 7,
                    "evidence": [
                        {
                            "kind": "description",
                            "tool": "Jules",
                            "model": None,
                            "confidence": "high",
                            "rests_on": 'the description says "pr created automatically by jules for task"',
                        },
                        {
                            "kind": "branch",
                            "tool": "Codex",
                            "model": None,
                            "confidence": "low",
                            "rests_on": "branch codex/\x1b[31mred",
                        },
                    ],
                }
            ],
        }
    ]


def test_all_of_a_repository_are_listed(database: Path) -> None:
    """Pull requests and commits without a sign are left out, and a name cannot paint the terminal."""
    lines = run(database).splitlines()
    assert [line.split()[:3] for line in lines[2:]] == [
        ["#7", "description", "Jules"],
        ["#7", "branch", "Codex"],
        ["c" * 10, "trailer", "Claude"],
    ]
    assert "Claude Opus 4.5" in lines[4]
    assert lines[4].endswith("Co-authored-by: Claude Opus 4.5 <noreply@anthropic.com>")
    assert "\x1b" not in "".join(lines)


def test_no_sign_proves_nothing(database: Path) -> None:
    """A pull request without a sign is said to have none, with what that means; its JSON is an empty list."""
    assert "proves nothing" in run(database, "--pr", "8", "--repo", "Acme/Web")
    (found,) = json.loads(run(database, "--pr", "8", "--format", "json"))
    assert found["pull_requests"] == [{"number": 8, "evidence": []}]


def test_several_repositories_stand_apart(database: Path) -> None:
    """Every line names its repository where there are several, and a pull request needs its repository."""
    with ProdLensStore(database) as store:
        store.insert_pull_requests([pull(7, "acme/api", labels=["ai"])])
    lines = run(database).splitlines()
    assert [line.split()[:2] for line in lines[2:4]] == [["acme/api", "#7"], ["acme/web", "#7"]]
    with pytest.raises(ConfigurationError, match=r"name its repository with --repo; the database has 2"):
        run(database, "--pr", "7")


def test_what_is_not_stored_is_said(database: Path) -> None:
    """A missing database and a missing pull request are named with what to do."""
    with pytest.raises(InputNotFoundError, match=r"no database at .*none\.db; run ingest-github first"):
        run(database.with_name("none.db"))
    with pytest.raises(InputNotFoundError, match=r"pull request 99 of acme/web is not stored"):
        run(database, "--pr", "99")
