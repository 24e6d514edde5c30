"""What GitHub answered: status, headers, pages, rows, and the parts of a GraphQL response that failed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urljoin, urlsplit

import orjson

from prodlens.github.errors import ServerFailedError

if TYPE_CHECKING:
    from collections.abc import Mapping

_LINK = re.compile(r'<([^<>]*)>\s*;[^,<]*?\brel="?([^",;]*)"?')


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A response of GitHub; header names are lower case."""

    url: str
    status: int
    headers: Mapping[str, str]
    response: Any
    content: bytes | None = None  # the body, where the session is ours and more than its ``json`` may be used

    @property
    def unchanged(self) -> bool:
        """Whether a conditional request found nothing new (304)."""
        return self.status == 304  # noqa: PLR2004 - Not Modified

    @property
    def etag(self) -> str | None:
        """The ETag, None without one."""
        return self.headers.get("etag")

    @cached_property
    def next_url(self) -> str | None:
        """The next page as ``Link`` names it, verbatim; None on the last page."""
        return self._link("next")

    @property
    def last_page(self) -> int | None:
        """The number of the last page; None where ``Link`` does not name it, as on the last page itself."""
        numbers = parse_qs(urlsplit(self._link("last") or "").query).get("page", [])
        return int(numbers[0]) if numbers and numbers[0].isdecimal() else None

    def json(self) -> Any:
        """Return the parsed body.

        Raises:
            ServerFailedError: It is not JSON.
        """
        try:
            return self.parsed()
        except ValueError:
            raise ServerFailedError(
                f"GitHub's response for {without_query(self.url)} is not JSON; try again later"
            ) from None

    def parsed(self) -> Any:
        """Return the parsed body; raises ``ValueError`` when it is not JSON."""
        return self._body

    def rows(self) -> list[dict[str, Any]]:
        """Return the body as a list of objects; other elements are left out.

        Raises:
            ServerFailedError: The body is not a JSON list.
        """
        body = self.json()
        if not isinstance(body, list):
            raise ServerFailedError(f"GitHub's response for {without_query(self.url)} is not a list; try again later")
        return [item for item in body if isinstance(item, dict)]

    def forget_parsed(self) -> None:
        """Free the parsed body; it is parsed anew where it is asked for again."""
        self.__dict__.pop("_body", None)

    @cached_property
    def _body(self) -> Any:
        return self.response.json() if self.content is None else orjson.loads(self.content)

    def _link(self, wanted: str) -> str | None:
        links = _LINK.findall(self.headers.get("link", ""))
        return next((urljoin(self.url, url) for url, relation in links if wanted in relation.split()), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphqlFailure:
    """An entry of ``errors``: its type (empty where GitHub names none), its text, and the field that it is about."""

    kind: str
    message: str
    path: tuple[str | int, ...]

    @property
    def is_missing(self) -> bool:
        """Whether GitHub says that the object does not exist."""
        return self.kind == "NOT_FOUND"

    @property
    def is_refusal(self) -> bool:
        """Whether the token may not read the object, so that asking for less would not help."""
        return self.kind in {"FORBIDDEN", "INSUFFICIENT_SCOPES", "UNAUTHORIZED"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphqlAnswer:
    """The data of a GraphQL response, in which parts that failed are null, and why they failed."""

    data: Mapping[str, Any]
    failures: tuple[GraphqlFailure, ...] = ()

    def failures_at(self, *path: str | int) -> list[GraphqlFailure]:
        """Return the failures of a field: those at it, below it or above it, and those that name no field."""
        return [failure for failure in self.failures if all(a == b for a, b in zip(failure.path, path, strict=False))]


def graphql_failures(body: object) -> tuple[GraphqlFailure, ...]:
    """Return the entries of ``errors`` in a GraphQL body."""
    given = body.get("errors") if isinstance(body, dict) else None
    return tuple(
        GraphqlFailure(
            kind=str(entry.get("type") or ""),
            message=str(entry.get("message") or ""),
            path=tuple(entry["path"]) if isinstance(entry.get("path"), list) else (),
        )
        for entry in (given if isinstance(given, list) else [])
        if isinstance(entry, dict)
    )


def message_of(answer: Answer) -> str:
    """Return what GitHub says was wrong, at most 300 characters."""
    try:
        body = answer.parsed()
    except (ValueError, AttributeError):
        return ""
    return str(body.get("message", ""))[:300] if isinstance(body, dict) else ""


def without_query(url: str) -> str:
    """Return host and path of what was asked, without a query and without a login."""
    parts = urlsplit(url)
    return f"{parts.hostname or ''}{parts.path}"
