"""Artifacts of a repository as GitHub's REST API lists them, and their bytes, verified."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from prodlens.errors import ConfigurationError, StorageError
from prodlens.github import NotFoundError, ServerFailedError
from prodlens.json_values import identifier, whole_number
from prodlens.timestamps import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    import requests

    from prodlens.github import GithubClient

REPORT_ARTIFACT = "prodlens-report"
PAGE_SIZE = 100
_INVALID_IN_NAMES = frozenset('":<>|*?\r\n\\/')
_CHUNK_BYTES = 256 * 1024
_ATTEMPTS = 3
_TIMEOUT_SECONDS = (10, 60)
_NOT_OURS = frozenset({403, 404, 410})  # the signed address ran out, or the blob is gone


class UnusableArtifactError(Exception):
    """This artifact cannot be used, and the text says why; the service itself works.

    Attributes:
        lasting: Whether it will still be unusable the next time.
    """

    def __init__(self, reason: str, *, lasting: bool = True) -> None:
        super().__init__(reason)
        self.lasting = lasting


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One artifact as the API describes it; what the description lacks is None.

    Attributes:
        id: GitHub's number for it.
        name: Its name.
        size_bytes: What it says its size is.
        digest: ``sha256:`` and the digest of its bytes.
        expired: Whether its bytes are gone.
        created_at: When it was made (UTC).
        expires_at: When its bytes go (UTC).
        run_id: The workflow run that made it.
        repository_id: The repository that it belongs to.
        head_repository_id: The repository that the run's code came from; another one for a fork.
        head_branch: The branch that the run's code came from.
    """

    id: int
    name: str
    size_bytes: int | None = None
    digest: str | None = None
    expired: bool = False
    created_at: datetime | None = None
    expires_at: datetime | None = None
    run_id: int | None = None
    repository_id: int | None = None
    head_repository_id: int | None = None
    head_branch: str | None = None

    def __str__(self) -> str:
        return f"artifact {self.name!r} ({self.id})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list of artifacts."""

    number: int
    artifacts: tuple[Artifact, ...]
    last: bool


def checked_name(name: str) -> str:
    """Return the name of an artifact unchanged.

    Raises:
        ConfigurationError: An artifact cannot have this name.
    """
    if not name or _INVALID_IN_NAMES & set(name):
        raise ConfigurationError(f'{name!r} cannot name an artifact; leave out " : < > | * ? \\ / and line ends')
    return name


def artifact_of(description: Mapping[str, Any]) -> Artifact | None:
    """Return an artifact from the API's description; None when the description is not usable."""
    number, name = identifier(description.get("id")), description.get("name")
    if number is None or not isinstance(name, str):
        return None
    given = description.get("workflow_run")
    run = given if isinstance(given, dict) else {}
    digest, branch = description.get("digest"), run.get("head_branch")
    return Artifact(
        id=number,
        name=name,
        size_bytes=whole_number(description.get("size_in_bytes")),
        digest=digest if isinstance(digest, str) else None,
        expired=description.get("expired") is not False,
        created_at=parse_timestamp(description.get("created_at")),
        expires_at=parse_timestamp(description.get("expires_at")),
        run_id=identifier(run.get("id")),
        repository_id=identifier(run.get("repository_id")),
        head_repository_id=identifier(run.get("head_repository_id")),
        head_branch=branch if isinstance(branch, str) else None,
    )


def artifact_pages(client: GithubClient, slug: str, *, name: str | None = None, first: int = 1) -> Iterator[Page]:
    """Yield the pages of a repository's artifacts from page ``first`` on; with a name, of the artifacts so called.

    GitHub documents no order of this list.

    Raises:
        GithubError: GitHub could not be asked or refused.
    """
    params = {"per_page": str(PAGE_SIZE), "page": str(first), **({} if name is None else {"name": name})}
    answers = client.pages(f"/repos/{slug}/actions/artifacts", params=params)
    for number, answer in enumerate(answers, first):
        body = answer.json()
        rows = body.get("artifacts") if isinstance(body, dict) else None
        if not isinstance(rows, list):
            raise ServerFailedError(f"GitHub's answer for the artifacts of {slug} is not a list; try again later")
        found = [artifact_of(row) for row in rows if isinstance(row, dict)]
        last = not rows or answer.next_url is None
        yield Page(number=number, artifacts=tuple(a for a in found if a is not None), last=last)
        if last:
            return


def artifacts_named(client: GithubClient, slug: str, name: str) -> list[Artifact]:
    """Return every artifact of exactly this name, newest first.

    Raises:
        GithubError: GitHub could not be asked or refused.
    """
    pages = artifact_pages(client, slug, name=name)
    found = {a.id: a for page in pages for a in page.artifacts if a.name == name}
    return sorted(found.values(), key=lambda artifact: -artifact.id)


def workflow_run(client: GithubClient, slug: str, run_id: int) -> Mapping[str, Any]:
    """Return the API's description of a workflow run.

    Raises:
        UnusableArtifactError: The run is gone.
        GithubError: GitHub could not be asked or refused.
    """
    try:
        body = client.get(f"/repos/{slug}/actions/runs/{run_id}").json()
    except NotFoundError:
        raise UnusableArtifactError(f"its run {run_id} is gone") from None
    return body if isinstance(body, dict) else {}


def is_on_branch(client: GithubClient, slug: str, branch: str, sha: str) -> bool:
    """Return whether a commit is on a branch. The name alone does not say so: a tag can have the branch's name.

    Raises:
        GithubError: GitHub could not be asked or refused.
    """
    try:  # against the branch, so that what comes before it is an answer without commits and files
        body = client.get(f"/repos/{slug}/compare/{quote(branch, safe='')}...{quote(sha, safe='')}").json()
    except NotFoundError:
        return False
    return isinstance(body, dict) and body.get("status") in {"behind", "identical"}


def download(
    client: GithubClient, session: requests.Session, slug: str, artifact: Artifact, target: Path, *, most_bytes: int
) -> None:
    """Write an artifact's bytes to a file, complete and verified. After a failure the file must not be used.

    Args:
        client: Asks GitHub where the bytes are.
        session: Fetches them from another host, which gets no login.
        slug: The repository.
        artifact: What to fetch.
        target: The file to write.
        most_bytes: Largest size that is fetched.

    Raises:
        UnusableArtifactError: It is gone, too large, or not what its digest says.
        GithubError: GitHub or the host failed, so that nothing is said about the artifact.
        StorageError: The file cannot be written.
    """
    if artifact.size_bytes is not None and artifact.size_bytes > most_bytes:
        raise _too_large(artifact.size_bytes, most_bytes)
    digest = ""
    for attempts_left in reversed(range(_ATTEMPTS)):
        try:
            digest = _fetch(client, session, slug, artifact, target, most_bytes)
            break
        except ServerFailedError:
            if not attempts_left:
                raise
    if artifact.digest is not None and digest != artifact.digest.lower():
        raise UnusableArtifactError("its bytes are not those of its digest", lasting=False)


def _fetch(
    client: GithubClient, session: requests.Session, slug: str, artifact: Artifact, target: Path, most_bytes: int
) -> str:
    """Write the bytes and return their digest; every error hides the signed address."""
    try:
        url = client.location(f"/repos/{slug}/actions/artifacts/{artifact.id}/zip")
    except NotFoundError:
        raise UnusableArtifactError("it has expired or was deleted") from None
    digest, size = hashlib.sha256(), 0
    try:
        with session.get(url, stream=True, timeout=_TIMEOUT_SECONDS, headers={"Accept-Encoding": "identity"}) as reply:
            if reply.status_code != HTTPStatus.OK:
                raise ServerFailedError(_refusal(artifact, reply.status_code))
            with target.open("wb") as stream:
                for chunk in reply.iter_content(_CHUNK_BYTES):
                    size += len(chunk)
                    if size > most_bytes:
                        raise _too_large(size, most_bytes)
                    digest.update(chunk)
                    stream.write(chunk)
            promised = reply.headers.get("Content-Length", "")
    except OSError as error:  # every error of requests is one, and has no number
        if error.errno is not None:
            raise StorageError(f"{artifact} cannot be written to {target}: {error.strerror}") from error
        raise ServerFailedError(
            f"the bytes of {artifact} could not be fetched ({type(error).__name__}); try again later"
        ) from None
    if promised.isdecimal() and size != int(promised):
        raise ServerFailedError(f"the bytes of {artifact} broke off; try again later")
    return f"sha256:{digest.hexdigest()}"


def _refusal(artifact: Artifact, status: int) -> str:
    hint = "the address had run out" if status in _NOT_OURS else "the host failed"
    return f"the bytes of {artifact} could not be fetched ({status}: {hint}); try again later"


def _too_large(size: int, most_bytes: int) -> UnusableArtifactError:
    return UnusableArtifactError(f"it has {size:,} bytes or more; at most {most_bytes:,} are read")
