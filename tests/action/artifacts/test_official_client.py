"""The official artifact client against the stand-in, which proves both the stand-in and our own client."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.action.artifacts.listing import artifacts_named, download
from prodlens.action.artifacts.upload import ArtifactService, ArtifactServiceError
from prodlens.github.client import GithubClient
from tests.github_server.artifact_host import ArtifactHost, workflow_run
from tests.github_server.server import GithubServer
from tests.github_server.world import Repository, World

if TYPE_CHECKING:
    from collections.abc import Iterator

NODE = shutil.which("node")
FOLDER = Path(__file__).parents[2] / "node"
SLUG = "octo/repo"

pytestmark = [
    pytest.mark.node,
    pytest.mark.skipif(
        NODE is None or not (FOLDER / "node_modules/@actions/artifact").is_dir(),
        reason="the node layer: run `npm ci` in tests/node",
    ),
]


class Job:
    """A job of one run: the environment that the runner gives, and both clients in it."""

    def __init__(self, host: ArtifactHost, server: GithubServer, folder: Path) -> None:
        self.host, self.server, self.folder = host, server, folder
        run = workflow_run(7, SLUG, server.world.repositories[SLUG].id)
        self.environ = {
            "ACTIONS_RESULTS_URL": host.url,
            "ACTIONS_RUNTIME_TOKEN": host.start_run(run),
            "GITHUB_API_URL": server.url,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_RETENTION_DAYS": "90",
            "GITHUB_WORKSPACE": str(folder),
        }

    def ours(self) -> ArtifactService:
        """Return our client."""
        service = ArtifactService.from_environment(self.environ, pause_seconds=0.001)
        assert service is not None
        return service

    def theirs(self, *words: object) -> Any:
        """Run a command of the official client and return its answer."""
        assert NODE is not None
        done = subprocess.run(
            [NODE, FOLDER / "client.mjs", *map(str, words)],
            env={"PATH": os.environ["PATH"], **self.environ},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    """Start the artifact service, the blob host and the API, and a job that may use them."""
    with ArtifactHost() as host:
        world = World(repositories={SLUG: Repository(SLUG)}, artifacts=host)
        with GithubServer(world) as server:
            yield Job(host, server, tmp_path)


def zipped(path: Path, content: bytes) -> Path:
    """Write a zip with one member."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cache.db", content)
    return path


def test_what_we_upload_the_official_client_downloads(job: Job) -> None:
    """An artifact of ours is listed, found, downloaded and unpacked by the official client, in the run and after it."""
    archive = zipped(job.folder / "ours.zip", b"rows" * 10_000)
    uploaded = job.ours().upload("prodlens-cache", archive, now=datetime.now(UTC), retention_days=5)
    job.theirs("download", uploaded.id, job.folder / "in-run")
    assert (job.folder / "in-run/cache.db").read_bytes() == b"rows" * 10_000
    answer = job.theirs("find", uploaded.id, job.folder / "later", 7, *SLUG.split("/"), "t", uploaded.digest)
    assert (job.folder / "later/cache.db").read_bytes() == b"rows" * 10_000
    assert answer["digestMismatch"] is False
    assert [(a["name"], a["id"], a["digest"]) for a in answer["artifacts"]] == [
        ("prodlens-cache", uploaded.id, uploaded.digest)
    ]


def test_what_the_official_client_uploads_we_download(job: Job) -> None:
    """An artifact of the official client, larger than one block, is listed, fetched and verified by us."""
    content = os.urandom(9 * 1024 * 1024)
    (job.folder / "cache.db").write_bytes(content)
    answer = job.theirs("upload", "prodlens-cache", job.folder / "cache.db")
    client = GithubClient(token="t", api_url=job.server.url)
    (artifact,) = artifacts_named(client, SLUG, "prodlens-cache")
    assert (artifact.id, artifact.digest) == (answer["id"], f"sha256:{answer['digest']}")
    target = job.folder / "fetched.zip"
    download(client, job.ours().session, SLUG, artifact, target, most_bytes=10**8)
    assert zipfile.ZipFile(target).read("cache.db") == content
    assert hashlib.sha256(target.read_bytes()).hexdigest() == answer["digest"]


def test_either_client_makes_way_for_the_other(job: Job) -> None:
    """A name that the official client took is replaced by us, and what we made it deletes."""
    (job.folder / "cache.db").write_bytes(b"theirs")
    job.theirs("upload", "prodlens-cache", job.folder / "cache.db")
    archive = zipped(job.folder / "ours.zip", b"ours")
    uploaded = job.ours().upload("prodlens-cache", archive, now=datetime.now(UTC), retention_days=5)
    assert [a["id"] for a in job.theirs("list")["artifacts"]] == [uploaded.id]
    assert job.theirs("delete", "prodlens-cache")["id"] == uploaded.id
    assert job.ours().list() == []
    with pytest.raises(ArtifactServiceError, match="no such artifact"):
        job.ours().delete("prodlens-cache")
