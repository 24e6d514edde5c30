"""The stand-in is what GitHub's own descriptions say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from graphql import parse, validate

from prodlens.github_etl.github_notes import TREE_QUERY, notes_query
from prodlens.github_etl.pull_request_details import DETAILS_QUERY, commits_query
from tests.github_server.descriptions import graphql_schema, problems
from tests.github_server.server import GithubServer
from tests.github_server.small import SLUG, small_world

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server() -> Iterator[GithubServer]:
    """Serve the small repository."""
    with GithubServer(small_world()) as running:
        yield running


@pytest.mark.parametrize(
    "target",
    [
        "/pulls?state=all&sort=updated&direction=desc&per_page=100",
        "/pulls?state=all&sort=updated&direction=desc&per_page=100&page=3",
        "/issues/2/events?per_page=100",
        "/commits?per_page=100",
        f"/commits?per_page=100&sha={7:040x}&until=2026-05-02T00:00:00Z",
    ],
)
def test_rest_answers_fit_the_official_description(server: GithubServer, target: str) -> None:
    """Every page, and every parameter it was asked with, is as the OpenAPI description says."""
    parts = urlsplit(f"/repos/{SLUG}{target}")
    answer = requests.get(f"{server.url}/repos/{SLUG}{target}", timeout=10)
    assert answer.json()
    assert problems("get", parts.path, answer.status_code, dict(parse_qsl(parts.query)), answer.json()) == []


def test_what_is_not_in_the_description_is_noticed() -> None:
    """A wrong type, an unknown parameter and an unknown path are problems."""
    path = f"/repos/{SLUG}/commits"
    assert problems("get", path, 200, {"sort": "x"}, [{"sha": 1}])
    assert problems("get", "/nowhere", 200, {}, []) == ["no operation get /nowhere"]


@pytest.mark.parametrize(
    "query", [DETAILS_QUERY, commits_query(1), commits_query(10), TREE_QUERY, notes_query({"a" * 40: "b" * 40})]
)
def test_queries_fit_the_official_schema(query: str) -> None:
    """Every query asks only for what the official schema has."""
    assert validate(graphql_schema(), parse(query)) == []


def test_pages_are_linked_and_conditional(server: GithubServer) -> None:
    """Following Link reaches every row once; an ETag that is current is answered 304, which costs nothing."""
    url: str | None = f"{server.url}/repos/{SLUG}/pulls?state=all&per_page=100"
    headers = {"Authorization": "Bearer t"}
    numbers = []
    answer = None
    while url:
        answer = requests.get(url, headers=headers, timeout=10)
        numbers += [row["number"] for row in answer.json()]
        url = answer.links.get("next", {}).get("url")
    assert sorted(numbers) == list(range(1, 15))
    assert answer is not None
    again = requests.get(answer.url, headers={**headers, "If-None-Match": answer.headers["etag"]}, timeout=10)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["x-ratelimit-remaining"] == answer.headers["x-ratelimit-remaining"]


def test_it_runs_by_hand(tmp_path: Path) -> None:
    """``python -m tests.github_server DATA`` says where it listens and what it serves."""
    folder = tmp_path / "octo__hello"
    folder.mkdir()
    (folder / "commits.jsonl").write_text("")
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.github_server", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as program:
        assert program.stdout is not None
        lines = [program.stdout.readline(), program.stdout.readline()]
        program.kill()
    assert lines[0].startswith("export GITHUB_API_URL=http://127.0.0.1:")
    assert lines[1] == "# octo/hello: 0 pull requests, 0 commits\n"
