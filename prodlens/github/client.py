"""One HTTP client for GitHub: auth, retries, rate limits, a request budget, pages, conditional requests, GraphQL."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, TypedDict
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from prodlens.errors import ConfigurationError, GithubError
from prodlens.github.answers import Answer, GraphqlAnswer, graphql_failures, message_of, without_query
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
from prodlens.github.limits import limited_until, quota_reset
from prodlens.github.sessions import new_session
from prodlens.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import requests

DEFAULT_API_URL = "https://api.github.com"
DEFAULT_GRAPHQL_URL = "https://api.github.com/graphql"
API_VERSION = "2022-11-28"
_TIMEOUT_SECONDS = (10, 60)
_ATTEMPTS = 3  # at one request that a rate limit turned away
_MOST_REDIRECTS = 5
_WAITS_SECONDS = (0.5, 1.0, 2.0)  # before a read that failed is repeated; at most the patience
_REDIRECTS = frozenset({301, 302, 307, 308})
_QUERY_TOO_LARGE = re.compile(
    r"something went wrong|timeout|timed out|limits? exceeded|too (large|complex)", re.IGNORECASE
)


class Addresses(TypedDict):
    """Where an API of GitHub is."""

    api_url: str
    graphql_url: str


def addresses(environ: Mapping[str, str]) -> Addresses:
    """Return where an environment says that GitHub is, as on an Enterprise Server."""
    return {
        "api_url": environ.get("GITHUB_API_URL") or DEFAULT_API_URL,
        "graphql_url": environ.get("GITHUB_GRAPHQL_URL") or DEFAULT_GRAPHQL_URL,
    }


@dataclass(slots=True)
class RequestBudget:
    """What a run may spend (``limit``, None: no limit) and has spent; shared by everything that asks GitHub.

    ``blocked_until`` holds, for REST and GraphQL apart, the Unix time before which GitHub wants no request.
    """

    limit: int | None = None
    spent: int = 0
    blocked_until: dict[str, float] = field(default_factory=dict)

    def spend(self, requests_made: int = 1) -> None:
        """Count requests."""
        self.spent += requests_made

    def require_one(self) -> None:
        """Refuse when nothing is left.

        Raises:
            BudgetSpentError: The limit is reached.
        """
        if self.limit is not None and self.spent >= self.limit:
            raise BudgetSpentError(
                f"the budget of {self.limit} GitHub requests is spent; the next run goes on where this one stopped"
            )


class GithubClient:
    """Asks GitHub and turns refusals into errors; waits out a rate limit that ends within the patience.

    Of a given session only ``get`` and ``post`` (url, headers=, params=, json=, timeout=) are used. Without one, a
    ``requests`` session is made on first use: it takes proxies from the environment as every requests session does,
    and leaves redirects to this client, which sends the token to no other host. Reads that fail are repeated.
    """

    def __init__(  # noqa: PLR0913 - settings and effects, each by its name
        self,
        session: requests.Session | None = None,
        *,
        token: str | None = None,
        api_url: str = DEFAULT_API_URL,
        graphql_url: str = DEFAULT_GRAPHQL_URL,
        budget: RequestBudget | None = None,
        patience_seconds: float = 60.0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare a client; nothing is sent yet.

        Raises:
            ConfigurationError: The token holds what no token can.
        """
        self.api_url = api_url.rstrip("/")
        self.graphql_url = graphql_url
        self.budget = RequestBudget() if budget is None else budget
        self._session: Any = session
        self._owns_session = session is None
        self._token = _checked_token(token)
        self._patience = patience_seconds
        self._clock = clock
        self._sleep = sleep

    def close(self) -> None:
        """Close the session, when it is this client's own."""
        if self._session is not None and self._owns_session:
            self._session.close()

    @property
    def has_token(self) -> bool:
        """Whether requests are signed."""
        return self._token is not None

    def get(self, url: str, *, params: Mapping[str, str] | None = None, etag: str | None = None) -> Answer:
        """Read a path of the API, or a whole URL such as a ``Link``; with an ETag a 304 comes back as ``unchanged``.

        A read that fails on GitHub's side, breaks off or is not JSON is repeated a few times.

        Raises:
            GithubError: One of the classes of ``github_errors``.
        """
        headers = {"If-None-Match": etag} if etag else {}

        def read() -> Answer:
            answer = self._send("get", self._absolute(url), headers, params=dict(params or {}))
            if not answer.unchanged:
                answer.json()
            return answer

        return self._repeated(read)

    def pages(self, url: str, *, params: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """Yield the pages of a list; each is asked for only when the one before it has been dealt with.

        Raises:
            GithubError: As ``get``.
        """
        return self.pages_from(self.get(url, params=params))

    def pages_from(self, first: Answer, *, pinned: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """Yield a page and those after it, as ``Link`` names them.

        Args:
            first: The page to begin with.
            pinned: Parameters that every further page is asked with where its link does not name them.

        Raises:
            GithubError: As ``get``.
        """
        answer = first
        while True:
            yield answer
            if answer.next_url is None:
                return
            answer.forget_parsed()  # parsing the next page into the memory of this one takes half the time
            answer = self.get(answer.next_url, params=_not_named(pinned or {}, answer.next_url))

    def write(self, method: str, url: str, body: Mapping[str, Any]) -> Answer:
        """Change something with ``post`` or ``patch``; never repeated after a failure that may have come too late.

        Raises:
            GithubError: One of the classes of ``github_errors``.
        """
        return self._send(method, self._absolute(url), {}, json=dict(body))

    def location(self, url: str) -> str:
        """Return the address at another host that a download is redirected to, without going there.

        Raises:
            GithubError: One of the classes of ``github_errors``; ``NotFoundError`` also when it has expired.
        """
        url = self._absolute(url)
        for _ in range(_MOST_REDIRECTS):
            answer = self._repeated(partial(self._send, "get", url, {}, follow=False))
            target = urljoin(url, answer.headers.get("location", ""))
            if answer.status == 302 and target != url:  # noqa: PLR2004 - Found; a moved repository is 301
                return target
            if answer.status not in _REDIRECTS:
                break
            url = target
        raise ServerFailedError(f"GitHub does not say where {without_query(url)} can be downloaded; try again later")

    def graphql(self, query: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run a query and return its data, in which parts that failed are null.

        Raises:
            GithubError: As ``graphql_answer``.
        """
        return self.graphql_answer(query, variables).data

    def graphql_answer(self, query: str, variables: Mapping[str, Any]) -> GraphqlAnswer:
        """Run a query once and return its data, with what GitHub says of the parts that failed.

        Raises:
            ServerFailedError: The query failed or took too long; asking for less may help.
            GraphqlUnavailableError: There is no GraphQL here, or it does not know this query.
            GithubError: Another class of ``github_errors``.
        """
        content = {"query": query, "variables": dict(variables)}
        try:
            answer = self._send("post", self.graphql_url, {}, json=content)
            if _is_page(answer):  # an endpoint for GraphQL never answers with a page, a failing server may once
                self._sleep(min(_WAITS_SECONDS[0], self._patience))
                answer = self._send("post", self.graphql_url, {}, json=content)
            return self._graphql_data(answer)
        except NotFoundError as error:
            raise GraphqlUnavailableError(str(error)) from None
        except (AttributeError, TypeError, NotImplementedError, AssertionError) as error:  # cannot post
            raise GraphqlUnavailableError(f"this session sends no GraphQL ({type(error).__name__})") from None

    def url(self, path: str, params: Mapping[str, str] | None = None) -> str:
        """Return the whole URL of a path, for use as the name of what was asked."""
        return self._absolute(path) + (f"?{urlencode(params)}" if params else "")

    # ---------------------------------------------------------------------------------------------------------

    def _absolute(self, url: str) -> str:
        return url if "://" in url else f"{self.api_url}/{url.lstrip('/')}"

    def _repeated(self, read: Callable[[], Answer]) -> Answer:
        """Read, and read again after a short wait when GitHub or the network failed."""
        for wait in _WAITS_SECONDS:
            try:
                return read()
            except ServerFailedError:
                self._sleep(min(wait, self._patience))
        return read()

    def _send(self, method: str, url: str, headers: dict[str, str], *, follow: bool = True, **content: Any) -> Answer:
        """Send, following redirects unless told not to, and waiting out short rate limits."""
        resource = "graphql" if url == self.graphql_url else "rest"
        for attempt in range(_ATTEMPTS):
            self._wait_out_limit(resource)
            answer = (self._follow if follow else self._once)(method, url, headers, content)
            now = self._clock()
            limited = limited_until(answer, now, attempt)
            until = quota_reset(answer, now) if limited is None else limited
            if until is not None:
                self.budget.blocked_until[resource] = until
            if limited is None:
                if answer.status < 300 or answer.unchanged or (not follow and answer.status in _REDIRECTS):  # noqa: PLR2004 - success
                    return answer
                self._refuse(answer, "write" if method != "get" and resource == "rest" else "read")
        raise self._rate_limited(self.budget.blocked_until[resource])

    def _follow(self, method: str, url: str, headers: dict[str, str], content: dict[str, Any]) -> Answer:
        for _ in range(_MOST_REDIRECTS):
            answer = self._once(method, url, headers, content)
            target = answer.headers.get("location")
            if answer.status not in _REDIRECTS or not target:
                return answer
            url = urljoin(url, target)
            if urlsplit(url).query:  # GitHub repeats the question in the address it sends us to
                content = {**content, "params": {}} if "params" in content else content
        raise GithubError(f"GitHub redirects {without_query(url)} in a circle; check the repository's name")

    def _once(self, method: str, url: str, headers: dict[str, str], content: dict[str, Any]) -> Answer:
        self.budget.require_one()
        self.budget.spend()
        if self._session is None:
            self._session = new_session(self.api_url)
        call = getattr(self._session, method)
        try:
            response = call(url, headers={**self._headers(url), **headers}, timeout=_TIMEOUT_SECONDS, **content)
        except OSError as error:  # every error of requests is one
            cause = self._redacted(f"{type(error).__name__}: {error}")
            raise ServerFailedError(
                f"GitHub could not be reached at {without_query(url)}: {cause}; "
                "check the network and proxy settings, or try again later"
            ) from None
        given = getattr(response, "headers", None) or {}
        lowered = {str(name).lower(): str(value) for name, value in given.items() if value is not None}
        body = response.content if self._owns_session else None
        return Answer(url=url, status=int(response.status_code), headers=lowered, response=response, content=body)

    def _headers(self, url: str) -> dict[str, str]:
        headers = {
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": API_VERSION,
            "User-Agent": f"prodlens/{__version__}",
        }
        if self._token is not None and _origin(url) in {_origin(self.api_url), _origin(self.graphql_url)}:
            headers["Authorization"] = f"Bearer {self._token}"
        return headers

    # Rate limits ---------------------------------------------------------------------------------------------

    def _wait_out_limit(self, resource: str) -> None:
        until = self.budget.blocked_until.get(resource)
        if until is None:
            return
        delay = until - self._clock()
        if delay > self._patience:
            raise self._rate_limited(until)
        if delay > 0:
            self._sleep(delay)
        del self.budget.blocked_until[resource]

    def _rate_limited(self, until: float) -> RateLimitedError:
        reset_at = datetime.fromtimestamp(min(max(until, 0.0), 253402300799.0), UTC)
        hint = "" if self.has_token else " A token raises the limit from 60 to at least 1,000 requests an hour."
        return RateLimitedError(
            f"GitHub's rate limit is used up until {reset_at:%Y-%m-%d %H:%M:%S} UTC; run again after that.{hint}",
            reset_at,
        )

    # Refusals ------------------------------------------------------------------------------------------------

    def _refuse(self, answer: Answer, doing: str) -> NoReturn:
        reason = self._redacted(message_of(answer))
        what = f"{without_query(answer.url)} ({answer.status}{': ' if reason else ''}{reason})"
        if answer.status == 401:  # noqa: PLR2004 - Unauthorized
            raise AuthenticationError(f"GitHub does not accept the token for {what}; check it, or make a new one")
        if answer.status == 403:  # noqa: PLR2004 - Forbidden
            accepted = answer.headers.get("x-accepted-github-permissions")
            scopes = answer.headers.get("x-accepted-oauth-scopes")
            wanted = accepted or (f"scope {scopes}" if scopes else "read access to the repository")
            raise PermissionMissingError(f"the token may not {doing} {what}; grant it {wanted}")
        if answer.status in {404, 410} or (answer.status == 422 and reason.startswith("No commit found")):  # noqa: PLR2004 - Unprocessable
            hint = "and that the token may see it" if self.has_token else "or give a token if it is private"
            raise NotFoundError(f"GitHub has no {what}; check the repository's name, {hint}")
        if answer.status == 409:  # noqa: PLR2004 - Conflict
            raise EmptyRepositoryError(f"GitHub has no commit for {what}; push one first")
        if answer.status >= 500:  # noqa: PLR2004 - server errors begin
            raise ServerFailedError(f"GitHub failed at {what}; try again later")
        raise GithubError(f"GitHub refused {what}; try again, and report this if it stays")

    def _graphql_data(self, answer: Answer) -> GraphqlAnswer:
        if _is_page(answer):
            raise GraphqlUnavailableError(f"{without_query(answer.url)} is not a GraphQL endpoint")
        body = answer.json()
        failures = graphql_failures(body)
        data = body.get("data") if isinstance(body, dict) else None
        if isinstance(data, dict):
            return GraphqlAnswer(data=data, failures=failures)
        reason = self._redacted("; ".join(failure.message for failure in failures))[:300]
        if any(failure.is_refusal for failure in failures):
            raise PermissionMissingError(f"the token may not run this GraphQL query: {reason}; grant it what is named")
        if _QUERY_TOO_LARGE.search(reason) or any(failure.kind == "RESOURCE_LIMITS_EXCEEDED" for failure in failures):
            raise ServerFailedError(f"GitHub's GraphQL failed: {reason}; try again later")
        raise GraphqlUnavailableError(f"GitHub's GraphQL does not answer this query: {reason or 'no data'}")

    def _redacted(self, text: str) -> str:
        return text.replace(self._token, "***") if self._token else text


def _checked_token(token: str | None) -> str | None:
    token = (token or "").strip()
    if not token:
        return None
    if not (token.isascii() and token.isprintable()) or " " in token:  # would be quoted in an error of the HTTP library
        raise ConfigurationError("the GitHub token holds blanks or other characters that no token has; copy it again")
    return token


def _is_page(answer: Answer) -> bool:
    """Tell whether a response is a page for people, of which neither type nor content is JSON."""
    try:
        answer.parsed()
    except ValueError:
        return "json" not in answer.headers.get("content-type", "")
    return False


def _not_named(params: Mapping[str, str], url: str) -> dict[str, str]:
    """Return the parameters that the query of a URL does not name."""
    named = dict(parse_qsl(urlsplit(url).query))
    return {name: value for name, value in params.items() if name not in named}


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
