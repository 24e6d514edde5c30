"""GithubETL with the smallest session that can stand in: ``get`` alone, sparse objects, no GraphQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prodlens.github_etl import GithubETL, sync_state
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Response:
    """What a sync reads of a response."""

    def __init__(self, body: object, status_code: int = 200, headers: dict[str, str] | None = None) -> None:
        self.body, self.status_code, self.headers, self.text = body, status_code, headers or {}, str(body)

    def json(self) -> object:
        """Return the body."""
        return self.body


class Session:
    """Answers from a table of path endings and remembers what it was asked."""

    def __init__(self, answers: dict[str, Response]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []

    def get(self, url: str, *, headers: dict[str, str], params: dict[str, str], timeout: object) -> Response:
        """Answer by the end of the URL; a conditional request whose ETag is current gets a 304."""
        assert timeout
        self.asked.append((url, headers, params))
        answer = next((a for ending, a in self.answers.items() if url.endswith(ending)), Response([], 404))
        etag = {name.lower(): value for name, value in answer.headers.items()}.get("etag")
        if etag and headers.get("If-None-Match") == etag:
            return Response(None, 304, answer.headers)
        return answer


def pull(number: int, **changes: Any) -> dict[str, Any]:
    """Build the least that a listed pull request says."""
    return {
        "id": number * 10,
        "number": number,
        "title": f"Change {number}",
        "user": {"login": "alice"},
        "state": "closed",
        "created_at": "2026-05-01T10:00:00Z",
        "closed_at": "2026-05-02T10:00:00Z",
        "merged_at": "2026-05-02T10:00:00Z",
        "updated_at": f"2026-05-02T10:00:0{number}Z",
        **changes,
    }


COMMIT = {
    "sha": "a" * 40,
    "commit": {
        "author": {"name": "Alice", "date": "2026-05-01T10:00:00Z"},
        "committer": {"date": "2026-05-01T11:00:00Z"},
        "message": "Do it\n\nCo-authored-by: Claude <noreply@anthropic.com>",
    },
    "author": {"login": "alice"},
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    """Open a new store."""
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


@pytest.mark.parametrize("token", [None, "t0ken"])
@pytest.mark.parametrize("etag", ["ETag", "etag"])
def test_a_session_that_can_only_get_is_enough(store: ProdLensStore, token: str | None, etag: str) -> None:
    """Pages by Link, reopened from events, rows counted; a second run that is answered 304 returns 0."""
    session = Session(
        {
            "/repos/o/r/pulls": Response([pull(2)], headers={etag: '"1"', "Link": '<https://x.test/p2>; rel="next"'}),
            "/p2": Response([pull(1, state="open", merged_at=None, closed_at=None, user=None)]),
            "/issues/1/events": Response(
                [{"event": "closed"}, {"event": "reopened", "created_at": "2026-05-01T12:00:00Z"}]
            ),
            "/issues/2/events": Response([{"event": "merged"}]),
            "/repos/o/r/commits": Response([COMMIT], headers={etag: '"c"'}),
        }
    )
    etl = GithubETL(store, session)  # type: ignore[arg-type]
    assert etl.sync_pull_requests("o", "r", token=token) == 2
    assert etl.sync_commits("o", "r", token=token) == 1
    rows = {row["number"]: row for row in store.fetch_pull_requests()}
    assert [rows[n]["reopened"] for n in (1, 2)] == [True, False]
    assert (rows[1]["author"], rows[1]["closed_at"], rows[2]["repo_slug"]) == ("ghost", None, "o/r")
    (commit,) = store.fetch_commits()
    assert (commit["author"], commit["timestamp"]) == ("alice", "2026-05-01T11:00:00+00:00")
    assert commit["trailers"] == '[["Co-authored-by","Claude <noreply@anthropic.com>"]]'
    assert not sync_state(store, "o/r")["partial"]

    before = len(session.asked)
    assert etl.sync_pull_requests("o", "r", token=token) == 0
    assert etl.sync_commits("o", "r", token=token) == 0
    assert [headers["If-None-Match"] for _, headers, _ in session.asked[before:]] == ['"1"', '"c"']
    assert all("since" not in params and "since" not in url for url, _, params in session.asked)
    assert session.asked[0][2]["state"] == "all"


def test_a_pull_request_open_again_is_open(store: ProdLensStore) -> None:
    """Reopened after it was stored as closed, it loses its closing time and keeps that it was reopened."""
    closed = pull(1, merged_at=None)
    events: list[dict[str, str]] = [{"event": "closed"}]
    answers = {"/pulls": Response([closed]), "/issues/1/events": Response(events)}
    etl = GithubETL(store, Session(answers))  # type: ignore[arg-type]
    etl.sync_pull_requests("o", "r")
    assert store.fetch_pull_requests()[0]["closed_at"] == "2026-05-02T10:00:00+00:00"

    events.append({"event": "reopened", "created_at": "2026-05-03T10:00:00Z"})
    answers["/pulls"] = Response([{**closed, "state": "open", "closed_at": None, "updated_at": "2026-05-03T10:00:00Z"}])
    etl.sync_pull_requests("o", "r")
    (row,) = store.fetch_pull_requests()
    assert (row["state"], row["closed_at"], row["reopened"]) == ("open", None, True)
    assert row["reopened_at"] == "2026-05-03T10:00:00+00:00"
