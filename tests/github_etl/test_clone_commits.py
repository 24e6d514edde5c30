"""Commits from a clone take the place of what was stored, and GitHub's take theirs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.github_etl import GithubETL, sync_state, take_commits_from_clone
from prodlens.storage import ProdLensStore
from tests.commits.test_git_history import git
from tests.github_etl.test_sync import TOKEN, Session
from tests.github_server.server import GithubServer
from tests.github_server.small import SLUG, small_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Make a clone with ten commits and a known default branch."""
    source, folder = tmp_path / "source", tmp_path / "clone"
    source.mkdir()
    git(source, "init", "-q", "-b", "main")
    for number in range(10):
        git(source, "commit", "-q", "--allow-empty", "-m", f"Commit {number}")
    git(tmp_path, "clone", "-q", str(source), str(folder))
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    """Open a new store."""
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def shas(store: ProdLensStore) -> set[str]:
    """Return the stored commits of the repository."""
    return {row["sha"] for row in store.fetch_commits() if row["repo_slug"] == SLUG}


def history(clone: Path, branch: str = "origin/main") -> set[str]:
    """Return the commits of a branch, as git has them."""
    return set(git(clone, "rev-list", branch).split())


def rewrite(clone: Path, *arguments: str) -> None:
    """Rewrite the branch at its source, and fetch it."""
    source = clone.parent / "source"
    git(source, *arguments)
    git(clone, "fetch", "-q")


def test_amended_and_rebased_commits_are_gone(clone: Path, store: ProdLensStore) -> None:
    """Ten commits stay ten after one was amended and five were rebased, and are not read when nothing changed."""
    store.insert_commits([{"sha": "c" * 40, "author": "dev", "timestamp": SINCE, "repo_slug": None}])
    for arguments in (
        ("log", "-1"),
        ("commit", "-q", "--amend", "--allow-empty", "-m", "Amended"),
        ("rebase", "-q", "--force-rebase", "--allow-empty-message", "HEAD~5"),
        ("log", "-1"),
    ):
        rewrite(clone, *arguments)
        assert take_commits_from_clone(store, clone, "Octo/Hello", since=SINCE).taken
        assert shas(store) == history(clone)
        assert len(shas(store)) == 10
    assert len(store.fetch_commits()) == 11


def test_a_run_on_a_feature_branch_leaves_nothing(clone: Path, store: ProdLensStore) -> None:
    """Without a known default branch the one assumed is read; when it is known, its commits alone are stored."""
    git(clone, "remote", "set-head", "origin", "--delete")
    git(clone, "remote", "rename", "origin", "upstream")
    git(clone, "branch", "-q", "-m", "main", "feature")
    git(clone, "commit", "-q", "--allow-empty", "-m", "Not merged")
    reading = take_commits_from_clone(store, clone, SLUG, since=SINCE)
    assert (len(shas(store)), reading.taken) == (11, True)
    assert "does not say which its default branch is: commits were read from feature" in " ".join(reading.notes)
    git(clone, "remote", "rename", "upstream", "origin")
    git(clone, "remote", "set-head", "origin", "main")
    assert take_commits_from_clone(store, clone, SLUG, since=SINCE).notes == ()
    assert shas(store) == history(clone)


def test_a_narrower_reading_between_two_wide_ones_loses_nothing(clone: Path, store: ProdLensStore) -> None:
    """What a later reading since a later day deleted comes back when the branch is back where it was."""
    late = datetime(2026, 4, 1, tzinfo=UTC)
    whole = history(clone)
    take_commits_from_clone(store, clone, SLUG, since=SINCE)
    rewrite(clone, "reset", "-q", "--hard", "HEAD~3")
    take_commits_from_clone(store, clone, SLUG, since=late)
    assert len(shas(store)) == 7
    rewrite(clone, "reset", "-q", "--hard", "ORIG_HEAD")
    take_commits_from_clone(store, clone, SLUG, since=SINCE)
    assert shas(store) == whole


@pytest.mark.parametrize("how", ["shallow", "detached"])
def test_only_a_whole_clone_stands_in_for_github(clone: Path, store: ProdLensStore, tmp_path: Path, how: str) -> None:
    """A clone of depth 1, or at a pull request's merge commit, leaves the store as it is where GitHub can be asked."""
    copy = tmp_path / "copy"
    depth = ["--depth=1"] if how == "shallow" else []
    git(tmp_path, "clone", "-q", *depth, f"file://{clone.parent / 'source'}", str(copy))
    if how == "detached":
        git(copy, "remote", "set-head", "origin", "--delete")
        git(copy, "checkout", "-q", "--detach")
    assert not take_commits_from_clone(store, copy, SLUG, since=SINCE, only_if_whole=True).taken
    assert store.fetch_commits() == []
    store.conn.execute("INSERT INTO repositories (repo_slug, default_branch) VALUES (?, 'main')", (SLUG,))
    assert take_commits_from_clone(store, copy, SLUG, since=SINCE, only_if_whole=True).taken == (how == "detached")


def test_github_and_clone_take_each_others_place(clone: Path, store: ProdLensStore) -> None:
    """Each source leaves what it has itself, however often they alternate; a caller's own commits stay."""
    with GithubServer(small_world()) as server:
        urls: dict[str, Any] = {"api_url": server.url, "graphql_url": server.graphql_url}
        etl = GithubETL(store, Session(), patience_seconds=0.0, **urls)  # type: ignore[arg-type]  # get and post are enough
        from_github = {row["sha"] for row in server.world.repositories[SLUG].commits}
        for _ in range(2):
            etl.sync_commits(*SLUG.split("/"), token=TOKEN)
            assert shas(store) == from_github
            take_commits_from_clone(store, clone, SLUG, since=SINCE)
            assert shas(store) == history(clone)
            assert sync_state(store, SLUG)["streams"] == []
        etl.sync_commits(*SLUG.split("/"), token=TOKEN)
    own = {"sha": "c" * 40, "author": "dev", "timestamp": SINCE, "repo_slug": SLUG}
    store.insert_commits([own])
    assert shas(store) == {*from_github, own["sha"]}
