"""GithubClient against the stand-in: every refusal is the error that says what to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

from prodlens.errors import ConfigurationError, GithubError
from prodlens.github.client import GithubClient, RequestBudget
from prodlens.github.errors import (
    AuthenticationError,
    BudgetSpentError,
    EmptyRepositoryError,
    GraphqlUnavailableError,
    NotFoundError,
    PermissionMissingError,
    RateLimitedError,
    ServerFailedError,
)
from tests.github_server.faults import CUT, RATE_LIMIT, SERVER_ERROR, WRONG_JSON, Fault
from tests.github_server.server import GithubServer
from tests.github_server.small import SLUG, small_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "ghs_secretsecretsecret"
PATH = f"/repos/{SLUG}/pulls"
NOW = 1_800_000_000.0


@pytest.fixture
def server() -> Iterator[GithubServer]:
    """Serve the small repository."""
    with GithubServer(small_world(tokens={TOKEN})) as running:
        yield running


@pytest.fixture
def plain() -> Iterator[requests.Session]:
    """Open a session without retries."""
    with requests.Session() as session:
        yield session


def client(server: GithubServer, session: requests.Session | None = None, **settings: Any) -> GithubClient:
    """Return a client of the server that never waits."""
    urls = {"api_url": server.url, "graphql_url": server.graphql_url}
    defaults: dict[str, Any] = {"token": TOKEN, "patience_seconds": 0.0, "clock": lambda: NOW}
    return GithubClient(session, **{**urls, **defaults, **settings})


def body(message: str) -> bytes:
    """Return a refusal's body."""
    return json.dumps({"message": message}).encode()


REFUSALS: dict[str, tuple[Fault, type[GithubError], str]] = {
    "token wrong": (Fault(status=401, body=body("Bad credentials")), AuthenticationError, "check it"),
    "permission missing": (
        Fault(
            status=403,
            body=body("Resource not accessible by integration"),
            headers={"x-accepted-github-permissions": "pull_requests=read", "x-ratelimit-remaining": "4999"},
        ),
        PermissionMissingError,
        "grant it pull_requests=read",
    ),
    "scope missing": (
        Fault(status=403, headers={"x-accepted-oauth-scopes": "repo"}),
        PermissionMissingError,
        "scope repo",
    ),
    "not there": (Fault(status=404, body=body("Not Found")), NotFoundError, "check the repository's name"),
    "gone": (Fault(status=410), NotFoundError, "check"),
    "no commit yet": (Fault(status=409), EmptyRepositoryError, "push one first"),
    "quota used up": (RATE_LIMIT, RateLimitedError, "until 2100-01-01 00:00:00 UTC"),
    "too fast": (Fault(status=429, headers={"retry-after": "3600"}), RateLimitedError, "run again after that"),
    "secondary": (
        Fault(status=403, body=body("You have exceeded a secondary rate limit")),
        RateLimitedError,
        "2027-01-15 08:01:00",
    ),
    "server error": (SERVER_ERROR, ServerFailedError, "try again later"),
    "connection cut": (CUT, ServerFailedError, "could not be reached"),
    "teapot": (Fault(status=418, body=body(f"short and stout, {TOKEN}")), GithubError, "short and stout"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_every_refusal_is_its_own_error(server: GithubServer, plain: requests.Session, name: str) -> None:
    """Each kind of refusal is one class whose text says what to do, and no text tells the token."""
    fault, kind, said = REFUSALS[name]
    server.faults.restart(dict.fromkeys(range(1, 10), fault))
    with pytest.raises(kind) as caught:
        client(server, plain).get(PATH)
    assert type(caught.value) is kind
    assert said in str(caught.value)
    assert TOKEN not in repr(caught.value) + str(caught.value)


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        ({"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}, RateLimitedError, "rate limit"),
        ({"data": None, "errors": [{"message": "Something went wrong while executing"}]}, ServerFailedError, "later"),
        ({"data": None, "errors": [{"type": "FORBIDDEN", "message": "no"}]}, PermissionMissingError, "grant"),
        ({"errors": [{"message": "Field 'x' doesn't exist"}]}, GraphqlUnavailableError, "doesn't exist"),
        ([], GraphqlUnavailableError, "no data"),
    ],
)
def test_graphql_errors_arrive_with_status_200(
    server: GithubServer, plain: requests.Session, answer: object, kind: type[GithubError], said: str
) -> None:
    """An error inside an answer of status 200 is the same error as one with a status of its own."""
    server.faults.restart(dict.fromkeys(range(1, 9), Fault(status=200, body=json.dumps(answer).encode())))
    with pytest.raises(kind, match=said):
        client(server, plain).graphql("query { viewer { login } }", {})


def test_what_is_no_graphql_is_told_from_broken_json(server: GithubServer, plain: requests.Session) -> None:
    """A page in place of JSON means no GraphQL; JSON cut short means that GitHub failed."""
    page = Fault(status=200, body=b"<html>", headers={"content-type": "text/html"})
    server.faults.restart({1: page, 2: WRONG_JSON, 3: Fault(status=404)})
    for kind in (GraphqlUnavailableError, ServerFailedError, GraphqlUnavailableError):
        with pytest.raises(kind):
            client(server, plain).graphql("query { node(id: 1) { id } }", {})


def test_an_answer_of_another_shape_is_a_failure(server: GithubServer, plain: requests.Session) -> None:
    """A list is expected; an object or half a list is a failure, not an empty list."""
    server.faults.restart({1: Fault(status=200, body=b"{}"), 2: WRONG_JSON})
    for _ in range(2):
        with pytest.raises(ServerFailedError):
            client(server, plain).get(PATH).rows()


def test_our_own_session_repeats_failed_reads(server: GithubServer) -> None:
    """One 502 and one cut connection are survived, and counted as the requests that they were."""
    for fault in (SERVER_ERROR, CUT):
        server.faults.restart({1: fault})
        asking = client(server)
        if fault is SERVER_ERROR:
            assert asking.get(PATH).rows()
            assert asking.budget.spent == server.faults.count == 2
        else:  # cut in the body, where a repetition is the next run's
            with pytest.raises(ServerFailedError):
                asking.get(PATH)
        asking.close()


def test_a_login_of_the_netrc_file_is_not_used(
    server: GithubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token that was given is the one that is sent."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    asking = client(server)
    assert asking.get(PATH).rows()
    asking.close()


def test_the_token_goes_to_no_other_host(server: GithubServer) -> None:
    """A redirect or a link to another host is followed without the token."""
    with GithubServer(small_world(tokens=set())) as other:  # it knows no token, and refuses every one
        server.faults.restart({1: Fault(status=302, headers={"location": f"{other.url}{PATH}"})})
        asking = client(server)
        assert asking.get(PATH).rows()
        assert asking.get(f"{other.url}{PATH}").rows()
        asking.close()


def test_a_circle_of_redirects_ends(server: GithubServer) -> None:
    """Redirects that never arrive are a failure after a few."""
    server.faults.restart(dict.fromkeys(range(1, 50), Fault(status=301, headers={"location": PATH})))
    asking = client(server)
    with pytest.raises(ServerFailedError, match="circle"):
        asking.get(PATH)
    asking.close()
    assert server.faults.count <= 6


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "nön-ascii"])
def test_a_token_that_is_none_is_refused_unseen(token: str) -> None:
    """What no token can hold is the user's mistake, and is not repeated in the message."""
    with pytest.raises(ConfigurationError) as caught:
        GithubClient(token=token)
    assert token not in str(caught.value)


def test_a_used_up_quota_stops_before_the_next_request(server: GithubServer, plain: requests.Session) -> None:
    """The answer that spends the last request is used; the next request is not sent. Without limits all are."""
    last = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 600), "x-ratelimit-limit": "60"}
    unlimited = {**last, "x-ratelimit-limit": "0"}
    server.faults.restart({1: Fault(status=200, body=b"[]", headers=unlimited)})
    asking = client(server, plain)
    assert asking.get(PATH).rows() == []
    server.faults.restart({1: Fault(status=200, body=b"[]", headers=last)})
    assert asking.get(PATH).rows() == []
    with pytest.raises(RateLimitedError, match="run again"):
        asking.get(PATH)
    assert server.faults.count == 1


def test_a_budget_is_never_passed(server: GithubServer, plain: requests.Session) -> None:
    """Shared by several clients, the budget ends all of them."""
    budget = RequestBudget(limit=2)
    client(server, plain, budget=budget).get(PATH)
    client(server, plain, budget=budget).get(PATH)
    with pytest.raises(BudgetSpentError, match="budget of 2"):
        client(server, plain, budget=budget).get(PATH)
    assert server.faults.count == 2


def test_without_a_token_the_texts_say_so(server: GithubServer, plain: requests.Session) -> None:
    """Who gave no token is told that one helps."""
    server.faults.restart({1: Fault(status=404), 2: RATE_LIMIT})
    asking = client(server, plain, token=None)
    with pytest.raises(NotFoundError, match="give a token if it is private"):
        asking.get(PATH)
    with pytest.raises(RateLimitedError, match="A token raises the limit"):
        asking.get(PATH)
