"""The artifact service (Twirp) and its blob host, which refuse what the real ones refuse; see ``ArtifactHost``."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
import threading
import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, quote, urlsplit
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SERVICE = "/twirp/github.actions.results.api.v1.ArtifactService/"
INVALID_IN_NAMES = frozenset('":<>|*?\r\n\\/')
Reply = tuple[int, dict[str, str], bytes]


@dataclass(slots=True, kw_only=True)
class StoredArtifact:
    """One artifact as the service keeps it; ``run`` is the REST object of the workflow run that made it."""

    id: int
    name: str
    run: dict[str, Any]
    job: str
    secret: str
    created_at: datetime
    expires_at: datetime
    content: bytes = b""
    content_type: str = "application/octet-stream"
    digest: str | None = None
    finalized: bool = False
    blocks: dict[str, bytes] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Seen:
    """A request that arrived; header names are lower case."""

    host: str
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    size: int


def workflow_run(number: int, slug: str, repository_id: int, **changes: Any) -> dict[str, Any]:
    """Return the REST object of a run by the schedule of ``weekly.yml`` on main; ``changes`` replace fields of it."""
    home = {"id": repository_id, "full_name": slug}
    return {
        "id": number,
        "event": "schedule",
        "path": ".github/workflows/weekly.yml",
        "head_branch": "main",
        "head_sha": f"{number:040x}",
        "conclusion": "success",
        "run_attempt": 1,
        "repository": home,
        "head_repository": home,
        **changes,
    }


class ArtifactHost:
    """Both hosts on ports of their own, and the artifacts they keep; a context manager.

    Attributes:
        url: What the runner gives as ``ACTIONS_RESULTS_URL`` (with a path, which clients must drop).
        artifacts: What is stored, by id.
        runs: The REST objects of the workflow runs, by id.
        seen: Every request, in order.
        off_branch: Commits of runs that are not on the default branch.
        twirp_faults: Replies that the next Twirp calls get instead of an answer: a status, or (status, body).
        blob_faults: The same for the blob host.
    """

    def __init__(self) -> None:
        self.artifacts: dict[int, StoredArtifact] = {}
        self.seen: list[Seen] = []
        self.twirp_faults: deque[int | tuple[int, bytes]] = deque()
        self.blob_faults: deque[int | tuple[int, bytes]] = deque()
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.runs: dict[int, dict[str, Any]] = {}
        self.off_branch: set[str] = set()
        self._backends: dict[str, dict[str, Any]] = {}
        self._next_id = 1000
        self._lock = threading.Lock()
        self._servers = [_server(self._twirp), _server(self._blob)]
        twirp, blob = (f"http://127.0.0.1:{server.server_address[1]}" for server in self._servers)
        self.url, self.blob_url = f"{twirp}/some/path/", blob

    def __enter__(self) -> Self:
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    # What a test arranges -----------------------------------------------------------------------------------

    def start_run(self, run: Mapping[str, Any]) -> str:
        """Register a workflow run (its REST object) and return the runtime token that its job gets."""
        backend, job = str(uuid.uuid4()), str(uuid.uuid4())
        self._backends[backend] = self.runs[run["id"]] = dict(run)
        claims = {"scp": f"Actions.GenericRead:0 Actions.Results:{backend}:{job} Actions.UploadArtifacts:0"}
        payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
        return f"eyJhbGciOiJub25lIn0.{payload}.signature"

    def put(self, name: str, content: bytes, run: Mapping[str, Any], **changes: Any) -> StoredArtifact:
        """Store a finished artifact as if a run had uploaded it; ``changes`` replace its fields."""
        with self._lock:
            artifact = self._create(name, dict(run), str(uuid.uuid4()), None, "application/zip")
            self.runs[run["id"]] = dict(run)
            artifact.content, artifact.finalized = content, True
            artifact.digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
            for key, value in changes.items():
                setattr(artifact, key, value)
            return artifact

    def signed_url(self, artifact: StoredArtifact) -> str:
        """Return an address at the blob host that needs no other proof."""
        return f"{self.blob_url}/artifacts/{artifact.id}.zip?sv=2026-04-06&sig={quote(artifact.secret, safe='')}"

    def named(self, name: str) -> list[StoredArtifact]:
        """Return the finished artifacts of a name, oldest first."""
        return [a for _, a in sorted(self.artifacts.items()) if a.name == name and a.finalized]

    # Twirp --------------------------------------------------------------------------------------------------

    def _twirp(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> Reply:
        self.seen.append(Seen(host="twirp", method=method, path=path, query=query, headers=headers, size=len(body)))
        if self.twirp_faults:
            return _fault(self.twirp_faults.popleft())
        call = _CALLS.get(path.removeprefix(SERVICE)) if path.startswith(SERVICE) and method == "POST" else None
        if call is None:
            return _twirp_error(404, "bad_route", f"no handler for path {path}")
        run, job = self._caller(headers)
        if run is None:
            return _twirp_error(401, "unauthenticated", "the token is not known")
        if headers.get("content-type") != "application/json":
            return _twirp_error(404, "bad_route", f"unexpected Content-Type: {headers.get('content-type')}")
        asked = json.loads(body)
        if asked.get("workflow_run_backend_id") not in self._backends:
            return _twirp_error(403, "permission_denied", "not a run of this token")
        with self._lock:
            return call(self, asked, run, job)

    def _caller(self, headers: Mapping[str, str]) -> tuple[dict[str, Any] | None, str]:
        try:
            payload = headers["authorization"].removeprefix("Bearer ").split(".")[1]
            scopes = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["scp"].split()
            _, backend, job = next(s for s in scopes if s.startswith("Actions.Results:")).split(":")
        except (KeyError, IndexError, ValueError, StopIteration):
            return None, ""
        return self._backends.get(backend), job

    def _create(
        self, name: str, run: dict[str, Any], job: str, expires_at: datetime | None, content_type: str
    ) -> StoredArtifact:
        now = self.now()
        self._next_id += 1
        artifact = StoredArtifact(
            id=self._next_id,
            name=name,
            run=run,
            job=job,
            secret=secrets.token_urlsafe(16) + "+/=",
            created_at=now,
            expires_at=expires_at or now + timedelta(days=90),
            content_type=content_type,
        )
        self.artifacts[artifact.id] = artifact
        return artifact

    def _of_run(self, run: dict[str, Any], name: str | None = None) -> list[StoredArtifact]:
        mine = [a for a in self.artifacts.values() if a.run.get("id") == run.get("id")]
        return [a for a in mine if name is None or a.name == name]

    def _create_artifact(self, asked: dict[str, Any], run: dict[str, Any], job: str) -> Reply:
        name = asked.get("name", "")
        if not name or INVALID_IN_NAMES & set(name) or asked.get("version") not in {4, 7}:
            return _twirp_error(400, "invalid_argument", "invalid name or version")
        if self._of_run(run, name):
            return _twirp_error(409, "already_exists", "an artifact with this name already exists on the workflow run")
        expires = asked.get("expires_at")
        expires_at = datetime.fromisoformat(expires) if expires else None
        if expires_at and expires_at < self.now():
            return _twirp_error(400, "invalid_argument", "expires_at is in the past")
        artifact = self._create(name, run, job, expires_at, asked.get("mime_type") or "zip")
        return _json(200, {"ok": True, "signed_upload_url": self.signed_url(artifact)})

    def _finalize_artifact(self, asked: dict[str, Any], run: dict[str, Any], _job: str) -> Reply:
        found = [a for a in self._of_run(run, asked.get("name")) if not a.finalized]
        if not found:
            return _twirp_error(404, "not_found", "no such artifact")
        artifact = found[0]
        digest = f"sha256:{hashlib.sha256(artifact.content).hexdigest()}"
        if not isinstance(asked.get("size"), str) or int(asked["size"]) != len(artifact.content):
            return _twirp_error(400, "invalid_argument", "size does not match the blob")
        if asked.get("hash") not in {None, digest}:
            return _twirp_error(400, "invalid_argument", "hash does not match the blob")
        artifact.finalized, artifact.digest = True, digest
        return _json(200, {"ok": True, "artifact_id": str(artifact.id)})

    def _list_artifacts(self, asked: dict[str, Any], run: dict[str, Any], _job: str) -> Reply:
        found = [
            a
            for a in self._of_run(run, asked.get("name_filter"))
            if a.finalized and asked.get("id_filter") in {None, str(a.id)}
        ]
        return _json(200, {"artifacts": [_monolith(a, asked["workflow_run_backend_id"]) for a in found]})

    def _get_signed_url(self, asked: dict[str, Any], run: dict[str, Any], _job: str) -> Reply:
        found = [a for a in self._of_run(run, asked.get("name")) if a.job == asked.get("workflow_job_run_backend_id")]
        if not found:
            return _twirp_error(404, "not_found", "no such artifact")
        return _json(200, {"signed_url": self.signed_url(found[-1])})

    def _delete_artifact(self, asked: dict[str, Any], run: dict[str, Any], _job: str) -> Reply:
        found = [a for a in self._of_run(run, asked.get("name")) if a.job == asked.get("workflow_job_run_backend_id")]
        if not found:
            return _twirp_error(404, "not_found", "no such artifact")
        del self.artifacts[found[-1].id]
        return _json(200, {"ok": True, "artifact_id": str(found[-1].id)})

    # Blobs --------------------------------------------------------------------------------------------------

    def _blob(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> Reply:
        self.seen.append(Seen(host="blob", method=method, path=path, query=query, headers=headers, size=len(body)))
        if "authorization" in headers:
            return _blob_error(400, "InvalidAuthenticationInfo")
        if self.blob_faults:
            return _fault(self.blob_faults.popleft())
        return self._blob_of_artifact(method, path, query, headers, body)

    def _blob_of_artifact(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes
    ) -> Reply:
        number = path.rsplit("/", 1)[-1].removesuffix(".zip")
        artifact = self.artifacts.get(int(number)) if number.isdecimal() else None
        if artifact is None or query.get("sig") != artifact.secret:
            return _blob_error(403, "AuthenticationFailed")
        if method == "GET":
            disposition = f'attachment; filename="{quote(artifact.name)}.zip"'
            return 200, {"Content-Type": artifact.content_type, "Content-Disposition": disposition}, artifact.content
        if query.get("comp") == "block":
            return self._stage(artifact, query.get("blockid", ""), body)
        if query.get("comp") == "blocklist":
            return self._commit(artifact, headers, body)
        return _blob_error(403, "AuthorizationPermissionMismatch")  # a single Put Blob is not proved to be allowed

    @staticmethod
    def _stage(artifact: StoredArtifact, block_id: str, body: bytes) -> Reply:
        try:
            base64.b64decode(block_id, validate=True)
        except binascii.Error:
            return _blob_error(400, "InvalidQueryParameterValue")
        if not block_id or any(len(other) != len(block_id) for other in artifact.blocks):
            return _blob_error(400, "InvalidBlobOrBlock")
        artifact.blocks[block_id] = body
        return 201, {}, b""

    @staticmethod
    def _commit(artifact: StoredArtifact, headers: Mapping[str, str], body: bytes) -> Reply:
        try:
            listed = [(element.tag, element.text or "") for element in ET.fromstring(body)]  # noqa: S314 - a test's own
        except ET.ParseError:
            return _blob_error(400, "InvalidXmlDocument")
        if any(tag != "Latest" or block_id not in artifact.blocks for tag, block_id in listed):
            return _blob_error(400, "InvalidBlockList")
        artifact.content = b"".join(artifact.blocks[block_id] for _, block_id in listed)
        artifact.content_type = headers.get("x-ms-blob-content-type", "application/octet-stream")
        return 201, {}, b""


_CALLS: dict[str, Callable[[ArtifactHost, dict[str, Any], dict[str, Any], str], Reply]] = {
    "CreateArtifact": ArtifactHost._create_artifact,
    "FinalizeArtifact": ArtifactHost._finalize_artifact,
    "ListArtifacts": ArtifactHost._list_artifacts,
    "GetSignedArtifactURL": ArtifactHost._get_signed_url,
    "DeleteArtifact": ArtifactHost._delete_artifact,
}


def _monolith(artifact: StoredArtifact, backend: str) -> dict[str, Any]:
    return {
        "workflow_run_backend_id": backend,
        "workflow_job_run_backend_id": artifact.job,
        "database_id": str(artifact.id),
        "name": artifact.name,
        "size": str(len(artifact.content)),
        "created_at": artifact.created_at.isoformat().replace("+00:00", "Z"),
        "digest": artifact.digest,
    }


def _json(status: int, body: Any) -> Reply:
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()


def _twirp_error(status: int, code: str, message: str) -> Reply:
    return _json(status, {"code": code, "msg": message})


def _blob_error(status: int, code: str) -> Reply:
    body = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code></Error>'
    return status, {"Content-Type": "application/xml", "x-ms-error-code": code}, body.encode()


def _fault(fault: int | tuple[int, bytes]) -> Reply:
    status, body = fault if isinstance(fault, tuple) else (fault, b'{"code": "unavailable", "msg": "try again"}')
    return status, {"Content-Type": "application/json"}, body


def _server(handle: Callable[[str, str, dict[str, str], dict[str, str], bytes], Reply]) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, extra, content = handle(self.command, parts.path, query, headers, body)
            self.send_response(status)
            for name, value in {**extra, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815 - names that http.server calls

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    return server
