"""Commits from a local clone, by ``git log`` and without any network."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prodlens.commits.trailers import message_trailers
from prodlens.errors import UserError
from prodlens.slugs import slug_from_remote
from prodlens.timestamps import as_utc, parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

# Settings of the clone that could run a program of its own, or change what ``git log`` prints, are overruled.
_GIT = ("git", "--no-pager", "-c", "log.showSignature=false", "-c", "core.fsmonitor=false", "-c", "log.follow=false")
# NUL can stand in no name and no message, so it divides fields and commits without any quoting.
_FIELDS = ("%H", "%P", "%cI", "%an", "%ae", "%B")
_LOGIN_ADDRESS = re.compile(r"(?:\d+\+)?(?P<login>[A-Za-z0-9-]{1,39}(?:\[bot\])?)@users\.noreply\.github\.com")


class GitHistoryError(UserError):
    """The history of a local clone could not be read."""


class NoGitProgramError(GitHistoryError):
    """There is no ``git`` on the PATH."""


class NotACloneError(GitHistoryError):
    """The folder is not inside a git clone that may be read, or the clone has no commit."""


class NoRemoteError(GitHistoryError):
    """The clone has no ``origin`` that names a repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHistory:
    """What a clone knows; ``commits`` are mappings for ``ProdLensStore.insert_commits``, newest first.

    ``head`` is the sha that the branch stands at; ``branch`` is None on a detached checkout; ``shallow`` means that
    older commits exist and are not in the clone.
    """

    repo_slug: str
    head: str
    branch: str | None
    shallow: bool
    commits: list[dict[str, Any]]


def read_history(
    folder: Path | str, *, repo_slug: str | None = None, since: datetime | None = None, known_head: str | None = None
) -> GitHistory:
    """Read the default branch of the clone that the folder is in.

    The branch is what ``origin`` calls its default, else the one checked out. A commit's time is its committer date;
    its author is the login where the address is one of GitHub's own, else the bare name. Without ``repo_slug`` the
    remote ``origin`` names the repository. ``since`` leaves older commits out; a branch that still stands at
    ``known_head`` is not read again and gives no commits.

    Raises:
        NoGitProgramError: git is not installed.
        NotACloneError: The folder is no clone, belongs to somebody else, or has no commit yet.
        NoRemoteError: No ``repo_slug`` was given and ``origin`` is missing or names no ``owner/name``.
    """
    folder = Path(folder)
    shallow = _git(folder, "rev-parse", "--is-shallow-repository").strip() == "true"
    slug = repo_slug or origin_slug(folder)
    revision, branch = _default_branch(folder)
    head = _git(folder, "rev-parse", "--verify", f"{revision}^{{commit}}").strip()
    if head == known_head:
        return GitHistory(repo_slug=slug, head=head, branch=branch, shallow=shallow, commits=[])
    log = _git(folder, "log", "-z", "--encoding=UTF-8", f"--format={'%x00'.join(_FIELDS)}", revision, "--")
    first = None if since is None else as_utc(since)
    commits = [
        {**commit, "repo_slug": slug, "branch": branch}
        for commit in _commits(log)
        if first is None or commit["timestamp"] >= first
    ]
    return GitHistory(repo_slug=slug, head=head, branch=branch, shallow=shallow, commits=commits)


def origin_slug(folder: Path | str) -> str:
    """Return ``owner/name`` of the clone's remote ``origin``.

    Raises:
        NoGitProgramError: git is not installed.
        NotACloneError: The folder is no clone.
        NoRemoteError: There is no ``origin``, or it names no repository.
    """
    _git(Path(folder), "rev-parse", "--git-dir")
    try:
        url = _git(Path(folder), "config", "--get", "remote.origin.url").strip()
    except NotACloneError:
        url = ""
    slug = slug_from_remote(url)
    if slug is None:
        raise NoRemoteError(
            f"{folder}: the remote 'origin' is missing or names no owner/name; say which repository this is with --repo"
        )
    return slug


def _default_branch(folder: Path) -> tuple[str, str | None]:
    """Return the revision to read and the branch's name."""
    for reference, prefix in (("refs/remotes/origin/HEAD", "refs/remotes/origin/"), ("HEAD", "refs/heads/")):
        try:
            target = _git(folder, "symbolic-ref", "--quiet", reference).strip()
            _git(folder, "rev-parse", "--verify", "--quiet", f"{target}^{{commit}}")
        except NotACloneError:  # not there, or detached, or pointing at a branch that is gone
            continue
        return target, target.removeprefix(prefix)
    return "HEAD", None


def _commits(log: str) -> Iterator[dict[str, Any]]:
    fields = log.split("\0")
    for start in range(0, len(fields) - len(_FIELDS) + 1, len(_FIELDS)):
        sha, parents, committed, name, address, message = fields[start : start + len(_FIELDS)]
        at = parse_timestamp(committed)
        if at is None:  # a date outside the calendar, which git lets a hostile commit have
            continue
        login = _LOGIN_ADDRESS.fullmatch(address)
        yield {
            "sha": sha,
            "author": login["login"] if login else name,
            "author_is_login": login is not None,
            "timestamp": at,
            "parents": len(parents.split()),
            "trailers": message_trailers(message),
        }


def _git(folder: Path, *arguments: str) -> str:
    if not folder.is_dir():
        raise NotACloneError(f"{folder}: no such folder; run this inside a git clone or give its path")
    try:
        done = subprocess.run([*_GIT, "-C", str(folder), *arguments], capture_output=True, check=False)  # noqa: S603 - the program is git, and paths and revisions stand behind their flags
    except FileNotFoundError:
        raise NoGitProgramError("git is not installed or not on the PATH; install it, or sync from GitHub") from None
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().removeprefix("fatal: ").split("\n")[0]
        raise NotACloneError(f"{folder}: git could not read a clone here: {reason or 'nothing found'}")
    return done.stdout.decode(errors="replace")
