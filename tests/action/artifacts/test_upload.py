"""The upload of artifacts against a stand-in that refuses what the real service refuses."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from prodlens.action.artifacts import upload
from prodlens.action.artifacts.listing import checked_name
from prodlens.action.artifacts.upload import ArtifactService, ArtifactServiceError, backend_ids
from prodlens.errors import ConfigurationError
from tests.github_server.artifact_host import ArtifactHost

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RUN = {"id": 7}


@pytest.fixture
def host() -> Iterator[ArtifactHost]:
    """Start an artifact service whose clock stands still."""
    with ArtifactHost() as started:
        started.now = lambda: NOW
        yield started


def service_of(host: ArtifactHost, **environ: str) -> ArtifactService:
    """Return the service as a job of run 7 gets it, with pauses too short to notice."""
    given = {"ACTIONS_RESULTS_URL": host.url, "ACTIONS_RUNTIME_TOKEN": host.start_run(RUN), **environ}
    service = ArtifactService.from_environment(given, pause_seconds=0.001)
    assert service is not None
    return service


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """Write a file to upload."""
    path = tmp_path / "packed.zip"
    path.write_bytes(b"PK" + bytes(range(256)) * 5)
    return path


def test_an_upload_arrives_byte_for_byte(host: ArtifactHost, packed: Path) -> None:
    """What is uploaded is what is stored, with its digest, its type and the retention that was asked for."""
    uploaded = service_of(host).upload("prodlens-cache", packed, now=NOW, retention_days=5)
    (stored,) = host.named("prodlens-cache")
    assert (stored.id, stored.content) == (uploaded.id, packed.read_bytes())
    assert (uploaded.size_bytes, uploaded.digest) == (len(stored.content), stored.digest)
    assert (stored.content_type, stored.expires_at) == ("application/zip", NOW + timedelta(days=5))


def test_a_large_file_goes_in_blocks(host: ArtifactHost, packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file larger than a block is sent as several, in order, with ids of one length."""
    monkeypatch.setattr(upload, "BLOCK_BYTES", 100)
    service_of(host).upload("large", packed, now=NOW, retention_days=None)
    blocks = [seen for seen in host.seen if seen.query.get("comp") == "block"]
    assert len(blocks) == 13
    assert len({len(seen.query["blockid"]) for seen in blocks}) == 1
    assert host.named("large")[0].content == packed.read_bytes()


def test_an_empty_file_is_an_artifact(host: ArtifactHost, tmp_path: Path) -> None:
    """A file without a byte is uploaded as one without a block."""
    (tmp_path / "empty").touch()
    assert service_of(host).upload("empty", tmp_path / "empty", now=NOW, retention_days=1).size_bytes == 0


def test_the_blob_host_never_sees_a_login(
    host: ArtifactHost, packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the runtime token nor a login of ~/.netrc reaches the blob host, which would refuse it."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    service_of(host).upload("a", packed, now=NOW, retention_days=None)
    assert {"authorization" in seen.headers for seen in host.seen if seen.host == "blob"} == {False}
    assert requests.put(host.signed_url(host.named("a")[0]), timeout=5).status_code == 400  # with the ~/.netrc login


def test_retention_is_capped_at_what_the_repository_allows(host: ArtifactHost, packed: Path) -> None:
    """More days than GITHUB_RETENTION_DAYS are cut to it."""
    service_of(host, GITHUB_RETENTION_DAYS="3").upload("a", packed, now=NOW, retention_days=90)
    assert host.named("a")[0].expires_at == NOW + timedelta(days=3)


def test_a_rerun_replaces_the_artifact(host: ArtifactHost, packed: Path) -> None:
    """When an earlier attempt of the run left an artifact of the name, it gives way to the new one."""
    service_of(host).upload("a", packed, now=NOW, retention_days=None)
    packed.write_bytes(b"second attempt")
    service_of(host).upload("a", packed, now=NOW, retention_days=None)
    assert [stored.content for stored in host.named("a")] == [b"second attempt"]


def test_an_upload_that_broke_off_does_not_block_the_name(host: ArtifactHost, packed: Path) -> None:
    """A name that was created and never finished by this job is freed and used again."""
    service = service_of(host)
    host.blob_faults.append(403)
    with pytest.raises(ArtifactServiceError, match="refused a block"):
        service.upload("a", packed, now=NOW, retention_days=None)
    service.upload("a", packed, now=NOW, retention_days=None)
    assert len(host.named("a")) == 1


@pytest.mark.parametrize("fault", [500, 502, 503, 504, 429, (200, b"<html>a proxy</html>")])
def test_a_passing_failure_is_ridden_out(host: ArtifactHost, packed: Path, fault: int | tuple[int, bytes]) -> None:
    """Failures that pass, at the service and at the blob host, cost pauses and nothing else."""
    host.twirp_faults.extend([fault, fault])
    if isinstance(fault, int):
        host.blob_faults.extend([fault, fault])
    service_of(host).upload("a", packed, now=NOW, retention_days=None)
    assert host.named("a")[0].content == packed.read_bytes()


@pytest.mark.parametrize(
    ("faults", "attempts", "said"),
    [
        ([503] * 5, 5, "503"),
        ([(200, b"no json")] * 5, 5, "with JSON"),
        ([400], 1, "400"),
        ([(403, b'{"code": "permission_denied", "msg": "insufficient usage to create artifact"}')], 1, "storage"),
        ([(200, b'{"ok": false}')], 1, "refused"),
    ],
)
def test_a_lasting_failure_is_named(
    host: ArtifactHost, packed: Path, faults: list[int | tuple[int, bytes]], attempts: int, said: str
) -> None:
    """A service that stays down is given up after five attempts; what cannot pass is not tried again."""
    host.twirp_faults.extend(faults)
    with pytest.raises(ArtifactServiceError, match=said):
        service_of(host).upload("a", packed, now=NOW, retention_days=None)
    assert len(host.seen) == attempts


def test_an_error_never_quotes_a_signed_address(host: ArtifactHost, packed: Path) -> None:
    """When the blob host is unreachable the error names neither the signature nor the token, and both are masked."""
    masked: list[str] = []
    environ = {"ACTIONS_RESULTS_URL": host.url, "ACTIONS_RUNTIME_TOKEN": host.start_run(RUN)}
    service = ArtifactService.from_environment(environ, mask=masked.append, pause_seconds=0.001)
    assert service is not None
    host.blob_url = "http://127.0.0.1:9"
    with pytest.raises(ArtifactServiceError) as caught:
        service.upload("a", packed, now=NOW, retention_days=None)
    (stored,) = host.artifacts.values()
    assert stored.secret in masked
    assert stored.secret.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D") in masked
    assert stored.secret not in f"{caught.value!r} {service!r}"
    assert environ["ACTIONS_RUNTIME_TOKEN"] not in f"{caught.value!r} {service!r}"


@pytest.mark.parametrize("missing", ["ACTIONS_RESULTS_URL", "ACTIONS_RUNTIME_TOKEN"])
def test_without_its_variables_there_is_no_service(host: ArtifactHost, missing: str) -> None:
    """In a local run or on an old server the service is reported missing instead of failing."""
    environ = {"ACTIONS_RESULTS_URL": host.url, "ACTIONS_RUNTIME_TOKEN": host.start_run(RUN)}
    assert ArtifactService.from_environment({**environ, missing: ""}) is None
    assert ArtifactService.from_environment({**environ, missing: "nonsense"}) is None


def token_with(claims: object) -> str:
    """Return an unsigned token that carries the claims."""
    return f"x.{base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b'=').decode()}.y"


@pytest.mark.parametrize(
    ("claims", "ids"),
    [
        ({"scp": "Actions.ExampleScope Actions.Results:run:job"}, ("run", "job")),
        ({"scp": "Actions.Results:run:job Other:a:b"}, ("run", "job")),
        ({"scp": "Actions.Results:run"}, None),
        ({"scp": "Actions.Results:run:job:more"}, None),
        ({"scp": "Actions.Results::job"}, None),
        ({"scp": 5}, None),
        ({}, None),
        ([], None),
    ],
)
def test_the_ids_come_from_the_scope(claims: object, ids: tuple[str, str] | None) -> None:
    """The service's ids stand in the scope Actions.Results of the runtime token; any other shape has none."""
    assert backend_ids(token_with(claims)) == ids


@given(st.text())
def test_no_text_breaks_the_reading_of_a_token(text: str) -> None:
    """Whatever stands in the variable, reading it ends in ids or in None."""
    assert backend_ids(text) is None
    assert backend_ids(f"a.{text}.b") is None


@pytest.mark.parametrize("name", ["", "a/b", "a\\b", 'a"b', "a:b", "a<b", "a>b", "a|b", "a*b", "a?b", "a\rb", "a\nb"])
def test_a_name_that_no_artifact_can_have_is_refused(name: str) -> None:
    """Names that the service refuses are refused before anything is sent."""
    with pytest.raises(ConfigurationError, match="artifact"):
        checked_name(name)
