"""What passes between the server and its routes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.github_server.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request; header names are lower case, ``base`` is the server's own address."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes
    base: str
    world: World

    @property
    def token(self) -> str | None:
        """The bearer token."""
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token if kind.lower() in {"bearer", "token"} else None

    def number(self, name: str, default: int) -> int:
        """Return a whole number of the query."""
        text = self.query.get(name, "")
        return int(text) if text.isdigit() else default


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer; ``body`` becomes JSON unless it is bytes."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """Return the body as it is sent."""
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body).encode()


Route = tuple[str, str, "Callable[..., Reply]"]  # method, pattern of the path, handler(request, **groups)


def refused(status: int, message: str, **headers: str) -> Reply:
    """Return a refusal as GitHub words it."""
    return Reply(status=status, body={"message": message}, headers={k.replace("_", "-"): v for k, v in headers.items()})


def paged(request: Request, rows: Sequence[Any], build: Callable[[Any], Any]) -> Reply:
    """Return one page of rows with its ``Link`` and ``ETag``; 304 when the ETag is the one that was sent along."""
    size = min(max(request.number("per_page", 30), 1), request.world.page_cap)
    page = max(request.number("page", 1), 1)
    last = max(-(-len(rows) // size), 1)
    links = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    shown = [name for name in links if (page > 1 if name in {"prev", "first"} else page < last)]
    link = ", ".join(
        f'<{request.base}{request.path}?{urlencode({**request.query, "page": links[name]})}>; rel="{name}"'
        for name in shown
    )
    reply = Reply(
        body=[build(row) for row in rows[(page - 1) * size : page * size]], headers={"link": link} if link else {}
    )
    return conditional(request, reply)


def conditional(request: Request, reply: Reply) -> Reply:
    """Add an ETag to an answer, or make it a 304."""
    body = reply.encoded()
    etag = f'W/"{hashlib.sha256(body).hexdigest()}"'
    headers = {**reply.headers, "etag": etag}
    if request.headers.get("if-none-match") == etag:
        return Reply(status=304, headers=headers)
    return Reply(status=reply.status, body=body, headers=headers)
