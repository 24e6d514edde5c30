"""The server: a thread a connection, on loopback, at a port that is free."""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qsl, urlsplit

from tests.github_server import artifact_routes, comment_routes, graphql_routes, repository_routes
from tests.github_server.faults import Fault, FaultPlan
from tests.github_server.http import Reply, Request, refused

if TYPE_CHECKING:
    from tests.github_server.http import Route
    from tests.github_server.world import World

# A module of routes more is a line more here.
ROUTES: tuple[Route, ...] = (
    *repository_routes.ROUTES,
    *comment_routes.ROUTES,
    *artifact_routes.ROUTES,
    *graphql_routes.ROUTES,
)


class GithubServer:
    """Serves a world; a context manager. ``url`` is the API's address, ``log`` what was asked and answered."""

    def __init__(self, world: World, faults: FaultPlan | None = None, port: int = 0) -> None:
        self.world = world
        self.faults = FaultPlan() if faults is None else faults
        self.log: list[tuple[str, str, int]] = []  # method, path with query, status
        self._http = _Server(("127.0.0.1", port), _Handler)
        self._http.owner = self
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self.graphql_url = f"{self.url}/graphql"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def serve_forever(self) -> None:
        """Serve in this thread until interrupted."""
        self._http.serve_forever()

    def forget(self) -> None:
        """Empty the log and count requests from 1 again, without faults."""
        self.log.clear()
        self.faults.restart()

    def reply_to(self, request: Request) -> Reply:
        """Return the answer to a request, quota and headers included."""
        world, token = self.world, request.token
        if token is not None and world.tokens is not None and token not in world.tokens:
            return refused(401, "Bad credentials")
        resource = "graphql" if request.path == "/graphql" else "core"
        quota = world.spend(token, resource)
        if quota is not None and quota.remaining < 0:
            quota.remaining = 0
            reply = refused(403, "API rate limit exceeded for this installation.")
        else:
            reply = _routed(request)
            if reply.status == 304 and token is not None and quota is not None:
                world.give_back(token, resource)
                quota.remaining += 1
        limits = {} if quota is None else quota.headers(resource)
        return Reply(status=reply.status, body=reply.body, headers={**limits, **reply.headers})


def _routed(request: Request) -> Reply:
    for method, pattern, handler in ROUTES:
        if method == request.method and (match := re.fullmatch(pattern, request.path)):
            return handler(request, **match.groupdict())
    return refused(404, "Not Found")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    owner: GithubServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    timeout = 30

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def log_message(self, *_: object) -> None:
        """Say nothing: the log is a list."""

    def _serve(self) -> None:
        owner = self.server.owner
        parts = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("content-length") or 0)),
            base=owner.url,
            world=owner.world,
        )
        fault = owner.faults.next_fault(parts.path) or Fault()
        if fault.then is not None:
            fault.then()
        time.sleep(fault.latency_seconds)
        if fault.reset:
            owner.log.append((self.command, self.path, 0))
            self._reset()
            return
        if fault.status is not None:
            reply = Reply(status=fault.status, body=fault.body, headers=dict(fault.headers))
        else:
            reply = owner.reply_to(request)
        owner.log.append((self.command, self.path, reply.status))
        self._send(reply, cut=fault.cut)

    def _reset(self) -> None:
        """Close the connection at once, so that the client's system reports a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def _send(self, reply: Reply, *, cut: bool) -> None:
        body = reply.encoded()
        try:
            self.send_response_only(reply.status)
            self.send_header("date", formatdate(self.server.owner.world.clock(), usegmt=True))
            for name, value in {"content-type": "application/json; charset=utf-8", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(max(len(body), 2) if cut else len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if cut else body)
            self.wfile.flush()
        except (BrokenPipeError, ConnectionResetError):  # the client was killed, or hung up
            self.close_connection = True
        if cut:
            self.close_connection = True
