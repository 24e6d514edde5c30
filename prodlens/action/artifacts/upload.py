"""Uploading artifacts from inside a run, through the artifact service that the official actions use.

The service speaks Twirp (JSON) and hands out a signed address at a blob host, which takes blocks and then a list of
them. It needs no permission of the workflow token: the runner gives the job a token of its own.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import random
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, quote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from prodlens.action.artifacts.listing import checked_name
from prodlens.errors import OutsideError
from prodlens.json_values import whole_number
from prodlens.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

BLOCK_BYTES = 8 * 1024 * 1024
ZIP = "application/zip"
_SERVICE = "twirp/github.actions.results.api.v1.ArtifactService"
_VERSION = 7  # of CreateArtifact: the one with a MIME type
_SCOPE = "Actions.Results"
_ATTEMPTS = 5
_PAUSE_SECONDS = 3.0
_RETRIED = frozenset({429, 500, 502, 503, 504})
_SUCCESS = range(200, 300)
_TIMEOUT_SECONDS = (10, 120)
_STORAGE_VERSION = "2026-04-06"


class ArtifactServiceError(OutsideError):
    """The artifact service or its blob host failed or refused; what was to be uploaded is still on disk."""


class NameTakenError(ArtifactServiceError):
    """The run has an artifact of this name: an earlier attempt, another job or another step made it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """An artifact that the service has: its id, its size in bytes and ``sha256:`` with the digest of its bytes."""

    id: int
    size_bytes: int
    digest: str


class _Backoff(Retry):
    """urllib3's retries with the pauses of the official client: the base, then 1.5 times as long each, with jitter."""

    def get_backoff_time(self) -> float:
        tries = len(self.history)
        if tries <= 1:
            return self.backoff_factor if tries else 0.0
        return self.backoff_factor * 1.5 ** (tries - 1) * random.uniform(1, 1.5)  # noqa: S311 - jitter, no secret


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactService:
    """The artifact service as the present job may use it.

    Attributes:
        origin: Scheme and host of the service.
        token: The job's runtime token.
        run_id: The service's own id of the workflow run.
        job_id: The service's own id of the job.
        most_days: Longest retention that the repository allows, in days; None when unknown.
        mask: Tells the runner to keep a secret out of the log.
        session: Sends the requests, with retries.
    """

    origin: str
    token: str = field(repr=False)
    run_id: str
    job_id: str
    most_days: int | None = None
    mask: Callable[[str], None] = field(repr=False)
    session: requests.Session = field(repr=False)

    @classmethod
    def from_environment(
        cls,
        environ: Mapping[str, str],
        *,
        mask: Callable[[str], None] = lambda _: None,
        pause_seconds: float = _PAUSE_SECONDS,
    ) -> Self | None:
        """Return the service; None where the runner has none: a local run, an old server, a ``run:`` step."""
        parts = urlsplit(environ.get("ACTIONS_RESULTS_URL", ""))
        token = environ.get("ACTIONS_RUNTIME_TOKEN", "")
        ids = backend_ids(token)
        if ids is None or parts.scheme not in {"http", "https"} or not parts.netloc:
            return None
        days = environ.get("GITHUB_RETENTION_DAYS", "")
        return cls(
            origin=f"{parts.scheme}://{parts.netloc}",
            token=token,
            run_id=ids[0],
            job_id=ids[1],
            most_days=int(days) if days.isdecimal() and int(days) > 0 else None,
            mask=mask,
            session=new_session(pause_seconds),
        )

    def upload(
        self,
        name: str,
        path: Path,
        *,
        now: datetime,
        retention_days: int | None,
        replaces: Callable[[Collection[int]], bool] = lambda _: True,
        mime_type: str = ZIP,
    ) -> Uploaded:
        """Upload a file as an artifact of this run.

        Args:
            name: Name of the artifact.
            path: The file; it is read block by block.
            now: The present moment.
            retention_days: Days that the artifact is kept, at most what the repository allows; None: as it says.
            replaces: Given the ids of the artifacts of this name that the run has, whether they give way to this one.
                There are no ids when one was begun and never finished.
            mime_type: What the file is.

        Raises:
            ConfigurationError: An artifact cannot have this name.
            NameTakenError: The run has an artifact of this name, and it does not give way.
            ArtifactServiceError: The service failed or refused.
            OSError: The file cannot be read.
        """
        checked_name(name)
        asked: dict[str, Any] = {"name": name, "mime_type": mime_type, "version": _VERSION}
        if retention_days is not None:
            days = min(retention_days, self.most_days or retention_days)
            asked["expires_at"] = (now + timedelta(days=days)).isoformat().replace("+00:00", "Z")
        try:
            created = self._call("CreateArtifact", asked)
        except NameTakenError:
            if not replaces([_number(artifact.get("database_id")) for artifact in self.list(name)]):
                raise
            self.delete(name)
            created = self._call("CreateArtifact", asked)
        url = str(created.get("signed_upload_url", ""))
        self._mask_signature(url)
        size, digest = self._put_blocks(url, path, mime_type)
        done = self._call("FinalizeArtifact", {"name": name, "size": str(size), "hash": digest})
        return Uploaded(id=_number(done.get("artifact_id")), size_bytes=size, digest=digest)

    def list(self, name: str | None = None) -> list[dict[str, Any]]:
        """Return this run's artifacts as the service describes them, newest first.

        Raises:
            ArtifactServiceError: The service failed or refused.
        """
        found = self._call("ListArtifacts", {"name_filter": name} if name is not None else {}).get("artifacts", [])
        artifacts = [a for a in found if isinstance(a, dict)] if isinstance(found, list) else []
        return sorted(artifacts, key=lambda artifact: -_number(artifact.get("database_id")))

    def delete(self, name: str) -> None:
        """Delete this run's newest artifact of the name, also one that was begun and never finished.

        Raises:
            ArtifactServiceError: The service failed or refused, or the run has no such artifact.
        """
        keys = ("workflow_run_backend_id", "workflow_job_run_backend_id")
        found = self.list(name)
        owner = {key: found[0].get(key) for key in keys} if found else {}
        self._call("DeleteArtifact", {**owner, "name": name})

    # ---------------------------------------------------------------------------------------------------------

    def _call(self, method: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Call a method. An answer that is not JSON counts as a failed attempt, as it does for the official client."""
        ids = {"workflow_run_backend_id": self.run_id, "workflow_job_run_backend_id": self.job_id}
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        body = json.dumps({**ids, **asked})
        for _ in range(_ATTEMPTS):
            with _named_failure(f"the artifact service at {method}"):
                response = self.session.post(
                    f"{self.origin}/{_SERVICE}/{method}", data=body, headers=headers, timeout=_TIMEOUT_SECONDS
                )
            answer = _json_object(response)
            if answer is not None or response.status_code in _RETRIED:
                return _accepted(method, response.status_code, answer or {})
        raise ArtifactServiceError(f"the artifact service did not answer {method} with JSON; try again later")

    def _put_blocks(self, url: str, path: Path, mime_type: str) -> tuple[int, str]:
        digest, size, block_ids = hashlib.sha256(), 0, []
        stem = uuid.uuid4()
        for number, block in enumerate(_blocks(path)):
            # The host refuses ids of unequal length, so the number is padded.
            block_ids.append(base64.b64encode(f"{stem}{number:012d}".encode()).decode())
            self._put(f"{url}&comp=block&blockid={quote(block_ids[-1], safe='')}", block, {})
            digest.update(block)
            size += len(block)
        latest = "".join(f"<Latest>{block_id}</Latest>" for block_id in block_ids)
        listed = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{latest}</BlockList>'
        headers = {"Content-Type": "application/xml", "x-ms-blob-content-type": mime_type}
        self._put(f"{url}&comp=blocklist", listed.encode(), headers)
        return size, f"sha256:{digest.hexdigest()}"

    def _put(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Send to the blob host, which refuses an Authorization header: the address itself is the proof."""
        common = {"Content-Type": "application/octet-stream", "x-ms-version": _STORAGE_VERSION}
        with _named_failure("the host that keeps artifacts"):
            response = self.session.put(url, data=body, headers={**common, **headers}, timeout=_TIMEOUT_SECONDS)
        if response.status_code != HTTPStatus.CREATED:
            code = response.headers.get("x-ms-error-code", "no reason given")
            raise ArtifactServiceError(
                f"the host that keeps artifacts refused a block ({response.status_code}: {code}); try again later"
            )

    def _mask_signature(self, url: str) -> None:
        for signature in parse_qs(urlsplit(url).query).get("sig", []):
            self.mask(signature)
            self.mask(quote(signature, safe=""))


def backend_ids(token: str) -> tuple[str, str] | None:
    """Read the service's ids of the run and the job out of a runtime token; None when it does not carry them."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        scopes = [scope.split(":") for scope in claims["scp"].split(" ")]
        _, run_id, job_id = next(scope for scope in scopes if scope[0] == _SCOPE)
    except (IndexError, KeyError, ValueError, TypeError, AttributeError, StopIteration, binascii.Error):
        return None
    return (run_id, job_id) if run_id and job_id else None


def new_session(pause_seconds: float = _PAUSE_SECONDS) -> requests.Session:
    """Return a session that retries as the official client does and sends no login of its own to any host."""
    session = requests.Session()
    session.auth = lambda request: request  # without one, requests would send a ~/.netrc login to the blob host
    session.headers["User-Agent"] = f"prodlens/{__version__}"
    retry = _Backoff(
        total=_ATTEMPTS - 1,
        backoff_factor=pause_seconds,
        status_forcelist=_RETRIED,
        allowed_methods=None,  # every method: a repeated CreateArtifact is answered with 409, which is dealt with
        redirect=False,
        raise_on_status=False,
        respect_retry_after_header=False,
    )
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


@contextmanager
def _named_failure(place: str) -> Iterator[None]:
    """Turn what requests raises into one line that holds no signed address."""
    try:
        yield
    except requests.RequestException as error:
        kind = type(error).__name__
        raise ArtifactServiceError(f"{place} could not be reached ({kind}); try again later") from None


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            yield block


def _json_object(response: requests.Response) -> dict[str, Any] | None:
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _accepted(method: str, status: int, answer: dict[str, Any]) -> dict[str, Any]:
    said = str(answer.get("msg", ""))[:300]
    if status == HTTPStatus.CONFLICT:
        raise NameTakenError(f"the artifact service refused {method} (409: {said})")
    if "insufficient usage" in said.lower():
        raise ArtifactServiceError(
            "the account's storage for artifacts is full; delete old artifacts or lower cache-retention-days "
            "(GitHub counts anew every 6 to 12 hours)"
        )
    if status not in _SUCCESS or answer.get("ok") is False:
        raise ArtifactServiceError(f"the artifact service refused {method} ({status}: {said or 'no reason given'})")
    return answer


def _number(value: object) -> int:
    return whole_number(value) or 0  # the service writes its numbers as text
