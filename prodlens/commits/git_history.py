"""Commits from a local clone, by ``git log`` and without any network."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prodlens.commits.merged_pull_requests import (
    HistoryCommit,
    MergedPullRequest,
    merged_pull_requests,
    message_worth_keeping,
)
from prodlens.commits.reverts import reverted_commits
from prodlens.commits.trailers import message_trailers
from prodlens.errors import UserError
from prodlens.slugs import one_spelling, slug_from_remote
from prodlens.timestamps import as_utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# Settings of the clone that could run a program of its own, or change what ``git log`` prints, are overruled.
# Replacement objects, which rewrite history for one clone alone, are left out.
_GIT = (
    "git",
    "--no-pager",
    "--no-replace-objects",
    "-c",
    "log.showSignature=false",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "log.follow=false",
)
# Of git's own variables only these stay: settings of the user, and where a search for the clone ends.
_KEPT_VARIABLES = ("GIT_CONFIG_", "GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM", "GIT_EXEC_PATH")
USUAL_BRANCHES = ("main", "master")  # one of these is the default branch where nothing says which is
_BRANCHES = ("refs/remotes/origin/", "refs/heads/")
_BRANCH = re.compile(r"[^\s~^:?*\[\\@{}]{1,250}")  # a name, and never an expression for another commit
# NUL can stand in no name and no message, so it divides fields and commits without any quoting.
_FIELDS = ("%H", "%P", "%ct", "%an", "%ae", "%cn", "%ce", "%B")
_PARENTS, _COMMITTER, _MESSAGE = (_FIELDS.index(name) for name in ("%P", "%cn", "%B"))
_LOGIN_ADDRESS = re.compile(r"(?:\d+\+)?(?P<login>[A-Za-z0-9-]{1,39}(?:\[bot\])?)@users\.noreply\.github\.com")


class GitHistoryError(UserError):
    """The history of a local clone could not be read."""


class NoGitProgramError(GitHistoryError):
    """``git`` is not installed, or not on the PATH."""


class NotACloneError(GitHistoryError):
    """The folder is not inside a git clone that may be read, or the clone has no commit."""


class NoRemoteError(GitHistoryError):
    """The clone has no ``origin`` that names a repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHistory:
    """What a clone knows; ``commits`` are mappings for ``ProdLensStore.insert_commits``, newest first.

    ``head`` is the sha that the branch stands at; ``branch`` is None on a detached checkout. ``shallow`` means that
    older commits exist and are not in the clone, ``is_default`` that the branch is known to be the default one and is
    not only assumed to be. ``undated`` counts commits left out, since their date lies outside the calendar.
    ``pull_requests`` are those that the branch says were merged into it, oldest first, where they were asked for.
    """

    repo_slug: str
    head: str
    branch: str | None
    shallow: bool
    commits: list[dict[str, Any]]
    is_default: bool = False
    undated: int = 0
    pull_requests: list[MergedPullRequest] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether the clone has the default branch from its first commit on, as GitHub has."""
        return self.is_default and not self.shallow


def read_history(
    folder: Path | str,
    *,
    repo_slug: str | None = None,
    since: datetime | None = None,
    known_head: str | None = None,
    default_branch: str | None = None,
    pull_requests: bool = False,
) -> GitHistory:
    """Read the default branch of the clone that the folder is in.

    The branch is the given one, as ``origin`` last had it; else what ``origin`` calls its default; else ``main`` or
    ``master``; else the one checked out. A commit's time is its committer date, in whatever time zone it was written;
    its author is the login where the address is one of GitHub's own, else the bare name.

    Args:
        folder: A folder of the clone.
        repo_slug: The repository; None: the one that the remote ``origin`` names.
        since: Commits and merges before this moment are left out.
        known_head: A branch that still stands at this commit is not read again and gives no commits, unless the clone
            is shallow, so that more of the history may have come since.
        default_branch: The name of the default branch where it is known.
        pull_requests: Whether merged pull requests are read from the history too.

    Raises:
        NoGitProgramError: git is not installed.
        NotACloneError: The folder is not a clone, belongs to somebody else, or has no commit yet.
        NoRemoteError: No ``repo_slug`` was given and ``origin`` is missing or names no ``owner/name``.
    """
    folder = Path(folder)
    shallow = _git(folder, "rev-parse", "--is-shallow-repository").strip() == "true"
    slug = one_spelling(repo_slug) if repo_slug else origin_slug(folder)
    revision, branch, is_default = _default_branch(folder, default_branch)
    head = _head(folder, revision)
    rows: list[dict[str, Any]] = []
    merged: list[MergedPullRequest] = []
    if shallow or head != known_head:
        log = _git(folder, "log", "-z", "--encoding=UTF-8", f"--format={'%x00'.join(_FIELDS)}", revision, "--")
        rows = [{**commit, "repo_slug": slug, "branch": branch} for commit in _commits(log)]
        merged = merged_pull_requests(_by_sha(log, rows), head) if pull_requests else []
    first = None if since is None else as_utc(since)
    dated = [row for row in rows if row["timestamp"] is not None]
    return GitHistory(
        repo_slug=slug,
        head=head,
        branch=branch,
        shallow=shallow,
        commits=[row for row in dated if first is None or row["timestamp"] >= first],
        is_default=is_default,
        undated=len(rows) - len(dated),
        pull_requests=[pull for pull in merged if first is None or pull.merged_at >= first],
    )


def origin_slug(folder: Path | str) -> str:
    """Return ``owner/name`` of the clone's remote ``origin``.

    Raises:
        NoGitProgramError: git is not installed.
        NotACloneError: The folder is not a clone.
        NoRemoteError: The remote ``origin`` is missing, or does not name a repository.
    """
    _git(Path(folder), "rev-parse", "--git-dir")
    try:
        url = _git(Path(folder), "config", "--get", "remote.origin.url").strip()
    except NotACloneError:
        url = ""
    slug = slug_from_remote(url)
    if slug is None:
        raise NoRemoteError(f"{folder}: the remote 'origin' is missing or names no owner/name")
    return slug


def committer_here(folder: Path | str) -> tuple[str, str] | None:
    """Return who commits in a clone, as the author of a commit is called, and the address; None where git is not told.

    The name is the login where the address is one of GitHub's own, as in ``read_history``.
    """
    try:
        name, address = (_git(Path(folder), "config", "--get", f"user.{part}").strip() for part in ("name", "email"))
    except GitHistoryError:
        return None
    login = _LOGIN_ADDRESS.fullmatch(address)
    return (login["login"] if login else name), address


def _default_branch(folder: Path, named: str | None) -> tuple[str, str | None, bool]:
    """Return the revision to read, the branch's name, and whether it is known to be the default one."""
    if named and _BRANCH.fullmatch(named) and ".." not in named:
        for prefix in _BRANCHES:
            if _is_commit(folder, prefix + named):
                return prefix + named, named, True
    target = _symbolic(folder, f"{_BRANCHES[0]}HEAD")
    if target is not None:
        branch = target.removeprefix(_BRANCHES[0])
        return target, branch, named in {None, branch}
    for branch in USUAL_BRANCHES:
        for prefix in _BRANCHES:
            if _is_commit(folder, prefix + branch):
                return prefix + branch, branch, False
    target = _symbolic(folder, "HEAD")
    return (target, target.removeprefix(_BRANCHES[1]), False) if target is not None else ("HEAD", None, False)


def _head(folder: Path, revision: str) -> str:
    try:
        return _git(folder, "rev-parse", "--verify", f"{revision}^{{commit}}").strip()
    except NotACloneError as error:
        raise NotACloneError(f"{folder}: the clone has no commit yet; commit something first") from error


def _symbolic(folder: Path, reference: str) -> str | None:
    """Return the branch that a reference points at; None where there is no such branch, as on a detached checkout."""
    try:
        target = _git(folder, "symbolic-ref", "--quiet", reference).strip()
    except NotACloneError:
        return None
    return target if _is_commit(folder, target) else None


def _is_commit(folder: Path, reference: str) -> bool:
    try:
        _git(folder, "rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}")
    except NotACloneError:
        return False
    return True


def _commits(log: str) -> Iterator[dict[str, Any]]:
    """Yield the commits of a log; ``timestamp`` is None for a date outside the calendar."""
    fields = log.split("\0")
    for start in range(0, len(fields) - len(_FIELDS) + 1, len(_FIELDS)):
        sha, parents, committed, name, address, _, _, message = fields[start : start + len(_FIELDS)]
        login = _LOGIN_ADDRESS.fullmatch(address)
        yield {
            "sha": sha,
            "author": login["login"] if login else name,
            "author_is_login": login is not None,
            "timestamp": _moment(committed),
            "parents": len(parents.split()),
            "trailers": message_trailers(message),
            "reverts": reverted_commits(message) or None,
        }


def _by_sha(log: str, rows: Iterable[Mapping[str, Any]]) -> dict[str, HistoryCommit]:
    """Return the commits of a log, which gave these rows, as the reading of merged pull requests takes them."""
    fields = log.split("\0")
    starts = range(0, len(fields), len(_FIELDS))
    return {
        row["sha"]: HistoryCommit(
            row["sha"],
            tuple(fields[start + _PARENTS].split()),
            row["author"],
            row["author_is_login"],
            row["timestamp"],
            "\0".join(fields[start + _COMMITTER : start + _MESSAGE]),
            message_worth_keeping(fields[start + _MESSAGE]),
            row["trailers"],
        )
        for row, start in zip(rows, starts, strict=False)
    }


def _moment(seconds: str) -> datetime | None:
    """Return the moment of a Unix time; git lets commits have any, also one outside the calendar."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    return git_output(folder, *arguments).decode(errors="replace")


def git_output(folder: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    """Run git in a folder of a clone, with settings that start no program, and return what it prints.

    Raises:
        NoGitProgramError: git is not installed.
        NotACloneError: git could not do it.
    """
    if not folder.is_dir():
        raise NotACloneError(f"{folder}: no such folder; run this inside a git clone or give its path")
    try:
        done = subprocess.run(  # noqa: S603 - the program is git, and paths and revisions stand behind their flags
            [*_GIT, "-C", str(folder), *arguments], input=stdin, capture_output=True, check=False, env=_environment()
        )
    except FileNotFoundError:
        raise NoGitProgramError("git is not installed or not on the PATH; install it, or sync from GitHub") from None
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().removeprefix("fatal: ").split("\n")[0]
        raise NotACloneError(f"{folder}: git could not read a clone here: {reason or 'nothing found'}")
    return done.stdout


def _environment() -> dict[str, str]:
    """Return the environment for git without what would make it read another repository or another history.

    A hook or ``git rebase --exec`` leaves ``GIT_DIR`` and its kin behind. The folder alone says which clone is meant.
    What a partial clone lacks is not fetched.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith(_KEPT_VARIABLES)
    }
    return {**kept, "GIT_GRAFT_FILE": os.devnull, "GIT_NO_LAZY_FETCH": "1"}
