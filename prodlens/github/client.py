"""One HTTP client for GitHub: auth, retries, rate limits, a request budget, pages, conditional requests, GraphQL."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn, TypedDict
from urllib.parse import urlencode, urljoin, urlsplit

from prodlens.errors import ConfigurationError, GithubError
from prodlens.github.answers import Answer, message_of, place
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
from prodlens.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

DEFAULT_API_URL = "https://api.github.com"
DEFAULT_GRAPHQL_URL = "https://api.github.com/graphql"
API_VERSION = "2022-11-28"
_TIMEOUT_SECONDS = (10, 60)
_ATTEMPTS = 3  # at one request that a rate limit turned away
_MOST_REDIRECTS = 5
_SECONDARY_WAIT_SECONDS = 60.0  # GitHub's advice where it names no time; doubled each time
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
    retries failed reads, and leaves redirects to this client, which sends the token to no other host.
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

        Raises:
            GithubError: One of the classes of this module.
        """
        headers = {"If-None-Match": etag} if etag else {}
        return self._send("get", self._absolute(url), headers, params=dict(params or {}))

    def write(self, method: str, url: str, body: Mapping[str, Any]) -> Answer:
        """Change something with ``post`` or ``patch``; never repeated after a failure that may have come too late.

        Raises:
            GithubError: One of the classes of this module.
        """
        return self._send(method, self._absolute(url), {}, json=dict(body))

    def location(self, url: str) -> str:
        """Return the address at another host that a download is redirected to, without going there.

        Raises:
            GithubError: One of the classes of this module; ``NotFoundError`` also when it has expired.
        """
        url = self._absolute(url)
        for _ in range(_MOST_REDIRECTS):
            answer = self._send("get", url, {}, follow=False)
            target = urljoin(url, answer.headers.get("location", ""))
            if answer.status == 302 and target != url:  # noqa: PLR2004 - Found; a moved repository is 301
                return target
            if answer.status not in _REDIRECTS:
                break
            url = target
        raise ServerFailedError(f"GitHub does not say where {place(url)} can be downloaded; try again later")

    def graphql(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Run a query and return its data, in which parts that failed are null.

        Raises:
            RateLimitedError: Also when GitHub says so in an answer with status 200.
            ServerFailedError: It failed or took too long; asking for less may help.
            GraphqlUnavailableError: There is no GraphQL here, or it does not know this query.
            GithubError: Another class of this module.
        """
        for attempt in range(_ATTEMPTS):
            try:
                answer = self._send("post", self.graphql_url, {}, json={"query": query, "variables": dict(variables)})
                return self._graphql_data(answer)
            except RateLimitedError:  # the next attempt waits first, or raises when that would take too long
                if attempt == _ATTEMPTS - 1:
                    raise
            except NotFoundError as error:
                raise GraphqlUnavailableError(str(error)) from None
            except (AttributeError, TypeError, NotImplementedError, AssertionError) as error:  # cannot post
                raise GraphqlUnavailableError(f"this session sends no GraphQL ({type(error).__name__})") from None
        raise AssertionError("unreachable")

    def url(self, path: str, params: Mapping[str, str] | None = None) -> str:
        """Return the whole URL of a path, for use as the name of what was asked."""
        return self._absolute(path) + (f"?{urlencode(params)}" if params else "")

    # ---------------------------------------------------------------------------------------------------------

    def _absolute(self, url: str) -> str:
        return url if "://" in url else f"{self.api_url}/{url.lstrip('/')}"

    def _send(self, method: str, url: str, headers: dict[str, str], *, follow: bool = True, **content: Any) -> Answer:
        """Send, following redirects unless told not to, and waiting out short rate limits."""
        resource = "graphql" if url == self.graphql_url else "rest"
        for attempt in range(_ATTEMPTS):
            self._wait(resource)
            answer = (self._follow if follow else self._once)(method, url, headers, content)
            self._note_quota(resource, answer)
            if answer.status < 300 or answer.unchanged or (not follow and answer.status in _REDIRECTS):  # noqa: PLR2004
                return answer
            limited_until = self._limited_until(answer, attempt)
            if limited_until is None:
                self._refuse(answer, "write" if method != "get" and resource == "rest" else "read")
            self.budget.blocked_until[resource] = limited_until
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
        raise ServerFailedError(f"GitHub redirects {place(url)} in a circle; check the repository's name")

    def _once(self, method: str, url: str, headers: dict[str, str], content: dict[str, Any]) -> Answer:
        self.budget.require_one()
        self.budget.spend()
        if self._session is None:
            self._session = _own_session(self.api_url)
        call = getattr(self._session, method)
        try:
            response = call(url, headers={**self._headers(url), **headers}, timeout=_TIMEOUT_SECONDS, **content)
        except OSError as error:  # every error of requests is one
            raise ServerFailedError(
                f"GitHub could not be reached at {place(url)}: {self._redacted(f'{type(error).__name__}: {error}')}; "
                "check the network and proxy settings, or try again later"
            ) from None
        self.budget.spend(_retries_behind(response))
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

    def _wait(self, resource: str) -> None:
        until = self.budget.blocked_until.get(resource)
        if until is None:
            return
        delay = until - self._clock()
        if delay > self._patience:
            raise self._rate_limited(until)
        if delay > 0:
            self._sleep(delay)
        del self.budget.blocked_until[resource]

    def _note_quota(self, resource: str, answer: Answer) -> None:
        """Remember that the quota is used up, before a request more is sent in vain."""
        reset = _number(answer.headers.get("x-ratelimit-reset"))
        no_limits = answer.headers.get("x-ratelimit-limit") == "0"  # an Enterprise Server without rate limits
        if answer.headers.get("x-ratelimit-remaining") == "0" and reset is not None and not no_limits:
            self.budget.blocked_until[resource] = reset

    def _limited_until(self, answer: Answer, attempt: int) -> float | None:
        """Return the Unix time a rate limit ends at; None when the refusal is none."""
        if answer.status not in {403, 429}:
            return None
        retry_after = _number(answer.headers.get("retry-after"))
        if retry_after is not None:
            return self._clock() + retry_after
        reset = _number(answer.headers.get("x-ratelimit-reset"))
        if answer.headers.get("x-ratelimit-remaining") == "0" and reset is not None:
            return reset
        if answer.status == 429 or "rate limit" in message_of(answer).lower():  # noqa: PLR2004 - Too Many Requests
            return self._clock() + _SECONDARY_WAIT_SECONDS * (1 << attempt)
        return None

    def _rate_limited(self, until: float) -> RateLimitedError:
        reset_at = datetime.fromtimestamp(min(max(until, 0.0), 253402300799.0), UTC)
        hint = "" if self.has_token else " A token raises the limit from 60 to at least 1,000 requests an hour."
        return RateLimitedError(
            f"GitHub's rate limit is used up until {reset_at:%Y-%m-%d %H:%M:%S} UTC; run again after that.{hint}",
            reset_at,
        )

    # Refusals ------------------------------------------------------------------------------------------------

    def _refuse(self, answer: Answer, doing: str) -> NoReturn:
        said = self._redacted(message_of(answer))
        what = f"{place(answer.url)} ({answer.status}{': ' if said else ''}{said})"
        if answer.status == 401:  # noqa: PLR2004 - Unauthorized
            raise AuthenticationError(f"GitHub does not accept the token for {what}; check it, or make a new one")
        if answer.status == 403:  # noqa: PLR2004 - Forbidden
            accepted = answer.headers.get("x-accepted-github-permissions")
            scopes = answer.headers.get("x-accepted-oauth-scopes")
            wanted = accepted or (f"scope {scopes}" if scopes else "read access to the repository")
            raise PermissionMissingError(f"the token may not {doing} {what}; grant it {wanted}")
        if answer.status in {404, 410}:
            hint = "and that the token may see it" if self.has_token else "or give a token if it is private"
            raise NotFoundError(f"GitHub has no {what}; check the repository's name, {hint}")
        if answer.status == 409:  # noqa: PLR2004 - Conflict
            raise EmptyRepositoryError(f"GitHub has no commit for {what}; push one first")
        if answer.status >= 500:  # noqa: PLR2004 - server errors begin
            raise ServerFailedError(f"GitHub failed at {what}; try again later")
        raise GithubError(f"GitHub refused {what}; try again, and report this if it stays")

    def _graphql_data(self, answer: Answer) -> dict[str, Any]:
        try:
            body = answer.json()
        except ServerFailedError:
            if "json" in answer.headers.get("content-type", ""):
                raise
            raise GraphqlUnavailableError(f"{place(answer.url)} is no GraphQL endpoint") from None
        body = body if isinstance(body, dict) else {}
        found = body.get("errors")
        errors = [error for error in found if isinstance(error, dict)] if isinstance(found, list) else []
        kinds = {str(error.get("type")) for error in errors}
        if kinds & {"RATE_LIMITED", "RATE_LIMIT"}:
            until = _number(answer.headers.get("x-ratelimit-reset"))
            until = self._clock() + _SECONDARY_WAIT_SECONDS if until is None else until
            self.budget.blocked_until["graphql"] = until
            raise self._rate_limited(until)
        data = body.get("data")
        if isinstance(data, dict):
            return data
        said = self._redacted("; ".join(str(error.get("message")) for error in errors))[:300]
        if kinds & {"FORBIDDEN", "INSUFFICIENT_SCOPES"}:
            raise PermissionMissingError(f"the token may not run this GraphQL query: {said}; grant it what is named")
        if _QUERY_TOO_LARGE.search(said):
            raise ServerFailedError(f"GitHub's GraphQL failed: {said}; try again later")
        raise GraphqlUnavailableError(f"GitHub's GraphQL does not answer this query: {said or 'no data'}")

    def _redacted(self, text: str) -> str:
        return text.replace(self._token, "***") if self._token else text


def _own_session(api_url: str) -> Any:
    """Make a session that retries failed reads and follows no redirect by itself."""
    import requests  # noqa: PLC0415 - only where the network is used
    from requests.adapters import HTTPAdapter  # noqa: PLC0415 - as above
    from urllib3.util import Retry  # noqa: PLC0415 - as above

    class _Session(requests.Session):
        def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - of the base class
            return None

    session = _Session()
    # Proxies and certificates of the environment, read once instead of at every request; and no login of a ~/.netrc,
    # which requests would put over our header.
    settings = session.merge_environment_settings(api_url, {}, None, None, None)
    session.proxies, session.verify, session.trust_env = settings["proxies"], settings["verify"], False
    retry = Retry(
        total=3,
        backoff_factor=0.5,
        status_forcelist=(500, 502, 503, 504),
        allowed_methods=("GET",),
        respect_retry_after_header=False,  # waiting is this client's decision, within its patience
        raise_on_status=False,
    )
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


def _retries_behind(response: Any) -> int:
    """Return how many requests urllib3 sent before the one that was answered."""
    history = getattr(getattr(getattr(response, "raw", None), "retries", None), "history", None)
    return len(history) if isinstance(history, tuple) else 0


def _checked_token(token: str | None) -> str | None:
    token = (token or "").strip()
    if not token:
        return None
    if not (token.isascii() and token.isprintable()) or " " in token:  # would be quoted in an error of the HTTP library
        raise ConfigurationError("the GitHub token holds blanks or other characters that no token has; copy it again")
    return token


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None
