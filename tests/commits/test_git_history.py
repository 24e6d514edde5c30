"""Commits from real clones made by the git program."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from prodlens.commits.git_history import (
    NoGitProgramError,
    NoRemoteError,
    NotACloneError,
    committer_here,
    origin_slug,
    read_history,
)
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from pathlib import Path


def git(folder: Path, *arguments: str, name: str = "Alice Liddell", email: str = "alice@example.org") -> str:
    """Run git on its own settings alone, at a fixed time."""
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": email,
        "GIT_COMMITTER_NAME": "Forge",
        "GIT_COMMITTER_EMAIL": "forge@example.org",
        "GIT_AUTHOR_DATE": "2026-05-03T10:00:00+02:00",
        "GIT_COMMITTER_DATE": "2026-05-01T10:00:00+02:00",
    }
    command = ["git", "-C", str(folder), "-c", "protocol.file.allow=always", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Make a repository with three commits and a remote that is never reached."""
    folder = tmp_path / "clone"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "trunk")
    git(folder, "remote", "add", "origin", "git@github.com:octo/hello.git")
    git(folder, "commit", "-q", "--allow-empty", "-m", "First")
    git(
        folder,
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "Second\n\nBody\n\nCo-authored-by: Claude <noreply@anthropic.com>",
    )
    git(folder, "commit", "-q", "--allow-empty", "-m", "Third", email="1234+bob-b@users.noreply.github.com")
    return folder


def test_commits_carry_committer_date_author_and_trailers(clone: Path, tmp_path: Path) -> None:
    """A commit's time is its committer date; a bare name stays one, GitHub's own address gives the login."""
    history = read_history(clone)
    assert (history.repo_slug, history.branch, history.shallow) == ("octo/hello", "trunk", False)
    assert [(c["author"], c["author_is_login"], c["trailers"]) for c in history.commits] == [
        ("bob-b", True, []),
        ("Alice Liddell", False, [["Co-authored-by", "Claude <noreply@anthropic.com>"]]),
        ("Alice Liddell", False, []),
    ]
    assert {c["timestamp"] for c in history.commits} == {datetime(2026, 5, 1, 8, tzinfo=UTC)}
    assert history.commits[0]["sha"] == git(clone, "rev-parse", "HEAD").strip()
    with ProdLensStore(tmp_path / "cache.db") as store:
        assert store.insert_commits(history.commits) == 3
        assert store.fetch_commits()[0]["repo_slug"] == "octo/hello"


def test_who_commits_in_a_clone_is_named_as_its_commits_are(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The committer is the login of an address of GitHub's own, else the name; nobody where git knows none."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    assert committer_here(clone) is None
    git(clone, "config", "user.name", "Alice Liddell")
    git(clone, "config", "user.email", "alice@example.org")
    assert committer_here(clone) == ("Alice Liddell", "alice@example.org")
    git(clone, "config", "user.email", "7+alice-l@users.noreply.github.com")
    assert committer_here(clone) == ("alice-l", "7+alice-l@users.noreply.github.com")
    assert committer_here(clone / "nowhere") is None


def test_since_leaves_older_commits_out(clone: Path) -> None:
    """Only commits from the moment on are returned, the moment included."""
    assert len(read_history(clone, since=datetime(2026, 5, 1, 8, tzinfo=UTC)).commits) == 3
    assert read_history(clone, since=datetime(2026, 5, 1, 9, tzinfo=UTC)).commits == []


def test_the_default_branch_of_origin_is_read(clone: Path, tmp_path: Path) -> None:
    """On a topic branch the commits are still those of the branch that origin calls its default."""
    copy = tmp_path / "copy"
    git(tmp_path, "clone", "-q", str(clone), str(copy))
    git(copy, "checkout", "-q", "-b", "topic")
    git(copy, "commit", "-q", "--allow-empty", "-m", "Not merged")
    history = read_history(copy, repo_slug="octo/hello")
    assert (history.branch, len(history.commits)) == ("trunk", 3)


def test_a_shallow_clone_says_so(clone: Path, tmp_path: Path) -> None:
    """A clone cut at one commit is reported as shallow, and a detached checkout has no branch."""
    copy = tmp_path / "copy"
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{clone}", str(copy))
    git(copy, "checkout", "-q", "--detach")
    git(copy, "remote", "set-head", "origin", "--delete")
    history = read_history(copy, repo_slug="octo/hello")
    assert (history.shallow, history.branch, len(history.commits)) == (True, None, 1)


def test_what_is_no_clone_is_a_clear_error(clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No clone, no folder, no commit, no remote and no git are told apart, each with what to do."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(NotACloneError, match="not a git repository"):
        read_history(empty)
    with pytest.raises(NotACloneError, match="no such folder"):
        read_history(tmp_path / "missing")
    git(empty, "init", "-q")
    with pytest.raises(NotACloneError, match="the clone has no commit yet; commit something first"):
        read_history(empty, repo_slug="octo/hello")
    git(clone, "remote", "set-url", "origin", str(tmp_path))
    git(clone, "remote", "remove", "origin")
    with pytest.raises(NoRemoteError, match="names no owner/name"):
        origin_slug(clone)
    monkeypatch.setenv("PATH", str(empty))
    with pytest.raises(NoGitProgramError, match="install"):
        read_history(clone)


def test_a_branch_that_did_not_move_is_not_read_again(clone: Path) -> None:
    """A history whose head is known gives no commits; one commit more, and it is read whole."""
    head = read_history(clone).head
    assert head == git(clone, "rev-parse", "HEAD").strip()
    assert read_history(clone, known_head=head).commits == []
    git(clone, "commit", "-q", "--allow-empty", "-m", "Fourth")
    assert len(read_history(clone, known_head=head).commits) == 4


@pytest.mark.parametrize("zone", ["+051800", "-7200", "-13068837", "+0000"])
def test_odd_time_zones_change_no_moment(clone: Path, zone: str) -> None:
    """A commit counts at its Unix time, whatever its time zone says; old imports wrote zones that cannot be."""
    tree, parent = git(clone, "rev-parse", "HEAD^{tree}").strip(), git(clone, "rev-parse", "HEAD").strip()
    person = f"Dev <dev@example.org> 1335830400 {zone}"
    body = f"tree {tree}\nparent {parent}\nauthor {person}\ncommitter {person}\n\nOdd\n"
    command = ["git", "-C", str(clone), "hash-object", "-t", "commit", "-w", "--literally", "--stdin"]
    sha = subprocess.run(command, input=body, check=True, capture_output=True, text=True).stdout.strip()
    git(clone, "update-ref", "refs/heads/trunk", sha)
    history = read_history(clone)
    assert len(history.commits) == 4
    assert history.commits[0]["timestamp"] == datetime(2012, 5, 1, tzinfo=UTC)


def test_a_date_outside_the_calendar_is_counted(clone: Path) -> None:
    """A commit that git gives a moment which no calendar has is left out and counted; the others stay."""
    tree, parent = git(clone, "rev-parse", "HEAD^{tree}").strip(), git(clone, "rev-parse", "HEAD").strip()
    person = "Dev <dev@example.org> 999999999999999 +0000"
    body = f"tree {tree}\nparent {parent}\nauthor {person}\ncommitter {person}\n\nLate\n"
    command = ["git", "-C", str(clone), "hash-object", "-t", "commit", "-w", "--literally", "--stdin"]
    sha = subprocess.run(command, input=body, check=True, capture_output=True, text=True).stdout.strip()
    git(clone, "update-ref", "refs/heads/trunk", sha)
    history = read_history(clone)
    assert (len(history.commits), history.undated) == (3, 1)


def test_a_clone_that_was_shallow_is_read_again(clone: Path, tmp_path: Path) -> None:
    """The head of a shallow clone says nothing of how much history it has: after --unshallow it is read whole."""
    copy = tmp_path / "copy"
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{clone}", str(copy))
    shallow = read_history(copy, repo_slug="octo/hello")
    assert (shallow.shallow, shallow.whole, len(shallow.commits)) == (True, False, 1)
    assert len(read_history(copy, repo_slug="octo/hello", known_head=shallow.head).commits) == 1
    git(copy, "fetch", "-q", "--unshallow")
    whole = read_history(copy, repo_slug="octo/hello")
    assert (whole.shallow, whole.whole, len(whole.commits)) == (False, True, 3)


def test_what_rewrites_history_for_one_clone_has_no_say(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Replaced commits, grafts and another repository in the environment leave the history as it is."""
    shas = git(clone, "rev-list", "HEAD").split()
    git(clone, "replace", "--graft", shas[0])
    (clone / ".git" / "info").mkdir(exist_ok=True)
    (clone / ".git" / "info" / "grafts").write_text(f"{shas[1]}\n")
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q", "-b", "main")
    git(other, "commit", "-q", "--allow-empty", "-m", "Elsewhere")
    for name in ("GIT_DIR", "GIT_COMMON_DIR"):
        monkeypatch.setenv(name, str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    history = read_history(clone)
    assert [commit["sha"] for commit in history.commits] == shas
    assert (history.repo_slug, history.branch) == ("octo/hello", "trunk")


def test_the_default_branch_is_told_from_the_one_checked_out(clone: Path, tmp_path: Path) -> None:
    """As actions/checkout leaves it: without origin/HEAD, on a feature branch; the name says what to read."""
    copy = tmp_path / "copy"
    git(tmp_path, "clone", "-q", str(clone), str(copy))
    git(copy, "remote", "set-head", "origin", "--delete")
    git(copy, "checkout", "-q", "--detach")
    git(copy, "commit", "-q", "--allow-empty", "-m", "A merge of a pull request")
    named = read_history(copy, repo_slug="octo/hello", default_branch="trunk")
    assert (named.branch, named.is_default, named.whole, len(named.commits)) == ("trunk", True, True, 3)
    unknown = read_history(copy, repo_slug="octo/hello")
    assert (unknown.branch, unknown.is_default, unknown.whole) == (None, False, False)
    git(copy, "branch", "main", "HEAD~1")
    assumed = read_history(copy, repo_slug="octo/hello")
    assert (assumed.branch, assumed.is_default, len(assumed.commits)) == ("main", False, 3)


@pytest.mark.parametrize("name", ["trunk~1", "trunk^{/First}", "no-such-branch", "../heads/trunk", "-n1"])
def test_a_name_that_is_not_a_branch_is_not_evaluated(clone: Path, name: str) -> None:
    """What GitHub or an event calls the default branch is a name and never an expression for another commit."""
    history = read_history(clone, default_branch=name)
    assert (history.branch, history.is_default, len(history.commits)) == ("trunk", False, 3)
