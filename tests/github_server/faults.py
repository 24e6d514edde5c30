"""What goes wrong, and at which request."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens to one request instead of, or before, its answer.

    Attributes:
        status: Answer with this status; None: with the right answer.
        headers: Headers of that answer.
        body: Body of that answer, sent as it is.
        latency_seconds: Wait before anything is sent.
        cut: Close the connection in the middle of the body.
        reset: Reset the connection before anything is sent.
        then: Called before anything is sent, for example to kill the client.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b'{"message": "a fault was planned here"}'
    latency_seconds: float = 0.0
    cut: bool = False
    reset: bool = False
    then: Callable[[], object] | None = None


SERVER_ERROR = Fault(status=502, body=b"<html>Bad Gateway</html>")
CUT = Fault(cut=True)
RESET = Fault(reset=True)
SECONDARY_LIMIT = Fault(status=403, body=b'{"message": "You have exceeded a secondary rate limit."}')
SECONDARY_LIMIT_IN_200 = Fault(status=200, body=SECONDARY_LIMIT.body)
PAGE = Fault(status=200, body=b"<html>We will be back soon</html>", headers={"content-type": "text/html"})
WRONG_JSON = Fault(status=200, body=b'[{"id": 1, "num', headers={"content-type": "application/json; charset=utf-8"})
RATE_LIMIT = Fault(
    status=403,
    body=b'{"message": "API rate limit exceeded"}',
    headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": "4102444800", "x-ratelimit-limit": "1000"},
)


@dataclass(slots=True)
class FaultPlan:
    """Faults by the number of the request, from 1, counted over the server's life or since ``restart``.

    Attributes:
        faults: By number of the request.
        count: Requests so far.
        paths: Faults that every request gets whose path begins like this.
        since: Fault that every request gets from this number on.
    """

    faults: dict[int, Fault] = field(default_factory=dict)
    count: int = 0
    paths: dict[str, Fault] = field(default_factory=dict)
    since: tuple[int, Fault] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next_fault(self, path: str) -> Fault | None:
        """Count a request and return what is planned for it."""
        with self._lock:
            self.count += 1
            if self.since is not None and self.count >= self.since[0]:
                return self.since[1]
            lasting = next((fault for start, fault in self.paths.items() if path.startswith(start)), None)
            return self.faults.get(self.count, lasting)

    def restart(self, faults: Mapping[int, Fault] | None = None) -> None:
        """Count from 1 again, with other faults."""
        with self._lock:
            self.count, self.faults, self.since = 0, dict(faults or {}), None
            self.paths.clear()
