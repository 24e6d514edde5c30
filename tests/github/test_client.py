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
from tests.github_server.faults import (
    CUT,
    PAGE,
    RATE_LIMIT,
    RESET,
    SECONDARY_LIMIT,
    SECONDARY_LIMIT_IN_200,
    SERVER_ERROR,
    WRONG_JSON,
    Fault,
)
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
    with GithubServer(small_world(tokens={TOKEN}, clock=lambda: NOW)) as running:
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
    "secondary in a body": (SECONDARY_LIMIT_IN_200, RateLimitedError, "2027-01-15 08:01:00"),
    "abuse": (
        Fault(status=403, body=body("You have triggered an abuse detection mechanism. Please wait a few minutes")),
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
        (
            {"data": {"viewer": None}, "errors": [{"type": "RATE_LIMITED", "path": ["viewer"]}]},
            RateLimitedError,
            "2027-01-15 08:01:00",
        ),
        ({"message": "You have exceeded a secondary rate limit"}, RateLimitedError, "2027-01-15 08:01:00"),
        ({"errors": [{"message": "was submitted too quickly: secondary limit"}]}, RateLimitedError, "run again"),
        (
            {"data": None, "errors": [{"type": "RESOURCE_LIMITS_EXCEEDED", "message": "Resource use is too high"}]},
            ServerFailedError,
            "too high",
        ),
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


def test_a_page_is_not_graphql_unless_it_comes_once(server: GithubServer, plain: requests.Session) -> None:
    """A page in place of JSON means no GraphQL when it comes twice; JSON cut short means that GitHub failed."""
    server.faults.restart({1: PAGE, 3: PAGE, 4: PAGE, 5: WRONG_JSON, 6: Fault(status=404)})
    asking = client(server, plain)
    assert asking.graphql("query { viewer { login } }", {}) == {"viewer": {"login": "github-actions[bot]"}}
    for kind in (GraphqlUnavailableError, ServerFailedError, GraphqlUnavailableError):
        with pytest.raises(kind):
            asking.graphql("query { viewer { login } }", {})
    assert server.faults.count == 6


def test_failures_name_the_field_that_they_are_about(server: GithubServer, plain: requests.Session) -> None:
    """An entry of ``errors`` is about its path and what lies below it; one without a path is about everything."""
    failures = [
        {"type": "NOT_FOUND", "path": ["nodes", 0], "message": "gone"},
        {"path": ["nodes", 1, "commits"], "message": "Something went wrong"},
    ]
    answers = [failures, [*failures, {"type": "FORBIDDEN", "message": "SAML"}]]
    bodies = [json.dumps({"data": {"nodes": [None, {}, {}]}, "errors": entries}).encode() for entries in answers]
    server.faults.restart({n: Fault(status=200, body=sent) for n, sent in enumerate(bodies, start=1)})
    asking = client(server, plain)
    first, second = (asking.graphql_answer("query { viewer { login } }", {}) for _ in bodies)
    assert [[f.kind for f in first.failures_at("nodes", n)] for n in range(3)] == [["NOT_FOUND"], [""], []]
    assert [[f.kind for f in second.failures_at("nodes", n)] for n in range(3)] == [
        ["NOT_FOUND", "FORBIDDEN"],
        ["", "FORBIDDEN"],
        ["FORBIDDEN"],
    ]


def test_an_answer_of_another_shape_is_a_failure(server: GithubServer, plain: requests.Session) -> None:
    """An object where a list is expected is a failure, not an empty list."""
    server.faults.restart({1: Fault(status=200, body=b"{}")})
    with pytest.raises(ServerFailedError, match="not a list"):
        client(server, plain).get(PATH).rows()


FAILURES = {"error": SERVER_ERROR, "cut": CUT, "reset": RESET, "half a JSON": WRONG_JSON, "page": PAGE}


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("own", [True, False])
def test_a_failed_read_is_repeated(server: GithubServer, plain: requests.Session, name: str, own: bool) -> None:
    """Failing three times in a row is survived, whatever the failure and the session; a fourth time is an error."""
    waited: list[float] = []
    asking = client(server, None if own else plain, patience_seconds=60.0, sleep=waited.append)
    server.faults.restart(dict.fromkeys((1, 2, 3), FAILURES[name]))
    assert [row["number"] for row in asking.get(PATH).rows()] == [11, 9]
    assert (asking.budget.spent, server.faults.count, waited) == (4, 4, [0.5, 1.0, 2.0])
    server.faults.restart(dict.fromkeys((1, 2, 3, 4), FAILURES[name]))
    with pytest.raises(ServerFailedError):
        asking.get(PATH)
    assert server.faults.count == 4
    asking.close()


def test_a_write_is_not_repeated(server: GithubServer, plain: requests.Session) -> None:
    """A comment whose response was lost may have been written: it is not sent twice."""
    server.faults.restart({1: CUT})
    with pytest.raises(ServerFailedError):
        client(server, plain).write("post", f"/repos/{SLUG}/issues/1/comments", {"body": "Hello"})
    assert server.faults.count == 1
    assert len(server.world.comments.rows) == 1


def test_pages_are_asked_for_one_by_one(server: GithubServer, plain: requests.Session) -> None:
    """Every page of a list comes once, in order, and none is asked for before the one ahead of it is used."""
    asking = client(server, plain)
    pages = asking.pages(PATH, params={"state": "all", "sort": "created", "direction": "asc"})
    numbers = [row["number"] for row in next(pages).rows()]
    assert (numbers, server.faults.count) == ([1, 2, 3, 4], 1)
    assert [row["number"] for page in pages for row in page.rows()] == list(range(5, 15))


def test_a_page_is_freed_before_the_next_one_is_read(server: GithubServer, plain: requests.Session) -> None:
    """No two pages are in memory as objects at once; what a page held is parsed anew for whoever still asks."""
    pages = client(server, plain).pages(PATH, params={"state": "all"})
    first = next(pages)
    rows = first.rows()
    assert first.rows()[0] is rows[0]
    next(pages)
    assert first.rows()[0] is not rows[0]
    assert first.rows() == rows


def test_pages_may_be_pinned(server: GithubServer, plain: requests.Session) -> None:
    """A parameter that the links do not name is sent with every page after the first."""
    asking = client(server, plain)
    first = asking.get(f"/repos/{SLUG}/commits")
    head = first.rows()[0]["sha"]
    assert len(list(asking.pages_from(first, pinned={"sha": head}))) == 6
    assert [path.count(f"sha={head}") for _, path, _ in server.log] == [0, 1, 1, 1, 1, 1]


@pytest.mark.parametrize("ahead", [-7200.0, 0.0, 86_400.0])
def test_a_wrong_clock_of_ours_changes_no_wait(server: GithubServer, plain: requests.Session, ahead: float) -> None:
    """How long a limit lasts is counted by the server's clock, as its ``Date`` header has it."""
    waited: list[float] = []
    reset = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 30), "x-ratelimit-limit": "60"}
    server.faults.restart(
        {
            1: Fault(status=403, headers=reset),
            2: Fault(status=429, headers={"retry-after": "Fri, 15 Jan 2027 08:00:45 GMT"}),
        }
    )
    asking = client(server, plain, clock=lambda: NOW + ahead, patience_seconds=60.0, sleep=waited.append)
    assert asking.get(PATH).rows()
    assert waited == [30.0, 45.0]


def test_a_limit_is_waited_out_for_graphql_as_for_rest(server: GithubServer, plain: requests.Session) -> None:
    """A secondary limit costs a minute at first, twice that the next time, and no other request."""
    waited: list[float] = []
    server.faults.restart({1: SECONDARY_LIMIT_IN_200, 2: SECONDARY_LIMIT})
    asking = client(server, plain, patience_seconds=300.0, sleep=waited.append)
    assert asking.graphql("query { viewer { login } }", {})
    assert (waited, [path for _, path, _ in server.log]) == ([60.0, 120.0], ["/graphql"] * 3)


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
    with pytest.raises(GithubError, match="circle"):
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
