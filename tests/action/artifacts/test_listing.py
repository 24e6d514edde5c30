"""Listing and fetching artifacts against the stand-in."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.action.artifacts.listing import (
    Artifact,
    UnusableArtifactError,
    artifact_of,
    artifact_pages,
    artifacts_named,
    download,
    workflow_run,
)
from prodlens.action.notices import HarmlessFormatter
from prodlens.errors import StorageError
from prodlens.github.errors import PermissionMissingError, ServerFailedError
from tests.action.served_repository import NOW, SLUG

if TYPE_CHECKING:
    from pathlib import Path

    from tests.action.served_repository import Served


def fetch(served: Served, target: Path, most_bytes: int = 10_000) -> bytes:
    """Fetch the only artifact named a."""
    (artifact,) = artifacts_named(served.client, SLUG, "a")
    download(served.client, served.session, SLUG, artifact, target, most_bytes=most_bytes)
    return target.read_bytes()


def test_artifacts_of_a_name_come_newest_first_over_all_pages(served: Served) -> None:
    """Every page is read, other names are left out, and the newest is first, whatever order the list has."""
    made = [served.host.put("a" if n % 2 else "b", b"x", served.run(n)) for n in range(250)]
    found = artifacts_named(served.client, SLUG, "a")
    assert [a.id for a in found] == sorted((m.id for m in made if m.name == "a"), reverse=True)
    assert [len(page.artifacts) for page in artifact_pages(served.client, SLUG)] == [100, 100, 50]
    assert [page.number for page in artifact_pages(served.client, SLUG, first=3)] == [3]


def test_a_download_is_whole_verified_and_without_a_login(served: Served, tmp_path: Path) -> None:
    """The bytes come from the other host, which gets no token."""
    served.host.put("a", b"bytes" * 1000, served.run(1))
    assert fetch(served, tmp_path / "a") == b"bytes" * 1000
    (seen,) = served.host.seen
    assert "authorization" not in seen.headers


def test_a_wrong_digest_is_refused(served: Served, tmp_path: Path) -> None:
    """Bytes that are not those of the digest are not used."""
    served.host.put("a", b"bytes", served.run(1), digest="sha256:" + "0" * 64)
    with pytest.raises(UnusableArtifactError, match="digest"):
        fetch(served, tmp_path / "a")


@pytest.mark.parametrize("said", [5, None])
def test_a_size_over_the_cap_is_refused(served: Served, tmp_path: Path, said: int | None) -> None:
    """A size over the cap is refused before the download, and during it when the list said less or nothing."""
    stored = served.host.put("a", b"x" * 10_001, served.run(1))
    with pytest.raises(UnusableArtifactError, match="at most"):
        fetch(served, tmp_path / "a")
    assert served.host.seen == []
    lying = Artifact(id=stored.id, name="a", size_bytes=said)
    with pytest.raises(UnusableArtifactError, match="at most"):
        download(served.client, served.session, SLUG, lying, tmp_path / "a", most_bytes=10_000)


def test_an_expired_artifact_is_refused(served: Served, tmp_path: Path) -> None:
    """An artifact that expired, or was deleted after the list was read, is named as gone."""
    served.host.put("a", b"x", served.run(1), expires_at=NOW - timedelta(days=1))
    with pytest.raises(UnusableArtifactError, match="expired"):
        fetch(served, tmp_path / "a")
    gone = Artifact(id=1, name="a")
    with pytest.raises(UnusableArtifactError, match="deleted"):
        download(served.client, served.session, SLUG, gone, tmp_path / "a", most_bytes=1)


def test_a_failing_blob_host_is_ridden_out_or_named(served: Served, tmp_path: Path) -> None:
    """A host that fails for a moment is asked again; one that stays down is a failed service, not a bad artifact."""
    stored = served.host.put("a", b"x", served.run(1))
    served.host.blob_faults.extend([503, 500])
    assert fetch(served, tmp_path / "a") == b"x"
    served.host.blob_faults.extend([503] * 100)
    with pytest.raises(ServerFailedError, match=r"could not be fetched") as caught:
        fetch(served, tmp_path / "a")
    assert stored.secret not in str(caught.value)
    served.host.blob_url = "http://127.0.0.1:9"
    with pytest.raises(ServerFailedError, match="could not be fetched") as caught:
        fetch(served, tmp_path / "a")
    assert stored.secret not in str(caught.value)


def test_a_place_that_cannot_be_written_is_no_failed_host(served: Served, tmp_path: Path) -> None:
    """Where the disk fails, nothing is fetched a second time, and the error says so."""
    served.host.put("a", b"x", served.run(1))
    served.host.seen.clear()
    with pytest.raises(StorageError, match="cannot be written"):
        fetch(served, tmp_path)
    assert len(served.host.seen) == 1


def test_no_signed_address_reaches_the_log(served: Served, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The log says that a download is tried again, and not where: for a while the address opens to anyone."""
    stored = served.host.put("a", b"x", served.run(1))
    served.host.blob_url = "http://127.0.0.1:9"
    with pytest.raises(ServerFailedError):
        fetch(served, tmp_path / "a")
    assert caplog.records
    formatter = HarmlessFormatter("%(message)s")
    logged = "\n".join(formatter.format(record) for record in caplog.records)
    assert "sig=***" in logged
    assert quote(stored.secret, safe="") not in logged


def test_a_missing_permission_is_named(served: Served) -> None:
    """A token without actions: read is told so."""
    served.repository.permission_missing = "actions=read"
    with pytest.raises(PermissionMissingError, match="actions=read"):
        artifacts_named(served.client, SLUG, "a")


def test_a_run_that_is_gone_makes_its_artifact_unusable(served: Served) -> None:
    """A run that GitHub no longer has is said to be gone."""
    with pytest.raises(UnusableArtifactError, match="gone"):
        workflow_run(served.client, SLUG, 99)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.dictionaries(st.sampled_from(["id", "workflow_run", "name", "head_branch"]), inner),
)


@given(st.dictionaries(st.sampled_from(["id", "name", "workflow_run", "digest", "expired", "created_at"]), json_values))
def test_no_description_breaks_the_reading(description: dict[str, object]) -> None:
    """Whatever the API says of an artifact is read as one or as none, and unless it says otherwise it has expired."""
    artifact = artifact_of(description)
    if artifact is not None:
        assert artifact.expired is (description.get("expired") is not False)
