"""What GitHub answered: status, headers, pages and rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import orjson

from prodlens.github.errors import ServerFailedError

if TYPE_CHECKING:
    from collections.abc import Mapping

_LINK = re.compile(r'<([^<>]*)>\s*;[^,<]*?\brel="?([^",;]*)"?')


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer of GitHub; header names are lower case."""

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
        """The ETag, None when there is none."""
        return self.headers.get("etag")

    @property
    def next_url(self) -> str | None:
        """The next page as ``Link`` names it, verbatim; None on the last page."""
        links = _LINK.findall(self.headers.get("link", ""))
        return next((urljoin(self.url, url) for url, relation in links if "next" in relation.split()), None)

    def json(self) -> Any:
        """Return the parsed body.

        Raises:
            ServerFailedError: It is no JSON.
        """
        try:
            return self.parsed()
        except ValueError:
            raise ServerFailedError(f"GitHub answered {place(self.url)} with no JSON; try again later") from None

    def parsed(self) -> Any:
        """Return the parsed body; raises ``ValueError`` when it is no JSON."""
        return self.response.json() if self.content is None else orjson.loads(self.content)

    def rows(self) -> list[dict[str, Any]]:
        """Return the body as a list of objects; elements that are none are left out.

        Raises:
            ServerFailedError: The body is no JSON list.
        """
        body = self.json()
        if not isinstance(body, list):
            raise ServerFailedError(f"GitHub answered {place(self.url)} with no list; try again later")
        return [item for item in body if isinstance(item, dict)]


def message_of(answer: Answer) -> str:
    """Return what GitHub says was wrong, at most 300 characters."""
    try:
        body = answer.parsed()
    except (ValueError, AttributeError):
        return ""
    return str(body.get("message", ""))[:300] if isinstance(body, dict) else ""


def place(url: str) -> str:
    """Return host and path: what was asked, without a query and without a login."""
    parts = urlsplit(url)
    return f"{parts.hostname or ''}{parts.path}"
