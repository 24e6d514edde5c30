"""A session that asks the stand-in without a network, for tests that sync hundreds of times."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import requests

from tests.github_server.faults import Fault
from tests.github_server.http import Reply, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.github_server.server import GithubServer


@dataclass(frozen=True, slots=True)
class Response:
    """What the client reads of a response."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode()

    def json(self) -> Any:
        """Return the parsed body; raises ``ValueError`` when it is not JSON."""
        return json.loads(self.content)


class InProcessSession:
    """Answers from a server's routes, quotas and faults, and writes its log, as over HTTP."""

    def __init__(self, server: GithubServer) -> None:
        self.server = server

    def get(self, url: str, **content: Any) -> Response:
        """Read."""
        return self._answer("GET", url, content)

    def post(self, url: str, **content: Any) -> Response:
        """Ask GraphQL."""
        return self._answer("POST", url, content)

    def _answer(self, method: str, url: str, content: dict[str, Any]) -> Response:
        server, whole = self.server, requests.Request(method, url, params=content.get("params")).prepare().url or ""
        parts = urlsplit(whole)
        fault = server.faults.next_fault(parts.path) or Fault()
        if fault.then is not None:
            fault.then()
        if fault.reset:
            raise requests.ConnectionError("Connection reset by peer")
        request = Request(
            method=method,
            path=parts.path,
            query=dict(parse_qsl(parts.query)),
            headers={name.lower(): value for name, value in content["headers"].items()},
            body=json.dumps(content.get("json")).encode(),
            base=server.url,
            world=server.world,
        )
        reply = server.reply_to(request) if fault.status is None else Reply(status=fault.status, body=fault.body)
        server.log.append((method, f"{parts.path}?{parts.query}" if parts.query else parts.path, reply.status))
        if fault.cut:
            raise requests.exceptions.ChunkedEncodingError("IncompleteRead")
        return Response(reply.status, {**reply.headers, **fault.headers}, reply.encoded())
