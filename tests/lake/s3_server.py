"""An S3 server on loopback: moto's, with what goes wrong in between."""

from __future__ import annotations

import logging
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from pyarrow import fs
from werkzeug.serving import make_server

from prodlens.files import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

BUCKET = "lake"
# Clients ask again, after a while, when they are asked to slow down, and not when they are refused.
_CODES = {403: b"AccessDenied", 503: b"SlowDown"}
_ERROR = b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>%s</Code><Message>made up</Message></Error>'


class S3Server:
    """A server with one bucket.

    Attributes:
        address: Address of a place in the bucket, for ``Place``.
        requests: Method and path of every request to the place.
        fault: Asked before a request is answered, with its method, its path and how many like it came before; what it
            returns is the status to answer with instead, None lets the request through.
    """

    def __init__(self) -> None:
        self._port, self._prefix = 0, ""
        self.address = ""
        self.requests: list[tuple[str, str]] = []
        self.fault: Callable[[str, str, int], int | None] | None = None

    @contextmanager
    def place_of(self, name: str) -> Iterator[S3Server]:
        """Turn to an empty place of this name."""
        prefix = digest(name.encode())
        self._prefix, self.requests, self.fault = f"/{BUCKET}/{prefix}/", [], None
        self.address = f"s3://{BUCKET}/{prefix}?scheme=http&endpoint_override=127.0.0.1:{self._port}&region=us-east-1"
        yield self
        self.fault = None

    def puts(self) -> list[str]:
        """Return the paths that were put, below the place."""
        return [path for method, path in self.requests if method == "PUT"]

    def wrapped(self, application: Any) -> Any:
        """Return a WSGI application that counts and spoils requests to another one."""

        def answer(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
            method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"].removeprefix(self._prefix)
            before = sum(request == (method, path) for request in self.requests)
            self.requests.append((method, path))
            status = self.fault(method, path, before) if self.fault else None
            if status is None:
                found: Iterable[bytes] = application(environ, start)
                return found
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            error = _ERROR % _CODES[status]
            start(f"{status} made up", [("Content-Type", "application/xml"), ("Content-Length", str(len(error)))])
            return [error]

        return answer

    def listening_at(self, port: int) -> None:
        """Remember the port, and make the bucket."""
        self._port = port
        endpoint = f"127.0.0.1:{port}"
        options: dict[str, Any] = {"region": "us-east-1", "allow_bucket_creation": True}
        fs.S3FileSystem(endpoint_override=endpoint, scheme="http", **options).create_dir(BUCKET)


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """Run a server with an empty bucket, and put credentials for it into the environment."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    found = S3Server()
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        application = DomainDispatcherApplication(create_backend_app)
        server = make_server("127.0.0.1", 0, found.wrapped(application), threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            found.listening_at(server.port)
            yield found
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
